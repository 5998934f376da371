//! Small inputs of one fault each, with the right answer: what real libraries wrote and public bug reports told, by kind.
//! `scripts/cases.py` packs them. Controls are near misses that were right before and must stay so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

mod shapes;

use serde_json::Value;
use tollgate::config;
use tollgate::dialect::Vocabulary;
use tollgate::explain::Explainer;
use tollgate::settle::SettleSettings;

fn cases() -> Vec<Value> {
    let mut lines = Vec::new();
    zstd::stream::copy_decode(&include_bytes!("cases.jsonl.zst")[..], &mut lines).unwrap();
    let lines = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).chain(shapes::shapes()).collect()
}

fn explain(case: &Value, in_turn: impl Iterator<Item = usize>) -> Value {
    let settings = config::parse("tollgate.yaml", case["config"].as_str().unwrap_or(""), &[]).unwrap();
    let dimensions: Vec<Vec<String>> =
        settings.dimensions.iter().map(|dimension| dimension.attributes.clone()).collect();
    let taught = settings.vocabulary.teach().unwrap();
    let book = config::price_book(&settings.prices).unwrap();
    let vocabulary = Vocabulary::with(&dimensions, Some(Arc::new(taught)));
    let mut explainer = Explainer::new(vocabulary, SettleSettings::default(), book);
    for index in in_turn {
        explainer.read_json(case["requests"][index].to_string().as_bytes()).unwrap();
    }
    explainer.finish().to_json()
}

/// Kinds of tokens that are there: 0 and missing are the same.
fn tokens(stated: &Value) -> Option<BTreeMap<&str, u64>> {
    let counts =
        stated.as_object()?.iter().filter_map(|(kind, count)| Some((kind.as_str(), count.as_u64()?)));
    Some(counts.filter(|(_, count)| *count > 0).collect())
}

/// Whether what was found has all that is wanted; what is not named does not count.
fn fits(wanted: &Value, found: &Value, key: &str) -> bool {
    match (key, wanted) {
        ("tokens", _) => tokens(wanted) == tokens(found),
        ("cost_usd", Value::String(dollars)) => {
            let number = |text: &str| text.parse::<f64>().unwrap();
            found.as_str().is_some_and(|found| (number(found) - number(dollars)).abs() < 1e-12)
        }
        (_, Value::Object(fields)) => fields.iter().all(|(key, wanted)| fits(wanted, &found[key], key)),
        (_, Value::Array(items)) => found.as_array().is_some_and(|found| pair(items, found)),
        (_, Value::Number(number)) if number.is_f64() => {
            let (wanted, found) = (number.as_f64().unwrap(), found.as_f64());
            found.is_some_and(|found| (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0))
        }
        _ => wanted == found,
    }
}

/// Whether each wanted item can have one of its own, and none is left.
fn pair(wanted: &[Value], found: &[Value]) -> bool {
    fn each(wanted: &[&Value], left: &[&Value]) -> bool {
        let Some((first, rest)) = wanted.split_first() else { return left.is_empty() };
        (0..left.len()).any(|place| {
            let mut others = left.to_vec();
            fits(first, others.remove(place), "") && each(rest, &others)
        })
    }
    wanted.len() == found.len() && each(&wanted.iter().collect::<Vec<_>>(), &found.iter().collect::<Vec<_>>())
}

fn holds(right: &Value, story: &Value) -> bool {
    let calls = story["calls"].as_array().unwrap();
    if right["sum_of_tokens"].is_null() {
        return pair(right["calls"].as_array().unwrap(), calls);
    }
    let mut sum = BTreeMap::new();
    for (kind, count) in calls.iter().filter_map(|call| tokens(&call["tokens"])).flatten() {
        *sum.entry(kind).or_insert(0) += count;
    }
    tokens(&right["sum_of_tokens"]) == Some(sum)
}

/// Guarantees: every case is right, in whatever order its requests come.
#[test]
fn every_case_is_right_in_either_order() {
    let mut faults = Vec::new();
    for case in cases() {
        let count = case["requests"].as_array().unwrap().len();
        for story in [explain(&case, 0..count), explain(&case, (0..count).rev())] {
            if !holds(&case["right"], &story) {
                let kind = if case["control"] == true { "control" } else { "case" };
                let text = |key: &str| case[key].as_str().unwrap_or("").to_owned();
                let (calls, right) = (&story["calls"], &case["right"]);
                faults.push(format!(
                    "{kind} {}/{}: {}\n  is {calls}\n  right {right}",
                    text("kind"),
                    text("name"),
                    text("why")
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Guarantees: the judge itself refuses what is not right.
#[test]
fn a_call_too_many_or_a_token_too_few_is_seen() {
    let found: Value =
        serde_json::json!({"calls": [{"tokens": {"input": 3, "output": 0}, "error_class": "none"}]});
    let right = |text: &str| holds(&serde_json::from_str(text).unwrap(), &found);
    assert!(right(r#"{"calls": [{"tokens": {"input": 3}}]}"#));
    for wrong in [
        r#"{"calls": []}"#,
        r#"{"calls": [{"tokens": {"input": 2}}]}"#,
        r#"{"calls": [{"error_class": "timeout"}]}"#,
        r#"{"calls": [{"tokens": {"input": 3}}, {}]}"#,
        r#"{"sum_of_tokens": {"input": 4}}"#,
    ] {
        assert!(!right(wrong), "{wrong}");
    }
}
