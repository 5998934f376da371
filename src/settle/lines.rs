//! A hash table whose entries lie by the line of the cache: a question touches one piece of memory, not three.
//!
//! In: hashes. Out: entries. A key is what fits of its hash and `OWN` low bits that are the owner's and never all 0.
//! What is full goes on in the next line. It knows no time and no bound; when it is full, its owner says what to do.

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

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line<V, const N: usize>([(u64, V); N]);

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

    /// Loads what a hash leads to.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u64 {
        self.lines.get(self.home(hash)).map_or(0, |line| line.0[0].0 ^ line.0[N - 1].0)
    }

    /// The entry of this hash: its key as it stands, and its value.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<(u64, V)> {
        if self.lines.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        loop {
            if let Some(&found) = self.lines[at].0.iter().find(|entry| Self::ends(entry.0, hash)) {
                return (found.0 != FREE).then_some(found);
            }
            at = self.after(at);
        }
    }

    /// The entry of this hash, perhaps a new one, and whether it was there. The owner's part of a new one's key is
    /// the caller's to set. There must be room.
    #[inline]
    pub(super) fn entry(&mut self, hash: u64) -> (&mut u64, &mut V, bool) {
        let mut at = self.home(hash);
        let place = loop {
            // A line is filled from its beginning.
            if let Some(place) = self.lines[at].0.iter().position(|entry| Self::ends(entry.0, hash)) {
                break place;
            }
            at = self.after(at);
        };
        let known = self.lines[at].0[place].0 != FREE;
        self.taken += usize::from(!known);
        let (key, value) = &mut self.lines[at].0[place];
        if !known {
            *key = hash << OWN;
        }
        (key, value, known)
    }

    /// True when it must be rebuilt before anything is added.
    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        (self.taken + 1) * 8 > self.capacity() * 7
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
        self.entries().map(|entry| entry.0)
    }

    /// Drops entries that are not wanted; how many are left.
    pub(super) fn retain(&mut self, mut is_wanted: impl FnMut(u64, &V) -> bool) -> usize {
        let mut left = 0;
        for (key, value) in
            self.lines.iter_mut().flat_map(|line| &mut line.0).filter(|entry| Self::lives(entry.0))
        {
            if is_wanted(*key, value) {
                left += 1;
            } else {
                *key = Self::DEAD;
            }
        }
        left
    }

    /// Moves all entries to a table of at least so many places, without those that are dead.
    pub(super) fn rebuild(&mut self, capacity: usize) {
        let empty = Line([(FREE, V::default()); N]);
        let lines = vec![empty; capacity.div_ceil(N).next_power_of_two()];
        let old = std::mem::replace(self, Self { lines, taken: 0 });
        for &(key, value) in old.entries() {
            let (new_key, new_value, _) = self.entry(key >> OWN);
            (*new_key, *new_value) = (key, value);
        }
    }

    fn entries(&self) -> impl Iterator<Item = &(u64, V)> + '_ {
        self.lines.iter().flat_map(|line| &line.0).filter(|entry| Self::lives(entry.0))
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
