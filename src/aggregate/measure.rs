//! What is measured of the calls of one label tuple, and where each measure has its place.

use crate::call::{ErrorClass, PriceSource, TokenType};
use crate::metric::{
    BY_INPUT_EDGES, COST_EDGES, DURATION_EDGES, FIRST_TOKEN_EDGES, INPUT_TOKEN_EDGES, PER_TOKEN_EDGES,
};

/// Which counter of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Calls by class.
    Requests(ErrorClass),
    /// Failures by `retryable`.
    Retryable(Option<bool>),
    /// Hidden attempts.
    Retries,
    /// Successes by (streaming, longer than 10 s).
    Streaming(Option<bool>, bool),
    /// Tokens by kind.
    Tokens(TokenType),
    /// Estimated tokens by kind.
    Estimated(TokenType),
    /// Calls without usage.
    WithoutUsage,
    /// Calls by the source of their price.
    Priced(PriceSource),
}

/// Which counter of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dollars {
    /// Spent, by kind; `None` = per-request and tool fees.
    Cost(Option<TokenType>),
    /// Spent on failures, by class.
    ErrorCost(ErrorClass),
    /// Saved by caches.
    CacheSavings,
    /// As reported by instrumentations.
    Reported,
}

/// Which estimate of what there was, where not all traces are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// Calls by class.
    Requests(ErrorClass),
    /// Tokens by kind.
    Tokens(TokenType),
    /// Dollars by kind; `None` = per-request and tool fees.
    Cost(Option<TokenType>),
}

/// Which histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Seconds of whole calls.
    Duration(Outcome),
    /// Seconds to the first token.
    FirstToken,
    /// Seconds per output token.
    PerToken,
    /// Seconds of successes by prompt size.
    ByInput(InputSize),
    /// Tokens of whole prompts.
    InputTokens,
    /// Dollars per call.
    RequestCost,
}

const CLASSES: usize = ErrorClass::ALL.len();
const KINDS: usize = TokenType::ALL.len();

impl Count {
    /// A number below 64 of its own.
    pub(super) const fn number(self) -> usize {
        const RETRYABLE: usize = CLASSES;
        const STREAMING: usize = RETRYABLE + 3;
        const TOKENS: usize = STREAMING + 6;
        const ESTIMATED: usize = TOKENS + KINDS;
        const PRICED: usize = ESTIMATED + KINDS;
        const RETRIES: usize = PRICED + PriceSource::ALL.len();
        const WITHOUT_USAGE: usize = RETRIES + 1;
        const { assert!(WITHOUT_USAGE < 64) };
        match self {
            Self::Requests(class) => class as usize,
            Self::Retryable(retryable) => RETRYABLE + told(retryable),
            Self::Streaming(streaming, long) => STREAMING + told(streaming) * 2 + long as usize,
            Self::Tokens(kind) => TOKENS + kind as usize,
            Self::Estimated(kind) => ESTIMATED + kind as usize,
            Self::Priced(source) => PRICED + source as usize,
            Self::Retries => RETRIES,
            Self::WithoutUsage => WITHOUT_USAGE,
        }
    }
}

impl Dollars {
    pub(super) const fn number(self) -> usize {
        const REQUEST: usize = KINDS;
        const ERRORS: usize = REQUEST + 1;
        const SAVINGS: usize = ERRORS + CLASSES;
        const REPORTED: usize = SAVINGS + 1;
        const { assert!(REPORTED < 64) };
        match self {
            Self::Cost(Some(kind)) => kind as usize,
            Self::Cost(None) => REQUEST,
            Self::ErrorCost(class) => ERRORS + class as usize,
            Self::CacheSavings => SAVINGS,
            Self::Reported => REPORTED,
        }
    }
}

impl Estimate {
    pub(super) const fn number(self) -> usize {
        const TOKENS: usize = CLASSES;
        const COST: usize = TOKENS + KINDS;
        const REQUEST: usize = COST + KINDS;
        const { assert!(REQUEST < 64) };
        match self {
            Self::Requests(class) => class as usize,
            Self::Tokens(kind) => TOKENS + kind as usize,
            Self::Cost(Some(kind)) => COST + kind as usize,
            Self::Cost(None) => REQUEST,
        }
    }
}

impl Spread {
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Duration(outcome) => outcome as usize,
            Self::FirstToken => 2,
            Self::PerToken => 3,
            Self::InputTokens => 4,
            Self::RequestCost => 5,
            Self::ByInput(size) => 6 + size as usize,
        }
    }

    pub(super) const fn edges(self) -> &'static [f64] {
        match self {
            Self::Duration(_) => &DURATION_EDGES,
            Self::FirstToken => &FIRST_TOKEN_EDGES,
            Self::PerToken => &PER_TOKEN_EDGES,
            Self::InputTokens => &INPUT_TOKEN_EDGES,
            Self::RequestCost => &COST_EDGES,
            Self::ByInput(_) => &BY_INPUT_EDGES,
        }
    }
}

