//! OTLP/JSON, the other encoding of the same request.
//!
//! In: a body of JSON. Out: a [`JsonRequest`], a slim model that borrows all text without escapes
//! and holds only what a [`Visitor`] is told; it drives the same visitor as the protobuf walk.
//!
//! As OTLP says (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>): ids in hex,
//! enums as numbers, unknown fields ignored. And as parsers of protobuf's own JSON must
//! (<https://protobuf.dev/programming-guides/json/>): 64-bit numbers as text or number, names in
//! camelCase or as in the .proto file, null for absent; for files that other tools wrote, ids in
//! base64 and enums by name.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::json_scalar::{Enumeration, Integer, Text, identifier, identifier_or_zero};
use super::json_value::{JsonAttribute, as_str};
use super::{Attribute, Fault, SpanHeader, SpanKind, SpanStatus, Visitor};

/// A parsed OTLP/JSON request, ready to [drive](JsonRequest::drive) a visitor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JsonRequest<'a> {
    #[serde(borrow, alias = "resource_spans")]
    resource_spans: Option<Vec<ResourceSpans<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(borrow)]
    resource: Option<Resource<'a>>,
    #[serde(borrow, alias = "scope_spans")]
    scope_spans: Option<Vec<ScopeSpans<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    attributes: Option<Vec<JsonAttribute<'a>>>,
}

#[derive(Debug, Deserialize)]
struct ScopeSpans<'a> {
    #[serde(borrow)]
    scope: Option<Scope<'a>>,
    #[serde(borrow)]
    spans: Option<Vec<JudgedSpan<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Scope<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
}

/// A span, or why it is none: parsed on its own, so that it fails on its own. Boxed, so that many
/// malformed spans, of two bytes each, need little memory.
#[derive(Debug)]
struct JudgedSpan<'a>(Result<Box<Span<'a>>, Fault>);

#[derive(Debug)]
struct Span<'a> {
    ids: Ids,
    fields: Fields<'a>,
}

#[derive(Debug)]
struct Ids {
    trace: [u8; 16],
    span: [u8; 8],
    parent: [u8; 8],
}

/// A span as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow, alias = "trace_id")]
    trace_id: Option<Text<'a>>,
    #[serde(borrow, alias = "span_id")]
    span_id: Option<Text<'a>>,
    #[serde(borrow, alias = "parent_span_id")]
    parent_span_id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    kind: Option<Enumeration>,
    #[serde(alias = "start_time_unix_nano")]
    start_time_unix_nano: Option<Integer<u64>>,
    #[serde(alias = "end_time_unix_nano")]
    end_time_unix_nano: Option<Integer<u64>>,
    #[serde(borrow)]
    attributes: Option<Vec<JsonAttribute<'a>>>,
    #[serde(borrow)]
    events: Option<Vec<Event<'a>>>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(alias = "time_unix_nano")]
    time_unix_nano: Option<Integer<u64>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    attributes: Option<Vec<JsonAttribute<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Status<'a> {
    #[serde(borrow)]
    message: Option<Text<'a>>,
    code: Option<Enumeration>,
}

// === impl JsonRequest ===

impl<'a> JsonRequest<'a> {
    /// Parses a request.
    ///
    /// # Errors
    /// What is not JSON, or has around its spans a field of a type that OTLP/JSON does not give
    /// it. A fault inside a span is kept for [`Visitor::malformed_span`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Utf8)?;
        serde_json::from_str(text).map_err(|error| fault(&error))
    }

    /// Tells a visitor all of the request, as [`walk`](super::walk) does.
    pub fn drive<'m>(&'m self, visitor: &mut impl Visitor<'m>) {
        for resource_spans in self.resource_spans.iter().flatten() {
            visitor.resource();
            let attributes = resource_spans.resource.iter().flat_map(|resource| &resource.attributes);
            for (key, value) in attributes.flatten().map(JsonAttribute::attribute) {
                visitor.resource_attribute(key, value);
            }
            for scope_spans in resource_spans.scope_spans.iter().flatten() {
                scope_spans.drive(visitor);
            }
        }
    }
}

