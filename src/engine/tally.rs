//! How many spans came to what, and how many calls lack what, since it was last told.
//!
//! In: what became of spans, calls and their advice. Out: events.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::advice::{self, Advice, AdviceSet};
use crate::limits::LimitSource;
use crate::settle::{Reason, SettleState};
use crate::telemetry::{Event, SettleOutcome, SpanResult};

/// Services and scopes that are kept from one telling to the next.
const KEPT: usize = 1024;
/// And at most, in one.
const MOST: usize = 4096;

/// How many spans came to what.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) spans: [u64; SpanResult::ALL.len()],
    late: u64,
    early_told: u64,
    forgotten_told: u64,
    limits_dropped_told: [u64; LimitSource::ALL.len()],
    pub(super) advice: AdviceTally,
}

impl Tally {
    /// A span is no call.
    pub(super) fn skip(&mut self, reason: Reason, late: bool) {
        let result = match reason {
            Reason::Duplicate => SpanResult::Duplicate,
            Reason::Aggregate => SpanResult::Aggregate,
            Reason::NotACall => SpanResult::NotACall,
        };
        self.spans[result as usize] += 1;
        self.late += u64::from(late);
    }

    /// Tells how many spans came to what, and what calls lacked.
    pub(super) fn tell(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        for result in SpanResult::ALL {
            let count = std::mem::take(&mut self.spans[result as usize]);
            if count > 0 {
                tell(&Event::Spans { result, count });
            }
        }
        self.advice.tell(tell);
    }

    /// Tells how many were settled otherwise than by their time.
    pub(super) fn tell_settled(&mut self, state: &SettleState, tell: &mut dyn FnMut(&Event<'_>)) {
        let early = state.early - std::mem::replace(&mut self.early_told, state.early);
        let forgotten = state.forgotten - std::mem::replace(&mut self.forgotten_told, state.forgotten);
        let late = std::mem::take(&mut self.late);
        let (service, scope) = state.early_of.as_ref().map_or(("", ""), |of| (&of.0, &of.1));
        for (outcome, count, (service, scope)) in [
            (SettleOutcome::Early, early, (service, scope)),
            (SettleOutcome::Late, late, ("", "")),
            (SettleOutcome::Forgotten, forgotten, ("", "")),
        ] {
            if count > 0 {
                tell(&Event::Settled { outcome, count, service, scope });
            }
        }
    }

    /// Limits of a source for which there was no room since it was last asked, of all that ever were.
    pub(super) fn limits_dropped(&mut self, source: usize, all: u64) -> Option<u64> {
        let told = std::mem::replace(&mut self.limits_dropped_told[source], all);
        Some(all - told).filter(|&count| count > 0)
    }
}

/// How many calls lack what.
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
    /// Counts what calls of this service and scope lack.
    pub(super) fn count(&mut self, mut names: (&str, &str), set: AdviceSet, calls: u64) {
        if set.is_empty() || calls == 0 {
            return;
        }
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
        set.iter().for_each(|advice| row.counts[advice as usize] += calls);
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
