//! The same spans where memory is short, or spans are settled before their time: what is told may lack
//! what other spans would have added, and no token is counted twice.

use serde_json::Value;
use tollgate::dialect::Vocabulary;
use tollgate::engine::Reader;
use tollgate::settle::{Outcome, SettleSettings, Settler};

use crate::captures;
use crate::delivery::{as_captured, one_span_each, shuffled};

/// Where the spans of one call do not agree on its tokens, or one between an agent and its call comes last: only spans
/// that wait for each other show it.
const APART: &[&str] = &[
    "node-vercel-ai-7.0.173/",
    "python-ag2-native-1.2.1/",
    "python-genai-anthropic-1.3b0/",
    "python-logfire-5.2.0/",
    "python-monocle-0.8.15/",
    "python-openinference-anthropic-3.1.0/",
    "python-openllmetry-anthropic-0.62.4/",
    "python-strands-agents-1.62.0/",
];

/// Room for some 64 lines in all memories.
const LITTLE: usize = 2048;

fn settings() -> SettleSettings {
    SettleSettings { most_bytes: usize::MAX, ..SettleSettings::default() }
}

/// All tokens that are counted of these requests.
fn tokens(settings: SettleSettings, requests: &[Vec<u8>]) -> u64 {
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let (mut settler, mut sum) = (Settler::new(settings), 0);
    let mut tell = |outcome: Outcome<'_>| {
        if let Outcome::Call(members) = outcome {
            let tokens = members.merged().tokens;
            sum += tokens.map_or(0, |tokens| tokens.input_total() + tokens.output_total());
        }
    };
    for (moment, request) in (1..).zip(requests) {
        let batch = reader.read_protobuf(&vocabulary, request).expect("a request");
        settler.offer(batch, moment, &mut tell);
    }
    settler.finish(&mut tell);
    sum
}

fn stated(story: &Value) -> u64 {
    let calls = story["calls"].as_array().expect("calls").iter();
    let counts = calls.filter_map(|call| call["tokens"].as_object()).flat_map(|tokens| tokens.values());
    counts.filter_map(Value::as_u64).sum()
}

/// Each scenario's spans in several orders; `holds` says whether what was found is right.
fn every_order(settings: impl Fn() -> SettleSettings, holds: impl Fn(u64, u64) -> bool, apart: &[&str]) {
    let mut faults = Vec::new();
    for scenario in captures() {
        if apart.iter().any(|beginning| scenario.name().starts_with(beginning)) {
            continue;
        }
        let wanted = stated(&as_captured(&scenario));
        let single = one_span_each(&scenario.requests);
        let reversed: Vec<Vec<u8>> = single.iter().rev().cloned().collect();
        for (order, requests) in
            [("as it was", &single), ("reversed", &reversed), ("shuffled", &shuffled(&single, 1))]
        {
            let found = tokens(settings(), requests);
            if !holds(found, wanted) {
                faults.push(format!("{} {order}: {found}, together {wanted}", scenario.name()));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_memory_of_64_lines_changes_nothing_while_all_wait() {
    let little = || SettleSettings { remember_bytes: LITTLE, answer_bytes: LITTLE, ..settings() };
    every_order(little, |found, wanted| found == wanted, &[]);
}

#[test]
fn what_is_settled_before_its_time_counts_nothing_twice() {
    every_order(|| SettleSettings { most_bytes: 1, ..settings() }, |found, wanted| found <= wanted, APART);
}
