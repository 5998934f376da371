//! What spans above a call say of whose it is.
//!
//! In: spans that are no call and carry a dimension, as they come. Out: their shapes, for the calls below them. Kept a
//! minute, and so many; what is gone is not told, never guessed.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::held::Held;
use crate::facts::{Role, SpanKey};
use crate::record::Shape;

/// How long a span is kept, nanoseconds of engine time.
const KEEP_NANOS: u64 = 60_000_000_000;
/// Spans that are kept; each takes some 80 bytes beside its shape.
const MOST: usize = 1 << 16;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    shapes: HashMap<SpanKey, Arc<Shape>, RandomState>,
    order: VecDeque<(u64, SpanKey)>,
}

impl Lineage {
    /// Keeps what a span says, if it says anything and is no call.
    pub(super) fn note(&mut self, held: &Held, now: u64) {
        if !matches!(held.role, Role::Other | Role::Aggregate) || !held.shape.has_dimension() {
            return;
        }
        while self.order.front().is_some_and(|(at, _)| at + KEEP_NANOS < now) || self.order.len() >= MOST {
            let Some((_, gone)) = self.order.pop_front() else { break };
            self.shapes.remove(&gone);
        }
        self.shapes.insert(held.key(), Arc::clone(&held.shape));
        self.order.push_back((now, held.key()));
    }

    /// True when there is nothing to ask for.
    pub(super) fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    /// What a span said.
    pub(super) fn get(&self, key: SpanKey) -> Option<&Arc<Shape>> {
        self.shapes.get(&key)
    }
}
