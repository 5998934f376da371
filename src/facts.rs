//! What one span says of an LLM call, compact and owned, before anybody judges it.
//!
//! In: `recognise` fills a [`Batch`] from one export request. Out: `settle` reads it.
//! A batch keeps all text in one buffer and all lists in shared vectors, so that a request costs a
//! handful of allocations and a span none. It holds names, numbers and error texts for at most the
//! settle time, never prompts or answers: of those only lengths.

use std::ops::Range;

use crate::call::{ErrorClass, Pieces};
use crate::dialect::{Field, Layer, Profile, UsageFamily};
use crate::otlp::{Fault, SpanKind, SpanStatus};
use crate::recognise::hash;
use crate::recognise::signs::Signs;

/// A piece of a batch's text. Empty means "not stated".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    start: u32,
    length: u32,
}

impl Text {
    /// True when nothing is stated.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// What a span is in the story of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// One call of a model.
    Call,
    /// An HTTP client span to something that looks like an LLM endpoint.
    Http,
    /// Repeats what its parent call already says (LiteLLM's `raw_gen_ai_request`).
    Companion,
    /// The end of a streamed call, reported by a span of its own (Logfire).
    Continuation,
    /// An agent, workflow or wrapper over calls; may carry the sum of their usage.
    Aggregate,
    /// Part of an LLM library, or carries a dimension, and no call.
    Other,
}

/// Whether the host tells who answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostWord {
    /// As the built-in table says.
    #[default]
    BuiltIn,
    /// The user says who answers there; it stands as the provider.
    Taught,
    /// The user has switched the built-in entry off.
    Off,
}

/// One stated number of one usage vocabulary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Which vocabulary: numbers of two vocabularies are never added.
    pub family: UsageFamily,
    /// Which number.
    pub field: Field,
    /// The number; `None` when what is written is no count (NaN, negative).
    pub count: Option<u64>,
}

/// A response header, or an attribute with the same content.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pair {
    /// Lower-case name without the attribute's prefix.
    pub name: Text,
    /// Its value.
    pub value: Text,
}

/// Where an [`ErrorText`] was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorTextKind {
    /// A provider's code.
    Code,
    /// An exception's or error's type.
    Type,
    /// Prose, or a body.
    Message,
    /// What a stack trace names as a cause: `type: message`.
    Cause,
}

/// A piece of error evidence.
#[derive(Clone, Copy, Debug)]
pub struct ErrorText {
    /// What kind of evidence.
    pub kind: ErrorTextKind,
    /// The text, cut to a bound.
    pub text: Text,
}

/// A cost that the instrumentation states.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReportedCost {
    /// All of it, if stated.
    pub total: Option<f64>,
    /// The code of its currency, where that is not the dollar.
    pub currency: Option<&'static str>,
}

/// Everything one span says.
#[derive(Clone, Debug)]
pub struct SpanFacts {
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
    /// Kind.
    pub kind: SpanKind,
    /// Status.
    pub status: SpanStatus,
    /// What it is.
    pub role: Role,
    /// How near the wire it was made.
    pub layer: Layer,
    /// Who made it.
    pub profile: &'static Profile,
    /// What spoke for a call and against it.
    pub signs: Signs,
    /// With no call inside or above, it is the call itself.
    pub witness: bool,
    /// A hash of the scope's name: who made it, exactly.
    pub scope_hash: u64,
    /// The scope's name.
    pub scope: Text,
    /// Index of the resource in [`Batch::resources`].
    pub resource: u32,
    /// Span name.
    pub name: Text,
    /// The convention's operation, or what the dialect calls it.
    pub operation: Text,
    /// Provider, as written, or as the user says.
    pub provider: Text,
    /// Whether the host tells more.
    pub host: HostWord,
    /// Why it failed, as the user says.
    pub taught_class: Option<ErrorClass>,
    /// Entries of the user's vocabulary that were used; only for a person who asked.
    pub taught: Text,
    /// Model asked for, as written.
    pub request_model: Text,
    /// Model that answered, as written.
    pub response_model: Text,
    /// The model behind an alias, where a gateway tells.
    pub routed_model: Text,
    /// Response id.
    pub response_id: Text,
    /// `server.address`, or the host of a URL.
    pub server_address: Text,
    /// Path of the URL.
    pub url_path: Text,
    /// Service tier that answered, or was asked for.
    pub service_tier: Text,
    /// Speed that was paid for (`fast`), where the provider's usage object tells.
    pub speed: Text,
    /// Where the model ran, where the price depends on it (`us`).
    pub geography: Text,
    /// What identifies the account (key hash, organisation, project): hashed before it is shown.
    pub account: Text,
    /// Seconds to the first token.
    pub time_to_first_token: Option<f64>,
    /// Whether the answer was streamed.
    pub streaming: Option<bool>,
    /// HTTP status.
    pub status_code: Option<u16>,
    /// Failed by some mark other than the status.
    pub marked_failed: bool,
    /// How many spans it stands for, where not all are kept.
    pub sampled: Option<f64>,
    /// An object on the span has no end.
    pub cut: bool,
    /// Hidden attempts that the span itself counts.
    pub resends: Option<u32>,
    /// Requested maximum of output tokens.
    pub max_tokens: Option<u64>,
    /// Characters of prompt and answer on the span, where it carries them.
    pub input_characters: Option<u32>,
    /// Characters of the answer on the span, where it carries them.
    pub output_characters: Option<u32>,
    /// Web searches and the like that are billed by piece.
    pub pieces: Pieces,
    /// Cost stated by the instrumentation.
    pub reported: ReportedCost,
    /// Usage, in [`Batch::readings`].
    pub readings: Range<u32>,
    /// Response headers, in [`Batch::pairs`].
    pub headers: Range<u32>,
    /// Error evidence, in [`Batch::errors`].
    pub errors: Range<u32>,
    /// Finish reasons, in [`Batch::finishes`].
    pub finishes: Range<u32>,
    /// Values of the configured dimensions, in [`Batch::dimensions`].
    pub dimensions: Range<u32>,
}

