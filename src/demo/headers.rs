//! Rate-limit headers as each provider writes them.
//!
//! In: a model's limits and how full they are. Out: header names and values. Formats: the providers' documentation,
//! as gathered in the tables of `limits`.

use super::traffic::{HeaderStyle, Limits};

/// The headers of a response that ended at `now_unix_nano`.
pub(super) fn headers(limits: &Limits, fill: f64, now_unix_nano: u64) -> Vec<(String, String)> {
    let left = |limit: u64| (limit as f64 * (1.0 - fill)).max(0.0) as u64;
    // A bucket that refills evenly within a minute is full again after the used part of a minute.
    let reset_seconds = fill * 60.0;
    let (requests, tokens) = (limits.requests, limits.tokens);
    let openai = |reset: String| {
        [
            ("x-ratelimit-limit-requests", requests.to_string()),
            ("x-ratelimit-remaining-requests", left(requests).to_string()),
            ("x-ratelimit-limit-tokens", tokens.to_string()),
            ("x-ratelimit-remaining-tokens", left(tokens).to_string()),
            ("x-ratelimit-reset-requests", reset.clone()),
            ("x-ratelimit-reset-tokens", reset),
        ]
    };
    let pairs: Vec<(&str, String)> = match limits.headers {
        HeaderStyle::Silent => Vec::new(),
        HeaderStyle::OpenAi | HeaderStyle::Groq => openai(format!("{reset_seconds:.3}s")).into(),
        HeaderStyle::Azure => openai(format!("{}", reset_seconds.ceil() as u64)).into(),
        HeaderStyle::Mistral => vec![
            ("x-ratelimit-limit-req-minute", requests.to_string()),
            ("x-ratelimit-remaining-req-minute", left(requests).to_string()),
            ("x-ratelimit-limit-tokens-minute", tokens.to_string()),
            ("x-ratelimit-remaining-tokens-minute", left(tokens).to_string()),
        ],
        HeaderStyle::Anthropic => return anthropic(limits, &left, reset_seconds, now_unix_nano),
    };
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn anthropic(
    limits: &Limits,
    left: &dyn Fn(u64) -> u64,
    reset_seconds: f64,
    now_unix_nano: u64,
) -> Vec<(String, String)> {
    let end = (now_unix_nano / 1_000_000_000).saturating_add(reset_seconds.ceil() as u64);
    let reset = i64::try_from(end).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let reset = reset.map_or_else(String::new, |time| time.to_string());
    let each = [
        ("requests", limits.requests),
        ("tokens", limits.tokens + limits.tokens / 5),
        ("input-tokens", limits.tokens),
        ("output-tokens", limits.tokens / 5),
    ];
    each.iter()
        .flat_map(|(resource, limit)| {
            [("limit", limit.to_string()), ("remaining", left(*limit).to_string()), ("reset", reset.clone())]
                .map(|(what, value)| (format!("anthropic-ratelimit-{resource}-{what}"), value))
        })
        .collect()
}
