//! A request decoded to a few facts of its calls: the walk against owned prost, and both JSON ways.
//!
//! `cargo bench --bench decode`. 512 spans a request: Content has prompts and completions, Lean the
//! same without text, Mixed one LLM span among nine of HTTP and databases. Read the ratios.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message as _;
use tollgate::otlp::{self, Attribute, Fault, JsonRequest, SpanHeader, Value, Visitor};

use workload::{SPANS, Shape, Story, request};

mod workload;

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
    let bytes = request(shape, &Story::default()).encode_to_vec();
    bench(bencher, bytes.len()).bench_local(|| {
        let mut facts = Facts::default();
        otlp::walk(black_box(&bytes), &mut facts).expect("valid");
        facts
    });
}

#[divan::bench(args = SHAPES)]
fn owned_prost(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = request(shape, &Story::default()).encode_to_vec();
    bench(bencher, bytes.len()).bench_local(|| {
        let request = ExportTraceServiceRequest::decode(black_box(&bytes[..])).expect("valid");
        facts_of(&request)
    });
}

#[divan::bench(args = SHAPES)]
fn json(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = serde_json::to_vec(&request(shape, &Story::default())).expect("serializable");
    bench(bencher, bytes.len()).bench_local(|| {
        let mut facts = Facts::default();
        JsonRequest::parse(black_box(&bytes)).expect("valid").drive(&mut facts);
        facts
    });
}

#[divan::bench(args = SHAPES)]
fn owned_json(bencher: Bencher<'_, '_>, shape: Shape) {
    let bytes = serde_json::to_vec(&request(shape, &Story::default())).expect("serializable");
    bench(bencher, bytes.len()).bench_local(|| {
        let request = serde_json::from_slice(black_box(&bytes)).expect("valid");
        facts_of(&request)
    });
}

fn bench<'a, 'b>(bencher: Bencher<'a, 'b>, bytes: usize) -> Bencher<'a, 'b> {
    bencher.counter(ItemsCount::new(SPANS)).counter(BytesCount::new(bytes))
}

// === The same facts from both ===

impl Facts {
    fn attribute(&mut self, key: &str, value: Value<'_>) {
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
}

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

    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        let wanted = [
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.output_tokens",
            "gen_ai.provider.name",
            "gen_ai.request.model",
            "gen_ai.response.model",
            "error.type",
        ];
        if let Some(key) = wanted.into_iter().find(|key| key.as_bytes() == attribute.key()) {
            self.attribute(key, attribute.value()?);
        }
        Ok(())
    }

    fn event(&mut self, name: &'a str, _: u64) -> bool {
        name == "exception"
    }

    fn event_attribute(&mut self, _: Attribute<'a>) -> Result<(), Fault> {
        Ok(())
    }

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
                    facts.attribute(&attribute.key, value(attribute));
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
