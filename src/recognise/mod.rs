//! From attributes to facts: drives nothing, is driven by `otlp`.
//!
//! In: an export request, through [`Visitor`]. Out: a [`Batch`] of [`SpanFacts`](crate::facts::SpanFacts). It knows what keys
//! state (by the tables of `dialect`) and what a span is in the story of a call ([`role`]); it does
//! not judge numbers, does not compare spans, and keeps no text of prompts or answers.
//!
//! | part | does |
//! |---|---|
//! | `draft` | what the attributes of the current span state |
//! | `pattern` | what it has in common with many others, so that it need not be found out again |
//! | `state` | what an attribute states, one arm per fact |
//! | `metadata` | what SDKs and gateways keep beside an answer |
//! | `events` | what the events of a span tell |
//! | `tails` | keys that nobody lists, by their ends |
//! | `marks` | words for a call, and for none |
//! | `usage_reader` | usage objects wherever they stand |
//! | `trail` | the ways that such spans go, followed byte by byte |
//! | `objects` | facts inside strings of JSON or Python |
//! | `source` | objects as JSON in a text or as maps of OTLP |
//! | `pieces` | searches, seconds and pages inside answers |
//! | `answer` | usage inside answers and events, held against the span's own |
//! | `words` | what the words of a key say, whoever wrote it |
//! | `signs` | what speaks for a call and against it, and how much |
//! | `role` | what the span is |
//! | `stack_trace` | what a stack trace says of a failure |
//! | `taught` | what the user's own entries say of the span |
//! | `unread` | what looks like LLM traffic and is not read |
//! | `write` | the draft becomes facts |

mod answer;
mod draft;
mod events;
mod marks;
mod metadata;
mod objects;
mod pattern;
mod pieces;
mod role;
pub mod signs;
mod source;
mod stack_trace;
mod state;
mod tails;
mod taught;
mod trail;
mod unread;
mod usage_reader;
mod value;
mod words;
mod write;

use crate::dialect::sampling::weight_of_state;
use crate::dialect::{Fact, Meaning, Profile, Vocabulary, profile_of};
use crate::facts::{Batch, LeftOut, Link, ResourceFacts, Role, SpanKey, UnreadReason};
use crate::otlp::{Attribute, Fault, SpanHeader, Value, Visitor, first_attribute};
use draft::Draft;
use pattern::Pattern;
pub use pattern::{Alike, InBatch, Known, Sink};
use trail::Followed;
pub use trail::Trails;
use unread::Watch;

/// Longest name, model, provider or id that is kept, in bytes.
const NAME_BOUND: usize = 256;

/// Reads one export request into a [`Batch`], or span by span into a [`Sink`] that knows patterns.
#[derive(Debug)]
pub struct Recogniser<'v, 'a, S = InBatch> {
    vocabulary: &'v Vocabulary,
    batch: Batch,
    sink: S,
    draft: Draft<'a>,
    pattern: Pattern<'a>,
    watch: Watch<'a>,
    /// The fields of the span from its first attribute on, and how many attributes were read.
    attributes: (&'a [u8], usize),
    /// The known way that they went.
    followed: Option<Followed<'a>>,
    /// What [`Sink::place`] called the scope that is being read.
    place: Option<u32>,
    profile: &'static Profile,
    scope: (&'a str, &'a str),
    scope_hash: u64,
    resource_dimensions: Vec<(usize, String)>,
    /// How good the attributes were that gave service and environment.
    resource_ranks: (usize, usize),
}

impl<'v> Recogniser<'v, '_> {
    /// A reader by this vocabulary.
    #[must_use]
    pub fn new(vocabulary: &'v Vocabulary) -> Self {
        Self::with_sink(vocabulary, InBatch)
    }

    /// Also lists the spans that are no call, by name: for `explain`.
    #[must_use]
    pub fn with_left_out(mut self) -> Self {
        self.batch.names_spans = true;
        self
    }

    /// What was read.
    #[must_use]
    pub fn finish(self) -> Batch {
        self.batch
    }
}

