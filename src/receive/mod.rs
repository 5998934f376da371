//! OTLP over the network: requests in, the bytes of each to an [`Intake`], its verdict back out.
//!
//! In: bound listeners. Every one of them answers OTLP/gRPC and OTLP/HTTP, HTTP/1.1 and HTTP/2,
//! told apart by content type as the OTLP specification allows: an exporter pointed at the wrong
//! one of the two ports works. Out: one [`Payload`] a request to the intake, one answer a request to
//! the client, one [`ReceiveEvent`] a request to the [`Observer`]. It knows HTTP, gRPC and
//! compression; it knows neither what a span is nor what a metric is.
//!
//! | file | does |
//! |---|---|
//! | [`listen`], `address` | binds a port or a Unix socket, or says who probably has it |
//! | [`socket`] | listeners and connections of either kind |
//! | `serve` | connections: accepts, bounds, shuts down |
//! | `exchange` | one request, one answer: what both protocols share |
//! | `http`, `grpc` | reads a request of the one or the other protocol |
//! | `body` | size caps and all inflating |
//! | `budget` | the memory of all requests: who holds it, who gives way |
//! | [`guard`] | TLS, client certificates and tokens of a listener |
//! | `tls`, `tokens` | what a guard reads from files, and reads again |
//! | `seats` | the places for connections, and who leaves when one more comes |
//! | `patient` | a stream that does not wait for its reader for ever |
//! | `reply` | the one table of refusals, as HTTP and as gRPC |

use std::{borrow::Cow, net::IpAddr, time::Duration};

use tokio::sync::oneshot;

pub mod guard;
pub mod listen;
pub mod proto;
pub mod socket;

mod address;
mod body;
mod budget;
mod exchange;
mod grpc;
mod http;
pub(crate) mod patient;
mod reply;
pub(crate) mod seats;
mod serve;
mod tls;
mod tokens;

pub use serve::{Door, Ended, serve};

/// Takes export requests. Called from many tasks at once.
pub trait Intake: Send + Sync + 'static {
    /// Decodes one request and hands it on, or refuses it. Must not block: what is behind it is a
    /// bounded queue, and a full one is [`Refused::Busy`].
    ///
    /// # Errors
    /// The request was not taken, and why. Nothing of it may have been counted.
    fn accept(&self, payload: Payload<'_>) -> Result<Receipt, Refused>;

    /// False before it can take requests and from shutdown on: they are then refused unread, as
    /// [`Refused::ShuttingDown`].
    fn ready(&self) -> bool {
        true
    }
}

/// The body of one `ExportTraceServiceRequest`, inflated.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// How it is encoded.
    pub encoding: Encoding,
    /// The request, at most [`ReceiveSettings::max_inflated_bytes`] long.
    pub bytes: &'a [u8],
    /// Where memory for what it becomes is asked for.
    pub room: &'a dyn Room,
}

/// Memory within [`ReceiveSettings::max_in_flight_bytes`], for as long as a request is being taken.
pub trait Room: std::fmt::Debug + Send + Sync {
    /// Takes so many bytes more; false when there are not so many.
    fn take(&self, bytes: usize) -> bool;
}

/// The encodings of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`, and all of gRPC.
    Protobuf,
    /// `application/json`.
    Json,
}

/// A request was taken, wholly or but for malformed spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Spans that were taken.
    pub spans: u64,
    /// Spans that were left out because they are not valid OTLP.
    pub malformed_spans: u64,
    /// What is wrong with the malformed ones, for the client's log. Without malformed spans, a warning.
    pub reason: Option<Cow<'static, str>>,
}

/// What was taken, and what its answer waits for.
#[derive(Debug)]
pub struct Receipt {
    /// What was taken.
    pub accepted: Accepted,
    /// The request is not safe yet.
    pub keeping: Option<Keeping>,
}

/// A request on its way to the disk.
#[derive(Debug)]
pub struct Keeping(oneshot::Receiver<Result<(), Refused>>);

/// Where it is told what became of it.
pub type Kept = oneshot::Sender<Result<(), Refused>>;

/// A request was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not an OTLP export request; the text says what is wrong with it.
    Malformed(String),
    /// No room now; the client should send it again after this long.
    Busy {
        /// How long to wait, at least.
        retry_after: Duration,
    },
    /// The process is about to end; the client should send it again, to whatever comes after.
    ShuttingDown,
    /// It cannot be kept now; the client should send it again after this long.
    NotKept {
        /// How long to wait, at least.
        retry_after: Duration,
    },
}

/// Limits of the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiveSettings {
    /// Longest body as sent, in bytes.
    pub max_request_bytes: usize,
    /// Longest body once inflated, in bytes.
    pub max_inflated_bytes: usize,
    /// Most bytes of bodies, as sent, inflated and decoded, held for all requests at any one time. Less
    /// than what one request within the caps needs is taken as that. While others are connected, one
    /// peer has at most a quarter.
    pub max_in_flight_bytes: usize,
    /// Most connections at any one time.
    pub max_connections: usize,
    /// Longest time from the head of a request to the end of its body.
    pub request_timeout: Duration,
    /// Longest time from the start of a connection, or from the last answer over HTTP/1, to the end of
    /// the head of the next request.
    pub idle_timeout: Duration,
    /// Longest life of a connection, so that what it was allowed once is asked for again. What is under way then is
    /// finished.
    pub max_age: Duration,
    /// How long requests that are under way may take to finish at shutdown.
    pub shutdown_grace: Duration,
    /// How long a client is asked to wait when `max_in_flight_bytes` is reached.
    pub retry_after: Duration,
}

