//! What reaches the engine of one span: small, of fixed size, without any text.
//!
//! In: [`crate::engine::Reader`] makes them on the reading threads. Out: `settle` holds and joins them, `judge`
//! prices them. A [`Record`] has ids, times and numbers; the texts that many spans share lie in its [`Shape`];
//! what few spans have (failures, limits, odd numbers) lies in its [`Evidence`]. No prompt, no header and no error
//! text is in any of them: what those said has been read before.

mod batch;
pub mod kept;
mod shape;

use crate::call::{Pieces, RateLimit, TokenType, Tokens};
use crate::classify::ErrorVerdict;
use crate::dialect::Layer;
use crate::facts::{Role, SpanKey};
use crate::otlp::SpanHeader;
use crate::recognise::signs::Signs;
pub use batch::RecordBatch;
pub(crate) use shape::RequestShapes;
pub use shape::{Name, Shape, ShapeDraft, Shapes};

/// Most tokens of one kind that a call can have: what is above is a mistake of whoever wrote it.
pub const MOST_TOKENS: u64 = 1_000_000_000;
/// Longest call, nanoseconds: seven days.
pub const LONGEST_NANOS: u64 = 7 * 86_400 * 1_000_000_000;

/// One span. 128 bytes.
#[derive(Clone, Debug)]
pub struct Record {
    /// Trace id.
    pub trace_id: [u8; 16],
    /// Span id.
    pub span_id: [u8; 8],
    /// Parent, all zero for a root.
    pub parent_span_id: [u8; 8],
    /// Start, nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// End, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// Names its answer among all; 0 when it has no id that does.
    pub answer: u64,
    /// What few spans have.
    pub evidence: Option<Box<Evidence>>,
    first_token_seconds: f64,
    counts: [u32; COMMON.len()],
    stated: u16,
    /// HTTP status; 0 when not stated.
    status: u16,
    /// What the id of its answer looks like, as a number; 0 when it has none.
    pub answer_kind: u32,
    /// Index of its shape: in [`RecordBatch::shapes`], once it waits in the engine's store.
    pub shape: u32,
    /// When it came, milliseconds of engine time.
    pub arrived: u32,
    /// Its number among all that a journal keeps; comes round after four thousand million.
    pub number: u32,
    max_tokens: u32,
    input_characters: u32,
    output_characters: u32,
    /// What is true of it.
    pub flags: Flags,
    /// What it is.
    pub role: Role,
    /// How near the wire it was made.
    pub layer: Layer,
}

/// Kinds of tokens with a place in every record; others are evidence.
const COMMON: [TokenType; 5] =
    [TokenType::Input, TokenType::CacheRead, TokenType::CacheWrite, TokenType::Output, TokenType::Reasoning];

/// What is true of a span, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// It failed, by status or otherwise.
    pub const FAILED: Self = Self(1);
    /// Its status says that it went well.
    pub const OK: Self = Self(1 << 1);
    /// The answer came as a stream.
    pub const STREAMED: Self = Self(1 << 2);
    /// The answer came whole.
    pub const WHOLE: Self = Self(1 << 3);
    /// It states usage, be it nothing usable.
    pub const STATES_USAGE: Self = Self(1 << 4);
    /// It has response headers, or attributes like them.
    pub const HEADERS: Self = Self(1 << 5);
    /// It ended with a tool call.
    pub const TOOL: Self = Self(1 << 6);
    /// Its numbers of tokens cannot be.
    pub const ABSURD_TOKENS: Self = Self(1 << 7);
    /// Its times cannot be.
    pub const ABSURD_TIME: Self = Self(1 << 8);
    /// Nothing below it is the call above it: a tool or an agent.
    pub const BARRIER: Self = Self(1 << 9);
    /// With no call inside or above, it is the call itself.
    pub const WITNESS: Self = Self(1 << 10);
    /// Only states usage, without length: it keeps the books of a call beside it.
    pub const ACCOUNTS: Self = Self(1 << 12);
    /// The other side of a call.
    pub const SERVER: Self = Self(1 << 11);

    /// Not all traces are kept, by the trace's own word.
    pub const SAMPLED: Self = Self(1 << 13);
    /// An object on it has no end.
    pub const CUT: Self = Self(1 << 14);

    /// Sets or takes away those of another.
    pub const fn set(&mut self, other: Self, is_set: bool) {
        self.0 = if is_set { self.0 | other.0 } else { self.0 & !other.0 };
    }

    /// Adds those of another.
    pub const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// True when all of another's are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What is rare.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Span name; only for a person who asked.
    pub name: Box<str>,
    /// What spoke for a call and against it; only for a person who asked.
    pub signs: Signs,
    /// Entries of the user's vocabulary that were used; only for a person who asked.
    pub taught: Box<str>,
    /// Why it failed, as far as this span tells.
    pub error: Option<ErrorVerdict>,
    /// What it told of rate limits, by headers and, if it failed, by text.
    pub limits: Vec<RateLimit>,
    /// A short hash of the organization that its headers name.
    pub account: Option<String>,
    /// Hidden attempts that the span itself counts.
    pub resends: u32,
    /// What is billed by piece.
    pub pieces: Pieces,
    /// How many spans it stands for, where not all are kept and somebody estimates.
    pub weight: Option<f64>,
    /// Cost that the instrumentation states.
    pub reported_cost: Option<f64>,
    /// The code of its currency, where that is not the dollar.
    pub reported_currency: Option<&'static str>,
    /// All tokens, where some kind has no place in the record.
    pub tokens: Option<Tokens>,
}