impl<'v, 'a, S: Sink> Recogniser<'v, 'a, S> {
    /// A reader by this vocabulary that hands over each span as it comes.
    pub fn with_sink(vocabulary: &'v Vocabulary, sink: S) -> Self {
        Self {
            vocabulary,
            batch: Batch::default(),
            sink,
            draft: Draft::new(vocabulary),
            pattern: Pattern::default(),
            watch: Watch::default(),
            attributes: (&[], 0),
            followed: None,
            place: None,
            profile: profile_of("", ""),
            scope: ("", ""),
            scope_hash: 0,
            resource_dimensions: Vec::new(),
            resource_ranks: (usize::MAX, usize::MAX),
        }
    }

    /// What was read and not handed over, and who took the rest.
    pub fn into_parts(self) -> (Batch, S) {
        (self.batch, self.sink)
    }

    fn state(&mut self, meaning: Meaning, attribute: Attribute<'a>) -> Result<(), Fault> {
        match meaning.fact {
            // Of prompts and answers only the length is kept, so they are not read.
            Some(fact @ (Fact::InputText | Fact::OutputText)) => match attribute.text_length() {
                Some(length) => self.draft.state_length(fact, length),
                None => self.draft.state(fact, attribute.value()?),
            },
            Some(Fact::TaughtObject(index)) => self.draft.state_taught_object(index, attribute.value()?),
            Some(fact) => {
                let value = attribute.value()?;
                self.draft.state(fact, value);
                if attribute.is_cut(value) {
                    self.dropped(Fault::Utf8);
                }
            }
            None => {}
        }
        if self.batch.names_spans {
            self.draft.name_taught_key(attribute.key());
        }
        if meaning.dimensions != 0 {
            let (key, value) = (attribute.key(), attribute.value()?);
            self.draft.state_dimensions(self.vocabulary, meaning.dimensions, key, value);
        }
        Ok(())
    }

    /// States what the pattern held back: the span is not only of a known pattern.
    fn read_in_full(&mut self) {
        let held_back = self.pattern.end();
        for &(meaning, attribute) in &held_back {
            if let Err(fault) = self.state(meaning, attribute) {
                self.dropped(fault);
            }
        }
        self.pattern.give_back(held_back);
    }

    /// Hands over a span of a pattern that the sink knows; false when it knows none.
    fn hand_over(&mut self, header: &SpanHeader<'a>) -> bool {
        if let Some(followed) = self.followed {
            let number = self.sink.trails().and_then(|trails| trails.end(&followed, header));
            let number = number.filter(|_| self.pattern.is_open());
            if number.is_some_and(|number| self.hand_over_as(number, header, followed.response_id)) {
                self.followed = None;
                return true;
            }
            self.turn_back();
        }
        if !S::LEARNS || self.pattern.is_empty() || !self.pattern.close(header) {
            return false;
        }
        let Some(number) = self.sink.find(self.pattern.bytes()) else { return false };
        let known = self.hand_over_as(number, header, self.pattern.response_id());
        if known {
            self.learn_way(header, number);
        }
        known
    }

    fn hand_over_as(&mut self, number: u32, header: &SpanHeader<'a>, response_id: Option<&'a [u8]>) -> bool {
        let span = Alike { draft: &self.draft, header, response_id, profile: self.profile };
        let known = if number == trail::LINK { Known::Link } else { self.sink.known(number, &span) };
        match known {
            Known::No => return false,
            Known::Taken => {}
            // Of its pattern nobody knows what else it states.
            Known::Link if !self.watch.is_quiet() => return false,
            Known::Link => self.link(header),
        }
        self.draft.clear_numbers();
        true
    }

    /// The way led to nothing that is known: what was passed over is read as any other attribute.
    #[cold]
    fn turn_back(&mut self) {
        let Some(followed) = self.followed.take() else { return };
        let touched = self.draft.touched;
        self.draft.clear_numbers();
        self.draft.touched = touched;
        let mut fields = &self.attributes.0[..followed.length];
        while let Some((attribute, _, rest)) = first_attribute(fields) {
            fields = rest;
            if let Err(fault) = self.span_attribute(attribute) {
                self.dropped(fault);
            }
        }
    }

    fn learn_way(&mut self, header: &SpanHeader<'a>, number: u32) {
        let (attributes, vocabulary) = (self.attributes, self.vocabulary);
        if let (Some(place), Some(trails)) = (self.place, self.sink.trails()) {
            trails.learn((place, vocabulary), attributes, header, number);
        }
    }

