//! What OTLP says of the fields of its messages, as tables, and the check of a message by them.
//!
//! In: the bytes of a message. Out: whether prost would accept its layout. The walk reads by hand the
//! few fields that it needs; all others, and whatever is read lazily or not at all, are judged here.
//!
//! Source: opentelemetry-proto 1.10, `trace.proto`, `common.proto`, `resource.proto`.

use super::Fault;
use super::wire::{Depth, Fields, wire_type};

/// The fields of one message: row `n - 1` is field number `n`.
#[derive(Debug)]
pub(super) struct Message(&'static [Field]);

/// What a field holds.
#[derive(Debug)]
enum Field {
    /// Integers, booleans, enums.
    Varint,
    Fixed32,
    Fixed64,
    /// Texts, whose UTF-8 is judged where somebody reads them; and what is judged on its own, so that it
    /// fails on its own.
    Opaque,
    Message(&'static Message),
    /// A number that OTLP does not use: unknown, like those beyond the table.
    Reserved,
}

/// `ExportTraceServiceRequest`. Its spans are opaque here: a broken span is one broken span.
pub(super) static REQUEST: Message = Message(&[Field::Message(&RESOURCE_SPANS)]);
static RESOURCE_SPANS: Message =
    Message(&[Field::Message(&RESOURCE), Field::Message(&SCOPE_SPANS), Field::Opaque]);
static RESOURCE: Message = Message(&[Field::Opaque, Field::Varint, Field::Opaque]);
static SCOPE_SPANS: Message = Message(&[Field::Message(&SCOPE), Field::Opaque, Field::Opaque]);
static SCOPE: Message = Message(&[Field::Opaque, Field::Opaque, Field::Opaque, Field::Varint]);
/// `Span`.
pub(super) static SPAN: Message = Message(&[
    Field::Opaque,           // trace_id
    Field::Opaque,           // span_id
    Field::Opaque,           // trace_state
    Field::Opaque,           // parent_span_id
    Field::Opaque,           // name
    Field::Varint,           // kind
    Field::Fixed64,          // start_time_unix_nano
    Field::Fixed64,          // end_time_unix_nano
    Field::Opaque,           // attributes
    Field::Varint,           // dropped_attributes_count
    Field::Opaque,           // events
    Field::Varint,           // dropped_events_count
    Field::Opaque,           // links
    Field::Varint,           // dropped_links_count
    Field::Message(&STATUS), // status
    Field::Fixed32,          // flags
]);
/// `Span.Event`.
pub(super) static EVENT: Message = Message(&[Field::Fixed64, Field::Opaque, Field::Opaque, Field::Varint]);
/// `Status`.
pub(super) static STATUS: Message = Message(&[Field::Reserved, Field::Opaque, Field::Varint]);
/// `KeyValue`.
pub(super) static KEY_VALUE: Message = Message(&[Field::Opaque, Field::Message(&ANY_VALUE), Field::Varint]);
/// `AnyValue`.
pub(super) static ANY_VALUE: Message = Message(&[
    Field::Opaque,
    Field::Varint,
    Field::Varint,
    Field::Fixed64,
    Field::Message(&ARRAY_VALUE),
    Field::Message(&KEY_VALUE_LIST),
    Field::Opaque,
    Field::Varint,
]);
/// `ArrayValue`.
pub(super) static ARRAY_VALUE: Message = Message(&[Field::Message(&ANY_VALUE)]);
/// `KeyValueList`.
pub(super) static KEY_VALUE_LIST: Message = Message(&[Field::Message(&KEY_VALUE)]);

// === impl Message ===

impl Message {
    /// Checks a whole message; `depth` is what is left inside of it.
    pub(super) fn check(&'static self, body: &[u8], depth: Depth) -> Result<(), Fault> {
        let mut fields = Fields::new(body);
        while let Some(key) = fields.key()? {
            self.check_field(key, &mut fields, depth)?;
        }
        Ok(())
    }

    /// Checks and steps over the value of the field with this key.
    pub(super) fn check_field(
        &'static self,
        key: u32,
        fields: &mut Fields<'_>,
        depth: Depth,
    ) -> Result<(), Fault> {
        let field = self.field(key >> 3);
        let Some(expected) = field.wire_type() else { return fields.skip(key, depth) };
        if expected != key & 7 {
            return Err(Fault::WireType);
        }
        match field {
            Field::Varint => fields.varint().map(drop),
            Field::Fixed32 => fields.fixed32().map(drop),
            Field::Fixed64 => fields.fixed64().map(drop),
            Field::Opaque => fields.delimited().map(drop),
            Field::Message(message) => message.check(fields.delimited()?, depth.enter()?),
            Field::Reserved => fields.skip(key, depth),
        }
    }

    fn field(&self, number: u32) -> &'static Field {
        let row = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        row.and_then(|row| self.0.get(row)).unwrap_or(&Field::Reserved)
    }
}

impl Field {
    fn wire_type(&self) -> Option<u32> {
        match self {
            Self::Varint => Some(wire_type::VARINT),
            Self::Fixed32 => Some(wire_type::FIXED32),
            Self::Fixed64 => Some(wire_type::FIXED64),
            Self::Opaque | Self::Message(_) => Some(wire_type::DELIMITED),
            Self::Reserved => None,
        }
    }
}
