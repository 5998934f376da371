//! The receiver's own events: what happened, told once, becomes a counter and a log line together.
//!
//! In: an [`Event`] from whoever saw it happen. Out: the `tollgate_*` families of
//! [`crate::metric::ReceiverMetric`] and rate-limited log lines. It knows no span
//! content: no event can carry prompt text, and every text in one passes the screen of label values.
//! Nothing outside this module calls `metrics` or `tracing` macros, so numbers and logs cannot drift
//! apart.
//!
//! | part | does |
//! |---|---|
//! | [`event`] | the vocabulary |
//! | `door` | counters of requests and connections |
//! | `registry` | counters, gauges and histograms behind it |
//! | `named` | counters whose labels are names that spans bring |
//! | `recent` | spans of the last five minutes |
//! | `lines` | log lines behind it |
//! | `throttle` | how many lines of one kind per minute |
//! | `reframe` | the registry as lines of our families |
//! | [`logs`] | where lines go: format and level |

mod door;
pub mod event;
mod lines;
pub mod logs;
mod named;
mod recent;
mod reframe;
mod registry;
mod throttle;

use std::sync::OnceLock;

use parking_lot::Mutex;

pub use door::DoorObserver;
pub use event::{Event, Listener, SettleOutcome, SpanResult, Totals};
pub use reframe::ReceiverMetrics;

use registry::Registry;
use throttle::Throttles;

static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();

#[derive(Debug)]
struct Telemetry {
    registry: Registry,
    throttles: Mutex<Throttles>,
}

/// Begins to count events; before, they only reach the log. Further calls change nothing.
pub fn install() {
    telemetry();
}

/// Tells that something happened.
pub fn emit(event: &Event<'_>) {
    let telemetry = telemetry();
    telemetry.registry.count(event);
    telemetry.registry.count_recent(event, crate::clock::now_unix_nano());
    let Some(kind) = lines::kind(event) else { return };
    let verdict = telemetry.throttles.lock().admit(kind, crate::clock::now_unix_nano());
    if verdict.suppressed_before > 0 {
        tracing::warn!(
            event = kind.label(),
            lines = verdict.suppressed_before,
            "left out log lines of this kind"
        );
    }
    if verdict.write {
        lines::write(event);
    } else {
        telemetry.registry.suppressed(kind);
    }
}

/// The receiver's own metrics as they are now, for one document.
#[must_use]
pub fn snapshot() -> ReceiverMetrics {
    ReceiverMetrics::new(&telemetry().registry.render())
}

/// The present value of what a status page shows.
#[must_use]
pub fn totals() -> Totals {
    telemetry().registry.totals(crate::clock::now_unix_nano())
}

/// What calls lack: service, scope, code of the advice, and how many. The most frequent first.
#[must_use]
pub fn advice() -> Vec<([String; 3], u64)> {
    telemetry().registry.advice()
}

/// Spans that look like LLM traffic and were not read: scope, reason, and how many.
#[must_use]
pub fn unread() -> Vec<([String; 2], u64)> {
    telemetry().registry.unread()
}

fn telemetry() -> &'static Telemetry {
    TELEMETRY.get_or_init(|| Telemetry { registry: Registry::new(), throttles: Mutex::default() })
}
