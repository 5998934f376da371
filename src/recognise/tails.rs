//! Attributes that nobody lists: the ends of their keys tell, whoever's prefix they have.
//!
//! In: attributes that were kept until it is known that the span is about a model. Out: facts stated to a [`Draft`].

use super::draft::Draft;
use super::marks::{self, Word};
use super::signs::Sign;
use super::source::Source;
use super::value::unquoted;
use super::{objects, words};
use crate::dialect::{Fact, Field, UsageFamily};
use crate::normalise::provider_of_model;
use crate::otlp::{Attribute, Value};

/// Ends of keys under which a model is named: at the end of a vendor's own prefix, or of `llm_`, `ai_` and their like.
const MODEL_ENDS: [&str; 7] =
    ["model", "model_name", "model.name", "model_id", "modelName", "modelId", "model.id"];

/// What stands before it where no dot does.
const MODEL_HEADS: [&str; 8] = ["llm", "ai", "genai", "gen_ai", "chat", "language", "request", "response"];

/// Kinds that only LLM libraries write, whatever their key is called.
const SURE_KINDS: [&str; 8] = [
    "llm",
    "llm_call",
    "llm_request",
    "llm_generation",
    "llm_completion",
    "chat_completion",
    "chat_model",
    "text_completion",
];

/// Ends of keys under which a vendor says what a span is; dots, dashes and underscores are the same.
const MARKER_ENDS: [&str; 6] =
    ["span_kind", "span_type", "observation_type", "request_type", "log_type", "run_type"];

