//! Every header set and wording of the limit tables against real values, valid and damaged.
//!
//! The expectations stand in `rows/limits.txt`, apart from the tables, each with its source.

use std::collections::HashSet;

use proptest::prelude::*;
use tollgate::call::RateLimit;
use tollgate::limits::{LimitEvidenceInput, TABLES, read};

const ROWS: &str = include_str!("rows/limits.txt");
/// 2026-11-21T22:00:00Z.
const END: u64 = 1_795_298_400_000_000_000;

/// One line of the data.
#[derive(Debug)]
struct Row<'a> {
    line: usize,
    provider: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    message: String,
    expected: Vec<String>,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    let lines = ROWS.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(line, text)| {
        let fields: Vec<&str> = text.split(" | ").collect();
        let [provider, headers, message, expected, _source] = fields[..] else {
            panic!("line {}: not five fields: {text}", line + 1)
        };
        let blank = |field: &'static str| if field == "-" { "" } else { field };
        let pair = |part: &'static str| part.split_once('=').expect("name=value");
        Row {
            line: line + 1,
            provider: blank(provider),
            headers: blank(headers).split(' ').filter(|part| !part.is_empty()).map(pair).collect(),
            message: blank(message).replace("\\n", "\n"),
            expected: expected.split(", ").filter(|part| *part != "none").map(str::to_owned).collect(),
        }
    })
}

fn limits(provider: &str, headers: &[(&str, &str)], message: &str) -> Vec<RateLimit> {
    let mut found = Vec::new();
    let evidence = LimitEvidenceInput {
        provider,
        end_unix_nano: END,
        headers,
        messages: &[message],
        refused: true,
        ..Default::default()
    };
    read(&evidence, &mut found);
    found
}

/// As the data writes it; `used` only where the data states it.
fn written(limit: &RateLimit, expected: Option<&String>) -> String {
    let number = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let (resource, window) = (limit.resource.label(), limit.window.label());
    let mut text = format!("{resource}/{window} {}/{}", number(limit.remaining), number(limit.limit));
    if expected.is_some_and(|expected| expected.contains(" used ")) {
        text += &limit.used_ratio.map_or(String::new(), |ratio| format!(" used {ratio}"));
    }
    text + &limit
        .reset_seconds
        .map_or(String::new(), |seconds| format!(" reset {}", (seconds * 1e9).round() / 1e9))
}

#[test]
fn every_response_tells_its_limits_and_no_others() {
    for row in rows() {
        let found = limits(row.provider, &row.headers, &row.message);
        let told: Vec<String> =
            found.iter().enumerate().map(|(at, limit)| written(limit, row.expected.get(at))).collect();
        assert_eq!(told, row.expected, "line {}", row.line);
    }
}

/// Each header set of the tables is the one that reads some line of its provider.
#[test]
fn every_header_set_has_a_line() {
    let known = rows().flat_map(|row| {
        let names = row.headers.iter().map(|(name, _)| {
            let name = name.to_lowercase().replace('_', "-");
            let name = name.strip_prefix("http.response.header.").unwrap_or(&name);
            name.strip_prefix("llm-provider-").unwrap_or(name).to_owned()
        });
        let provider = row.provider;
        names.map(move |name| (provider, name)).collect::<Vec<_>>()
    });
    let known: HashSet<(&str, String)> = known.collect();
    for table in TABLES {
        for set in table.sets {
            let heard = ["limit", "remaining", "utilization"]
                .iter()
                .any(|kind| known.contains(&(table.provider, set.pattern.replace('*', kind))));
            assert!(heard, "no line of rows/limits.txt for {} {}", table.provider, set.pattern);
            assert!(!set.source.is_empty());
        }
    }
}

#[test]
fn hidden_params_of_litellm() {
    let success = r#"{"model_id": null, "additional_headers": {"x_ratelimit_limit_requests": 10000, "x_ratelimit_remaining_requests": 9999,
        "llm_provider-x-ratelimit-limit-requests": "10000", "llm_provider-x-ratelimit-remaining-requests": "9999",
        "llm_provider-x-ratelimit-reset-requests": "6ms"}}"#;
    let failure = r#"{"additional_headers": {"x_ratelimit_limit_tokens": 30000, "x_ratelimit_remaining_tokens": 63, "x_ratelimit_reset_tokens": "59.874s"}}"#;
    for (params, remaining, reset) in
        [(success, 9999, 0.006), (failure, 63, 59.874), ("{}", 0, 0.0), ("{\"additional", 0, 0.0)]
    {
        let mut found = Vec::new();
        let evidence = LimitEvidenceInput {
            provider: "openai",
            end_unix_nano: END,
            hidden_params: params,
            ..Default::default()
        };
        read(&evidence, &mut found);
        assert_eq!(found.len(), usize::from(remaining > 0), "{params}");
        assert!(
            found
                .iter()
                .all(|limit| limit.remaining == Some(remaining) && limit.reset_seconds == Some(reset)),
            "{found:?}"
        );
    }
}

