//! Attribute values as the facts need them: counts, flags, hosts, plain text.

use std::borrow::Cow;

use super::draft::LIST_BOUND;
use crate::loose;
use crate::otlp::Value;

pub(super) fn push_bounded<T>(list: &mut Vec<T>, item: T) {
    if list.len() < LIST_BOUND {
        list.push(item);
    }
}

/// A number as a count of something; `None` for what cannot be one.
pub(super) fn count(number: f64, whole: Option<i64>) -> Option<u64> {
    match whole {
        Some(whole) => u64::try_from(whole).ok(),
        None => (number.is_finite() && (0.0..9e15).contains(&number) && number.fract() == 0.0)
            .then_some(number as u64),
    }
}

/// True for an object or a list whose end is missing: a length limit has cut it.
pub(super) fn is_cut(text: &str) -> bool {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{') => !text.ends_with('}'),
        Some(b'[') => !text.ends_with(']'),
        _ => false,
    }
}

pub(super) fn positive(number: f64) -> Option<f64> {
    (number.is_finite() && number > 0.0).then_some(number)
}

pub(super) fn http_status(number: u64) -> Option<u16> {
    u16::try_from(number).ok().filter(|status| (100..600).contains(status))
}

pub(super) fn flag_of(text: &str) -> Option<bool> {
    match text {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}

/// Text without one pair of surrounding quotes: some SDKs JSON-encode every string.
pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// A scalar as text.
pub(super) fn plain(value: Value<'_>) -> String {
    plain_borrowed(value).into_owned()
}

pub(super) fn plain_borrowed(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Text(text) => loose::decoded(text),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        Value::Double(number) => Cow::Owned(number.to_string()),
        Value::Empty | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => Cow::Borrowed(""),
    }
}

/// The host in a host, a host with a port, or a URL.
pub(super) fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or("");
    host.split_once(':').map_or(host, |(name, _)| name)
}

pub(super) fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

pub(super) fn contains_limit(name: &str) -> bool {
    let mut letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let mut window = [0_u8; 9];
    letters.any(|letter| {
        window.rotate_left(1);
        window[8] = letter;
        &window == b"ratelimit" || &window == b"okenlimit"
    })
}

/// Headers that some provider puts evidence into; the rest is not kept.
pub(super) fn worth_keeping(name: &str) -> bool {
    let name = name.trim_start_matches("llm_provider-").trim_start_matches("llm_provider_");
    contains_limit(name)
        || [
            "retry-after",
            "retry_after",
            "x-should-retry",
            "openai-organization",
            "openai_organization",
            "openai-project",
            "openai_project",
            "anthropic-organization-id",
            "anthropic_organization_id",
            "fireworks",
            "x-ms-region",
            "x_ms_region",
            "x-envoy",
            "azureml",
            "apim",
            "x-codex",
            "x_codex",
            "x-amzn-errortype",
            "x_amzn_errortype",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_its_end_is_cut() {
        assert!(is_cut("{\"usage\": {\"prompt_tokens\": 12") && is_cut(" [1, 2"));
        assert!(!is_cut("{}") && !is_cut("[1] ") && !is_cut("prose") && !is_cut(""));
    }
}
