//! OTLP traces as they arrive: bytes in, one [`Visitor`] driven out.
//!
//! In: the body of an `ExportTraceServiceRequest`, protobuf ([`walk`]) or OTLP/JSON
//! ([`JsonRequest`]). Out: calls on a [`Visitor`], envelope before children whatever the order on
//! the wire. It knows OTLP and no LLM; for protobuf it copies and allocates nothing, for JSON one
//! buffer, no longer than the request.
//!
//! What is not valid OTLP costs as little as it can: a text costs itself, and one that was cut within a
//! character only that character; a broken value its attribute, a broken event the event, a broken
//! span the span; and what the visitor does not look at costs nothing. Each is told to the visitor, who
//! counts. Only a fault in the layout around the spans costs the request, and is found before the
//! visitor hears of any of it.

mod envelope;
mod json;
mod json_scalar;
mod json_scan;
mod json_write;
mod schema;
mod span;
mod value;
mod wire;

pub use envelope::walk;
pub use json::JsonRequest;
pub(crate) use span::first_attribute;
pub use value::{Attribute, List, Map};

/// The value of one attribute, borrowed from the request.
#[derive(Clone, Copy, Debug, Default)]
pub enum Value<'a> {
    /// No value was set: valid OTLP, and seen in the wild.
    #[default]
    Empty,
    /// Text.
    Text(&'a str),
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A float.
    Double(f64),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An array.
    Array(List<'a>),
    /// A map.
    Map(Map<'a>),
}

/// The status that the instrumentation set on a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanStatus {
    /// Not set.
    #[default]
    Unset,
    /// Set to OK.
    Ok,
    /// Set to ERROR.
    Error,
}

/// The role of a span in its trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanKind {
    /// Not set.
    #[default]
    Unspecified,
    /// Inside a process.
    Internal,
    /// Serves a remote request.
    Server,
    /// Makes a remote request.
    Client,
    /// Sends a message.
    Producer,
    /// Receives a message.
    Consumer,
}

/// The fixed fields of one span.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpanHeader<'a> {
    /// 16 bytes, never all zero.
    pub trace_id: [u8; 16],
    /// 8 bytes, never all zero.
    pub span_id: [u8; 8],
    /// All zero for a root.
    pub parent_span_id: [u8; 8],
    /// The name.
    pub name: &'a str,
    /// The kind.
    pub kind: SpanKind,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// The status.
    pub status: SpanStatus,
    /// The message beside the status.
    pub status_message: &'a str,
}

/// What reads a request. Calls come in this order: `resource`, its attributes, then for each scope
/// `scope`, then for each span its attributes and events, closed by `span` or `malformed_span`.
pub trait Visitor<'a> {
    /// A new resource begins; what was known of the last one is over.
    fn resource(&mut self);
    /// An attribute of the current resource.
    fn resource_attribute(&mut self, key: &'a str, value: Value<'a>);
    /// A new instrumentation scope begins.
    fn scope(&mut self, name: &'a str, version: &'a str);
    /// The fields of a span from its first attribute on. Who knows what they are may take some of them, and returns the
    /// others; no field that is taken is told otherwise.
    fn attributes(&mut self, fields: &'a [u8]) -> &'a [u8] {
        fields
    }

    /// An attribute of the span that is being read.
    ///
    /// # Errors
    /// What is wrong with it, as far as the visitor looked: it costs the attribute, and is told by
    /// [`Visitor::dropped`]. What it does not look at costs nothing.
    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault>;
    /// An event of the span that is being read begins. False skips its attributes.
    fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool;
    /// An attribute of the current event.
    ///
    /// # Errors
    /// As those of [`Visitor::span_attribute`].
    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault>;
    /// The `tracestate` of the span that is being read, as it came.
    fn trace_state(&mut self, _state: &'a [u8]) {}
    /// The span is complete.
    fn span(&mut self, header: &SpanHeader<'a>);
    /// The span that was being read is not valid OTLP; whatever was seen of it must be forgotten.
    fn malformed_span(&mut self, fault: Fault);
    /// A text, an attribute or an event is not valid and was left out; what is around it is kept.
    fn dropped(&mut self, _fault: Fault) {}
}

/// Why a span, or a request, is not valid OTLP. It tells nothing of what the request said.
///
/// Its numbers are words: with halves of words, every slice that the walk returns in a `Result` is
/// torn in four on its way through memory, at twice the time of the whole walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A field is longer than what is there.
    #[error("protobuf ends in the middle of a field")]
    Truncated,
    /// A varint that is no 64-bit number.
    #[error("protobuf varint is longer than 64 bits")]
    Varint,
    /// A field number of 0, one over 2^29 - 1, or a wire type that does not exist.
    #[error("protobuf field key is not valid: the bytes are not protobuf, or are damaged")]
    Key,
    /// A known field with a value of another type.
    #[error("protobuf field does not have the wire type that OTLP gives it")]
    WireType,
    /// A group that ends without having begun.
    #[error("protobuf group ends where none began")]
    Group,
    /// A text that is none.
    #[error("text must be UTF-8")]
    Utf8,
    /// Values in values in values.
    #[error("nested deeper than 100 levels")]
    TooDeep,
    /// No trace id, or one that OpenTelemetry calls invalid.
    #[error("trace id must be 16 bytes, not all zero")]
    TraceId,
    /// No span id, or one that OpenTelemetry calls invalid.
    #[error("span id must be 8 bytes, not all zero")]
    SpanId,
    /// A parent span id of a wrong length.
    #[error("parent span id must be 8 bytes, or empty for a root span")]
    ParentSpanId,
    /// Not JSON.
    #[error("not valid JSON at line {line}, column {column}")]
    JsonSyntax {
        /// From 1.
        line: usize,
        /// In bytes.
        column: usize,
    },
    /// JSON, but not OTLP/JSON.
    #[error("JSON field does not have the type that OTLP/JSON gives it")]
    JsonType,
}

// === impl Fault ===

impl Fault {
    /// One of every kind.
    pub const ALL: [Self; 12] = [
        Self::Truncated,
        Self::Varint,
        Self::Key,
        Self::WireType,
        Self::Group,
        Self::Utf8,
        Self::TooDeep,
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::JsonSyntax { line: 0, column: 0 },
        Self::JsonType,
    ];

    /// The value of the `reason` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Varint => "varint",
            Self::Key => "field_key",
            Self::WireType => "wire_type",
            Self::Group => "group",
            Self::Utf8 => "utf8",
            Self::TooDeep => "too_deep",
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::JsonSyntax { .. } => "json_syntax",
            Self::JsonType => "json_type",
        }
    }
}

// === impl SpanKind ===

impl SpanKind {
    /// Of the enum's number in OTLP, 32 bits of it as protobuf has it. Numbers of a later OTLP are
    /// unspecified.
    const fn from_number(number: u64) -> Self {
        match number as u32 {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }
}

// === impl SpanStatus ===

impl SpanStatus {
    /// Of the enum's number in OTLP, 32 bits of it as protobuf has it. Numbers of a later OTLP say
    /// nothing.
    const fn from_number(number: u64) -> Self {
        match number as u32 {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }
}
