//! What is known of spans of a pattern, so that it is not found out again.
//!
//! In: patterns, as `recognise` makes them, and the record of one span of each. Out: the same record for the
//! next. A pattern is learned when it comes the second time, so that texts which never come again take no
//! room. All of it belongs to one reading thread, is bounded, and is forgotten as a whole when it is full.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use crate::dialect::Profile;
use crate::recognise::Trails;
use crate::record::{Record, Shape};

/// Patterns and places that are kept; a pattern takes some 500 bytes.
const PATTERNS: usize = 4096;
/// Hashes of patterns that came once.
const GLIMPSES: usize = 4096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    hasher: RandomState,
    entries: Vec<Entry>,
    /// Where they are, by hash.
    index: HashTable<u32>,
    /// The ways of their spans.
    pub(super) trails: Trails,
    places: HashMap<Box<[u8]>, u32, RandomState>,
    glimpses: Vec<u32>,
    place: Vec<u8>,
    /// Of which shapes it knows: see [`super::Reader::forget_shapes`].
    pub(super) generation: u64,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    pattern: Box<[u8]>,
    meaning: Meaning,
}

/// What a span of a pattern is.
#[derive(Debug)]
pub(super) enum Meaning {
    /// No part of any call.
    Link,
    /// This, but for its ids, times and numbers.
    Span(Box<Likeness>),
}

/// What spans of a pattern have in common.
#[derive(Debug)]
pub(super) struct Likeness {
    /// Of the one that was read in full.
    pub(super) record: Record,
    /// Their shape.
    pub(super) shape: Arc<Shape>,
    /// Who wrote them.
    pub(super) profile: &'static Profile,
    /// Whose way of counting tokens they follow.
    pub(super) counting: Box<str>,
}

// === impl Patterns ===

impl Patterns {
    /// A number for what the spans of a scope share; none when there is no room.
    pub(super) fn place(&mut self, shared: &mut dyn Iterator<Item = &str>) -> Option<u32> {
        let mut place = std::mem::take(&mut self.place);
        place.clear();
        for text in shared {
            place.extend_from_slice(text.as_bytes());
            place.push(0xFF);
        }
        let known = self.places.get(&*place).copied().or_else(|| {
            if self.places.len() >= PATTERNS {
                self.forget();
            }
            let number = self.places.len() as u32;
            (place.len() <= 4096).then(|| *self.places.entry(place.as_slice().into()).or_insert(number))
        });
        self.place = place;
        known
    }

    /// The number of a pattern.
    pub(super) fn find(&self, pattern: &[u8]) -> Option<u32> {
        let hash = self.hash(pattern);
        let same = |&number: &u32| {
            let entry = &self.entries[number as usize];
            entry.hash == hash && *entry.pattern == *pattern
        };
        self.index.find(hash, same).copied()
    }

    /// What a span of the pattern with this number is.
    #[inline]
    pub(super) fn meaning(&self, number: u32) -> Option<&Meaning> {
        self.entries.get(number as usize).map(|entry| &entry.meaning)
    }

    /// Learns it, unless it comes for the first time.
    pub(super) fn learn(&mut self, pattern: &[u8], meaning: impl FnOnce() -> Meaning) {
        let hash = self.hash(pattern);
        self.glimpses.resize(GLIMPSES, 0);
        let glimpse = &mut self.glimpses[hash as usize % GLIMPSES];
        let mark = (hash >> 32) as u32 | 1;
        if std::mem::replace(glimpse, mark) != mark {
            return;
        }
        if self.entries.len() >= PATTERNS {
            self.forget_patterns();
        }
        let number = self.entries.len() as u32;
        self.entries.push(Entry { hash, pattern: pattern.into(), meaning: meaning() });
        let entries = &self.entries;
        self.index.insert_unique(hash, number, |&number| entries[number as usize].hash);
    }

    fn forget_patterns(&mut self) {
        self.entries.clear();
        self.index.clear();
        self.trails.forget();
    }

    /// Forgets everything: it was of other shapes, or there is too much of it.
    pub(super) fn forget(&mut self) {
        self.forget_patterns();
        self.places.clear();
    }

    fn hash(&self, pattern: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(pattern);
        hasher.finish()
    }
}
