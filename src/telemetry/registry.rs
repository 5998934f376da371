//! Counters, gauges and histograms of the receiver's own events, held by metrics-exporter-prometheus.
//!
//! Handles of closed label sets are taken once, so that counting is an atomic addition and every
//! series stands at 0 from the start.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

use parking_lot::Mutex;

use super::door::{Door, ReadableCounter};
use super::event::{Event, SettleOutcome, SpanResult, Totals};
use super::lines::Kind;
use super::named::Named;
use super::recent::Recent;
use crate::limits::LimitSource;
use crate::metric::{FAMILIES, Family, Metric, MetricType, ReceiverMetric};
use crate::otlp::Fault;
use crate::store::Reason;

/// Histogram samples are kept raw until they are folded: after so many, whoever scrapes or not.
const FOLD_AFTER: u64 = 1024;
/// Scopes of unread spans.
const UNREAD_SCOPES: usize = 200;
/// Tuples of service, scope and advice.
const ADVICE_TUPLES: usize = 500;

pub(super) struct Registry {
    recorder: PrometheusRecorder,
    spans: [ReadableCounter; SpanResult::ALL.len()],
    recent: Mutex<Recent>,
    door: Door,
    settled: [Counter; SettleOutcome::ALL.len()],
    suppressed: [Counter; Kind::ALL.len()],
    unpriced: Counter,
    decode: Histogram,
    unfolded: AtomicU64,
    /// Date and source of the price catalogue in use.
    catalogue: Mutex<Option<(String, String)>>,
    unread: Named<2>,
    advice: Named<3>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    pub(super) fn new() -> Self {
        use ReceiverMetric as M;
        let recorder = recorder();
        let one = |metric, name, value| counter(&recorder, metric, &[(name, value)]);
        for direction in ["raised", "lowered"] {
            let _ = one(M::LimitChanges, "direction", direction);
        }
        for fault in Fault::ALL {
            let _ = one(M::MalformedSpans, "reason", fault.label());
            let _ = one(M::DroppedValues, "reason", fault.label());
        }
        for reason in Reason::ALL {
            let _ = one(M::JournalErrors, "reason", reason.label());
        }
        for source in LimitSource::ALL {
            let _ = one(M::DroppedLimits, "source", source.label());
        }
        for result in ["success", "failure"] {
            let _ = one(M::ConfigReloads, "result", result);
            let _ = one(M::TlsReloads, "result", result);
            let _ = one(M::Pushes, "result", result);
        }
        for format in ["text", "openmetrics"] {
            let _ = one(M::Scrapes, "format", format);
        }
        Self {
            spans: SpanResult::ALL.map(|it| ReadableCounter::new(one(M::Spans, "result", it.label()))),
            recent: Mutex::default(),
            door: Door::new(&recorder),
            settled: SettleOutcome::ALL.map(|it| one(M::SettleSpans, "outcome", it.label())),
            suppressed: Kind::ALL.map(|it| one(M::SuppressedLogLines, "event", it.label())),
            unpriced: counter(&recorder, M::UnpricedCalls, &[]),
            decode: histogram(&recorder, M::Decode, &[]),
            unfolded: AtomicU64::new(0),
            catalogue: Mutex::new(None),
            unread: Named::new(UNREAD_SCOPES, 1),
            advice: Named::new(ADVICE_TUPLES, 3),
            recorder,
        }
    }

    pub(super) fn render(&self) -> String {
        if let Some(bytes) = resident_bytes() {
            self.set(ReceiverMetric::ResidentMemory, &[], bytes);
        }
        let document = self.recorder.handle().render();
        self.unread.written();
        self.advice.written();
        document
    }

    pub(super) fn advice(&self) -> Vec<([String; 3], u64)> {
        self.advice.list()
    }

    pub(super) fn unread(&self) -> Vec<([String; 2], u64)> {
        self.unread.list()
    }

    pub(super) fn totals(&self, now_unix_nano: u64) -> Totals {
        Totals {
            accepted_requests: self.door.accepted(),
            refused_requests: self.door.refused(),
            spans: std::array::from_fn(|result| self.spans[result].get()),
            recent_spans: self.recent.lock().sum(now_unix_nano),
        }
    }

    pub(super) fn suppressed(&self, kind: Kind) {
        self.suppressed[kind as usize].increment(1);
    }

