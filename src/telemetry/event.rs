//! The vocabulary of what can happen to the receiver.

use crate::advice::Advice;
use crate::facts::UnreadReason;
use crate::receive::ReceiveEvent;

/// What became of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SpanResult {
    /// It is a call of its own.
    Call,
    /// It tells of a call that another span is.
    Duplicate,
    /// It sums up calls that other spans are.
    Aggregate,
    /// It is about something else.
    NotACall,
    /// It is not valid OTLP.
    Malformed,
}

impl SpanResult {
    /// Every result.
    pub const ALL: [Self; 5] =
        [Self::Call, Self::Duplicate, Self::Aggregate, Self::NotACall, Self::Malformed];

    /// The value of the `result` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Duplicate => "duplicate",
            Self::Aggregate => "aggregate",
            Self::NotACall => "not_a_call",
            Self::Malformed => "malformed",
        }
    }
}

/// How a span settled that did not settle in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SettleOutcome {
    /// Before its time, because memory was full.
    Early,
    /// It told of a call that was already counted.
    Late,
    /// What was known of a counted call was dropped, because memory was full.
    Forgotten,
}

impl SettleOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Early, Self::Late, Self::Forgotten];

    /// The value of the `outcome` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Late => "late",
            Self::Forgotten => "forgotten",
        }
    }
}

/// A socket that Tollgate listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Listener {
    /// The two OTLP addresses: each takes gRPC and HTTP.
    Otlp,
    /// `/metrics` and the status page.
    Metrics,
}

impl Listener {
    /// Every listener.
    pub const ALL: [Self; 2] = [Self::Otlp, Self::Metrics];

    /// The value of the `listener` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Otlp => "otlp",
            Self::Metrics => "metrics",
        }
    }
}

