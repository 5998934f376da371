//! Calls that were told before their time: whoever tells of one of them later repeats it.
//!
//! In: calls that are told early, spans that come. Out: whether a span tells of one that was told. What lies inside a
//! span that was told with its tokens is a part of it. So are look-alikes of other writers: of calls that look
//! alike (same service, tokens, model, and second of the end) each writer's number is remembered: as many were
//! made as the busiest writer tells. Only where the bound on memory settles spans early is there anything to remember.

use super::held::Held;
use super::look;
use super::memory::{Recall, Secret};
use super::past::Past;
use crate::facts::Role;
use crate::record::Name;

/// Writers of one service that are told apart.
const WRITERS: usize = 4;
/// Bytes for all of them.
const BYTES: usize = 16 << 20;
/// Letters of a model's name that must be the same: dates and sizes follow.
const LETTERS: usize = 6;

/// See the module.
#[derive(Debug)]
pub(super) struct Early {
    /// Spans that were told with tokens.
    spans: Recall<(), 8>,
    told: Recall<Tally, 3>,
    is_empty: bool,
}

/// How many calls that look alike each writer told of.
#[derive(Clone, Copy, Debug, Default)]
struct Tally([(u32, u32); WRITERS]);

impl Early {
    /// Remembers for so long.
    pub(super) fn new(keep_nanos: u64) -> Self {
        Self { spans: Recall::new(keep_nanos, BYTES), told: Recall::new(keep_nanos, BYTES), is_empty: true }
    }

    pub(super) fn pass(&mut self, now: u64) {
        if !self.is_empty {
            self.spans.pass(now);
            self.told.pass(now);
        }
    }

    /// A call is told before its time.
    pub(super) fn tell(&mut self, secret: &Secret, held: &Held) {
        self.is_empty = false;
        if held.has_tokens() {
            self.spans.insert(held.hashes.span, ());
        }
        if let Some(hash) = hash(secret, held) {
            self.told.entry(hash).0.count(writer(held));
        }
    }

    /// True for a span that tells of a call that was told; `past` knows what is above it.
    pub(super) fn repeats(&mut self, secret: &Secret, held: &Held, past: &Past) -> bool {
        if self.is_empty || !matches!(held.role, Role::Call | Role::Continuation | Role::Aggregate) {
            return false;
        }
        let told = |key| self.spans.get(secret.hash(key)).is_some();
        if held.parent_key().is_some_and(|parent| past.ancestors(parent).any(told)) {
            return true;
        }
        let Some(hash) = hash(secret, held) else { return false };
        let repeats = self.told.get(hash).is_some_and(|tally| tally.is_behind(writer(held)));
        if repeats {
            self.told.entry(hash).0.count(writer(held));
        }
        repeats
    }
}

impl Tally {
    fn count(&mut self, writer: u32) {
        if let Some((known, count)) = self.0.iter_mut().find(|(known, _)| *known == writer || *known == 0) {
            (*known, *count) = (writer, count.saturating_add(1));
        }
    }

    fn is_behind(&self, writer: u32) -> bool {
        let own = self.0.iter().find(|(known, _)| *known == writer).map_or(0, |(_, count)| *count);
        self.0.iter().any(|(_, count)| *count > own)
    }
}

fn writer(held: &Held) -> u32 {
    look::writer(held) as u32 | 1
}

fn hash(secret: &Secret, held: &Held) -> Option<u64> {
    let usage = held.usage().filter(|_| held.role == Role::Call)?;
    let names = [Name::ResponseModel, Name::RequestModel].map(|name| held.text(name));
    let model = names.into_iter().find(|name| !name.is_empty())?;
    let model = model.rsplit('/').next().unwrap_or(model).as_bytes();
    let model = &model[..model.len().min(LETTERS)];
    let second = held.end_unix_nano / 1_000_000_000;
    Some(secret.hash((held.shape.service, usage, model, second)))
}
