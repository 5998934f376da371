//! How many calls lack what, since it was last told.
//!
//! In: a call and its advice. Out: events, one per service, scope and advice that had some.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::advice::{self, Advice, AdviceSet};
use crate::settle::LlmCall;
use crate::telemetry::Event;

/// Services and scopes that are kept from one telling to the next.
const KEPT: usize = 1024;
/// And at most, in one.
const MOST: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct AdviceTally {
    hasher: RandomState,
    rows: HashMap<u64, Row, RandomState>,
}

#[derive(Debug)]
struct Row {
    service: Box<str>,
    scope: Box<str>,
    counts: [u64; Advice::COUNT],
}

impl AdviceTally {
    /// Counts what a call of this service lacks.
    pub(super) fn count(&mut self, call: &LlmCall<'_>, service: &str, set: AdviceSet) {
        if set.is_empty() {
            return;
        }
        let scope = advice::scope(call);
        let mut names = (service, scope);
        let mut key = self.hasher.hash_one(names);
        if self.rows.len() >= MOST && !self.rows.contains_key(&key) {
            names = ("other", "other");
            key = self.hasher.hash_one(names);
        }
        let row = self.rows.entry(key).or_insert_with(|| Row {
            service: names.0.into(),
            scope: names.1.into(),
            counts: [0; Advice::COUNT],
        });
        set.iter().for_each(|advice| row.counts[advice as usize] += 1);
    }

    /// Tells all of it.
    pub(super) fn tell(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        for Row { service, scope, counts } in self.rows.values_mut() {
            for row in advice::ROWS {
                let count = std::mem::take(&mut counts[row.advice as usize]);
                if count > 0 {
                    tell(&Event::Advice { service, scope, advice: row.advice, count });
                }
            }
        }
        if self.rows.len() > KEPT {
            self.rows.clear();
        }
    }
}
