//! Who wrote a span: one row per instrumentation scope.

use super::{PROFILES, taught};

/// How near the wire an instrumentation sits. The nearer decides, the farther fills gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The HTTP client.
    Http,
    /// The provider's SDK itself.
    Sdk,
    /// A gateway or proxy in front of the provider.
    Gateway,
    /// Something that wraps one provider's SDK.
    Instrumentor,
    /// A framework over many providers.
    Framework,
    /// An agent or a workflow.
    Agent,
}

/// What `input` counts, for the providers whose own API leaves cached tokens out of it
/// (Anthropic, Bedrock). `OpenAI`'s and Gemini's include them everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// With cached tokens, as the OpenTelemetry convention asks.
    Inclusive,
    /// Without them, as Anthropic's API states it.
    Exclusive,
}

/// What else is particular about a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// `gen_ai.server.time_to_first_token` is in milliseconds (seconds elsewhere).
    FirstTokenMillis,
    /// The time to first token is stated without streaming too, where it means nothing.
    FirstTokenAlways,
    /// Usage of streams is counted by the client's own tokenizer when the provider sent none.
    InventsStreamUsage,
    /// A wrapper without a call inside is the call: the inner span of an aborted stream never ends.
    LoneWrapperIsCall,
    /// An agent's usage leaves out that of the agents it called.
    OwnAgentUsage,
    /// The reported cost is 0 when the library has no price list.
    ZeroCostIsUnknown,
    /// `billed_units` are what costs money, `tokens` are not (Cohere).
    TokensAreNotBilled,
    /// Operation names are written on every span, tools and chains too.
    OperationEverywhere,
    /// Output leaves thoughts out and does not state them, so it is not what is billed.
    OutputWithoutThoughts,
    /// What a stream read from a cache or wrote to it is not stated.
    StreamsWithoutCached,
    /// The status is set to OK when the span begins, and OpenTelemetry keeps the first OK (langsmith 0.15,
    /// `_otel_exporter.py`): an exception without an answer is a failure all the same.
    OkBeforeTheEnd,
    /// The bare `span.type` is its own word for what a span is.
    OwnsSpanType,
    /// Usage of a failed call is the library's own guess, not a bill.
    FailedUsageIsGuess,
    /// `completion` is the chat API, not the one for text.
    CompletionIsChat,
    /// Each call of a tool loop states the sum so far.
    Accumulates,
    /// One span tells of several calls with the usage of the last; the agent around it has all.
    LastStepOnly,
    /// The user says that its spans are calls.
    TaughtCall,
    /// The user says that its spans are no calls.
    TaughtNoCall,
    /// Times that a request was sent are counted from 1.
    ResendsFromOne,
    /// Spans without length that state usage repeat that of the call beside them.
    Accounts,
}

/// One instrumentation.
#[derive(Debug)]
pub struct Profile {
    /// The name in `explain`.
    pub dialect: &'static str,
    /// The scope's name, or its beginning when it ends in `*`.
    pub scope: &'static str,
    /// How near the wire.
    pub layer: Layer,
    /// What its `input` counts.
    pub convention: Convention,
    /// Its particulars.
    pub traits: &'static [Trait],
    /// First version this holds no more for; empty for none.
    pub before: &'static str,
}

impl Profile {
    /// A row that holds for every version and follows the convention.
    pub(super) const fn new(dialect: &'static str, scope: &'static str, layer: Layer) -> Self {
        Self { dialect, scope, layer, convention: Convention::Inclusive, traits: &[], before: "" }
    }

    /// The same, with input that leaves cached tokens out.
    pub(super) const fn exclusive(mut self) -> Self {
        self.convention = Convention::Exclusive;
        self
    }

    /// The same, with particulars.
    pub(super) const fn with(mut self, traits: &'static [Trait]) -> Self {
        self.traits = traits;
        self
    }

    /// The same, for versions below this one.
    pub(super) const fn before(mut self, version: &'static str) -> Self {
        self.before = version;
        self
    }

    /// True when the scope has this particular.
    #[must_use]
    pub fn has(&self, wanted: Trait) -> bool {
        self.traits.contains(&wanted)
    }

    fn covers(&self, name: &str, version: &str) -> bool {
        let named = match self.scope.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.scope,
        };
        named && (self.before.is_empty() || version_numbers(version) < version_numbers(self.before))
    }
}

/// A scope that no row names.
static UNKNOWN: Profile = Profile::new("gen_ai", "", Layer::Framework);

/// The first row that covers this scope; a general one when none does.
#[must_use]
pub fn profile_of(name: &str, version: &str) -> &'static Profile {
    PROFILES.iter().flat_map(|table| table.iter()).find(|row| row.covers(name, version)).unwrap_or(&UNKNOWN)
}

/// The row with this name, scope and bound, as they are kept on disk; a general one where it is no more.
pub(crate) fn profile_named(dialect: &str, scope: &str, before: &str) -> &'static Profile {
    let is_it = |row: &&Profile| row.dialect == dialect && row.scope == scope && row.before == before;
    PROFILES
        .iter()
        .flat_map(|table| table.iter())
        .chain(taught::PROFILES.iter())
        .find(is_it)
        .unwrap_or(&UNKNOWN)
}

/// The leading numbers of a version, `1.3b0` as 1, 3, 0.
fn version_numbers(version: &str) -> [u32; 3] {
    let mut numbers = [0; 3];
    let parts = version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    for (slot, part) in numbers.iter_mut().zip(parts) {
        *slot = part.parse().unwrap_or(u32::MAX);
    }
    numbers
}
