//! From an attribute key to what it states, in one look-up.

use std::sync::Arc;

use super::{Fact, KEYS, Profile, Sharing, Taught, profile_of};

/// Resource attributes that name the service, best first. Source: OpenTelemetry resource conventions.
const SERVICE: [&str; 1] = ["service.name"];
/// Resource attributes that name the environment: the name since 1.27, and the one before.
const ENVIRONMENT: [&str; 2] = ["deployment.environment.name", "deployment.environment"];

/// What a key is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meaning {
    /// What it states of a call.
    pub fact: Option<Fact>,
    /// The configured dimensions and the owners of the ledger it gives a value to: a bit each, at most 32.
    pub dimensions: u32,
    /// Whether spans share what it states.
    pub sharing: Sharing,
    /// An owner of the ledger, by number from 1, whose values are only counted; 0 for none.
    pub counted: u8,
}

/// All keys of all dialects and of the configured dimensions.
#[derive(Debug)]
pub struct Vocabulary {
    entries: Vec<(Box<[u8]>, Meaning)>,
    /// Where the entries are found: from the slot that a key's hash names on, until one is free. A slot
    /// holds more bits of the hash, by which nearly all foreign keys are told, and the entry's number from 1.
    slots: Vec<(u32, u32)>,
    dimension_keys: Vec<Vec<String>>,
    taught: Option<Arc<Taught>>,
}

impl Vocabulary {
    /// The dialects' keys, and per dimension the attribute keys that the user mapped to it, best first.
    #[must_use]
    pub fn new(dimension_keys: &[Vec<String>]) -> Self {
        Self::with(dimension_keys, None)
    }

    /// The same, with what the user teaches beside and above it.
    #[must_use]
    pub fn with(dimension_keys: &[Vec<String>], taught: Option<Arc<Taught>>) -> Self {
        let (entries, slots, dimension_keys) = (Vec::new(), Vec::new(), dimension_keys.to_vec());
        let mut vocabulary = Self { entries, slots, dimension_keys, taught };
        for row in KEYS.iter().flat_map(|table| table.iter()) {
            vocabulary.meaning(row.key).fact = Some(row.fact);
        }
        for (key, fact) in vocabulary.taught.clone().iter().flat_map(|taught| &taught.keys) {
            vocabulary.meaning(key).fact = *fact;
        }
        let dimension_keys = vocabulary.dimension_keys.clone();
        for (index, keys) in dimension_keys.iter().enumerate().take(32) {
            for key in keys {
                vocabulary.meaning(key).dimensions |= 1 << index;
            }
        }
        for (_, meaning) in &mut vocabulary.entries {
            meaning.sharing = match meaning.fact {
                Some(fact) => fact.sharing(),
                None => Sharing::Shared,
            };
            if meaning.dimensions != 0 && meaning.sharing == Sharing::Own {
                meaning.sharing = Sharing::Odd;
            }
        }
        vocabulary
    }

    /// Also counts the values of these keys, by owner, unless they are good for something.
    #[must_use]
    pub fn counting(mut self, owners: &[Vec<String>]) -> Self {
        for (number, keys) in (1..).zip(owners) {
            for key in keys {
                if self.find(key.as_bytes()).is_none() {
                    self.meaning(key).counted = number;
                }
            }
        }
        self
    }

    /// What the user teaches, if anything.
    #[must_use]
    pub const fn taught(&self) -> Option<&Arc<Taught>> {
        self.taught.as_ref()
    }

