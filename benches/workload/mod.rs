//! Export requests of 512 spans in the shapes that the benches, the soak and the allocation test share.
//!
//! Content has prompts and completions (3.9 KB a span), Lean the same without text, Mixed one LLM span
//! among nine of HTTP and databases. [`Traffic`] repeats a request with new ids, so that no span is a
//! duplicate of another.

// Each program uses a part.
#![allow(dead_code, unreachable_pub)]

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;

/// Spans of one request.
pub const SPANS: usize = 512;
/// How the response ids begin; sixteen digits of their own follow.
const ANSWER: &str = "chatcmpl-CEJq5nXb0VYpK";

/// What the spans carry.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// LLM calls with prompts and answers.
    Content,
    /// LLM calls without.
    Lean,
    /// One LLM call with text among nine spans of HTTP and databases.
    Mixed,
    /// No LLM call at all.
    Foreign,
}

/// What stands on the spans of one request.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// `service.name`.
    pub service: &'a str,
    /// `gen_ai.provider.name`.
    pub provider: &'a str,
    /// Models, in turn.
    pub models: &'a [&'a str],
}

impl Default for Story<'_> {
    fn default() -> Self {
        Self {
            service: "checkout-assistant",
            provider: "openai",
            models: &["gpt-4.1-mini", "gpt-4.1", "gpt-4o"],
        }
    }
}

/// The same request again and again, each time with new trace, span and response ids.
#[derive(Clone, Debug)]
pub struct Traffic {
    bytes: Vec<u8>,
    /// Where the low halves of the trace ids stand, and the span ids after them.
    spans: Vec<usize>,
    answers: Vec<usize>,
    next: u64,
}

impl Traffic {
    /// A request of this shape.
    pub fn new(shape: Shape, story: &Story<'_>) -> Self {
        let bytes = request(shape, story).encode_to_vec();
        let find = |pattern: &[u8]| {
            let hits = bytes.windows(pattern.len()).enumerate().filter(|(_, window)| *window == pattern);
            hits.map(|(at, _)| at).collect::<Vec<_>>()
        };
        // Field 1 of a span, sixteen bytes, and the half of a trace id that all share.
        let spans = find(&[&[0x0a, 16][..], &[0xab; 8]].concat()).into_iter().map(|at| at + 10).collect();
        let answers = find(ANSWER.as_bytes()).into_iter().map(|at| at + ANSWER.len()).collect();
        Self { bytes, spans, answers, next: 1 << 32 }
    }

    /// Starts the ids elsewhere: two streams of the same ids would be one.
    #[must_use]
    pub fn starting_at(mut self, id: u64) -> Self {
        self.next = id;
        self
    }

    /// The next request.
    pub fn next(&mut self) -> &[u8] {
        let first = self.next;
        self.next += SPANS as u64;
        for (id, &at) in (first..).zip(&self.spans) {
            self.bytes[at..at + 8].copy_from_slice(&id.to_be_bytes());
            // The tag and length of the span id come between.
            self.bytes[at + 10..at + 18].copy_from_slice(&id.to_be_bytes());
        }
        for (id, &at) in (first..).zip(&self.answers) {
            for (place, digit) in self.bytes[at..at + 16].iter_mut().enumerate() {
                *digit = b"0123456789abcdef"[(id >> (60 - 4 * place) & 15) as usize];
            }
        }
        &self.bytes
    }

    /// How long a request is, bytes.
    pub fn request_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// One export request.
pub fn request(shape: Shape, story: &Story<'_>) -> ExportTraceServiceRequest {
    let model = |index: usize| story.models[index % story.models.len()];
    let spans = (0..SPANS).map(|index| match shape {
        Shape::Content => call(index, story.provider, model(index), true),
        Shape::Lean => call(index, story.provider, model(index), false),
        Shape::Mixed if index % 10 == 0 => call(index, story.provider, model(index / 10), true),
        Shape::Mixed | Shape::Foreign if index % 2 == 0 => database(index),
        Shape::Mixed | Shape::Foreign => http(index),
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
        text("service.name", story.service),
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
        trace_id: [[0xab; 8], id.to_be_bytes()].concat(),
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

fn call(index: usize, provider: &str, model: &str, content: bool) -> Span {
    let reason = ArrayValue { values: vec![AnyValue { value: Some(Any::StringValue("stop".into())) }] };
    let mut attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", provider),
        text("gen_ai.request.model", model),
        text("gen_ai.response.model", model),
        text("gen_ai.response.id", &format!("{ANSWER}{index:016x}")),
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
    span(index, &format!("chat {model}"), attributes)
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