/// Something that happened. Texts are names, codes and addresses, never content of spans.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The process begins to serve.
    Started {
        /// Version of Tollgate.
        version: &'a str,
        /// Now, nanoseconds since the Unix epoch.
        unix_nano: u64,
    },
    /// A socket is open.
    Listening {
        /// Which.
        listener: Listener,
        /// Where.
        address: &'a str,
    },
    /// A connection came.
    ConnectionOpened(Listener),
    /// A connection ended.
    ConnectionClosed(Listener),
    /// The operating system refused to give us a connection.
    AcceptFailed {
        /// Where.
        listener: Listener,
        /// Its words.
        error: &'a str,
    },
    /// Something happened at the door for spans.
    Receive(&'a ReceiveEvent),
    /// Spans were left out of a request.
    MalformedSpans {
        /// What is wrong with the last of them, from a closed set.
        reason: &'static str,
        /// How many.
        count: u64,
    },
    /// Texts, attributes and events were left out of a request, their spans kept.
    DroppedValues {
        /// What is wrong with the last of them, from a closed set.
        reason: &'static str,
        /// How many.
        count: u64,
    },
    /// Spans of a request say that not all traces are kept.
    SampledSpans {
        /// How many.
        count: u64,
    },
    /// Spans were judged.
    Spans {
        /// What became of them.
        result: SpanResult,
        /// How many.
        count: u64,
    },
    /// One request was decoded.
    Decoded {
        /// How long it took.
        seconds: f64,
    },
    /// What waits to be counted.
    Queue {
        /// Requests.
        requests: u64,
        /// Bytes.
        bytes: u64,
    },
    /// What may wait to be counted.
    QueueLimits {
        /// Requests.
        requests: u64,
        /// Bytes.
        bytes: u64,
    },
    /// Somebody looked how long ago the engine finished its last turn.
    EngineLag {
        /// So long.
        seconds: f64,
    },
    /// The engine ended by a fault of its own: the process ends too.
    EngineFailed {
        /// What it said last.
        cause: &'a str,
        /// Accepted requests that were not counted.
        requests: u64,
    },
    /// The engine did not finish a turn in time while the process was ending.
    EngineStuck {
        /// Time since its last turn.
        seconds: f64,
        /// Accepted requests that were not counted.
        requests: u64,
    },
    /// A call has tokens or times that cannot be; they are not counted.
    ImpossibleNumbers {
        /// The service.
        service: &'a str,
        /// Who wrote the span.
        scope: &'a str,
        /// Which.
        what: &'static str,
    },
    /// Spans settled out of the ordinary.
    Settled {
        /// How.
        outcome: SettleOutcome,
        /// How many.
        count: u64,
        /// Service of the last of them; empty where it does not matter.
        service: &'a str,
        /// Scope of the last of them.
        scope: &'a str,
    },
    /// What the settling stage holds.
    SettleState {
        /// Spans that wait.
        held_spans: u64,
        /// Bytes of them and of remembered calls.
        held_bytes: u64,
        /// How far back every span that is sent again is recognised.
        reach_seconds: f64,
        /// How far back it should be.
        wanted_seconds: f64,
    },
    /// Spans look like LLM traffic and were not read.
    UnreadSpans {
        /// Who wrote them.
        scope: &'a str,
        /// Why they look so.
        reason: UnreadReason,
        /// How many.
        count: u64,
        /// Keys of the first of them, as they came.
        keys: &'a [Box<str>],
    },
    /// Calls could say more.
    Advice {
        /// The service.
        service: &'a str,
        /// Who wrote their spans.
        scope: &'a str,
        /// What they lack.
        advice: Advice,
        /// How many.
        count: u64,
    },
    /// A call has tokens and no price.
    UnpricedCall {
        /// The provider.
        provider: &'a str,
        /// The model.
        model: &'a str,
    },
    /// Label tuples are used up; calls are counted under `other`.
    SeriesOverflow {
        /// How many there may be.
        limit: usize,
    },
    /// A provider enforces another ceiling than before.
    LimitChanged {
        /// The provider.
        provider: &'a str,
        /// Model, family or `*`.
        model: &'a str,
        /// Configured name or short hash.
        account: &'a str,
        /// What is counted.
        resource: &'a str,
        /// Over which time.
        window: &'a str,
        /// Before.
        old: u64,
        /// Now.
        new: u64,
    },
    /// Rate limits found no room among those that are kept.
    LimitsDropped {
        /// `header` or `configured`.
        source: &'static str,
        /// How many.
        count: u64,
    },
    /// A scrape was rendered.
    Scraped {
        /// True for OpenMetrics.
        open_metrics: bool,
        /// How long it took.
        seconds: f64,
        /// How large it is before compression.
        bytes: u64,
    },
    /// Metrics were pushed.
    Pushed {
        /// Where to.
        target: &'a str,
        /// Why they were not taken; the next push contains them.
        error: Option<&'a str>,
    },
    /// A price catalogue is in use.
    CatalogueLoaded {
        /// Date of its data.
        date: &'a str,
        /// The same, seconds since the Unix epoch.
        unix_seconds: u64,
        /// `embedded` or `file`.
        source: &'a str,
        /// Models in it.
        models: u64,
    },
    /// A price catalogue was refused; the one before is still in use.
    CatalogueRejected {
        /// What is wrong with it.
        error: &'a str,
    },
    /// A configuration is in use.
    ConfigLoaded {
        /// Now, nanoseconds since the Unix epoch.
        unix_nano: u64,
        /// False at the start.
        reload: bool,
    },
    /// A configuration was refused; the one before is still in use.
    ConfigRejected {
        /// What is wrong with it.
        error: &'a str,
    },
    /// A configuration was read again, and some of it waits for a restart.
    ConfigNeedsRestart {
        /// The keys whose values changed.
        keys: &'a str,
    },
    /// A listener is open to others than this machine and asks for neither certificate nor token.
    OpenToAll {
        /// Its key in the configuration.
        key: &'static str,
        /// Where it listens.
        address: &'a str,
    },
    /// Certificates or tokens of a listener have changed and are in use.
    GuardReloaded {
        /// Its key in the configuration.
        key: &'static str,
    },
    /// Certificates or tokens of a listener were refused; those before are still in use.
    GuardRejected {
        /// Its key in the configuration.
        key: &'static str,
        /// What is wrong with them.
        error: &'a str,
    },
    /// When the certificate of a listener ends.
    CertificateExpiry {
        /// Which: grpc, http, metrics.
        listener: &'static str,
        /// Seconds since the Unix epoch.
        unix_seconds: i64,
    },
    /// An environment variable that looks like one of ours, with a slip of the pen.
    UnknownVariable {
        /// Its name.
        variable: &'a str,
        /// The name that was probably meant.
        right: &'a str,
    },
    /// There is no `data_dir`.
    NothingKept,
    /// What was kept is read, and the engine goes on.
    Resumed {
        /// Label tuples.
        call_series: usize,
        /// Spans that are remembered.
        remembered: u64,
        /// Batches that came after the last snapshot.
        batches: u64,
        /// Time that it took.
        seconds: f64,
    },
    /// What was kept may be older than what was shown: series begin anew.
    BegunAnew {
        /// Why.
        why: &'a str,
    },
    /// A file of `data_dir` is damaged.
    SetAside {
        /// Which, and what became of it.
        words: &'a str,
    },
    /// Something could not be kept.
    JournalFailed {
        /// Of which kind, from a closed set.
        reason: &'static str,
        /// What happened.
        words: &'a str,
    },
    /// What could not be kept for a time is kept again.
    JournalRecovered,
    /// What `data_dir` holds.
    StoreSize {
        /// Bytes of its files.
        bytes: u64,
    },
    /// Everything is counted, and scrapers are to read it.
    Lingering {
        /// How long at most.
        seconds: f64,
    },
    /// No more requests are taken; what was taken is counted.
    ShuttingDown,
    /// Everything is counted.
    Stopped,
}

/// What a status page shows of the receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests taken since the start.
    pub accepted_requests: u64,
    /// Requests refused since the start.
    pub refused_requests: u64,
    /// Spans by [`SpanResult`], in its order.
    pub spans: [u64; SpanResult::ALL.len()],
    /// The same of the last five minutes.
    pub recent_spans: [u64; SpanResult::ALL.len()],
}