impl<'a> Draft<'a> {
    /// Reads the attributes that only the words of their keys tell of, on a span that is about a model:
    /// the ends of keys, whoever's prefix they have.
    pub(super) fn read_tails(&mut self) {
        for attribute in std::mem::take(&mut self.tails) {
            let (Ok(key), Ok(value)) = (attribute.text_key(), attribute.value()) else { continue };
            if let (Value::Text(text), Some(head)) = (value, head_of_model(key)) {
                let fact =
                    if head.ends_with("response") { Fact::ResponseModel(1) } else { Fact::RequestModel(1) };
                self.state(fact, Value::Text(text));
                continue;
            }
            // A map is the same as its JSON.
            match value {
                Value::Text(text) if text.trim_start().starts_with('{') => {
                    objects::response_usage(self, Source::Text(text));
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
                if let Some(field) = field_of(key) {
                    self.state(Fact::Usage(UsageFamily::Words, field), value);
                } else if is_cost(key.as_bytes()) {
                    self.state(Fact::ReportedCost(1), value);
                }
            }
            _ => {}
        }
    }

    /// True when keys of nobody known tell what only a call has: a model, and how many tokens went in and came out.
    pub(super) fn tails_tell(&self) -> bool {
        let (mut model, mut input, mut output) = (false, false, false);
        for attribute in &self.tails {
            let (Ok(key), Ok(value)) = (attribute.text_key(), attribute.value()) else { continue };
            if let (Value::Text(text), Some(_)) = (value, head_of_model(key)) {
                model |= !text.trim().is_empty();
                continue;
            }
            let mut see = |field| {
                input |= matches!(field, Some(Field::Input | Field::FreshInput));
                output |= field == Some(Field::Output);
            };
            match value {
                Value::Text(text) if text.trim_start().starts_with('{') => {
                    Source::Text(text)
                        .scan(&mut |path, _| see(path.key().and_then(|key| words::field_of("", key, true))));
                }
                Value::Map(_) => {
                    Source::from(value)
                        .scan(&mut |path, _| see(path.key().and_then(|key| words::field_of("", key, true))));
                }
                Value::Int(_) | Value::Double(_) | Value::Text(_) => see(field_of(key)),
                _ => {}
            }
        }
        model && input && output
    }

    /// True when a key of nobody known names a model whose vendor everybody knows.
    pub(super) fn names_known_model(&self) -> bool {
        self.tails.iter().any(|attribute| {
            let (Ok(key), Ok(Value::Text(text))) = (attribute.text_key(), attribute.value()) else {
                return false;
            };
            head_of_model(key).is_some() && provider_of_model(unquoted(text)).is_some()
        })
    }

    /// Signs that keys of nobody known give: a marker whose value is a word for a call, or for none.
    pub(super) fn read_foreign_markers(&mut self) {
        for attribute in &self.tails {
            let key = attribute.key();
            let Ok(Value::Text(text)) = attribute.value() else { continue };
            let listed = MARKER_ENDS.iter().any(|end| ends_like(key, end));
            let sure = || ends_in_kind(key) && is_sure(text);
            if !listed && !sure() {
                continue;
            }
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

/// The number that a key of nobody known names, by its last two parts.
fn field_of(key: &str) -> Option<Field> {
    let mut segments = key.rsplit(['.', '/', ':']);
    let (last, qualifier) = (segments.next().unwrap_or(""), segments.next().unwrap_or(""));
    words::field_of(qualifier, last.trim_start_matches('$'), false)
}

/// What stands before the name of a model in a key that names one: `acme.`, `llm_`.
fn head_of_model(key: &str) -> Option<&str> {
    MODEL_ENDS.iter().find_map(|end| {
        let head = key.strip_suffix(end)?;
        let dotted = head.strip_suffix(['.', '/', ':']).filter(|head| !head.is_empty());
        let joined = head.strip_suffix('_').filter(|head| {
            let head = head.trim_start_matches('$');
            let last = head.rsplit(['.', '/', ':']).next().unwrap_or("");
            MODEL_HEADS.contains(&last)
        });
        dotted.or(joined)
    })
}

/// A key that says cost, and dollars: `llm.cost_usd`, `ai.cost.dollars`.
fn is_cost(key: &[u8]) -> bool {
    const ENDS: [&str; 4] = ["cost_usd", "cost_total_usd", "total_usd", "cost_dollars"];
    ENDS.iter().any(|end| ends_like(key, end)) && memchr::memmem::find(key, b"ost").is_some()
}

fn ends_in_kind(key: &[u8]) -> bool {
    [".kind", ".type", "_kind", "_type"].iter().any(|end| key.ends_with(end.as_bytes()))
}

fn is_sure(text: &str) -> bool {
    SURE_KINDS.iter().any(|kind| {
        let plain = unquoted(text.trim()).bytes();
        let plain = plain
            .map(|byte| if matches!(byte, b'.' | b'-' | b' ') { b'_' } else { byte.to_ascii_lowercase() });
        plain.eq(kind.bytes())
    })
}

/// True for an attribute that nobody lists and that may tell: by its key, and where many keys end so by its value.
#[inline]
pub(super) fn tells(attribute: &Attribute<'_>) -> bool {
    let key = attribute.key();
    telling(key)
        || (ends_in_kind(key)
            && attribute.raw_text().is_some_and(|text| std::str::from_utf8(text).is_ok_and(is_sure)))
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
            | b"used"
            | b"s.in"
            | b"s_in"
            | b".out"
            | b"_out"
            | b"_usd"
            | b".usd"
            | b"lars"
            | b"unts"
            | b"Name"
            | b"elId"
            | b"l.id"
    ) && has_word(key)
}

/// `token`, or the name of a model.
fn has_word(key: &[u8]) -> bool {
    memchr::memmem::find(key, b"oken").is_some()
        || memchr::memmem::find(key, b"usage").is_some()
        || is_cost(key)
        || std::str::from_utf8(key).is_ok_and(|key| head_of_model(key).is_some())
        || MARKER_ENDS.iter().any(|end| ends_like(key, end))
}

fn ends_like(key: &[u8], end: &str) -> bool {
    let Some(start) = key.len().checked_sub(end.len()) else { return false };
    let same = key[start..].iter().zip(end.bytes()).all(|(a, b)| match a {
        b'.' | b'-' | b':' => b == b'_',
        byte => byte.to_ascii_lowercase() == b,
    });
    same && (start == 0 || !key[start - 1].is_ascii_alphanumeric())
}
