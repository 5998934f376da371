//! Spans by the hundred, made from numbers, on the server's own way to the settler.

// Each program uses a part.
#![allow(dead_code, unreachable_pub)]

pub mod shapes;

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use tollgate::dialect::Vocabulary;
use tollgate::engine::Reader;
use tollgate::otlp;
use tollgate::recognise::Recogniser;
use tollgate::record::RecordBatch;
use tollgate::settle::{Outcome, SettleSettings, Settler};

/// Some moment of 2025.
const EPOCH: u64 = 1_760_000_000_000_000_000;
const MILLI: u64 = 1_000_000;
pub const SECOND: u64 = 1_000_000_000;

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Call,
    Agent,
    Request,
    Plain,
}

/// One span, as numbers.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub what: What,
    pub id: u64,
    pub parent: u64,
    pub trace: u64,
    pub service: u64,
    pub scope: String,
    /// 0 is none.
    pub answer: u64,
    pub usage: Option<(i64, i64)>,
    /// Milliseconds.
    pub time: (u64, u64),
    pub failed: bool,
    /// What the trace says of itself.
    pub trace_state: &'static str,
    /// An attribute that says how many spans this one stands for.
    pub rate: Option<(&'static str, f64)>,
}

impl Sketch {
    /// A call of one second, by the SDK's own instrumentation.
    pub fn call(id: u64) -> Self {
        Self {
            what: What::Call,
            id,
            parent: 0,
            trace: id,
            service: 1,
            scope: "opentelemetry.instrumentation.openai_v2".into(),
            answer: 0,
            usage: Some((10, 5)),
            time: (1000, 2000),
            failed: false,
            trace_state: "",
            rate: None,
        }
    }

    fn span(&self) -> Span {
        let mut attributes = Vec::new();
        let mut text = |key: &str, value: String| attributes.push(attribute(key, Value::StringValue(value)));
        match self.what {
            What::Call | What::Agent => {
                let operation = if self.what == What::Call { "chat" } else { "invoke_agent" };
                text("gen_ai.operation.name", operation.into());
                text("gen_ai.provider.name", "openai".into());
                text("gen_ai.request.model", "gpt-4o-mini".into());
            }
            What::Request => {
                text("http.request.method", "POST".into());
                text("url.full", "https://api.openai.com/v1/chat/completions".into());
            }
            What::Plain => {}
        }
        if self.answer != 0 {
            text("gen_ai.response.id", format!("chatcmpl-AbCdEfGhIjKlMnOp{:016x}", self.answer));
        }
        if let Some((input, output)) = self.usage.filter(|_| self.what != What::Request) {
            attributes.push(attribute("gen_ai.usage.input_tokens", Value::IntValue(input)));
            attributes.push(attribute("gen_ai.usage.output_tokens", Value::IntValue(output)));
        }
        if let Some((key, rate)) = self.rate {
            attributes.push(attribute(key, Value::DoubleValue(rate)));
        }
        Span {
            trace_state: self.trace_state.to_owned(),
            trace_id: [[7; 8], self.trace.to_be_bytes()].concat(),
            span_id: self.id.to_be_bytes().to_vec(),
            parent_span_id: if self.parent == 0 { Vec::new() } else { self.parent.to_be_bytes().to_vec() },
            name: "span".into(),
            kind: 3,
            start_time_unix_nano: EPOCH + self.time.0 * MILLI,
            end_time_unix_nano: EPOCH + self.time.1 * MILLI,
            attributes,
            status: Some(Status { code: if self.failed { 2 } else { 0 }, ..Status::default() }),
            ..Span::default()
        }
    }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// One request of these spans.
pub fn request(sketches: &[Sketch]) -> Vec<u8> {
    let mut request = ExportTraceServiceRequest::default();
    for sketch in sketches {
        let service = attribute("service.name", Value::StringValue(format!("service-{}", sketch.service)));
        let scope = InstrumentationScope { name: sketch.scope.clone(), ..InstrumentationScope::default() };
        let spans = ScopeSpans { scope: Some(scope), spans: vec![sketch.span()], ..ScopeSpans::default() };
        request.resource_spans.push(ResourceSpans {
            resource: Some(Resource { attributes: vec![service], ..Resource::default() }),
            scope_spans: vec![spans],
            ..ResourceSpans::default()
        });
    }
    request.encode_to_vec()
}

/// Reads it.
pub fn read(reader: &Reader, vocabulary: &Vocabulary, sketches: &[Sketch]) -> RecordBatch {
    let bytes = request(sketches);
    let mut recogniser = Recogniser::new(vocabulary);
    otlp::walk(&bytes, &mut recogniser).expect("valid");
    reader.read(&recogniser.finish())
}

/// A call: its span, the spans that were merged into it, its tokens.
pub type CallTold = (u64, Vec<u64>, Option<(u64, u64)>);

/// What came of spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The calls.
    pub calls: BTreeSet<CallTold>,
    pub left_out: usize,
    pub early: u64,
}

impl Story {
    /// Prompt tokens of all calls.
    pub fn input(&self) -> u64 {
        self.calls.iter().filter_map(|(_, _, tokens)| tokens.map(|tokens| tokens.0)).sum()
    }
}

/// A settler, its clock and what it told.
#[derive(Debug)]
pub struct Told {
    pub settler: Settler,
    reader: Reader,
    vocabulary: Vocabulary,
    pub story: Story,
    pub now: u64,
}

impl Told {
    pub fn new(settings: SettleSettings) -> Self {
        let (reader, vocabulary) = (Reader::default(), Vocabulary::new(&[]));
        Self { settler: Settler::new(settings), reader, vocabulary, story: Story::default(), now: 0 }
    }

    /// One request of these spans comes, so many nanoseconds after the last.
    pub fn offer(&mut self, sketches: &[Sketch], after: u64) {
        self.now += after;
        let batch = read(&self.reader, &self.vocabulary, sketches);
        let story = &mut self.story;
        self.settler.settle(self.now, &mut |outcome| story.note(&outcome));
        self.settler.offer(batch, self.now, &mut |outcome| story.note(&outcome));
    }

    pub fn finish(mut self) -> Story {
        let story = &mut self.story;
        self.settler.finish(&mut |outcome| story.note(&outcome));
        self.story.early = self.settler.state().early;
        self.story
    }
}

impl Story {
    fn note(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Call(members) => {
                let call = members.merged();
                let id = |span_id: [u8; 8]| u64::from_be_bytes(span_id);
                let mut merged: Vec<u64> = call.merged_spans().map(|held| id(held.span_id)).collect();
                merged.sort_unstable();
                let tokens = call.tokens.map(|tokens| (tokens.input_total(), tokens.output_total()));
                self.calls.insert((id(call.key.span_id), merged, tokens));
            }
            Outcome::Late(_) => {}
            Outcome::Skipped { .. } => self.left_out += 1,
        }
    }
}

/// Numbers that look like chance, the same at every run.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