// === impl Record ===

impl Record {
    /// A span of which nothing but its place is known.
    #[must_use]
    pub const fn new(
        key: SpanKey,
        parent_span_id: [u8; 8],
        times: (u64, u64),
        role: Role,
        layer: Layer,
    ) -> Self {
        Self {
            trace_id: key.trace_id,
            span_id: key.span_id,
            parent_span_id,
            start_unix_nano: times.0,
            end_unix_nano: times.1,
            answer: 0,
            evidence: None,
            first_token_seconds: f64::NAN,
            counts: [0; COMMON.len()],
            stated: 0,
            status: 0,
            answer_kind: 0,
            shape: 0,
            arrived: 0,
            number: 0,
            max_tokens: u32::MAX,
            input_characters: u32::MAX,
            output_characters: u32::MAX,
            flags: Flags(0),
            role,
            layer,
        }
    }

    /// Another span like this one: its place, and neither answer nor tokens.
    #[must_use]
    pub fn of(&self, header: &SpanHeader<'_>) -> Self {
        Self {
            trace_id: header.trace_id,
            span_id: header.span_id,
            parent_span_id: header.parent_span_id,
            start_unix_nano: header.start_unix_nano,
            end_unix_nano: header.end_unix_nano,
            answer: 0,
            answer_kind: 0,
            counts: [0; COMMON.len()],
            stated: 0,
            ..self.clone()
        }
    }

    /// How long it has waited, nanoseconds; engine time as records keep it comes round after 49 days.
    #[must_use]
    pub const fn waited_nanos(&self, now: u64) -> u64 {
        Self::milliseconds(now).wrapping_sub(self.arrived) as u64 * 1_000_000
    }

    /// Engine time as records keep it.
    #[must_use]
    pub const fn milliseconds(nanos: u64) -> u32 {
        (nanos / 1_000_000) as u32
    }

    /// The key that names this span among all.
    #[must_use]
    pub const fn key(&self) -> SpanKey {
        SpanKey { trace_id: self.trace_id, span_id: self.span_id }
    }

    /// The key of its parent, if it has one.
    #[must_use]
    pub fn parent_key(&self) -> Option<SpanKey> {
        (self.parent_span_id != [0; 8])
            .then_some(SpanKey { trace_id: self.trace_id, span_id: self.parent_span_id })
    }

