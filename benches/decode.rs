//! A request decoded to a few facts of its calls: the walk against owned prost, and both JSON ways.
//!
//! `cargo bench --bench decode`. 512 spans a request: Content has prompts and completions, Lean the
//! same without text, Mixed one LLM span among nine of HTTP and databases. Read the ratios.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use tollgate::otlp::{self, Fault, JsonRequest, SpanHeader, Value, Visitor};

const SPANS: usize = 512;

#[derive(Clone, Copy, Debug)]
enum Shape {
    Content,
    Lean,
    Mixed,
}

const SHAPES: [Shape; 3] = [Shape::Content, Shape::Lean, Shape::Mixed];

/// What both sides must find out: the same work after decoding.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    calls: u64,
    tokens: i64,
    text: usize,
    nanoseconds: u64,
}

fn main() {
    divan::main();
}

#[divan::bench(args = SHAPES)]
fn walk(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = request(shape).encode_to_vec();
    bench(bencher, bytes.len()).bench_local(|| {
        let mut facts = Facts::default();
        otlp::walk(black_box(&bytes), &mut facts).expect("valid");
        facts
    });
}

#[divan::bench(args = SHAPES)]
fn owned_prost(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = request(shape).encode_to_vec();
    bench(bencher, bytes.len()).bench_local(|| {
        let request = ExportTraceServiceRequest::decode(black_box(&bytes[..])).expect("valid");
        facts_of(&request)
    });
}

#[divan::bench(args = SHAPES)]
fn json(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = serde_json::to_vec(&request(shape)).expect("serializable");
    bench(bencher, bytes.len()).bench_local(|| {
        let mut facts = Facts::default();
        JsonRequest::parse(black_box(&bytes)).expect("valid").drive(&mut facts);
        facts
    });
}

#[divan::bench(args = SHAPES)]
fn owned_json(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = serde_json::to_vec(&request(shape)).expect("serializable");
    bench(bencher, bytes.len()).bench_local(|| {
        let request = serde_json::from_slice(black_box(&bytes)).expect("valid");
        facts_of(&request)
    });
}

fn bench<'a, 'b>(bencher: Bencher<'a, 'b>, bytes: usize) -> Bencher<'a, 'b> {
    bencher.counter(ItemsCount::new(SPANS)).counter(BytesCount::new(bytes))
}

// === The same facts from both ===

impl<'a> Visitor<'a> for Facts {
    fn resource(&mut self) {}

    fn resource_attribute(&mut self, key: &'a str, value: Value<'a>) {
        if let ("service.name", Value::Text(text)) = (key, value) {
            self.text += text.len();
        }
    }

    fn scope(&mut self, name: &'a str, _: &'a str) {
        self.text += name.len();
    }

    fn span_attribute(&mut self, key: &'a str, value: Value<'a>) {
        match (key, value) {
            ("gen_ai.usage.input_tokens" | "gen_ai.usage.output_tokens", Value::Int(tokens)) => {
                self.calls += 1;
                self.tokens += tokens;
            }
            (
                "gen_ai.provider.name" | "gen_ai.request.model" | "gen_ai.response.model" | "error.type",
                Value::Text(text),
            ) => self.text += text.len(),
            _ => {}
        }
    }

    fn event(&mut self, name: &'a str, _: u64) -> bool {
        name == "exception"
    }

    fn event_attribute(&mut self, _: &'a str, _: Value<'a>) {}

    fn span(&mut self, header: &SpanHeader<'a>) {
        self.nanoseconds += header.end_unix_nano - header.start_unix_nano;
    }

    fn malformed_span(&mut self, _: Fault) {}
}

fn facts_of(request: &ExportTraceServiceRequest) -> Facts {
    let mut facts = Facts::default();
    for resource_spans in &request.resource_spans {
        for attribute in resource_spans.resource.iter().flat_map(|resource| &resource.attributes) {
            facts.resource_attribute(&attribute.key, value(attribute));
        }
        for scope_spans in &resource_spans.scope_spans {
            facts.scope(scope_spans.scope.as_ref().map_or("", |scope| &scope.name), "");
            for span in &scope_spans.spans {
                for attribute in &span.attributes {
                    facts.span_attribute(&attribute.key, value(attribute));
                }
                facts.nanoseconds += span.end_time_unix_nano - span.start_time_unix_nano;
            }
        }
    }
    facts
}

