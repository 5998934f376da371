//! The facts of the span that is being read, borrowed from the request until it is known what it is.
//!
//! In: one call per attribute. Out: [`Draft::write`] into a batch. Knows values, judges nothing.

use std::borrow::Cow;

use super::{NAME_BOUND, objects};
use crate::dialect::{
    DATADOG_PREFIX, Fact, Field, HEADER_PREFIX, Profile, Rank, Trait, UsageFamily, Vocabulary,
};
use crate::facts::{Batch, ErrorText, ErrorTextKind, Pair, Reading, ReportedCost, Role, SpanFacts};
use crate::loose;
use crate::otlp::{SpanHeader, SpanStatus, Value};

/// Longest error text that is kept, in bytes: a body with details is about two thousand.
const ERROR_BOUND: usize = 4096;
/// Most headers, readings, error texts and finish reasons of one span that are kept.
const LIST_BOUND: usize = 64;

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
    touched: bool,
    pub(super) markers: Markers<'a>,
    pub(super) operation: Best<'a>,
    pub(super) provider: Best<'a>,
    pub(super) request_model: Best<'a>,
    pub(super) response_model: Best<'a>,
    pub(super) routed_model: Best<'a>,
    pub(super) response_id: Best<'a>,
    server_address: Best<'a>,
    url: &'a str,
    url_path: &'a str,
    http_method: bool,
    pub(super) service_tier: Best<'a>,
    account: Best<'a>,
    first_token_seconds: Option<f64>,
    first_token: Option<f64>,
    first_token_at: &'a str,
    pub(super) streaming: Option<bool>,
    reported_duration: Option<f64>,
    status_code: Option<u16>,
    marked_failed: bool,
    exception: bool,
    resends: Option<u32>,
    pub(super) max_tokens: Option<u64>,
    input_characters: Option<u32>,
    output_characters: Option<u32>,
    pub(super) reported: Option<(Rank, f64)>,
    pub(super) readings: Vec<Reading>,
    pub(super) pairs: Vec<(&'a str, Cow<'a, str>)>,
    errors: Vec<(ErrorTextKind, &'a str)>,
    finishes: Vec<&'a str>,
    dimensions: Vec<(usize, Cow<'a, str>)>,
}

// === impl Draft: what is asked of it ===

impl<'a> Draft<'a> {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions: vec![(usize::MAX, Cow::Borrowed("")); dimensions], ..Self::default() }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        !self.touched
    }

    pub(super) fn has_usage(&self) -> bool {
        !self.readings.is_empty()
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

    pub(super) fn clear(&mut self) {
        if !self.touched {
            return;
        }
        let mut old = std::mem::take(self);
        old.readings.clear();
        old.pairs.clear();
        old.errors.clear();
        old.finishes.clear();
        old.dimensions.fill((usize::MAX, Cow::Borrowed("")));
        *self = Self {
            readings: old.readings,
            pairs: old.pairs,
            errors: old.errors,
            finishes: old.finishes,
            dimensions: old.dimensions,
            ..Self::default()
        };
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

    /// Takes in headers and the like, which are known by how their key begins.
    pub(super) fn state_prefixed(&mut self, key: &'a str, value: Value<'a>) {
        let name = if let Some(name) = key.strip_prefix(HEADER_PREFIX) {
            name
        } else if key.starts_with(DATADOG_PREFIX) {
            key
        } else {
            if key.starts_with("llm.") {
                self.state_raw_request(key, value);
            }
            return;
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

    #[expect(clippy::too_many_lines, reason = "one arm per fact: the whole vocabulary on one page")]
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
            Fact::ReportedCostObject => objects::cost(self, text),
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
            Fact::InputText => {
                self.input_characters =
                    Some(self.input_characters.unwrap_or(0).saturating_add(characters(text)));
            }
            Fact::OutputText => {
                self.output_characters =
                    Some(self.output_characters.unwrap_or(0).saturating_add(characters(text)));
            }
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
            | Fact::MaxTokens => match text.trim().parse::<f64>() {
                Ok(number) => self.state_number(fact, number, None),
                Err(_) => self.state_number(fact, f64::NAN, None),
            },
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
        key: &str,
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

    pub(super) fn event_attribute(&mut self, key: &'a str, value: Value<'a>) {
        let Value::Text(text) = value else { return };
        match key {
            "exception.type" => self.error(ErrorTextKind::Type, text),
            "exception.message" => self.error(ErrorTextKind::Message, text),
            _ => {}
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

// === impl Draft: what it becomes ===

impl<'a> Draft<'a> {
    /// Copies what is known into the batch.
    pub(super) fn write(
        &self,
        batch: &mut Batch,
        header: &SpanHeader<'a>,
        role: Role,
        profile: &'static Profile,
        scope_hash: u64,
        resource_dimensions: &[(usize, String)],
    ) {
        let failed = self.failed(header);
        let lists = self.write_lists(batch, header, failed);
        let dimensions = self.write_dimensions(batch, resource_dimensions);
        let start = self.start(header, role);
        let resource = batch.resources.len().saturating_sub(1) as u32;
        let facts = SpanFacts {
            trace_id: header.trace_id,
            span_id: header.span_id,
            parent_span_id: header.parent_span_id,
            start_unix_nano: start,
            end_unix_nano: header.end_unix_nano,
            kind: header.kind,
            status: header.status,
            role,
            layer: layer_of(role, profile),
            profile,
            scope_hash,
            resource,
            name: batch.store(header.name, NAME_BOUND),
            operation: batch.store(self.operation(), NAME_BOUND),
            provider: batch.store(self.provider.text, NAME_BOUND),
            request_model: batch.store(self.request_model.text, NAME_BOUND),
            response_model: batch.store(self.response_model.text, NAME_BOUND),
            routed_model: batch.store(self.routed_model.text, NAME_BOUND),
            response_id: batch.store(self.response_id.text, NAME_BOUND),
            server_address: batch.store(self.host(), NAME_BOUND),
            url_path: batch.store(if role == Role::Http { self.url_path() } else { "" }, NAME_BOUND),
            service_tier: batch.store(self.service_tier.text, NAME_BOUND),
            account: batch.store(self.account.text, NAME_BOUND),
            time_to_first_token: self.time_to_first_token(header, profile),
            streaming: self.streaming(),
            status_code: self.status_code,
            marked_failed: failed,
            resends: self.resends,
            max_tokens: self.max_tokens,
            input_characters: self.input_characters,
            output_characters: self.output_characters,
            web_searches: self.web_searches(),
            reported: ReportedCost { total: self.reported_cost(profile) },
            readings: lists[0].clone(),
            headers: lists[1].clone(),
            errors: lists[2].clone(),
            finishes: lists[3].clone(),
            dimensions,
        };
        batch.spans.push(facts);
    }

    fn failed(&self, header: &SpanHeader<'_>) -> bool {
        if header.status == SpanStatus::Error || self.marked_failed {
            return true;
        }
        let typed = self.errors.iter().any(|(kind, _)| *kind == ErrorTextKind::Type);
        let refused = self.status_code.is_some_and(|status| status >= 400);
        let ended_badly = self.finishes.iter().any(|reason| reason.eq_ignore_ascii_case("error"));
        let open = header.status == SpanStatus::Unset;
        refused || ended_badly || (open && typed)
    }

    fn write_lists(
        &self,
        batch: &mut Batch,
        header: &SpanHeader<'a>,
        failed: bool,
    ) -> [std::ops::Range<u32>; 4] {
        let start = |length: usize| length as u32;
        let readings = start(batch.readings.len());
        batch.readings.extend_from_slice(&self.readings);
        let pairs = start(batch.pairs.len());
        for (name, value) in &self.pairs {
            let pair = Pair { name: batch.store(name, NAME_BOUND), value: batch.store(value, NAME_BOUND) };
            batch.pairs.push(pair);
        }
        let errors = start(batch.errors.len());
        if failed {
            for (kind, text) in &self.errors {
                let text = batch.store(text, ERROR_BOUND);
                batch.errors.push(ErrorText { kind: *kind, text });
            }
            let message = batch.store(header.status_message, ERROR_BOUND);
            if !message.is_empty() {
                batch.errors.push(ErrorText { kind: ErrorTextKind::Message, text: message });
            }
        }
        let finishes = start(batch.finishes.len());
        for reason in &self.finishes {
            let reason = batch.store(reason, 64);
            batch.finishes.push(reason);
        }
        [
            readings..start(batch.readings.len()),
            pairs..start(batch.pairs.len()),
            errors..start(batch.errors.len()),
            finishes..start(batch.finishes.len()),
        ]
    }

    fn write_dimensions(&self, batch: &mut Batch, resource: &[(usize, String)]) -> std::ops::Range<u32> {
        let start = batch.dimensions.len() as u32;
        for (index, (_, own)) in self.dimensions.iter().enumerate() {
            let inherited = resource.get(index).map_or("", |(_, value)| value.as_str());
            let value = if own.is_empty() { inherited } else { own };
            let stored = batch.store(value, NAME_BOUND);
            batch.dimensions.push(stored);
        }
        start..batch.dimensions.len() as u32
    }

    /// A span that reports on a stream at its end has its length as an attribute.
    fn start(&self, header: &SpanHeader<'_>, role: Role) -> u64 {
        match (role, self.reported_duration) {
            (Role::Continuation, Some(seconds)) => {
                header.end_unix_nano.saturating_sub((seconds * 1e9) as u64)
            }
            _ => header.start_unix_nano,
        }
    }

    fn operation(&self) -> &'a str {
        let m = &self.markers;
        let marked =
            [m.openinference_kind, m.vercel_operation, m.langfuse_type, m.mlflow_type, m.request_type];
        if self.operation.text.is_empty() {
            marked.into_iter().find(|text| !text.is_empty()).unwrap_or("")
        } else {
            self.operation.text
        }
    }

    fn streaming(&self) -> Option<bool> {
        let named = self.markers.vercel_operation;
        self.streaming.or_else(|| (!named.is_empty()).then(|| named.starts_with("ai.stream")))
    }

    fn time_to_first_token(&self, header: &SpanHeader<'_>, profile: &Profile) -> Option<f64> {
        if profile.has(Trait::FirstTokenAlways) && self.streaming() != Some(true) {
            return None;
        }
        let scale = if profile.has(Trait::FirstTokenMillis) { 1e3 } else { 1.0 };
        let stated = self.first_token_seconds.or(self.first_token.map(|value| value / scale));
        stated.or_else(|| {
            let at: jiff::Timestamp = self.first_token_at.parse().ok()?;
            let after = at.as_nanosecond() - i128::from(header.start_unix_nano);
            (after > 0).then_some(after as f64 / 1e9)
        })
    }

    fn web_searches(&self) -> u32 {
        let found = self.readings.iter().find(|reading| reading.field == Field::WebSearches);
        found.and_then(|reading| reading.count).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    }

    fn reported_cost(&self, profile: &Profile) -> Option<f64> {
        let (_, dollars) = self.reported?;
        (dollars > 0.0 || !profile.has(Trait::ZeroCostIsUnknown)).then_some(dollars)
    }
}

fn layer_of(role: Role, profile: &Profile) -> crate::dialect::Layer {
    use crate::dialect::Layer;
    match role {
        Role::Http => Layer::Http,
        Role::Aggregate | Role::Other => Layer::Agent,
        Role::Call | Role::Companion | Role::Continuation => profile.layer.max(Layer::Sdk),
    }
}

// === values ===

fn push_bounded<T>(list: &mut Vec<T>, item: T) {
    if list.len() < LIST_BOUND {
        list.push(item);
    }
}

/// A number as a count of something; `None` for what cannot be one.
pub(super) fn count(number: f64, whole: Option<i64>) -> Option<u64> {
    match whole {
        Some(whole) => u64::try_from(whole).ok(),
        None => (number.is_finite() && (0.0..9e15).contains(&number) && number.fract() == 0.0)
            .then_some(number as u64),
    }
}

fn positive(number: f64) -> Option<f64> {
    (number.is_finite() && number > 0.0).then_some(number)
}

fn http_status(number: u64) -> Option<u16> {
    u16::try_from(number).ok().filter(|status| (100..600).contains(status))
}

fn flag_of(text: &str) -> Option<bool> {
    match text {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}

fn characters(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// Text without one pair of surrounding quotes: some SDKs JSON-encode every string.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// A scalar as text.
pub(super) fn plain(value: Value<'_>) -> String {
    plain_borrowed(value).into_owned()
}

fn plain_borrowed(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Text(text) => loose::decoded(text),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        Value::Double(number) => Cow::Owned(number.to_string()),
        Value::Empty | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => Cow::Borrowed(""),
    }
}

/// The host in a host, a host with a port, or a URL.
pub(super) fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or("");
    host.split_once(':').map_or(host, |(name, _)| name)
}

fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

fn contains_limit(name: &str) -> bool {
    let mut letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let mut window = [0_u8; 9];
    letters.any(|letter| {
        window.rotate_left(1);
        window[8] = letter;
        &window == b"ratelimit" || &window == b"okenlimit"
    })
}

/// Headers that some provider puts evidence into; the rest is not kept.
fn worth_keeping(name: &str) -> bool {
    let name = name.trim_start_matches("llm_provider-").trim_start_matches("llm_provider_");
    contains_limit(name)
        || [
            "retry-after",
            "retry_after",
            "x-should-retry",
            "openai-organization",
            "openai_organization",
            "openai-project",
            "openai_project",
            "anthropic-organization-id",
            "anthropic_organization_id",
            "fireworks",
            "x-ms-region",
            "x_ms_region",
            "x-envoy",
            "azureml",
            "apim",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
