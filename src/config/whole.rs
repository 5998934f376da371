//! A section with all its faults, where serde tells only the first.
//!
//! In: a section as a tree, and a type that describes itself to serde. Out: the type's value, and every fault with
//! its place and key. After each fault the copy of the tree is mended where it is wrong and read again; a value that
//! needed mending is good for further questions, and nobody runs on it.

use serde::de::DeserializeOwned;
use serde_saphyr::Location;

use super::fault::{Faults, suggestion};
use super::node::{Flaw, NodeError};
use super::raw::{Content, Document, Entry, HOLDS_SECRETS, Node};

/// Faults of one section that are told in one go.
const MAX_FAULTS: usize = 100;

/// Reads a section of the document; `None` when it is not there or not even a mended one can be read.
pub(super) fn read<T: DeserializeOwned>(document: &Document, name: &str, faults: &mut Faults) -> Option<T> {
    let entry = document.entries.iter().find(|entry| entry.key == name)?;
    if matches!(entry.value.content, Content::Empty) {
        return None;
    }
    let mut draft = Draft::of(entry);
    for _ in 0..MAX_FAULTS {
        match T::deserialize(&draft.node) {
            Ok(read) => return (!draft.moved).then_some(read),
            Err(error) => {
                let at = error.location.unwrap_or(entry.value.location);
                if draft.is_news(at, &error.flaw) {
                    tell(document, entry, at, &error, faults);
                }
                if !draft.mend(at, &error.flaw) {
                    return None;
                }
            }
        }
    }
    None
}

/// A copy of a section that is mended until it can be read.
#[derive(Debug)]
struct Draft {
    node: Node,
    /// Keys whose values were wrong, by the place of their mapping: that they are missing now is no news.
    removed: Vec<(Location, String)>,
    /// The key that was missing and stands for something now.
    filled: Option<(Location, &'static str)>,
    /// An item of a list is gone, so the others have other numbers.
    moved: bool,
}

fn tell(document: &Document, section: &Entry, at: Location, error: &NodeError, faults: &mut Faults) {
    let secret = HOLDS_SECRETS.contains(&section.key.as_str());
    let path = path_to(&section.value, at, &section.key).filter(|_| !secret);
    let path = path.unwrap_or_else(|| section.key.clone());
    let (at, path, message) = match &error.flaw {
        Flaw::Value if secret => (at, path, unquoted(&error.message).to_owned()),
        Flaw::Value => (at, path, error.message.clone()),
        Flaw::Missing(key) => (at, format!("{path}.{key}"), "is missing".to_owned()),
        Flaw::Unknown(key, known) => {
            let place = find(&section.value, at).and_then(|node| entry(node, key));
            let path = if secret && !looks_like_a_key(key) { path } else { format!("{path}.{key}") };
            let message = format!("is not a key; {}", suggestion(key, known));
            (place.map_or(at, |entry| entry.location), path, message)
        }
    };
    faults.add(&document.place(at), &path, message);
}

/// A message without the value that it begins with, and without how else that would be written.
fn unquoted(message: &str) -> &str {
    let end = message.rfind("` is").filter(|_| message.starts_with('`')).map_or(0, |end| end + 2);
    message[end..].split("; write ").next().unwrap_or_default()
}

/// Anything else may be a value in a wrong place.
fn looks_like_a_key(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

// === impl Draft ===

impl Draft {
    fn of(section: &Entry) -> Self {
        Self { node: section.value.clone(), removed: Vec::new(), filled: None, moved: false }
    }

    /// False for what comes of mending.
    fn is_news(&self, at: Location, flaw: &Flaw) -> bool {
        match flaw {
            Flaw::Value => !same(at, Location::UNKNOWN),
            Flaw::Unknown(..) => true,
            Flaw::Missing(key) => !self.removed.iter().any(|(place, name)| same(*place, at) && name == key),
        }
    }

    /// Takes out what is wrong, puts something in where a key is missing; false when nothing helps.
    fn mend(&mut self, at: Location, flaw: &Flaw) -> bool {
        match flaw {
            Flaw::Missing(key) => {
                self.filled = Some((at, key));
                let filler = Node { location: Location::UNKNOWN, content: Content::Scalar("1".to_owned()) };
                self.put(at, key, filler)
            }
            Flaw::Unknown(key, _) => match find_mut(&mut self.node, at).map(|node| &mut node.content) {
                Some(Content::Map(entries)) => {
                    let before = entries.len();
                    entries.retain(|entry| entry.key != *key);
                    entries.len() < before
                }
                Some(Content::Empty | Content::Scalar(_) | Content::List(_)) | None => false,
            },
            Flaw::Value if same(at, Location::UNKNOWN) => self.fill_otherwise(),
            Flaw::Value => match remove(&mut self.node, at) {
                Some((place, Some(key))) => {
                    self.removed.push((place, key));
                    true
                }
                Some((_, None)) => {
                    self.moved = true;
                    true
                }
                None => false,
            },
        }
    }

    fn put(&mut self, at: Location, key: &str, value: Node) -> bool {
        let Some(Node { content: Content::Map(entries), .. }) = find_mut(&mut self.node, at) else {
            return false;
        };
        entries.retain(|entry| entry.key != key);
        entries.push(Entry { key: key.to_owned(), location: Location::UNKNOWN, value });
        true
    }

    /// Where a text does not do, a list may, or a mapping.
    fn fill_otherwise(&mut self) -> bool {
        let Some((at, key)) = self.filled else { return false };
        let now = find(&self.node, at).and_then(|node| entry(node, key)).map(|entry| &entry.value.content);
        let next = match now {
            Some(Content::Scalar(_)) => Content::List(Vec::new()),
            Some(Content::List(_)) => Content::Map(Vec::new()),
            Some(Content::Empty | Content::Map(_)) | None => return false,
        };
        self.put(at, key, Node { location: Location::UNKNOWN, content: next })
    }
}

// === places in a tree ===

fn same(left: Location, right: Location) -> bool {
    (left.line(), left.column()) == (right.line(), right.column())
}

fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    match &node.content {
        Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
        Content::Empty | Content::Scalar(_) | Content::List(_) => None,
    }
}

/// The dotted path of the node at a place, such as `prices.models[0].match`.
fn path_to(node: &Node, at: Location, path: &str) -> Option<String> {
    if same(node.location, at) {
        return Some(path.to_owned());
    }
    match &node.content {
        Content::Empty | Content::Scalar(_) => None,
        Content::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| path_to(item, at, &format!("{path}[{index}]")))
        }
        Content::Map(entries) => {
            entries.iter().find_map(|entry| path_to(&entry.value, at, &format!("{path}.{}", entry.key)))
        }
    }
}

