//! What a span has in common with many others: the texts that they share, as they came, unread.
//!
//! In: attributes and the fixed fields of a span. Out: a pattern, bytes by which two spans are known to
//! differ in ids, times and numbers only, so that what was found out of one holds for the other. Whatever
//! else a span states (an error, headers, an object of JSON) ends its pattern, and it is read in full.

use super::draft::Draft;
use super::is_moment;
use super::trail::Trails;
use crate::dialect::{Fact, Meaning, Profile, Sharing};
use crate::facts::{Batch, Reading};
use crate::otlp::{Attribute, SpanHeader, SpanStatus};

/// Longest text that may be part of a pattern, and longest pattern, bytes.
pub(super) const TEXT_BOUND: usize = 255;
const PATTERN_BOUND: usize = 2048;

/// Where recognised spans go.
pub trait Sink {
    /// Whether it keeps patterns; if not, none are made.
    const LEARNS: bool;

    /// Begins a scope: all that its spans share by where they come from. `None` when there is no room for it.
    fn place(&mut self, shared: &mut dyn Iterator<Item = &str>) -> Option<u32>;

    /// The number of a pattern, if it is known.
    fn find(&mut self, pattern: &[u8]) -> Option<u32>;

    /// Takes a span of the pattern with this number.
    fn known(&mut self, number: u32, span: &Alike<'_, '_>) -> Known;

    /// The ways of spans whose patterns are known; none where none are kept.
    fn trails(&mut self) -> Option<&mut Trails>;

    /// Takes the last span of a batch, read in full, and its pattern, if it has one.
    fn span(&mut self, batch: &Batch, pattern: Option<&[u8]>);

    /// Spans of this pattern are no part of a call.
    fn link(&mut self, pattern: &[u8]);
}

/// What spans of a pattern are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Not known yet.
    No,
    /// The span was taken.
    Taken,
    /// No part of any call.
    Link,
}

/// Keeps all in the [`Batch`].
#[derive(Clone, Copy, Debug, Default)]
pub struct InBatch;

/// What a span of a pattern has of its own.
#[derive(Debug)]
pub struct Alike<'d, 'a> {
    pub(super) draft: &'d Draft<'a>,
    /// Its fixed fields.
    pub header: &'d SpanHeader<'a>,
    /// Its response id, as it came.
    pub response_id: Option<&'a [u8]>,
    pub(super) profile: &'static Profile,
}

/// The pattern of the span that is being read.
#[derive(Debug, Default)]
pub(super) struct Pattern<'a> {
    /// Nothing has ended it.
    open: bool,
    /// All of the span is in it.
    whole: bool,
    bytes: Vec<u8>,
    /// What is part of it, and was not stated to the draft.
    held_back: Vec<(Meaning, Attribute<'a>)>,
    response_id: Option<&'a [u8]>,
}

/// What else than its name tells a span without attributes from others, in bytes.
pub(super) type HeaderKey = [u8; 6];

/// The same for one that may have a pattern at all.
pub(super) fn header_key(header: &SpanHeader<'_>) -> Option<HeaderKey> {
    let fits = header.name.len() <= TEXT_BOUND && header.status_message.is_empty();
    (fits && header.status != SpanStatus::Error).then(|| {
        [
            header.name.len() as u8,
            header.kind as u8,
            header.status as u8,
            u8::from(header.parent_span_id == [0; 8]),
            header.start_unix_nano.cmp(&header.end_unix_nano) as u8,
            u8::from(is_moment(header.start_unix_nano, header.end_unix_nano)),
        ]
    })
}

// === impl Alike ===

impl Alike<'_, '_> {
    /// Its usage.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        &self.draft.readings
    }

    /// Seconds to the first token, of an answer that streamed or did not.
    #[must_use]
    pub fn time_to_first_token(&self, streaming: Option<bool>) -> Option<f64> {
        self.draft.time_to_first_token(self.header, self.profile, streaming)
    }

    /// How many spans it stands for, where not all are kept.
    #[must_use]
    pub const fn sampled(&self) -> Option<f64> {
        self.draft.sampled
    }

    /// Most output tokens, characters of the prompt, characters of the answer.
    #[must_use]
    pub const fn sizes(&self) -> (Option<u64>, Option<u32>, Option<u32>) {
        (self.draft.max_tokens, self.draft.input_characters, self.draft.output_characters)
    }
}

// === impl Pattern ===

impl<'a> Pattern<'a> {
    /// Begins a span of this place; without one there is no pattern.
    #[inline]
    pub(super) fn begin(&mut self, place: Option<u32>) {
        (self.open, self.whole) = (place.is_some(), false);
        self.bytes.clear();
        self.bytes.extend_from_slice(&place.unwrap_or(0).to_le_bytes());
        self.held_back.clear();
        self.response_id = None;
    }