/// Codes of kept data: eight bits for the kind, eight for which of them. A code keeps its meaning for ever.
impl Count {
    /// Every counter, with its code.
    pub(super) fn all() -> impl Iterator<Item = (u16, Self)> {
        let [none, no, yes] = TOLD;
        let plain = [(2 << 8, Self::Retries), (6 << 8, Self::WithoutUsage)];
        let streaming = [none, no, yes].into_iter().flat_map(|it| [(it, false), (it, true)]);
        plain
            .into_iter()
            .chain(coded(0, ErrorClass::ALL.map(Self::Requests)))
            .chain(coded(1, TOLD.map(Self::Retryable)))
            .chain(
                streaming.enumerate().map(|(at, (it, long))| (3 << 8 | at as u16, Self::Streaming(it, long))),
            )
            .chain(coded(4, TokenType::ALL.map(Self::Tokens)))
            .chain(coded(5, TokenType::ALL.map(Self::Estimated)))
            .chain(coded(7, PriceSource::ALL.map(Self::Priced)))
    }

    /// The counter with this code.
    pub(super) fn coded(code: u16) -> Option<Self> {
        Self::all().find(|(known, _)| *known == code).map(|(_, which)| which)
    }
}

impl Dollars {
    /// Every counter, with its code.
    pub(super) fn all() -> impl Iterator<Item = (u16, Self)> {
        let plain = [(1 << 8, Self::Cost(None)), (3 << 8, Self::CacheSavings), (4 << 8, Self::Reported)];
        plain
            .into_iter()
            .chain(coded(0, TokenType::ALL.map(|kind| Self::Cost(Some(kind)))))
            .chain(coded(2, ErrorClass::ALL.map(Self::ErrorCost)))
    }

    /// The counter with this code.
    pub(super) fn coded(code: u16) -> Option<Self> {
        Self::all().find(|(known, _)| *known == code).map(|(_, which)| which)
    }
}

impl Estimate {
    /// Every estimate, with its code.
    pub(super) fn all() -> impl Iterator<Item = (u16, Self)> {
        coded(0, ErrorClass::ALL.map(Self::Requests))
            .chain(coded(1, TokenType::ALL.map(Self::Tokens)))
            .chain(coded(2, TokenType::ALL.map(|kind| Self::Cost(Some(kind)))))
            .chain([(3 << 8, Self::Cost(None))])
    }

    /// The estimate with this code.
    pub(super) fn coded(code: u16) -> Option<Self> {
        Self::all().find(|(known, _)| *known == code).map(|(_, which)| which)
    }
}

impl Spread {
    /// Every histogram, with its code: its number, which keeps its meaning.
    pub(super) fn all() -> impl Iterator<Item = (u16, Self)> {
        let plain = [Self::FirstToken, Self::PerToken, Self::InputTokens, Self::RequestCost];
        let all = Outcome::ALL.into_iter().map(Self::Duration).chain(plain);
        all.chain(InputSize::ALL.map(Self::ByInput)).map(|which| (which.number() as u16, which))
    }

    /// The histogram with this code.
    pub(super) fn coded(code: u16) -> Option<Self> {
        Self::all().find(|(known, _)| *known == code).map(|(_, which)| which)
    }
}

const TOLD: [Option<bool>; 3] = [None, Some(false), Some(true)];

fn coded<T, const N: usize>(kind: u16, all: [T; N]) -> impl Iterator<Item = (u16, T)> {
    all.into_iter().enumerate().map(move |(at, which)| (kind << 8 | at as u16, which))
}

const fn told(fact: Option<bool>) -> usize {
    match fact {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
}

impl Outcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ok, Self::Error];

    /// The value of the `outcome` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// Size of a whole prompt, in classes at whose borders providers change price or pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSize {
    /// Up to 8,000 tokens.
    To8k,
    /// Up to 32,000.
    To32k,
    /// Up to 80,000.
    To80k,
    /// Up to 100,000.
    To100k,
    /// Up to 200,000.
    To200k,
    /// More.
    Over200k,
}

impl InputSize {
    /// Every class.
    pub const ALL: [Self; 6] =
        [Self::To8k, Self::To32k, Self::To80k, Self::To100k, Self::To200k, Self::Over200k];

    /// The class of a prompt.
    #[must_use]
    pub const fn of(tokens: u64) -> Self {
        match tokens {
            0..=8_000 => Self::To8k,
            8_001..=32_000 => Self::To32k,
            32_001..=80_000 => Self::To80k,
            80_001..=100_000 => Self::To100k,
            100_001..=200_000 => Self::To200k,
            200_001.. => Self::Over200k,
        }
    }

    /// The value of the `input_size` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::To8k => "0-8k",
            Self::To32k => "8k-32k",
            Self::To80k => "32k-80k",
            Self::To100k => "80k-100k",
            Self::To200k => "100k-200k",
            Self::Over200k => "200k+",
        }
    }
}
