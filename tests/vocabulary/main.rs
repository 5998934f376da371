//! What the user teaches beside the built-in tables: `vocabulary` in the configuration, as `docs/vocabulary.md` tells it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::config;
use tollgate::dialect::Vocabulary;
use tollgate::dialect::taught::STATES;
use tollgate::explain::Explainer;
use tollgate::price::{PriceBook, PricesConfig};
use tollgate::settle::SettleSettings;

const PAGE: &str = include_str!("../../docs/vocabulary.md");
const SPANS: &str = include_str!("spans.json");

/// The first block of YAML of the page.
fn walk() -> &'static str {
    PAGE.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

fn explain(yaml: &str, spans: &str) -> Value {
    let settings = config::parse("tollgate.yaml", yaml, &[]).unwrap();
    let taught = settings.vocabulary.teach().unwrap();
    let book = PriceBook::new(&PricesConfig::default()).unwrap();
    let vocabulary = Vocabulary::with(&[], Some(Arc::new(taught)));
    let mut explainer = Explainer::new(vocabulary, SettleSettings::default(), book);
    explainer.read_json(spans.as_bytes()).unwrap();
    explainer.finish().to_json()
}

fn faults(yaml: &str) -> String {
    config::parse("tollgate.yaml", yaml, &[]).unwrap_err().to_string()
}

/// One span with these attributes, as OTLP/JSON.
fn span(scope: &str, attributes: &[(&str, Value)], failed: bool) -> String {
    let value = |value: &Value| match value {
        Value::Number(number) => json!({"intValue": number.to_string()}),
        other => json!({"stringValue": other}),
    };
    let attributes: Vec<Value> =
        attributes.iter().map(|(key, stated)| json!({"key": key, "value": value(stated)})).collect();
    json!({"resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": [{
        "traceId": "0000000000000000000000000000000a", "spanId": "000000000000000b", "name": "work", "kind": 3,
        "startTimeUnixNano": "1795297280000000000", "endTimeUnixNano": "1795297281000000000",
        "status": {"code": if failed { 2 } else { 0 }, "message": if failed { "ledger 17 is empty" } else { "" }},
        "attributes": attributes,
    }]}]}]})
    .to_string()
}

#[test]
fn the_walk_of_the_page_finds_both_calls() {
    assert!(walk().lines().count() <= 12, "ten lines and the head");
    assert_eq!(explain("", SPANS)["calls"].as_array().unwrap().len(), 0);
    let story = explain(walk(), SPANS);
    let calls = story["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{story}");
    let (answered, refused) = (&calls[0], &calls[1]);
    assert_eq!(answered["tokens"], json!({"input": 43, "cache_read": 1800, "output": 51, "reasoning": 12}));
    assert_eq!(answered["provider"], "anthropic");
    assert_eq!(answered["price_source"], "catalogue");
    let limit = &answered["rate_limits"][0];
    assert_eq!((&limit["limit"], &limit["remaining"]), (&json!(60), &json!(41)));
    assert_eq!(refused["error_class"], "quota_exhausted");
    for entry in ["scopes.acme.llm*", "keys.acme.engine", "keys.acme.reply", "hosts.llm.acme.internal"] {
        let used = answered["vocabulary"].as_array().unwrap();
        assert!(used.iter().any(|used| used == entry), "{entry} in {used:?}");
    }
    assert!(refused["vocabulary"].as_array().unwrap().contains(&json!("errors[0]")), "{refused}");
}

#[test]
fn the_page_lists_every_word_for_a_key() {
    let words: Vec<String> = STATES.iter().map(|(name, _)| format!("`{name}`")).collect();
    assert!(PAGE.contains(&words.join(", ")), "{}", words.join(", "));
}

#[test]
fn a_whole_that_is_named_so_is_split() {
    let yaml = "vocabulary: {keys: {in: input_including_cached, hit: cache_read, out: output, think: reasoning, m: model}}";
    let stated = [
        ("in", json!(100)),
        ("hit", json!(60)),
        ("out", json!(9)),
        ("think", json!(5)),
        ("m", json!("gpt-5")),
    ];
    let story = explain(yaml, &span("acme", &stated, false));
    let tokens = &story["calls"][0]["tokens"];
    assert_eq!(*tokens, json!({"input": 40, "cache_read": 60, "output": 9, "reasoning": 5}));
}

