//! What is remembered of spans that are gone, in bounded memory that grows with the traffic.
//!
//! In: keys, and engine time. Out: what was remembered under them. Keys are hashed with a secret of the process, so
//! that nobody can make two collide; an entry keeps 56 bits of the hash and its age in 8. What is asked for lies in
//! one place of memory (`lines`), as most questions are about spans that never came. The oldest goes first.

use std::hash::{BuildHasher, Hash};

use foldhash::SharedSeed;
use foldhash::fast::{RandomState, SeedableRandomState};

use super::lines::{Lines, Spare};

/// Parts that grow and are swept by themselves, so that no single pause is long.
const SHARDS: usize = 256;
/// Steps of age within the time that entries are kept.
const STEPS: u64 = 100;
/// An age is written as 1 to 255, and comes round.
const ROUND: u64 = 255;

/// Keys of one process: nobody outside can make two of them collide.
#[derive(Clone, Debug)]
pub struct Secret {
    state: SeedableRandomState,
    /// Bits of a hash that count: all, but for tests of what happens when they collide.
    mask: u64,
}

impl Default for Secret {
    fn default() -> Self {
        Self::with_seed(RandomState::default().hash_one(0), RandomState::default().hash_one(1))
    }
}

impl Secret {
    /// The same for the same seeds, also in another process. What they are made of is never given back.
    #[must_use]
    pub fn with_seed(one: u64, other: u64) -> Self {
        let shared = Box::leak(Box::new(SharedSeed::from_u64(other)));
        Self { state: SeedableRandomState::with_seed(one, shared), mask: u64::MAX }
    }

    /// Only so many bits of a hash tell two keys apart, for tests.
    #[must_use]
    pub fn with_bits(bits: u32) -> Self {
        Self { mask: (1 << bits) - 1, ..Self::default() }
    }

    /// The hash of a key.
    #[must_use]
    pub fn hash(&self, key: impl Hash) -> u64 {
        self.state.hash_one(key) & self.mask
    }
}

/// What was seen, by hash; `N` entries lie together.
#[derive(Debug)]
pub(super) struct Recall<V, const N: usize> {
    shards: Vec<Lines<V, N, 8>>,
    spare: Spare<V, N>,
    /// Length of one step of age, nanoseconds.
    step_nanos: u64,
    now: u64,
    /// The same, as it is written.
    stamp: u64,
    most_bytes: usize,
    bytes: usize,
    forgotten: u64,
    /// The youngest entry that was put out for want of room had this age.
    reach_steps: u64,
    /// Next part to be swept.
    next: usize,
    /// Hashes that were remembered since they were last asked for, where somebody does.
    noted: Option<Vec<u64>>,
}

