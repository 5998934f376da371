//! Every key that holds one value, as data: its name, its type and range, the field it sets, and what it
//! means. The parser, the environment variables, a reload and `docs/configuration.md` all read this table.
//!
//! In: nothing. Out: [`KEYS`] and the reading and writing of one [`Key`]. It knows no file.

use std::path::{Path, PathBuf};

use super::settings::{LogFormat, LogLevel, Sampling, Settings};
use super::written::{hint, seconds_hint, shortened};
use crate::price::UseReported;
use crate::receive::listen;
use crate::store::Durability;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Dotted path, such as `listen.grpc`.
    pub path: &'static str,
    /// Its type, range and field.
    pub field: Field,
    /// When a change of it takes effect.
    pub change: Change,
    /// What it means, for a person.
    pub help: &'static str,
}

/// When a changed value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// On reload (SIGHUP).
    Reload,
    /// When Tollgate starts.
    Restart,
}

/// The type of a value, its range, and the setting that holds it.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// `host:port` with a numeric host, or `unix:/path`.
    Address(fn(&mut Settings) -> &mut listen::Address),
    /// A whole number, at least and at most.
    Count(u64, u64, fn(&mut Settings) -> &mut u64),
    /// The same, of things in memory.
    Entries(u64, u64, fn(&mut Settings) -> &mut usize),
    /// A number of bytes, at least and at most; `KiB`, `MiB` and `GiB` are understood.
    Bytes(u64, u64, fn(&mut Settings) -> &mut u64),
    /// A time in seconds, at least and at most; fractions are fine.
    Seconds(f64, f64, fn(&mut Settings) -> &mut f64),
    /// `true` or `false`.
    Switch(fn(&mut Settings) -> &mut bool),
    /// Text for a label value: not empty, 128 characters at most.
    Text(fn(&mut Settings) -> &mut String),
    /// A time in seconds, at least and at most, or `auto`.
    Automatic(f64, f64, fn(&mut Settings) -> &mut Option<f64>),
    /// A file; empty for none.
    File(fn(&mut Settings) -> &mut Option<PathBuf>),
    /// A directory; empty for none.
    Folder(fn(&mut Settings) -> &mut Option<PathBuf>),
    /// Host names, separated by commas.
    Names(fn(&mut Settings) -> &mut Vec<String>),
    /// When a cost on the span itself counts.
    Reported(fn(&mut Settings) -> &mut UseReported),
    /// A level of the log.
    Level(fn(&mut Settings) -> &mut LogLevel),
    /// When a request is answered.
    Durable(fn(&mut Settings) -> &mut Durability),
    /// What is made of sampled spans.
    Sampled(fn(&mut Settings) -> &mut Sampling),
    /// A format of the log.
    Format(fn(&mut Settings) -> &mut LogFormat),
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

macro_rules! at {
    ($($field:ident).+) => {
        |settings| &mut settings.$($field).+
    };
}

const fn key(path: &'static str, field: Field, change: Change, help: &'static str) -> Key {
    Key { path, field, change, help }
}

use Change::{Reload, Restart};
use Field::{
    Address, Automatic, Bytes, Count, Durable, Entries, File, Folder, Format, Level, Names, Reported,
    Sampled, Seconds, Switch, Text,
};

