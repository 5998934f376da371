//! Where log lines go: standard error, as text for people or JSON for machines.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, filter::Targets, reload};

type Handle = reload::Handle<Targets, Registry>;

static LEVEL: OnceLock<Handle> = OnceLock::new();

/// Begins to write log lines. Further calls only change the level.
///
/// `level` is one of off, error, warn, info, debug, trace; other words mean info.
pub fn install(level: &str, json: bool) {
    if LEVEL.get().is_some() {
        return set_level(level);
    }
    let (filter, handle) = reload::Layer::new(targets(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = if json {
        lines.json().flatten_event(true).with_current_span(false).boxed()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).boxed()
    };
    if tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().is_ok() {
        let _ = LEVEL.set(handle);
    }
}

/// Changes the level, after a reload of the configuration.
pub fn set_level(level: &str) {
    if let Some(handle) = LEVEL.get() {
        let _ = handle.reload(targets(level));
    }
}

/// Our own lines at the level asked for. Libraries speak from warnings on only: below, some print
/// what passes through them.
fn targets(level: &str) -> Targets {
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("tollgate", level)
}
