//! The facts of the span that is being read, borrowed from the request until it is known what it is.
//!
//! In: one call per attribute. Out: [`Draft::write`] into a batch. Knows values, judges nothing.

use std::borrow::Cow;
use std::mem::take;
use std::sync::Arc;

use super::answer::Answer;
use super::marks::{self, Word};
use super::signs::{Sign, Signs};
use super::value::{contains_limit, host_of, path_of, plain_borrowed, push_bounded, unquoted, worth_keeping};
use crate::call::Pieces;
use crate::dialect::{DATADOG_PREFIX, Fact, Field, HEADER_PREFIX, Rank, Taught, UsageFamily, Vocabulary};
use crate::facts::{ErrorTextKind, Reading};
use crate::otlp::{Attribute, Value};

/// What `raw_gen_ai_request` of `LiteLLM` begins its keys with.
const RAW_REQUEST_PREFIX: &str = "llm.";

/// Most headers, readings, error texts and finish reasons of one span that are kept.
pub(super) const LIST_BOUND: usize = 64;

/// The best-ranked text stated so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Best<'a> {
    rank: Rank,
    pub(super) text: &'a str,
}

impl<'a> Best<'a> {
    pub(super) fn offer(&mut self, rank: Rank, text: &'a str) {
        let text = text.trim();
        if !text.is_empty() && rank > self.rank {
            *self = Self { rank, text };
        }
    }
}

/// What marks a span as this or that in the dialects that mark.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Markers<'a> {
    pub(super) vercel_operation: &'a str,
    pub(super) logfire_type: &'a str,
    /// The bare `span.type`.
    pub(super) bare_type: &'a str,
    /// What a marker that says call is called.
    pub(super) call: &'a str,
    /// Not a call, unless a marker says so.
    pub(super) no_call: &'a str,
}

/// Most entities beside a span.
pub(super) const ENTITIES: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    pub(super) touched: bool,
    /// The dialect of the scope that is being read.
    pub(super) dialect: &'static str,
    /// What the user teaches.
    pub(super) taught: Option<Arc<Taught>>,
    /// Which of it was used, where somebody wants to read that.
    pub(super) taught_entries: Vec<String>,
    pub(super) signs: Signs,
    pub(super) markers: Markers<'a>,
    pub(super) bare_model: &'a str,
    pub(super) currency: &'a str,
    pub(super) entities: [(&'a str, &'a str); ENTITIES],
    /// Attributes that nobody lists and whose keys have telling words.
    pub(super) tails: Vec<Attribute<'a>>,
    /// Usage objects inside answers and events.
    pub(super) answers: Vec<Answer>,
    pub(super) operation: Best<'a>,
    pub(super) provider: Best<'a>,
    pub(super) request_model: Best<'a>,
    pub(super) response_model: Best<'a>,
    pub(super) routed_model: Best<'a>,
    pub(super) response_id: Best<'a>,
    pub(super) server_address: Best<'a>,
    pub(super) url: &'a str,
    pub(super) url_path: &'a str,
    pub(super) http_method: bool,
    /// By a method that only reads.
    pub(super) http_reads: bool,
    pub(super) service_tier: Best<'a>,
    pub(super) speed: Best<'a>,
    pub(super) geography: &'a str,
    pub(super) account: Best<'a>,
    pub(super) first_token_seconds: Option<f64>,
    pub(super) first_token: Option<f64>,
    pub(super) first_token_at: &'a str,
    pub(super) first_token_event: u64,
    pub(super) in_model_event: bool,
    /// The current event has stated no number yet.
    pub(super) new_event: bool,
    /// An event told something: the span is read in full.
    pub(super) event_told: bool,
    pub(super) streaming: Option<bool>,
    pub(super) reported_duration: Option<f64>,
    pub(super) status_code: Option<u16>,
    pub(super) marked_failed: bool,
    pub(super) exception: bool,
    pub(super) resends: Option<u32>,
    pub(super) max_tokens: Option<u64>,
    pub(super) input_characters: Option<u32>,
    pub(super) output_characters: Option<u32>,
    pub(super) reported: Option<(Rank, f64)>,
    /// The gateway's name of the request.
    pub(super) gateway_request: &'a str,
    /// Its usage is that of an answer which a call inside it gave.
    pub(super) repeats_answer: bool,
    /// How many spans it stands for, where not all are kept.
    pub(super) sampled: Option<f64>,
    /// An object on the span has no end.
    pub(super) cut: bool,
    /// What is billed by piece.
    pub(super) pieces: Pieces,
    pub(super) readings: Vec<Reading>,
    pub(super) pairs: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) errors: Vec<(ErrorTextKind, &'a str)>,
    pub(super) finishes: Vec<&'a str>,
    pub(super) dimensions: Vec<(usize, Cow<'a, str>)>,
}

// === impl Draft: what is asked of it ===

impl<'a> Draft<'a> {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let dimensions = vec![(usize::MAX, Cow::Borrowed("")); vocabulary.dimensions()];
        Self { dimensions, taught: vocabulary.taught().cloned(), ..Self::default() }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        !self.touched
    }

    pub(super) const fn has_usage(&self) -> bool {
        !self.readings.is_empty()
    }

    pub(super) fn has_model(&self) -> bool {
        !(self.request_model.text.is_empty() && self.response_model.text.is_empty())
    }

    pub(super) fn has_pairs(&self) -> bool {
        self.pairs.iter().any(|(name, _)| name.len() > 5 && contains_limit(name))
    }

    pub(super) fn has_dimension(&self) -> bool {
        self.dimensions.iter().any(|(_, value)| !value.is_empty())
    }

    pub(super) const fn is_http(&self) -> bool {
        self.http_method || !self.url.is_empty()
    }

    pub(super) fn host(&self) -> &'a str {
        let address = self.server_address.text;
        if address.is_empty() { host_of(self.url) } else { host_of(address) }
    }

    pub(super) fn url_path(&self) -> &'a str {
        if self.url_path.is_empty() { path_of(self.url) } else { self.url_path }
    }

    /// Forgets a span of which nothing but numbers was stated.
    #[inline]
    pub(super) fn clear_numbers(&mut self) {
        self.touched = false;
        self.readings.clear();
        (self.first_token_seconds, self.first_token, self.max_tokens) = (None, None, None);
        (self.input_characters, self.output_characters) = (None, None);
    }

    /// Forgets the span and keeps the memory. The lists are taken out and put back, the rest is written
    /// once, in place.
    pub(super) fn clear(&mut self) {
        if !self.touched {
            return;
        }
        let Self { readings, pairs, errors, finishes, dimensions, tails, answers, dialect, taught, .. } =
            self;
        let mut lists = (take(readings), take(pairs), take(errors), take(finishes), take(dimensions));
        let (mut others, dialect, taught) = ((take(tails), take(answers)), *dialect, take(taught));
        others.0.clear();
        others.1.clear();
        lists.0.clear();
        lists.1.clear();
        lists.2.clear();
        lists.3.clear();
        lists.4.fill((usize::MAX, Cow::Borrowed("")));
        *self = Self::default();
        (self.readings, self.pairs, self.errors, self.finishes, self.dimensions) = lists;
        (self.tails, self.answers, self.dialect, self.taught) = (others.0, others.1, dialect, taught);
    }
}