    /// Finds out what the span is, from all that it states.
    fn write(&mut self, header: &SpanHeader<'a>) {
        let role = self.draft.role(header, self.profile);
        let unread = self.count_unread(header, role);
        let pattern = self.pattern.is_whole().then(|| self.pattern.bytes()).filter(|_| !unread);
        let Some(role) = role else {
            if let Some(pattern) = pattern.filter(|_| !self.batch.names_spans) {
                self.sink.link(pattern);
            } else if !unread && S::LEARNS && self.is_foreign_request() {
                self.learn_way(header, trail::LINK);
            }
            return self.link(header);
        };
        let mark = self.batch.text_length();
        let (profile, scope_hash) = (self.profile, self.scope_hash);
        if self.batch.names_spans {
            self.draft.name_taught_scope(self.scope.0);
        }
        self.draft.write(&mut self.batch, header, role, profile, scope_hash, &self.resource_dimensions);
        if S::LEARNS {
            self.sink.span(&self.batch, pattern);
            self.batch.forget_spans(mark);
        }
    }

    /// A request to no provider, of which nothing but the address is read.
    fn is_foreign_request(&self) -> bool {
        self.draft.is_http() && !self.draft.knows_host() && self.watch.is_quiet()
    }

    /// Counts a span that is no part of a call and looks like one; true when it does.
    fn count_unread(&mut self, header: &SpanHeader<'a>, role: Option<Role>) -> bool {
        if !matches!(role, None | Some(Role::Other)) {
            return false;
        }
        let reason = self.watch.judge(&self.draft, header);
        if let Some(reason) = reason {
            let at = self.batch.count_unread(self.scope.0, reason, self.watch.keys());
            if reason == UnreadReason::Host && header.parent_span_id != [0; 8] {
                let parent = SpanKey { trace_id: header.trace_id, span_id: header.parent_span_id };
                self.batch.unread_requests.push((parent, at));
            }
        }
        reason.is_some()
    }

    fn link(&mut self, header: &SpanHeader<'a>) {
        let span = SpanKey { trace_id: header.trace_id, span_id: header.span_id };
        self.batch.not_a_call += 1;
        if header.parent_span_id != [0; 8] {
            self.batch.links.push(Link { span, parent_span_id: header.parent_span_id });
        }
        if self.batch.names_spans {
            let name = self.batch.store(header.name, NAME_BOUND);
            self.batch.left_out.push(LeftOut { span, name });
        }
    }
}

impl<'a, S: Sink> Visitor<'a> for Recogniser<'_, 'a, S> {
    fn resource(&mut self) {
        // One that no span speaks of gives its place to the next: empty ones are two bytes each.
        let spoken = self.batch.spans.last().map_or(0, |span| span.resource as usize + 1);
        self.batch.resources.truncate(spoken);
        self.batch.resources.push(ResourceFacts::default());
        self.resource_ranks = (usize::MAX, usize::MAX);
        self.resource_dimensions.clear();
        self.resource_dimensions.resize(self.vocabulary.dimensions(), (usize::MAX, String::new()));
        self.scope = ("", "");
        self.profile = profile_of("", "");
        self.draft.dialect = self.profile.dialect;
        self.scope_hash = 0;
        self.batch.scope = crate::facts::Text::default();
    }

    fn resource_attribute(&mut self, key: &'a str, value: Value<'a>) {
        if let Some(rank) = Vocabulary::service_rank(key).filter(|&rank| rank < self.resource_ranks.0) {
            self.resource_ranks.0 = rank;
            let stored = self.batch.store(&value::plain(value), NAME_BOUND);
            self.batch.resources.last_mut().into_iter().for_each(|resource| resource.service_name = stored);
        }
        if let Some(rank) = Vocabulary::environment_rank(key).filter(|&rank| rank < self.resource_ranks.1) {
            self.resource_ranks.1 = rank;
            let stored = self.batch.store(&value::plain(value), NAME_BOUND);
            self.batch.resources.last_mut().into_iter().for_each(|resource| resource.environment = stored);
        }
        let dimensions = self.vocabulary.get(key.as_bytes()).map_or(0, |meaning| meaning.dimensions);
        if dimensions != 0 {
            for (index, slot) in self.resource_dimensions.iter_mut().enumerate() {
                let rank = self.vocabulary.dimension_rank(index, key.as_bytes());
                if dimensions & (1 << index) != 0 && rank < slot.0 {
                    *slot = (rank, value::plain(value));
                }
            }
        }
    }

