//! Bad input: each has a clear answer and a counter, and none costs the process its memory or its life.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tollgate::clock;

use crate::planted::{attribute, number, text};
use crate::server::{PROTOBUF, Server, value};

const MIB: f64 = 1_048_576.0;
const INPUT: &str = "gen_ai.usage.input_tokens";
const OUTPUT: &str = "gen_ai.usage.output_tokens";

/// One call, with these attributes besides.
fn call(id: u64, attributes: Vec<KeyValue>) -> ExportTraceServiceRequest {
    let now = clock::now_unix_nano();
    let mut all = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", "gpt-4o"),
    ];
    all.extend(attributes);
    let span = Span {
        trace_id: [id.to_be_bytes(), id.to_be_bytes()].concat(),
        span_id: id.to_be_bytes().to_vec(),
        name: "chat gpt-4o".to_owned(),
        start_time_unix_nano: now - 1_000_000_000,
        end_time_unix_nano: now,
        attributes: all,
        ..Span::default()
    };
    export(span)
}

fn export(span: Span) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

/// The sum of all series of a family that have this label.
fn sum(document: &str, family: &str, label: &str) -> f64 {
    let is_it = |line: &&str| line.starts_with(&format!("{family}{{")) && line.contains(label);
    document.lines().filter(is_it).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Guarantees: what is no request is 400 and counted as malformed; what is one up to the cut is 200.
#[test]
fn bytes_that_are_no_request_are_refused_and_counted() {
    let server = Server::start(None);
    let whole = call(1, vec![number(INPUT, 10)]).encode_to_vec();
    let refused = |body: &[u8], type_| {
        let answer = server.traces(type_, body);
        assert!(matches!(answer.status, 200 | 400), "{}: {}", answer.status, answer.body);
        assert!(answer.status == 200 || !answer.body.is_empty(), "a refusal says why");
        f64::from(answer.status == 400)
    };
    let mut expected: f64 = (1..whole.len()).map(|length| refused(&whole[..length], PROTOBUF)).sum();
    assert_eq!(expected, (whole.len() - 1) as f64, "a cut within the only resource is no request");
    let mut state = 7_u64;
    for length in 1..200 {
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(length)
        .collect();
        expected += refused(&noise, PROTOBUF) + refused(&noise, "application/json");
    }
    let document = server.settled();
    assert_eq!(value(&document, "tollgate_refused_requests_total{reason=\"malformed\"}"), Some(expected));
    assert_eq!(value(&document, "tollgate_spans_total{result=\"call\"}"), Some(0.0));
}

/// Guarantees: a span without ids is left out and counted, and the others of its request are kept.
#[test]
fn a_span_that_is_not_valid_is_left_out_and_counted() {
    let server = Server::start(None);
    let mut request = call(1, vec![number(INPUT, 10)]);
    request
        .resource_spans
        .extend(export(Span { name: "no ids".to_owned(), ..Span::default() }).resource_spans);
    let answer = server.traces(PROTOBUF, &request.encode_to_vec());
    assert_eq!(answer.status, 200);
    let document = server.settled();
    assert_eq!(value(&document, "tollgate_spans_total{result=\"malformed\"}"), Some(1.0));
    assert_eq!(value(&document, "tollgate_spans_total{result=\"call\"}"), Some(1.0));
    assert_eq!(sum(&document, "tollgate_malformed_spans_total", "reason="), 1.0);
    assert_eq!(sum(&document, "tollgate_requests_total", "result=\"partial\""), 1.0);
}

/// Guarantees: a token count that is none is unknown, never 0 and never taken at its word; text that is a whole
/// number is one.
#[test]
fn odd_token_counts_are_unknown_and_counted_so() {
    let server = Server::start(None);
    let odd = [
        Value::IntValue(-5),
        Value::IntValue(i64::MIN),
        Value::DoubleValue(f64::NAN),
        Value::DoubleValue(f64::INFINITY),
        Value::DoubleValue(-0.5),
        Value::StringValue("many".to_owned()),
        Value::StringValue("-12".to_owned()),
        Value::StringValue(String::new()),
        Value::BoolValue(true),
        Value::BytesValue(vec![0xFF; 8]),
    ];
    for (id, value) in odd.iter().enumerate() {
        let attributes = vec![attribute(INPUT, value.clone()), attribute(OUTPUT, value.clone())];
        server.send(&call(id as u64 + 1, attributes));
    }
    server.send(&call(99, vec![text(INPUT, "120"), text(OUTPUT, "30")]));
    let document = server.settled();
    assert_eq!(sum(&document, "llm_requests_without_usage_total", "model="), odd.len() as f64);
    assert_eq!(
        sum(&document, "llm_priced_requests_total", "price_source=\"unknown_usage\""),
        odd.len() as f64
    );
    assert_eq!(sum(&document, "llm_tokens_total", "type=\"input\""), 120.0);
    assert_eq!(sum(&document, "llm_tokens_total", "type=\"output\""), 30.0);
    let odd_samples: Vec<&str> =
        document.lines().filter(|line| line.ends_with(" NaN") || line.contains(" -")).collect();
    let odd_samples: Vec<_> = odd_samples.into_iter().filter(|line| !line.starts_with('#')).collect();
    assert!(odd_samples.is_empty(), "{odd_samples:?}");
}

/// Guarantees: ten thousand attributes and values of a megabyte are taken, and memory is given back: 75 MiB of
/// them do not grow the process so.
#[test]
fn large_spans_are_taken_in_bounded_memory() {
    let server = Server::start(None);
    let megabyte = "word ".repeat(200_000);
    let wide: Vec<KeyValue> = (0..10_000).map(|key| text(&format!("key.{key}"), "a value")).collect();
    let long = vec![
        text("gen_ai.request.model", &megabyte),
        text("gen_ai.input.messages", &megabyte),
        text("user.id", &megabyte),
    ];
    let resident = |document: &str| value(document, "tollgate_resident_memory_bytes").expect("a gauge");
    server.send(&call(1, wide.clone()));
    server.send(&call(2, long.clone()));
    let before = resident(&server.settled());
    for id in 0..25 {
        server.send(&call(10 + id, wide.clone()));
        server.send(&call(100 + id, long.clone()));
    }
    let document = server.settled();
    assert_eq!(value(&document, "tollgate_spans_total{result=\"call\"}"), Some(52.0));
    let grown = (resident(&document) - before) / MIB;
    assert!(grown < 40.0, "75 MiB of attributes left {grown} MiB behind");
    let longest = document.lines().map(str::len).max();
    assert!(longest < Some(4096), "a line of {longest:?} bytes");
}

/// Guarantees: a name that was cut within a character, as a limit in bytes does, keeps what is sound of it, wherever it
/// stands, and each is counted; a service name that is no text at all costs itself.
#[test]
fn cut_and_broken_texts_cost_themselves_and_are_counted() {
    let server = Server::start(None);
    let mut request = call(1, vec![number(INPUT, 10), text("gen_ai.response.model", "gpt-4o-mini?")]);
    let resource = Resource { attributes: vec![text("service.name", "caf?")], ..Resource::default() };
    request.resource_spans[0].resource = Some(resource);
    request.resource_spans[0].scope_spans[0].spans[0].name = "chat caf?".to_owned();
    // The first byte of two.
    let cut: Vec<u8> =
        request.encode_to_vec().iter().map(|byte| if *byte == b'?' { 0xC3 } else { *byte }).collect();
    assert_eq!(server.traces(PROTOBUF, &cut).status, 200);
    let mut broken = call(2, vec![number(INPUT, 10)]);
    let resource = Resource { attributes: vec![text("service.name", "?shop")], ..Resource::default() };
    broken.resource_spans[0].resource = Some(resource);
    let broken: Vec<u8> =
        broken.encode_to_vec().iter().map(|byte| if *byte == b'?' { 0xFF } else { *byte }).collect();
    assert_eq!(server.traces(PROTOBUF, &broken).status, 200);
    let document = server.settled();
    assert_eq!(sum(&document, "llm_requests_total", "service_name=\"caf\""), 1.0, "{document}");
    assert_eq!(sum(&document, "llm_requests_total", "service_name=\"unknown_service\""), 1.0);
    assert_eq!(value(&document, "tollgate_dropped_values_total{reason=\"utf8\"}"), Some(4.0), "{document}");
}