/// Hears what happens at the receiver's door, for its telemetry. Called from many tasks at once.
pub trait Observer: Send + Sync + 'static {
    /// One thing happened.
    fn observe(&self, event: &ReceiveEvent);
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum ReceiveEvent {
    /// A request was answered, or its client left before that.
    Request(RequestEvent),
    /// A connection was accepted.
    ConnectionOpened,
    /// A connection ended, by whichever side.
    ConnectionClosed,
    /// A connection was closed unheard: `max_connections` are open.
    ConnectionRefused {
        /// Who wanted it.
        peer: IpAddr,
    },
    /// A connection that had been silent for longest was closed, for one that came: all seats are taken.
    ConnectionEvicted,
    /// A connection was closed because its TLS handshake failed.
    HandshakeFailed,
    /// A connection was closed because no complete request head came within `idle_timeout`.
    ConnectionIdle,
    /// The operating system did not let a connection be accepted (too many open files, most often).
    AcceptFailed {
        /// What it said.
        message: String,
    },
}

/// One request, from its head to its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestEvent {
    /// How it came.
    pub transport: Transport,
    /// How its body is encoded, where its head says so.
    pub encoding: Option<Encoding>,
    /// How its body is compressed, where its head says so.
    pub compression: Option<Compression>,
    /// Bytes of body that were read.
    pub wire_bytes: u64,
    /// Bytes of body after inflating.
    pub inflated_bytes: u64,
    /// Seconds from the head to the answer.
    pub seconds: f64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was taken.
    Accepted(Accepted),
    /// It was refused. The message is safe to log: it holds nothing of the body.
    Refused {
        /// Why.
        reason: RefusalReason,
        /// What the client was told.
        message: Cow<'static, str>,
    },
}

/// How a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP.
    Http,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    Identity,
    /// gzip, RFC 1952.
    Gzip,
    /// zstd, RFC 8878, with windows of at most 8 MiB.
    Zstd,
    /// zlib, RFC 1950, as HTTP understands "deflate".
    Deflate,
}

/// Why a request is refused: the closed vocabulary of the `reason` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// Not an export request, or not the compression that it claims.
    Malformed,
    /// Longer than allowed, as sent.
    TooLarge,
    /// Longer than allowed, once inflated.
    InflatedTooLarge,
    /// Too much is in flight or waits to be counted.
    QueueFull,
    /// No requests are taken yet, or any more.
    ShuttingDown,
    /// A content type that is not OTLP's.
    UnsupportedMediaType,
    /// A compression that is not known.
    UnsupportedEncoding,
    /// Metrics, logs or profiles.
    WrongSignal,
    /// A path or gRPC method that is not OTLP's.
    WrongPath,
    /// An HTTP method other than POST.
    WrongMethod,
    /// The body did not come in time.
    Timeout,
    /// The client left before its request was complete.
    Disconnected,
    /// No token, or none that is known.
    Unauthenticated,
    /// Reading it failed by a fault of ours.
    Internal,
    /// It cannot be kept: the disk is full, or failed.
    NotKept,
}

// === impl Encoding ===

impl Encoding {
    /// The value of the `encoding` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Protobuf => "protobuf",
            Self::Json => "json",
        }
    }
}

// === impl Transport ===

impl Transport {
    /// The value of the `transport` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

// === impl Compression ===

impl Compression {
    /// The name in `content-encoding` and `grpc-encoding`, and the value of the `compression` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }
}

// === impl RefusalReason ===

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::TooLarge,
        Self::InflatedTooLarge,
        Self::QueueFull,
        Self::ShuttingDown,
        Self::UnsupportedMediaType,
        Self::UnsupportedEncoding,
        Self::WrongSignal,
        Self::WrongPath,
        Self::WrongMethod,
        Self::Timeout,
        Self::Disconnected,
        Self::Unauthenticated,
        Self::Internal,
        Self::NotKept,
    ];

    /// The value of the `reason` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::InflatedTooLarge => "inflated_too_large",
            Self::QueueFull => "queue_full",
            Self::ShuttingDown => "shutting_down",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::WrongSignal => "wrong_signal",
            Self::WrongPath => "wrong_path",
            Self::WrongMethod => "wrong_method",
            Self::Timeout => "timeout",
            Self::Disconnected => "disconnected",
            Self::Unauthenticated => "unauthenticated",
            Self::Internal => "internal",
            Self::NotKept => "not_kept",
        }
    }
}

// === impl Receipt, Keeping ===

impl From<Accepted> for Receipt {
    fn from(accepted: Accepted) -> Self {
        Self { accepted, keeping: None }
    }
}

impl Keeping {
    /// One, and where it is told.
    #[must_use]
    pub fn new() -> (Kept, Self) {
        let (kept, keeping) = oneshot::channel();
        (kept, Self(keeping))
    }

    /// Waits until the request is safe.
    pub(crate) async fn wait(self) -> Result<(), Refused> {
        // Who should tell is gone: nothing more is kept.
        self.0.await.unwrap_or(Err(Refused::ShuttingDown))
    }
}

// === impl ReceiveSettings ===

impl Default for ReceiveSettings {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            max_request_bytes: 20 * MIB,
            max_inflated_bytes: 20 * MIB,
            max_in_flight_bytes: 256 * MIB,
            max_connections: 4096,
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            max_age: Duration::from_secs(3600),
            shutdown_grace: Duration::from_secs(10),
            retry_after: Duration::from_secs(1),
        }
    }
}

// === impl Room ===

/// Without bounds, for who is alone.
impl Room for () {
    fn take(&self, _: usize) -> bool {
        true
    }
}

// === impl Observer ===

/// Hears nothing.
impl Observer for () {
    fn observe(&self, _: &ReceiveEvent) {}
}