#[test]
fn attributes_of_datadog() {
    let mut found = Vec::new();
    let attributes = [
        ("openai.organization.ratelimit.requests.limit", "3000"),
        ("openai.organization.ratelimit.requests.remaining", "2999"),
        ("openai.organization.ratelimit.tokens.remaining", "-1"),
    ];
    read(
        &LimitEvidenceInput { provider: "openai", attributes: &attributes, ..Default::default() },
        &mut found,
    );
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].limit, found[0].remaining, found[0].evidence.label()),
        (Some(3000), Some(2999), "attribute")
    );
}

#[test]
fn accounts_are_names_or_hashes_never_raw() {
    let account = |name, identity, headers: &[(&str, &str)]| {
        let headers = [headers, &[("x-ratelimit-remaining-tokens", "5")]].concat();
        let mut found = Vec::new();
        let evidence = LimitEvidenceInput {
            provider: "openai",
            account: name,
            identity,
            headers: &headers,
            ..Default::default()
        };
        read(&evidence, &mut found);
        found[0].account.clone()
    };
    let organization = [("http.response.header.openai_organization", "acme-corp")];
    assert_eq!(account("", "", &[]), None);
    assert_eq!(account("production", "sk-secret", &organization).as_deref(), Some("production"));
    let hash = account("", "sk-secret", &organization).expect("the organisation identifies it");
    assert_eq!(
        Some(hash.as_str()),
        account("", "other-key", &organization).as_deref(),
        "an organisation shares its limits"
    );
    assert!(hash.len() == 10 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert_ne!(account("", "sk-secret", &[]), account("", "sk-other", &[]));
}

proptest! {
    /// No header value, however odd, panics, yields a negative or infinite ratio, or invents a limit.
    #[test]
    fn no_value_invents_a_limit(
        limit in "\\PC{0,24}|-?[0-9]{1,30}(\\.[0-9]{1,5})?(e[0-9]{1,3})?",
        remaining in "\\PC{0,24}|-?[0-9]{1,30}(\\.[0-9]{1,5})?",
        reset in "\\PC{0,24}|[0-9.]{1,12}(ms|s|m|h|d|ns)?",
        end in any::<u64>(),
    ) {
        let named = |provider: &str, pattern: &str| (provider.to_owned(), pattern.to_owned());
        let sets = TABLES.iter().flat_map(|table| table.sets.iter().map(move |set| named(table.provider, set.pattern)));
        for (provider, pattern) in sets {
            let names = ["limit", "remaining", "reset", "utilization"].map(|kind| pattern.replace('*', kind));
            let headers = [(&*names[0], &*limit), (&*names[1], &*remaining), (&*names[2], &*reset), (&*names[3], &*reset)];
            let mut found = Vec::new();
            let evidence = LimitEvidenceInput { provider: &provider, end_unix_nano: end, headers: &headers, ..Default::default() };
            read(&evidence, &mut found);
            for told in &found {
                prop_assert!(told.used_ratio.is_none_or(|ratio| ratio.is_finite() && ratio >= 0.0), "{told:?}");
                prop_assert!(told.reset_seconds.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0), "{told:?}");
                let digits = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
                prop_assert!(told.limit.is_none() || digits(&limit), "{told:?}");
                prop_assert!(told.remaining.is_none() || digits(&remaining), "{told:?}");
                prop_assert!(told.limit.is_none_or(|count| count < 1_000_000_000_000_000), "{told:?}");
            }
        }
    }

    #[test]
    fn no_text_panics(message in "\\PC{0,300}", params in "\\PC{0,200}") {
        let mut found = Vec::new();
        read(&LimitEvidenceInput { messages: &[&message], hidden_params: &params, ..Default::default() }, &mut found);
        prop_assert!(found.iter().all(|told| told.used_ratio.is_none_or(|ratio| ratio.is_finite() && ratio >= 0.0)));
    }
}
