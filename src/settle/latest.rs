//! The last span that came under a key.
//!
//! In: keys and numbers in order of arrival. Out: the number before. Nothing is taken out: what has left is known by its
//! number, and is dropped when room is needed.

use super::held::Number;
use super::lines::Lines;

/// Parts that grow by themselves, so that no single pause is long.
const SHARDS: usize = 256;

/// Eight in a line, each a number and all of its key.
type Part = Lines<(), 8, 32>;

/// See the module.
#[derive(Debug)]
pub(super) struct Latest {
    shards: Vec<Part>,
}

impl Default for Latest {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Part::default()).collect() }
    }
}

impl Latest {
    /// Loads what a key leads to.
    #[inline]
    pub(super) fn touch(&self, key: u32) -> u64 {
        let hash = spread(key);
        self.shards[shard(hash)].touch(hash)
    }

    /// The last number under this key, perhaps of one that has left.
    pub(super) fn get(&self, key: u32) -> Option<Number> {
        let hash = spread(key);
        self.shards[shard(hash)].find(hash).map(|(entry, ())| entry as Number)
    }

    /// Puts a number, never 0, under a key; the one that was there.
    #[inline]
    pub(super) fn put(&mut self, key: u32, number: Number, waits: impl Fn(Number) -> bool) -> Option<Number> {
        let hash = spread(key);
        let part = &mut self.shards[shard(hash)];
        if part.is_full() {
            make_room(part, waits);
        }
        let (entry, (), known) = part.entry(hash);
        let before = *entry as Number;
        *entry = hash << 32 | u64::from(number);
        known.then_some(before)
    }
}

#[cold]
fn make_room(part: &mut Part, waits: impl Fn(Number) -> bool) {
    let left = part.retain(|entry, ()| waits(entry as Number));
    part.rebuild(left * 2);
}

/// No two keys are spread to one: they are odd.
const fn spread(key: u32) -> u64 {
    (key >> 1).wrapping_mul(0x9E37_79B1) as u64
}

const fn shard(hash: u64) -> usize {
    (hash >> 24) as usize
}
