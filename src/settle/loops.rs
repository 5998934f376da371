//! Libraries that state the sum of a tool loop so far on each of its calls (`Trait::Accumulates`).
//!
//! In: the spans of a call that is to be told. Out: the same with the tokens of that call alone. What was stated last
//! under a parent is remembered longer than spans wait, as a tool takes its time. Which libraries do so is known, never
//! guessed from the numbers: those of every honest loop grow.

use super::held::Held;
use super::memory::{Recall, Secret};
use crate::call::{TokenType, Tokens};
use crate::dialect::Trait;
use crate::facts::Role;
use crate::record::Flags;

/// Kinds that a remembered sum has.
const KINDS: [TokenType; 5] =
    [TokenType::Input, TokenType::CacheRead, TokenType::CacheWrite, TokenType::Output, TokenType::Reasoning];
/// Bytes for all loops.
const BYTES: usize = 4 << 20;

/// The sums of the loops that may go on.
#[derive(Debug)]
pub(super) struct Loops(pub(super) Recall<Sum, 2>);

/// What a call of a loop stated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) counts: [u32; KINDS.len()],
    pub(super) start_unix_nano: u64,
    /// It ended with a tool call: the loop goes on.
    pub(super) goes_on: bool,
}

// === impl Loops ===

impl Loops {
    pub(super) fn new(keep_nanos: u64) -> Self {
        Self(Recall::new(keep_nanos, BYTES))
    }

    pub(super) fn pass(&mut self, now: u64) {
        self.0.pass(now);
    }

    /// Takes from the tokens of a call what the one before it in its loop had stated.
    pub(super) fn take_difference(&mut self, secret: &Secret, members: &mut [Held]) {
        for held in members {
            let adds_up = held.role == Role::Call && held.shape.profile.has(Trait::Accumulates);
            if adds_up && let Some(tokens) = held.tokens().filter(|_| held.parent_span_id != [0; 8]) {
                let key = secret.hash((held.trace_id, held.parent_span_id, held.shape.scope));
                self.settle(key, held, &tokens);
            }
        }
    }

    /// A sum that is not below the one before is the same loop's. One that comes late adds nothing: it was in the later.
    fn settle(&mut self, key: u64, held: &mut Held, tokens: &Tokens) {
        let counts = KINDS.map(|kind| tokens.get(kind).unwrap_or(0).min(u64::from(u32::MAX)) as u32);
        let own = Sum { counts, start_unix_nano: held.start_unix_nano, goes_on: held.flags.has(Flags::TOOL) };
        let Some(known) = self.0.get(key) else {
            self.0.insert(key, own);
            return;
        };
        let late = own.start_unix_nano < known.start_unix_nano;
        let (earlier, later) = if late { (own, known) } else { (known, own) };
        self.0.insert(key, later);
        if earlier.goes_on
            && later.counts.iter().zip(earlier.counts).all(|(later, earlier)| *later >= earlier)
        {
            let less = |place: usize, count: u64| count.saturating_sub(u64::from(known.counts[place]));
            let mut rest = *tokens;
            for (place, kind) in KINDS.into_iter().enumerate() {
                tokens.get(kind).into_iter().for_each(|count| rest.set(kind, less(place, count)));
            }
            held.record.replace_tokens(&rest);
        }
    }
}
