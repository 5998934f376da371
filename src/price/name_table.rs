//! A memory of names: what a provider's name, an address and a model's name were found to mean.
//!
//! In: three borrowed texts. Out: what was remembered of them, without allocating. How much is
//! remembered is for the caller to bound; how long a name may be is bounded here.

use std::hash::BuildHasher;

use hashbrown::HashTable;

/// Longest name that is remembered, provider and address included, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// Provider, `server.address` and model, as the span has them.
pub(super) type Name<'a> = (&'a str, &'a str, &'a str);

/// Names and what they mean.
#[derive(Debug)]
pub(super) struct NameTable<T> {
    table: HashTable<Entry<T>>,
    hasher: foldhash::fast::RandomState,
}

#[derive(Debug)]
struct Entry<T> {
    provider: Box<str>,
    server_address: Box<str>,
    model: Box<str>,
    meaning: T,
}

// === impl NameTable ===

impl<T: Copy> NameTable<T> {
    /// What a name means, if it is remembered.
    pub(super) fn get(&self, name: Name<'_>) -> Option<T> {
        let hash = self.hasher.hash_one(name);
        self.table.find(hash, |entry| entry.name() == name).map(|entry| entry.meaning)
    }

    /// Remembers, in place of what was known; very long names are not remembered.
    pub(super) fn put(&mut self, name: Name<'_>, meaning: T) {
        let (provider, server_address, model) = name;
        if provider.len() + server_address.len() + model.len() > MAX_NAME_BYTES {
            return;
        }
        let hash = self.hasher.hash_one(name);
        if let Some(entry) = self.table.find_mut(hash, |entry| entry.name() == name) {
            entry.meaning = meaning;
            return;
        }
        let entry = Entry {
            provider: provider.into(),
            server_address: server_address.into(),
            model: model.into(),
            meaning,
        };
        let hasher = &self.hasher;
        self.table.insert_unique(hash, entry, |entry| hasher.hash_one(entry.name()));
    }

    /// How many names are remembered.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.table.clear();
    }
}

impl<T> Default for NameTable<T> {
    fn default() -> Self {
        Self { table: HashTable::new(), hasher: foldhash::fast::RandomState::default() }
    }
}

impl<T> Entry<T> {
    fn name(&self) -> Name<'_> {
        (&self.provider, &self.server_address, &self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_texts_make_a_name_and_the_last_meaning_holds() {
        let mut table = NameTable::default();
        table.put(("openai", "a", "gpt-4o"), 1);
        table.put(("openai", "b", "gpt-4o"), 2);
        table.put(("openai", "a", "gpt-4o"), 3);
        assert_eq!(table.get(("openai", "a", "gpt-4o")), Some(3));
        assert_eq!(table.get(("openai", "b", "gpt-4o")), Some(2));
        assert_eq!(table.get(("", "a", "gpt-4o")), None);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_name_without_end_is_not_remembered() {
        let mut table = NameTable::default();
        table.put(("openai", "", &"x".repeat(MAX_NAME_BYTES)), 1);
        assert_eq!(table.len(), 0);
    }
}