    /// Who wrote spans of this scope.
    #[must_use]
    pub fn profile(&self, name: &str, version: &str) -> &'static Profile {
        let own = self.taught.as_ref().and_then(|taught| taught.scope(name));
        own.map_or_else(|| profile_of(name, version), |(_, profile)| profile)
    }

    /// How good a resource attribute is as the service's name: 0 is best.
    #[must_use]
    pub fn service_rank(key: &str) -> Option<usize> {
        SERVICE.iter().position(|candidate| *candidate == key)
    }

    /// How good a resource attribute is as the environment's name: 0 is best.
    #[must_use]
    pub fn environment_rank(key: &str) -> Option<usize> {
        ENVIRONMENT.iter().position(|candidate| *candidate == key)
    }

    fn meaning(&mut self, key: &str) -> &mut Meaning {
        let index = self.find(key.as_bytes()).unwrap_or_else(|| {
            self.entries.push((key.as_bytes().into(), Meaning::default()));
            if self.slots.len() < 4 * self.entries.len() {
                self.grow();
            } else {
                self.place(self.entries.len() - 1);
            }
            self.entries.len() - 1
        });
        &mut self.entries[index].1
    }

    fn grow(&mut self) {
        self.slots = vec![(0, 0); (8 * self.entries.len()).next_power_of_two()];
        (0..self.entries.len()).for_each(|index| self.place(index));
    }

    fn place(&mut self, index: usize) {
        let (low, high) = hash(&self.entries[index].0);
        let mask = self.slots.len() - 1;
        let mut at = low & mask;
        while self.slots[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (high, index as u32 + 1);
    }

    #[inline(always)]
    fn find(&self, key: &[u8]) -> Option<usize> {
        let (low, high) = hash(key);
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = low & mask;
        loop {
            let &(tag, number) = self.slots.get(at)?;
            let index = (number as usize).checked_sub(1)?;
            if tag == high && *self.entries[index].0 == *key {
                return Some(index);
            }
            at = (at + 1) & mask;
        }
    }

    /// What a key is good for, if anything.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Meaning> {
        self.find(key).map(|index| self.entries[index].1)
    }

    /// The same, with a number that names the key.
    #[inline(always)]
    pub(crate) fn numbered(&self, key: &[u8]) -> Option<(u16, Meaning)> {
        self.find(key).map(|index| (index as u16, self.entries[index].1))
    }

    /// How many dimensions are configured.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimension_keys.len()
    }

    /// How good a key is for a dimension: 0 is best.
    #[must_use]
    pub fn dimension_rank(&self, dimension: usize, key: &[u8]) -> usize {
        self.dimension_keys
            .get(dimension)
            .and_then(|keys| keys.iter().position(|candidate| candidate.as_bytes() == key))
            .unwrap_or(usize::MAX)
    }
}

/// A slot and a tag from a key's length and three of its parts. It need not be more: what it finds is
/// compared, and nobody but the user's configuration adds keys.
#[inline(always)]
fn hash(key: &[u8]) -> (usize, u32) {
    let (first, middle, last) = match (key.first_chunk(), key.last_chunk()) {
        (Some(first), Some(last)) => {
            let middle = key[key.len() / 2 - 4..].first_chunk().unwrap_or(first);
            (u64::from_le_bytes(*first), u64::from_le_bytes(*middle), u64::from_le_bytes(*last))
        }
        _ => (key.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), 0, 0),
    };
    let parts = first ^ middle.rotate_left(21) ^ last.rotate_left(43) ^ key.len() as u64;
    let mixed = parts.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = mixed ^ mixed >> 29;
    ((mixed >> 32) as usize, mixed as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_key_is_found_and_no_other() {
        let own = vec![vec!["team".to_owned(), "x".repeat(300), "ключ".to_owned()]];
        let vocabulary = Vocabulary::new(&own);
        for row in KEYS.iter().flat_map(|table| table.iter()) {
            assert_eq!(vocabulary.get(row.key.as_bytes()).and_then(|meaning| meaning.fact), Some(row.fact));
            let longer = format!("{}x", row.key);
            assert!(vocabulary.get(longer.as_bytes()).is_none(), "{longer}");
        }
        for key in &own[0] {
            let meaning = vocabulary.get(key.as_bytes()).expect("configured");
            assert_eq!((meaning.fact, meaning.dimensions), (None, 1));
        }
        for key in [&b""[..], b"t", b"db.system.name", b"\xFF\xFE"] {
            assert_eq!(vocabulary.get(key), None);
        }
    }

    /// A foreign key must be told by its hash, or each costs a comparison.
    #[test]
    fn few_keys_share_a_slot() {
        let vocabulary = Vocabulary::new(&[]);
        let moved = vocabulary.entries.iter().enumerate().filter(|(index, (key, _))| {
            let at = hash(key).0 & (vocabulary.slots.len() - 1);
            vocabulary.slots[at].1 as usize != index + 1
        });
        assert!(moved.count() * 8 < vocabulary.entries.len());
    }

    /// A key must mean the same in every dialect, since one look-up serves all.
    #[test]
    fn no_two_tables_disagree_on_a_key() {
        let mut seen: HashMap<&str, Fact> = HashMap::default();
        for row in KEYS.iter().flat_map(|table| table.iter()) {
            if let Some(other) = seen.insert(row.key, row.fact) {
                assert_eq!(other, row.fact, "{} means two things", row.key);
            }
        }
    }
}
