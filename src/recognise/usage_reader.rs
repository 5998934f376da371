//! Usage objects wherever they stand in a text: in an answer, in a part of a stream, per modality.
//!
//! In: paths and scalars of one text. Out: an [`Answer`] each, to be held against the span's own numbers. It knows names
//! of objects and of lists; what a key says is the business of `words`.

use super::answer::Answer;
use super::draft::Draft;
use super::objects::number_of;
use super::value::{count, push_bounded};
use super::words;
use crate::dialect::Field;
use crate::loose::{Path, Scalar, Segment};

/// Names of the objects that hold an answer's usage.
const CONTAINERS: &[&str] = &[
    "usage",
    "usageMetadata",
    "usage_metadata",
    "token_usage",
    "tokenUsage",
    "raw_usage",
    "estimatedTokenUsage",
];

/// Reads usage objects wherever they stand in a text.
#[derive(Default)]
pub(super) struct UsageReader<'a> {
    pub(super) answer: Answer,
    /// All of the text is one usage object.
    whole: bool,
    /// The text is a list of parts of one stream.
    parts: bool,
    stream: Answer,
    modality: &'a str,
    count: Option<u64>,
}

impl<'a> UsageReader<'a> {
    /// All of the text is one usage object.
    pub(super) fn of_whole_text() -> Self {
        Self { whole: true, ..Self::default() }
    }

    pub(super) fn read(&mut self, draft: &mut Draft<'_>, path: &Path<'a>, scalar: Scalar<'a>) {
        let segments = path.segments();
        let inside = |segment: &Segment<'_>| matches!(segment, Segment::Key(key) if CONTAINERS.contains(key));
        let (place, rest) = match segments.iter().rposition(inside) {
            Some(at) => (key_place(&segments[at]), &segments[at + 1..]),
            None if self.whole => (1, segments),
            None => return,
        };
        self.parts = matches!(segments.first(), Some(Segment::Index(_))) && !self.whole;
        if place != self.answer.place {
            self.flush(draft);
            self.answer.place = place;
        }
        let (last, qualifier) = match rest {
            [Segment::Key(last)] => (*last, ""),
            [.., Segment::Key(qualifier), Segment::Key(last)] => (*last, *qualifier),
            [.., Segment::Key(list), Segment::Index(_), Segment::Key(key)] => {
                return self.modality(list, key, scalar);
            }
            _ => return,
        };
        let Some(count) = number_of(scalar).and_then(|number| count(number, None)) else {
            if let (Scalar::Text(text), "service_tier" | "speed") = (scalar, last) {
                let _ = text;
            }
            return;
        };
        if let Some(field) = words::field_of(qualifier, last, true) {
            self.answer.fresh |= qualifier.is_empty()
                && matches!(
                    last,
                    "cache_read_input_tokens"
                        | "cache_creation_input_tokens"
                        | "cacheReadInputTokens"
                        | "cacheWriteInputTokens"
                );
            self.answer.set(field, count);
        }
        if qualifier.ends_with("etails") {
            self.answer.fresh = false;
        }
    }

    /// One element of `promptTokensDetails[]`: a modality and how many tokens of it.
    fn modality(&mut self, list: &str, key: &str, scalar: Scalar<'a>) {
        match (key, scalar) {
            ("modality", Scalar::Text(modality)) => self.modality = modality,
            ("tokenCount" | "token_count", Scalar::Int(number)) => self.count = u64::try_from(number).ok(),
            _ => return,
        }
        if let (false, Some(count)) = (self.modality.is_empty(), self.count) {
            if let Some(field) = modality_field(list, self.modality) {
                self.answer.set(field, count);
            }
            (self.modality, self.count) = ("", None);
        }
    }

    fn flush(&mut self, draft: &mut Draft<'_>) {
        let answer = std::mem::take(&mut self.answer);
        if answer.is_empty() {
            return;
        }
        if self.parts {
            self.stream.follow(&answer);
        } else {
            push_bounded(&mut draft.answers, answer);
        }
    }

    pub(super) fn end(mut self, draft: &mut Draft<'_>) {
        self.flush(draft);
        if !self.stream.is_empty() {
            draft.answers.push(self.stream);
        }
    }
}

fn key_place(segment: &Segment<'_>) -> usize {
    match segment {
        Segment::Key(key) => key.as_ptr() as usize,
        Segment::Index(_) => 1,
    }
}

/// Which number an element of a list per modality is. Source: Gemini API, `UsageMetadata`.
fn modality_field(list: &str, modality: &str) -> Option<Field> {
    let side = match list {
        "promptTokensDetails" | "prompt_tokens_details" => 0,
        "candidatesTokensDetails" | "candidates_tokens_details" => 1,
        "cacheTokensDetails" | "cache_tokens_details" => 2,
        _ => return None,
    };
    match (modality, side) {
        ("AUDIO", 0) => Some(Field::InputAudio),
        ("AUDIO", 1) => Some(Field::OutputAudio),
        ("AUDIO", 2) => Some(Field::CacheReadAudio),
        ("IMAGE", 0) => Some(Field::InputImage),
        ("IMAGE", 1) => Some(Field::OutputImage),
        ("IMAGE", 2) => Some(Field::CacheReadImage),
        ("VIDEO", 0) => Some(Field::InputVideo),
        _ => None,
    }
}
