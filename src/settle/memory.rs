//! What is remembered of spans that are gone, in bounded memory that grows with the traffic.
//!
//! In: keys, and engine time. Out: what was remembered under them. Keys are hashed with a secret of the process, so
//! that nobody can make two collide; an entry keeps 56 bits of the hash and its age in 8. The oldest goes first.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Parts that grow and are swept by themselves, so that no single pause is long.
const SHARDS: usize = 256;
/// Steps of age within the time that entries are kept.
const STEPS: u64 = 100;
/// Entries of one part at least, below which it is not halved when the bound is reached.
const FEW: usize = 4;

/// Keys of one process: nobody outside can make two of them collide.
#[derive(Clone, Debug)]
pub struct Secret {
    state: RandomState,
    /// Bits of a hash that count: all, but for tests of what happens when they collide.
    mask: u64,
}

impl Default for Secret {
    fn default() -> Self {
        Self { state: RandomState::default(), mask: u64::MAX }
    }
}

impl Secret {
    /// Only so many bits of a hash tell two keys apart, for tests.
    #[must_use]
    pub fn with_bits(bits: u32) -> Self {
        Self { state: RandomState::default(), mask: (1 << bits) - 1 }
    }

    /// The hash of a key.
    #[must_use]
    pub fn hash(&self, key: impl Hash) -> u64 {
        self.state.hash_one(key) & self.mask
    }
}

/// What was seen, by hash.
#[derive(Debug)]
pub struct Recall<V> {
    shards: Vec<HashTable<(u64, V)>>,
    /// Length of one step of age, nanoseconds.
    step_nanos: u64,
    now: u64,
    most_bytes: usize,
    bytes: usize,
    forgotten: u64,
    /// The youngest entry that was put out for want of room had this age.
    reach_steps: u64,
    /// Next part to be swept.
    next: usize,
}

impl<V: Copy> Recall<V> {
    /// Keeps entries for this time, in at most so many bytes.
    #[must_use]
    pub fn new(keep_nanos: u64, most_bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| HashTable::new()).collect(),
            step_nanos: (keep_nanos / STEPS).max(1),
            now: 0,
            most_bytes,
            bytes: 0,
            forgotten: 0,
            reach_steps: STEPS,
            next: 0,
        }
    }

    /// What is remembered under this hash.
    #[must_use]
    pub fn get(&self, hash: u64) -> Option<V> {
        self.shards[shard(hash)]
            .find(hash, is(hash))
            .filter(|entry| self.age(entry.0) <= STEPS)
            .map(|entry| entry.1)
    }

    /// Remembers, or renews; true when it was not known.
    pub fn insert(&mut self, hash: u64, value: V) -> bool {
        let entry = (hash << 8 | self.now & 0xFF, value);
        let now = self.now;
        let table = &mut self.shards[shard(hash)];
        if let Some(known) = table.find_mut(hash, is(hash)) {
            let lives = now.wrapping_sub(known.0) & 0xFF <= STEPS;
            *known = entry;
            return !lives;
        }
        if table.len() == table.capacity() {
            self.make_room(shard(hash));
        }
        let table = &mut self.shards[shard(hash)];
        let before = table.allocation_size();
        table.insert_unique(hash, entry, |entry| rehash(entry.0, hash));
        self.bytes = self.bytes + table.allocation_size() - before;
        true
    }

    /// Moves on to this time. With each step of age a part of what is too old goes, all of it several times before an
    /// age comes round.
    pub fn pass(&mut self, now_nanos: u64) {
        let now = now_nanos / self.step_nanos;
        let steps = now.saturating_sub(self.now);
        if steps == 0 {
            return;
        }
        self.now = now;
        self.reach_steps = (self.reach_steps + steps).min(STEPS);
        for _ in 0..steps.saturating_mul(SHARDS as u64 / 8).min(SHARDS as u64) {
            self.sweep(self.next);
            self.next = (self.next + 1) % SHARDS;
        }
    }

    /// Entries that were put out although they were young.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Bytes held.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.bytes
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(HashTable::len).sum()
    }

    /// Nothing is remembered at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// How far back everything is known, nanoseconds.
    #[must_use]
    pub const fn reach_nanos(&self) -> u64 {
        self.reach_steps * self.step_nanos
    }

    const fn age(&self, entry: u64) -> u64 {
        self.now.wrapping_sub(entry) & 0xFF
    }

    /// Drops what is too old, and gives memory back when most of it is free.
    fn sweep(&mut self, place: usize) {
        let now = self.now;
        let table = &mut self.shards[place];
        table.retain(|entry| now.wrapping_sub(entry.0) & 0xFF <= STEPS);
        if table.capacity() > 16 && table.len() * 4 < table.capacity() {
            let before = table.allocation_size();
            table.shrink_to(table.len() * 2, |entry| rehash(entry.0, place as u64 * SHARD_STEP));
            self.bytes = self.bytes + table.allocation_size() - before;
        }
    }

    /// A full part is swept; if it may not grow, its older half goes.
    fn make_room(&mut self, place: usize) {
        self.sweep(place);
        let grown = self.shards[place].allocation_size().max(64);
        let full = self.shards[place].len() == self.shards[place].capacity();
        if !full || self.bytes + grown <= self.most_bytes || self.shards[place].len() < FEW {
            return;
        }
        let now = self.now;
        let table = &mut self.shards[place];
        let mut ages: Vec<u64> = table.iter().map(|entry| now.wrapping_sub(entry.0) & 0xFF).collect();
        let middle = ages.len() / 2;
        let (_, &mut median, _) = ages.select_nth_unstable(middle);
        let before = table.len();
        let mut spare = before - before / 2;
        table.retain(|entry| {
            let old = now.wrapping_sub(entry.0) & 0xFF >= median && spare > 0;
            spare -= usize::from(old);
            !old
        });
        self.forgotten += (before - self.shards[place].len()) as u64;
        self.reach_steps = self.reach_steps.min(median);
    }
}

const SHARD_STEP: u64 = u64::MAX / SHARDS as u64 + 1;

const fn shard(hash: u64) -> usize {
    (hash >> 56) as usize
}

/// An entry keeps the low 56 bits of its hash; the part that it lies in has the others.
const fn rehash(entry: u64, of_shard: u64) -> u64 {
    entry >> 8 | (of_shard >> 56 << 56)
}

fn is<V>(hash: u64) -> impl Fn(&(u64, V)) -> bool {
    move |entry| entry.0 >> 8 == hash & (u64::MAX >> 8)
}
