//! What the user's own entries say of the span that is being read.
//!
//! In: a [`Draft`] with the user's [`Taught`], if there is any. Out: facts, and answers to whoever asks the built-in tables
//! the same. What was used is named for `explain`.

use super::draft::Draft;
use super::source::Source;
use super::value::count;
use crate::call::ErrorClass;
use crate::dialect::{Fact, Said, Taught};
use crate::facts::{ErrorTextKind, HostWord};
use crate::loose::{Path, Scalar, Segment};
use crate::normalise;
use crate::otlp::Value;

impl<'a> Draft<'a> {
    fn teacher(&self) -> Option<&Taught> {
        self.taught.as_deref()
    }

    /// Reads an object of JSON by the user's paths.
    pub(super) fn state_taught_object(&mut self, index: u16, value: Value<'a>) {
        let Some(taught) = self.taught.clone() else { return };
        Source::from(value).scan(&mut |path, scalar| {
            let fact =
                taught.object(index).iter().find(|(steps, _)| leads(path, steps)).map(|(_, fact)| *fact);
            fact.into_iter().for_each(|fact| self.state_scalar(fact, scalar));
        });
    }

    fn state_scalar(&mut self, fact: Fact, scalar: Scalar<'a>) {
        match (fact, scalar) {
            (Fact::Usage(family, field), Scalar::Float(number)) => {
                self.touched = true;
                self.reading(family, field, count(number, None));
            }
            (fact, Scalar::Text(text)) => self.state(fact, Value::Text(text)),
            (fact, Scalar::Int(number)) => self.state(fact, Value::Int(number)),
            (fact, Scalar::Float(number)) => self.state(fact, Value::Double(number)),
            (fact, Scalar::Bool(flag)) => self.state(fact, Value::Bool(flag)),
            (_, Scalar::Null) => {}
        }
    }

    /// True when the host is one that somebody knows: the user first.
    pub(super) fn knows_host(&self) -> bool {
        let host = self.host();
        match self.host_said() {
            Some(Said::Is(_)) => true,
            Some(Said::Off) => false,
            None => !host.is_empty() && normalise::provider_of_host(host).is_some(),
        }
    }

    fn host_said(&self) -> Option<Said<'_>> {
        self.teacher().filter(|_| !self.host().is_empty())?.host(self.host()).map(|(_, said)| said)
    }

    /// The provider to go by, and whether the host says any more.
    pub(super) fn provider_said(&self) -> (&str, HostWord) {
        let written = self.provider.text;
        let by_name = || match self.teacher().and_then(|taught| taught.provider(written)) {
            Some((_, Said::Is(name))) => name,
            Some((_, Said::Off)) => "",
            None => written,
        };
        match self.host_said() {
            Some(Said::Is(name)) => (name, HostWord::Taught),
            Some(Said::Off) => (by_name(), HostWord::Off),
            None => (by_name(), HostWord::BuiltIn),
        }
    }

    /// True for a header that the user knows.
    pub(super) fn teaches_header(&self, name: &str) -> bool {
        self.teacher().is_some_and(|taught| taught.header(name).is_some())
    }

    /// The header that this one is like; none when it is switched off.
    pub(super) fn header_said<'n>(&self, name: &'n str) -> Option<&'n str> {
        match self.teacher().and_then(|taught| taught.header(name)) {
            Some(Said::Is(like)) => Some(like),
            Some(Said::Off) => None,
            None => Some(name),
        }
    }

    /// The class of the failure, if an entry fits.
    pub(super) fn class_said(&self, status_message: &str) -> Option<(usize, ErrorClass)> {
        let of = |code: bool| {
            let is_code = |kind| matches!(kind, ErrorTextKind::Code | ErrorTextKind::Type);
            self.errors.iter().filter(move |(kind, _)| is_code(*kind) == code).map(|(_, text)| *text)
        };
        let texts: Vec<&str> = of(false).chain([status_message]).chain(of(true)).collect();
        self.teacher()?.class(&of(true).collect::<Vec<_>>(), &texts)
    }

    // --- for explain ---

    /// Notes that the user's key was read.
    pub(super) fn name_taught_key(&mut self, key: &[u8]) {
        if self.teacher().is_some_and(|taught| taught.knows_key(key)) {
            self.taught_entries.push(format!("keys.{}", String::from_utf8_lossy(key)));
        }
    }

    /// Notes which of the user's entries decide about scope, host and name.
    pub(super) fn name_taught_scope(&mut self, scope: &str) {
        let Some(taught) = self.taught.clone() else { return };
        let host = self.host();
        let entries = [
            taught.scope(scope).map(|(entry, _)| format!("scopes.{entry}")),
            taught.host(host).filter(|_| !host.is_empty()).map(|(entry, _)| format!("hosts.{entry}")),
            taught.provider(self.provider.text).map(|(entry, _)| format!("providers.{entry}")),
        ];
        self.taught_entries.extend(entries.into_iter().flatten());
    }
}

/// True when a path is this one; lists are passed through.
fn leads(path: &Path<'_>, steps: &[String]) -> bool {
    let mut keys = path.segments().iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(*key),
        Segment::Index(_) => None,
    });
    steps.iter().all(|step| keys.next() == Some(step.as_str())) && keys.next().is_none()
}