impl SpanFacts {
    /// True when the span is marked as failed, by status or otherwise.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.status == SpanStatus::Error || self.marked_failed
    }

    /// Length of the span, in nanoseconds.
    #[must_use]
    pub const fn duration_nanos(&self) -> u64 {
        self.end_unix_nano.saturating_sub(self.start_unix_nano)
    }

    /// The key that names this span among all.
    #[must_use]
    pub fn key(&self) -> SpanKey {
        SpanKey { trace_id: self.trace_id, span_id: self.span_id }
    }

    /// The key of its parent, if it has one.
    #[must_use]
    pub fn parent_key(&self) -> Option<SpanKey> {
        (self.parent_span_id != [0; 8])
            .then_some(SpanKey { trace_id: self.trace_id, span_id: self.parent_span_id })
    }
}

/// The name of a span among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanKey {
    /// Trace id.
    pub trace_id: [u8; 16],
    /// Span id.
    pub span_id: [u8; 8],
}

impl std::hash::Hash for SpanKey {
    /// As two numbers, not byte by byte.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.trace_id));
        state.write_u64(u64::from_ne_bytes(self.span_id));
    }
}

/// A span that is no part of any call, kept only for who its parent is.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The span.
    pub span: SpanKey,
    /// Its parent.
    pub parent_span_id: [u8; 8],
}

/// What the resource says.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResourceFacts {
    /// `service.name`.
    pub service_name: Text,
    /// `deployment.environment.name`.
    pub environment: Text,
}

/// A span that was left out at once, for `explain`.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut {
    /// The span.
    pub span: SpanKey,
    /// Its name.
    pub name: Text,
}

/// Why a span that was not read looks like LLM traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UnreadReason {
    /// A request to a provider's host.
    Host,
    /// Keys that name tokens, models, prompts, completions, usage, cost beside each other.
    Keys,
    /// A marker, or a known model.
    Marker,
}

impl UnreadReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Host, Self::Keys, Self::Marker];

    /// The value of the `reason` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Keys => "keys",
            Self::Marker => "marker",
        }
    }
}

/// Spans of one scope that look like LLM traffic and were not read, for one reason.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The scope's name.
    pub scope: Box<str>,
    /// Why they look so.
    pub reason: UnreadReason,
    /// How many.
    pub count: u64,
    /// Keys of the first of them, as they came; never values.
    pub keys: Vec<Box<str>>,
}

/// Kinds of unread spans that are told apart in one request.
const UNREAD: usize = 32;
/// Longest key and scope that are kept of them.
const UNREAD_TEXT: usize = 128;

/// Values of owners that are only counted, of one request.
const SEEN: usize = 32;

