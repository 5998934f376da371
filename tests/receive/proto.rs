//! `proto/` against the oracle: our words, their field numbers.

use opentelemetry_proto::tonic::collector::trace::v1 as oracle;
use prost::Message;
use tollgate::receive::proto::trace::{
    AnyValue, ArrayValue, ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
    InstrumentationScope, KeyValue, KeyValueList, Resource, ResourceSpans, ScopeSpans, Span, Status,
    any_value::Value, span,
};

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}

fn every_kind_of_value() -> Vec<KeyValue> {
    let element = AnyValue { value: Some(Value::IntValue(-7)) };
    let list = KeyValueList { values: vec![attribute("inner", Value::BoolValue(true))] };
    vec![
        attribute("string", Value::StringValue("text".to_owned())),
        attribute("bool", Value::BoolValue(true)),
        attribute("int", Value::IntValue(i64::MIN)),
        attribute("double", Value::DoubleValue(1.5)),
        attribute("array", Value::ArrayValue(ArrayValue { values: vec![element] })),
        attribute("map", Value::KvlistValue(list)),
        attribute("bytes", Value::BytesValue(vec![0, 255])),
    ]
}

fn every_field() -> ExportTraceServiceRequest {
    let event = span::Event {
        time_unix_nano: 15,
        name: "exception".to_owned(),
        attributes: vec![attribute("exception.type", Value::StringValue("Timeout".to_owned()))],
    };
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "chat".to_owned(),
        kind: span::SpanKind::Client.into(),
        start_time_unix_nano: 10,
        end_time_unix_nano: 20,
        attributes: every_kind_of_value(),
        events: vec![event],
        status: Some(Status { message: "failed".to_owned(), code: 2 }),
    };
    let scope = InstrumentationScope { name: "library".to_owned(), version: "1.0".to_owned() };
    let resource = Resource { attributes: every_kind_of_value() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: vec![span] }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource: Some(resource), scope_spans }],
    }
}

#[test]
fn a_request_with_every_field_we_know_reads_the_same_in_both() {
    let ours = every_field().encode_to_vec();
    let theirs = oracle::ExportTraceServiceRequest::decode(&*ours).unwrap();
    // Unknown fields are dropped by prost: had one number been wrong, bytes would be missing here.
    assert_eq!(theirs.encode_to_vec(), ours);
    let span = &theirs.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((&*span.name, span.kind, span.end_time_unix_nano), ("chat", 3, 20));
    assert_eq!(span.status.as_ref().unwrap().message, "failed");
    assert_eq!(span.events[0].name, "exception");
}

#[test]
fn an_answer_reads_the_same_in_both() {
    let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "why".to_owned() };
    let ours = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let theirs = oracle::ExportTraceServiceResponse::decode(&*ours).unwrap().partial_success.unwrap();
    assert_eq!((theirs.rejected_spans, &*theirs.error_message), (3, "why"));
}