// === impl Draft: what is told to it ===

impl<'a> Draft<'a> {
    /// Takes in what an attribute states.
    pub(super) fn state(&mut self, fact: Fact, value: Value<'a>) {
        if let Fact::Of(dialect, fact) = fact {
            if dialect == self.dialect {
                self.state(*fact, value);
            }
            return;
        }
        self.touched = true;
        match value {
            Value::Map(_) if fact.is_object() => self.state_object(fact, value.into()),
            // A list of texts are several; one of maps is an object.
            Value::Array(list)
                if fact.is_object() && !list.iter().any(|item| matches!(item, Value::Text(_))) =>
            {
                self.state_object(fact, value.into());
            }
            Value::Empty | Value::Bytes(_) | Value::Map(_) => {}
            Value::Text(text) => self.state_text(fact, text),
            Value::Int(number) => self.state_number(fact, number as f64, Some(number)),
            Value::Double(number) => self.state_number(fact, number, None),
            Value::Bool(flag) => self.state_flag(fact, flag),
            Value::Array(list) => {
                for item in list.iter() {
                    if let Value::Text(text) = item {
                        self.state_text(fact, text);
                    }
                }
            }
        }
    }

    /// Takes in how many spans it stands for. Where several tell, they tell of the same: the most is kept.
    pub(super) fn stand_for(&mut self, weight: Option<f64>) {
        self.sampled = self.sampled.into_iter().chain(weight).reduce(f64::max);
    }

    /// Takes in the length of a text that is not kept.
    pub(super) fn state_length(&mut self, fact: Fact, length: usize) {
        self.touched = true;
        let sum = match fact {
            Fact::InputText => &mut self.input_characters,
            Fact::OutputText => &mut self.output_characters,
            _ => return,
        };
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        *sum = Some(sum.unwrap_or(0).saturating_add(length));
    }

