//! The ledger against `explain`, to the last digit, and both against `/metrics`.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::expose::text::Format;
use tollgate::ledger::settings::AttributionConfig;
use tollgate::ledger::{Column, Question};
use tollgate::price::{PriceBook, PricesConfig};

use crate::delivery::{self, one_span_each, shuffled};
use crate::scenario::captures;
use crate::verdict;

/// When all captures have come, nanoseconds since the Unix epoch.
const NOW: u64 = 1_790_000_000_000_000_000;

/// Keys of dimensions as the server has them: the owners of the ledger.
fn vocabulary() -> Vocabulary {
    Vocabulary::new(&AttributionConfig::default().keys())
}

fn engine(requests: &[Vec<u8>]) -> Engine {
    let book = PriceBook::new(&PricesConfig::default()).expect("no overrides, no faults");
    let mut settings = EngineSettings::with_book(book);
    settings.aggregate.hold_nanos = Some(0);
    let (mut engine, reader, vocabulary) = (Engine::new(settings), Reader::default(), vocabulary());
    engine.set_wall_clock(NOW, NOW);
    for request in requests {
        let batch = reader.read_protobuf(&vocabulary, request).expect("a captured request is valid");
        engine.offer(batch, NOW, &mut |_| ());
    }
    engine.finish(NOW, &mut |_| ());
    engine
}

/// Dollars in 1e-12 by model and type, and calls, from `explain`: each amount rounded once, half to even.
fn explained(story: &Value) -> (BTreeMap<(String, String), i128>, u64) {
    let calls = story["calls"].as_array().expect("calls");
    let mut sums = BTreeMap::new();
    for call in calls {
        let model = call["model"].as_str().expect("a model").to_owned();
        for (kind, amount) in call["cost"].as_object().into_iter().flatten() {
            let pico = pico(amount.as_str().expect("a decimal"));
            if pico > 0 {
                *sums.entry((model.clone(), kind.clone())).or_default() += pico;
            }
        }
    }
    (sums, calls.len() as u64)
}

fn pico(decimal: &str) -> i128 {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let kept: i128 = format!("{whole}{:0<12}", &part[..part.len().min(12)]).parse().expect("digits");
    let rest = part.get(12..).unwrap_or("").trim_end_matches('0');
    let up = match rest.as_bytes() {
        [] => false,
        [b'5'] => kept % 2 == 1,
        [first, ..] => *first >= b'5',
    };
    kept + i128::from(up)
}

fn of_ledger(engine: &Engine) -> (BTreeMap<(String, String), i128>, u64) {
    let question = Question { from: 0, to: u32::MAX, by: vec![Column::Model], ..Question::default() };
    let ledger = engine.ledger();
    let answer = question.ask(ledger.read().sheet());
    let mut sums = BTreeMap::new();
    for part in &answer.parts {
        for line in part.sums.lines.iter().filter(|line| line.cost.0 > 0) {
            sums.insert((part.names[0].clone(), line.kind.label().to_owned()), line.cost.0);
        }
    }
    (sums, answer.total.calls)
}

/// Scenario: every capture, as it came and shuffled one span a request. Guarantees: the ledger has what `explain` says,
/// each amount rounded once to 1e-12 dollar, to the last digit; a call is in it once.
#[test]
fn the_ledger_is_explain_to_the_last_digit() {
    for (number, scenario) in captures().into_iter().enumerate() {
        let wanted = explained(&delivery::as_captured(&scenario));
        assert_eq!(of_ledger(&engine(&scenario.requests)), wanted, "{}", scenario.name());
        if number % 5 == 0 {
            let shuffled = shuffled(&one_span_each(&scenario.requests), number as u64);
            assert_eq!(of_ledger(&engine(&shuffled)), wanted, "{} shuffled", scenario.name());
        }
    }
}

/// Scenario: all captures in one engine. Guarantees: `llm_cost_usd_total` is the nearest float of the ledger's sum, as
/// far as 1e-12 dollar a call and type can differ from it.
#[test]
fn the_counter_is_the_sum_of_the_ledger() {
    let requests: Vec<Vec<u8>> = captures().into_iter().step_by(9).flat_map(|one| one.requests).collect();
    let mut engine = engine(&requests);
    let second = 1_000_000_000;
    // The first one reads 0.
    drop(engine.view(NOW + second, tollgate::telemetry::snapshot()).document(Format::Text));
    let view = engine.view(NOW + 2 * second, tollgate::telemetry::snapshot());
    let document = view.document(Format::Text);
    let document = String::from_utf8(document).expect("text");
    let counters = document.lines().filter(|line| line.starts_with("llm_cost_usd_total{"));
    let counted: f64 = counters
        .map(|line| line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number"))
        .sum();
    let (sums, calls) = of_ledger(&engine);
    let kept = sums.values().sum::<i128>() as f64 / 1e12;
    assert!(calls > 100 && kept > 0.0);
    assert!(
        (counted - kept).abs() <= calls as f64 * 15.0 * 0.5e-12,
        "{counted} in /metrics, {kept} in the ledger"
    );
}

/// Guarantees: that owners are read changes no call, no token and no dollar.
#[test]
fn owners_change_no_total() {
    for scenario in captures() {
        let wanted = verdict::totals(&delivery::as_captured(&scenario));
        let got = verdict::totals(&delivery::explain_with(vocabulary(), &scenario.requests));
        assert_eq!(got, wanted, "{}", scenario.name());
    }
}

/// Guarantees: users and teams that real libraries write are found.
#[test]
fn owners_are_found_where_libraries_write_them() {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for scenario in captures() {
        let engine = engine(&scenario.requests);
        let ledger = engine.ledger();
        for column in ["team", "user"] {
            let by = vec![Column::named(column).expect("a column")];
            let answer =
                Question { from: 0, to: u32::MAX, by, ..Question::default() }.ask(ledger.read().sheet());
            let named = answer.parts.iter().any(|part| !part.names[0].is_empty());
            *found.entry(column).or_default() += usize::from(named);
        }
    }
    assert!(found["team"] >= 30 && found["user"] >= 60, "{found:?}");
}
