//! One LLM call, in the field's own terms: the nouns that every later stage shares.
//!
//! In: nothing; this module only names things. Out: [`Tokens`], [`ErrorClass`], [`RateLimit`],
//! [`CallRecord`] and the closed vocabularies of the public contract. It knows no wire format,
//! no dialect, no price and no clock.

use crate::exact::Exact;

/// What is billed by piece and is no token. Source: the units of the price catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Piece {
    /// Searches of the web.
    WebSearches,
    /// Searches of stored files.
    StorageSearches,
    /// Documents ranked, in the provider's units.
    RerankSearches,
    /// Audio that was heard, in thousandths of a second.
    AudioSeconds,
    /// Characters that were spoken.
    Characters,
    /// Pages that were read.
    Pages,
    /// Distinct searches of Gemini's grounding: each is one from Gemini 3 on, all of a request are one before
    /// (<https://ai.google.dev/gemini-api/docs/google-search>).
    GroundedQueries,
}

/// How much of each piece a call used; 0 is none stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pieces([u32; Piece::ALL.len()]);

// === impl Piece ===

impl Piece {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::WebSearches,
        Self::StorageSearches,
        Self::RerankSearches,
        Self::AudioSeconds,
        Self::Characters,
        Self::Pages,
        Self::GroundedQueries,
    ];

    /// What the catalogue calls it, and the wider count that it is a part of.
    #[must_use]
    pub const fn units(self) -> &'static [&'static str] {
        match self {
            Self::WebSearches => &["web_searches"],
            Self::StorageSearches => &["storage_searches"],
            Self::RerankSearches => &["rerank_searches"],
            Self::AudioSeconds => &["audio_seconds", "input_audio_seconds"],
            Self::Characters => &["input_characters"],
            Self::Pages => &["input_document_pages"],
            Self::GroundedQueries => &[],
        }
    }

    /// How many of the count are one of the catalogue's units.
    #[must_use]
    pub const fn per_unit(self) -> u32 {
        match self {
            Self::AudioSeconds => 1000,
            _ => 1,
        }
    }
}

// === impl Pieces ===

impl Pieces {
    /// States how much; of what is stated twice the larger counts.
    pub fn state(&mut self, piece: Piece, count: f64) {
        let count = (count * f64::from(piece.per_unit())).round();
        if count > 0.0 && count < f64::from(u32::MAX) {
            self.put(piece, count as u32);
        }
    }

    /// The same, in the number that is kept.
    pub fn put(&mut self, piece: Piece, count: u32) {
        let slot = &mut self.0[piece as usize];
        *slot = (*slot).max(count);
    }

    /// How much is stated.
    #[must_use]
    pub const fn get(self, piece: Piece) -> u32 {
        self.0[piece as usize]
    }

    /// Takes the larger of each.
    pub fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own = (*own).max(other));
    }

    /// What is stated.
    pub fn iter(self) -> impl Iterator<Item = (Piece, u32)> {
        Piece::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// True when nothing is.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

/// One kind of billed token. The kinds are a partition: their sum is what the provider bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TokenType {
    /// Fresh (uncached) prompt tokens, of any modality that is not split out.
    Input,
    /// Fresh audio prompt tokens.
    InputAudio,
    /// Fresh image prompt tokens.
    InputImage,
    /// Fresh video prompt tokens.
    InputVideo,
    /// Prompt tokens read from a provider-side cache.
    CacheRead,
    /// Audio prompt tokens read from the cache.
    CacheReadAudio,
    /// Image prompt tokens read from the cache.
    CacheReadImage,
    /// Prompt tokens written to a short-lived (five minute) cache.
    CacheWrite,
    /// Prompt tokens written to a one hour cache.
    CacheWrite1h,
    /// Visible completion tokens.
    Output,
    /// Audio completion tokens.
    OutputAudio,
    /// Image completion tokens.
    OutputImage,
    /// Video completion tokens.
    OutputVideo,
    /// Reasoning ("thinking") tokens, billed as output but not shown.
    Reasoning,
}

impl TokenType {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 14] = [
        Self::Input,
        Self::InputAudio,
        Self::InputImage,
        Self::InputVideo,
        Self::CacheRead,
        Self::CacheReadAudio,
        Self::CacheReadImage,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Output,
        Self::OutputAudio,
        Self::OutputImage,
        Self::OutputVideo,
        Self::Reasoning,
    ];

    /// The value of the `type` label and the key in `explain --json`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::InputAudio => "input_audio",
            Self::InputImage => "input_image",
            Self::InputVideo => "input_video",
            Self::CacheRead => "cache_read",
            Self::CacheReadAudio => "cache_read_audio",
            Self::CacheReadImage => "cache_read_image",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Output => "output",
            Self::OutputAudio => "output_audio",
            Self::OutputImage => "output_image",
            Self::OutputVideo => "output_video",
            Self::Reasoning => "reasoning",
        }
    }

    /// The kind whose label this is.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// True for the kinds that are part of the prompt.
    #[must_use]
    pub const fn is_input(self) -> bool {
        (self as u8) < (Self::Output as u8)
    }
}

