//! What is wrong with a configuration, said so that a tired person can mend it.
//!
//! In: nothing. Out: [`Fault`] (one mistake, its place and what would be right), [`Faults`] (all of
//! them) and [`closest`] for "did you mean". It knows no key.

use std::fmt;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, line and column, both from 1. Line 0: the file as a whole.
    File {
        /// The path as the user gave it.
        path: String,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
    /// An environment variable.
    Environment(String),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: 0, .. } => write!(out, "{path}"),
            Self::File { path, line, column } => write!(out, "{path}:{line}:{column}"),
            Self::Environment(variable) => write!(out, "environment variable {variable}"),
        }
    }
}

/// One mistake: `tollgate.yaml:12:8: series.max: is 0; a whole number from 1 to … would be right`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// The dotted key, empty when the fault is about the file itself.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(out, "{}: {}", self.place, self.message),
            key => write!(out, "{}: {key}: {}", self.place, self.message),
        }
    }
}

/// Every mistake of one configuration, in the order of the file. Never empty when returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, place: &Place, key: &str, message: impl Into<String>) {
        self.0.push(Fault { place: place.clone(), key: key.to_owned(), message: message.into() });
    }

    /// The same, with no word of these values, and no quotation at the places where they stand: there a value may
    /// be cut, or part of a longer text.
    #[must_use]
    pub(super) fn without(mut self, secrets: &[String], places: &[Place]) -> Self {
        for fault in &mut self.0 {
            for secret in secrets {
                fault.message = fault.message.replace(secret, "…");
            }
            if places.contains(&fault.place)
                && let Some(end) = fault.message.rfind("` is").filter(|_| fault.message.starts_with('`'))
            {
                fault.message.replace_range(1..end, "…");
                // How the value would be written is the value.
                let written = fault.message.find("; write ").unwrap_or(fault.message.len());
                fault.message.truncate(written);
            }
        }
        self
    }

    /// `value` when there is no fault.
    ///
    /// # Errors
    /// All faults, when there are any.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        self.0.sort_by_key(|fault| match fault.place {
            Place::File { line, column, .. } => (line, column),
            Place::Environment(_) => (u32::MAX, 0),
        });
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Fault::to_string).collect();
        out.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// The candidate that `written` was probably meant to be: at most two edits away, fewer for short words.
#[must_use]
pub fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = if written.chars().count() < 4 { 1 } else { 2 };
    candidates
        .into_iter()
        .map(|candidate| (edits(written, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `…`?``, or a list of what is known here.
#[must_use]
pub(super) fn suggestion(written: &str, candidates: &[&str]) -> String {
    match closest(written, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("known here: {}", candidates.join(", ")),
    }
}

/// Levenshtein distance in characters.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_two_letters_is_recognised_and_no_more() {
        assert_eq!(closest("seires", ["series", "listen"]), Some("series"));
        assert_eq!(closest("settle_second", ["settle_seconds"]), Some("settle_seconds"));
        assert_eq!(closest("colour", ["series", "listen"]), None);
        assert_eq!(closest("log", ["max", "lag"]), Some("lag"));
    }
}