    /// Spans also count for the status page's last minutes.
    pub(super) fn count_recent(&self, event: &Event<'_>, now_unix_nano: u64) {
        if let Event::Spans { result, count } = *event {
            self.recent.lock().add(result, count, now_unix_nano);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm per event: the whole vocabulary on one page")]
    pub(super) fn count(&self, event: &Event<'_>) {
        use ReceiverMetric as M;
        match *event {
            Event::ConnectionOpened(listener) => self.door.opened(listener),
            Event::ConnectionClosed(listener) => self.door.closed(listener),
            Event::Receive(event) => {
                if self.door.count(event) {
                    self.fold();
                }
            }
            Event::MalformedSpans { reason, count } => {
                self.raise(M::MalformedSpans, ("reason", reason), count);
            }
            Event::DroppedValues { reason, count } => {
                self.raise(M::DroppedValues, ("reason", reason), count);
            }
            Event::SampledSpans { count } => counter(&self.recorder, M::SampledSpans, &[]).increment(count),
            Event::Spans { result, count } => self.spans[result as usize].add(count),
            Event::JournalFailed { reason, .. } => self.raise(M::JournalErrors, ("reason", reason), 1),
            Event::StoreSize { bytes } => self.set(M::DataBytes, &[], number(bytes)),
            Event::Decoded { seconds } => self.observe(&self.decode, seconds),
            Event::Queue { requests, bytes } => {
                self.set(M::QueueRequests, &[], number(requests));
                self.set(M::QueueBytes, &[], number(bytes));
            }
            Event::QueueLimits { requests, bytes } => {
                self.set(M::QueueLimitRequests, &[], number(requests));
                self.set(M::QueueLimitBytes, &[], number(bytes));
            }
            Event::EngineLag { seconds } => self.set(M::EngineLag, &[], seconds),
            Event::Settled { outcome, count, .. } => self.settled[outcome as usize].increment(count),
            Event::SettleState { held_spans, held_bytes, reach_seconds, wanted_seconds } => {
                self.set(M::SettleReach, &[], reach_seconds);
                self.set(M::SettleRemember, &[], wanted_seconds);
                self.set(M::SettleHeldSpans, &[], number(held_spans));
                self.set(M::SettleHeldBytes, &[], number(held_bytes));
            }
            Event::UnreadSpans { scope, reason, count, .. } => {
                self.unread.add([or_unknown(scope), reason.label()], count, |&[scope, reason]| {
                    counter(&self.recorder, M::UnreadSpans, &[("scope", scope), ("reason", reason)])
                });
            }
            Event::Advice { service, scope, advice, count } => {
                self.advice.add([or_unknown(service), or_unknown(scope), advice.code()], count, |labels| {
                    let [service, scope, advice] = *labels;
                    let labels = [("service_name", service), ("scope", scope), ("advice", advice)];
                    counter(&self.recorder, M::AdviceCalls, &labels)
                });
            }
            Event::UnpricedCall { .. } => self.unpriced.increment(1),
            Event::LimitChanged { old, new, .. } => {
                self.raise(M::LimitChanges, ("direction", direction(old, new)), 1);
            }
            Event::LimitsDropped { source, count } => self.raise(M::DroppedLimits, ("source", source), count),
            Event::Scraped { open_metrics, seconds, bytes } => self.scraped(open_metrics, seconds, bytes),
            Event::Pushed { error, .. } => {
                self.raise(M::Pushes, ("result", if error.is_some() { "failure" } else { "success" }), 1);
            }
            Event::Started { version, unix_nano } => {
                self.set(M::BuildInfo, &[("version", version)], 1.0);
                self.set(M::StartTime, &[], seconds(unix_nano));
            }
            Event::CatalogueLoaded { date, unix_seconds, source, models } => {
                self.catalogue(date, source);
                self.set(M::CatalogueTimestamp, &[], number(unix_seconds));
                self.set(M::CatalogueModels, &[], number(models));
            }
            Event::GuardReloaded { .. } => self.raise(M::TlsReloads, ("result", "success"), 1),
            Event::GuardRejected { .. } => self.raise(M::TlsReloads, ("result", "failure"), 1),
            Event::CertificateExpiry { listener, unix_seconds } => {
                self.set(M::TlsCertificateExpiry, &[("listener", listener)], unix_seconds as f64);
            }
            Event::ConfigLoaded { unix_nano, reload } => self.config_loaded(unix_nano, reload),
            Event::ConfigRejected { .. } => {
                self.raise(M::ConfigReloads, ("result", "failure"), 1);
                self.set(M::ConfigReloadSuccessful, &[], 0.0);
            }
            Event::Listening { .. }
            | Event::ImpossibleNumbers { .. }
            | Event::AcceptFailed { .. }
            | Event::SeriesOverflow { .. }
            | Event::CatalogueRejected { .. }
            | Event::ConfigNeedsRestart { .. }
            | Event::UnknownVariable { .. }
            | Event::OpenToAll { .. }
            | Event::EngineFailed { .. }
            | Event::EngineStuck { .. }
            | Event::NothingKept
            | Event::Resumed { .. }
            | Event::BegunAnew { .. }
            | Event::SetAside { .. }
            | Event::JournalRecovered
            | Event::Lingering { .. }
            | Event::ShuttingDown
            | Event::Stopped => {}
        }
    }

    fn config_loaded(&self, unix_nano: u64, reload: bool) {
        self.raise(ReceiverMetric::ConfigReloads, ("result", "success"), u64::from(reload));
        self.set(ReceiverMetric::ConfigReloadSuccessful, &[], 1.0);
        self.set(ReceiverMetric::ConfigReloadTimestamp, &[], seconds(unix_nano));
    }

    fn scraped(&self, open_metrics: bool, seconds: f64, bytes: u64) {
        let format = if open_metrics { "openmetrics" } else { "text" };
        self.raise(ReceiverMetric::Scrapes, ("format", format), 1);
        self.observe(&histogram(&self.recorder, ReceiverMetric::ScrapeDuration, &[]), seconds);
        self.set(ReceiverMetric::ScrapeSize, &[], number(bytes));
    }

    /// The catalogue in use reads 1; the one before reads 0, and is then not shown.
    fn catalogue(&self, date: &str, source: &str) {
        let now = (date.to_owned(), source.to_owned());
        if let Some((date, source)) = self.catalogue.lock().replace(now) {
            self.set(ReceiverMetric::CatalogueInfo, &[("date", &date), ("source", &source)], 0.0);
        }
        self.set(ReceiverMetric::CatalogueInfo, &[("date", date), ("source", source)], 1.0);
    }

    fn raise(&self, metric: ReceiverMetric, label: (&'static str, &str), amount: u64) {
        counter(&self.recorder, metric, &[label]).increment(amount);
    }

    fn set(&self, metric: ReceiverMetric, labels: &[(&'static str, &str)], value: f64) {
        gauge(&self.recorder, metric, labels).set(value);
    }

    fn observe(&self, histogram: &Histogram, value: f64) {
        histogram.record(value);
        self.fold();
    }

    /// Called after each histogram sample.
    fn fold(&self) {
        if self.unfolded.fetch_add(1, Ordering::Relaxed) % FOLD_AFTER == FOLD_AFTER - 1 {
            self.recorder.handle().run_upkeep();
        }
    }
}

/// Names that nobody wrote: an empty label is none.
const fn or_unknown(name: &str) -> &str {
    if name.is_empty() { "unknown" } else { name }
}

const fn direction(old: u64, new: u64) -> &'static str {
    if new > old { "raised" } else { "lowered" }
}

const METADATA: Metadata<'static> = Metadata::new("tollgate", Level::INFO, None);

/// A recorder that knows the bucket edges of the catalogue.
fn recorder() -> PrometheusRecorder {
    let histograms = FAMILIES.iter().filter(|family| {
        matches!(family.metric, Metric::Receiver(_)) && family.metric_type == MetricType::Histogram
    });
    // `set_buckets_for_metric` refuses only an empty list, which a test of the catalogue excludes.
    histograms
        .fold(PrometheusBuilder::new(), |builder, family| {
            let name = Matcher::Full(family.name.to_owned());
            builder.set_buckets_for_metric(name, family.edges).unwrap_or_default()
        })
        .build_recorder()
}

fn key(metric: ReceiverMetric, labels: &[(&'static str, &str)]) -> Key {
    let labels =
        labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect::<Vec<_>>();
    Key::from_parts(Family::of(Metric::Receiver(metric)).name, labels)
}

pub(super) fn counter(
    recorder: &PrometheusRecorder,
    metric: ReceiverMetric,
    labels: &[(&'static str, &str)],
) -> Counter {
    recorder.register_counter(&key(metric, labels), &METADATA)
}

pub(super) fn gauge(
    recorder: &PrometheusRecorder,
    metric: ReceiverMetric,
    labels: &[(&'static str, &str)],
) -> Gauge {
    recorder.register_gauge(&key(metric, labels), &METADATA)
}

pub(super) fn histogram(
    recorder: &PrometheusRecorder,
    metric: ReceiverMetric,
    labels: &[(&'static str, &str)],
) -> Histogram {
    recorder.register_histogram(&key(metric, labels), &METADATA)
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has only floats, exact to 2^53")]
const fn number(value: u64) -> f64 {
    value as f64
}

fn seconds(unix_nano: u64) -> f64 {
    number(unix_nano / 1_000_000) / 1000.0
}

/// `VmRSS` of this process; `None` where there is no `/proc`.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number(kibibytes * 1024))
}
