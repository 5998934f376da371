//! The golden list: what `explain --json` says of every capture, whole, so that no answer changes unseen.
//!
//! `golden/<library>.jsonl` has one line a scenario. Calls and spans left out are sorted by time and id: the order in
//! which they are told is no answer. `UPDATE_GOLDEN=1 cargo test --test captures golden` writes the files anew; the
//! difference belongs into the commit that means it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::delivery;
use crate::scenario::{Scenario, captures, providers};

#[test]
fn golden_answers_have_not_changed() {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for (kind, scenarios) in [("captures", captures()), ("providers", providers())] {
        for scenario in scenarios {
            let file = files.entry(format!("{kind}.{}.jsonl", scenario.instrumentation)).or_default();
            file.push_str(&line(&scenario));
            file.push('\n');
        }
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures/golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        for (name, text) in &files {
            std::fs::write(folder.join(name), text).expect("the folder can be written");
        }
        return;
    }
    let changes: Vec<String> = files
        .iter()
        .flat_map(|(name, text)| {
            changed_lines(name, &std::fs::read_to_string(folder.join(name)).unwrap_or_default(), text)
        })
        .collect();
    assert!(changes.is_empty(), "{} answers changed:\n{}", changes.len(), changes.join("\n"));
}

fn line(scenario: &Scenario) -> String {
    let mut story = delivery::as_captured(scenario);
    for list in ["calls", "skipped"] {
        story[list].as_array_mut().expect("a list").sort_by_key(|one| {
            (one["end_unix_nano"].as_u64(), one["trace_id"].to_string(), one["span_id"].to_string())
        });
    }
    // Weights are tuned; what follows from them is what must not change by accident.
    for call in story["calls"].as_array_mut().into_iter().flatten() {
        call.as_object_mut().expect("a call").remove("signs");
    }
    json!({"scenario": scenario.scenario, "story": story}).to_string()
}

fn changed_lines(name: &str, wanted: &str, got: &str) -> Vec<String> {
    let (wanted, got): (Vec<&str>, Vec<&str>) = (wanted.lines().collect(), got.lines().collect());
    let at = |lines: &[&str], place: usize| lines.get(place).copied().unwrap_or("(nothing)").to_owned();
    (0..wanted.len().max(got.len()))
        .map(|place| (at(&wanted, place), at(&got, place)))
        .filter(|(wanted, got)| wanted != got)
        .map(|(wanted, got)| {
            let scenario: Value = serde_json::from_str(&got).unwrap_or_default();
            format!("{name} {}\n   was {wanted}\n   is  {got}", scenario["scenario"])
        })
        .collect()
}
