//! The facts of the span that is being read, borrowed from the request until it is known what it is.
//!
//! In: one call per attribute. Out: [`Draft::write`] into a batch. Knows values, judges nothing.

use std::borrow::Cow;
use std::mem::take;

use super::value::{
    contains_limit, count, flag_of, host_of, http_status, path_of, plain_borrowed, positive, push_bounded,
    unquoted, worth_keeping,
};
use super::{objects, stack_trace};
use crate::dialect::{DATADOG_PREFIX, Fact, Field, HEADER_PREFIX, Rank, UsageFamily, Vocabulary};
use crate::facts::{ErrorTextKind, Reading};
use crate::otlp::{Attribute, Fault, Value};

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
    pub(super) openinference_kind: &'a str,
    pub(super) vercel_operation: &'a str,
    pub(super) langfuse_type: &'a str,
    pub(super) langsmith_kind: &'a str,
    pub(super) mlflow_type: &'a str,
    pub(super) claude_code_type: &'a str,
    pub(super) traceloop_kind: &'a str,
    pub(super) request_type: &'a str,
    pub(super) logfire_type: &'a str,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    pub(super) touched: bool,
    pub(super) markers: Markers<'a>,
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
    pub(super) service_tier: Best<'a>,
    pub(super) speed: Best<'a>,
    pub(super) geography: &'a str,
    pub(super) currency: &'a str,
    pub(super) account: Best<'a>,
    pub(super) first_token_seconds: Option<f64>,
    pub(super) first_token: Option<f64>,
    pub(super) first_token_at: &'a str,
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
    pub(super) readings: Vec<Reading>,
    pub(super) pairs: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) errors: Vec<(ErrorTextKind, &'a str)>,
    pub(super) finishes: Vec<&'a str>,
    pub(super) dimensions: Vec<(usize, Cow<'a, str>)>,
}

// === impl Draft: what is asked of it ===

impl<'a> Draft<'a> {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions: vec![(usize::MAX, Cow::Borrowed("")); dimensions], ..Self::default() }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        !self.touched
    }

    /// Any application may write `input_tokens`: bare keys prove nothing without Claude Code's own marker.
    pub(super) fn has_usage(&self) -> bool {
        self.readings.iter().any(|reading| reading.family != UsageFamily::ClaudeCode)
    }

    pub(super) fn has_model(&self) -> bool {
        !(self.request_model.text.is_empty() && self.response_model.text.is_empty())
    }

    pub(super) fn has_errors(&self) -> bool {
        self.exception
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
        let Self { readings, pairs, errors, finishes, dimensions, .. } = self;
        let mut lists = (take(readings), take(pairs), take(errors), take(finishes), take(dimensions));
        lists.0.clear();
        lists.1.clear();
        lists.2.clear();
        lists.3.clear();
        lists.4.fill((usize::MAX, Cow::Borrowed("")));
        *self = Self::default();
        (self.readings, self.pairs, self.errors, self.finishes, self.dimensions) = lists;
    }
}

// === impl Draft: what is told to it ===

