//! The shape of the knowledge: tables of rows, each with its source.
//!
//! In: [`Signals`] of one failed call. Out: the first row that fits. No row is known here.

use super::guidance;
use super::signals::Signals;
use crate::call::ErrorClass;

/// What one provider's failures look like.
#[derive(Debug)]
pub struct Table {
    /// How people call it.
    pub title: &'static str,
    /// Its names: the convention's, and those that instrumentations write.
    pub names: &'static [&'static str],
    /// Parts of its hosts, in lower case.
    pub hosts: &'static [&'static str],
    /// What in a text, in lower case, gives it away whatever name the span carries.
    pub marks: &'static [&'static str],
    /// The rows; among rows of the same strength the first that fits decides.
    pub rules: &'static [Rule],
}

/// One row: what it looks like, what it means, what to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What it looks like.
    pub sign: Sign,
    /// What it means.
    pub class: ErrorClass,
    /// The code to report; without one, the code that was seen.
    pub code: Option<&'static str>,
    /// Whether the same request can succeed later.
    pub retryable: Option<bool>,
    /// Who must act.
    pub actor: Actor,
    /// What they should do first.
    pub action: &'static str,
    /// Why this class, where the look misleads; else empty.
    pub why: &'static str,
    /// Where this is known from.
    pub source: &'static str,
    /// It means this only from this provider.
    pub local: bool,
}

/// What a failure looks like. Everything is compared without regard to case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// One of these error codes, in an attribute, the body, the exception's name or the text.
    Code(&'static [&'static str]),
    /// All of these phrases in the messages.
    Text(&'static [&'static str]),
    /// All of the first phrases in the messages, and none of the second.
    TextUnless(&'static [&'static str], &'static [&'static str]),
    /// One of these codes, and none of these phrases.
    CodeUnless(&'static [&'static str], &'static [&'static str]),
    /// This code and all of these phrases.
    CodeAndText(&'static str, &'static [&'static str]),
    /// This HTTP status and all of these phrases.
    StatusAndText(u16, &'static [&'static str]),
    /// This HTTP status beside a response header of this name.
    StatusAndHeader(u16, &'static str),
    /// A response header with this value.
    Header(&'static str, &'static str),
    /// One of these codes, which say less than an HTTP status beside a good message would.
    General(&'static [&'static str]),
    /// A code with one of these in it (case and joints aside), and none of these phrases.
    CodePart(&'static [&'static str], &'static [&'static str]),
    /// The HTTP status beside the end of an exception's name.
    StatusAndException(u16, &'static [&'static str]),
    /// The HTTP status, and no text that says more.
    BareStatus(u16),
    /// The HTTP status.
    Status(u16),
    /// The end of an exception's name, without its `Error` or `Exception`.
    Exception(&'static [&'static str]),
    /// One of these phrases in the messages, when nothing better tells.
    Words(&'static [&'static str]),
    /// One of these finish reasons.
    Finish(&'static [&'static str]),
    /// The end of the name of an exception that wraps any trouble, when its causes tell nothing.
    Wrapper(&'static [&'static str]),
}

/// How much a sign tells; stronger ones are asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    Specific,
    General,
    Status,
    Exception,
    Wrapper,
}

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever writes the application.
    Application,
    /// Whoever runs it: keys, endpoints, deployments, configuration.
    Operator,
    /// Whoever owns the account and its money.
    AccountOwner,
    /// The provider.
    Provider,
}

/// A row that fits, and the code it was seen by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) rule: &'static Rule,
    pub(super) code: Option<&'static str>,
}

// === impl Table ===

impl Table {
    /// True for one of its hosts.
    #[must_use]
    pub fn serves(&self, server_address: &str) -> bool {
        !server_address.is_empty()
            && self.hosts.iter().any(|host| contains_ignoring_case(server_address, host))
    }

    /// True for one of its names, also as the head of a dotted one (`openai.chat`).
    #[must_use]
    pub fn is_named(&self, provider: &str) -> bool {
        self.names.iter().any(|name| {
            provider.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
                && matches!(provider.as_bytes().get(name.len()), None | Some(b'.'))
        })
    }

    /// The first row of that strength that fits; `foreign` when the provider is another one.
    pub(super) fn hit(&'static self, signals: &Signals, strength: Strength, foreign: bool) -> Option<Hit> {
        let rows =
            self.rules.iter().filter(|rule| rule.sign.strength() == strength && !(foreign && rule.local));
        rows.filter_map(|rule| rule.hit(signals)).next()
    }

