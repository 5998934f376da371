//! What was found against what is true.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate::price::Dollars;

use crate::scenario::Scenario;

const PROMPT: [&str; 3] = ["input", "cache_read", "cache_write"];
const ANSWER: [&str; 2] = ["output", "reasoning"];

/// Everything that is wrong or missing, a line each: `library/scenario area: what`.
pub(crate) fn judge(scenario: &Scenario, story: &Value) -> Vec<String> {
    let calls = story["calls"].as_array().expect("calls");
    let mut faults = Vec::new();
    let mut fault = |area: &str, what: String| faults.push(format!("{} {area}: {what}", scenario.name()));
    if let Some(what) = tokens(&scenario.truth, calls) {
        fault("tokens", what);
    }
    if let Some(what) = cost(&scenario.truth, calls) {
        fault("cost", what);
    }
    if let Some(what) = count(&scenario.truth, calls) {
        fault("calls", what);
    }
    if let Some(what) = class(&scenario.truth, calls) {
        fault("errors", what);
    }
    faults
}

/// The class alone, for the providers' scenarios.
pub(crate) fn judge_class(scenario: &Scenario, story: &Value) -> Vec<String> {
    let truth = &scenario.truth;
    let found = story["calls"].as_array().expect("calls").last();
    let class = found.map_or("unknown", |call| call["error_class"].as_str().expect("a class"));
    let mut right: Vec<&str> =
        truth["also_acceptable"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    right.extend(truth["error_class"].as_str());
    let undecidable = truth["decidable"] == false && (class == "unknown" || found.is_none());
    if right.contains(&class) || undecidable {
        Vec::new()
    } else {
        vec![format!("{} errors: {class}, really {right:?}", scenario.name())]
    }
}

/// Calls and tokens by kind, of all calls together.
pub(crate) fn totals(story: &Value) -> (usize, BTreeMap<String, u64>) {
    let calls = story["calls"].as_array().expect("calls");
    let mut sums = BTreeMap::new();
    for (kind, count) in calls.iter().filter_map(|call| call["tokens"].as_object()).flatten() {
        *sums.entry(kind.clone()).or_default() += count.as_u64().unwrap_or(0);
    }
    sums.retain(|_, count| *count > 0);
    (calls.len(), sums)
}

fn sum(calls: &[Value], begins: &[&str]) -> u64 {
    let counts = calls.iter().filter_map(|call| call["tokens"].as_object()).flatten();
    let wanted = counts.filter(|(kind, _)| begins.iter().any(|begin| kind.starts_with(begin)));
    wanted.filter_map(|(_, count)| count.as_u64()).sum()
}

fn billed(truth: &Value, kinds: &[&str]) -> u64 {
    kinds.iter().filter_map(|kind| truth["billed"][kind].as_u64()).sum()
}

fn is_exact(truth: &Value, calls: &[Value]) -> bool {
    sum(calls, &PROMPT) == billed(truth, &PROMPT) && sum(calls, &ANSWER) == billed(truth, &ANSWER)
}

fn tokens(truth: &Value, calls: &[Value]) -> Option<String> {
    if truth["usage_in_spans"] == false {
        let stated = calls.iter().any(|call| !call["tokens"].is_null());
        return stated.then(|| "stated, but no span carries usage".to_owned());
    }
    if truth["tokens_derivable"] == false {
        return None;
    }
    if !is_exact(truth, calls) {
        let (prompt, answer) = (sum(calls, &PROMPT), sum(calls, &ANSWER));
        return Some(format!(
            "{prompt}/{answer}, billed {}/{}",
            billed(truth, &PROMPT),
            billed(truth, &ANSWER)
        ));
    }
    let told = |kind: &&str| truth["split_in_spans"][*kind] == true;
    let apart = ["cache_read", "cache_write", "reasoning"].into_iter().filter(told);
    apart
        .map(|kind| (kind, sum(calls, &[kind]), billed(truth, &[kind])))
        .find(|(_, found, billed)| found != billed)
        .map(|(kind, found, billed)| format!("{kind} {found}, billed {billed}"))
}

fn cost(truth: &Value, calls: &[Value]) -> Option<String> {
    let dollars = |text: &Value| text.as_str().and_then(Dollars::parse);
    let oracle = dollars(&truth["oracle_cost_usd"])?;
    let split_known = ["cache_read", "cache_write"]
        .iter()
        .all(|kind| billed(truth, &[kind]) == 0 || truth["split_in_spans"][kind] == true);
    if truth["cost_comparable"] == false || !split_known || !is_exact(truth, calls) {
        return None;
    }
    let priced = calls.iter().filter(|call| !call["tokens"].is_null());
    let mut total = Dollars::default();
    for call in priced {
        let Some(amount) = dollars(&call["cost_usd"]) else {
            return Some(format!("no price for {}", call["model"]));
        };
        total = total.plus(amount);
    }
    (total != oracle).then(|| format!("{total}, oracle {oracle}"))
}

fn count(truth: &Value, calls: &[Value]) -> Option<String> {
    let served = truth["provider_calls"].as_u64().unwrap_or(0).max(1);
    if calls.len() as u64 > served {
        return Some(format!("{} counted, {served} served", calls.len()));
    }
    (calls.is_empty() && truth["llm_spans"] == true).then(|| "none found".to_owned())
}

fn class(truth: &Value, calls: &[Value]) -> Option<String> {
    let really = truth["final_error_class"].as_str()?;
    let last = calls.last()?["error_class"].as_str()?;
    let unknowable = last == "unknown" && truth["error_evidence_in_spans"] == false;
    (last != really && !unknowable).then(|| format!("{last}, really {really}"))
}
