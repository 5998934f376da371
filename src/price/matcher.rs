//! Rules that recognise a name: alternatives of equality, prefix, suffix, substring and regex.
//!
//! In: a name in lower case. Out: yes or no. It knows neither providers nor models.

use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// A rule as it is written in the catalogue and in the configuration. The members are
/// alternatives: one that matches is enough. Texts are compared in lower case.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// The whole name.
    pub equals: Vec<String>,
    /// How it starts.
    pub starts_with: Vec<String>,
    /// How it ends.
    pub ends_with: Vec<String>,
    /// A part of it.
    pub contains: Vec<String>,
    /// A pattern found anywhere in it.
    pub regex: Vec<String>,
    /// Rules of which one is enough.
    pub any: Vec<Rule>,
    /// Rules that must all match, together one alternative.
    pub all: Vec<Rule>,
    /// A rule that must not match.
    pub not: Option<Box<Rule>>,
}

/// A [`Rule`] made ready.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    alternatives: Box<[Test]>,
}

#[derive(Debug)]
enum Test {
    Equals(Box<str>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Contains(Box<str>),
    Regex(Pattern),
    Any(Matcher),
    All(Box<[Matcher]>),
    Not(Matcher),
}

/// A regex that is compiled when a name first gets as far as it: compiling all of the catalogue's takes
/// longer than reading the rest of it.
#[derive(Debug)]
struct Pattern {
    text: Box<str>,
    /// What every name that it matches starts with.
    prefix: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

// === impl Matcher ===

impl Matcher {
    /// Makes a rule ready, once its patterns are known to be right.
    pub(super) fn checked(rule: Rule) -> Result<Self, regex::Error> {
        rule.check()?;
        Ok(Self::new(rule))
    }

    /// Makes a rule ready; a pattern that is wrong would match nothing.
    pub(super) fn new(rule: Rule) -> Self {
        let text = |text: String| text.to_lowercase().into_boxed_str();
        let mut alternatives = Vec::new();
        alternatives.extend(rule.equals.into_iter().map(|value| Test::Equals(text(value))));
        alternatives.extend(rule.starts_with.into_iter().map(|value| Test::StartsWith(text(value))));
        alternatives.extend(rule.ends_with.into_iter().map(|value| Test::EndsWith(text(value))));
        alternatives.extend(rule.contains.into_iter().map(|value| Test::Contains(text(value))));
        alternatives.extend(rule.regex.into_iter().map(|pattern| Test::Regex(Pattern::new(pattern))));
        alternatives.extend(rule.any.into_iter().map(|inner| Test::Any(Self::new(inner))));
        if !rule.all.is_empty() {
            alternatives.push(Test::All(rule.all.into_iter().map(Self::new).collect()));
        }
        alternatives.extend(rule.not.map(|inner| Test::Not(Self::new(*inner))));
        Self { alternatives: alternatives.into() }
    }

    /// True when an alternative matches `name`, which is in lower case.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.alternatives.iter().any(|test| test.matches(name))
    }

    /// True when there is no alternative, so that nothing can match.
    pub(super) fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }
}

impl Test {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => name == &**text,
            Self::StartsWith(text) => name.starts_with(&**text),
            Self::EndsWith(text) => name.ends_with(&**text),
            Self::Contains(text) => name.contains(&**text),
            Self::Regex(pattern) => pattern.matches(name),
            Self::Any(inner) => inner.matches(name),
            Self::All(inner) => inner.iter().all(|matcher| matcher.matches(name)),
            Self::Not(inner) => !inner.matches(name),
        }
    }
}

// === impl Rule ===

impl Rule {
    /// That every pattern compiles.
    pub(super) fn check(&self) -> Result<(), regex::Error> {
        self.regex.iter().try_for_each(|pattern| Regex::new(pattern).map(drop))?;
        self.any.iter().chain(&self.all).chain(self.not.as_deref()).try_for_each(Self::check)
    }
}

// === impl Pattern ===

impl Pattern {
    fn new(text: String) -> Self {
        let prefix = literal_prefix(&text).into();
        Self { text: text.into(), prefix, compiled: OnceLock::new() }
    }

    fn matches(&self, name: &str) -> bool {
        name.starts_with(&*self.prefix)
            && self
                .compiled
                .get_or_init(|| Regex::new(&self.text).ok())
                .as_ref()
                .is_some_and(|regex| regex.is_match(name))
    }
}

/// The plain characters after `^` that each match starts with; empty when in doubt.
fn literal_prefix(pattern: &str) -> String {
    let mut prefix = String::new();
    let Some(rest) = pattern.strip_prefix('^').filter(|rest| !rest.contains('|')) else { return prefix };
    let mut rest = rest.chars().peekable();
    while let Some(character) = rest.next() {
        let literal = match character {
            '\\' => rest.next().filter(char::is_ascii_punctuation),
            'a'..='z' | '0'..='9' | '-' | '_' | '/' | ':' | '@' => Some(character),
            _ => None,
        };
        let repeated = matches!(rest.peek(), Some('?' | '*' | '{'));
        match literal.filter(|_| !repeated) {
            Some(literal) => prefix.push(literal),
            None => break,
        }
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(json: &str) -> Matcher {
        Matcher::checked(serde_json::from_str(json).expect(json)).expect(json)
    }

    #[test]
    fn one_alternative_is_enough() {
        let rule = matcher(r#"{"equals":["GPT-4o"],"starts_with":["gpt-4o-2024-"],"regex":["^o\\d$"]}"#);
        for name in ["gpt-4o", "gpt-4o-2024-08-06", "o3"] {
            assert!(rule.matches(name), "{name}");
        }
        for name in ["gpt-4o-mini", "xo3", ""] {
            assert!(!rule.matches(name), "{name}");
        }
    }

    #[test]
    fn all_and_not_narrow() {
        let rule = matcher(r#"{"all":[{"starts_with":["gemini-2.5-pro"]},{"not":{"contains":["-tts"]}}]}"#);
        assert!(rule.matches("gemini-2.5-pro-preview"));
        assert!(!rule.matches("gemini-2.5-pro-preview-tts"));
    }

    #[test]
    fn an_empty_rule_matches_nothing() {
        assert!(!matcher("{}").matches(""));
    }

    #[test]
    fn a_pattern_need_not_be_compiled_for_names_that_start_otherwise() {
        let cases = [
            (r"^gpt-5\.6-luna-\d{4}$", "gpt-5.6-luna-"),
            (r"^claude-opus-5[-@]\d{8}$", "claude-opus-5"),
            (r"^ab?c", "a"),
            (r"^(typesafe/)?jev", ""),
            (r"^a|b", ""),
            ("gpt", ""),
            ("", ""),
        ];
        for (pattern, prefix) in cases {
            assert_eq!(literal_prefix(pattern), prefix, "{pattern}");
        }
        let rule = matcher(r#"{"regex":["^gpt-5\\.6-luna-\\d{4}$"]}"#);
        assert!(rule.matches("gpt-5.6-luna-2026"));
        assert!(!rule.matches("gpt-5x6-luna-2026"));
    }
}
