//! Why a call failed: error evidence in, one class of the closed set out, with what to do about it.
//!
//! In: [`ErrorEvidence`], the raw strings that spans carry, borrowed. Out: an [`ErrorVerdict`]. The
//! knowledge lies in one [`Table`] per provider; the code here is generic over them. Evidence counts
//! in this order: provider error codes and body or message patterns, general codes, HTTP status,
//! exception type, span status. It does not know spans, dialects or time.

mod alibaba;
mod anthropic;
mod azure;
mod bedrock;
mod cerebras;
mod cohere;
mod common;
mod deepseek;
mod document;
mod fireworks;
mod gemini;
mod groq;
mod guidance;
mod litellm;
mod minimax;
mod mistral;
mod moonshot;
mod openai;
mod openrouter;
mod rule;
mod signals;
mod status;
mod together;
mod watsonx;
mod xai;
mod zhipu;

use crate::call::ErrorClass;

pub use common::is_failed_finish;
pub use document::document;
pub use guidance::meaning;
pub use rule::{Actor, Rule, Sign, Table};
use rule::{Hit, Strength};
use signals::Signals;

/// What the spans of one call say of its failure. Everything may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorEvidence<'a> {
    /// The convention's provider name (`openai`, `azure.ai.openai`, ...), or empty.
    pub provider: &'a str,
    /// `server.address`, or empty. Many instrumentations write `openai` for every provider; the host
    /// tells them apart.
    pub server_address: &'a str,
    /// The span status is ERROR, or the instrumentation marks an error in its own way.
    pub failed: bool,
    /// The HTTP status, where an attribute states it.
    pub http_status: Option<u16>,
    /// Values of `error.code` and its like.
    pub codes: &'a [&'a str],
    /// Values of `error.type` and `exception.type`.
    pub types: &'a [&'a str],
    /// Status message, `exception.message`, `error.message`: prose, JSON or Python `repr`.
    pub messages: &'a [&'a str],
    /// What the stack traces name as causes, `type: message`, the outermost first.
    pub causes: &'a [&'a str],
    /// Finish reasons.
    pub finish_reasons: &'a [&'a str],
    /// Response headers.
    pub headers: &'a [(&'a str, &'a str)],
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ErrorVerdict {
    /// The class; `None` for a call that did not fail.
    pub class: ErrorClass,
    /// The provider's code, from the vocabulary of the tables only.
    pub code: Option<&'static str>,
    /// The HTTP status, from an attribute, else from the text.
    pub status_code: Option<u16>,
    /// Whether the same request can succeed later. `None` where that cannot be told.
    pub retryable: Option<bool>,
    /// The row that decided; absent when nothing but the span status tells of the failure.
    pub rule: Option<&'static Rule>,
    /// The row that would decide beside an HTTP status that only another span of the call states.
    pub beside_status: Option<(u16, &'static Rule)>,
    /// Its texts say more than a status.
    pub says: bool,
    /// The user's vocabulary decided.
    pub taught: bool,
}

impl ErrorVerdict {
    /// How much its row tells: of two verdicts on one call the lower one decides. A bare status tells nothing beside
    /// another's text.
    #[must_use]
    pub fn weakness(&self) -> usize {
        if self.taught {
            return 0;
        }
        let told = self.rule.filter(|_| !self.is_bare());
        let decided = told.map(|rule| rule.sign.strength());
        let place = Strength::ALL.into_iter().position(|strength| Some(strength) == decided);
        1 + place.unwrap_or(Strength::ALL.len() + usize::from(self.rule.is_none()))
    }

    /// The same, of the class that the user's vocabulary gives it.
    #[must_use]
    pub fn taught(self, class: ErrorClass) -> Self {
        let retryable = guidance::of(class).retryable;
        Self { class, retryable, rule: None, beside_status: None, says: true, taught: true, ..self }
    }

    /// True when a status alone decided.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.rule.is_some_and(|rule| matches!(rule.sign, Sign::BareStatus(_)))
    }

    /// The same beside the HTTP status of another span of the same call.
    #[must_use]
    pub fn beside(self, status: Option<u16>) -> Self {
        match self.beside_status {
            Some((wanted, rule)) if status == Some(wanted) => {
                let code = rule.code.or(self.code);
                Self { class: rule.class, code, retryable: rule.retryable, rule: Some(rule), ..self }
            }
            _ => self,
        }
    }
}

/// Every table, in the order in which those of other providers are asked: the one with the most
/// telling patterns first.
pub const TABLES: [&Table; 21] = [
    &gemini::TABLE,
    &anthropic::TABLE,
    &bedrock::TABLE,
    &openrouter::TABLE,
    &azure::TABLE,
    &groq::TABLE,
    &cerebras::TABLE,
    &xai::TABLE,
    &fireworks::TABLE,
    &together::TABLE,
    &mistral::TABLE,
    &deepseek::TABLE,
    &cohere::TABLE,
    &alibaba::TABLE,
    &zhipu::TABLE,
    &moonshot::TABLE,
    &minimax::TABLE,
    &watsonx::TABLE,
    &litellm::TABLE,
    &openai::TABLE,
    &common::TABLE,
];

/// Decides why a call failed, or that it did not.
#[must_use]
pub fn classify(evidence: &ErrorEvidence<'_>) -> ErrorVerdict {
    if !may_have_failed(evidence) {
        return ErrorVerdict { status_code: evidence.http_status, ..ErrorVerdict::default() };
    }
    let signals = Signals::gather(evidence);
    let own = own_table(evidence, &signals);
    let wrapped = || first_hit(&signals, own, Strength::Wrapper);
    let hit = telling_hit(&signals, own).or_else(|| cause_hit(evidence, own)).or_else(wrapped);
    match hit {
        Some(hit) => verdict(&signals, hit, own),
        None => ErrorVerdict {
            class: ErrorClass::Unknown,
            status_code: signals.status,
            beside_status: beside_status(&signals, own),
            says: !signals.is_bare(),
            ..ErrorVerdict::default()
        },
    }
}