    /// Headers and the like are known by how their key begins.
    #[inline(always)]
    pub(super) fn prefix_of(key: &[u8]) -> Option<&'static str> {
        const PREFIXES: [&str; 3] = [HEADER_PREFIX, DATADOG_PREFIX, RAW_REQUEST_PREFIX];
        if !matches!(key, [b'h' | b'o' | b'l', ..]) {
            return None;
        }
        PREFIXES.into_iter().find(|prefix| key.starts_with(prefix.as_bytes()))
    }

    /// Keeps an attribute that nobody lists, until it is known whether the span is about a model.
    pub(super) fn keep_tail(&mut self, attribute: Attribute<'a>) {
        self.touched = true;
        push_bounded(&mut self.tails, attribute);
    }

    /// Takes in headers and the like.
    pub(super) fn state_prefixed(&mut self, prefix: &str, key: &'a str, value: Value<'a>) {
        let name = match prefix {
            HEADER_PREFIX => &key[prefix.len()..],
            RAW_REQUEST_PREFIX => return self.state_raw_request(key, value),
            _ => key,
        };
        let value = match value {
            Value::Array(list) => list.iter().next().unwrap_or(Value::Empty),
            other => other,
        };
        self.header(name, plain_borrowed(value));
    }

    /// Keeps a response header, if some provider puts evidence into it.
    pub(super) fn header(&mut self, name: &'a str, value: Cow<'a, str>) {
        if (worth_keeping(name) || self.teaches_header(name))
            && !value.is_empty()
            && self.pairs.len() < LIST_BOUND
        {
            self.touched = true;
            self.pairs.push((name, value));
        }
    }

    /// `llm.openai.id`, `llm.anthropic.usage`: how `raw_gen_ai_request` of `LiteLLM` repeats an answer.
    fn state_raw_request(&mut self, key: &'a str, value: Value<'a>) {
        let Value::Text(text) = value else { return };
        let mut parts = key.split('.').skip(1);
        let (Some(_provider), Some(last), None) = (parts.next(), parts.next(), parts.next()) else { return };
        match last {
            "id" => self.state(Fact::ResponseId(2), Value::Text(text)),
            "model" => self.state(Fact::ResponseModel(2), Value::Text(text)),
            _ => {}
        }
    }

    /// Takes in a vendor's word for what the span is.
    pub(super) fn mark(&mut self, text: &'a str, sure: bool) {
        match marks::word(text) {
            Word::Call => {
                self.signs.add(Sign::Marker);
                self.markers.call = unquoted(text);
            }
            // A vendor lists its own kinds: what is no call there is none.
            Word::NoCall | Word::Unknown if sure && !text.is_empty() => {
                self.signs.add(Sign::NoCallMarker);
                self.signs.add_if(marks::is_barrier(text), Sign::Barrier);
            }
            Word::NoCall | Word::Unknown => {}
        }
    }

    /// What the entities beside the span tell: the model, and that it is called (Monocle).
    pub(super) fn read_entities(&mut self) {
        for (kind, name) in self.entities {
            if kind.starts_with("model.") {
                self.request_model.offer(4, named(name));
            } else if kind.starts_with("inference.") {
                self.signs.add(Sign::Marker);
            }
        }
    }

    /// Takes in a value for the configured dimensions that this key is mapped to.
    pub(super) fn state_dimensions(
        &mut self,
        vocabulary: &Vocabulary,
        dimensions: u32,
        key: &[u8],
        value: Value<'a>,
    ) {
        for (index, slot) in self.dimensions.iter_mut().enumerate() {
            let rank = vocabulary.dimension_rank(index, key);
            if dimensions & (1 << index) != 0 && rank < slot.0 {
                let value = plain_borrowed(value);
                if !value.is_empty() {
                    *slot = (rank, value);
                    self.touched = true;
                }
            }
        }
    }

    pub(super) fn error(&mut self, kind: ErrorTextKind, text: &'a str) {
        let text = text.trim();
        if !text.is_empty() && !self.errors.contains(&(kind, text)) {
            push_bounded(&mut self.errors, (kind, text));
        }
    }

    pub(super) fn reading(&mut self, family: UsageFamily, field: Field, count: Option<u64>) {
        push_bounded(&mut self.readings, Reading { family, field, count });
    }

    pub(super) fn cost(&mut self, rank: Rank, dollars: f64) {
        if dollars.is_finite() && dollars >= 0.0 && self.reported.is_none_or(|(best, _)| rank > best) {
            self.reported = Some((rank, dollars));
        }
    }
}

/// A name, or nothing where a library writes a word for nothing; without the API that Mirascope adds.
pub(super) fn named(text: &str) -> &str {
    const NOTHING: [&str; 9] = [
        "none",
        "null",
        "n/a",
        "unknown",
        "unknown_model",
        "undefined",
        "<synthetic>",
        "<unknown>",
        "not_given",
    ];
    let text = unquoted(text.trim());
    if NOTHING.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return "";
    }
    [":completions", ":responses", ":messages"].iter().find_map(|api| text.strip_suffix(api)).unwrap_or(text)
}