impl<V: Copy + Default, const N: usize> Recall<V, N> {
    /// Keeps entries for this time, in at most so many bytes.
    pub(super) fn new(keep_nanos: u64, most_bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Lines::default()).collect(),
            spare: Spare::default(),
            step_nanos: (keep_nanos / STEPS).max(1),
            now: 0,
            stamp: 1,
            most_bytes,
            bytes: 0,
            forgotten: 0,
            reach_steps: STEPS,
            next: 0,
            noted: None,
        }
    }

    /// Has room for so many from the start, within the bound, instead of growing step by step.
    pub(super) fn expect(&mut self, entries: usize) {
        // Shards are not all alike.
        let places = Lines::<V, N, 8>::places_for(entries / SHARDS * 33 / 32);
        if self.bytes == 0 && (places / N).saturating_mul(Lines::<V, N, 8>::LINE * SHARDS) <= self.most_bytes
        {
            (0..SHARDS).for_each(|place| self.rebuild(place, places));
        }
    }

    /// From now on notes what is remembered.
    pub(super) fn note(&mut self) {
        self.noted.get_or_insert_default();
    }

    /// What was remembered since the last time, each hash once.
    pub(super) fn noted(&mut self) -> Vec<u64> {
        let mut noted = self.noted.as_mut().map(std::mem::take).unwrap_or_default();
        noted.sort_unstable();
        noted.dedup();
        noted
    }

    /// The same with what is remembered of them now.
    pub(super) fn noted_values(&mut self) -> Vec<(u64, V)> {
        let noted = self.noted();
        noted.into_iter().filter_map(|hash| Some((hash, self.get(hash)?))).collect()
    }

    /// Has the memory that a hash leads to at hand: questions that follow soon wait together, not one by one.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u64 {
        self.shards[shard(hash)].touch(hash)
    }

    /// What is remembered under this hash.
    #[inline]
    pub(super) fn get(&self, hash: u64) -> Option<V> {
        let (key, value) = self.shards[shard(hash)].find(hash)?;
        (age(self.stamp, key) <= STEPS).then_some(value)
    }

    /// What is remembered under this hash, to be changed, and whether it was known. It is young again.
    #[inline]
    pub(super) fn entry(&mut self, hash: u64) -> (&mut V, bool) {
        if let Some(noted) = &mut self.noted {
            noted.push(hash);
        }
        let place = shard(hash);
        if self.shards[place].is_full() {
            self.make_room(place);
        }
        let stamp = self.stamp;
        let (key, value, known) = self.shards[place].entry(hash);
        let lives = known && age(stamp, *key) <= STEPS;
        if !lives {
            *value = V::default();
        }
        *key = *key & !0xFF | stamp;
        (value, lives)
    }

    /// Remembers, or renews; true when it was not known.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, value: V) -> bool {
        let (known, lives) = self.entry(hash);
        *known = value;
        !lives
    }

    /// Moves on to this time. With each step of age a part of what is too old goes, all of it several times before an
    /// age comes round.
    pub(super) fn pass(&mut self, now_nanos: u64) {
        let now = now_nanos / self.step_nanos;
        let steps = now.saturating_sub(self.now);
        if steps == 0 {
            return;
        }
        (self.now, self.stamp) = (now, now % ROUND + 1);
        self.reach_steps = (self.reach_steps + steps).min(STEPS);
        for _ in 0..steps.saturating_mul(SHARDS as u64 / 8).min(SHARDS as u64) {
            self.sweep(self.next);
            self.next = (self.next + 1) % SHARDS;
        }
    }

    /// Entries that were put out although they were young.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Bytes held.
    pub(super) const fn size(&self) -> usize {
        self.bytes + self.spare.size()
    }

    /// How far back everything is known, nanoseconds.
    pub(super) const fn reach_nanos(&self) -> u64 {
        self.reach_steps * self.step_nanos
    }

    /// Drops what is too old, and gives memory back when most of it is free.
    fn sweep(&mut self, place: usize) {
        let stamp = self.stamp;
        let lines = &mut self.shards[place];
        let left = lines.retain(|key| age(stamp, key) <= STEPS);
        if left * 4 < lines.capacity() && lines.capacity() > N {
            self.rebuild(place, left * 2);
        }
    }

    /// A full part is swept; if it may not grow, its older half goes.
    #[cold]
    fn make_room(&mut self, place: usize) {
        let stamp = self.stamp;
        let lines = &mut self.shards[place];
        let (left, capacity) = (lines.retain(|key| age(stamp, key) <= STEPS), lines.capacity());
        if left * 2 < capacity {
            return self.rebuild(place, capacity);
        }
        // It grows by its own size, and memory as large as it will be is kept to rebuild it in.
        if capacity == 0 || self.bytes + 3 * lines.size() <= self.most_bytes {
            return self.rebuild(place, capacity * 2);
        }
        let (median, cut) = older_half(stamp, lines, left.div_ceil(2));
        let kept =
            lines.retain(|key| age(stamp, key) < median || age(stamp, key) == median && scatter(key) > cut);
        self.forgotten += (left - kept) as u64;
        self.reach_steps = self.reach_steps.min(median);
        self.rebuild(place, capacity);
    }

    fn rebuild(&mut self, place: usize, capacity: usize) {
        let before = self.shards[place].size();
        self.shards[place].rebuild(capacity, &mut self.spare);
        self.bytes = self.bytes + self.shards[place].size() - before;
    }
}

