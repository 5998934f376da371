//! The texts of rows, each once.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::aggregate::cardinality::{looks_like_key, looks_like_text, shown};
use crate::facts::cut;

/// A text's number; 0 is the empty one.
pub(super) type Name = u32;

/// Longest name of a person that is kept, bytes.
const LONGEST: usize = 256;

/// Texts by number, found by what came.
#[derive(Debug, Default)]
pub(super) struct Names {
    hasher: RandomState,
    texts: Vec<Box<str>>,
    /// By hash of the text as it came, and whether it is kept as it came.
    known: HashTable<(u64, Name, bool)>,
    bytes: usize,
}

impl Names {
    /// The number of a text. What looks like a secret, or like text of a prompt, is one of `other`; an address of a
    /// person stays where persons are named.
    pub(super) fn number(&mut self, raw: &str, personal: bool) -> Name {
        if raw.is_empty() {
            return 0;
        }
        let hash = self.hash(raw, if personal { 1 } else { 2 });
        if let Some(number) = self.known(hash, raw) {
            return number;
        }
        let kept = if personal { person(raw) } else { shown(raw) };
        let number = self.kept(&kept);
        self.known.insert_unique(hash, (hash, number, *kept == *raw), |entry| entry.0);
        number
    }

    /// The number of a text that is known; `None` for one that no row has.
    pub(super) fn find(&self, text: &str) -> Option<Name> {
        if text.is_empty() { Some(0) } else { self.known(self.hash(text, 0), text) }
    }

    /// A text by its number.
    pub(super) fn text(&self, number: Name) -> &str {
        text(&self.texts, number)
    }

    /// Bytes that they take, about.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of a text that was kept before.
    pub(super) fn keep(&mut self, kept: &str) -> Name {
        if kept.is_empty() { 0 } else { self.kept(kept) }
    }

    fn known(&self, hash: u64, raw: &str) -> Option<Name> {
        let same = |entry: &(u64, Name, bool)| entry.0 == hash && (!entry.2 || self.text(entry.1) == raw);
        self.known.find(hash, same).map(|entry| entry.1)
    }

    fn kept(&mut self, kept: &str) -> Name {
        let hash = self.hash(kept, 0);
        if let Some(number) = self.known(hash, kept) {
            return number;
        }
        self.texts.push(kept.into());
        self.bytes += kept.len() + 80;
        let number = self.texts.len() as Name;
        self.known.insert_unique(hash, (hash, number, true), |entry| entry.0);
        number
    }

    fn hash(&self, raw: &str, how: u8) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(raw.as_bytes());
        hasher.write_u8(how);
        hasher.finish()
    }
}

fn text(texts: &[Box<str>], number: Name) -> &str {
    (number as usize).checked_sub(1).and_then(|index| texts.get(index)).map_or("", |text| text)
}

/// A person's name or address without what cannot be printed; a key is no name.
fn person(raw: &str) -> std::borrow::Cow<'_, str> {
    let raw = cut(raw.trim(), LONGEST);
    if looks_like_key(raw) || looks_like_text(raw) {
        return "other".into();
    }
    if raw.chars().any(char::is_control) { raw.replace(char::is_control, "_").into() } else { raw.into() }
}
