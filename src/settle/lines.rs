//! A hash table whose entries lie by the line of the cache: a question touches one piece of memory, not three.
//!
//! In: hashes. Out: entries. A key is what fits of its hash and `OWN` low bits that are the owner's and never all 0.
//! What is full goes on in the next line. It knows no time and no bound; when it is full, its owner says what to do.

use std::hint::black_box;

/// A place that was never taken ends the search for a key.
const FREE: u64 = 0;

/// Entries of one hash table.
#[derive(Clone, Debug)]
pub(super) struct Lines<V, const N: usize, const OWN: u32> {
    /// None, or a power of two.
    lines: Vec<Line<V, N>>,
    /// Places that were taken, be it by entries that are dead.
    taken: usize,
}

/// Keys lie together: a question about what is not there reads nothing else.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line<V, const N: usize> {
    keys: [u64; N],
    values: [V; N],
}

/// Memory of a table that was rebuilt, for the next one.
#[derive(Clone, Debug)]
pub(super) struct Spare<V, const N: usize>(Vec<Line<V, N>>);

impl<V, const N: usize> Default for Spare<V, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V, const N: usize> Spare<V, N> {
    /// Bytes held.
    pub(super) const fn size(&self) -> usize {
        self.0.capacity() * size_of::<Line<V, N>>()
    }
}

impl<V, const N: usize, const OWN: u32> Default for Lines<V, N, OWN> {
    fn default() -> Self {
        Self { lines: Vec::new(), taken: 0 }
    }
}

impl<V: Copy + Default, const N: usize, const OWN: u32> Lines<V, N, OWN> {
    /// A place that is free again does not end a search.
    const DEAD: u64 = 1 << OWN;
    const OWNERS: u64 = Self::DEAD - 1;
    /// Bytes of a line.
    pub(super) const LINE: usize = size_of::<Line<V, N>>();

    /// Loads what a hash leads to: its line from both ends, and the one where a full line goes on.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u64 {
        let home = self.home(hash);
        let Some(line) = self.lines.get(home) else { return 0 };
        if size_of::<Line<V, N>>() > 64 {
            black_box(line.values[N - 1]);
        }
        line.keys[0] ^ self.lines[self.after(home)].keys[0]
    }

    /// The entry of this hash: its key as it stands, and its value.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<(u64, V)> {
        if self.lines.is_empty() {
            return None;
        }
        let (line, place) = self.place(hash);
        let line = &self.lines[line];
        (line.keys[place] != FREE).then(|| (line.keys[place], line.values[place]))
    }

    /// The entry of this hash, perhaps a new one, and whether it was there. The owner's part of a new one's key is
    /// the caller's to set. There must be room.
    #[inline]
    pub(super) fn entry(&mut self, hash: u64) -> (&mut u64, &mut V, bool) {
        let (line, place) = self.place(hash);
        let line = &mut self.lines[line];
        let (key, value) = (&mut line.keys[place], &mut line.values[place]);
        let known = *key != FREE;
        self.taken += usize::from(!known);
        if !known {
            *key = hash << OWN;
        }
        (key, value, known)
    }

    /// Where the entry of this hash is, or would be: a line is filled from its beginning.
    #[inline]
    fn place(&self, hash: u64) -> (usize, usize) {
        let mut at = self.home(hash);
        loop {
            if let Some(place) = self.lines[at].keys.iter().position(|&key| Self::ends(key, hash)) {
                return (at, place);
            }
            at = self.after(at);
        }
    }

    /// True when it must be rebuilt before anything is added: with more in it, most lines would go on in the next.
    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        (self.taken + 1) * 4 > self.capacity() * 3
    }

    /// Places with which so many entries are not too many.
    pub(super) const fn places_for(entries: usize) -> usize {
        (entries * 4 / 3 + 1).div_ceil(N).next_power_of_two() * N
    }

    /// Places, taken or not.
    pub(super) const fn capacity(&self) -> usize {
        self.lines.len() * N
    }

    /// Bytes held.
    pub(super) const fn size(&self) -> usize {
        self.lines.capacity() * Self::LINE
    }

    /// Keys of all entries.
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.lines.iter().flat_map(|line| line.keys).filter(|&key| Self::lives(key))
    }

    /// Drops entries that are not wanted; how many are left.
    pub(super) fn retain(&mut self, mut is_wanted: impl FnMut(u64) -> bool) -> usize {
        let mut left = 0;
        for key in self.lines.iter_mut().flat_map(|line| &mut line.keys).filter(|key| Self::lives(**key)) {
            if is_wanted(*key) {
                left += 1;
            } else {
                *key = Self::DEAD;
            }
        }
        left
    }

    /// Moves all entries to a table of at least so many places, without those that are dead. It is made of `spare`
    /// memory, where that is as large, and leaves its own there: memory that is new costs more than all of the moving.
    pub(super) fn rebuild(&mut self, capacity: usize, spare: &mut Spare<V, N>) {
        let count = capacity.div_ceil(N).next_power_of_two();
        let fits = spare.0.capacity() == count;
        let mut lines = if fits { std::mem::take(&mut spare.0) } else { Vec::with_capacity(count) };
        lines.clear();
        lines.resize(count, Line { keys: [FREE; N], values: [V::default(); N] });
        let old = std::mem::replace(self, Self { lines, taken: 0 });
        for line in &old.lines {
            for (&key, &value) in line.keys.iter().zip(&line.values).filter(|(key, _)| Self::lives(**key)) {
                let (new_key, new_value, _) = self.entry(key >> OWN);
                (*new_key, *new_value) = (key, value);
            }
        }
        let left = [std::mem::take(&mut spare.0), old.lines].into_iter();
        spare.0 =
            left.filter(|left| left.capacity() <= 2 * count).max_by_key(Vec::capacity).unwrap_or_default();
    }

    /// How many entries lie in either half.
    #[cfg(test)]
    pub(super) fn halves(&self) -> (usize, usize) {
        let count = |lines: &[Line<V, N>]| {
            lines.iter().flat_map(|line| line.keys).filter(|&key| Self::lives(key)).count()
        };
        let (low, high) = self.lines.split_at(self.lines.len() / 2);
        (count(low), count(high))
    }

    #[inline]
    const fn home(&self, hash: u64) -> usize {
        hash as usize & self.lines.len().wrapping_sub(1)
    }

    #[inline]
    const fn after(&self, line: usize) -> usize {
        (line + 1) & (self.lines.len() - 1)
    }

    /// True for the key of this hash, and for the place that it would take.
    #[inline]
    const fn ends(key: u64, hash: u64) -> bool {
        key == FREE || (key ^ hash << OWN) <= Self::OWNERS && Self::lives(key)
    }

    #[inline]
    const fn lives(key: u64) -> bool {
        key & Self::OWNERS != 0
    }
}
