//! What the user wrote: a YAML document as a tree in which every key and value knows its place.
//!
//! In: the text of a file. Out: [`Node`]s, with scalars kept as text, so that a file and an environment
//! variable are read by the same rules. It knows YAML and no key of ours. A tree rather than derived structs,
//! so that every mistake of a file is reported at once and not only the first.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::fault::{Faults, Place};

/// Sections whose values may be secrets, written out: their faults quote nothing.
pub(super) const HOLDS_SECRETS: [&str; 1] = ["otlp_metrics"];

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Line and column.
    pub(super) location: Location,
    /// What stands there.
    pub(super) content: Content,
}

/// A YAML value.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Nothing was written after the colon, or `null`.
    Empty,
    /// Text, a number or a boolean, as text.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) location: Location,
    /// The value.
    pub(super) value: Node,
}

impl Content {
    /// What this is, for messages.
    #[must_use]
    pub(super) const fn noun(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// The path as the user gave it, for messages.
    pub(super) path: String,
    /// Its top-level mapping.
    pub(super) entries: Vec<Entry>,
}

impl Document {
    /// Nothing was written.
    pub(super) fn empty(path: &str) -> Self {
        Self { path: path.to_owned(), entries: Vec::new() }
    }

    /// Parses YAML. An empty file is an empty mapping.
    ///
    /// # Errors
    /// One fault with line and column when it is not YAML, or not a mapping.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        if text.trim().is_empty() {
            return Ok(Self::empty(path));
        }
        match serde_saphyr::from_str_with_options::<Node>(text, yaml_options()) {
            Ok(Node { content: Content::Map(entries), .. }) => {
                return Ok(Self { path: path.to_owned(), entries });
            }
            Ok(Node { content: Content::Empty, .. }) => return Ok(Self::empty(path)),
            Ok(Node { location, content }) => faults.add(
                &place(path, location),
                "",
                format!("is {}; a mapping of sections would be right, such as `listen:`", content.noun()),
            ),
            Err(error) => {
                let (place, message) = yaml_fault(path, &error);
                faults.add(&place, "", format!("is not valid YAML: {message}"));
            }
        }
        Err(faults)
    }

    /// The place of a node of this file.
    #[must_use]
    pub(super) fn place(&self, location: Location) -> Place {
        place(&self.path, location)
    }

    /// The place of what a dotted path such as `prices.models[0].match` names, or of the nearest thing above it.
    pub(super) fn place_of(&self, path: &str) -> Place {
        let steps: Vec<&str> = path.split(['.', '[']).map(|step| step.trim_end_matches(']')).collect();
        self.place_at(&steps)
    }

    /// The same, of keys that may have dots in them.
    pub(super) fn place_at(&self, steps: &[&str]) -> Place {
        let mut place = Place::File { path: self.path.clone(), line: 0, column: 0 };
        let mut content: Option<&Content> = None;
        for step in steps.iter().copied() {
            let next = match content {
                None => entry(&self.entries, step),
                Some(Content::Map(entries)) => entry(entries, step),
                Some(Content::List(items)) => step.parse().ok().and_then(|index: usize| items.get(index)),
                Some(Content::Empty | Content::Scalar(_)) => None,
            };
            let Some(node) = next else { break };
            place = self.place(node.location);
            content = Some(&node.content);
        }
        place
    }
}

fn entry<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

fn place(path: &str, location: Location) -> Place {
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Place::File { path: path.to_owned(), line: small(location.line()), column: small(location.column()) }
}

fn yaml_fault(path: &str, error: &serde_saphyr::Error) -> (Place, String) {
    let location = error.location().unwrap_or(Location::UNKNOWN);
    // The parser repeats the location in words, and below it a picture of the lines; the place says it already.
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or(message);
    // The one message that quotes what it read, and speaks to a programmer.
    let message =
        if message.starts_with("duplicate mapping key") { "this key stands here twice" } else { message };
    (place(path, location), message.to_owned())
}

fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
}

// === impl Deserialize for Node ===

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<Content>::deserialize(deserializer)
            .map(|spanned| Self { location: spanned.referenced, content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Empty)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Empty)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = pairs.next_entry::<Spanned<String>, Node>()? {
            entries.push(Entry { key: key.value, location: key.referenced, value });
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_know_their_place() {
        let document =
            Document::parse("t.yaml", "# first\nlisten:\n  grpc: 127.0.0.1:1\n  off: on\n").unwrap();
        let Content::Map(listen) = &document.entries[0].value.content else { panic!("not a mapping") };
        assert_eq!((document.entries[0].location.line(), document.entries[0].location.column()), (2, 1));
        assert_eq!((listen[0].location.line(), listen[0].location.column()), (3, 3));
        assert_eq!((listen[0].value.location.line(), listen[0].value.location.column()), (3, 9));
        assert!(matches!(&listen[1].value.content, Content::Scalar(text) if text == "on"));
    }

    #[test]
    fn broken_yaml_names_line_and_column() {
        let twice = Document::parse("t.yaml", "a:\n  b-secret: 1\n  b-secret: 2\n").unwrap_err().to_string();
        assert_eq!(twice, "t.yaml:3:3: is not valid YAML: this key stands here twice");
        for text in ["a: 1\nb: [1, 2\nc: 3\n", "a: 1\na: 2\n", "- 1\n", "a:\n\tb: 1\n"] {
            let faults = Document::parse("t.yaml", text).unwrap_err();
            assert_eq!(faults.0.len(), 1);
            assert!(faults.to_string().starts_with("t.yaml:"), "{faults}");
            assert!(!faults.to_string().contains("line "), "{faults}");
        }
    }
}
