//! The last span that came under a key.
//!
//! In: keys and numbers in order of arrival. Out: the number before. Nothing is taken out: what has left is known by its
//! number, and is dropped when room is needed.

use super::held::{Key, Number};
use super::lines::{Lines, Spare};

/// Parts that grow by themselves, so that no single pause is long.
const SHARDS: usize = 256;

/// Eight in a line, each a number and the half of its key that its part does not tell.
type Part = Lines<(), 8, 32>;

/// See the module.
#[derive(Debug)]
pub(super) struct Latest {
    shards: Vec<Part>,
    spare: Spare<(), 8>,
}

impl Default for Latest {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Part::default()).collect(), spare: Spare::default() }
    }
}

impl Latest {
    /// Loads what a key leads to.
    #[inline]
    pub(super) fn touch(&self, key: Key) -> u64 {
        self.shards[shard(key)].touch(spread(key))
    }

    /// The last number under this key, perhaps of one that has left.
    pub(super) fn get(&self, key: Key) -> Option<Number> {
        self.shards[shard(key)].find(spread(key)).map(|(entry, ())| entry as Number)
    }

    /// Puts a number, never 0, under a key; the one that was there.
    #[inline]
    pub(super) fn put(&mut self, key: Key, number: Number, waits: impl Fn(Number) -> bool) -> Option<Number> {
        let hash = spread(key);
        let part = &mut self.shards[shard(key)];
        if part.is_full() {
            make_room(part, &mut self.spare, waits);
        }
        let (entry, (), known) = part.entry(hash);
        let before = *entry as Number;
        *entry = hash << 32 | u64::from(number);
        known.then_some(before)
    }
}

#[cold]
fn make_room(part: &mut Part, spare: &mut Spare<(), 8>, waits: impl Fn(Number) -> bool) {
    let left = part.retain(|entry| waits(entry as Number));
    part.rebuild(left * 2, spare);
}

/// The low half of a key; no two are spread to one.
const fn spread(key: Key) -> u64 {
    (key as u32).wrapping_mul(0x9E37_79B1).rotate_left(16) as u64
}

/// The rest of it.
const fn shard(key: Key) -> usize {
    (key >> 32) as usize % SHARDS
}