/// Token counts of one call, a partition of what is billed. A kind is either stated or absent;
/// absent is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    counts: [u64; TokenType::ALL.len()],
    stated: u16,
}

impl Tokens {
    /// States a count.
    pub const fn set(&mut self, kind: TokenType, count: u64) {
        self.counts[kind as usize] = count;
        self.stated |= 1 << kind as u16;
    }

    /// The stated count, or `None` where the spans do not tell.
    #[must_use]
    pub const fn get(&self, kind: TokenType) -> Option<u64> {
        if self.stated & (1 << kind as u16) == 0 { None } else { Some(self.counts[kind as usize]) }
    }

    /// True when nothing is stated.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.stated == 0
    }

    /// The stated kinds, one bit each.
    #[must_use]
    pub const fn stated(&self) -> u16 {
        self.stated
    }

    /// The stated kinds and their counts, in the order of the contract.
    pub fn iter(&self) -> impl Iterator<Item = (TokenType, u64)> + '_ {
        let mut left = self.stated;
        std::iter::from_fn(move || {
            let kind = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            Some((*TokenType::ALL.get(kind)?, self.counts[kind]))
        })
    }

    /// The whole prompt, cached or not.
    #[must_use]
    pub fn input_total(&self) -> u64 {
        // What is not stated stands at 0.
        self.counts[..TokenType::Output as usize].iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Everything that was generated, visible or not.
    #[must_use]
    pub fn output_total(&self) -> u64 {
        self.counts[TokenType::Output as usize..].iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Why a call failed: the closed set of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ErrorClass {
    /// It did not fail.
    #[default]
    None,
    /// Too fast for a limit that refills by itself.
    RateLimit,
    /// Money, credits or an allotment are used up; waiting does not help.
    QuotaExhausted,
    /// The provider has no capacity; not the caller's limit.
    Overloaded,
    /// The prompt does not fit the model's context window.
    ContextLength,
    /// Refused by the provider's safety system.
    ContentFilter,
    /// The key is missing, wrong or revoked.
    Authentication,
    /// The key is good but may not do this.
    Permission,
    /// No such model, or none for this account.
    ModelNotFound,
    /// The request itself is wrong.
    InvalidRequest,
    /// No answer in time.
    Timeout,
    /// The provider failed.
    ServerError,
    /// No connection, or it broke.
    Connection,
    /// The caller gave up.
    Cancelled,
    /// Failed, and the spans do not tell why.
    Unknown,
}

impl ErrorClass {
    /// Every class, in the order of the contract.
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::RateLimit,
        Self::QuotaExhausted,
        Self::Overloaded,
        Self::ContextLength,
        Self::ContentFilter,
        Self::Authentication,
        Self::Permission,
        Self::ModelNotFound,
        Self::InvalidRequest,
        Self::Timeout,
        Self::ServerError,
        Self::Connection,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// The value of the `error_class` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::RateLimit => "rate_limit",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::ModelNotFound => "model_not_found",
            Self::InvalidRequest => "invalid_request",
            Self::Timeout => "timeout",
            Self::ServerError => "server_error",
            Self::Connection => "connection",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the dollars of a call come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PriceSource {
    /// The embedded or loaded price catalogue.
    Catalogue,
    /// A price, override or discount from the configuration.
    Configured,
    /// The cost that the instrumentation itself wrote on the span.
    Reported,
    /// Tokens are known, a price is not.
    Unpriced,
    /// The tokens are not known, so neither is the cost.
    #[default]
    UnknownUsage,
}

impl PriceSource {
    /// Every source, in the order of the contract.
    pub const ALL: [Self; 5] =
        [Self::Catalogue, Self::Configured, Self::Reported, Self::Unpriced, Self::UnknownUsage];

    /// The value of the `price_source` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Configured => "configured",
            Self::Reported => "reported",
            Self::Unpriced => "unpriced",
            Self::UnknownUsage => "unknown_usage",
        }
    }
}

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Calls.
    Requests,
    /// Tokens in and out together.
    Tokens,
    /// Prompt tokens.
    InputTokens,
    /// Completion tokens.
    OutputTokens,
    /// A utilisation fraction of an unnamed allotment.
    Usage,
}

impl Resource {
    /// The value of the `resource` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Usage => "usage",
        }
    }
}

