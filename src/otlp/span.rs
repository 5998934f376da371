//! One span on the wire.
//!
//! In: the bytes of a `Span`. Out: its attributes and events as they come, then its header, or the
//! fault that makes it no span. It allocates nothing.

use super::schema::{EVENT, SPAN, STATUS};
use super::value::Attribute;
use super::wire::wire_type::{DELIMITED, FIXED64, VARINT};
use super::wire::{Depth, Fields, key, occurrences, text};
use super::{Fault, SpanHeader, SpanKind, SpanStatus, Visitor};

const TRACE_ID: u32 = key(1, DELIMITED);
const SPAN_ID: u32 = key(2, DELIMITED);
const TRACE_STATE: u32 = key(3, DELIMITED);
const PARENT_SPAN_ID: u32 = key(4, DELIMITED);
const NAME: u32 = key(5, DELIMITED);
const KIND: u32 = key(6, VARINT);
const START: u32 = key(7, FIXED64);
const END: u32 = key(8, FIXED64);
const ATTRIBUTE: u32 = key(9, DELIMITED);
const EVENT_FIELD: u32 = key(11, DELIMITED);
const STATUS_FIELD: u32 = key(15, DELIMITED);

const EVENT_TIME: u32 = key(1, FIXED64);
const EVENT_NAME: u32 = key(2, DELIMITED);
const EVENT_ATTRIBUTE: u32 = key(3, DELIMITED);

const STATUS_MESSAGE: u32 = key(2, DELIMITED);
const STATUS_CODE: u32 = key(3, VARINT);

/// `ResourceSpans`, `ScopeSpans`, `Span`.
const SPAN_DEPTH: Depth = Depth::below_request(3);
const CHILD_DEPTH: Depth = Depth::below_request(4);
const GRANDCHILD_DEPTH: Depth = Depth::below_request(5);

/// The ids as they came, before they were judged.
#[derive(Default)]
struct Ids<'a> {
    trace: &'a [u8],
    span: &'a [u8],
    parent: &'a [u8],
}

/// The attribute that these fields of a span begin with, all of its bytes, and the fields after it.
#[inline]
pub(crate) fn first_attribute(fields: &[u8]) -> Option<(Attribute<'_>, &[u8], &[u8])> {
    let (attribute, rest) = Attribute::short(fields, CHILD_DEPTH).or_else(|| long_attribute(fields))?;
    Some((attribute, &fields[..fields.len() - rest.len()], rest))
}

fn long_attribute(fields: &[u8]) -> Option<(Attribute<'_>, &[u8])> {
    let mut fields = Fields::new(fields);
    fields.key().ok()?.filter(|&key| key == ATTRIBUTE)?;
    let attribute = Attribute::split(fields.delimited().ok()?, CHILD_DEPTH).ok()?;
    Some((attribute, fields.rest()))
}

/// Reads one span and ends it with `span` or `malformed_span`.
pub(super) fn read<'a>(body: &'a [u8], visitor: &mut impl Visitor<'a>) {
    match read_fields(body, visitor) {
        Ok(header) => visitor.span(&header),
        Err(fault) => visitor.malformed_span(fault),
    }
}

