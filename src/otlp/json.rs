//! OTLP/JSON, the other encoding of the same request, made into the first.
//!
//! In: a body of JSON. Out: a [`JsonRequest`], the same request in protobuf, written while the JSON is
//! read and never longer than it; the [walk](fn@super::walk) reads it. So one reader decides what a request
//! means, and a body of JSON holds no more memory than its own length.
//!
//! As OTLP says (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>): ids in hex,
//! enums as numbers, unknown fields ignored. And as parsers of protobuf's own JSON must
//! (<https://protobuf.dev/programming-guides/json/>): 64-bit numbers as text or number, names in
//! camelCase or as in the .proto file, null for absent; for files that other tools wrote, ids in
//! base64 and enums by name.

use super::json_scalar as scalar;
use super::json_scan::{RawText, Scan, Scanner, Token};
use super::json_write::Writer;
use super::wire::{
    key,
    wire_type::{DELIMITED, FIXED64, VARINT},
};
use super::{Attribute, Fault, SpanHeader, Value, Visitor, walk};

/// A parsed OTLP/JSON request, ready to [drive](JsonRequest::drive) a visitor.
#[derive(Debug)]
pub struct JsonRequest {
    protobuf: Vec<u8>,
    dropped: Dropped,
}

/// Parts that JSON itself showed to be no OTLP.
#[derive(Clone, Copy, Debug, Default)]
struct Dropped {
    wrong_type: u64,
    too_deep: u64,
}

/// A span that JSON showed to be none: a field of number 0, which does not exist.
const NO_SPAN: [u8; 1] = [0x07];

/// Levels of values in values: with three messages a level, what protobuf's 100 allow.
const MOST_LEVELS: u8 = 31;

struct Transcoder<'a> {
    json: Scanner<'a>,
    out: Writer,
    dropped: Dropped,
    levels: u8,
}

/// Hears of a transcoded request: what is no span by its JSON has a name of its own.
struct Named<'v, V>(&'v mut V);

// === impl JsonRequest ===

impl JsonRequest {
    /// Parses a request.
    ///
    /// # Errors
    /// What is not JSON, or has around its spans a field of a type that OTLP/JSON does not give
    /// it. A fault inside a span is kept for [`Visitor::malformed_span`], a lesser one for
    /// [`Visitor::dropped`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let out = Writer { bytes: Vec::with_capacity(bytes.len()) };
        let mut transcoder =
            Transcoder { json: Scanner::new(bytes), out, dropped: Dropped::default(), levels: 0 };
        match transcoder.request() {
            Ok(true) => Ok(Self { protobuf: transcoder.out.bytes, dropped: transcoder.dropped }),
            Ok(false) => Err(Fault::JsonType),
            Err(syntax) => Err(transcoder.json.fault(syntax)),
        }
    }

    /// Tells a visitor all of the request, as [`walk`] does.
    pub fn drive<'m>(&'m self, visitor: &mut impl Visitor<'m>) {
        for (fault, count) in
            [(Fault::JsonType, self.dropped.wrong_type), (Fault::TooDeep, self.dropped.too_deep)]
        {
            (0..count).for_each(|_| visitor.dropped(fault));
        }
        let read = walk(&self.protobuf, &mut Named(visitor));
        debug_assert_eq!(read, Ok(()), "what is written here is protobuf");
    }
}

// === impl Transcoder: messages ===
//
// Each reads one whole value. True: it was what it should be. False: it was not, and is skipped; what was
// written of it is for the caller to undo. Only what is no JSON is an error.

impl<'a> Transcoder<'a> {
    fn request(&mut self) -> Scan<bool> {
        let sound = self.map(|it, name| match name {
            b"resourceSpans" | b"resource_spans" => it.list(Self::resource_spans),
            _ => it.unknown(),
        })?;
        self.json.end()?;
        Ok(sound)
    }

    fn resource_spans(&mut self) -> Scan<bool> {
        self.message(key(1, DELIMITED), |it, name| match name {
            b"resource" => it.message(key(1, DELIMITED), |it, name| match name {
                b"attributes" => it.lenient(|it| it.list(|it| it.attribute(key(1, DELIMITED)))),
                _ => it.unknown(),
            }),
            b"scopeSpans" | b"scope_spans" => it.list(Self::scope_spans),
            _ => it.unknown(),
        })
    }

    fn scope_spans(&mut self) -> Scan<bool> {
        self.message(key(2, DELIMITED), |it, name| match name {
            b"scope" => it.message(key(1, DELIMITED), |it, name| match name {
                b"name" => it.lenient(|it| it.text(key(1, DELIMITED))),
                b"version" => it.lenient(|it| it.text(key(2, DELIMITED))),
                _ => it.unknown(),
            }),
            b"spans" => it.list(Self::span),
            _ => it.unknown(),
        })
    }

