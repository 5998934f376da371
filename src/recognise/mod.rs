//! From attributes to facts: drives nothing, is driven by `otlp`.
//!
//! In: an export request, through [`Visitor`]. Out: a [`Batch`] of [`SpanFacts`](crate::facts::SpanFacts). It knows what keys
//! state (by the tables of `dialect`) and what a span is in the story of a call ([`role`]); it does
//! not judge numbers, does not compare spans, and keeps no text of prompts or answers.
//!
//! | part | does |
//! |---|---|
//! | `draft` | what the attributes of the current span state |
//! | `objects` | facts inside strings of JSON or Python |
//! | `role` | what the span is |
//! | `stack_trace` | what a stack trace says of a failure |
//! | `write` | the draft becomes facts |

mod draft;
mod objects;
mod role;
mod stack_trace;
mod value;
mod write;

use crate::dialect::{Fact, Profile, Vocabulary, profile_of};
use crate::facts::{Batch, LeftOut, Link, ResourceFacts, SpanKey};
use crate::otlp::{Attribute, Fault, SpanHeader, Value, Visitor};
use draft::Draft;

/// Longest name, model, provider or id that is kept, in bytes.
const NAME_BOUND: usize = 256;

/// Reads one export request into a [`Batch`].
#[derive(Debug)]
pub struct Recogniser<'v, 'a> {
    vocabulary: &'v Vocabulary,
    batch: Batch,
    draft: Draft<'a>,
    profile: &'static Profile,
    scope: (&'a str, &'a str),
    scope_hash: u64,
    resource_dimensions: Vec<(usize, String)>,
    /// How good the attributes were that gave service and environment.
    resource_ranks: (usize, usize),
}

impl<'v, 'a> Recogniser<'v, 'a> {
    /// A reader by this vocabulary.
    #[must_use]
    pub fn new(vocabulary: &'v Vocabulary) -> Self {
        Self {
            vocabulary,
            batch: Batch::default(),
            draft: Draft::new(vocabulary.dimensions()),
            profile: profile_of("", ""),
            scope: ("", ""),
            scope_hash: 0,
            resource_dimensions: Vec::new(),
            resource_ranks: (usize::MAX, usize::MAX),
        }
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

impl<'a> Visitor<'a> for Recogniser<'_, 'a> {
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
            self.profile = profile_of(name, version);
            self.scope_hash = hash(name);
            self.batch.scope = self.batch.store(name, NAME_BOUND);
        }
    }

    #[inline]
    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        let Some(meaning) = self.vocabulary.get(attribute.key()) else {
            return self.draft.state_prefixed(attribute);
        };
        match meaning.fact {
            // Of prompts and answers only the length is kept, so they are not read.
            Some(fact @ (Fact::InputText | Fact::OutputText)) => match attribute.text_length() {
                Some(length) => self.draft.state_length(fact, length),
                None => self.draft.state(fact, attribute.value()?),
            },
            Some(fact) => self.draft.state(fact, attribute.value()?),
            None => {}
        }
        if meaning.dimensions != 0 {
            let (key, value) = (attribute.key(), attribute.value()?);
            self.draft.state_dimensions(self.vocabulary, meaning.dimensions, key, value);
        }
        Ok(())
    }

    fn event(&mut self, name: &'a str, time_unix_nano: u64) -> bool {
        self.draft.event(name, time_unix_nano)
    }

    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        self.draft.event_attribute(attribute)
    }

    fn span(&mut self, header: &SpanHeader<'a>) {
        match self.draft.role(header, self.profile) {
            Some(role) => {
                self.draft.write(
                    &mut self.batch,
                    header,
                    role,
                    self.profile,
                    self.scope_hash,
                    &self.resource_dimensions,
                );
            }
            None => self.link(header),
        }
        self.draft.clear();
    }

    fn malformed_span(&mut self, fault: Fault) {
        self.batch.malformed += 1;
        self.batch.fault = Some(fault);
        self.draft.clear();
    }

    fn dropped(&mut self, fault: Fault) {
        self.batch.dropped += 1;
        self.batch.dropped_fault = Some(fault);
    }
}

/// A hash that is the same in every run: names of scopes and services are compared by it.
#[must_use]
pub fn hash(text: &str) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish() | 1
}
