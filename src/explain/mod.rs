//! The whole story of the calls in some export requests, by the server's own path.
//!
//! In: requests. Out: a [`Story`], as the JSON object of the contract (`json`) or as text for a person
//! (`text`). It judges nothing itself, and keeps no prompt, no answer, no key and no error text.

mod json;
mod story;
mod text;

pub use story::{CallStory, LeftOutSpan, PriceStory, Story, Why};

use crate::dialect::Vocabulary;
use crate::engine::Reader;
use crate::facts::Batch;
use crate::judge::Judge;
use crate::otlp::{self, Fault, JsonRequest};
use crate::price::PriceBook;
use crate::recognise::Recogniser;
use crate::settle::{Outcome, SettleSettings, Settler};

/// Reads requests, in the order given, as one stream.
#[derive(Debug)]
pub struct Explainer {
    vocabulary: Vocabulary,
    reader: Reader,
    settler: Settler,
    judge: Judge,
    story: Story,
    received: u64,
}

impl Explainer {
    /// With nothing read.
    #[must_use]
    pub fn new(vocabulary: Vocabulary, settings: SettleSettings, book: PriceBook) -> Self {
        let unlimited = SettleSettings { most_bytes: usize::MAX, ..settings };
        let about = book.catalogue().about();
        let story = Story { catalogue: format!("{} of {}", about.source, about.date), ..Story::default() };
        let (settler, judge) = (Settler::new(unlimited), Judge::new(book));
        Self { vocabulary, reader: Reader::default(), settler, judge, story, received: 0 }
    }

    /// Reads an `ExportTraceServiceRequest` in protobuf.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read_protobuf(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut recogniser = Recogniser::new(&self.vocabulary).with_left_out();
        otlp::walk(bytes, &mut recogniser)?;
        let batch = recogniser.finish();
        self.offer(&batch);
        Ok(())
    }

    /// Reads one in OTLP/JSON.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read_json(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let request = JsonRequest::parse(bytes)?;
        let mut recogniser = Recogniser::new(&self.vocabulary).with_left_out();
        request.drive(&mut recogniser);
        let batch = recogniser.finish();
        self.offer(&batch);
        Ok(())
    }

    fn offer(&mut self, batch: &Batch) {
        self.received += 1;
        let batch = self.reader.read(batch);
        for (span, name) in &batch.left_out {
            self.story.left_out.push(LeftOutSpan::unconcerned(*span, name));
        }
        batch.unread.iter().for_each(|unread| self.story.miss(unread));
        let fault = batch.fault.as_ref().map(ToString::to_string).unwrap_or_default();
        for _ in 0..batch.malformed {
            self.story.left_out.push(LeftOutSpan::malformed(&fault));
        }
        let (story, judge) = (&mut self.story, &mut self.judge);
        self.settler.offer(batch, self.received, &mut |outcome| tell(story, &outcome, judge));
    }

    /// The story so far, with everything settled.
    #[must_use]
    pub fn finish(mut self) -> Story {
        let (story, judge) = (&mut self.story, &mut self.judge);
        self.settler.finish(&mut |outcome| tell(story, &outcome, judge));
        self.story.calls.sort_by_key(|call| call.end_unix_nano);
        self.story
    }
}

fn tell(story: &mut Story, outcome: &Outcome<'_>, judge: &mut Judge) {
    match outcome {
        Outcome::Call(members) => {
            let call = members.merged();
            let verdict = judge.judge(&call);
            story.advise(&call, &verdict);
            story.calls.push(CallStory::new(&call, &verdict));
        }
        Outcome::Late(_) => {}
        Outcome::Skipped { span, reason, of, late } => {
            story.left_out.push(LeftOutSpan::of_library(span, *reason, *of, *late));
        }
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
