//! Spans of each dialect in which every string is a planted one.
//!
//! Nothing here is a key of anybody: they have the documented shapes and random digits.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use tollgate::dialect::{Fact, KEYS};

/// What is planted, and the part of it that must show up nowhere.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    ("sk-proj-4fT9xQ2mZp7LwV8kR3nB6yHs", "4fT9xQ2mZp7L"),
    ("sk-ant-api03-Xk29fQpLm4RtVz81WnBq", "Xk29fQpLm4Rt"),
    ("AKIA5QXJ7RWZ2MNB4TKD", "5QXJ7RWZ2MNB"),
    ("AIzaSyD4k9Xw2Rm7Tq1Vb8Np3Lz6Hf5Gc0Js", "D4k9Xw2Rm7Tq"),
    ("gsk_9aZ8bY7cX6dW5eV4fU3gT2hS", "9aZ8bY7cX6dW"),
    ("ghp_7Kd92LxPq4Rv8Wn3Bt6Yz1Hm5Jc0Fs2Ga", "7Kd92LxPq4Rv"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3MzE5In0.c2lnbmF0dXJl", "eyJzdWIiOiI3MzE5In0"),
    ("Bearer opaque-token-of-nobody", "opaque-token-of-nobody"),
    ("jane.doe@customer.example.com", "jane.doe"),
    ("please use sk-live-8Zq3Vn5Tx7Rm2Kp9 for it", "8Zq3Vn5Tx7Rm"),
    ("Summarise what Aldebaran Holdings pays for the merger", "Aldebaran"),
];

/// Attributes by which a dialect's span is recognised, whatever its other strings are.
const SHAPES: &[(&str, &[(&str, &str)])] = &[
    ("", &[("gen_ai.operation.name", "chat")]),
    ("gpt-4o", &[("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai")]),
    ("", &[("openinference.span.kind", "LLM")]),
    ("", &[("llm.request.type", "chat"), ("gen_ai.system", "anthropic")]),
    ("", &[("ai.operationId", "ai.generateText.doGenerate")]),
    ("", &[("langfuse.observation.type", "generation")]),
    ("", &[("langsmith.span.kind", "llm")]),
    ("", &[("mlflow.spanType", "CHAT_MODEL")]),
    (
        "",
        &[
            ("http.request.method", "POST"),
            ("server.address", "api.groq.com"),
            ("url.path", "/openai/v1/chat/completions"),
        ],
    ),
    ("", &[]),
];

/// Resource attributes, dimension sources and others that no dialect lists.
const FURTHER: &[&str] = &[
    "service.name",
    "deployment.environment.name",
    "user.id",
    "session.id",
    "team.id",
    "gen_ai.prompt",
    "http.request.header.authorization",
    "http.response.header.x-request-id",
    "http.response.header.openai-organization",
    "http.response.header.set-cookie",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.agent.name",
    "metadata",
    "tag.tags",
];

/// Response headers that tell a limit, so that its gauges exist.
const LIMITS: &[(&str, &str)] = &[
    ("http.response.header.x-ratelimit-limit-requests", "1000"),
    ("http.response.header.x-ratelimit-remaining-requests", "10"),
    ("http.response.header.x-ratelimit-limit-tokens", "50000"),
    ("http.response.header.x-ratelimit-remaining-tokens", "400"),
];

/// One request a shape and planted string: half of the spans fail.
pub(crate) fn requests(now: u64) -> Vec<ExportTraceServiceRequest> {
    let mut requests = Vec::new();
    for (text, _) in PLANTED {
        for (number, (model, markers)) in SHAPES.iter().enumerate() {
            let ids = (requests.len() as u64 + 1).to_be_bytes();
            // Of equal ids of answers one call would be made.
            let mut span = span(&format!("{text} {number}"), model, markers, number % 2 == 1);
            span.trace_id = [ids, ids].concat();
            span.span_id = ids.to_vec();
            (span.start_time_unix_nano, span.end_time_unix_nano) = (now - 1_000_000_000, now);
            requests.push(export(text, span));
        }
    }
    requests
}

fn span(planted: &str, model: &str, markers: &[(&str, &str)], failed: bool) -> Span {
    let is_free = |key: &str| !markers.iter().any(|(marker, _)| *marker == key);
    let rows = KEYS.iter().flat_map(|table| table.iter()).filter(|row| is_free(row.key));
    let mut attributes: Vec<KeyValue> =
        rows.filter_map(|row| planted_at(row.key, row.fact, planted, model)).collect();
    attributes.extend(FURTHER.iter().map(|key| text(key, planted)));
    attributes.extend(LIMITS.iter().chain(markers).map(|(key, value)| text(key, value)));
    attributes.push(number("gen_ai.usage.input_tokens", 1_000));
    attributes.push(number("gen_ai.usage.output_tokens", 100));
    let exception = vec![
        text("exception.type", planted),
        text(
            "exception.message",
            &format!("Error code: 429 - {{'error': {{'message': '{planted}', 'code': '{planted}'}}}}"),
        ),
        text("exception.stacktrace", planted),
    ];
    let event =
        |name: &str, attributes| span::Event { name: name.to_owned(), attributes, ..Default::default() };
    Span {
        name: planted.to_owned(),
        kind: span::SpanKind::Client as i32,
        trace_state: format!("vendor={planted}"),
        attributes,
        events: vec![event("exception", exception), event(planted, vec![text("content", planted)])],
        status: Some(Status { code: if failed { 2 } else { 0 }, message: planted.to_owned() }),
        ..Span::default()
    }
}

/// Usage is given as a number apart, or the span would have none.
fn planted_at(key: &str, fact: Fact, planted: &str, model: &str) -> Option<KeyValue> {
    let value = match fact {
        Fact::Usage(..) | Fact::StatusCode => return None,
        Fact::RequestModel(_) | Fact::ResponseModel(_) | Fact::RoutedModel(_) if !model.is_empty() => {
            model.to_owned()
        }
        Fact::RequestObject | Fact::ResponseObject | Fact::HiddenParams | Fact::ProviderMetadata => {
            let model = if model.is_empty() { planted } else { model };
            format!("{{\"model\": \"{model}\", \"id\": \"{planted}\", \"service_tier\": \"{planted}\"}}")
        }
        Fact::Url => format!("https://api.openai.com/v1/chat/completions?key={planted}"),
        _ => planted.to_owned(),
    };
    Some(text(key, &value))
}

fn export(planted: &str, span: Span) -> ExportTraceServiceRequest {
    let scope =
        InstrumentationScope { name: planted.to_owned(), version: planted.to_owned(), ..Default::default() };
    let attributes = FURTHER.iter().map(|key| text(key, planted)).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: vec![span],
                schema_url: planted.to_owned(),
            }],
            schema_url: planted.to_owned(),
        }],
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

pub(crate) fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

pub(crate) fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
