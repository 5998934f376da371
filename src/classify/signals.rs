//! What the evidence of one failure says, ready for the rows.
//!
//! In: [`ErrorEvidence`]. Out: [`Signals`]: codes and words in lower case, one text, one status.
//! Bounded: at most [`MAX_CODES`] codes and [`MAX_TEXT`] bytes of text per call.

use std::borrow::Cow;

use super::{ErrorEvidence, common, status};
use crate::loose::{self, Path, Scalar};

const MAX_CODES: usize = 64;
const MAX_TEXT: usize = 8 * 1024;
const LONGEST_CODE: usize = 80;

/// The evidence, in lower case.
#[derive(Debug)]
pub(super) struct Signals {
    /// Codes from attributes, bodies, exception names and texts, the surest first.
    pub(super) codes: Vec<String>,
    /// The HTTP status.
    pub(super) status: Option<u16>,
    /// The upstream's status in a gateway's body: a 429 inside a 500.
    inner_status: Option<u16>,
    /// The status that a gRPC name restates, where no number is stated.
    named_status: Option<u16>,
    /// Codes that an attribute or a body states, without joints: `ModelRpmRateLimitExceeded`, `rate-limited`.
    plain_codes: Vec<String>,
    exceptions: Vec<String>,
    text: String,
    headers: Vec<(String, String)>,
    finish_reasons: Vec<String>,
}

// === impl Signals ===

impl Signals {
    pub(super) fn gather(evidence: &ErrorEvidence<'_>) -> Self {
        let mut signals = Self {
            codes: Vec::new(),
            status: evidence.http_status,
            inner_status: None,
            named_status: None,
            plain_codes: Vec::new(),
            exceptions: Vec::new(),
            text: String::new(),
            headers: evidence.headers.iter().map(|(name, value)| header(name, value)).collect(),
            finish_reasons: evidence
                .finish_reasons
                .iter()
                .map(|reason| reason.to_ascii_lowercase())
                .collect(),
        };
        let mut stated = None;
        evidence.codes.iter().for_each(|code| signals.add_code(code, &mut stated));
        evidence.messages.iter().for_each(|message| signals.add_message(message, &mut stated));
        evidence.types.iter().for_each(|name| signals.add_type(name, &mut stated));
        signals.add_header_codes();
        if signals.status.is_none_or(|status| status < 400) {
            signals.status = stated.or(signals.status);
        }
        signals
    }

    /// One cause of a failure by itself: `java.net.SocketTimeoutException: timeout`.
    pub(super) fn of_cause(cause: &str) -> Self {
        let (name, message) = cause.split_once(": ").unwrap_or((cause, ""));
        Self::gather(&ErrorEvidence { types: &[name], messages: &[message], ..ErrorEvidence::default() })
    }

