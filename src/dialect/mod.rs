//! What instrumentations call things: one table of attribute keys and one of scopes per dialect.
//!
//! In: an attribute key, or a scope's name and version. Out: the [`Fact`] that the key states, or
//! the [`Profile`] of who wrote the span. It knows names and their meaning, no values, no spans.
//!
//! A new dialect is one file here with a `KEYS` table, a `PROFILES` table, and fixtures. A key means
//! the same in every dialect that uses it; where it does not (seconds here, milliseconds there),
//! the profile of the scope tells.

#![allow(clippy::enum_glob_use, reason = "a table reads better without its enum's name in every row")]

mod adk;
mod ag2;
mod agent_clis;
mod agent_frameworks;
mod agentscope;
mod beeai;
mod braintrust;
mod claude_code;
mod datadog;
mod gateway;
mod gateways;
mod gen_ai;
mod genkit;
pub mod guide;
mod http;
mod jvm;
mod langfuse;
mod langsmith;
mod langtrace;
mod langwatch;
mod llamaindex;
mod logfire;
mod mirascope;
mod mlflow;
mod monocle;
mod openinference;
mod openlit;
mod openllmetry;
mod profile;
pub mod sampling;
mod semantic_kernel;
mod spring;
pub mod taught;
mod traceai;
mod vercel;
mod vocabulary;
mod voice;
mod voltagent;

pub use http::{DATADOG_PREFIX, HEADER_PREFIX};
pub(crate) use profile::profile_named;
pub use profile::{Convention, Layer, Profile, Trait, profile_of};
pub use taught::{Said, Taught, VocabularyConfig};
pub use vocabulary::{Meaning, Vocabulary};

use crate::call::Piece;

/// A number of a usage vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Prompt tokens; with or without cached ones is a question of the dialect.
    Input,
    /// Prompt tokens that were surely neither read from nor written to a cache.
    FreshInput,
    /// Completion tokens.
    Output,
    /// Their sum, as stated.
    Total,
    /// Read from a cache.
    CacheRead,
    /// Written to a cache, whatever its lifetime.
    CacheWrite,
    /// Written to a five minute cache.
    CacheWrite5m,
    /// Written to a one hour cache.
    CacheWrite1h,
    /// Reasoning tokens.
    Reasoning,
    /// Audio tokens of the prompt.
    InputAudio,
    /// Audio tokens of the completion.
    OutputAudio,
    /// Image tokens of the prompt.
    InputImage,
    /// Image tokens of the completion.
    OutputImage,
    /// Video tokens of the prompt.
    InputVideo,
    /// Audio tokens read from a cache.
    CacheReadAudio,
    /// Image tokens read from a cache.
    CacheReadImage,
    /// Prompt tokens that tool results added, billed on top of the prompt (Gemini).
    ToolInput,
    /// Searches, billed by piece.
    WebSearches,
    /// Prompt tokens billed beside those of the usage (compactions).
    ExtraInput,
    /// Completion tokens billed beside those of the usage (compactions).
    ExtraOutput,
    /// Completion tokens without reasoning and without what is split off.
    VisibleOutput,
}

/// A vocabulary of usage numbers. Numbers of two vocabularies on one span tell of the same tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsageFamily {
    /// `gen_ai.usage.*`, new names and old.
    GenAi,
    /// `llm.token_count.*` of `OpenInference`.
    OpenInference,
    /// `ai.usage.*` of the Vercel AI SDK.
    Vercel,
    /// Bare keys of Claude Code.
    ClaudeCode,
    /// The provider's own usage object, kept as JSON or as a Python literal.
    Raw,
    /// A usage object in the shape of `OpenAI`'s chat API (`prompt_tokens`), whoever wrote it.
    OpenAiShaped,
    /// Disjoint buckets of `langfuse.observation.usage_details`.
    Langfuse,
    /// `LangChain`'s `usage_metadata`, and `LangSmith`'s detail attributes.
    LangChain,
    /// `mlflow.chat.tokenUsage`.
    Mlflow,
    /// Details that a provider package of the Vercel AI SDK keeps apart.
    ProviderMetadata,
    /// Sums of `CrewAI`.
    CrewAi,
    /// Numbers whose keys nobody lists, known by their words.
    Words,
    /// The user's own keys.
    Taught,
}

/// How sure a spelling is, when a span states one thing under several keys; the higher wins.
pub type Rank = u8;

