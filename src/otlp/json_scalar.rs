//! The scalars of protobuf in JSON: 64-bit numbers, floats, enums, bytes and ids.
//!
//! In: what stands in the JSON, a number or the content of a text. Out: one number, or bytes. It knows
//! nothing of spans.

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

/// An integer. protobuf's JSON takes 1.0 and 1e3 for integers too.
pub(super) fn integer(text: &str) -> Option<i128> {
    text.parse().ok().or_else(|| {
        let float: f64 = text.parse().ok()?;
        (float.fract() == 0.0 && float.abs() < 1e20).then_some(float as i128)
    })
}

/// A float, with "NaN", "Infinity" and "-Infinity".
pub(super) fn double(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The number of an enum's value, given as such or by name. Unknown names are 0, which is
/// "unspecified" in all of OTLP, as unknown numbers are to whoever reads them.
pub(super) fn enumeration(text: &str, is_name: bool) -> Option<u64> {
    if is_name {
        return Some(ENUM_NAMES.iter().find(|(name, _)| *name == text).map_or(0, |(_, number)| *number));
    }
    integer(text).map(|number| u64::try_from(number).unwrap_or(0))
}

/// An id in hex (OTLP/JSON) or base64 (protobuf's JSON). Base64 must be padded: without, it could be
/// hex of a wrong length.
pub(super) fn identifier<const LENGTH: usize>(text: &[u8]) -> Option<[u8; LENGTH]> {
    if text.len() == 2 * LENGTH {
        hex(text)
    } else if text.len() == LENGTH.div_ceil(3) * 4 {
        let mut bytes = Vec::with_capacity(LENGTH);
        base64(text, &mut bytes)?;
        bytes.try_into().ok()
    } else {
        None
    }
}

fn hex<const LENGTH: usize>(text: &[u8]) -> Option<[u8; LENGTH]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Appends the bytes of base64 of either alphabet, padded or not, as protobuf's JSON asks of parsers.
pub(super) fn base64(text: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let padding = text.iter().rev().take_while(|&&digit| digit == b'=').count();
    for group in text[..text.len() - padding].chunks(4) {
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
    Some(())
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