/// Every key that holds one value, in the order of the documentation.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("listen.grpc", Address(at!(listen.grpc)), Restart,
        "Address of OTLP/gRPC. `0.0.0.0:4317` to accept from other machines, `unix:/path` for a socket of its user and group (mode 0660)."),
    key("listen.http", Address(at!(listen.http)), Restart,
        "Address of OTLP/HTTP (`/v1/traces`)."),
    key("listen.metrics", Address(at!(listen.metrics)), Restart,
        "Address of `/metrics`, `/healthz`, `/readyz` and the status page."),
    key("listen.grpc.tls.cert", File(at!(guards.grpc.cert)), Restart,
        "TLS for OTLP/gRPC: the certificate chain, PEM. Read again every 10 s and on reload. Relative to the configuration file."),
    key("listen.grpc.tls.key", File(at!(guards.grpc.key)), Restart,
        "Its private key, PEM."),
    key("listen.grpc.tls.client_ca", File(at!(guards.grpc.client_ca)), Restart,
        "Authorities, PEM: clients need a certificate of one of them."),
    key("listen.grpc.tokens_file", File(at!(guards.grpc.tokens_file)), Restart,
        "Bearer tokens that let requests in, one a line. Read again every 10 s and on reload."),
    key("listen.http.tls.cert", File(at!(guards.http.cert)), Restart,
        "TLS for OTLP/HTTP: the certificate chain, PEM. Read again every 10 s and on reload. Relative to the configuration file."),
    key("listen.http.tls.key", File(at!(guards.http.key)), Restart,
        "Its private key, PEM."),
    key("listen.http.tls.client_ca", File(at!(guards.http.client_ca)), Restart,
        "Authorities, PEM: clients need a certificate of one of them."),
    key("listen.http.tokens_file", File(at!(guards.http.tokens_file)), Restart,
        "Bearer tokens that let requests in, one a line. Read again every 10 s and on reload."),
    key("listen.metrics.tls.cert", File(at!(guards.metrics.cert)), Restart,
        "TLS for the metrics port: the certificate chain, PEM. Read again every 10 s and on reload. Relative to the configuration file."),
    key("listen.metrics.tls.key", File(at!(guards.metrics.key)), Restart,
        "Its private key, PEM."),
    key("listen.metrics.tls.client_ca", File(at!(guards.metrics.client_ca)), Restart,
        "Authorities, PEM: clients need a certificate of one of them."),
    key("listen.metrics.tokens_file", File(at!(guards.metrics.tokens_file)), Restart,
        "Bearer tokens that let requests in, one a line. Read again every 10 s and on reload."),
    key("listen.metrics.hosts", Names(at!(guards.hosts)), Restart,
        "Names under which browsers may open the status page while it listens on loopback, besides addresses and `localhost`."),
    key("receive.max_request_bytes", Bytes(1024, GIB, at!(receive.max_request_bytes)), Restart,
        "Size of one request as sent. A larger one is refused with 413."),
    key("receive.max_inflated_bytes", Bytes(1024, 4 * GIB, at!(receive.max_inflated_bytes)), Restart,
        "Size of one request after gzip or zstd. A larger one is refused with 413 before it is inflated further."),
    key("receive.max_in_flight_bytes", Bytes(MIB, 64 * GIB, at!(receive.max_in_flight_bytes)), Restart,
        "Size of all requests that are being read, together: as sent, inflated and decoded. Beyond it senders are told to retry. While others are connected, one peer has at most a quarter."),
    key("receive.max_connections", Count(1, 1_000_000, at!(receive.max_connections)), Restart,
        "Open connections to the two OTLP addresses together, fewer if the system allows fewer files. For one more, the one that was silent for longest is closed, and counted."),
    key("receive.request_timeout_seconds", Seconds(0.1, 3600.0, at!(receive.request_timeout_seconds)), Restart,
        "Time for a sender to deliver one whole request."),
    key("receive.idle_timeout_seconds", Seconds(1.0, 86_400.0, at!(receive.idle_timeout_seconds)), Restart,
        "Time that a connection may say nothing before it is closed."),
    key("receive.shutdown_seconds", Seconds(0.0, 600.0, at!(receive.shutdown_seconds)), Restart,
        "Time that a shutdown waits for requests that have begun."),
    key("settle_seconds", Seconds(0.0, 300.0, at!(settle.seconds)), Reload,
        "Longest time that a span waits for others of the same call. What comes later is counted as late. A response id that more than eight traces name (a mock's, a cache's) is no identity; at most eight calls an id and process are taken for one until that is known."),
    key("settle_max_bytes", Bytes(MIB, 64 * GIB, at!(settle.max_bytes)), Restart,
        "Memory for spans that wait; what does not fit is settled early and counted. Answers and ancestors of counted calls take up to 96 MiB more."),
    key("settle_remember_seconds", Seconds(0.0, 86_400.0, at!(settle.remember_seconds)), Restart,
        "Time for which a span that is sent again is recognised."),
    key("settle_remember_max_bytes", Bytes(MIB, 64 * GIB, at!(settle.remember_max_bytes)), Restart,
        "Memory for that; it grows with the traffic, about 14 bytes a span. What does not fit is forgotten, the oldest first, and counted."),
    key("series.max", Count(1, 10_000_000, at!(series.max)), Reload,
        "Label combinations of calls. Calls beyond it are counted in one series whose labels read `other`."),
    key("series.idle_seconds", Seconds(0.0, 31_536_000.0, at!(series.idle_seconds)), Reload,
        "Time without a call after which a label combination is dropped. 0 keeps all."),
    key("series.hold_seconds", Automatic(0.0, 3600.0, at!(series.hold_seconds)), Reload,
        "Time that a new series reads 0, so that `increase()` loses nothing. `auto`: until every regular scraper has read the 0, 75 s at the latest."),
    key("data_dir", Folder(at!(data.folder)), Restart,
        "Directory, on a disk of this machine, for what outlives the process; see `docs/reliability.md`. None: a restart begins every counter at 0. Relative to the configuration file."),
    key("data_max_bytes", Bytes(16 * MIB, 1024 * GIB, at!(data.max_bytes)), Restart,
        "Bytes of all files there. Beyond it requests are answered UNAVAILABLE, and counted in `tollgate_journal_errors_total`."),
    key("durability", Durable(at!(data.durability)), Restart,
        "`acknowledged`: a request is answered when it is on disk, 5 to 20 ms later. `relaxed`: at once, and it is on disk within a second; a kill loses that second."),
    key("shutdown.linger_seconds", Seconds(0.0, 600.0, at!(linger_seconds)), Restart,
        "Without `data_dir`: longest time that `/metrics` stays after a signal to end, so that every regular scraper reads the last values. A second signal ends it."),
    key("service.default", Text(at!(default_service)), Reload,
        "The label `service_name` where the resource has no `service.name`."),
    key("environment.default", Text(at!(default_environment)), Reload,
        "The label `environment` where the resource has no `deployment.environment.name`."),
    key("prices.catalogue_file", File(at!(prices.catalogue_file)), Reload,
        "A price catalogue in place of the embedded one; see `docs/prices.md`. Relative to the configuration file."),
    key("prices.use_reported", Reported(at!(prices.use_reported)), Reload,
        "When the cost that an instrumentation wrote on the span counts."),
    key("limits.stale_after_seconds", Count(1, 604_800, at!(limits.stale_after_seconds)), Reload,
        "Seconds for which a rate limit is shown after it was last seen and its window has ended."),
    key("limits.max_entries", Entries(1, 1_000_000, at!(limits.max_entries)), Reload,
        "Rate limits that are kept. What comes above is counted as dropped."),
    key("estimate_missing_usage", Switch(at!(estimate_missing_usage)), Reload,
        "Estimate tokens from text where a span has content and no usage. Kept in a family of its own."),
    key("sampling", Sampled(at!(sampling)), Restart,
        "Spans that say how many they stand for (`ot=th` in the trace state, `SampleRate` and its like): `tell` counts them in `tollgate_sampled_spans_total` and gives advice; `estimate` also adds what they stand for to `llm_estimated_requests_total`, `llm_estimated_request_tokens_total` and `llm_estimated_request_cost_usd_total`. Exact families, the ledger and budgets never see it."),
    key("log.level", Level(at!(log.level)), Reload,
        "The least severe level that is written to standard error."),
    key("log.format", Format(at!(log.format)), Restart,
        "`text` for people, `json` for one object a line."),
];

