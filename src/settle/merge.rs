//! Several spans into one call: the one nearest the wire decides, the others fill what it lacks.
//!
//! In: the spans of a group, nearest first. Out: an [`LlmCall`] that borrows from them. Judges no error
//! and prices nothing.

use super::held::Held;
use crate::call::{TokenType, Tokens};
use crate::facts::{ErrorTextKind, Role, SpanFacts, SpanKey, Text, part};
use crate::normalise;
use crate::otlp::SpanStatus;

/// One call of a model, as all its spans together tell of it.
#[derive(Clone, Debug)]
pub struct LlmCall<'a> {
    /// The span that stands for it: the nearest to the wire.
    pub key: SpanKey,
    /// Its name.
    pub span_name: &'a str,
    /// Who wrote it.
    pub dialect: &'static str,
    /// `service.name`.
    pub service_name: &'a str,
    /// `deployment.environment.name`.
    pub environment: &'a str,
    /// The convention's provider name, `unknown` when nothing tells.
    pub provider: &'a str,
    /// Host that was called, or empty.
    pub server_address: &'a str,
    /// Model behind a gateway's alias.
    pub routed_model: Option<&'a str>,
    /// Model asked for.
    pub request_model: Option<&'a str>,
    /// Model that answered.
    pub response_model: Option<&'a str>,
    /// The convention's operation.
    pub operation: &'a str,
    /// Start, nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// End, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// Seconds to the first token.
    pub time_to_first_token: Option<f64>,
    /// Whether it streamed.
    pub streaming: Option<bool>,
    /// Billed tokens, `None` when the spans do not tell.
    pub tokens: Option<Tokens>,
    /// Web searches, billed by piece.
    pub web_searches: u32,
    /// Service tier.
    pub service_tier: Option<&'a str>,
    /// Speed that was paid for.
    pub speed: Option<&'a str>,
    /// Cost as the instrumentation states it, dollars.
    pub reported_cost: Option<f64>,
    /// It failed.
    pub failed: bool,
    /// HTTP status, where an attribute tells.
    pub status_code: Option<u16>,
    /// Attempts hidden inside.
    pub retries: u32,
    /// Most output tokens allowed.
    pub max_tokens: Option<u64>,
    /// Characters of the prompt that was on a span.
    pub input_characters: Option<u32>,
    /// Characters of the answer that was on a span.
    pub output_characters: Option<u32>,
    /// What identifies the account; never to be shown as it is.
    pub account: Option<&'a str>,
    /// All its spans, nearest first.
    pub members: &'a [Held],
    /// How many of them tell of the call themselves.
    pub calls: usize,
}

impl<'a> LlmCall<'a> {
    /// Seconds from start to end.
    #[must_use]
    pub fn duration_seconds(&self) -> f64 {
        self.end_unix_nano.saturating_sub(self.start_unix_nano) as f64 / 1e9
    }

    /// Error evidence of one kind, nearest first.
    pub fn errors(&self, kind: ErrorTextKind) -> impl Iterator<Item = &'a str> + '_ {
        self.members.iter().flat_map(move |held| {
            let errors = part(&held.batch.errors, &held.facts().errors);
            errors.iter().filter(move |error| error.kind == kind).map(|error| held.text(error.text))
        })
    }

    /// Why it stopped, in every span's words.
    pub fn finish_reasons(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.members.iter().flat_map(|held| {
            part(&held.batch.finishes, &held.facts().finishes).iter().map(|&reason| held.text(reason))
        })
    }

    /// Response headers and attributes like them, of the last attempt.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let with = self.members.iter().filter(|held| !held.facts().headers.is_empty());
        let last = with.max_by_key(|held| (held.facts().role == Role::Http, held.facts().start_unix_nano));
        last.into_iter().flat_map(|held| {
            part(&held.batch.pairs, &held.facts().headers)
                .iter()
                .map(|pair| (held.text(pair.name), held.text(pair.value)))
        })
    }

    /// The value of a configured dimension; empty when no span tells.
    #[must_use]
    pub fn dimension(&self, index: usize) -> &'a str {
        let values = self.members.iter().filter_map(|held| {
            let row = part(&held.batch.dimensions, &held.facts().dimensions);
            row.get(index).map(|&value| held.text(value))
        });
        values.into_iter().find(|value| !value.is_empty()).unwrap_or("")
    }

    /// The spans that tell of the call themselves, but the first.
    pub fn merged_spans(&self) -> impl Iterator<Item = &'a Held> + '_ {
        self.members.iter().skip(1)
    }
}

/// All of a prompt and all of an answer, as this span states them.
pub(super) fn usage_of(held: &Held) -> Option<(u64, u64)> {
    held.tokens.map(|tokens| (tokens.input_total(), tokens.output_total()))
}

/// One call from its spans, nearest first; the first `calls` tell of it themselves.
pub(super) fn merge(members: &[Held], calls: usize, retries: u32) -> LlmCall<'_> {
    let merged = Members { members, calls };
    let first = &members[0];
    let facts = first.facts();
    let (start, end) = merged.time();
    let request_model = merged.text(|facts| facts.request_model);
    let response_model = merged.text(|facts| facts.response_model);
    let routed_model = merged.text(|facts| facts.routed_model);
    LlmCall {
        key: facts.key(),
        span_name: first.text(facts.name),
        dialect: if facts.role == Role::Http { "http" } else { facts.profile.dialect },
        service_name: merged.resource(|held| held.service_name()),
        environment: merged.resource(Held::environment),
        provider: merged.provider(&[routed_model, response_model, request_model]),
        server_address: merged.text(|facts| facts.server_address).unwrap_or(""),
        routed_model,
        request_model,
        response_model,
        operation: merged.operation(),
        start_unix_nano: start,
        end_unix_nano: end,
        time_to_first_token: merged.first(|facts| facts.time_to_first_token),
        streaming: merged.first(|facts| facts.streaming),
        tokens: merged.tokens(),
        web_searches: members.iter().map(|held| held.facts().web_searches).max().unwrap_or(0),
        service_tier: merged.text(|facts| facts.service_tier),
        speed: merged.text(|facts| facts.speed),
        reported_cost: merged.first(|facts| facts.reported.total),
        failed: merged.failed(),
        status_code: merged.status_code(merged.failed()),
        retries: merged.first(|facts| facts.resends.filter(|&resends| resends > 0)).unwrap_or(0).max(retries),
        max_tokens: merged.first(|facts| facts.max_tokens),
        input_characters: merged.first(|facts| facts.input_characters),
        output_characters: merged.first(|facts| facts.output_characters),
        account: merged.text(|facts| facts.account),
        members,
        calls,
    }
}