// === impl ScopeSpans ===

impl ScopeSpans<'_> {
    fn drive<'m>(&'m self, visitor: &mut impl Visitor<'m>) {
        let (name, version) = match &self.scope {
            Some(scope) => (as_str(&scope.name), as_str(&scope.version)),
            None => ("", ""),
        };
        visitor.scope(name, version);
        for JudgedSpan(span) in self.spans.iter().flatten() {
            match span {
                Ok(span) => match span.drive(visitor) {
                    Ok(header) => visitor.span(&header),
                    Err(fault) => visitor.malformed_span(fault),
                },
                Err(fault) => visitor.malformed_span(*fault),
            }
        }
    }
}

// === impl Span ===

impl<'a> Span<'a> {
    fn parse(text: &'a str) -> Result<Self, Fault> {
        let fields: Fields<'a> = serde_json::from_str(text).map_err(|error| fault(&error))?;
        Ok(Self { ids: fields.ids()?, fields })
    }

    fn drive<'m>(&'m self, visitor: &mut impl Visitor<'m>) -> Result<SpanHeader<'m>, Fault> {
        for (key, value) in self.fields.attributes.iter().flatten().map(JsonAttribute::attribute) {
            visitor.span_attribute(Attribute::from_json(key, value))?;
        }
        for event in self.fields.events.iter().flatten() {
            let time_unix_nano = event.time_unix_nano.map_or(0, |time| time.0);
            if visitor.event(as_str(&event.name), time_unix_nano) {
                for (key, value) in event.attributes.iter().flatten().map(JsonAttribute::attribute) {
                    visitor.event_attribute(Attribute::from_json(key, value))?;
                }
            }
        }
        Ok(self.header())
    }

    fn header(&self) -> SpanHeader<'_> {
        let Self { ids, fields } = self;
        let status = fields.status.as_ref();
        let code = status.and_then(|status| status.code);
        SpanHeader {
            trace_id: ids.trace,
            span_id: ids.span,
            parent_span_id: ids.parent,
            name: as_str(&fields.name),
            kind: fields.kind.map_or(SpanKind::Unspecified, |kind| SpanKind::from_number(kind.0)),
            start_unix_nano: fields.start_time_unix_nano.map_or(0, |time| time.0),
            end_unix_nano: fields.end_time_unix_nano.map_or(0, |time| time.0),
            status: code.map_or(SpanStatus::Unset, |code| SpanStatus::from_number(code.0)),
            status_message: status.map_or("", |status| as_str(&status.message)),
        }
    }
}

// === impl Fields ===

impl Fields<'_> {
    fn ids(&self) -> Result<Ids, Fault> {
        Ok(Ids {
            trace: identifier(as_str(&self.trace_id)).ok_or(Fault::TraceId)?,
            span: identifier(as_str(&self.span_id)).ok_or(Fault::SpanId)?,
            parent: match as_str(&self.parent_span_id) {
                "" => [0; 8],
                text => identifier_or_zero(text).ok_or(Fault::ParentSpanId)?,
            },
        })
    }
}

// === impl JudgedSpan ===

impl<'de: 'a, 'a> Deserialize<'de> for JudgedSpan<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'a RawValue>::deserialize(deserializer)?.get();
        Ok(Self(Span::parse(text).map(Box::new)))
    }
}

/// The messages of `serde_json` quote the request, so only the place is kept.
fn fault(error: &serde_json::Error) -> Fault {
    use serde_json::error::Category;
    match error.classify() {
        Category::Data => Fault::JsonType,
        Category::Syntax | Category::Eof | Category::Io => {
            Fault::JsonSyntax { line: error.line(), column: error.column() }
        }
    }
}