/// The time over which a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// One second.
    Second,
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// Five hours (Anthropic subscriptions).
    FiveHours,
    /// One day.
    Day,
    /// Seven days.
    SevenDays,
    /// A calendar month.
    Month,
    /// The provider does not say.
    Unknown,
}

impl Window {
    /// The value of the `window` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::FiveHours => "5h",
            Self::Day => "day",
            Self::SevenDays => "7d",
            Self::Month => "month",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the numbers of a [`RateLimit`] were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitEvidence {
    /// A response header.
    Header,
    /// The text of an error.
    Message,
    /// An attribute that an instrumentation wrote.
    Attribute,
    /// The configuration.
    Configured,
}

impl LimitEvidence {
    /// The value in `explain --json`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Message => "message",
            Self::Attribute => "attribute",
            Self::Configured => "configured",
        }
    }
}

/// What one response said of one limit.
#[derive(Clone, Debug, PartialEq)]
pub struct RateLimit {
    /// What is counted.
    pub resource: Resource,
    /// Over which time.
    pub window: Window,
    /// Which one, where a provider has several over the same time (`project`, `usage_based`, a model
    /// family); else empty.
    pub scope: &'static str,
    /// The ceiling.
    pub limit: Option<u64>,
    /// What is left.
    pub remaining: Option<u64>,
    /// Used part of the limit, 0 to 1 (above 1 when over it).
    pub used_ratio: Option<f64>,
    /// Seconds from the end of the call until it is refilled.
    pub reset_seconds: Option<f64>,
    /// When that is, seconds since the Unix epoch, where the provider states a moment and no wait.
    pub reset_moment: Option<f64>,
    /// A short hash of, or a configured name for, what the limit belongs to.
    pub account: Option<String>,
    /// Where this was read.
    pub evidence: LimitEvidence,
}

/// The labels that every family of calls carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallLabels<'a> {
    /// `service.name` of the resource.
    pub service_name: &'a str,
    /// `deployment.environment.name`.
    pub environment: &'a str,
    /// The convention's provider name.
    pub provider: &'a str,
    /// Canonical model id.
    pub model: &'a str,
    /// The convention's operation name.
    pub operation: &'a str,
    /// Values of the configured dimensions, in the order of the configuration.
    pub dimensions: &'a [&'a str],
}

/// Dollars of one call, as the series table takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostRecord<'a> {
    /// Dollars by kind of token.
    pub tokens: &'a [(TokenType, Exact)],
    /// Per-request and tool fees.
    pub request: Exact,
    /// All of it.
    pub total: Exact,
    /// What the cached tokens would have cost more as fresh ones. Not part of `total`.
    pub cache_savings: Exact,
}

/// All that the metrics need of one finished call: the input of `aggregate`. Its default is a call
/// of which nothing is known, so that a maker states what it knows and ends with `..default()`.
#[derive(Clone, Debug, Default)]
pub struct CallRecord<'a> {
    /// The shared labels.
    pub labels: CallLabels<'a>,
    /// Trace that the call is part of, for exemplars.
    pub trace_id: [u8; 16],
    /// Span that the call is, for exemplars.
    pub span_id: [u8; 8],
    /// End of the call, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// Seconds from start to end.
    pub duration_seconds: f64,
    /// Seconds to the first token, of streams that tell.
    pub time_to_first_token_seconds: Option<f64>,
    /// Seconds per output token after the first, of streams that tell.
    pub time_per_output_token_seconds: Option<f64>,
    /// What failed, or `None`.
    pub error_class: ErrorClass,
    /// The provider's code, from a bounded vocabulary.
    pub error_code: Option<&'a str>,
    /// The HTTP status.
    pub status_code: Option<u16>,
    /// Whether the same request can succeed later, where the evidence tells.
    pub retryable: Option<bool>,
    /// Whether the answer came as a stream, where the spans tell.
    pub streaming: Option<bool>,
    /// Attempts hidden inside this call.
    pub retries: u32,
    /// Tokens, or `None` when the spans do not tell.
    pub tokens: Option<Tokens>,
    /// Why the stated tokens cannot belong to the text on the span, from a closed vocabulary.
    pub suspicious_usage: Option<&'static str>,
    /// Tokens estimated from the text, where none were stated and estimation is on.
    pub estimated_tokens: Option<Tokens>,
    /// Dollars that the instrumentation itself wrote on the span.
    pub reported_cost_usd: Option<f64>,
    /// A cost in another currency, for which no rate is configured: its code and the amount.
    pub reported_cost_foreign: Option<(&'static str, f64)>,
    /// Dollars, or `None` when there is no price or no usage.
    pub cost: Option<CostRecord<'a>>,
    /// Where the dollars come from.
    pub price_source: PriceSource,
    /// How many calls it stands for, where not all traces are kept and somebody estimates.
    pub weight: Option<f64>,
}
