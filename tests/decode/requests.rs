//! Requests of any content, as proptest strategies, and one sample that has everything.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Any request. Floats are finite, since JSON as opentelemetry-proto writes it has no others.
pub(crate) fn requests() -> impl Strategy<Value = ExportTraceServiceRequest> {
    vec(resource_spans(), 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

/// A request with every field of every message.
pub(crate) fn sample() -> ExportTraceServiceRequest {
    let attributes = vec![
        attribute("text", Some(Value::StringValue("grün".repeat(26)))),
        attribute("truth", Some(Value::BoolValue(true))),
        attribute("count", Some(Value::IntValue(-7))),
        attribute("share", Some(Value::DoubleValue(0.25))),
        attribute("bytes", Some(Value::BytesValue(vec![0, 0xFF]))),
        attribute("list", Some(list(vec![Some(Value::StringValue("stop".into())), None]))),
        attribute("map", Some(map(vec![attribute("inner", Some(list(vec![Some(Value::IntValue(1))])))]))),
        attribute("index", Some(Value::StringValueStrindex(3))),
        attribute("empty", None),
        KeyValue { key: "none".into(), value: None, key_strindex: 2 },
    ];
    let scope_spans = ScopeSpans {
        scope: Some(InstrumentationScope {
            name: "scope".into(),
            version: "1.2".into(),
            attributes: attributes[..2].to_vec(),
            dropped_attributes_count: 1,
        }),
        spans: vec![sample_span(1, &attributes), sample_span(2, &attributes[..1])],
        schema_url: "https://opentelemetry.io/schemas/1.37.0".into(),
    };
    let entity = EntityRef {
        schema_url: "url".into(),
        r#type: "service".into(),
        id_keys: vec!["service.name".into()],
        description_keys: vec!["service.version".into()],
    };
    let resource = Resource {
        attributes: attributes[..3].to_vec(),
        dropped_attributes_count: 4,
        entity_refs: vec![entity],
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![scope_spans],
            schema_url: "url".into(),
        }],
    }
}

fn sample_span(id: u8, attributes: &[KeyValue]) -> Span {
    let event = Event {
        time_unix_nano: 1_700_000_000_000_000_002,
        name: "exception".into(),
        attributes: attributes.to_vec(),
        dropped_attributes_count: 1,
    };
    let link = Link {
        trace_id: vec![8; 16],
        span_id: vec![9; 8],
        trace_state: "link=1".into(),
        attributes: attributes[..1].to_vec(),
        dropped_attributes_count: 2,
        flags: 1,
    };
    Span {
        trace_id: vec![id; 16],
        span_id: vec![id; 8],
        trace_state: "key=value".into(),
        parent_span_id: vec![7; 8],
        flags: 0x101,
        name: "chat".into(),
        kind: 3,
        start_time_unix_nano: 1_700_000_000_000_000_001,
        end_time_unix_nano: 1_700_000_000_000_000_003,
        attributes: attributes.to_vec(),
        dropped_attributes_count: 1,
        events: vec![
            Event { name: "unwanted".into(), attributes: attributes[..1].to_vec(), ..event.clone() },
            event,
        ],
        dropped_events_count: 2,
        links: vec![link],
        dropped_links_count: 3,
        status: Some(Status { message: "Rate limit reached".into(), code: 2 }),
    }
}

pub(crate) fn attribute(key: &str, value: Option<Value>) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value }), key_strindex: 0 }
}

pub(crate) fn list(values: Vec<Option<Value>>) -> Value {
    let values = values.into_iter().map(|value| AnyValue { value }).collect();
    Value::ArrayValue(ArrayValue { values })
}

pub(crate) fn map(values: Vec<KeyValue>) -> Value {
    Value::KvlistValue(KeyValueList { values })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![9 => "\\PC{0,9}", 1 => "[a-z\"\\\\\n]{130,140}"]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let scalar = prop_oneof![
        text().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        (-1e300..1e300).prop_map(Value::DoubleValue),
        vec(any::<u8>(), 0..9).prop_map(Value::BytesValue),
        any::<i32>().prop_map(Value::StringValueStrindex),
    ];
    let leaf = option::weighted(0.9, scalar).prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 16, 4, |inner| {
        let entry = (text(), option::weighted(0.9, inner.clone()));
        let entry = entry.prop_map(|(key, value)| KeyValue { key, value, key_strindex: 0 });
        prop_oneof![
            vec(inner, 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            vec(entry, 0..4).prop_map(|values| Value::KvlistValue(KeyValueList { values })),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let entry = (text(), option::weighted(0.9, any_value()), prop_oneof![9 => Just(0), 1 => any::<i32>()]);
    vec(entry.prop_map(|(key, value, key_strindex)| KeyValue { key, value, key_strindex }), 0..4)
}

/// Mostly valid; else empty, of another length, or all zero.
fn identifier(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => vec(any::<u8>(), length),
        1 => vec(any::<u8>(), 0..20),
        1 => Just(vec![0; length]),
        1 => Just(Vec::new()),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let name = prop_oneof![3 => text(), 1 => Just("unwanted".to_owned())];
    (any::<u64>(), name, attributes(), 0..3_u32).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (identifier(16), identifier(8), text(), attributes(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count: 0,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (identifier(16), identifier(8), identifier(8));
    let names = (text(), text(), -1..8_i32, any::<u32>());
    let times = (any::<u64>(), any::<u64>());
    let children = (attributes(), vec(event(), 0..3), vec(link(), 0..2));
    let status = option::of((text(), -1..5_i32).prop_map(|(message, code)| Status { message, code }));
    (ids, names, times, children, status).prop_map(|(ids, names, times, children, status)| Span {
        trace_id: ids.0,
        span_id: ids.1,
        parent_span_id: ids.2,
        trace_state: names.0,
        name: names.1,
        kind: names.2,
        flags: names.3,
        start_time_unix_nano: times.0,
        end_time_unix_nano: times.1,
        attributes: children.0,
        dropped_attributes_count: 0,
        events: children.1,
        dropped_events_count: 0,
        links: children.2,
        dropped_links_count: 0,
        status,
    })
}

fn scope_spans() -> impl Strategy<Value = ScopeSpans> {
    let scope = (text(), text(), attributes()).prop_map(|(name, version, attributes)| InstrumentationScope {
        name,
        version,
        attributes,
        dropped_attributes_count: 0,
    });
    (option::of(scope), vec(span(), 0..3), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    })
}

fn resource_spans() -> impl Strategy<Value = ResourceSpans> {
    let resource = attributes().prop_map(|attributes| Resource {
        attributes,
        dropped_attributes_count: 0,
        entity_refs: Vec::new(),
    });
    (option::of(resource), vec(scope_spans(), 0..3), text())
        .prop_map(|(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url })
}
