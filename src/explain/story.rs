//! What was found, as values: the calls with their verdicts, and the spans that are none.
//!
//! In: what `settle` tells and `judge` thinks, which borrow. Out: the same, owned, and no more of it
//! than may be shown: names that look like a secret or like text read `other`, as in labels. It knows
//! neither JSON nor text.

use std::collections::BTreeMap;

use crate::advice;
use crate::aggregate::cardinality::shown;
use crate::call::{Pieces, PriceSource, RateLimit, Tokens};
use crate::classify::ErrorVerdict;
use crate::dialect::Layer;
use crate::facts::{Role, SpanKey, Unread};
use crate::judge::Verdict;
use crate::price::{Cost, Unpriced};
use crate::recognise::signs::Signs;
use crate::record::Name;
use crate::settle::{Held, LlmCall, Reason};

/// What was found.
#[derive(Debug, Default)]
pub struct Story {
    /// The calls, in the order in which they ended.
    pub calls: Vec<CallStory>,
    /// The spans that are no call of their own.
    pub left_out: Vec<LeftOutSpan>,
    /// Name and date of the price catalogue.
    pub catalogue: String,
    /// What calls lack: how many, by service, scope and code of the advice.
    pub advice: BTreeMap<[String; 3], u64>,
    /// Spans that look like LLM traffic and were not read, by scope and reason.
    pub unread: BTreeMap<[String; 2], u64>,
}

impl Story {
    /// Notes what a call lacks.
    pub(super) fn advise(&mut self, call: &LlmCall<'_>, verdict: &Verdict<'_>) {
        for advice in advice::of(call, verdict).iter() {
            let key = [named(call.service_name), named(advice::scope(call)), advice.code().to_owned()];
            *self.advice.entry(key).or_default() += 1;
        }
    }

    /// Notes spans that were not read.
    pub(super) fn miss(&mut self, unread: &Unread) {
        let key = [named(&unread.scope), unread.reason.label().to_owned()];
        *self.unread.entry(key).or_default() += unread.count;
    }
}

fn named(name: &str) -> String {
    if name.is_empty() { "unknown".to_owned() } else { shown(name).into_owned() }
}

/// One call and what is thought of it.
#[derive(Clone, Debug)]
pub struct CallStory {
    /// The span that stands for it.
    pub key: SpanKey,
    /// Its name.
    pub span_name: String,
    /// Who wrote it.
    pub dialect: &'static str,
    /// What marks it as a call, in words.
    pub recognised: String,
    /// What spoke for a call and against it, with what each weighs.
    pub signs: Signs,
    /// Entries of the user's vocabulary that were used.
    pub vocabulary: Vec<String>,
    /// `service.name`.
    pub service_name: String,
    /// `deployment.environment.name`.
    pub environment: String,
    /// The convention's provider name.
    pub provider: String,
    /// Host that was called, or empty.
    pub server_address: String,
    /// Canonical model.
    pub model: String,
    /// Model asked for.
    pub request_model: Option<String>,
    /// Model that answered.
    pub response_model: Option<String>,
    /// Model behind a gateway's alias.
    pub routed_model: Option<String>,
    /// The convention's operation.
    pub operation: String,
    /// Nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// From start to end.
    pub duration_seconds: f64,
    /// To the first token, of streams that tell.
    pub time_to_first_token_seconds: Option<f64>,
    /// Whether it streamed, where the spans tell.
    pub streaming: Option<bool>,
    /// Attempts hidden inside.
    pub retries: u32,
    /// Billed tokens, `None` when the spans do not tell.
    pub tokens: Option<Tokens>,
    /// What is billed by piece.
    pub pieces: Pieces,
    /// Its dollars and where they come from.
    pub price: PriceStory,
    /// Why it failed, or that it did not.
    pub error: ErrorVerdict,
    /// HTTP status.
    pub status_code: Option<u16>,
    /// What it told of rate limits.
    pub limits: Vec<RateLimit>,
    /// The other spans that tell of it, nearest the wire first.
    pub merged_spans: Vec<SpanKey>,
}

/// Dollars, and where they come from.
#[derive(Clone, Debug)]
pub struct PriceStory {
    /// Whose price it is.
    pub source: PriceSource,
    /// The lines; `None` when there is no price or no usage.
    pub cost: Option<Cost>,
    /// Why there is no price of our own.
    pub unpriced: Option<Unpriced>,
    /// When the price holds, in words.
    pub in_force: Option<String>,
    /// The provider's price page.
    pub url: Option<String>,
    /// How the call was served, where a span says so: tier, speed.
    pub served: Vec<String>,
    /// What the instrumentation itself stated, dollars.
    pub reported: Option<String>,
}

/// Why a span is no call of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It belongs to an LLM library, and settlement left it out.
    Settled {
        /// The reason of the contract.
        reason: Reason,
        /// What it is.
        role: Role,
        /// Its status, for an HTTP request.
        status_code: Option<u16>,
        /// It came after its call was counted.
        late: bool,
        /// The same span came before.
        again: bool,
    },
    /// Nothing on it is about a model.
    Unconcerned,
    /// It is no valid span, in words.
    Malformed(String),
}

