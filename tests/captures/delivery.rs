//! Ways in which the same spans can arrive.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message;
use serde_json::Value;
use tollgate::dialect::Vocabulary;
use tollgate::explain::Explainer;
use tollgate::price::{PriceBook, PricesConfig};
use tollgate::settle::SettleSettings;

use crate::scenario::Scenario;

/// What `explain --json` says of these requests.
pub(crate) fn explain(requests: &[Vec<u8>]) -> Value {
    explain_with(Vocabulary::new(&[]), requests)
}

/// The same, read by another vocabulary.
pub(crate) fn explain_with(vocabulary: Vocabulary, requests: &[Vec<u8>]) -> Value {
    let book = PriceBook::new(&PricesConfig::default()).expect("no overrides, no faults");
    let mut explainer = Explainer::new(vocabulary, SettleSettings::default(), book);
    for request in requests {
        explainer.read_protobuf(request).expect("a captured request is valid");
    }
    explainer.finish().to_json()
}

/// As it left the library.
pub(crate) fn as_captured(scenario: &Scenario) -> Value {
    explain(&scenario.requests)
}

/// As it may also come.
pub(crate) fn other_ways(scenario: &Scenario) -> Vec<(&'static str, Value)> {
    let single = one_span_each(&scenario.requests);
    let reversed: Vec<Vec<u8>> = single.iter().rev().cloned().collect();
    let shuffled = shuffled(&single, 1);
    let again: Vec<Vec<u8>> = shuffled.iter().chain(&single).cloned().collect();
    vec![
        ("one span a request", explain(&single)),
        ("reversed", explain(&reversed)),
        ("shuffled", explain(&shuffled)),
        ("shuffled otherwise", explain(&self::shuffled(&single, 2))),
        ("shuffled and sent again", explain(&again)),
    ]
}

/// Every span in a request of its own.
pub(crate) fn one_span_each(requests: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut single = Vec::new();
    for request in requests {
        let request = ExportTraceServiceRequest::decode(request.as_slice()).expect("valid");
        for resource in &request.resource_spans {
            for scope in &resource.scope_spans {
                for span in &scope.spans {
                    let scope_spans = ScopeSpans { spans: vec![span.clone()], ..scope.clone() };
                    let resource_spans = ResourceSpans { scope_spans: vec![scope_spans], ..resource.clone() };
                    single.push(
                        ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec(),
                    );
                }
            }
        }
    }
    single
}

/// In another order, the same at every run.
pub(crate) fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut items = items.to_vec();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
    items
}
