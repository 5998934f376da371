//! What is remembered of spans that are gone, in bounded memory.
//!
//! In: keys. Out: whether they were seen, who their parent was. Both stores forget the oldest first and
//! never grow past the size they were made with.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::facts::SpanKey;

/// A map that keeps at least the last `capacity` entries and at most twice as many.
#[derive(Debug)]
pub struct Remembered<V> {
    young: HashMap<u64, V, FixedState>,
    old: HashMap<u64, V, FixedState>,
    capacity: usize,
    forgotten: u64,
}

impl<V: Clone> Remembered<V> {
    /// An empty store.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let empty = || HashMap::with_hasher(FixedState::default());
        Self { young: empty(), old: empty(), capacity: capacity.max(16), forgotten: 0 }
    }

    /// Remembers, or renews.
    pub fn insert(&mut self, key: u64, value: V) {
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.forgotten += self.old.len() as u64;
            self.old.clear();
            std::mem::swap(&mut self.young, &mut self.old);
        }
        self.young.insert(key, value);
    }

    /// What is remembered under this key.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<V> {
        self.young.get(&key).or_else(|| self.old.get(&key)).cloned()
    }

    /// Nothing is remembered at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Entries that the bound has dropped so far.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        self.young.allocation_size() + self.old.allocation_size()
    }
}

/// Who is whose parent, for spans that are no part of a call but may stand between two that are.
///
/// A table of fixed size in which a new entry overwrites the one that hashes to its place: one memory
/// write a span, no search. What is lost is only a link between a call and a wrapper far above it.
#[derive(Debug)]
pub struct Lineage {
    places: Vec<(u64, [u8; 8])>,
}

impl Lineage {
    /// A table of at least this many places, 16 bytes each.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self { places: vec![(0, [0; 8]); places.next_power_of_two().max(2)] }
    }

    /// Notes a parent.
    pub fn note(&mut self, span: SpanKey, parent_span_id: [u8; 8]) {
        let hash = hash_key(span);
        let place = hash as usize & (self.places.len() - 1);
        self.places[place] = (hash, parent_span_id);
    }

    /// The parent, if it is still known.
    #[must_use]
    pub fn parent(&self, span: SpanKey) -> Option<SpanKey> {
        let hash = hash_key(span);
        let (known, parent) = self.places[hash as usize & (self.places.len() - 1)];
        (known == hash).then_some(SpanKey { trace_id: span.trace_id, span_id: parent })
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        self.places.len() * size_of::<(u64, [u8; 8])>()
    }
}

/// A hash of a span's name among all.
#[must_use]
pub(super) fn hash_key(span: SpanKey) -> u64 {
    use std::hash::BuildHasher;
    FixedState::default().hash_one(span) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first_and_counted() {
        let mut remembered = Remembered::new(16);
        for key in 0..48 {
            remembered.insert(key, key);
        }
        assert!(remembered.len() <= 32);
        assert_eq!(remembered.get(47), Some(47));
        assert_eq!(remembered.get(0), None);
        assert_eq!(remembered.forgotten(), 16);
    }
}