fn read_fields<'a>(body: &'a [u8], visitor: &mut impl Visitor<'a>) -> Result<SpanHeader<'a>, Fault> {
    let mut header = SpanHeader::default();
    let mut ids = Ids::default();
    let mut fields = Fields::new(body);
    let mut is_first = true;
    loop {
        if is_first && fields.rest().first() == Some(&(ATTRIBUTE as u8)) {
            is_first = false;
            fields = Fields::new(visitor.attributes(fields.rest()));
        }
        if let Some((attribute, rest)) = Attribute::short(fields.rest(), CHILD_DEPTH) {
            fields = Fields::new(rest);
            if let Err(fault) = visitor.span_attribute(attribute) {
                visitor.dropped(fault);
            }
            continue;
        }
        let Some(key) = fields.key()? else { break };
        match key {
            ATTRIBUTE => {
                let attribute = Attribute::split(fields.delimited()?, CHILD_DEPTH);
                if let Err(fault) = attribute.and_then(|attribute| visitor.span_attribute(attribute)) {
                    visitor.dropped(fault);
                }
            }
            EVENT_FIELD => {
                if let Err(fault) = read_event(fields.delimited()?, visitor) {
                    visitor.dropped(fault);
                }
            }
            TRACE_ID => ids.trace = fields.delimited()?,
            SPAN_ID => ids.span = fields.delimited()?,
            TRACE_STATE => visitor.trace_state(fields.delimited()?),
            PARENT_SPAN_ID => ids.parent = fields.delimited()?,
            NAME => header.name = read_text(&mut fields, visitor)?,
            KIND => header.kind = SpanKind::from_number(fields.varint()?),
            START => header.start_unix_nano = fields.fixed64()?,
            END => header.end_unix_nano = fields.fixed64()?,
            STATUS_FIELD => read_status(fields.delimited()?, &mut header, visitor)?,
            other => SPAN.check_field(other, &mut fields, SPAN_DEPTH)?,
        }
    }
    ids.put_into(&mut header)?;
    Ok(header)
}

/// The name and time of an event may follow its attributes: two passes, the first only hops.
fn read_event<'a>(body: &'a [u8], visitor: &mut impl Visitor<'a>) -> Result<(), Fault> {
    let (mut name, mut time_unix_nano) = ("", 0);
    let mut fields = Fields::new(body);
    while let Some(key) = fields.key()? {
        match key {
            EVENT_TIME => time_unix_nano = fields.fixed64()?,
            EVENT_NAME => name = read_text(&mut fields, visitor)?,
            EVENT_ATTRIBUTE => drop(fields.delimited()?),
            other => EVENT.check_field(other, &mut fields, CHILD_DEPTH)?,
        }
    }
    if visitor.event(name, time_unix_nano) {
        for body in occurrences(body, EVENT_ATTRIBUTE) {
            let attribute = Attribute::split(body, GRANDCHILD_DEPTH);
            if let Err(fault) = attribute.and_then(|attribute| visitor.event_attribute(attribute)) {
                visitor.dropped(fault);
            }
        }
    }
    Ok(())
}

/// A text that costs only itself.
pub(super) fn read_text<'a>(
    fields: &mut Fields<'a>,
    visitor: &mut impl Visitor<'a>,
) -> Result<&'a str, Fault> {
    Ok(told_text(fields.delimited()?, visitor))
}

/// The text, or what is sound of it; what is not is told.
pub(super) fn told_text<'a>(bytes: &'a [u8], visitor: &mut impl Visitor<'a>) -> &'a str {
    let sound = text(bytes).unwrap_or("");
    if sound.len() < bytes.len() {
        visitor.dropped(Fault::Utf8);
    }
    sound
}

fn read_status<'a>(
    body: &'a [u8],
    header: &mut SpanHeader<'a>,
    visitor: &mut impl Visitor<'a>,
) -> Result<(), Fault> {
    let mut fields = Fields::new(body);
    while let Some(key) = fields.key()? {
        match key {
            STATUS_MESSAGE => header.status_message = read_text(&mut fields, visitor)?,
            STATUS_CODE => header.status = SpanStatus::from_number(fields.varint()?),
            other => STATUS.check_field(other, &mut fields, CHILD_DEPTH)?,
        }
    }
    Ok(())
}

// === impl Ids ===

impl Ids<'_> {
    fn put_into(&self, header: &mut SpanHeader<'_>) -> Result<(), Fault> {
        header.trace_id = identifier(self.trace).ok_or(Fault::TraceId)?;
        header.span_id = identifier(self.span).ok_or(Fault::SpanId)?;
        if !self.parent.is_empty() {
            header.parent_span_id = self.parent.try_into().map_err(|_| Fault::ParentSpanId)?;
        }
        Ok(())
    }
}

fn identifier<const LENGTH: usize>(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    bytes.try_into().ok().and_then(nonzero)
}

/// OpenTelemetry calls an id of zeros invalid.
fn nonzero<const LENGTH: usize>(id: [u8; LENGTH]) -> Option<[u8; LENGTH]> {
    (id != [0; LENGTH]).then_some(id)
}
