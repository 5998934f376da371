//! Every metric that Tollgate exposes: one table, which everything else reads.
//!
//! In: nothing. Out: [`FAMILIES`], from which the writers, `tollgate metrics`, `docs/metrics.md`
//! and the checks of dashboards and alert rules take names, types, units, labels and help. It knows
//! no value.

mod families;
mod labels;
mod print;

pub use families::{
    BY_INPUT_EDGES, COST_EDGES, DURATION_EDGES, FAMILIES, FIRST_TOKEN_EDGES, INPUT_TOKEN_EDGES,
    PER_TOKEN_EDGES,
};
pub use labels::{bucket_edge, render_labels};
pub(crate) use labels::{escape_into, label_into};
pub use print::{json, markdown};

/// The labels of every family of calls, before the configured dimensions.
pub const CALL_LABELS: [&str; 5] = ["service_name", "environment", "provider", "model", "operation"];

/// The labels of every rate-limit gauge.
pub const LIMIT_LABELS: [&str; 6] = ["provider", "model", "account", "resource", "window", "source"];

/// How a family behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// Only grows; a restart sets it to 0.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by bucket, with a sum.
    Histogram,
}

impl MetricType {
    /// The word of both text formats.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What one unit of a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A count of things that the name says, or a constant 1.
    None,
    /// Seconds.
    Seconds,
    /// US dollars.
    Usd,
    /// Tokens.
    Tokens,
    /// Bytes.
    Bytes,
    /// A part of a whole, 0 to 1.
    Ratio,
}

impl Unit {
    /// The word that ends the family's name, without `_total`; empty for none.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds",
            Self::Usd => "usd",
            Self::Tokens => "tokens",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
        }
    }
}

/// Families fed by calls: kept in [`crate::aggregate::CallTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the help text of each row says it")]
pub enum CallMetric {
    Requests,
    Duration,
    TimeToFirstToken,
    TimePerOutputToken,
    Errors,
    RetryableErrors,
    ErrorCost,
    Retries,
    Tokens,
    InputTokens,
    DurationByInput,
    WithoutUsage,
    SuspiciousUsage,
    EstimatedTokens,
    SampledRequests,
    SampledTokens,
    SampledCost,
    Cost,
    RequestCost,
    CacheSavings,
    ReportedCost,
    ReportedForeign,
    Priced,
    Streaming,
}

/// Gauges of rate limits: written by [`crate::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the help text of each row says it")]
pub enum LimitMetric {
    Limit,
    Remaining,
    UsedRatio,
    PeakUsedRatio,
    ResetSeconds,
    ExhaustionSeconds,
}

/// Gauges of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the help text of each row says it")]
pub enum LedgerMetric {
    Day,
    Month,
    Forecast,
    BudgetLimit,
    BudgetSpent,
    BudgetUsedRatio,
    BudgetForecastRatio,
    BudgetOver,
    AttributionMissing,
    Rows,
}

/// What the series table tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the help text of each row says it")]
pub enum TableMetric {
    CallSeries,
    CallSeriesLimit,
    OverflowCalls,
    ReplacedLabelValues,
    ExpiredCallSeries,
}

/// What the receiver tells of itself: written by [`crate::telemetry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the help text of each row says it")]
pub enum ReceiverMetric {
    Spans,
    MalformedSpans,
    DroppedValues,
    SampledSpans,
    Requests,
    RequestDuration,
    RefusedRequests,
    WireBytes,
    BodyBytes,
    Connections,
    ClosedConnections,
    QueueRequests,
    QueueLimitRequests,
    QueueBytes,
    QueueLimitBytes,
    EngineLag,
    Decode,
    SettleSpans,
    SettleHeldSpans,
    SettleHeldBytes,
    SettleReach,
    SettleRemember,
    UnpricedCalls,
    UnreadSpans,
    AdviceCalls,
    LimitChanges,
    DroppedLimits,
    JournalErrors,
    DataBytes,
    ResidentMemory,
    Scrapes,
    ScrapeDuration,
    ScrapeSize,
    SuppressedLogLines,
    BuildInfo,
    StartTime,
    CatalogueInfo,
    CatalogueTimestamp,
    CatalogueModels,
    Pushes,
    ConfigReloads,
    TlsReloads,
    TlsCertificateExpiry,
    ConfigReloadSuccessful,
    ConfigReloadTimestamp,
}

/// Which row of the table, grouped by who feeds it: each source matches its own group exhaustively.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Fed by calls.
    Call(CallMetric),
    /// Rate-limit gauges.
    Limit(LimitMetric),
    /// Dollars by day and month, budgets.
    Ledger(LedgerMetric),
    /// The series table's own state.
    Table(TableMetric),
    /// The receiver's own events.
    Receiver(ReceiverMetric),
}

/// One metric family.
#[derive(Debug)]
pub struct Family {
    /// Who it is in the code.
    pub metric: Metric,
    /// The name in Prometheus: counters end in `_total`.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub metric_type: MetricType,
    /// Unit of the value.
    pub unit: Unit,
    /// One sentence for the person who reads it in a query editor.
    pub help: &'static str,
    /// Labels beyond those of its group, with their values or meaning.
    pub further_labels: &'static [(&'static str, &'static str)],
    /// Upper edges of the buckets, without the last (infinite) one; empty if not a histogram.
    pub edges: &'static [f64],
}

impl Family {
    /// The row of a metric.
    ///
    /// # Panics
    /// Never: a test proves that every metric has its row.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test proves that every metric has its row")]
    pub fn of(metric: Metric) -> &'static Self {
        FAMILIES.iter().find(|family| family.metric == metric).expect("every metric has a row")
    }

    /// The row with this name; `None` for names that are not Tollgate's.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// The name of the family in OpenMetrics, where `_total` belongs to the sample.
    #[must_use]
    pub fn base_name(&self) -> &'static str {
        self.name.strip_suffix("_total").unwrap_or(self.name)
    }

    /// Every label, without the configured dimensions.
    pub fn labels(&self) -> impl Iterator<Item = &'static str> {
        let shared: &[&str] = match self.metric {
            Metric::Call(_) => &CALL_LABELS,
            Metric::Limit(_) => &LIMIT_LABELS,
            Metric::Ledger(_) | Metric::Table(_) | Metric::Receiver(_) => &[],
        };
        shared.iter().copied().chain(self.further_labels.iter().map(|(name, _)| *name))
    }
}
