//! The scalars of protobuf in JSON: text, 64-bit numbers, floats, enums, bytes and ids.
//!
//! In: one JSON value. Out: one number, text or array of bytes. It knows nothing of spans.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::span::nonzero;

/// Text, borrowed where it has no escapes.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// An integer, as a number or as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integer<T>(pub(super) T);

/// A float, as a number or as text, with "NaN", "Infinity" and "-Infinity".
#[derive(Clone, Copy, Debug)]
pub(super) struct Double(pub(super) f64);

/// The number of an enum's value, given as such or by name. Unknown names are 0, which is
/// "unspecified" in all of OTLP, as unknown numbers are to whoever reads them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enumeration(pub(super) u64);

/// Bytes, as base64.
#[derive(Debug)]
pub(super) struct Base64(pub(super) Vec<u8>);

/// Source: `trace.proto`, `Span.SpanKind` and `Status.StatusCode`.
const ENUM_NAMES: [(&str, u64); 9] = [
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
    ("STATUS_CODE_UNSET", 0),
    ("STATUS_CODE_OK", 1),
    ("STATUS_CODE_ERROR", 2),
];

/// An id in hex (OTLP/JSON) or base64 (protobuf's JSON), valid only if not all zero.
pub(super) fn identifier<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    identifier_or_zero(text).and_then(nonzero)
}

/// The same, zero allowed. Base64 must be padded: without, it could be hex of a wrong length.
pub(super) fn identifier_or_zero<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    if text.len() == 2 * LENGTH {
        hex(text)
    } else if text.len() == LENGTH.div_ceil(3) * 4 {
        base64(text)?.try_into().ok()
    } else {
        None
    }
}

fn hex<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Base64 of either alphabet, padded or not, as protobuf's JSON asks of parsers.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in group {
            bits = bits << 6 | sextet(*digit)?;
        }
        let count = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        let left_aligned = bits << (8 + 6 * (4 - group.len()));
        bytes.extend_from_slice(&left_aligned.to_be_bytes()[..count]);
    }
    Some(bytes)
}

fn sextet(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

// === impl Text ===

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

// === impl Integer ===

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Integer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Number::deserialize(deserializer)? {
            Number::Integer(integer) => Some(integer),
            Number::Float(float) => whole(float),
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        number.map(Self).ok_or_else(|| de::Error::custom("not an integer of 64 bits"))
    }
}

/// protobuf's JSON takes 1.0 and 1e3 for integers.
fn whole(float: f64) -> Option<i128> {
    (float.fract() == 0.0 && float.abs() < 1e20).then_some(float as i128)
}

// === impl Double ===

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Number::deserialize(deserializer)? {
            Number::Integer(integer) => integer as f64,
            Number::Float(float) => float,
        }))
    }
}

// === impl Enumeration ===

impl<'de> Deserialize<'de> for Enumeration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EnumerationVisitor)
    }
}

struct EnumerationVisitor;

impl de::Visitor<'_> for EnumerationVisitor {
    type Value = Enumeration;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the number or name of an enum's value")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Enumeration, E> {
        Ok(Enumeration(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Enumeration, E> {
        Ok(Enumeration(u64::try_from(number).unwrap_or(0)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Enumeration, E> {
        let named = ENUM_NAMES.iter().find(|(name, _)| *name == text);
        Ok(Enumeration(named.map_or(0, |(_, number)| *number)))
    }
}

// === impl Base64 ===

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        base64(&text).map(Self).ok_or_else(|| de::Error::custom("not base64"))
    }
}

// === Number, what Integer and Double have in common ===

enum Number {
    Integer(i128),
    Float(f64),
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl de::Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, or a number as text")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number::Integer(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number::Integer(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
        Ok(Number::Float(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        if let Ok(integer) = text.parse() {
            return Ok(Number::Integer(integer));
        }
        text.parse().map(Number::Float).map_err(|_| E::custom("not a number"))
    }
}