impl<'a> Draft<'a> {
    /// Takes in what an attribute states.
    pub(super) fn state(&mut self, fact: Fact, value: Value<'a>) {
        self.touched = true;
        match value {
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
        if worth_keeping(name) && !value.is_empty() && self.pairs.len() < LIST_BOUND {
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

    fn state_text(&mut self, fact: Fact, text: &'a str) {
        match fact {
            Fact::Operation(rank) => self.operation.offer(rank, text),
            Fact::Provider(rank) => self.provider.offer(rank, unquoted(text)),
            Fact::RequestModel(rank) => self.request_model.offer(rank, unquoted(text)),
            Fact::ResponseModel(rank) => self.response_model.offer(rank, unquoted(text)),
            Fact::RoutedModel(rank) => self.routed_model.offer(rank, text),
            Fact::ResponseId(rank) => self.response_id.offer(rank, unquoted(text)),
            Fact::OpenInferenceKind => self.markers.openinference_kind = text,
            Fact::VercelOperation => self.markers.vercel_operation = text,
            Fact::LangfuseType => self.markers.langfuse_type = text,
            Fact::LangsmithKind => self.markers.langsmith_kind = text,
            Fact::MlflowType => self.markers.mlflow_type = unquoted(text),
            Fact::ClaudeCodeType => self.markers.claude_code_type = text,
            Fact::TraceloopKind => self.markers.traceloop_kind = text,
            Fact::RequestType => self.markers.request_type = text,
            Fact::LogfireType => self.markers.logfire_type = text,
            Fact::UsageObject(family) => objects::usage(self, family, text),
            Fact::InputDetails => objects::details(self, objects::Side::Input, text),
            Fact::OutputDetails => objects::details(self, objects::Side::Output, text),
            Fact::RequestObject => objects::request(self, text),
            Fact::ResponseObject => objects::response(self, text),
            Fact::ProviderMetadata => objects::provider_metadata(self, text),
            Fact::HiddenParams => objects::hidden_params(self, text),
            Fact::HeaderObject => objects::headers(self, text),
            Fact::ReportedCostObject => objects::cost(self, text),
            Fact::ReportedCurrency => self.currency = unquoted(text),
            Fact::FirstTokenAt => self.first_token_at = unquoted(text),
            Fact::FinishReason => {
                objects::texts(text, &mut |reason| push_bounded(&mut self.finishes, reason));
            }
            Fact::ErrorType => self.error(ErrorTextKind::Type, text),
            Fact::ErrorCode => self.error(ErrorTextKind::Code, text),
            Fact::ErrorMessage => self.error(ErrorTextKind::Message, text),
            Fact::Level => self.marked_failed |= text.eq_ignore_ascii_case("error"),
            Fact::ServiceTier(rank) => self.service_tier.offer(rank, text),
            Fact::ServerAddress(rank) => self.server_address.offer(rank, text),
            Fact::Url => self.url = text,
            Fact::UrlPath => self.url_path = text,
            Fact::HttpMethod => self.http_method = true,
            Fact::Account(rank) => self.account.offer(rank, text),
            Fact::InputText | Fact::OutputText => self.state_length(fact, text.len()),
            Fact::Streaming | Fact::Success => {
                if let Some(flag) = flag_of(text) {
                    self.state_flag(fact, flag);
                }
            }
            Fact::Usage(..)
            | Fact::FirstTokenSeconds
            | Fact::FirstTokenMillis
            | Fact::FirstToken
            | Fact::ReportedDuration
            | Fact::StatusCode
            | Fact::ReportedCost(_)
            | Fact::Resends
            | Fact::Attempts
            | Fact::MaxTokens => self.state_number(fact, text.trim().parse().unwrap_or(f64::NAN), None),
            Fact::LimitAttribute => {}
        }
    }

    fn state_number(&mut self, fact: Fact, number: f64, whole: Option<i64>) {
        match fact {
            Fact::Usage(family, field) => self.reading(family, field, count(number, whole)),
            Fact::FirstTokenSeconds => {
                self.first_token_seconds = self.first_token_seconds.or(positive(number));
            }
            Fact::FirstTokenMillis => {
                self.first_token_seconds = self.first_token_seconds.or(positive(number / 1e3));
            }
            Fact::FirstToken => self.first_token = positive(number),
            Fact::ReportedDuration => self.reported_duration = positive(number),
            Fact::StatusCode => self.status_code = count(number, whole).and_then(http_status),
            Fact::ReportedCost(rank) => self.cost(rank, number),
            Fact::Resends => self.resends = count(number, whole).and_then(|n| u32::try_from(n).ok()),
            Fact::Attempts => {
                self.resends = count(number, whole).and_then(|n| u32::try_from(n.saturating_sub(1)).ok());
            }
            Fact::MaxTokens => self.max_tokens = count(number, whole).filter(|&most| most > 0),
            Fact::ErrorCode | Fact::ErrorType => {
                if let Some(status) = count(number, whole).and_then(http_status) {
                    self.status_code.get_or_insert(status);
                }
            }
            _ => {}
        }
    }

    fn state_flag(&mut self, fact: Fact, flag: bool) {
        match fact {
            Fact::Streaming => self.streaming = Some(flag),
            Fact::Success => self.marked_failed |= !flag,
            _ => {}
        }
    }

    /// Takes in a value for the configured dimensions that this key is mapped to.
    pub(super) fn state_dimensions(
        &mut self,
        vocabulary: &Vocabulary,
        dimensions: u16,
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

    /// True when the event's attributes are worth reading.
    pub(super) fn event(&mut self, name: &str, _time_unix_nano: u64) -> bool {
        let exception = name == "exception" || name == "gen_ai.client.operation.exception";
        self.exception |= exception;
        self.touched |= exception;
        exception
    }

    pub(super) fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        let key = attribute.key();
        if !key.starts_with(b"exception.") {
            return Ok(());
        }
        let Value::Text(text) = attribute.value()? else { return Ok(()) };
        match key {
            b"exception.type" => self.error(ErrorTextKind::Type, text),
            b"exception.message" => self.error(ErrorTextKind::Message, text),
            b"exception.stacktrace" => stack_trace::read(self, text),
            _ => {}
        }
        Ok(())
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
