//! Every span comes, in the order in which they ended, when all before it were settled: a long stream's request, a slow
//! agent's calls. What belongs to a counted call is left out all the same, and no tokens are lost.

use std::cmp::Reverse;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tollgate::dialect::Vocabulary;
use tollgate::engine::Reader;
use tollgate::settle::{Outcome, SettleSettings, Settler};

use crate::captures;
use crate::delivery::{as_captured, one_span_each};

const WAIT_NANOS: u64 = 1_000_000_000;

/// Two instrumentations put one call into two traces without a common id: only spans that wait for each other show it.
/// The last one's agents end before the calls inside them, by its clock.
const APART: &[&str] = &[
    "python-logfire-5.2.0/anthropic_",
    "python-monocle-0.8.15/anthropic_",
    "python-openinference-langchain+openai+anthropic-0.1.80/langchain_",
    "python-openllmetry-langchain-0.62.4/langchain_anthropic_",
    "node-vercel-ai-7.0.173/",
];

#[test]
fn what_comes_late_is_counted_once() {
    let mut faults = Vec::new();
    for scenario in captures() {
        let name = scenario.name();
        if APART.iter().any(|beginning| name.starts_with(beginning)) {
            continue;
        }
        let story = as_captured(&scenario);
        let calls = story["calls"].as_array().expect("calls").iter();
        let counts = calls.filter_map(|call| call["tokens"].as_object()).flat_map(|tokens| tokens.values());
        let wanted: u64 = counts.filter_map(serde_json::Value::as_u64).sum();
        let mut requests = one_span_each(&scenario.requests);
        requests.sort_by_cached_key(|request| order(request));
        let found = late(&requests);
        if found != wanted {
            faults.push(format!("{name}: {found}, together {wanted}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Of two that ended together the one that began later is the inner one.
fn order(request: &[u8]) -> (u64, Reverse<u64>) {
    let request = ExportTraceServiceRequest::decode(request).expect("valid");
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    (span.end_time_unix_nano, Reverse(span.start_time_unix_nano))
}

/// All tokens that are counted.
fn late(requests: &[Vec<u8>]) -> u64 {
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let mut settler = Settler::new(SettleSettings { wait_nanos: WAIT_NANOS, ..SettleSettings::default() });
    let (mut now, mut sum) = (0, 0);
    let mut tell = |outcome: Outcome<'_>| {
        if let Outcome::Call(call) = outcome {
            sum += call.merged().tokens.map_or(0, |tokens| tokens.input_total() + tokens.output_total());
        }
    };
    for (place, request) in requests.iter().enumerate() {
        let batch = reader.read_protobuf(&vocabulary, request).expect("a request");
        settler.offer(batch, now, &mut tell);
        // Clocks of milliseconds do not tell which of two ended first.
        let next = requests.get(place + 1).map_or(u64::MAX, |next| order(next).0);
        if next.saturating_sub(order(request).0) > 2_000_000 {
            now += 2 * WAIT_NANOS;
            settler.settle(now, &mut tell);
        }
    }
    settler.finish(&mut tell);
    sum
}