    /// The table's spelling of the first of `codes` that was seen.
    pub(super) fn code_among(&self, codes: &[&'static str]) -> Option<&'static str> {
        codes.iter().copied().find(|code| self.codes.iter().any(|seen| seen.eq_ignore_ascii_case(code)))
    }

    /// True when all of `phrases` are in the text.
    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().all(|phrase| self.text.contains(phrase))
    }

    /// True when one of `phrases` is in the text.
    pub(super) fn says_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.text.contains(phrase))
    }

    /// True when a stated code has one of `parts` in it.
    pub(super) fn code_with_part(&self, parts: &[&str]) -> bool {
        self.plain_codes.iter().any(|code| parts.iter().any(|part| code.contains(part)))
    }

    pub(super) fn has_header(&self, name: &str, value: &str) -> bool {
        self.headers.iter().any(|(own, content)| own == name && content == value)
    }

    pub(super) fn names_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own == name)
    }

    /// True when the text says no more than the status: `400 status code (no body)`, `403 Forbidden`.
    pub(super) fn is_bare(&self) -> bool {
        const EMPTY: [&str; 15] = [
            "status",
            "code",
            "no",
            "body",
            "error",
            "http",
            "bad",
            "request",
            "requests",
            "client",
            "server",
            "forbidden",
            "too",
            "many",
            "null",
        ];
        let mut words =
            self.text.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty());
        words.all(|word| EMPTY.contains(&word) || word.ends_with("error") || word.ends_with("exception"))
    }

    /// The status, when it says that the call failed: errors inside a stream come under 200. A gateway
    /// that fails because of an upstream says less than the upstream did.
    pub(super) fn failed_status(&self) -> Option<u16> {
        let status = self.status.filter(|status| *status >= 400).or(self.named_status)?;
        let envelope = matches!(status, 500 | 502 | 503) || status == 400 && self.inner_status == Some(429);
        Some(self.inner_status.filter(|_| envelope).unwrap_or(status))
    }

    pub(super) fn exception_among(&self, names: &[&str]) -> bool {
        let fits = |seen: &str, name: &str| seen == name || name.len() >= 5 && seen.ends_with(name);
        self.exceptions.iter().any(|seen| names.iter().any(|name| fits(seen, name)))
    }

    pub(super) fn finish_among(&self, reasons: &[&str]) -> bool {
        self.finish_reasons.iter().any(|seen| reasons.iter().any(|reason| common::same_finish(seen, reason)))
    }

    fn add_code(&mut self, code: &str, stated: &mut Option<u16>) {
        let code = loose::decoded(code);
        if let Some(status) = status::number(&code) {
            stated.get_or_insert(status);
        }
        self.push_code(&code);
        self.push_plain_code(&code);
        self.push_exception(&code);
    }

    fn add_type(&mut self, name: &str, stated: &mut Option<u16>) {
        let name = loose::decoded(name);
        if let Some(status) = status::number(&name) {
            stated.get_or_insert(status);
        }
        let simple = simple_name(&name);
        if !restates_a_status(simple, &name) {
            self.push_code(simple);
        }
        self.push_exception(simple);
    }

    /// A message counts as a text, by the fields of the body in it, and by the names it mentions. What
    /// a stack trace says below its first line is about code, not about the failure.
    fn add_message(&mut self, message: &str, stated: &mut Option<u16>) {
        let message = head(message);
        if let Some(status) =
            Some(message.trim()).filter(|name| name.len() < 24).and_then(status::of_grpc_name)
        {
            self.named_status.get_or_insert(status);
            return;
        }
        if !self.add_text(message) {
            return;
        }
        if let Some(status) = status::in_text(message) {
            stated.get_or_insert(status);
        }
        if let Some(body) = loose::embedded(message) {
            self.add_body(&body, stated, true);
        }
        for word in words(message) {
            if !restates_a_status(word, word) {
                self.push_code(word);
            }
            if is_exception(word) {
                self.push_exception(word);
            }
        }
    }

    /// False when it is known already: spans repeat one message as status, attribute and event.
    fn add_text(&mut self, message: &str) -> bool {
        let lower = message.to_ascii_lowercase();
        if self.text.contains(&lower) && !lower.is_empty() {
            return false;
        }
        if self.text.len() + lower.len() < MAX_TEXT {
            self.text.push_str(&lower);
            self.text.push('\n');
        }
        true
    }

    /// Codes and statuses of a body; texts in it that are bodies themselves (an upstream's answer
    /// inside a gateway's) once.
    fn add_body(&mut self, body: &str, stated: &mut Option<u16>, nested: bool) {
        let mut inner: Vec<Cow<'_, str>> = Vec::new();
        loose::scan(body, &mut |path: &Path<'_>, scalar| match scalar {
            Scalar::Text(text) if is_code_key(path.key()) => match status::number(text) {
                Some(status) => self.add_inner_status(status, stated),
                None => self.add_code(text, stated),
            },
            Scalar::Text(text) if nested && text.contains('{') => inner.push(loose::unescape(text)),
            Scalar::Int(number) if is_code_key(path.key()) => {
                if let Some(status) = u16::try_from(number).ok().filter(|status| (400..600).contains(status))
                {
                    self.add_inner_status(status, stated);
                } else if number > 0 {
                    self.push_code(&number.to_string());
                }
            }
            Scalar::Text(_) | Scalar::Int(_) | Scalar::Float(_) | Scalar::Bool(_) | Scalar::Null => {}
        });
        for text in inner {
            if let Some(body) = loose::embedded(&text) {
                self.add_body(&body, stated, false);
            }
        }
    }

    /// The first status of a body is the answer's own, unless an attribute or the text before it said
    /// another: then it is the upstream's.
    fn add_inner_status(&mut self, status: u16, stated: &mut Option<u16>) {
        let outer = self.status.filter(|status| *status >= 400).or(*stated);
        match outer {
            Some(outer) if outer != status => {
                self.inner_status.get_or_insert(status);
            }
            Some(_) => {}
            None => *stated = Some(status),
        }
    }

    /// AWS names the exception in a header: `ThrottlingException:http://internal...`.
    fn add_header_codes(&mut self) {
        let named = self.headers.iter().find(|(name, _)| name == "x-amzn-errortype");
        if let Some(code) = named.and_then(|(_, value)| value.split(':').next()).map(str::to_owned) {
            self.push_code(&code);
        }
    }

    fn push_code(&mut self, code: &str) {
        let code = code.trim();
        if code.is_empty() || code.len() > LONGEST_CODE || self.codes.len() >= MAX_CODES {
            return;
        }
        let code = code.to_ascii_lowercase();
        if !self.codes.contains(&code) {
            self.codes.push(code);
        }
    }

    /// A code as one run of letters and digits; sentences are none.
    fn push_plain_code(&mut self, code: &str) {
        if code.len() > LONGEST_CODE || code.contains(' ') || self.plain_codes.len() >= MAX_CODES {
            return;
        }
        let letters = code.chars().filter(char::is_ascii_alphanumeric);
        self.plain_codes.push(letters.map(|letter| letter.to_ascii_lowercase()).collect());
    }

    /// `RateLimitError`, `rate_limit_error` and `RateLimitException` are one name.
    fn push_exception(&mut self, name: &str) {
        if name.len() > LONGEST_CODE || self.exceptions.len() >= MAX_CODES {
            return;
        }
        let mut plain = name.to_ascii_lowercase().replace('_', "");
        for ending in ["exception", "error", "err", "failure", "fault"] {
            if plain.len() > ending.len() && plain.ends_with(ending) {
                plain.truncate(plain.len() - ending.len());
                break;
            }
        }
        self.exceptions.push(plain);
    }
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_ascii_lowercase().replace('_', "-"), value.trim().to_ascii_lowercase())
}