/// A span that is no call of its own.
#[derive(Clone, Debug)]
pub struct LeftOutSpan {
    /// The span; a malformed one has no name among others.
    pub key: Option<SpanKey>,
    /// Its name.
    pub name: String,
    /// Why it is left out.
    pub why: Why,
    /// The call that it belongs to.
    pub of: Option<SpanKey>,
}

/// Each entry once, in the order in which the spans used them.
fn taught(call: &LlmCall<'_>) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    let told = call.members.iter().filter_map(|held| held.of_evidence(|evidence| Some(&*evidence.taught)));
    for entry in told.flat_map(|text| text.split(", ")).filter(|entry| !entry.is_empty()) {
        if !entries.iter().any(|known| known == entry) {
            entries.push(shown(entry).into_owned());
        }
    }
    entries
}

// === impl CallStory ===

impl CallStory {
    pub(super) fn new(call: &LlmCall<'_>, verdict: &Verdict<'_>) -> Self {
        let shown = |name: &str| shown(name).into_owned();
        Self {
            key: call.key,
            span_name: shown(call.span_name),
            dialect: call.dialect,
            recognised: recognised(&call.members[0]),
            signs: call.members[0].of_evidence(|evidence| Some(evidence.signs)).unwrap_or_default(),
            vocabulary: taught(call),
            service_name: shown(call.service_name),
            environment: shown(call.environment),
            provider: shown(call.provider),
            server_address: shown(call.server_address),
            model: shown(verdict.model(call)),
            request_model: call.request_model.map(shown),
            response_model: call.response_model.map(shown),
            routed_model: call.routed_model.map(shown),
            operation: shown(call.operation),
            end_unix_nano: call.end_unix_nano,
            duration_seconds: call.duration_seconds(),
            time_to_first_token_seconds: call.time_to_first_token,
            streaming: call.streaming,
            retries: call.retries,
            tokens: call.tokens,
            pieces: call.pieces,
            price: PriceStory::new(call, verdict),
            error: verdict.error,
            status_code: verdict.error.status_code.or(call.status_code),
            limits: verdict.limits.clone(),
            merged_spans: call.merged_spans().map(|held| held.key()).collect(),
        }
    }
}

/// What marks a span as a call: by whom it was written, else what it carries.
fn recognised(held: &Held) -> String {
    let facts = held;
    match facts.role {
        Role::Http => {
            format!("HTTP request to an inference endpoint, {}", shown(held.text(Name::Operation)))
        }
        _ if facts.shape.profile.scope.is_empty() => {
            "attributes of a model call; its scope is not known".to_owned()
        }
        Role::Aggregate => format!("{}, which alone states usage", written_by(held)),
        Role::Call | Role::Companion | Role::Continuation | Role::Other => written_by(held),
    }
}

fn written_by(held: &Held) -> String {
    let profile = held.shape.profile;
    let who = match profile.layer {
        Layer::Http => "an HTTP client",
        Layer::Sdk => "the provider's own SDK",
        Layer::Gateway => "a gateway",
        Layer::Instrumentor => "an instrumentation of the provider's SDK",
        Layer::Framework => "a framework",
        Layer::Agent => "an agent framework",
    };
    format!("scope {}, {who}", profile.scope)
}

// === impl PriceStory ===

impl PriceStory {
    fn new(call: &LlmCall<'_>, verdict: &Verdict<'_>) -> Self {
        let priced = &verdict.priced;
        let told = [("service tier", call.service_tier), ("speed", call.speed)];
        Self {
            source: match verdict.price_source() {
                PriceSource::Unpriced if call.tokens.is_none() => PriceSource::UnknownUsage,
                source => source,
            },
            cost: priced.cost.copied(),
            unpriced: priced.unpriced,
            in_force: priced.force.map(|force| force.to_string()),
            url: priced.url.map(str::to_owned),
            served: told
                .into_iter()
                .filter_map(|(name, value)| value.map(|value| format!("{name} {}", shown(value))))
                .collect(),
            reported: call.reported_cost.map(|amount| match call.reported_currency {
                None => format!("${amount}"),
                Some(code) => format!("{amount} {code}"),
            }),
        }
    }
}

// === impl LeftOutSpan ===

impl LeftOutSpan {
    pub(super) fn of_library(held: &Held, reason: Reason, of: Option<SpanKey>, late: bool) -> Self {
        let facts = held;
        let again = of == Some(facts.key());
        let (role, status_code) = (facts.role, facts.status_code());
        Self {
            key: Some(facts.key()),
            name: shown(held.name()).into_owned(),
            why: Why::Settled { reason, role, status_code, late, again },
            of,
        }
    }

    pub(super) fn unconcerned(key: SpanKey, name: &str) -> Self {
        Self { key: Some(key), name: shown(name).into_owned(), why: Why::Unconcerned, of: None }
    }

    pub(super) fn malformed(fault: &str) -> Self {
        Self { key: None, name: String::new(), why: Why::Malformed(fault.to_owned()), of: None }
    }

    /// The reason of the contract.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match &self.why {
            Why::Settled { reason, .. } => reason.label(),
            Why::Unconcerned => Reason::NotACall.label(),
            Why::Malformed(_) => "malformed",
        }
    }
}
