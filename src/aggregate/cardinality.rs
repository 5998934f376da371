//! What may become a label value: not too many, not too long, nothing that looks like a secret.
//!
//! In: a value as it came from a span. Out: the value to expose, and why it differs. Asked only for
//! label tuples that are not kept as they came, so the screen may take a microsecond.

mod screen;

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

pub use screen::looks_secret;

/// Stands for every value that is not exposed.
pub const OTHER: &str = "other";

/// Longest label value, bytes.
pub const MAX_VALUE_BYTES: usize = 256;

/// Why a value is not exposed as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Replacement {
    /// The label has as many values as it may have.
    TooMany,
    /// It looks like a key, a token or an e-mail address.
    LooksSecret,
    /// Cut to [`MAX_VALUE_BYTES`].
    TooLong,
    /// Control characters became `_`.
    Unprintable,
}

impl Replacement {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::TooMany, Self::LooksSecret, Self::TooLong, Self::Unprintable];

    /// The value of the `reason` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::LooksSecret => "looks_secret",
            Self::TooLong => "too_long",
            Self::Unprintable => "unprintable",
        }
    }
}

/// The guard of one label: first come, first kept.
#[derive(Debug)]
pub struct LabelGuard {
    /// The label.
    pub name: String,
    /// Distinct values that it may have, `other` and the empty one not counted.
    pub max_values: usize,
    /// Calls whose value was replaced, by reason.
    pub replaced: [u64; Replacement::ALL.len()],
    values: HashSet<Box<str>, RandomState>,
}

impl LabelGuard {
    /// A guard that has seen nothing.
    #[must_use]
    pub fn new(name: String, max_values: usize) -> Self {
        let values = HashSet::with_hasher(RandomState::default());
        Self { name, max_values, replaced: [0; Replacement::ALL.len()], values }
    }

    /// The value to expose for this one.
    pub fn admit<'a>(&mut self, value: &'a str) -> Cow<'a, str> {
        if value.is_empty() || value == OTHER || self.values.contains(value) {
            return Cow::Borrowed(value);
        }
        let as_it_is = value.len() <= MAX_VALUE_BYTES && !value.chars().any(char::is_control);
        // Asked at every call once a label is full, so the cheap answer comes first.
        if as_it_is && self.values.len() >= self.max_values {
            return self.replace(Replacement::TooMany, Cow::Borrowed(OTHER));
        }
        if looks_secret(value) {
            return self.replace(Replacement::LooksSecret, Cow::Borrowed(OTHER));
        }
        let mut value = Cow::Borrowed(value);
        if value.len() > MAX_VALUE_BYTES {
            value = self.replace(Replacement::TooLong, cut(value));
        }
        if value.chars().any(char::is_control) {
            let printable = value.replace(char::is_control, "_");
            value = self.replace(Replacement::Unprintable, Cow::Owned(printable));
        }
        if self.values.contains(&*value) {
            return value;
        }
        if self.values.len() >= self.max_values {
            return self.replace(Replacement::TooMany, Cow::Borrowed(OTHER));
        }
        self.values.insert(value.as_ref().into());
        value
    }

    /// Forgets which values are taken; [`Self::keep`] tells those that still are.
    pub fn forget(&mut self) {
        self.values.clear();
    }

    /// A value is taken.
    pub fn keep(&mut self, value: &str) {
        if !value.is_empty() && value != OTHER && !self.values.contains(value) {
            self.values.insert(value.into());
        }
    }

    fn replace<'a>(&mut self, reason: Replacement, by: Cow<'a, str>) -> Cow<'a, str> {
        self.replaced[reason as usize] += 1;
        by
    }
}

fn cut(value: Cow<'_, str>) -> Cow<'_, str> {
    let end = (0..=MAX_VALUE_BYTES).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
    }
}