fn value(attribute: &KeyValue) -> Value<'_> {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => Value::Text(text),
        Some(Any::IntValue(number)) => Value::Int(*number),
        _ => Value::Empty,
    }
}

// === The requests ===

fn request(shape: Shape) -> ExportTraceServiceRequest {
    let spans = (0..SPANS).map(|index| match shape {
        Shape::Content => call(index, true),
        Shape::Lean => call(index, false),
        Shape::Mixed if index % 10 == 0 => call(index, true),
        Shape::Mixed if index % 2 == 0 => database(index),
        Shape::Mixed => http(index),
    });
    let scope_spans = ScopeSpans {
        scope: Some(InstrumentationScope {
            name: "opentelemetry.instrumentation.openai_v2".into(),
            version: "2.4b0".into(),
            ..Default::default()
        }),
        spans: spans.collect(),
        schema_url: "https://opentelemetry.io/schemas/1.37.0".into(),
    };
    let attributes = vec![
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.version", "1.45.2"),
        text("service.name", "checkout-assistant"),
        text("deployment.environment.name", "production"),
    ];
    let resource = Some(Resource { attributes, ..Default::default() });
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource,
            scope_spans: vec![scope_spans],
            ..Default::default()
        }],
    }
}

fn span(index: usize, name: &str, attributes: Vec<KeyValue>) -> Span {
    let id = index as u64 + 1;
    Span {
        trace_id: [id.to_be_bytes(), id.to_le_bytes()].concat(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: (id / 2 + 1).to_be_bytes().to_vec(),
        flags: 0x101,
        name: name.into(),
        kind: 3,
        start_time_unix_nano: 1_795_297_273_602_027_171,
        end_time_unix_nano: 1_795_297_274_602_027_171 + id,
        attributes,
        status: Some(Status::default()),
        ..Default::default()
    }
}

fn call(index: usize, content: bool) -> Span {
    let reason = ArrayValue { values: vec![AnyValue { value: Some(Any::StringValue("stop".into())) }] };
    let mut attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", "gpt-4.1-mini"),
        text("gen_ai.response.model", "gpt-4.1-mini-2025-04-14"),
        text("gen_ai.response.id", "chatcmpl-CEJq5nXb0VYpKqRkZLq2mF7dT3sWu"),
        any("gen_ai.response.finish_reasons", Any::ArrayValue(reason)),
        any("gen_ai.usage.input_tokens", Any::IntValue(1800 + index as i64)),
        any("gen_ai.usage.output_tokens", Any::IntValue(240)),
        any("gen_ai.request.temperature", Any::DoubleValue(0.7)),
        any("gen_ai.request.max_tokens", Any::IntValue(1024)),
        text("server.address", "api.openai.com"),
        any("server.port", Any::IntValue(443)),
        text("openai.response.service_tier", "default"),
        text("openai.response.system_fingerprint", "fp_44added55e"),
    ];
    if content {
        let prompt = r#"[{"role":"user","parts":[{"type":"text","content":"Where is my parcel?"}]}]"#;
        attributes.push(text("gen_ai.input.messages", &prompt.repeat(28)));
        attributes.push(text("gen_ai.output.messages", &prompt.repeat(14)));
    }
    span(index, "chat gpt-4.1-mini", attributes)
}

fn http(index: usize) -> Span {
    let attributes = vec![
        text("http.request.method", "GET"),
        text("url.full", "https://catalogue.internal.example/v2/products/5510?currency=EUR"),
        text("server.address", "catalogue.internal.example"),
        any("server.port", Any::IntValue(443)),
        any("http.response.status_code", Any::IntValue(200)),
        text("network.protocol.version", "1.1"),
        text("user_agent.original", "python-httpx/0.28.1"),
    ];
    span(index, "GET", attributes)
}

fn database(index: usize) -> Span {
    let statement = "SELECT id, name, price FROM products WHERE category = $1 ORDER BY rank LIMIT 20";
    let attributes = vec![
        text("db.system.name", "postgresql"),
        text("db.namespace", "catalogue"),
        text("db.operation.name", "SELECT"),
        text("db.collection.name", "products"),
        text("db.query.text", statement),
        text("server.address", "postgres.internal.example"),
        any("server.port", Any::IntValue(5432)),
    ];
    span(index, "SELECT products", attributes)
}

fn text(key: &str, value: &str) -> KeyValue {
    any(key, Any::StringValue(value.into()))
}

fn any(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}
