//! What `tollgate explain` says of captured traces, to a person and to a program.
//!
//! The texts are in `tests/explain/*.txt`: read one to see what the command prints. After a change that
//! is meant, `BLESS=1 cargo test --test explain` writes them anew.

#[path = "captures/scenario.rs"]
#[expect(dead_code, reason = "the truth about a capture is for the tests of the captures")]
mod scenario;

use std::path::PathBuf;

use scenario::Scenario;
use serde_json::Value;
use tollgate::call::{ErrorClass, LimitEvidence, PriceSource, TokenType};
use tollgate::dialect::Vocabulary;
use tollgate::explain::{Explainer, Story};
use tollgate::price::{Decimal, Dollars, PriceBook, PricesConfig};
use tollgate::settle::SettleSettings;

/// The fixture and its text.
const TEXTS: &[(&str, &str, &str)] = &[
    ("node-otel-instrumentation-openai+undici-0.21.0", "retry_2x429_then_ok", "retries.txt"),
    ("node-vercel-ai-5.0.277", "generateText_responses", "wrapper.txt"),
    ("node-otel-instrumentation-openai+undici-0.21.0", "err_429_tokens", "rate_limit.txt"),
    ("node-otel-instrumentation-openai+undici-0.21.0", "err_quota", "quota.txt"),
    ("python-langfuse-5.0.4", "langchain_agent_with_tool", "agent.txt"),
    ("python-openlit-1.45.0", "anthropic_cache_write_5m_1h", "reported.txt"),
];

fn explain(scenario: &Scenario) -> Story {
    let book = PriceBook::new(&PricesConfig::default()).expect("no overrides, no faults");
    let mut explainer = Explainer::new(Vocabulary::new(&[]), SettleSettings::default(), book);
    for request in &scenario.requests {
        explainer.read_protobuf(request).expect("a captured request is valid");
    }
    explainer.finish()
}

