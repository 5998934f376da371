//! Real spans of real libraries, held against what the provider billed and answered.
//!
//! | file | does |
//! |---|---|
//! | `scenario` | reads the fixtures: requests as they left a library, and the truth from the provider's log |
//! | `verdict` | judges what `explain` says against that truth |
//! | `delivery` | the same spans shuffled, one a request, sent twice |
//! | `alike` | spans of known patterns against the same spans read in full |
//! | `golden` | every answer whole, as committed |
//! | `ledger` | the ledger against `explain`, to the last digit |
//! | `late` | each span after the others were settled |
//! | `pressed` | each scenario with little memory, and everything settled early |
//! | `mixed` | everything at once through a running server, read from `/metrics` |

mod alike;
mod delivery;
mod golden;
mod late;
mod ledger;
mod mixed;
mod pressed;
mod scenario;
mod verdict;

use scenario::{captures, providers};

/// Scenarios that no reader of spans can get right, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The library ended a span of the scenario before (an aborted stream) in this one's export.
    ("node-openinference-openai-4.2.7/responses_stream calls", "a span of another scenario is in the file"),
    // A stream that broke leaves only the workflow's span, which names no model.
    ("python-monocle-0.8.15/err_stream_midway calls", "no span of the call"),
    // The instrumentor wrote no LLM span; the HTTP span says 200 and nothing of the error inside the stream.
    (
        "python-openllmetry-anthropic+httpx+anthropic-0.62.4/err_overload_in_stream errors",
        "no evidence in the spans",
    ),
];

fn excepted(fault: &str) -> bool {
    EXCEPTIONS.iter().any(|(beginning, _)| fault.starts_with(beginning))
}

/// Every token once, every split, every price to the last digit, every error by its cause.
#[test]
fn every_scenario_says_what_the_provider_says() {
    let mut faults = Vec::new();
    for scenario in captures() {
        let story = delivery::as_captured(&scenario);
        faults.extend(verdict::judge(&scenario, &story));
    }
    faults.retain(|fault| !excepted(fault));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Fourteen providers' refusals, as they reach spans.
#[test]
fn every_refusal_is_named_by_its_cause() {
    let mut faults = Vec::new();
    for scenario in providers() {
        let story = delivery::as_captured(&scenario);
        faults.extend(verdict::judge_class(&scenario, &story));
    }
    faults.retain(|fault| !excepted(fault));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The order in which spans come, and how often, changes no total.
#[test]
fn no_order_of_delivery_changes_a_total() {
    let mut faults = Vec::new();
    for scenario in captures() {
        let wanted = verdict::totals(&delivery::as_captured(&scenario));
        for (name, story) in delivery::other_ways(&scenario) {
            let got = verdict::totals(&story);
            if got != wanted {
                faults.push(format!("{} {name}: {got:?}, as captured {wanted:?}", scenario.name()));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A retried export counts nothing twice, also when it comes as one stream with the first.
#[test]
fn sending_everything_twice_counts_it_once() {
    for scenario in captures().into_iter().step_by(7) {
        let wanted = verdict::totals(&delivery::as_captured(&scenario));
        let twice: Vec<Vec<u8>> = scenario.requests.iter().chain(&scenario.requests).cloned().collect();
        assert_eq!(verdict::totals(&delivery::explain(&twice)), wanted, "{}", scenario.name());
    }
}
