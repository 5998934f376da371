//! A draft becomes facts: copied into the batch once it is known what the span is.
//!
//! In: a [`Draft`] and the span's fixed fields. Out: one [`SpanFacts`] and its lists in the [`Batch`].

use std::ops::Range;

use super::NAME_BOUND;
use super::draft::Draft;
use super::marks::{self, Word};
use super::signs::Sign;
use crate::call::{ErrorClass, Piece, Pieces};
use crate::dialect::{Field, Layer, Profile, Trait};
use crate::facts::{Batch, ErrorText, ErrorTextKind, Pair, ReportedCost, Role, SpanFacts, Text};
use crate::otlp::{SpanHeader, SpanKind, SpanStatus};
use crate::price::foreign;

/// Longest error text that is kept, in bytes: a body with details is about two thousand.
const ERROR_BOUND: usize = 4096;

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
        let failed = self.failed(header, profile);
        let said = self.class_said(header.status_message).filter(|_| failed);
        let ((provider, host), taught) = (self.provider_said(), self.taught_text(batch, said));
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
            scope: batch.scope,
            resource,
            signs: self.signs,
            witness: self.is_witness(header, profile, failed),
            name: batch.store(header.name, NAME_BOUND),
            operation: batch.store(self.operation(role, profile), NAME_BOUND),
            provider: batch.store(provider, NAME_BOUND),
            host,
            taught_class: said.map(|(_, class)| class),
            taught,
            request_model: batch.store(self.request_model.text, NAME_BOUND),
            response_model: batch.store(self.response_model.text, NAME_BOUND),
            routed_model: batch.store(self.routed_model.text, NAME_BOUND),
            response_id: batch.store(self.answer_id(failed), NAME_BOUND),
            server_address: batch.store(self.host(), NAME_BOUND),
            url_path: batch.store(if role == Role::Http { self.url_path() } else { "" }, NAME_BOUND),
            service_tier: batch.store(self.service_tier.text, NAME_BOUND),
            speed: batch.store(self.speed.text, NAME_BOUND),
            geography: batch.store(self.geography, NAME_BOUND),
            account: batch.store(self.account.text, NAME_BOUND),
            time_to_first_token: self.time_to_first_token(header, profile, self.streaming()),
            streaming: self.streaming(),
            status_code: self.status_code,
            marked_failed: failed,
            resends: self
                .resends
                .map(|sent| sent.saturating_sub(u32::from(profile.has(Trait::ResendsFromOne)))),
            sampled: self.sampled,
            cut: self.cut,
            max_tokens: self.max_tokens,
            input_characters: self.input_characters,
            output_characters: self.output_characters,
            pieces: self.pieces(),
            reported: ReportedCost { total: self.reported_cost(profile), currency: foreign(self.currency) },
            readings: lists[0].clone(),
            headers: lists[1].clone(),
            errors: lists[2].clone(),
            finishes: lists[3].clone(),
            dimensions,
        };
        batch.spans.push(facts);
    }

    fn failed(&self, header: &SpanHeader<'_>, profile: &Profile) -> bool {
        if header.status == SpanStatus::Error || self.marked_failed {
            return true;
        }
        let typed = self.errors.iter().any(|(kind, _)| *kind == ErrorTextKind::Type);
        let refused = self.status_code.is_some_and(|status| status >= 400);
        let ended_badly = self.finishes.iter().any(|reason| reason.eq_ignore_ascii_case("error"));
        let open = header.status == SpanStatus::Unset;
        let answered = self.has_usage() || !self.finishes.is_empty();
        let unsaid = profile.has(Trait::OkBeforeTheEnd) && self.exception && !answered;
        refused || ended_badly || unsaid || (open && typed)
    }

    /// A wrapper, or the other side of a call, that is the call where nothing else tells of it.
    fn is_witness(&self, header: &SpanHeader<'_>, profile: &Profile, failed: bool) -> bool {
        let lone = profile.has(Trait::LoneWrapperIsCall) && !self.request_model.text.is_empty() && !failed;
        let other_side = header.kind == SpanKind::Server && failed && self.has_model();
        let billed = self.operation.text != "count_tokens"
            && !self.signs.has(Sign::Helper)
            && !profile.has(Trait::TaughtNoCall);
        billed && ((!self.readings.is_empty() && !self.repeats_answer) || lone || other_side)
    }

    /// The id of its answer. A gateway's own refusal has none, and is told as often as it has hooks: the request is its
    /// name.
    fn answer_id(&self, failed: bool) -> &'a str {
        let own = self.response_id.text;
        let refusal = |(kind, text): &(ErrorTextKind, &str)| {
            *kind == ErrorTextKind::Type && text.ends_with("ProxyException")
        };
        let refused = failed && own.is_empty() && self.errors.iter().any(refusal);
        if refused { self.gateway_request } else { own }
    }

    fn write_lists(&self, batch: &mut Batch, header: &SpanHeader<'a>, failed: bool) -> [Range<u32>; 4] {
        let start = |length: usize| length as u32;
        let readings = start(batch.readings.len());
        batch.readings.extend_from_slice(&self.readings);
        let pairs = start(batch.pairs.len());
        for (name, value) in &self.pairs {
            let Some(name) = self.header_said(name) else { continue };
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

    /// The user's entries that were used, for a person who asked.
    fn taught_text(&self, batch: &mut Batch, said: Option<(usize, ErrorClass)>) -> Text {
        if !batch.names_spans || self.taught.is_none() {
            return Text::default();
        }
        let error = said.map(|(index, _)| format!("errors[{index}]"));
        let headers = self.pairs.iter().filter(|(name, _)| self.teaches_header(name));
        let headers = headers.map(|(name, _)| format!("headers.{name}"));
        let all: Vec<String> = self.taught_entries.iter().cloned().chain(headers).chain(error).collect();
        batch.store(&all.join(", "), ERROR_BOUND)
    }

    fn write_dimensions(&self, batch: &mut Batch, resource: &[(usize, String)]) -> Range<u32> {
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

    /// The operation as written, where it is a word for one; else what the marker or the span shows.
    fn operation(&self, role: Role, profile: &Profile) -> &'a str {
        let written = self.operation.text;
        let marked = if self.markers.vercel_operation.is_empty() {
            self.markers.call
        } else {
            self.markers.vercel_operation
        };
        match role {
            Role::Call if written == "completion" && profile.has(Trait::CompletionIsChat) => "chat",
            Role::Call if marked == "completion" && profile.has(Trait::CompletionIsChat) => "chat",
            Role::Call if marks::word(written) != Word::Call && marked.is_empty() && self.asks_to_embed() => {
                "embeddings"
            }
            Role::Call if marks::word(written) != Word::Call => marked,
            _ if written.is_empty() => marked,
            _ => written,
        }
    }

    /// A model that only embeds is named so (`mistral-embed`, `text-embedding-3-small`).
    fn asks_to_embed(&self) -> bool {
        [self.request_model.text, self.response_model.text].iter().any(|model| model.contains("embed"))
    }

    fn streaming(&self) -> Option<bool> {
        let named = self.markers.vercel_operation;
        self.streaming.or_else(|| (!named.is_empty()).then(|| named.starts_with("ai.stream")))
    }

    pub(super) fn time_to_first_token(
        &self,
        header: &SpanHeader<'_>,
        profile: &Profile,
        streaming: Option<bool>,
    ) -> Option<f64> {
        if profile.has(Trait::FirstTokenAlways) && streaming != Some(true) {
            return None;
        }
        let scale = if profile.has(Trait::FirstTokenMillis) { 1e3 } else { 1.0 };
        let stated = self.first_token_seconds.or(self.first_token.map(|value| value / scale));
        let seen = self.first_token_event.checked_sub(header.start_unix_nano).filter(|&after| after > 0);
        let stated = stated.or(seen.map(|nanos| nanos as f64 / 1e9));
        stated.or_else(|| {
            // The parser allocates what it says of an empty text.
            if self.first_token_at.is_empty() {
                return None;
            }
            let at: jiff::Timestamp = self.first_token_at.parse().ok()?;
            let after = at.as_nanosecond() - i128::from(header.start_unix_nano);
            (after > 0).then_some(after as f64 / 1e9)
        })
    }

    /// What is billed by piece. Before Gemini 3 a grounded request is one search, however many it made.
    fn pieces(&self) -> Pieces {
        let mut pieces = self.pieces;
        let readings = self.readings.iter().filter(|reading| reading.field == Field::WebSearches);
        for count in readings.filter_map(|reading| reading.count) {
            pieces.state(Piece::WebSearches, count as f64);
        }
        let grounded = pieces.get(Piece::GroundedQueries);
        if grounded > 0 {
            let models = [self.response_model.text, self.request_model.text];
            let each = models.iter().any(|model| model.contains("gemini-3"));
            pieces.state(Piece::WebSearches, if each { f64::from(grounded) } else { 1.0 });
        }
        pieces
    }

    fn reported_cost(&self, profile: &Profile) -> Option<f64> {
        let (_, amount) = self.reported?;
        (amount > 0.0 || !profile.has(Trait::ZeroCostIsUnknown)).then_some(amount)
    }
}

fn layer_of(role: Role, profile: &Profile) -> Layer {
    use Layer;
    match role {
        Role::Http => Layer::Http,
        Role::Aggregate | Role::Other => Layer::Agent,
        Role::Call | Role::Companion | Role::Continuation => profile.layer.max(Layer::Sdk),
    }
}