/// What an attribute key states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// `gen_ai.operation.name` and its like.
    Operation(Rank),
    /// The provider.
    Provider(Rank),
    /// The model asked for.
    RequestModel(Rank),
    /// The model that answered.
    ResponseModel(Rank),
    /// The model behind a gateway's alias.
    RoutedModel(Rank),
    /// The id of the response.
    ResponseId(Rank),
    /// A vendor's own word for what the span is: a call or not.
    Marker,
    /// Not a call, unless a marker says so.
    NoCallMarker,
    /// A vendor's own word that is only sure when it means a call.
    CallMarker,
    /// A bare key that several vendors write: sure only where [`Trait::OwnsSpanType`] is.
    BareMarker,
    /// `ai.operationId`.
    VercelOperation,
    /// `traceloop.span.kind`.
    TraceloopKind,
    /// `logfire.span_type`.
    LogfireType,
    /// What the key states in one dialect; in all others it is a bare word and states nothing.
    Of(&'static str, &'static Fact),
    /// A bare `model`, which is one only beside a marker.
    BareModel,
    /// Provider and model in one, with a slash between.
    ProviderAndModel(Rank),
    /// The type of an entity beside the span, by its number (Monocle).
    EntityType(u8),
    /// The name of an entity beside the span, by its number (Monocle).
    EntityName(u8),
    /// A usage number.
    Usage(UsageFamily, Field),
    /// An object of the user's own, by its number in [`Taught`].
    TaughtObject(u16),
    /// A usage object written as JSON or as a Python literal.
    UsageObject(UsageFamily),
    /// A vendor's own word for what the span is, in an object: `{"type": "llm"}`.
    MarkerObject,
    /// What was said or heard, in an object.
    MediaObject,
    /// What is billed by piece.
    Pieces(Piece),
    /// Details of the prompt's tokens, as JSON or as a Python literal.
    InputDetails,
    /// Details of the completion's tokens, as JSON or as a Python literal.
    OutputDetails,
    /// The request's parameters as JSON: model, service tier, stream.
    RequestObject,
    /// The answer as JSON: its id, its model, and usage that agrees with the span's own.
    ResponseObject,
    /// The usage of the answer as JSON, beside the span's own.
    ResponseUsage,
    /// `ai.response.providerMetadata`.
    ProviderMetadata,
    /// `hidden_params` of `LiteLLM`: headers, cost.
    HiddenParams,
    /// The response headers, as one object.
    HeaderObject,
    /// Time to the first token, in seconds.
    FirstTokenSeconds,
    /// Time to the first token, in milliseconds.
    FirstTokenMillis,
    /// Time to the first token, in the profile's unit.
    FirstToken,
    /// The moment of the first token, RFC 3339.
    FirstTokenAt,
    /// Whether it streamed.
    Streaming,
    /// Length in seconds of what the span reports, before its own end.
    ReportedDuration,
    /// Why it stopped.
    FinishReason,
    /// The type of an error.
    ErrorType,
    /// The code of an error.
    ErrorCode,
    /// The text of an error.
    ErrorMessage,
    /// HTTP status.
    StatusCode,
    /// False means failed.
    Success,
    /// `ERROR` means failed.
    Level,
    /// Service tier; the higher rank wins (answered over asked for).
    ServiceTier(Rank),
    /// The currency of the reported cost; dollars where none is stated.
    ReportedCurrency,
    /// Speed that was paid for; the higher rank wins.
    Speed(Rank),
    /// The whole cost, in dollars.
    ReportedCost(Rank),
    /// Costs as JSON, in dollars.
    ReportedCostObject,
    /// Attempts made again.
    Resends,
    /// Attempts made, the first included.
    Attempts,
    /// How many spans this one stands for.
    SampleRate(sampling::Rate),
    /// The most output tokens allowed.
    MaxTokens,
    /// `server.address`.
    ServerAddress(Rank),
    /// A whole URL.
    Url,
    /// The path of a URL.
    UrlPath,
    /// The method of an HTTP request.
    HttpMethod,
    /// What identifies an account.
    Account(Rank),
    /// A gateway's name of one request, whatever it made of it.
    GatewayRequest,
    /// A rate limit as an attribute.
    LimitAttribute,
    /// Prompt text: only its length is kept.
    InputText,
    /// Answer text: only its length is kept.
    OutputText,
}

/// What a fact is to other spans than the one that states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Many spans state the same, word for word.
    Shared,
    /// Every span has a number or an id of its own.
    Own,
    /// Neither, or too rare to be worth it: the span is read in full.
    #[default]
    Odd,
}

impl Fact {
    /// True for what is stated in an object, be it JSON or a map.
    #[must_use]
    pub const fn is_object(self) -> bool {
        matches!(
            self,
            Self::UsageObject(_)
                | Self::InputDetails
                | Self::OutputDetails
                | Self::RequestObject
                | Self::ResponseObject
                | Self::ResponseUsage
                | Self::ProviderMetadata
                | Self::HiddenParams
                | Self::HeaderObject
                | Self::ReportedCostObject
                | Self::MarkerObject
                | Self::MediaObject
        )
    }