/// The part of a message before a stack trace, at most [`MAX_TEXT`] bytes.
fn head(message: &str) -> &str {
    let end = message.find("Traceback (most recent call last)").unwrap_or(message.len()).min(MAX_TEXT / 2);
    let end = (0..=end).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    &message[..end]
}

/// Words that may be codes or exception names: with an underscore, or an exception's ending, or a
/// system error (`ECONNREFUSED`).
fn words(message: &str) -> impl Iterator<Item = &str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    message.split(move |character| !is_part(character)).filter(|word| {
        word == &"EOF"
            || (4..=LONGEST_CODE).contains(&word.len())
                && (word.contains('_')
                    || word.ends_with("Exception")
                    || word.ends_with("Error")
                    || word.ends_with("Timeout")
                    || word.bytes().all(|byte| byte.is_ascii_uppercase()))
    })
}

/// An exception's name or a system error (`ECONNREFUSED`, `UND_ERR_SOCKET`).
fn is_exception(word: &str) -> bool {
    let system = word.starts_with('E') || word.starts_with("UND_ERR_");
    word.ends_with("Error")
        || word.ends_with("Exception")
        || word.ends_with("Timeout")
        || system && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// True for the classes that generated SDKs raise by HTTP status alone, whatever the body says: `OpenAI`'s
/// and Anthropic's raise `InternalServerError` for a 503. The same names with `Exception` are AWS's own codes,
/// except in a package that is not AWS's.
fn restates_a_status(simple: &str, full: &str) -> bool {
    const BY_STATUS: [&str; 12] = [
        "badrequest",
        "authentication",
        "unauthorized",
        "permissiondenied",
        "notfound",
        "conflict",
        "unprocessableentity",
        "ratelimit",
        "internalserver",
        "serviceunavailable",
        "apistatus",
        "unexpectedstatuscode",
    ];
    let lower = simple.to_ascii_lowercase();
    let by_status = |ending: &str| lower.strip_suffix(ending).is_some_and(|name| BY_STATUS.contains(&name));
    let package = full.len() > simple.len() && !full.contains("amazon") && !full.contains("botocore");
    !lower.contains('_') && (by_status("error") || package && by_status("exception"))
}

/// Keys whose value is a code in some provider's body.
fn is_code_key(key: Option<&str>) -> bool {
    const KEYS: [&str; 16] = [
        "code",
        "type",
        "__type",
        "status",
        "reason",
        "error_code",
        "errorCode",
        "error_type",
        "statusCode",
        "status_code",
        "raw_status_code",
        "limit_source",
        "provider_code",
        "quotaId",
        "param",
        "error",
    ];
    key.is_some_and(|key| KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)))
}

/// `<class 'a.b.RateLimitError'>`, `a.b.RateLimitError`, `A::RateLimitError`, `A\RateLimitError`,
/// `*openai.Error`, `_ResourceExhaustedError`, without what stands around the name.
fn simple_name(name: &str) -> &str {
    let name = name.trim();
    let name = name.strip_prefix("<class '").and_then(|rest| rest.split('\'').next()).unwrap_or(name);
    let name = name.rsplit(['.', ':', '\\', '/', '$']).find(|part| !part.is_empty()).unwrap_or(name);
    name.trim_start_matches(['_', '*', '&'])
}