    fn scope(&mut self, name: &'a str, version: &'a str) {
        if self.scope != (name, version) || self.scope_hash == 0 {
            self.scope = (name, version);
            self.profile = self.vocabulary.profile(name, version);
            self.draft.dialect = self.profile.dialect;
            self.scope_hash = hash(name);
            self.batch.scope = self.batch.store(name, NAME_BOUND);
        }
        if S::LEARNS {
            let resource = self.batch.resources.last().copied().unwrap_or_default();
            let named = [resource.service_name, resource.environment].map(|text| self.batch.text(text));
            let dimensions = self.resource_dimensions.iter().map(|(_, value)| value.as_str());
            let mut shared = named.into_iter().chain([name, version]).chain(dimensions);
            self.place = self.sink.place(&mut shared);
            self.pattern.begin(self.place);
        }
    }

    #[inline]
    fn attributes(&mut self, fields: &'a [u8]) -> &'a [u8] {
        self.attributes = (fields, 0);
        let Some(place) = self.place.filter(|_| self.pattern.is_open() && !self.draft.touched) else {
            return fields;
        };
        let Some(trails) = self.sink.trails() else { return fields };
        self.followed = trails.follow(place, fields, &mut self.draft);
        match &self.followed {
            Some(followed) => &fields[followed.length..],
            None => {
                self.draft.clear_numbers();
                fields
            }
        }
    }

    #[inline]
    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        if self.followed.is_some() {
            self.turn_back();
        }
        self.attributes.1 += 1;
        let Some((number, meaning)) = self.vocabulary.numbered(attribute.key()) else {
            self.watch.see(&attribute);
            let prefix = Draft::prefix_of(attribute.key());
            if prefix.is_none_or(|prefix| prefix == "llm.") && tails::tells(&attribute) {
                self.read_in_full();
                self.draft.keep_tail(attribute);
            }
            let Some(prefix) = prefix else { return Ok(()) };
            self.read_in_full();
            self.draft.state_prefixed(prefix, attribute.text_key()?, attribute.value()?);
            return Ok(());
        };
        if meaning.counted != 0 {
            self.batch.see(meaning.counted, attribute.raw_text().unwrap_or_default());
            return Ok(());
        }
        if self.pattern.is_open() && self.pattern.take(number, meaning, attribute, &mut self.draft) {
            return Ok(());
        }
        self.read_in_full();
        self.state(meaning, attribute)
    }

    fn trace_state(&mut self, state: &'a [u8]) {
        self.draft.stand_for(weight_of_state(state));
    }

    fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool {
        let wanted = self.draft.event(name, time_unix_nano);
        if self.draft.event_told {
            self.pattern.stop();
        }
        wanted
    }

    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        let read = self.draft.event_attribute(attribute);
        if self.draft.event_told {
            self.pattern.stop();
        }
        read
    }

    fn span(&mut self, header: &SpanHeader<'a>) {
        if !self.hand_over(header) {
            self.read_in_full();
            self.write(header);
            self.draft.clear();
        }
        self.draft.sampled = None;
        self.watch.clear();
        self.attributes = (&[], 0);
        self.pattern.begin(self.place);
    }

    fn malformed_span(&mut self, fault: Fault) {
        self.watch.clear();
        self.attributes = (&[], 0);
        self.followed = None;
        self.batch.malformed += 1;
        self.batch.fault = Some(fault);
        self.draft.clear();
        self.draft.sampled = None;
        self.pattern.begin(self.place);
    }

    fn dropped(&mut self, fault: Fault) {
        self.pattern.spoil();
        self.batch.dropped += 1;
        self.batch.dropped_fault = Some(fault);
    }
}

/// True for less time than any call of a model takes.
#[must_use]
pub const fn is_moment(start_unix_nano: u64, end_unix_nano: u64) -> bool {
    end_unix_nano.saturating_sub(start_unix_nano) < 1_000_000
}

/// A hash that is the same in every run: names of scopes and services are compared by it.
#[must_use]
pub fn hash(text: impl AsRef<[u8]>) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(text.as_ref());
    hasher.finish() | 1
}
