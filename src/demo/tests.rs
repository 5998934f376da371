use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;

use super::*;

const NOW: u64 = 1_800_000_000_000_000_000;

fn options(failing: Vec<Scenario>) -> Options {
    Options { seed: 1, speed: 1.0, failing, failing_after_seconds: 0.0, failing_for_seconds: f64::INFINITY }
}

/// The calls of so many seconds.
fn calls(failing: Vec<Scenario>, seconds: u32) -> Vec<Call> {
    let mut source = Calls::new(options(failing));
    (0..seconds).flat_map(|_| source.next(1.0)).collect()
}

fn spans(calls: &[Call]) -> BTreeMap<Sender, Vec<SpanData>> {
    by_sender(calls, &mut Writer { random: &mut Random::new(1), end_unix_nano: NOW })
}

#[test]
fn the_same_seed_sends_the_same_spans() {
    let twice = [0, 1].map(|_| format!("{:?}", spans(&calls(Vec::new(), 20))));
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn the_first_second_has_every_model_and_every_class_of_error() {
    let first = calls(Vec::new(), 1);
    let classes: BTreeSet<&str> = first.iter().filter_map(|call| Some(call.failure?.class.label())).collect();
    assert_eq!(classes.len(), crate::call::ErrorClass::ALL.len() - 1, "{classes:?}");
    let models: BTreeSet<&str> = first.iter().map(|call| call.model.request).collect();
    assert!(models.len() >= 12, "{models:?}");
    let providers: BTreeSet<&str> = first.iter().map(|call| call.model.provider).collect();
    assert_eq!(providers.len(), 7, "{providers:?}");
}

#[test]
fn ordinary_traffic_is_mostly_well_and_has_one_cost_spike() {
    let all = calls(Vec::new(), 600);
    let failed = all.iter().filter(|call| call.failure.is_some()).count();
    assert!(failed > 10 && failed * 30 < all.len(), "{failed} of {}", all.len());
    assert_eq!(all.iter().filter(|call| call.model.request == "gpt-5-pro").count(), 1);
    assert!(all.iter().any(|call| call.retries > 0) && all.iter().any(|call| call.usage.is_none()));
}

#[test]
fn speed_multiplies_the_calls() {
    let count = |speed| {
        let mut source = Calls::new(Options { speed, ..options(Vec::new()) });
        (0..100).map(|_| source.next(1.0).len()).sum::<usize>()
    };
    let (slow, fast) = (count(1.0), count(10.0));
    assert!(fast > slow * 7 && fast < slow * 11, "{slow} {fast}");
}

#[test]
fn every_scenario_changes_the_traffic() {
    let ordinary = format!("{:?}", calls(Vec::new(), 120));
    for scenario in Scenario::value_variants() {
        let troubled = format!("{:?}", calls(vec![*scenario], 120));
        assert_ne!(ordinary, troubled, "{scenario:?}");
    }
}

#[test]
fn a_trouble_begins_and_ends_when_told() {
    let mut source = Calls::new(Options {
        failing_after_seconds: 10.0,
        failing_for_seconds: 10.0,
        ..options(vec![Scenario::Silence])
    });
    let per_second: Vec<usize> = (0..40)
        .map(|_| source.next(1.0).iter().filter(|call| call.service.name == scenario::SILENT_SERVICE).count())
        .collect();
    assert!(per_second[..9].iter().sum::<usize>() > 0);
    assert_eq!(per_second[10..19].iter().sum::<usize>(), 0);
    assert!(per_second[21..].iter().sum::<usize>() > 0);
}

/// The documentation of the demo names every scenario.
#[test]
fn docs_demo_md_lists_every_scenario() {
    let text = include_str!("../../docs/demo.md");
    for scenario in Scenario::value_variants() {
        let name = scenario.to_possible_value().unwrap().get_name().to_owned();
        assert!(text.contains(&format!("| `{name}` |")), "docs/demo.md lacks {name}");
    }
}

#[test]
fn no_span_carries_a_prompt_or_an_answer() {
    for (_, spans) in spans(&calls(Vec::new(), 120)) {
        for pair in spans.iter().flat_map(|span| &span.attributes) {
            let key = pair.key.as_str();
            assert!(
                !["messages", "prompt", "completion", "text", "value"]
                    .iter()
                    .any(|word| key.ends_with(word) && !key.contains("token")),
                "{key}"
            );
        }
    }
}