// === impl Key ===

impl Key {
    /// The environment variable that overrides the file: `TOLLGATE_LISTEN_GRPC`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("TOLLGATE_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// Reads a value as text and sets the field.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let text = text.trim();
        match self.read(settings, text) {
            Some(()) => Ok(()),
            None if text.is_empty() => Err(format!("is empty; {} would be right", self.range())),
            None => Err(format!("`{}` is not {}{}", shortened(text), self.range(), self.hint(text))),
        }
    }

    /// How a number would be written that a person would understand.
    fn hint(&self, text: &str) -> String {
        match self.field {
            Count(..) | Entries(..) => hint(text),
            Seconds(..) | Automatic(..) => seconds_hint(text),
            Address(_) | Bytes(..) | Switch(_) | Text(_) | File(_) | Folder(_) | Names(_) | Reported(_)
            | Durable(_) | Sampled(_) | Level(_) | Format(_) => String::new(),
        }
    }

    fn read(&self, settings: &mut Settings, text: &str) -> Option<()> {
        match self.field {
            Address(of) => *of(settings) = text.parse().ok()?,
            Count(least, most, of) => *of(settings) = within(text.parse().ok()?, least, most)?,
            Entries(least, most, of) => {
                *of(settings) = usize::try_from(within(text.parse().ok()?, least, most)?).ok()?;
            }
            Bytes(least, most, of) => *of(settings) = within(bytes(text)?, least, most)?,
            Seconds(least, most, of) => *of(settings) = within(text.parse().ok()?, least, most)?,
            Automatic(_, _, of) if text == "auto" => *of(settings) = None,
            Automatic(least, most, of) => *of(settings) = Some(within(text.parse().ok()?, least, most)?),
            Switch(of) => *of(settings) = switch(text)?,
            Text(of) => *of(settings) = label_value(text)?,
            File(of) | Folder(of) => *of(settings) = Some(PathBuf::from(text)).filter(|_| !text.is_empty()),
            Durable(of) => *of(settings) = Durability::ALL.into_iter().find(|it| it.word() == text)?,
            Sampled(of) => *of(settings) = Sampling::ALL.into_iter().find(|it| it.word() == text)?,
            Names(of) => *of(settings) = names(text)?,
            Reported(of) => *of(settings) = REPORTED.iter().find(|(word, _)| *word == text)?.1,
            Level(of) => *of(settings) = LogLevel::ALL.into_iter().find(|level| level.word() == text)?,
            Format(of) => *of(settings) = LogFormat::ALL.into_iter().find(|format| format.word() == text)?,
        }
        Some(())
    }

    /// A file that was named in a configuration is beside it.
    pub(super) fn place_beside(&self, settings: &mut Settings, configuration: &Path) {
        let of = match self.field {
            File(of) if self.path.starts_with("listen.") => of,
            Folder(of) => of,
            _ => return,
        };
        if let (Some(folder), Some(file)) = (configuration.parent(), of(settings)) {
            *file = folder.join(&*file);
        }
    }

    /// The value as the configuration would spell it.
    #[must_use]
    pub fn show(&self, settings: &Settings) -> String {
        let mut settings = settings.clone();
        match self.field {
            Address(of) => of(&mut settings).to_string(),
            Count(_, _, of) => of(&mut settings).to_string(),
            Entries(_, _, of) => of(&mut settings).to_string(),
            Bytes(_, _, of) => show_bytes(*of(&mut settings)),
            Seconds(_, _, of) => of(&mut settings).to_string(),
            Automatic(_, _, of) => of(&mut settings).map_or_else(|| "auto".to_owned(), |it| it.to_string()),
            Switch(of) => of(&mut settings).to_string(),
            Text(of) => of(&mut settings).clone(),
            Durable(of) => of(&mut settings).word().to_owned(),
            Sampled(of) => of(&mut settings).word().to_owned(),
            File(of) | Folder(of) => {
                of(&mut settings).as_ref().map_or_else(String::new, |file| file.display().to_string())
            }
            Names(of) => of(&mut settings).join(","),
            Reported(of) => {
                let wanted = *of(&mut settings);
                REPORTED
                    .iter()
                    .find(|(_, use_reported)| *use_reported == wanted)
                    .map_or("", |(word, _)| word)
                    .to_owned()
            }
            Level(of) => of(&mut settings).word().to_owned(),
            Format(of) => of(&mut settings).word().to_owned(),
        }
    }

    /// What would be right, as the end of "is not …".
    #[must_use]
    pub fn range(&self) -> String {
        match self.field {
            Address(_) => {
                "an address such as 127.0.0.1:4317, 0.0.0.0:4317, [::1]:4317 or unix:/run/tollgate/otlp.sock"
                    .to_owned()
            }
            Count(least, most, _) | Entries(least, most, _) => {
                format!("a whole number from {least} to {most}")
            }
            Bytes(least, most, _) => {
                format!("a size from {} to {}, such as 64MiB", show_bytes(least), show_bytes(most))
            }
            Seconds(least, most, _) => format!("a number of seconds from {least} to {most}"),
            Automatic(least, most, _) => format!("auto or a number of seconds from {least} to {most}"),
            Switch(_) => "true or false".to_owned(),
            Text(_) => "a text of 1 to 128 characters".to_owned(),
            File(_) => "the path of a file".to_owned(),
            Folder(_) => "the path of a directory".to_owned(),
            Durable(_) => format!("one of {}", Durability::ALL.map(Durability::word).join(", ")),
            Sampled(_) => format!("one of {}", Sampling::ALL.map(Sampling::word).join(", ")),
            Names(_) => "a list of host names without ports".to_owned(),
            Reported(_) => format!("one of {}", REPORTED.map(|(word, _)| word).join(", ")),
            Level(_) => format!("one of {}", LogLevel::ALL.map(LogLevel::word).join(", ")),
            Format(_) => format!("one of {}", LogFormat::ALL.map(LogFormat::word).join(", ")),
        }
    }
}