    fn span(&mut self) -> Scan<bool> {
        let mark = self.out.bytes.len();
        let sound = self.message(key(2, DELIMITED), |it, name| match name {
            b"traceId" | b"trace_id" => it.identifier::<16>(key(1, DELIMITED)),
            b"spanId" | b"span_id" => it.identifier::<8>(key(2, DELIMITED)),
            b"traceState" | b"trace_state" => it.lenient(|it| it.text(key(3, DELIMITED))),
            b"parentSpanId" | b"parent_span_id" => it.identifier::<8>(key(4, DELIMITED)),
            b"name" => it.lenient(|it| it.text(key(5, DELIMITED))),
            b"kind" => it.enumeration(key(6, VARINT)),
            b"startTimeUnixNano" | b"start_time_unix_nano" => it.time(key(7, FIXED64)),
            b"endTimeUnixNano" | b"end_time_unix_nano" => it.time(key(8, FIXED64)),
            b"attributes" => it.lenient(|it| it.list(|it| it.attribute(key(9, DELIMITED)))),
            b"events" => it.lenient(|it| it.list(Self::event)),
            b"status" => it.status(),
            _ => it.unknown(),
        })?;
        if !sound {
            self.out.bytes.truncate(mark);
            self.out.delimited(key(2, DELIMITED), &NO_SPAN);
        }
        Ok(true)
    }

    fn event(&mut self) -> Scan<bool> {
        self.whole_or_dropped(|it| {
            it.message(key(11, DELIMITED), |it, name| match name {
                b"timeUnixNano" | b"time_unix_nano" => it.time(key(1, FIXED64)),
                b"name" => it.text(key(2, DELIMITED)),
                b"attributes" => it.lenient(|it| it.list(|it| it.attribute(key(3, DELIMITED)))),
                _ => it.unknown(),
            })
        })
    }

    fn status(&mut self) -> Scan<bool> {
        self.message(key(15, DELIMITED), |it, name| match name {
            b"message" => it.lenient(|it| it.text(key(2, DELIMITED))),
            b"code" => it.enumeration(key(3, VARINT)),
            _ => it.unknown(),
        })
    }

    fn attribute(&mut self, tag: u32) -> Scan<bool> {
        self.whole_or_dropped(|it| {
            it.message(tag, |it, name| match name {
                b"key" => it.text(key(1, DELIMITED)),
                b"value" => it.any_value(key(2, DELIMITED)),
                _ => it.unknown(),
            })
        })
    }

    fn any_value(&mut self, tag: u32) -> Scan<bool> {
        if self.levels == MOST_LEVELS {
            self.json.skip()?;
            self.dropped.too_deep += 1;
            // The value becomes an empty one, and what is around it stays.
            self.out.delimited(tag, &[]);
            return Ok(true);
        }
        self.levels += 1;
        let sound = self.message(tag, |it, name| match name {
            b"stringValue" | b"string_value" => it.text(key(1, DELIMITED)),
            b"boolValue" | b"bool_value" => it.boolean(key(2, VARINT)),
            b"intValue" | b"int_value" => it.integer(key(3, VARINT)),
            b"doubleValue" | b"double_value" => it.double(key(4, FIXED64)),
            b"arrayValue" | b"array_value" => {
                it.values(key(5, DELIMITED), |it| it.element(key(1, DELIMITED)))
            }
            b"kvlistValue" | b"kvlist_value" => {
                it.values(key(6, DELIMITED), |it| it.attribute(key(1, DELIMITED)))
            }
            b"bytesValue" | b"bytes_value" => it.base64(key(7, DELIMITED)),
            _ => it.unknown(),
        });
        self.levels -= 1;
        sound
    }

    /// `ArrayValue` and `KeyValueList`.
    fn values(&mut self, tag: u32, mut each: impl FnMut(&mut Self) -> Scan<bool>) -> Scan<bool> {
        self.message(tag, |it, name| match name {
            b"values" => it.list(&mut each),
            _ => it.unknown(),
        })
    }

    /// An element of an array: a bad one leaves its place empty.
    fn element(&mut self, tag: u32) -> Scan<bool> {
        let mark = self.out.bytes.len();
        if !self.any_value(tag)? {
            self.out.bytes.truncate(mark);
            self.out.delimited(tag, &[]);
            self.dropped.wrong_type += 1;
        }
        Ok(true)
    }
}

// === impl Transcoder: shapes ===

impl<'a> Transcoder<'a> {
    /// A map whose fields become those of a message; null is a message that is absent, or empty in a list.
    fn message(&mut self, tag: u32, field: impl FnMut(&mut Self, &[u8]) -> Scan<bool>) -> Scan<bool> {
        let open = self.out.open(tag);
        let sound = self.map(field);
        self.out.close(open);
        sound
    }

