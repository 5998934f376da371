//! Several spans into one call: the one nearest the wire decides, the others fill what it lacks.
//!
//! In: the [`Members`] of a group. Out: an [`LlmCall`] that borrows from them. Judges no error
//! and prices nothing.

use std::sync::Arc;

use super::held::Held;
use super::{lend, look};
use crate::call::{Pieces, TokenType, Tokens};
use crate::dialect::Trait;
use crate::facts::{Role, SpanKey};
use crate::normalise;
use crate::record::{Flags, Name, Record, Shape};

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
    /// What is billed by piece.
    pub pieces: Pieces,
    /// How many calls it stands for, where not all traces are kept and somebody estimates.
    pub weight: Option<f64>,
    /// Service tier.
    pub service_tier: Option<&'a str>,
    /// Speed that was paid for.
    pub speed: Option<&'a str>,
    /// Where the model ran.
    pub geography: Option<&'a str>,
    /// Cost as the instrumentation states it.
    pub reported_cost: Option<f64>,
    /// The code of its currency, where that is not the dollar.
    pub reported_currency: Option<&'static str>,
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
    /// Spans around it that tell what it leaves open.
    pub lent: &'a [Held],
    /// How many of them tell of the call themselves.
    pub calls: usize,
    /// What spans above it say of whose it is, the nearest first.
    pub above: &'a [Arc<Shape>],
}

impl<'a> LlmCall<'a> {
    /// Seconds from start to end; not a number when that cannot be.
    #[must_use]
    pub fn duration_seconds(&self) -> f64 {
        if self.members[0].flags.has(Flags::ABSURD_TIME) {
            return f64::NAN;
        }
        self.end_unix_nano.saturating_sub(self.start_unix_nano) as f64 / 1e9
    }

    /// It ended with a tool call, by any span's word.
    #[must_use]
    pub fn ended_with_tool(&self) -> bool {
        self.has(Flags::TOOL)
    }

    /// Something is true of one of its spans.
    #[must_use]
    pub fn has(&self, flag: Flags) -> bool {
        self.members.iter().any(|held| held.flags.has(flag))
    }

    /// Who wrote the span that stands for it.
    #[must_use]
    pub fn profile(&self) -> &'static crate::dialect::Profile {
        self.members[0].shape.profile
    }

    /// The value of a configured dimension; empty when no span tells.
    #[must_use]
    pub fn dimension(&self, index: usize) -> &'a str {
        let own = self.members.iter().map(|held| &held.shape);
        let values = own.chain(self.above).map(|shape| shape.dimension(index));
        values.into_iter().find(|value| !value.is_empty()).unwrap_or("")
    }

    /// The spans that tell of the call themselves, but the first.
    pub fn merged_spans(&self) -> impl Iterator<Item = &'a Held> + '_ {
        self.members.iter().skip(1)
    }
}

/// The spans that tell of one call, nearest first.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    members: &'a [Held],
    /// Spans around the call that tell what it leaves open.
    lent: &'a [Held],
    /// So many of the members tell of the call themselves.
    calls: usize,
    /// Attempts that failed inside.
    retries: u32,
    /// What spans above say of whose it is, the nearest first.
    above: &'a [Arc<Shape>],
}

impl<'a> Members<'a> {
    pub(super) const fn new(members: &'a [Held], lent: &'a [Held], calls: usize, retries: u32) -> Self {
        Self { members, lent, calls, retries, above: &[] }
    }

    /// The same, and what the spans above say.
    pub(super) const fn below(self, above: &'a [Arc<Shape>]) -> Self {
        Self { above, ..self }
    }

    /// One span by itself.
    pub(super) const fn alone(held: &'a Held) -> Self {
        Self::new(std::slice::from_ref(held), &[], 1, 0)
    }