    /// The code of this table that `code` is, in the table's own spelling.
    pub(super) fn spelling(&self, code: &str) -> Option<&'static str> {
        self.rules.iter().find_map(|rule| match rule.sign {
            Sign::Code(codes) | Sign::CodeUnless(codes, _) | Sign::General(codes) => {
                let known = codes.iter().find(|known| known.eq_ignore_ascii_case(code))?;
                rule.code.or(Some(known))
            }
            Sign::CodeAndText(known, _) => known.eq_ignore_ascii_case(code).then_some(known),
            Sign::Text(_)
            | Sign::TextUnless(..)
            | Sign::CodePart(..)
            | Sign::StatusAndException(..)
            | Sign::Wrapper(_)
            | Sign::StatusAndText(..)
            | Sign::StatusAndHeader(..)
            | Sign::BareStatus(_)
            | Sign::Header(..)
            | Sign::Status(_)
            | Sign::Exception(_)
            | Sign::Words(_)
            | Sign::Finish(_) => None,
        })
    }
}

// === impl Rule ===

impl Rule {
    /// A row with the class's usual advice.
    pub(super) const fn new(sign: Sign, class: ErrorClass, source: &'static str) -> Self {
        let usual = guidance::of(class);
        Self {
            sign,
            class,
            code: None,
            retryable: usual.retryable,
            actor: usual.actor,
            action: usual.action,
            why: "",
            source,
            local: false,
        }
    }

    /// The code to report, where the sign is not one.
    pub(super) const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Whether a retry can help, where it differs from the class.
    pub(super) const fn retry(mut self, retryable: bool) -> Self {
        self.retryable = Some(retryable);
        self
    }

    /// Who must act and how, where it differs from the class.
    pub(super) const fn act(mut self, actor: Actor, action: &'static str) -> Self {
        self.actor = actor;
        self.action = action;
        self
    }

    /// Only from this provider: the sign is too general for others.
    pub(super) const fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Why the look misleads.
    pub(super) const fn why(mut self, why: &'static str) -> Self {
        self.why = why;
        self
    }

    fn hit(&'static self, signals: &Signals) -> Option<Hit> {
        let plain = |fits: bool| fits.then_some(None);
        let seen = match self.sign {
            Sign::Code(codes) | Sign::General(codes) => signals.code_among(codes).map(Some),
            Sign::CodeUnless(codes, unless) => {
                signals.code_among(codes).filter(|_| !signals.says_any(unless)).map(Some)
            }
            Sign::Text(phrases) => plain(signals.says(phrases)),
            Sign::TextUnless(phrases, unless) => plain(signals.says(phrases) && !signals.says_any(unless)),
            Sign::CodePart(parts, unless) => {
                plain(signals.code_with_part(parts) && !signals.says_any(unless))
            }
            Sign::StatusAndException(status, names) => {
                plain(signals.failed_status() == Some(status) && signals.exception_among(names))
            }
            Sign::CodeAndText(code, phrases) => {
                signals.code_among(&[code]).filter(|_| signals.says(phrases)).map(Some)
            }
            Sign::StatusAndText(status, phrases) => {
                plain(signals.status == Some(status) && signals.says(phrases))
            }
            Sign::StatusAndHeader(status, name) => {
                plain(signals.status == Some(status) && signals.names_header(name))
            }
            Sign::BareStatus(status) => plain(signals.failed_status() == Some(status) && signals.is_bare()),
            Sign::Header(name, value) => plain(signals.has_header(name, value)),
            Sign::Status(status) => plain(signals.failed_status() == Some(status)),
            Sign::Words(phrases) => plain(signals.says_any(phrases)),
            Sign::Exception(names) | Sign::Wrapper(names) => plain(signals.exception_among(names)),
            Sign::Finish(reasons) => plain(signals.finish_among(reasons)),
        }?;
        Some(Hit { rule: self, code: self.code.or(seen) })
    }
}

// === impl Sign ===

impl Sign {
    pub(super) const fn strength(self) -> Strength {
        match self {
            Self::Code(_)
            | Self::CodeUnless(..)
            | Self::Text(_)
            | Self::TextUnless(..)
            | Self::CodeAndText(..)
            | Self::StatusAndText(..)
            | Self::StatusAndHeader(..)
            | Self::Header(..) => Strength::Specific,
            Self::General(_) | Self::CodePart(..) => Strength::General,
            Self::StatusAndException(..) | Self::BareStatus(_) | Self::Status(_) => Strength::Status,
            Self::Exception(_) | Self::Words(_) | Self::Finish(_) => Strength::Exception,
            Self::Wrapper(_) => Strength::Wrapper,
        }
    }
}

// === impl Strength ===

impl Strength {
    /// The strongest first.
    pub(super) const ALL: [Self; 5] =
        [Self::Specific, Self::General, Self::Status, Self::Exception, Self::Wrapper];
    /// What names a cause, the strongest first.
    pub(super) const TELLING: [Self; 4] = [Self::Specific, Self::General, Self::Status, Self::Exception];
}

// === impl Actor ===

impl Actor {
    /// For reading.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Operator => "operator",
            Self::AccountOwner => "account owner",
            Self::Provider => "provider",
        }
    }
}

pub(super) fn contains_ignoring_case(text: &str, needle: &str) -> bool {
    !needle.is_empty()
        && text.as_bytes().windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}