    /// True for an object that tells of usage.
    #[must_use]
    pub const fn is_usage(self) -> bool {
        self.is_own_usage() || matches!(self, Self::ResponseObject | Self::ResponseUsage)
    }

    /// True for an object that is the span's own usage: half of it is none.
    #[must_use]
    pub const fn is_own_usage(self) -> bool {
        matches!(self, Self::UsageObject(_) | Self::InputDetails | Self::OutputDetails)
    }

    /// How it is shared. What is in no row is read in full, which is always right.
    #[must_use]
    pub const fn sharing(self) -> Sharing {
        match self {
            Self::Operation(_)
            | Self::Provider(_)
            | Self::RequestModel(_)
            | Self::ResponseModel(_)
            | Self::RoutedModel(_)
            | Self::VercelOperation
            | Self::Marker
            | Self::CallMarker
            | Self::NoCallMarker
            | Self::BareMarker
            | Self::BareModel
            | Self::ProviderAndModel(_)
            | Self::EntityType(_)
            | Self::EntityName(_)
            | Self::TraceloopKind
            | Self::LogfireType
            | Self::Streaming
            | Self::FinishReason
            | Self::StatusCode
            | Self::Success
            | Self::Level
            | Self::ServiceTier(_)
            | Self::ServerAddress(_)
            | Self::HttpMethod
            | Self::Account(_) => Sharing::Shared,
            Self::Usage(_, Field::WebSearches) => Sharing::Odd,
            Self::Usage(..)
            | Self::ResponseId(_)
            | Self::FirstTokenSeconds
            | Self::FirstTokenMillis
            | Self::FirstToken
            | Self::MaxTokens
            | Self::SampleRate(_)
            | Self::GatewayRequest
            | Self::InputText
            | Self::OutputText => Sharing::Own,
            Self::Of(_, fact) => fact.sharing(),
            _ => Sharing::Odd,
        }
    }
}

/// A row of a dialect's table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The attribute key.
    pub key: &'static str,
    /// What it states.
    pub fact: Fact,
}

/// Short for a row.
const fn key(key: &'static str, fact: Fact) -> Key {
    Key { key, fact }
}

/// Every dialect's keys.
pub const KEYS: &[&[Key]] = &[
    gen_ai::KEYS,
    openinference::KEYS,
    openllmetry::KEYS,
    vercel::KEYS,
    openlit::KEYS,
    langfuse::KEYS,
    langsmith::KEYS,
    logfire::KEYS,
    gateway::KEYS,
    mlflow::KEYS,
    claude_code::KEYS,
    agent_frameworks::KEYS,
    datadog::KEYS,
    monocle::KEYS,
    genkit::KEYS,
    traceai::KEYS,
    langwatch::KEYS,
    voltagent::KEYS,
    mirascope::KEYS,
    ag2::KEYS,
    agentscope::KEYS,
    beeai::KEYS,
    braintrust::KEYS,
    langtrace::KEYS,
    llamaindex::KEYS,
    agent_clis::KEYS,
    spring::KEYS,
    semantic_kernel::KEYS,
    jvm::KEYS,
    adk::KEYS,
    voice::KEYS,
    gateways::KEYS,
    sampling::KEYS,
    http::KEYS,
];

/// Every dialect's scopes.
pub const PROFILES: &[&[Profile]] = &[
    gen_ai::PROFILES,
    openinference::PROFILES,
    openllmetry::PROFILES,
    vercel::PROFILES,
    openlit::PROFILES,
    langfuse::PROFILES,
    langsmith::PROFILES,
    logfire::PROFILES,
    gateway::PROFILES,
    mlflow::PROFILES,
    claude_code::PROFILES,
    agent_frameworks::PROFILES,
    datadog::PROFILES,
    monocle::PROFILES,
    genkit::PROFILES,
    traceai::PROFILES,
    langwatch::PROFILES,
    voltagent::PROFILES,
    mirascope::PROFILES,
    ag2::PROFILES,
    agentscope::PROFILES,
    beeai::PROFILES,
    braintrust::PROFILES,
    langtrace::PROFILES,
    llamaindex::PROFILES,
    agent_clis::PROFILES,
    spring::PROFILES,
    semantic_kernel::PROFILES,
    jvm::PROFILES,
    adk::PROFILES,
    voice::PROFILES,
    gateways::PROFILES,
    http::PROFILES,
];
