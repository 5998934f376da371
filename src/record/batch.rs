//! All that one request brings to the engine.

use std::sync::Arc;

use super::{Record, Shape};
use crate::facts::{Link, SpanKey, Unread};
use crate::otlp::Fault;

/// All records of one export request.
#[derive(Debug, Default)]
pub struct RecordBatch {
    /// Spans that have something to say.
    pub records: Vec<Record>,
    /// Their shapes, each once.
    pub shapes: Vec<Arc<Shape>>,
    /// Spans that have not, but stand between others.
    pub links: Vec<Link>,
    /// Spans that are no call, with their names; only for a person who asked.
    pub left_out: Vec<(SpanKey, Box<str>)>,
    /// Spans that look like LLM traffic and were not read.
    pub unread: Vec<Unread>,
    /// How many spans were no part of any call.
    pub not_a_call: u64,
    /// How many spans were not valid OTLP.
    pub malformed: u64,
    /// What was wrong with the last of them.
    pub fault: Option<Fault>,
    /// How many texts, attributes and events were not valid.
    pub dropped: u64,
    /// What was wrong with the last of them.
    pub dropped_fault: Option<Fault>,
    /// Shapes for which there was no room.
    pub unshaped: u64,
    /// Bytes of evidence.
    pub evidence_bytes: usize,
    /// Records made from what was known of spans like theirs, without reading them in full.
    pub alike: u64,
    /// Values of owners of the ledger that are only counted: number from 1, and hash.
    pub seen: Vec<(u8, u64)>,
    /// Spans that say that not all traces are kept.
    pub sampled: u64,
}

impl RecordBatch {
    /// Bytes of memory held, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let own =
            self.shapes.iter().filter(|shape| shape.number == 0).map(|shape| shape.size()).sum::<usize>();
        self.records.capacity() * size_of::<Record>()
            + self.links.capacity() * size_of::<Link>()
            + self.shapes.capacity() * size_of::<usize>()
            + self.evidence_bytes
            + own
    }
}
