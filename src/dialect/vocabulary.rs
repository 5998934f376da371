//! From an attribute key to what it states, in one look-up.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{Fact, KEYS};

/// Resource attributes that name the service, best first. Source: OpenTelemetry resource conventions.
const SERVICE: [&str; 1] = ["service.name"];
/// Resource attributes that name the environment: the name since 1.27, and the one before.
const ENVIRONMENT: [&str; 2] = ["deployment.environment.name", "deployment.environment"];

/// What a key is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meaning {
    /// What it states of a call.
    pub fact: Option<Fact>,
    /// The configured dimensions it gives a value to: a bit each, at most 16.
    pub dimensions: u16,
}

/// All keys of all dialects and of the configured dimensions.
#[derive(Debug)]
pub struct Vocabulary {
    meanings: HashMap<Box<str>, Meaning, FixedState>,
    /// For each key length, the first bytes that any key of that length has: most foreign keys end here.
    first_bytes: Vec<[u64; 4]>,
    dimension_keys: Vec<Vec<String>>,
}

impl Vocabulary {
    /// The dialects' keys, and per dimension the attribute keys that the user mapped to it, best first.
    #[must_use]
    pub fn new(dimension_keys: &[Vec<String>]) -> Self {
        let mut vocabulary = Self {
            meanings: HashMap::with_hasher(FixedState::default()),
            first_bytes: Vec::new(),
            dimension_keys: dimension_keys.to_vec(),
        };
        for row in KEYS.iter().flat_map(|table| table.iter()) {
            vocabulary.meaning(row.key).fact = Some(row.fact);
        }
        for (index, keys) in dimension_keys.iter().enumerate().take(16) {
            for key in keys {
                vocabulary.meaning(key).dimensions |= 1 << index;
            }
        }
        vocabulary
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
        if let Some(first) = key.bytes().next() {
            if self.first_bytes.len() <= key.len() {
                self.first_bytes.resize(key.len() + 1, [0; 4]);
            }
            self.first_bytes[key.len()][usize::from(first >> 6)] |= 1 << (first & 63);
        }
        self.meanings.entry(key.into()).or_default()
    }

    /// What a key is good for, if anything.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Meaning> {
        let first = *key.as_bytes().first()?;
        let firsts = self.first_bytes.get(key.len())?;
        if firsts[usize::from(first >> 6)] & (1 << (first & 63)) == 0 {
            return None;
        }
        self.meanings.get(key).copied()
    }

    /// How many dimensions are configured.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimension_keys.len()
    }

    /// How good a key is for a dimension: 0 is best.
    #[must_use]
    pub fn dimension_rank(&self, dimension: usize, key: &str) -> usize {
        self.dimension_keys
            .get(dimension)
            .and_then(|keys| keys.iter().position(|candidate| candidate == key))
            .unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key must mean the same in every dialect, since one look-up serves all.
    #[test]
    fn no_two_tables_disagree_on_a_key() {
        let mut seen: HashMap<&str, Fact, FixedState> = HashMap::default();
        for row in KEYS.iter().flat_map(|table| table.iter()) {
            if let Some(other) = seen.insert(row.key, row.fact) {
                assert_eq!(other, row.fact, "{} means two things", row.key);
            }
        }
    }
}