#[test]
fn a_person_reads_the_whole_story() {
    let captures = scenario::captures();
    let mut differing = Vec::new();
    for (library, name, file) in TEXTS {
        let scenario = captures.iter().find(|one| one.instrumentation == *library && one.scenario == *name);
        let text = explain(scenario.expect("the fixture has it")).to_string();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/explain").join(file);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).expect("the directory can be written to");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            differing.push(format!("{file} says otherwise:\n{text}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn no_line_is_longer_than_a_hundred_columns_and_none_moves_the_cursor() {
    for scenario in scenario::captures().iter().chain(&scenario::providers()) {
        let text = explain(scenario).to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", scenario.name());
            assert!(!line.contains(char::is_control), "{}: {line:?}", scenario.name());
        }
    }
}

#[test]
fn a_text_tells_of_every_call_and_of_no_message() {
    for scenario in scenario::captures().iter().step_by(5) {
        let story = explain(scenario);
        let text = story.to_string();
        for call in &story.calls {
            assert!(text.contains(&tollgate::explain::hex(&call.key.span_id)), "{}", scenario.name());
        }
        for secret in ["sk-", "Bearer ", "You are a"] {
            assert!(!text.contains(secret), "{} says {secret}", scenario.name());
        }
    }
}

// === the object of the contract ===

type Check = fn(&Value) -> bool;

fn is_text_or_null(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn is_number_or_null(value: &Value) -> bool {
    value.is_number() || value.is_null()
}

fn is_count_or_null(value: &Value) -> bool {
    value.is_u64() || value.is_null()
}

fn is_id(value: &Value, digits: usize) -> bool {
    let hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    value.as_str().is_some_and(|text| text.len() == digits && hexadecimal(text))
}

fn is_span_id(value: &Value) -> bool {
    is_id(value, 16)
}

fn is_dollars(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Decimal::parse(text).is_some())
}

const CALL: &[(&str, Check)] = &[
    ("trace_id", |value| is_id(value, 32)),
    ("span_id", is_span_id),
    ("span_name", Value::is_string),
    ("dialect", Value::is_string),
    ("service_name", Value::is_string),
    ("environment", Value::is_string),
    ("provider", Value::is_string),
    ("model", Value::is_string),
    ("request_model", is_text_or_null),
    ("response_model", is_text_or_null),
    ("operation", Value::is_string),
    ("end_unix_nano", Value::is_u64),
    ("duration_seconds", Value::is_number),
    ("time_to_first_token_seconds", is_number_or_null),
    ("tokens", is_tokens),
    ("cost_usd", |value| value.is_null() || is_dollars(value)),
    ("cost", |value| {
        value.is_null() || value.as_object().is_some_and(|lines| lines.values().all(is_dollars))
    }),
    ("price_source", |value| PriceSource::ALL.iter().any(|source| value == source.label())),
    ("error_class", |value| ErrorClass::ALL.iter().any(|class| value == class.label())),
    ("error_code", is_text_or_null),
    ("status_code", is_count_or_null),
    ("retryable", |value| value.is_boolean() || value.is_null()),
    ("rate_limits", |value| value.as_array().is_some_and(|limits| limits.iter().all(is_limit))),
    ("merged_spans", |value| value.as_array().is_some_and(|spans| spans.iter().all(is_span_id))),
];

const LIMIT: &[(&str, Check)] = &[
    ("resource", Value::is_string),
    ("window", Value::is_string),
    ("limit", is_count_or_null),
    ("remaining", is_count_or_null),
    ("used_ratio", is_number_or_null),
    ("reset_seconds", is_number_or_null),
    ("account", is_text_or_null),
    ("evidence", is_evidence),
];

const SKIPPED: &[(&str, Check)] = &[
    ("trace_id", |value| value.is_null() || is_id(value, 32)),
    ("span_id", |value| value.is_null() || is_span_id(value)),
    ("span_name", is_text_or_null),
    ("reason", |value| ["duplicate", "aggregate", "not_a_call", "malformed"].iter().any(|one| value == one)),
    ("of", |value| value.is_null() || is_span_id(value)),
];

/// Unknown is null: never an object without a key, never a key that the contract does not have.
fn is_tokens(value: &Value) -> bool {
    let known = |(key, count): (&String, &Value)| TokenType::from_label(key).is_some() && count.is_u64();
    value.is_null() || value.as_object().is_some_and(|kinds| !kinds.is_empty() && kinds.iter().all(known))
}

fn is_limit(value: &Value) -> bool {
    faults("limit", value, LIMIT).is_empty()
}

fn is_evidence(value: &Value) -> bool {
    let all =
        [LimitEvidence::Header, LimitEvidence::Message, LimitEvidence::Attribute, LimitEvidence::Configured];
    all.iter().any(|evidence| value == evidence.label())
}

fn faults(what: &str, value: &Value, keys: &[(&str, Check)]) -> Vec<String> {
    keys.iter()
        .filter(|(key, is_right)| !value.get(key).is_some_and(is_right))
        .map(|(key, _)| format!("{what}.{key} is {:?}", value.get(key)))
        .collect()
}

#[test]
fn every_key_of_the_contract_has_its_type_and_the_lines_sum_to_the_cost() {
    for scenario in scenario::captures().iter().chain(&scenario::providers()) {
        let story = explain(scenario).to_json();
        let (calls, skipped) = (story["calls"].as_array(), story["skipped"].as_array());
        let mut found = Vec::new();
        for call in calls.expect("an array") {
            found.extend(faults("call", call, CALL));
            found.extend(sum_fault(call));
        }
        skipped.expect("an array").iter().for_each(|span| found.extend(faults("skipped", span, SKIPPED)));
        assert!(found.is_empty(), "{}: {found:?}", scenario.name());
    }
}

fn sum_fault(call: &Value) -> Option<String> {
    let dollars = |value: &Value| value.as_str().and_then(Decimal::parse).map(Dollars::from);
    let lines = call["cost"].as_object();
    if lines.is_none() != call["cost_usd"].is_null() {
        return Some("cost and cost_usd: one without the other".to_owned());
    }
    let sum = lines?.values().filter_map(dollars).fold(Dollars::ZERO, Dollars::plus);
    (call["cost_usd"].as_str() != Some(&sum.to_string()))
        .then(|| format!("{sum} is not {}", call["cost_usd"]))
}

/// Bytes that are no span have no name; the rest of their request still counts.
#[test]
fn a_malformed_span_is_told_without_a_name() {
    // One resource with one scope with one span whose trace id has 2 bytes.
    let request = [0x0a, 8, 0x12, 6, 0x12, 4, 0x0a, 2, 1, 2];
    let mut explainer = Explainer::new(
        Vocabulary::new(&[]),
        SettleSettings::default(),
        PriceBook::new(&PricesConfig::default()).expect("no overrides, no faults"),
    );
    explainer.read_protobuf(&request).expect("the request is sound, its span is not");
    let story = explainer.finish();
    let skipped = &story.to_json()["skipped"][0];
    assert_eq!(skipped["reason"], "malformed");
    assert!(skipped["span_id"].is_null() && skipped["trace_id"].is_null() && skipped["of"].is_null());
    assert!(story.to_string().contains("malformed"));
}