fn within<T: PartialOrd + Copy>(value: T, least: T, most: T) -> Option<T> {
    (value >= least && value <= most).then_some(value)
}

fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn names(text: &str) -> Option<Vec<String>> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| (!name.contains([':', '/', ' '])).then(|| name.to_owned())).collect()
}

fn label_value(text: &str) -> Option<String> {
    (!text.is_empty() && text.chars().count() <= 128).then(|| text.to_owned())
}

const REPORTED: [(&str, UseReported); 3] = [
    ("when_unpriced", UseReported::WhenUnpriced),
    ("always", UseReported::Always),
    ("never", UseReported::Never),
];

const UNITS: [(&str, u64); 7] = [
    ("GiB", GIB),
    ("MiB", MIB),
    ("KiB", 1024),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

fn bytes(text: &str) -> Option<u64> {
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, *factor)))
        .unwrap_or((text, 1));
    number.trim().parse::<u64>().ok()?.checked_mul(factor)
}

fn show_bytes(count: u64) -> String {
    let exact =
        |(_, factor): &&(&str, u64)| factor.is_power_of_two() && *factor > 1 && count.is_multiple_of(*factor);
    match UNITS.iter().find(exact) {
        Some((unit, factor)) if count > 0 => format!("{}{unit}", count / factor),
        Some(_) | None => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_in_its_own_range_and_reads_back() {
        for key in KEYS {
            let mut settings = Settings::default();
            let shown = key.show(&settings);
            assert_eq!(key.set(&mut settings, &shown), Ok(()), "{}", key.path);
            assert_eq!(settings, Settings::default(), "{}", key.path);
        }
    }

    #[test]
    fn no_two_keys_share_a_path_or_a_variable() {
        let mut variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
        variables.sort();
        variables.dedup();
        assert_eq!(variables.len(), KEYS.len());
    }

    #[test]
    fn sizes_are_read_with_binary_and_decimal_units() {
        assert_eq!(bytes("64MiB"), Some(64 << 20));
        assert_eq!(bytes("2 GB"), Some(2_000_000_000));
        assert_eq!(bytes("512"), Some(512));
        assert_eq!(bytes("-1"), None);
        assert_eq!(bytes("99999999999999GiB"), None);
        assert_eq!(
            (show_bytes(64 << 20), show_bytes(1500), show_bytes(0)),
            ("64MiB".into(), "1500".into(), "0".into())
        );
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_the_range() {
        let mut settings = Settings::default();
        let refuse = |path: &str, text: &str| {
            let key = KEYS.iter().find(|key| key.path == path).unwrap();
            key.set(&mut settings.clone(), text).unwrap_err()
        };
        assert_eq!(refuse("series.max", "0"), "`0` is not a whole number from 1 to 10000000");
        assert_eq!(refuse("settle_seconds", "NaN"), "`NaN` is not a number of seconds from 0 to 300");
        assert!(refuse("listen.grpc", "localhost").contains("127.0.0.1:4317"));
        assert!(refuse("log.level", "loud").ends_with("one of off, error, warn, info, debug, trace"));
        assert!(refuse("environment.default", "").starts_with("is empty"));
        settings.series.max = 1;
    }
}