fn find(node: &Node, at: Location) -> Option<&Node> {
    if same(node.location, at) {
        return Some(node);
    }
    match &node.content {
        Content::Empty | Content::Scalar(_) => None,
        Content::List(items) => items.iter().find_map(|item| find(item, at)),
        Content::Map(entries) => entries.iter().find_map(|entry| find(&entry.value, at)),
    }
}

fn find_mut(node: &mut Node, at: Location) -> Option<&mut Node> {
    if same(node.location, at) {
        return Some(node);
    }
    match &mut node.content {
        Content::Empty | Content::Scalar(_) => None,
        Content::List(items) => items.iter_mut().find_map(|item| find_mut(item, at)),
        Content::Map(entries) => entries.iter_mut().find_map(|entry| find_mut(&mut entry.value, at)),
    }
}

/// Takes out the value at a place. Answers where its mapping stands and its key, or where its list stands.
fn remove(node: &mut Node, at: Location) -> Option<(Location, Option<String>)> {
    let place = node.location;
    match &mut node.content {
        Content::Empty | Content::Scalar(_) => None,
        Content::List(items) => match items.iter().position(|item| same(item.location, at)) {
            Some(index) => {
                items.remove(index);
                Some((place, None))
            }
            None => items.iter_mut().find_map(|item| remove(item, at)),
        },
        Content::Map(entries) => match entries.iter().position(|entry| same(entry.value.location, at)) {
            Some(index) => Some((place, Some(entries.remove(index).key))),
            None => entries.iter_mut().find_map(|entry| remove(&mut entry.value, at)),
        },
    }
}
