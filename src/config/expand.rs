//! `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}` and `$$` in scalars, as in the Collector.
//!
//! In: the tree of a file, after YAML has been read, so that a value can add no key. Out: the tree with the values
//! in place, and the values, for [`Faults::without`](super::fault::Faults) to keep them out of messages.

use std::path::Path;

use super::raw::{Content, Entry, Node};
use crate::regular_file;

/// Shorter values are no secrets, and would be found in every message.
const LEAST_SECRET: usize = 4;

/// Where values come from.
pub(super) struct Sources<'a> {
    /// The environment.
    pub(super) environment: &'a [(String, String)],
    /// Relative paths are beside the configuration.
    pub(super) folder: &'a Path,
}

/// What was put in place of expressions.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// The values.
    pub(super) secrets: Vec<String>,
    /// Where they stand.
    pub(super) places: Vec<serde_saphyr::Location>,
    /// What could not be: the place, and why.
    pub(super) faults: Vec<(serde_saphyr::Location, String)>,
}

impl Expanded {
    /// Expands all scalars below these entries.
    pub(super) fn of(entries: &mut [Entry], sources: &Sources<'_>) -> Self {
        let mut expanded = Self::default();
        entries.iter_mut().for_each(|entry| expanded.node(&mut entry.value, sources));
        expanded
    }

    fn node(&mut self, node: &mut Node, sources: &Sources<'_>) {
        match &mut node.content {
            Content::Empty => {}
            Content::Scalar(text) if !text.contains('$') => {}
            Content::Scalar(text) => match self.text(text, sources) {
                Ok(whole) => {
                    if whole != *text {
                        self.places.push(node.location);
                    }
                    node.content = Content::Scalar(whole);
                }
                Err(problem) => self.faults.push((node.location, problem)),
            },
            Content::List(items) => items.iter_mut().for_each(|item| self.node(item, sources)),
            Content::Map(entries) => {
                entries.iter_mut().for_each(|entry| self.node(&mut entry.value, sources));
            }
        }
    }

    fn text(&mut self, text: &str, sources: &Sources<'_>) -> Result<String, String> {
        let (mut whole, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            whole.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix('$') {
                whole.push('$');
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix('{') {
                let end = behind.find('}').ok_or("`${` has no `}`; write `$$` for a dollar sign")?;
                let value = value(&behind[..end], sources)?;
                whole.push_str(&value);
                if value.len() >= LEAST_SECRET {
                    self.secrets.push(value);
                }
                rest = &behind[end + 1..];
            } else {
                whole.push('$');
            }
        }
        whole.push_str(rest);
        Ok(whole)
    }
}

fn value(expression: &str, sources: &Sources<'_>) -> Result<String, String> {
    if let Some(path) = expression.strip_prefix("file:") {
        let bytes = regular_file::read(sources.folder.join(path))?;
        let text = String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8"))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let Some(written) = expression.strip_prefix("env:") else {
        let known = "`${env:NAME}`, `${env:NAME:-default}` or `${file:PATH}` would be right";
        return Err(format!("`${{{expression}}}` is not known; {known}, `$$` for a dollar sign"));
    };
    let (name, default) = match written.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (written, None),
    };
    let found = sources.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    match (found.filter(|value| !value.is_empty()), default) {
        (Some(value), _) | (None, Some(value)) => Ok(value.to_owned()),
        (None, None) => Err(format!(
            "the environment variable {name} is not set; `${{env:{name}:-default}}` would give it a default"
        )),
    }
}