    /// The spans, when they tell of nothing but the call and nothing else does.
    #[must_use]
    pub const fn telling(&self) -> Option<&'a [Held]> {
        let only = self.retries == 0
            && self.lent.is_empty()
            && self.above.is_empty()
            && self.calls == self.members.len();
        if only { Some(self.members) } else { None }
    }

    /// The call.
    #[must_use]
    pub fn merged(&self) -> LlmCall<'a> {
        let first = &self.members[0];
        let (start, end) = self.time();
        let request_model = self.request_model();
        let response_model = self.text(Name::ResponseModel);
        let routed_model = self.text(Name::RoutedModel);
        let resends =
            self.first(|held| held.of_evidence(|rare| Some(rare.resends).filter(|&count| count > 0)));
        let weights = self.members.iter().filter_map(|held| held.of_evidence(|rare| rare.weight));
        let mut pieces = Pieces::default();
        let told = self.members.iter().filter_map(|held| held.of_evidence(|rare| Some(rare.pieces)));
        told.for_each(|told| pieces.join(told));
        let reported = self.reported(true).or_else(|| self.reported(false));
        LlmCall {
            key: first.key(),
            span_name: first.name(),
            dialect: if first.role == Role::Http { "http" } else { first.shape.profile.dialect },
            service_name: self.text(Name::Service).unwrap_or(""),
            environment: self.text(Name::Environment).unwrap_or(""),
            provider: self.provider(&[routed_model, response_model, request_model]),
            server_address: self.text(Name::ServerAddress).unwrap_or(""),
            routed_model,
            request_model,
            response_model,
            operation: self.operation(),
            start_unix_nano: start,
            end_unix_nano: end,
            time_to_first_token: self.first(Record::time_to_first_token),
            streaming: self.first(Record::streaming),
            tokens: self.tokens(),
            pieces,
            weight: weights.reduce(f64::max),
            service_tier: self.text(Name::ServiceTier),
            speed: self.text(Name::Speed),
            geography: self.text(Name::Geography),
            reported_cost: reported.map(|(amount, _)| amount),
            reported_currency: reported.and_then(|(_, currency)| currency),
            failed: self.failed(),
            status_code: self.status_code(self.failed()),
            retries: resends.unwrap_or(0).max(self.retries),
            max_tokens: self.first(Record::max_tokens),
            input_characters: self.first(|held| held.characters().0),
            output_characters: self.first(|held| held.characters().1),
            account: self.text(Name::Account),
            members: self.members,
            lent: self.lent,
            calls: self.calls,
            above: self.above,
        }
    }

    fn text(&self, name: Name) -> Option<&'a str> {
        self.members.iter().map(|held| held.text(name)).find(|text| !text.is_empty())
    }

    /// The model asked for; where no span of the call names any, what one around it does.
    fn request_model(&self) -> Option<&'a str> {
        let own = || self.members.iter().find_map(lend::model);
        let lent = || self.lent.iter().find_map(lend::model).filter(|_| own().is_none());
        self.text(Name::RequestModel).or_else(lent)
    }

    /// A stated cost, in dollars or in another currency.
    fn reported(&self, in_dollars: bool) -> Option<(f64, Option<&'static str>)> {
        let costs = self
            .members
            .iter()
            .filter_map(|held| held.of_evidence(|rare| Some((rare.reported_cost?, rare.reported_currency))));
        costs.into_iter().find(|(_, currency)| currency.is_none() == in_dollars)
    }

    fn first<T>(&self, of: fn(&Record) -> Option<T>) -> Option<T> {
        self.members.iter().find_map(|held| of(held))
    }

    /// A known host is the best witness, then what the nearest span writes, then the model's name.
    fn provider(&self, models: &[Option<&'a str>]) -> &'a str {
        let hosts = self.members.iter().filter(|held| held.shape.host_known).filter_map(Held::provider);
        let written = self.members.iter().filter_map(Held::provider);
        let modelled = models.iter().flatten().filter_map(|model| normalise::provider_of_model(model));
        hosts.chain(written).chain(modelled).next().unwrap_or("unknown")
    }

    fn operation(&self) -> &'a str {
        if self.members[0].role == Role::Http {
            return operation_of_path(self.members[0].text(Name::Operation));
        }
        let of_calls = self.members[..self.calls].iter().map(|held| held.text(Name::Operation));
        let agent = self.members[0].role == Role::Aggregate;
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
        let first = &self.members[0];
        let tail = self.members[..self.calls].iter().find(|held| held.role == Role::Continuation);
        match tail {
            Some(tail) if tail.shape.scope == first.shape.scope => {
                (first.start_unix_nano.min(tail.start_unix_nano), first.end_unix_nano.max(tail.end_unix_nano))
            }
            _ => (first.start_unix_nano, first.end_unix_nano),
        }
    }

    /// The nearest span that knows; another one with the same sums, when it splits them further.
    fn tokens(&self) -> Option<Tokens> {
        if let Some(agent) = self.agent_of_all_steps() {
            return agent.tokens();
        }
        let mut known = self.members.iter().filter_map(|held| held.tokens());
        let mut best = known.next()?;
        for other in known {
            let same =
                other.output_total() == best.output_total() && other.input_total() == best.input_total();
            let lost_cache = other.output_total() == best.output_total()
                && other.get(TokenType::Input) == Some(best.input_total())
                && other.input_total() > best.input_total();
            if lost_cache {
                best = other;
            } else if same || look::agree_in_part(&best, &other) {
                best = finest(&best, &other, self.members[0].failed());
            }
        }
        Some(best)
    }

    /// The agent around a span that tells of the last of its steps only.
    fn agent_of_all_steps(&self) -> Option<&'a Held> {
        let last = self.members.first().filter(|held| held.shape.profile.has(Trait::LastStepOnly))?;
        let (input, output) = last.usage()?;
        let all = |held: &&Held| {
            let fits = held.role == Role::Aggregate && held.shape.scope == last.shape.scope;
            fits && held.usage().is_some_and(|usage| usage.0 >= input && usage.1 >= output)
        };
        self.members.iter().find(all)
    }

    fn failed(&self) -> bool {
        let calls = &self.members[..self.calls.max(1)];
        let knows = |held: &&Held| held.has_tokens() || held.flags.has(Flags::OK);
        if calls[0].failed() {
            return true;
        }
        if knows(&&calls[0]) {
            return false;
        }
        let attempts = self.members.iter().filter(|held| held.role == Role::Http);
        let last = attempts.max_by_key(|held| held.start_unix_nano);
        let answered = calls.iter().any(|held| held.has_tokens());
        let refused = last.is_some_and(|held| held.failed()) && !answered;
        let around = || self.members[calls.len()..].iter().chain(self.lent);
        let silent = || calls.iter().all(lend::is_silent);
        refused
            || calls.iter().skip(1).any(|held| held.failed())
            || last.is_none() && silent() && around().any(|held| lend::fails_for(held, &calls[0]))
    }

    /// What the call itself states, else its last attempt. A call that succeeded has no status of an
    /// attempt that did not, whichever began last.
    fn status_code(&self, failed: bool) -> Option<u16> {
        let attempts = self.members.iter().filter(|held| held.role == Role::Http);
        let fitting = attempts.filter(|held| failed || !held.failed());
        let last = fitting.max_by_key(|held| held.start_unix_nano).and_then(|held| held.status_code());
        let stated = self.members[..self.calls.max(1)].iter().find_map(|held| held.status_code());
        stated.filter(|&status| failed || status < 400).or(last)
    }
}

/// The prompt of one and the answer of one, each of that which splits it further; the first where neither does. What came
/// of an answer before it failed is a guess of whoever states it.
fn finest(one: &Tokens, other: &Tokens, failed: bool) -> Tokens {
    let fineness = |tokens: &Tokens, input: bool| {
        let kinds = || tokens.iter().filter(move |(kind, _)| kind.is_input() == input);
        (kinds().filter(|(_, count)| *count > 0).count(), kinds().count())
    };
    let mut finest = Tokens::default();
    for input in [true, false] {
        let guess = failed && !input && fineness(one, input).1 == 0;
        let side = if fineness(other, input) > fineness(one, input) && !guess { other } else { one };
        side.iter()
            .filter(|(kind, _)| kind.is_input() == input)
            .for_each(|(kind, count)| finest.set(kind, count));
    }
    finest
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
