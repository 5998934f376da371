//! What the response of one call says of its limits.
//!
//! In: headers in any spelling, attributes, LiteLLM's `hidden_params`, error texts. Out: one
//! [`RateLimit`] per limit. Headers win over text; nothing is guessed: a limit has a number that the
//! evidence states.

use std::borrow::Cow;

use super::account::account_hash;
use super::headers::{self, Headers};
use super::text;
use crate::call::{LimitEvidence, RateLimit, Resource, Window};
use crate::classify::canonical_provider;
use crate::loose::{self, Scalar, Segment};

/// What the spans of one call carry. Everything may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitEvidenceInput<'a> {
    /// The convention's provider name, or empty.
    pub provider: &'a str,
    /// `server.address`, or empty; it decides before the name.
    pub server_address: &'a str,
    /// End of the call, nanoseconds since the Unix epoch: moments count from here.
    pub end_unix_nano: u64,
    /// Response headers: names with dashes or underscores, with or without a carrier's prefix.
    pub headers: &'a [(&'a str, &'a str)],
    /// Attributes that state limits themselves: `openai.organization.ratelimit.requests.limit`.
    pub attributes: &'a [(&'a str, &'a str)],
    /// LiteLLM's attribute of that name: JSON with `additional_headers`.
    pub hidden_params: &'a str,
    /// Error texts: status message, exception message.
    pub messages: &'a [&'a str],
    /// These texts refuse a call for speed or quota: numbers in them are limits.
    pub refused: bool,
    /// The configured name of the account, or empty.
    pub account: &'a str,
    /// What else identifies the account, raw: a key's hash, an organisation, a deployment. Only a
    /// short hash of it is kept.
    pub identity: &'a str,
}

/// Appends every limit that the evidence states to `out`.
pub fn read(evidence: &LimitEvidenceInput<'_>, out: &mut Vec<RateLimit>) {
    let provider = canonical_provider(evidence.provider, evidence.server_address);
    let mut found = Vec::new();
    let headers = gather(evidence);
    headers.limits(provider, evidence.end_unix_nano, LimitEvidence::Header, &mut found);
    from_attributes(evidence.attributes, &mut found);
    let mut told = Vec::new();
    for message in evidence.messages {
        text::limits(provider, message, evidence.end_unix_nano, evidence.refused, &mut told);
    }
    told.into_iter().for_each(|limit| merge(&mut found, limit));
    let account = account(evidence, &headers);
    found.iter_mut().for_each(|limit| limit.account.clone_from(&account));
    out.append(&mut found);
}

fn gather<'a>(evidence: &LimitEvidenceInput<'a>) -> Headers<'a> {
    let mut headers = Headers::default();
    for (name, value) in evidence.headers {
        headers.add(name, Cow::Borrowed(value));
    }
    // Its own copies, converted to numbers, come before the provider's: the first of a name stays,
    // and both say the same.
    loose::scan(evidence.hidden_params, &mut |path, scalar| {
        let [Segment::Key("additional_headers"), Segment::Key(name)] = path.segments() else { return };
        match scalar {
            Scalar::Text(text) => headers.add(name, loose::unescape(text)),
            Scalar::Int(number) => headers.add(name, Cow::Owned(number.to_string())),
            Scalar::Float(number) => headers.add(name, Cow::Owned(number.to_string())),
            Scalar::Bool(_) | Scalar::Null => {}
        }
    });
    headers
}

/// Datadog's tracers write limit and remaining as attributes.
fn from_attributes(attributes: &[(&str, &str)], found: &mut Vec<RateLimit>) {
    for resource in [Resource::Requests, Resource::Tokens] {
        let number = |kind: &'static str| {
            let value =
                attributes.iter().find(|(name, _)| headers::of_attribute(name) == Some((resource, kind)));
            value.and_then(|(_, text)| text.trim().parse::<f64>().ok()).and_then(headers::whole)
        };
        let (limit, remaining) = (number("limit"), number("remaining"));
        if matches!((limit, remaining), (None, None) | (Some(0), Some(0))) {
            continue;
        }
        let used_ratio = headers::used_ratio(limit, remaining);
        let again = |other: &RateLimit| other.resource == resource && other.scope.is_empty();
        if !found.iter().any(again) {
            found.push(RateLimit {
                resource,
                window: Window::Minute,
                scope: "",
                limit,
                remaining,
                used_ratio,
                reset_seconds: None,
                reset_moment: None,
                account: None,
                evidence: LimitEvidence::Attribute,
            });
        }
    }
}

/// A text counts where no header speaks of the same limit. Where both state the same ceiling for the
/// same resource, they speak of one limit, and the text knows its window.
fn merge(found: &mut Vec<RateLimit>, told: RateLimit) {
    let same = |known: &&mut RateLimit| known.resource == told.resource && known.scope == told.scope;
    if found.iter_mut().filter(same).any(|known| known.window == told.window) {
        return;
    }
    let twin = found.iter_mut().filter(same).find(|known| {
        known.evidence == LimitEvidence::Header && known.limit.is_some() && known.limit == told.limit
    });
    match twin {
        Some(known) if told.window != Window::Unknown => known.window = told.window,
        Some(_) => {}
        None => found.push(told),
    }
}

/// A short hash of the organization that response headers name.
#[must_use]
pub fn organization(headers: &[(&str, &str)]) -> Option<String> {
    let mut known = Headers::default();
    headers.iter().for_each(|(name, value)| known.add(name, Cow::Borrowed(value)));
    named_in(&known).and_then(account_hash)
}

fn named_in<'a>(headers: &'a Headers<'_>) -> Option<&'a str> {
    headers.get("anthropic-organization-id").or_else(|| headers.get("openai-organization"))
}

fn account(evidence: &LimitEvidenceInput<'_>, headers: &Headers<'_>) -> Option<String> {
    if !evidence.account.is_empty() {
        return Some(evidence.account.to_owned());
    }
    account_hash(named_in(headers).unwrap_or(evidence.identity))
}
