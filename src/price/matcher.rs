//! Rules that recognise a name: alternatives of equality, prefix, suffix, substring and regex.
//!
//! In: a name in lower case. Out: yes or no. It knows neither providers nor models.

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
    Regex(Regex),
    Any(Matcher),
    All(Box<[Matcher]>),
    Not(Matcher),
}

// === impl Matcher ===

impl Matcher {
    /// Makes a rule ready, compiling its patterns.
    pub(super) fn new(rule: Rule) -> Result<Self, regex::Error> {
        let text = |text: String| text.to_lowercase().into_boxed_str();
        let mut alternatives = Vec::new();
        alternatives.extend(rule.equals.into_iter().map(|value| Test::Equals(text(value))));
        alternatives.extend(rule.starts_with.into_iter().map(|value| Test::StartsWith(text(value))));
        alternatives.extend(rule.ends_with.into_iter().map(|value| Test::EndsWith(text(value))));
        alternatives.extend(rule.contains.into_iter().map(|value| Test::Contains(text(value))));
        for pattern in rule.regex {
            alternatives.push(Test::Regex(Regex::new(&pattern)?));
        }
        for inner in rule.any {
            alternatives.push(Test::Any(Self::new(inner)?));
        }
        if !rule.all.is_empty() {
            alternatives.push(Test::All(rule.all.into_iter().map(Self::new).collect::<Result<_, _>>()?));
        }
        if let Some(inner) = rule.not {
            alternatives.push(Test::Not(Self::new(*inner)?));
        }
        Ok(Self { alternatives: alternatives.into() })
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
            Self::Regex(pattern) => pattern.is_match(name),
            Self::Any(inner) => inner.matches(name),
            Self::All(inner) => inner.iter().all(|matcher| matcher.matches(name)),
            Self::Not(inner) => !inner.matches(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(json: &str) -> Matcher {
        Matcher::new(serde_json::from_str(json).expect(json)).expect(json)
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
}