    fn map(&mut self, mut field: impl FnMut(&mut Self, &[u8]) -> Scan<bool>) -> Scan<bool> {
        match self.json.token()? {
            Token::Null => Ok(true),
            Token::Map => {
                let (mut first, mut sound) = (true, true);
                while let Some(name) = self.json.next_key(&mut first)? {
                    sound &= match name.plain() {
                        Some(name) => field(self, name)?,
                        None => field(self, &unescaped(name))?,
                    };
                }
                Ok(sound)
            }
            other => self.wrong(other),
        }
    }

    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Scan<bool>) -> Scan<bool> {
        match self.json.token()? {
            Token::Null => Ok(true),
            Token::List => {
                let (mut first, mut sound) = (true, true);
                while self.json.next_element(&mut first)? {
                    sound &= each(self)?;
                }
                Ok(sound)
            }
            other => self.wrong(other),
        }
    }

    fn unknown(&mut self) -> Scan<bool> {
        self.json.skip().map(|()| true)
    }

    fn wrong(&mut self, token: Token<'a>) -> Scan<bool> {
        self.json.skip_rest(token).map(|()| false)
    }

    /// A field that costs only itself.
    fn lenient(&mut self, read: impl FnOnce(&mut Self) -> Scan<bool>) -> Scan<bool> {
        let sound = read(self)?;
        self.dropped.wrong_type += u64::from(!sound);
        Ok(true)
    }

    /// The same, leaving nothing of it behind.
    fn whole_or_dropped(&mut self, read: impl FnOnce(&mut Self) -> Scan<bool>) -> Scan<bool> {
        let mark = self.out.bytes.len();
        if !read(self)? {
            self.out.bytes.truncate(mark);
            self.dropped.wrong_type += 1;
        }
        Ok(true)
    }
}

// === impl Transcoder: scalars ===

impl<'a> Transcoder<'a> {
    fn text(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let Token::Text(text) = token else { return None };
            let open = it.out.open(tag);
            text.append_to(&mut it.out.bytes);
            it.out.close(open);
            Some(())
        })
    }

    fn boolean(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let Token::Bool(truth) = token else { return None };
            it.out.varint(tag, truth.into());
            Some(())
        })
    }

    fn integer(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let number = i64::try_from(scalar::integer(&written(token)?)?).ok()?;
            it.out.varint(tag, number.cast_unsigned());
            Some(())
        })
    }

    fn time(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let nanos = u64::try_from(scalar::integer(&written(token)?)?).ok()?;
            it.out.fixed64(tag, nanos);
            Some(())
        })
    }

    fn double(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let number = scalar::double(&written(token)?)?;
            it.out.fixed64(tag, number.to_bits());
            Some(())
        })
    }

    fn enumeration(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let number = scalar::enumeration(&written(token)?, matches!(token, Token::Text(_)))?;
            it.out.varint(tag, number);
            Some(())
        })
    }

    fn base64(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let Token::Text(text) = token else { return None };
            let open = it.out.open(tag);
            match text.plain() {
                Some(plain) => scalar::base64(plain, &mut it.out.bytes)?,
                None => scalar::base64(&unescaped(text), &mut it.out.bytes)?,
            }
            it.out.close(open);
            Some(())
        })
    }

    /// An id, as bytes; one that is none, as bytes that the walk finds too few.
    fn identifier<const LENGTH: usize>(&mut self, tag: u32) -> Scan<bool> {
        self.scalar(|it, token| {
            let Token::Text(text) = token else { return None };
            match scalar::identifier::<LENGTH>(text.plain().unwrap_or_default()) {
                Some(id) => it.out.delimited(tag, &id),
                None if text.plain() == Some(b"") => {}
                None => it.out.delimited(tag, &[0]),
            }
            Some(())
        })
    }

    /// A scalar; null is an absent one.
    fn scalar(&mut self, write: impl FnOnce(&mut Self, Token<'a>) -> Option<()>) -> Scan<bool> {
        match self.json.token()? {
            Token::Null => Ok(true),
            token @ (Token::List | Token::Map) => self.wrong(token),
            token @ (Token::Bool(_) | Token::Number(_) | Token::Text(_)) => Ok(write(self, token).is_some()),
        }
    }
}

/// A number, as such or as text.
fn written(token: Token<'_>) -> Option<String> {
    match token {
        Token::Number(number) => Some(number.to_owned()),
        Token::Text(text) => String::from_utf8(unescaped(text)).ok(),
        Token::Null | Token::Bool(_) | Token::List | Token::Map => None,
    }
}

fn unescaped(text: RawText<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    text.append_to(&mut bytes);
    bytes
}

// === impl Named ===

impl<'a, V: Visitor<'a>> Visitor<'a> for Named<'_, V> {
    fn resource(&mut self) {
        self.0.resource();
    }

    fn resource_attribute(&mut self, key: &'a str, value: Value<'a>) {
        self.0.resource_attribute(key, value);
    }

    fn scope(&mut self, name: &'a str, version: &'a str) {
        self.0.scope(name, version);
    }

    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.0.span_attribute(attribute)
    }

    fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool {
        self.0.event(name, time_unix_nano)
    }

    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.0.event_attribute(attribute)
    }

    fn trace_state(&mut self, state: &'a [u8]) {
        self.0.trace_state(state);
    }

    fn span(&mut self, header: &SpanHeader<'a>) {
        self.0.span(header);
    }

    fn malformed_span(&mut self, fault: Fault) {
        self.0.malformed_span(if fault == Fault::Key { Fault::JsonType } else { fault });
    }

    fn dropped(&mut self, fault: Fault) {
        self.0.dropped(fault);
    }
}