#[test]
fn an_entry_beats_the_built_in_one_and_off_silences_it() {
    let stated = [
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("acme-gw")),
        ("gen_ai.request.model", json!("gpt-4o")),
        ("gen_ai.usage.input_tokens", json!(7)),
        ("gen_ai.usage.output_tokens", json!(2)),
        ("server.address", json!("api.openai.com")),
    ];
    let call = |yaml: &str| explain(yaml, &span("acme", &stated, false))["calls"][0].clone();
    assert_eq!(call("")["provider"], "openai");
    assert_eq!(call("vocabulary: {hosts: {api.openai.com: groq}}")["provider"], "groq");
    assert_eq!(call("vocabulary: {hosts: {api.openai.com: off}}")["provider"], "acme-gw");
    let both = "vocabulary: {hosts: {api.openai.com: off}, providers: {ACME-gw: mistral_ai}}";
    assert_eq!(call(both)["provider"], "mistral_ai");
    assert_eq!(call("vocabulary: {keys: {gen_ai.usage.input_tokens: off}}")["tokens"], json!({"output": 2}));
    assert_eq!(
        call("vocabulary: {keys: {gen_ai.usage.input_tokens: cache_read}}")["tokens"]["cache_read"],
        7
    );
    let none = explain("vocabulary: {scopes: [{scope: acme, call: false}]}", &span("acme", &stated, false));
    assert_eq!(none["calls"], json!([]));
}

#[test]
fn a_pattern_names_the_class_of_a_failure() {
    let stated = [("gen_ai.operation.name", json!("chat")), ("gen_ai.request.model", json!("gpt-4o"))];
    let yaml = r#"vocabulary: {errors: [{text: "ledger \\d+ is EMPTY", class: quota_exhausted}]}"#;
    let story = explain(yaml, &span("acme", &stated, true));
    assert_eq!(story["calls"][0]["error_class"], "quota_exhausted", "{story}");
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_would_be_right() {
    let yaml = "\
vocabulary:
  keys:
    acme.in: inptu
    nobody: off
  scopes:
    - {scope: acme, layer: framwork}
  hosts:
    nobody.example.com: off
  errors:
    - {code: X, class: quota_exhaustd}
    - {text: '(', class: timeout}
    - {text: 'a{9}{9}{9}{9}{9}', class: timeout}
    - {class: timeout}
  headers:
    x-left: x-ratelimit-remaining-request
";
    let told = faults(yaml);
    for line in [
        "tollgate.yaml:3:14: vocabulary.keys.acme.in: `inptu` is not known; did you mean `input`?",
        "tollgate.yaml:4:13: vocabulary.keys.nobody: is no built-in key, so it cannot be off",
        "vocabulary.scopes[0].layer: `framwork` is not known; did you mean `framework`?",
        "vocabulary.hosts.nobody.example.com: is no built-in host, so it cannot be off",
        "vocabulary.errors[0].class: `quota_exhaustd` is not known; did you mean `quota_exhausted`?",
        "vocabulary.errors[1].text: is no pattern: ",
        "vocabulary.errors[2].text: is no pattern: ",
        "vocabulary.errors[3]: wants either `code` or `text`",
        "did you mean `x-ratelimit-remaining-requests`?",
    ] {
        assert!(told.contains(line), "{line}\nin\n{told}");
    }
    assert!(faults("vocabulary: {key: {}}").contains("did you mean `keys`?"));
}

/// Scenario: a cost in euros on the span, of a model without a price. Guarantees: it is dollars by the rate of its day and
/// by no other; without a rate it is no dollars at all, and `explain` shows it as written.
#[test]
fn a_cost_in_euros_is_dollars_by_the_rate_of_its_day() {
    let stated = [
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.request.model", json!("house-7b")),
        ("gen_ai.usage.input_tokens", json!(7)),
        ("gen_ai.usage.output_tokens", json!(2)),
        ("gen_ai.usage.cost.amount", json!("0.5")),
        ("gen_ai.usage.cost.currency", json!("EUR")),
    ];
    let priced = |yaml: &str| {
        let settings = config::parse("tollgate.yaml", yaml, &[]).unwrap();
        let book = PriceBook::new(&settings.prices).unwrap();
        let mut explainer = Explainer::new(Vocabulary::new(&[]), SettleSettings::default(), book);
        explainer.read_json(span("acme", &stated, false).as_bytes()).unwrap();
        let story = explainer.finish();
        assert!(story.to_string().contains("the instrumentation itself states 0.5 EUR"), "{story}");
        story.to_json()["calls"][0]["cost_usd"].clone()
    };
    assert_eq!(priced(""), Value::Null);
    assert_eq!(priced("prices: {currencies: {EUR: 1.08}}"), "0.54");
    // The span is of November 2026.
    let dated = "prices: {currencies: {EUR: [{from: 2026-01-01, rate: 1.1}, {from: 2027-01-01, rate: 1.2}]}}";
    assert_eq!(priced(dated), "0.55");
    assert_eq!(priced("prices: {currencies: {EUR: [{from: 2027-01-01, rate: 1.2}]}}"), Value::Null);
    assert!(faults("prices: {currencies: {EURO: 1.08}}").contains("did you mean `EUR`?"));
}