/// One span by itself.
pub(super) fn alone(held: &Held) -> LlmCall<'_> {
    merge(std::slice::from_ref(held), 1, 0)
}

struct Members<'a> {
    members: &'a [Held],
    calls: usize,
}

impl<'a> Members<'a> {
    fn text(&self, of: fn(&SpanFacts) -> Text) -> Option<&'a str> {
        self.members.iter().map(|held| held.text(of(held.facts()))).find(|text| !text.is_empty())
    }

    fn first<T>(&self, of: fn(&SpanFacts) -> Option<T>) -> Option<T> {
        self.members.iter().find_map(|held| of(held.facts()))
    }

    fn resource(&self, of: fn(&'a Held) -> &'a str) -> &'a str {
        self.members.iter().map(of).find(|text| !text.is_empty()).unwrap_or("")
    }

    /// A known host is the best witness, then what the nearest span writes, then the model's name.
    fn provider(&self, models: &[Option<&'a str>]) -> &'a str {
        let hosts = self.members.iter().filter_map(|held| {
            normalise::provider_of_host(held.text(held.facts().server_address)).and(held.provider())
        });
        let written = self.members.iter().filter_map(Held::provider);
        let modelled = models.iter().flatten().filter_map(|model| normalise::provider_of_model(model));
        hosts.chain(written).chain(modelled).next().unwrap_or("unknown")
    }

    fn operation(&self) -> &'a str {
        if self.members[0].facts().role == Role::Http {
            return operation_of_path(self.members[0].text(self.members[0].facts().url_path));
        }
        let of_calls = self.members[..self.calls].iter().map(|held| held.text(held.facts().operation));
        let agent = self.members[0].facts().role == Role::Aggregate;
        let stated = of_calls.into_iter().find(|text| !text.is_empty()).unwrap_or("");
        let operation = normalise::operation(stated);
        if agent && operation != "chat" && !operation.starts_with("embed") {
            "invoke_agent"
        } else {
            operation
        }
    }

    /// The time of the nearest span; with the report of a stream's end, until then.
    fn time(&self) -> (u64, u64) {
        let first = self.members[0].facts();
        let tail =
            self.members[..self.calls].iter().map(Held::facts).find(|facts| facts.role == Role::Continuation);
        match tail {
            Some(tail) if tail.scope_hash == first.scope_hash => {
                (first.start_unix_nano.min(tail.start_unix_nano), first.end_unix_nano.max(tail.end_unix_nano))
            }
            _ => (first.start_unix_nano, first.end_unix_nano),
        }
    }

    /// The nearest span that knows; another one with the same sums, when it splits them further.
    fn tokens(&self) -> Option<Tokens> {
        let mut known = self.members.iter().filter_map(|held| held.tokens);
        let mut best = known.next()?;
        for other in known {
            let same =
                other.output_total() == best.output_total() && other.input_total() == best.input_total();
            let lost_cache = other.output_total() == best.output_total()
                && other.get(TokenType::Input) == Some(best.input_total())
                && other.input_total() > best.input_total();
            if (same && other.iter().count() > best.iter().count()) || lost_cache {
                best = other;
            }
        }
        Some(best)
    }

    fn failed(&self) -> bool {
        let calls = &self.members[..self.calls.max(1)];
        let knows = |held: &&Held| held.tokens.is_some() || held.facts().status == SpanStatus::Ok;
        if calls[0].facts().failed() {
            return true;
        }
        if knows(&&calls[0]) {
            return false;
        }
        let attempts = self.members.iter().map(Held::facts).filter(|facts| facts.role == Role::Http);
        let last = attempts.max_by_key(|facts| facts.start_unix_nano);
        let answered = calls.iter().any(|held| held.tokens.is_some());
        let refused = last.is_some_and(SpanFacts::failed) && !answered;
        refused || calls.iter().skip(1).any(|held| held.facts().failed())
    }

    /// What the call itself states, else its last attempt. A call that succeeded has no status of an
    /// attempt that did not, whichever began last.
    fn status_code(&self, failed: bool) -> Option<u16> {
        let attempts = self.members.iter().map(Held::facts).filter(|facts| facts.role == Role::Http);
        let fitting = attempts.filter(|facts| failed || !facts.failed());
        let last = fitting.max_by_key(|facts| facts.start_unix_nano).and_then(|facts| facts.status_code);
        let stated = self.members[..self.calls.max(1)].iter().find_map(|held| held.facts().status_code);
        stated.filter(|&status| failed || status < 400).or(last)
    }
}

fn operation_of_path(path: &str) -> &'static str {
    if path.contains("embed") {
        "embeddings"
    } else if path.contains("rerank") {
        "rerank"
    } else if path.ends_with("/v1/completions") {
        "text_completion"
    } else if path.contains("enerateContent") {
        "generate_content"
    } else {
        "chat"
    }
}
