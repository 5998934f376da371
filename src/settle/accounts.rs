//! Libraries whose spans of no length repeat the usage of the call beside them (`Trait::Accounts`), when one of the two
//! comes after the other was told.
//!
//! In: what is to be told. Out: whether it was told already, by its other. One span of the books answers for one call.

use super::held::Held;
use super::memory::{Recall, Secret};
use crate::dialect::Trait;
use crate::record::Flags;

/// Bytes for all of them.
const BYTES: usize = 4 << 20;

/// Of each trace and scope: that a call was told; of each usage there: how often the books were taken for a call.
#[derive(Debug)]
pub(super) struct Accounts(pub(super) Recall<u16, 4>);

// === impl Accounts ===

impl Accounts {
    pub(super) fn new(keep_nanos: u64) -> Self {
        Self(Recall::new(keep_nanos, BYTES))
    }

    pub(super) fn pass(&mut self, now: u64) {
        self.0.pass(now);
    }

    /// Notes what a group is about to tell; true when its other has told it.
    pub(super) fn is_told(&mut self, secret: &Secret, members: &[Held]) -> bool {
        let own = members.iter().find(|held| held.shape.profile.has(Trait::Accounts) && held.has_tokens());
        let Some((first, usage)) = own.and_then(|first| Some((first, first.usage()?))) else { return false };
        let place = secret.hash((first.trace_id, first.shape.scope));
        let taken = secret.hash((first.trace_id, first.shape.scope, usage));
        let books = self.0.get(taken).unwrap_or(0);
        if first.flags.has(Flags::ACCOUNTS) {
            let told = self.0.get(place).is_some();
            if !told {
                self.0.insert(taken, books.saturating_add(1));
            }
            return told;
        }
        self.0.insert(place, 1);
        if books > 0 {
            self.0.insert(taken, books - 1);
        }
        books > 0
    }
}