    /// True when the span is marked as failed.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.flags.has(Flags::FAILED)
    }

    /// Billed tokens, `None` when the span does not tell.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens> {
        if self.stated == 0 {
            return self.evidence.as_ref().and_then(|evidence| evidence.tokens);
        }
        let mut tokens = Tokens::default();
        for (place, kind) in COMMON.into_iter().enumerate() {
            if self.stated & (1 << place) != 0 {
                tokens.set(kind, u64::from(self.counts[place]));
            }
        }
        Some(tokens)
    }

    /// States its tokens.
    pub fn set_tokens(&mut self, tokens: &Tokens) {
        let common = |kind| COMMON.into_iter().position(|common| common == kind);
        let fits = !tokens.is_empty()
            && tokens.iter().all(|(kind, count)| common(kind).is_some() && u32::try_from(count).is_ok());
        if !fits {
            self.evidence_mut().tokens = Some(*tokens);
            return;
        }
        for (place, kind) in COMMON.into_iter().enumerate() {
            if let Some(count) = tokens.get(kind) {
                (self.counts[place], self.stated) = (count as u32, self.stated | 1 << place);
            }
        }
    }

    /// States other tokens than it did.
    pub fn replace_tokens(&mut self, tokens: &Tokens) {
        (self.counts, self.stated) = ([0; COMMON.len()], 0);
        self.evidence.iter_mut().for_each(|evidence| evidence.tokens = None);
        self.set_tokens(tokens);
    }

    /// True when it states tokens that can be used.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        self.stated != 0 || self.evidence.as_ref().is_some_and(|evidence| evidence.tokens.is_some())
    }

    /// All of a prompt and all of an answer, as this span states them.
    #[must_use]
    pub fn usage(&self) -> Option<(u64, u64)> {
        if self.stated == 0 {
            let tokens = self.evidence.as_ref()?.tokens?;
            return Some((tokens.input_total(), tokens.output_total()));
        }
        let [input, read, written, output, reasoning] = self.counts.map(u64::from);
        Some((input + read + written, output + reasoning))
    }

    /// Tokens of the prompt that were fresh, read from a cache, and written to one, as this span states them.
    #[must_use]
    pub fn input_parts(&self) -> [u64; 3] {
        if self.stated == 0 {
            let Some(tokens) = self.evidence.as_ref().and_then(|evidence| evidence.tokens) else {
                return [0; 3];
            };
            let count = |kind| tokens.get(kind).unwrap_or(0);
            let written = count(TokenType::CacheWrite).saturating_add(count(TokenType::CacheWrite1h));
            return [count(TokenType::Input), count(TokenType::CacheRead), written];
        }
        let [input, read, written, ..] = self.counts.map(u64::from);
        [input, read, written]
    }

    /// It states usage, and nothing of an answer.
    #[must_use]
    pub fn states_no_output(&self) -> bool {
        const OUTPUT: u16 = 0b11000;
        match self.stated {
            0 => self.evidence.as_ref().and_then(|evidence| evidence.tokens).is_some_and(|tokens| {
                tokens.get(TokenType::Output).is_none() && tokens.get(TokenType::Reasoning).is_none()
            }),
            stated => stated & OUTPUT == 0,
        }
    }

    /// Seconds to the first token.
    #[must_use]
    pub fn time_to_first_token(&self) -> Option<f64> {
        Some(self.first_token_seconds).filter(|seconds| !seconds.is_nan())
    }

    /// States the seconds to the first token.
    pub fn set_time_to_first_token(&mut self, seconds: Option<f64>) {
        self.first_token_seconds = seconds.unwrap_or(f64::NAN);
    }

    /// Whether the answer was streamed, where it tells.
    #[must_use]
    pub const fn streaming(&self) -> Option<bool> {
        match (self.flags.has(Flags::STREAMED), self.flags.has(Flags::WHOLE)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    /// HTTP status.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        Some(self.status).filter(|&status| status != 0)
    }

    /// States the HTTP status.
    pub fn set_status_code(&mut self, status: Option<u16>) {
        self.status = status.unwrap_or(0);
    }

    /// Requested maximum of output tokens.
    #[must_use]
    pub fn max_tokens(&self) -> Option<u64> {
        stated(self.max_tokens).map(u64::from)
    }

    /// Characters of prompt and answer on the span, where it carries them.
    #[must_use]
    pub fn characters(&self) -> (Option<u32>, Option<u32>) {
        (stated(self.input_characters), stated(self.output_characters))
    }

    /// States the sizes of what was asked and of what is on the span.
    pub fn set_sizes(&mut self, max_tokens: Option<u64>, input: Option<u32>, output: Option<u32>) {
        self.max_tokens = max_tokens.and_then(|most| u32::try_from(most).ok()).unwrap_or(u32::MAX);
        (self.input_characters, self.output_characters) =
            (input.unwrap_or(u32::MAX), output.unwrap_or(u32::MAX));
    }

    /// Its evidence, to add to.
    pub fn evidence_mut(&mut self) -> &mut Evidence {
        self.evidence.get_or_insert_default()
    }

    /// Span name, where somebody asked for it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.evidence.as_ref().map_or("", |evidence| &evidence.name)
    }

    /// What of the evidence is stated.
    pub fn of_evidence<'a, T>(&'a self, of: impl FnOnce(&'a Evidence) -> Option<T>) -> Option<T> {
        self.evidence.as_deref().and_then(of)
    }
}

const fn stated(number: u32) -> Option<u32> {
    if number == u32::MAX { None } else { Some(number) }
}

// === impl Evidence ===

impl Evidence {
    /// Bytes of memory held, about.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.limits.capacity() * size_of::<RateLimit>()
    }
}
