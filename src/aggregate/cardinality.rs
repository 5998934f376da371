//! What may become a label value: not too many, not too long, no secret, no text of a prompt.
//!
//! In: a value as it came from a span. Out: the value to expose, and why it differs. Asked only for
//! label tuples that are not kept as they came, so the screen may take a microsecond.

mod screen;

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

pub use screen::{looks_like_key, looks_like_text, looks_secret};

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
    /// It has so many words that it is text, as of a prompt, and no name.
    LooksLikeText,
    /// Cut to [`MAX_VALUE_BYTES`].
    TooLong,
    /// Control, invisible and bidirectional characters became `_`.
    Unprintable,
}

impl Replacement {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::TooMany, Self::LooksSecret, Self::LooksLikeText, Self::TooLong, Self::Unprintable];

    /// The value of the `reason` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::LooksSecret => "looks_secret",
            Self::LooksLikeText => "looks_like_text",
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
        let as_it_is = value.len() <= MAX_VALUE_BYTES && !value.chars().any(is_unprintable);
        // Asked at every call once a label is full, so the cheap answer comes first.
        if as_it_is && self.values.len() >= self.max_values {
            return self.too_many();
        }
        let value = clean(value, &mut |reason| self.replaced[reason as usize] += 1);
        if value == OTHER || self.values.contains(&*value) {
            return value;
        }
        if self.values.len() >= self.max_values {
            return self.too_many();
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

    fn too_many<'a>(&mut self) -> Cow<'a, str> {
        self.replaced[Replacement::TooMany as usize] += 1;
        Cow::Borrowed(OTHER)
    }
}

/// A name as it may be shown outside of a label of calls: on a gauge, in a log line, by `explain`.
#[must_use]
pub fn shown(name: &str) -> Cow<'_, str> {
    clean(name, &mut |_| ())
}

/// The value without what must not be exposed, and the reasons for every change.
fn clean<'a>(value: &'a str, tell: &mut dyn FnMut(Replacement)) -> Cow<'a, str> {
    let hidden = if looks_secret(value) {
        Some(Replacement::LooksSecret)
    } else {
        looks_like_text(value).then_some(Replacement::LooksLikeText)
    };
    if let Some(reason) = hidden {
        tell(reason);
        return Cow::Borrowed(OTHER);
    }
    let mut value = Cow::Borrowed(value);
    if value.len() > MAX_VALUE_BYTES {
        tell(Replacement::TooLong);
        value = cut(value);
    }
    if value.chars().any(is_unprintable) {
        tell(Replacement::Unprintable);
        value = Cow::Owned(value.replace(is_unprintable, "_"));
    }
    value
}

/// A character that shows nothing, or changes in which order others show: it makes one name look like another.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

fn cut(value: Cow<'_, str>) -> Cow<'_, str> {
    let end = (0..=MAX_VALUE_BYTES).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_or_turns_the_order_is_replaced() {
        for (value, expected) in [
            ("gpt\u{202E}o4", "gpt_o4"),
            ("gpt-\u{200B}4o", "gpt-_4o"),
            ("\u{FEFF}shop", "_shop"),
            ("a\u{E0041}b\u{2067}", "a_b_"),
            ("caf\u{E9} \u{1F600} \u{5D0}", "caf\u{E9} \u{1F600} \u{5D0}"),
        ] {
            assert_eq!(shown(value), expected);
        }
    }
}