/// Decides by an HTTP status whose text another span of the call has read, and made nothing of.
#[must_use]
pub fn classify_status(provider: &str, server_address: &str, status: Option<u16>) -> ErrorVerdict {
    let messages = &["told elsewhere"][..];
    let evidence =
        ErrorEvidence { provider, server_address, failed: true, http_status: status, ..Default::default() };
    classify(&ErrorEvidence { messages, ..evidence })
}

/// The first row whose text fits and whose status is not known here.
fn beside_status(signals: &Signals, own: Option<&'static Table>) -> Option<(u16, &'static Rule)> {
    if signals.failed_status().is_some() {
        return None;
    }
    own.into_iter().chain(TABLES).flat_map(|table| table.rules).find_map(|rule| match rule.sign {
        Sign::StatusAndText(status, phrases) if signals.says(phrases) => Some((status, rule)),
        _ => None,
    })
}

/// The convention's name of the provider that a span talks to: by its host, else by what the
/// instrumentation calls it. `None` for one without a table.
#[must_use]
pub fn canonical_provider(provider: &str, server_address: &str) -> Option<&'static str> {
    let by_host = TABLES.into_iter().find(|table| table.serves(server_address));
    let table = by_host.or_else(|| TABLES.into_iter().find(|table| table.is_named(provider)))?;
    table.names.first().copied()
}

/// Without a mark of failure, only a status or a finish reason that speaks for itself counts: an
/// exception that was recorded on a span which ended well was handled.
fn may_have_failed(evidence: &ErrorEvidence<'_>) -> bool {
    evidence.failed
        || evidence.http_status.is_some_and(|status| status >= 400)
        || evidence.finish_reasons.iter().any(|reason| is_failed_finish(reason))
}

/// By host, else by what the text gives away, else by name: many instrumentations call everything
/// `openai`.
fn own_table(evidence: &ErrorEvidence<'_>, signals: &Signals) -> Option<&'static Table> {
    let first = |fits: &dyn Fn(&Table) -> bool| TABLES.into_iter().find(|table| fits(table));
    first(&|table| table.serves(evidence.server_address))
        .or_else(|| first(&|table| table.marks.iter().any(|mark| signals.says(&[mark]))))
        .or_else(|| first(&|table| table.is_named(evidence.provider)))
}

/// The strongest row that fits.
fn telling_hit(signals: &Signals, own: Option<&'static Table>) -> Option<Hit> {
    Strength::TELLING.into_iter().find_map(|strength| first_hit(signals, own, strength))
}

/// What the outermost cause says that says something: a time-out closes the socket, not the other way round.
fn cause_hit(evidence: &ErrorEvidence<'_>, own: Option<&'static Table>) -> Option<Hit> {
    evidence.causes.iter().find_map(|cause| {
        let signals = Signals::of_cause(cause);
        telling_hit(&signals, own).or_else(|| first_hit(&signals, own, Strength::Wrapper))
    })
}

/// The first row of that strength: of the provider itself, then of the others, since gateways pass
/// foreign bodies on, then of the common table. Another provider's status codes mean nothing.
fn first_hit(signals: &Signals, own: Option<&'static Table>, strength: Strength) -> Option<Hit> {
    let is_own = |table: &&'static Table| own.is_some_and(|own| std::ptr::eq(own, *table));
    let telling = matches!(strength, Strength::Specific | Strength::General);
    own.and_then(|table| table.hit(signals, strength, false)).or_else(|| {
        let others = TABLES.into_iter().filter(|table| !is_own(table));
        let asked = others.filter(|table| telling || std::ptr::eq(*table, &common::TABLE));
        asked.filter_map(|table| table.hit(signals, strength, true)).next()
    })
}

fn verdict(signals: &Signals, hit: Hit, own: Option<&'static Table>) -> ErrorVerdict {
    ErrorVerdict {
        class: hit.rule.class,
        code: hit.code.or_else(|| vocabulary(signals)),
        status_code: signals.status,
        retryable: hit.rule.retryable,
        rule: Some(hit.rule),
        beside_status: beside_status(signals, own),
        says: !signals.is_bare(),
        taught: false,
    }
}

/// A code as it is kept on disk; none where no table knows it any more.
pub(crate) fn code_named(code: &str) -> Option<&'static str> {
    let stated = |rule: &'static Rule| rule.code.filter(|known| *known == code);
    let spelled = || TABLES.into_iter().find_map(|table| table.spelling(code).filter(|known| *known == code));
    let rules = TABLES.into_iter().flat_map(|table| table.rules);
    rules.filter_map(stated).next().or_else(spelled)
}

/// Where a row stands: its table's title, and its place in there.
pub(crate) fn place_of(rule: &'static Rule) -> (&'static str, usize) {
    let place = |table: &'static Table| {
        let row = table.rules.iter().position(|other| other == rule)?;
        Some((table.title, row))
    };
    TABLES.into_iter().find_map(place).unwrap_or(("", 0))
}

/// The row that stands there.
pub(crate) fn rule_at(title: &str, row: usize) -> Option<&'static Rule> {
    TABLES.into_iter().find(|table| table.title == title)?.rules.get(row)
}

/// The first code of the evidence that some table knows.
fn vocabulary(signals: &Signals) -> Option<&'static str> {
    signals.codes.iter().find_map(|code| TABLES.into_iter().find_map(|table| table.spelling(code)))
}