    /// True as long as attributes can become part of it.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// True when the span that was read in full is one of this pattern.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Nothing that could be of a call was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == 4
    }

    /// Makes the attribute part of it, its number stated to the draft; false when it cannot be.
    #[inline(always)]
    pub(super) fn take(
        &mut self,
        number: u16,
        meaning: Meaning,
        attribute: Attribute<'a>,
        draft: &mut Draft<'a>,
    ) -> bool {
        match (meaning.sharing, meaning.fact) {
            (Sharing::Shared, _) => self.take_text(number, meaning, attribute),
            (Sharing::Own, Some(Fact::ResponseId(_))) => self.take_id(number, meaning, attribute),
            // It counts for failures only, which have no pattern.
            (Sharing::Own, Some(Fact::GatewayRequest)) => {
                self.bytes.extend_from_slice(&number.to_le_bytes());
                self.held_back.push((meaning, attribute));
                true
            }
            (Sharing::Own, Some(fact)) => self.take_number(number, fact, attribute, draft),
            (Sharing::Odd, _) | (Sharing::Own, None) => false,
        }
    }

    #[inline(always)]
    fn take_text(&mut self, number: u16, meaning: Meaning, attribute: Attribute<'a>) -> bool {
        let Some(raw) = attribute.raw_value() else { return false };
        if raw.len() > TEXT_BOUND || self.bytes.len() > PATTERN_BOUND {
            return false;
        }
        // From behind, it can be told where each part begins: no two spans have one pattern by chance.
        let ([low, high], length) = (number.to_le_bytes(), raw.len() as u8);
        self.bytes.extend_from_slice(raw);
        self.bytes.extend_from_slice(&[length, low, high]);
        self.held_back.push((meaning, attribute));
        true
    }

    fn take_id(&mut self, number: u16, meaning: Meaning, attribute: Attribute<'a>) -> bool {
        let id = attribute.raw_text().filter(|_| self.response_id.is_none());
        if id.is_some() {
            self.response_id = id;
            self.bytes.extend_from_slice(&number.to_le_bytes());
            self.held_back.push((meaning, attribute));
        }
        id.is_some()
    }

    #[inline(always)]
    fn take_number(
        &mut self,
        number: u16,
        fact: Fact,
        attribute: Attribute<'a>,
        draft: &mut Draft<'a>,
    ) -> bool {
        if let Fact::InputText | Fact::OutputText = fact {
            let Some(length) = attribute.text_length() else { return false };
            draft.state_length(fact, length);
        } else {
            let Some(value) = attribute.raw_number() else { return false };
            draft.state(fact, value);
        }
        self.bytes.extend_from_slice(&number.to_le_bytes());
        true
    }

    /// Ends it: the span is read in full. What was held back is to be stated before anything else.
    pub(super) fn end(&mut self) -> Vec<(Meaning, Attribute<'a>)> {
        self.open = false;
        std::mem::take(&mut self.held_back)
    }

    /// Something was wrong with the span, which is to be told of the next one like it, too.
    pub(super) const fn spoil(&mut self) {
        (self.open, self.whole) = (false, false);
    }

    /// Ends it, and what was held back is asked for later.
    pub(super) const fn stop(&mut self) {
        self.open = false;
    }

    /// Gives the list of what was held back again, for its memory.
    pub(super) fn give_back(&mut self, mut list: Vec<(Meaning, Attribute<'a>)>) {
        list.clear();
        self.held_back = list;
    }

    /// The whole pattern, now that the span is complete; none when it has ended before.
    #[inline]
    pub(super) fn close(&mut self, header: &SpanHeader<'a>) -> bool {
        let key = header_key(header).filter(|_| self.open);
        self.open = key.is_some();
        if let Some(key) = key {
            self.bytes.extend_from_slice(header.name.as_bytes());
            self.bytes.extend_from_slice(&key);
        }
        self.whole = self.open;
        self.whole
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn response_id(&self) -> Option<&'a [u8]> {
        self.response_id
    }
}

// === impl InBatch ===

impl Sink for InBatch {
    const LEARNS: bool = false;

    fn place(&mut self, _: &mut dyn Iterator<Item = &str>) -> Option<u32> {
        None
    }

    fn find(&mut self, _: &[u8]) -> Option<u32> {
        None
    }

    fn known(&mut self, _: u32, _: &Alike<'_, '_>) -> Known {
        Known::No
    }

    fn trails(&mut self) -> Option<&mut Trails> {
        None
    }

    fn span(&mut self, _: &Batch, _: Option<&[u8]>) {}

    fn link(&mut self, _: &[u8]) {}
}