/// From which age on entries go, so that this many do, and up to which `scatter` of those of that age. Were they to go
/// in the order of the table, one side of it would stay full, and questions would run through line after line there.
fn older_half<V: Copy + Default, const N: usize>(
    stamp: u64,
    lines: &Lines<V, N, 8>,
    count: usize,
) -> (u64, u64) {
    let ages = counted(lines.keys().map(|key| ROUND - age(stamp, key)));
    let (oldest, before) = reached(&ages, count);
    let median = ROUND - oldest;
    let scattered = counted(lines.keys().filter(|&key| age(stamp, key) == median).map(scatter));
    (median, reached(&scattered, count - before).0)
}

/// How often each value of 0 to 255 is there.
fn counted(values: impl Iterator<Item = u64>) -> [usize; 256] {
    let mut counts = [0; 256];
    values.for_each(|value| counts[value as usize] += 1);
    counts
}

/// The value with which so many are reached, and how many lie before it.
fn reached(counts: &[usize; 256], count: usize) -> (u64, usize) {
    let mut before = 0;
    for (value, &here) in counts.iter().enumerate() {
        if before + here >= count {
            return (value as u64, before);
        }
        before += here;
    }
    (ROUND, before)
}

/// Eight bits of a key's hash that say nothing of where it lies.
const fn scatter(key: u64) -> u64 {
    key >> 48 & 0xFF
}

const fn shard(hash: u64) -> usize {
    (hash >> 56) as usize
}

/// How many steps before this one a key was written.
const fn age(stamp: u64, key: u64) -> u64 {
    let written = key & 0xFF;
    if stamp >= written { stamp - written } else { stamp + ROUND - written }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Guarantees: what was seen is known for its time and no longer, and memory follows the traffic down.
    #[test]
    fn what_was_seen_is_known_for_its_time() {
        let (secret, mut recall) = (Secret::default(), Recall::<u32, 5>::new(100 * SECOND, 64 << 20));
        for number in 0..100_000_u32 {
            assert!(recall.insert(secret.hash(number), number));
        }
        recall.pass(99 * SECOND);
        assert!((0..100_000_u32).all(|number| recall.get(secret.hash(number)) == Some(number)));
        assert!(!recall.insert(secret.hash(7), 8), "known, and young again");
        (100..=130).for_each(|second| recall.pass(second * SECOND));
        assert_eq!(recall.get(secret.hash(7)), Some(8));
        assert_eq!(recall.get(secret.hash(8)), None);
        assert!(recall.size() < 256 * 1024 && recall.forgotten() == 0, "{}", recall.size());
    }

    /// Guarantees: an id takes at most 20 bytes; at the bound the oldest go, and how far memory reaches is told.
    #[test]
    fn the_oldest_go_at_the_bound() {
        let (secret, mut recall) = (Secret::default(), Recall::<(), 8>::new(100 * SECOND, 1 << 20));
        for number in 0..40_000_u32 {
            recall.pass(u64::from(number) * SECOND / 1000);
            recall.insert(secret.hash(number), ());
        }
        assert!(recall.forgotten() == 0 && recall.size() <= 40_000 * 20, "{}", recall.size());
        for number in 40_000..200_000_u32 {
            recall.pass(u64::from(number) * SECOND / 1000);
            recall.insert(secret.hash(number), ());
        }
        assert!(recall.size() <= 1 << 20 && recall.forgotten() > 0);
        let reach = (recall.reach_nanos() / SECOND) as u32;
        // The keys are random: about 21 seconds, a little more or less.
        assert!((15..100).contains(&reach), "{reach} seconds");
        let young = 200_000 - (reach - 1) * 1000..200_000;
        assert!(young.clone().all(|number| recall.get(secret.hash(number)).is_some()));
    }

    /// Scenario: many more come within one step of age than there is room for. Guarantees: who goes says nothing of
    /// where in the table it was: no side of it is left full.
    #[test]
    fn those_of_one_age_go_all_over_the_table() {
        let (secret, mut recall) = (Secret::default(), Recall::<(), 8>::new(7200 * SECOND, 1 << 20));
        for number in 0..400_000_u32 {
            recall.insert(secret.hash(number), ());
        }
        let (low, high) = recall
            .shards
            .iter()
            .map(Lines::halves)
            .fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        assert!(recall.forgotten() > 0 && low.abs_diff(high) * 20 < low + high, "{low} and {high}");
    }
}
