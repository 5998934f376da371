//! Attributes that nobody lists: the ends of their keys tell, whoever's prefix they have.
//!
//! In: attributes that were kept until it is known that the span is about a model. Out: facts stated to a [`Draft`].

use super::draft::Draft;
use super::marks::{self, Word};
use super::signs::Sign;
use super::value::unquoted;
use super::{objects, words};
use crate::dialect::{Fact, UsageFamily};
use crate::otlp::Value;

/// Ends of keys under which a model is named.
const MODEL_ENDS: [&str; 4] = [".model", ".model_name", ".model.name", ".model_id"];

/// Ends of keys under which a vendor says what a span is; dots, dashes and underscores are the same.
const MARKER_ENDS: [&str; 6] =
    ["span_kind", "span_type", "observation_type", "request_type", "log_type", "run_type"];

impl<'a> Draft<'a> {
    /// Reads the attributes that only the words of their keys tell of, on a span that is about a model:
    /// the ends of keys, whoever's prefix they have.
    pub(super) fn read_tails(&mut self) {
        for attribute in std::mem::take(&mut self.tails) {
            let (Ok(key), Ok(value)) = (attribute.text_key(), attribute.value()) else { continue };
            if let Value::Text(text) = value
                && let Some(end) = MODEL_ENDS.iter().find(|end| key.ends_with(**end))
            {
                let answered = key[..key.len() - end.len()].ends_with("response");
                self.state(
                    if answered { Fact::ResponseModel(1) } else { Fact::RequestModel(1) },
                    Value::Text(text),
                );
                continue;
            }
            // A map is the same as its JSON.
            match value {
                Value::Text(text) if key.ends_with("usage") && text.trim_start().starts_with('{') => {
                    objects::response_usage(self, text);
                }
                value => self.count_under(key, value, 0),
            }
        }
    }

    /// A number, or a map of numbers, under a key that nobody lists.
    fn count_under(&mut self, key: &str, value: Value<'a>, depth: usize) {
        match value {
            Value::Map(map) if depth < 4 => {
                for (inner, value) in map.iter() {
                    self.count_under(&format!("{key}.{inner}"), value, depth + 1);
                }
            }
            Value::Int(_) | Value::Double(_) | Value::Text(_) => {
                let mut segments = key.rsplit(['.', '/', ':']);
                let (last, qualifier) = (segments.next().unwrap_or(""), segments.next().unwrap_or(""));
                if let Some(field) = words::field_of(qualifier, last, false) {
                    self.state(Fact::Usage(UsageFamily::Words, field), value);
                }
            }
            _ => {}
        }
    }

    /// Signs that keys of nobody known give: a marker whose value is a word for a call, or for none.
    pub(super) fn read_foreign_markers(&mut self) {
        for attribute in &self.tails {
            let key = attribute.key();
            if !MARKER_ENDS.iter().any(|end| ends_like(key, end)) {
                continue;
            }
            let Ok(Value::Text(text)) = attribute.value() else { continue };
            match marks::word(text) {
                Word::Call => {
                    self.signs.add(Sign::ForeignMarker);
                    self.markers.call = unquoted(text);
                }
                Word::NoCall => self.signs.add(Sign::ForeignNoCallMarker),
                Word::Unknown => {}
            }
        }
    }
}

/// True when a key that nobody lists ends in one of the words that tell: the rest is not looked at again.
#[inline]
pub(super) fn telling(key: &[u8]) -> bool {
    let Some(last) = key.last_chunk::<4>() else { return false };
    matches!(
        last,
        b"kens"
            | b"ount"
            | b"ompt"
            | b"tion"
            | b"nput"
            | b"tput"
            | b"read"
            | b"rite"
            | b"odel"
            | b"name"
            | b"l_id"
            | b"kind"
            | b"type"
            | b"ning"
            | b"ched"
            | b"sage"
            | b"otal"
            | b"udio"
    ) && has_word(key)
}

/// `token`, or the name of a model.
fn has_word(key: &[u8]) -> bool {
    memchr::memmem::find(key, b"oken").is_some()
        || MODEL_ENDS.iter().any(|end| key.ends_with(end.as_bytes()))
        || MARKER_ENDS.iter().any(|end| ends_like(key, end))
        || key.ends_with(b".usage")
}

fn ends_like(key: &[u8], end: &str) -> bool {
    let Some(start) = key.len().checked_sub(end.len()) else { return false };
    let same = key[start..].iter().zip(end.bytes()).all(|(a, b)| match a {
        b'.' | b'-' | b':' => b == b'_',
        byte => byte.to_ascii_lowercase() == b,
    });
    same && (start == 0 || !key[start - 1].is_ascii_alphanumeric())
}
