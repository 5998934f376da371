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
    /// Two: a span of another library stands around every call.
    pub instrumentations: usize,
}

impl Default for Story<'_> {
    fn default() -> Self {
        Self {
            service: "checkout-assistant",
            provider: "openai",
            models: &["gpt-4.1-mini", "gpt-4.1", "gpt-4o"],
            instrumentations: 1,
        }
    }
}

/// The same request again and again, each time with new trace, span and response ids.
#[derive(Clone, Debug)]
pub struct Traffic {
    bytes: Vec<u8>,
    spans: Vec<Place>,
    answers: Vec<usize>,
    calls: u64,
    next: u64,
}

/// Where the ids of a span stand.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The low half of its trace id; its span id comes 10 bytes later, its parent 20.
    at: usize,
    /// Which span of the request it is, or is around.
    index: u64,
    /// True for the span of another library around a call.
    around: bool,
}

/// Tells the span around a call from the call.
const AROUND: u64 = 1 << 63;

impl Shape {
    /// The shape of this name.
    pub fn named(name: &str) -> Self {
        let all = [Self::Content, Self::Lean, Self::Mixed, Self::Foreign];
        all.into_iter().find(|shape| format!("{shape:?}") == name).expect("Content, Lean, Mixed or Foreign")
    }
}

impl Traffic {
    /// A request of this shape.
    pub fn new(shape: Shape, story: &Story<'_>) -> Self {
        Self::sized(shape, story, SPANS)
    }

    /// A request of so many spans, those around calls not counted.
    pub fn sized(shape: Shape, story: &Story<'_>, count: usize) -> Self {
        let bytes = request_of(shape, story, count).encode_to_vec();
        let find = |pattern: &[u8]| {
            let hits = bytes.windows(pattern.len()).enumerate().filter(|(_, window)| *window == pattern);
            hits.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let inner = (0..count).map(|index| (index, false));
        let around = (0..count).filter(|&index| is_call(shape, index)).map(|index| (index, true));
        // Field 1 of a span, sixteen bytes, and the half of a trace id that all share.
        let spans = find(&[&[0x0a, 16][..], &[0xab; 8]].concat()).into_iter().zip(inner.chain(around));
        let place = |(at, (index, around))| Place { at: at + 10, index: index as u64, around };
        let answers = find(ANSWER.as_bytes()).into_iter().map(|at| at + ANSWER.len()).collect();
        Self { spans: spans.map(place).collect(), bytes, answers, calls: count as u64, next: 1 << 32 }
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
        self.next += self.calls;
        for place in &self.spans {
            let (at, id) = (place.at, first + place.index);
            self.bytes[at..at + 8].copy_from_slice(&id.to_be_bytes());
            // Tags and lengths of the span id and of the parent come between.
            let own = if place.around { id | AROUND } else { id };
            self.bytes[at + 10..at + 18].copy_from_slice(&own.to_be_bytes());
            if !place.around {
                self.bytes[at + 20..at + 28].copy_from_slice(&(id | AROUND).to_be_bytes());
            }
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

    /// Spans of one request.
    pub fn spans(&self) -> usize {
        self.spans.len()
    }
}

const fn is_call(shape: Shape, index: usize) -> bool {
    match shape {
        Shape::Content | Shape::Lean => true,
        Shape::Mixed => index.is_multiple_of(10),
        Shape::Foreign => false,
    }
}

/// One export request.
pub fn request(shape: Shape, story: &Story<'_>) -> ExportTraceServiceRequest {
    request_of(shape, story, SPANS)
}

fn request_of(shape: Shape, story: &Story<'_>, count: usize) -> ExportTraceServiceRequest {
    let content = !matches!(shape, Shape::Lean);
    let model = |index: usize| {
        let call = if matches!(shape, Shape::Mixed) { index / 10 } else { index };
        story.models[call % story.models.len()]
    };
    let spans = (0..count).map(|index| match index % 2 {
        _ if is_call(shape, index) => call(index, story.provider, model(index), content),
        0 => database(index),
        _ => http(index),
    });
    let around = (0..count).filter(|&index| is_call(shape, index) && story.instrumentations > 1);
    let around: Vec<Span> = around.map(|index| around_call(index, model(index))).collect();
    let mut scopes = vec![scope("opentelemetry.instrumentation.openai_v2", "2.4b0", spans.collect())];
    if !around.is_empty() {
        scopes.push(scope("openinference.instrumentation.openai", "0.1.40", around));
    }
    let attributes = vec![
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.version", "1.45.2"),
        text("service.name", story.service),
        text("deployment.environment.name", "production"),
    ];
    let resource = Some(Resource { attributes, ..Default::default() });
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans: scopes, ..Default::default() }],
    }
}

fn scope(name: &str, version: &str, spans: Vec<Span>) -> ScopeSpans {
    let scope = InstrumentationScope { name: name.into(), version: version.into(), ..Default::default() };
    ScopeSpans { scope: Some(scope), spans, schema_url: "https://opentelemetry.io/schemas/1.37.0".into() }
}

/// The same call as another library tells it.
fn around_call(index: usize, model: &str) -> Span {
    let attributes = vec![
        text("openinference.span.kind", "LLM"),
        text("llm.provider", "openai"),
        text("llm.system", "openai"),
        text("llm.model_name", model),
        any("llm.token_count.prompt", Any::IntValue(1800 + index as i64)),
        any("llm.token_count.completion", Any::IntValue(240)),
        any("llm.token_count.total", Any::IntValue(2040 + index as i64)),
    ];
    Span {
        parent_span_id: Vec::new(),
        kind: 1,
        end_time_unix_nano: 1_795_297_274_603_027_171 + index as u64,
        ..span(index, "ChatCompletion", attributes)
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