/// All facts of one export request.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    /// Name of the scope that is being read.
    pub scope: Text,
    /// Resources, in order.
    pub resources: Vec<ResourceFacts>,
    /// Spans that have something to say.
    pub spans: Vec<SpanFacts>,
    /// Spans that have not, but stand between others.
    pub links: Vec<Link>,
    /// Usage numbers of all spans.
    pub readings: Vec<Reading>,
    /// Headers of all spans.
    pub pairs: Vec<Pair>,
    /// Error evidence of all spans.
    pub errors: Vec<ErrorText>,
    /// Finish reasons of all spans.
    pub finishes: Vec<Text>,
    /// Dimension values of all spans, one row of the configured length a span.
    pub dimensions: Vec<Text>,
    /// Somebody wants to read the names of spans.
    pub names_spans: bool,
    /// Spans that are no call; filled only when somebody wants to read them.
    pub left_out: Vec<LeftOut>,
    /// Spans that look like LLM traffic and were not read.
    pub unread: Vec<Unread>,
    /// Parents of those that are requests, and which of them: below a call they are a part of it.
    pub unread_requests: Vec<(SpanKey, usize)>,
    /// Values of owners that are only counted: number and hash, each once.
    pub seen: Vec<(u8, u64)>,
    /// How many spans were no part of any call.
    pub not_a_call: u64,
    /// How many spans were not valid OTLP.
    pub malformed: u64,
    /// What was wrong with the last of them.
    pub fault: Option<Fault>,
    /// How many texts, attributes and events of valid spans were not valid and left out.
    pub dropped: u64,
    /// What was wrong with the last of those.
    pub dropped_fault: Option<Fault>,
}

impl Batch {
    /// Stores a text, cut at a character border to `bound` bytes.
    pub fn store(&mut self, text: &str, bound: usize) -> Text {
        let text = cut(text, bound);
        let start = self.text.len();
        if text.is_empty() || start + text.len() > u32::MAX as usize {
            return Text::default();
        }
        self.text.push_str(text);
        Text { start: start as u32, length: text.len() as u32 }
    }

    /// Notes the value of an owner that is only counted; of those beyond a bound nothing.
    pub fn see(&mut self, owner: u8, value: &[u8]) {
        let seen = (owner, hash(value));
        if self.seen.len() < SEEN && !self.seen.contains(&seen) {
            self.seen.push(seen);
        }
    }

    /// Counts a span that looks like LLM traffic and was not read.
    pub fn count_unread<'k>(
        &mut self,
        scope: &str,
        reason: UnreadReason,
        keys: impl Iterator<Item = &'k str>,
    ) -> usize {
        let scope = if self.unread.len() < UNREAD { cut(scope, UNREAD_TEXT) } else { "other" };
        let same = |unread: &Unread| unread.reason == reason && *unread.scope == *scope;
        let at = self.unread.iter().position(same).unwrap_or_else(|| {
            let keys = keys.map(|key| cut(key, UNREAD_TEXT).into()).collect();
            self.unread.push(Unread { scope: scope.into(), reason, count: 0, keys });
            self.unread.len() - 1
        });
        self.unread[at].count += 1;
        at
    }

    /// Reads a text.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        let start = text.start as usize;
        self.text.get(start..start + text.length as usize).unwrap_or("")
    }

    /// How much text has been stored: a mark to go back to.
    #[must_use]
    pub fn text_length(&self) -> usize {
        self.text.len()
    }

    /// Forgets the text stored since a mark.
    pub fn forget_text(&mut self, mark: usize) {
        self.text.truncate(mark);
    }

    /// Forgets the spans, and the text stored since a mark: they were taken out one by one.
    pub fn forget_spans(&mut self, mark: usize) {
        self.forget_text(mark);
        self.spans.clear();
        self.readings.clear();
        self.pairs.clear();
        self.errors.clear();
        self.finishes.clear();
        self.dimensions.clear();
    }

    /// Bytes of memory held, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.capacity()
            + self.spans.capacity() * size_of::<SpanFacts>()
            + self.readings.capacity() * size_of::<Reading>()
            + self.pairs.capacity() * size_of::<Pair>()
            + self.links.capacity() * size_of::<Link>()
            + (self.dimensions.capacity() + self.finishes.capacity()) * size_of::<Text>()
            + self.errors.capacity() * size_of::<ErrorText>()
    }
}

/// The longest prefix of at most `bound` bytes that ends at a character border.
#[must_use]
pub fn cut(text: &str, bound: usize) -> &str {
    if text.len() <= bound {
        return text;
    }
    let mut end = bound;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The part of a shared vector that belongs to one span.
pub fn part<'a, T>(all: &'a [T], range: &Range<u32>) -> &'a [T] {
    all.get(range.start as usize..range.end as usize).unwrap_or(&[])
}
