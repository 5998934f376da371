//! Usage objects inside answers and events, held against the span's own numbers.
//!
//! In: the numbers of each such object. Out: those that are this call's, as readings of the draft. Equality is the
//! guard: an answer repeats the whole conversation, and a model may write usage objects of its own.

use super::draft::Draft;
use crate::dialect::{Field, UsageFamily};
use crate::facts::Reading;

/// How many fields a usage object may have.
const FIELDS: usize = Field::VisibleOutput as usize + 1;

/// The numbers of one usage object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    counts: [Option<u64>; FIELDS],
    /// Where the object begins in its text: two objects are two.
    pub(super) place: usize,
    /// `input` is without cached tokens by the object's own shape (Anthropic, Bedrock).
    pub(super) fresh: bool,
    /// It is the provider's own, under a known key.
    pub(super) known: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self { counts: [None; FIELDS], place: 0, fresh: false, known: true }
    }
}

impl Answer {
    pub(super) fn set(&mut self, field: Field, count: u64) {
        self.counts[field as usize] = Some(count);
    }

    fn get(&self, field: Field) -> Option<u64> {
        self.counts[field as usize]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.iter().all(Option::is_none)
    }

    fn is_whole(&self) -> bool {
        self.get(Field::Input).or(self.get(Field::FreshInput)).is_some() && self.get(Field::Output).is_some()
    }

    fn cached(&self) -> u64 {
        let by_lifetime =
            self.get(Field::CacheWrite5m).unwrap_or(0) + self.get(Field::CacheWrite1h).unwrap_or(0);
        self.get(Field::CacheRead)
            .unwrap_or(0)
            .saturating_add(self.get(Field::CacheWrite).unwrap_or(0).max(by_lifetime))
    }

    /// The same prompt and completion, in either way of counting the cached tokens.
    fn agrees(&self, input: Option<u64>, output: Option<u64>) -> bool {
        let reasoning = self.get(Field::Reasoning).unwrap_or(0);
        let prompt = match (input, self.get(Field::Input)) {
            (Some(own), Some(stated)) => own == stated || own == stated.saturating_add(self.cached()),
            (own, _) => own.is_none(),
        };
        let completion = match (output, self.get(Field::Output)) {
            (Some(own), Some(stated)) => own == stated || own == stated.saturating_add(reasoning),
            (own, _) => own.is_none(),
        };
        prompt && completion && self.is_whole()
    }

    /// Takes over what a later part of the same answer states.
    pub(super) fn follow(&mut self, later: &Self) {
        for (own, later) in self.counts.iter_mut().zip(later.counts) {
            *own = later.or(*own);
        }
        self.fresh |= later.fresh;
    }

    /// States the parts that a list told of, beside the numbers that the object has itself.
    pub(super) fn state_parts(&self, draft: &mut Draft<'_>, family: UsageFamily) {
        for field in FIELD {
            if let Some(count) = self.get(field) {
                draft.reading(family, field, Some(count));
            }
        }
    }

    fn state(&self, draft: &mut Draft<'_>, whole: bool) {
        let family = if whole { UsageFamily::Raw } else { UsageFamily::ProviderMetadata };
        for (place, count) in self.counts.iter().enumerate() {
            let Some(field) = FIELD.iter().copied().find(|field| *field as usize == place) else { continue };
            let sum = matches!(field, Field::Input | Field::Output | Field::Total);
            if count.is_some() && (whole || !sum) {
                draft.readings.push(Reading { family, field, count: *count });
            }
        }
        if self.fresh
            && let Some(input) = self.get(Field::Input)
        {
            draft.readings.push(Reading { family, field: Field::FreshInput, count: Some(input) });
        }
    }
}

/// The fields that an object may state.
const FIELD: [Field; FIELDS] = [
    Field::Input,
    Field::FreshInput,
    Field::Output,
    Field::Total,
    Field::CacheRead,
    Field::CacheWrite,
    Field::CacheWrite5m,
    Field::CacheWrite1h,
    Field::Reasoning,
    Field::InputAudio,
    Field::OutputAudio,
    Field::InputImage,
    Field::OutputImage,
    Field::InputVideo,
    Field::CacheReadAudio,
    Field::CacheReadImage,
    Field::ToolInput,
    Field::WebSearches,
    Field::ExtraInput,
    Field::ExtraOutput,
    Field::VisibleOutput,
];

impl Draft<'_> {
    /// Adds what the answers tell of this call: its splits, or all of it where the span states nothing.
    pub(super) fn read_answers(&mut self) {
        let answers = std::mem::take(&mut self.answers);
        let own = |field| {
            let stated = self.readings.iter().filter(|reading| reading.field == field);
            stated.filter_map(|reading| reading.count).filter(|&count| count > 0).max()
        };
        let (input, output) = (own(Field::Input), own(Field::Output));
        if input.is_some() || output.is_some() {
            for answer in answers.iter().filter(|answer| answer.agrees(input, output)) {
                answer.state(self, false);
            }
        } else if let Some(first) = answers.iter().find(|answer| answer.known && answer.is_whole()) {
            let (input, output) = (first.get(Field::Input), first.get(Field::Output));
            let mut whole = answers.iter().filter(|answer| answer.is_whole());
            // Two objects that differ are two turns, and nobody knows which is this one.
            if whole.all(|answer| {
                answer.agrees(input, output)
                    || first.agrees(answer.get(Field::Input), answer.get(Field::Output))
            }) {
                first.state(self, true);
                for other in answers.iter().filter(|answer| answer.is_whole()) {
                    other.state(self, false);
                }
            }
        }
        self.answers = answers;
        self.answers.clear();
    }
}
