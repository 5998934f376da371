//! OTLP traces as they arrive: bytes in, one [`Visitor`] driven out.
//!
//! In: the body of an `ExportTraceServiceRequest`, protobuf ([`walk`]) or OTLP/JSON ([`walk_json`]).
//! Out: calls on a [`Visitor`], envelope before children whatever the order on the wire.
//! It knows OTLP and no LLM; it copies nothing and, for protobuf, allocates nothing per span.

/// The value of one attribute, borrowed from the request.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// No value was set: valid OTLP, and seen in the wild.
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
#[derive(Clone, Copy, Debug)]
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
    /// An attribute of the span that is being read.
    fn span_attribute(&mut self, key: &'a str, value: Value<'a>);
    /// An event of the span that is being read begins. False skips its attributes.
    fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool;
    /// An attribute of the current event.
    fn event_attribute(&mut self, key: &'a str, value: Value<'a>);
    /// The span is complete.
    fn span(&mut self, header: &SpanHeader<'a>);
    /// The span that was being read is not valid OTLP; whatever was seen of it must be forgotten.
    fn malformed_span(&mut self, fault: Fault);
}

/// A borrowed array value.
#[derive(Clone, Copy, Debug)]
pub struct List<'a>(std::marker::PhantomData<&'a ()>);

/// A borrowed map value.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a>(std::marker::PhantomData<&'a ()>);

/// Why a span, or a request, is not valid OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid OTLP")]
pub struct Fault;
