//! Spans as libraries write them, and what becomes of them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use serde_json::Value;
use tollgate::dialect::Vocabulary;
use tollgate::engine::Reader;
use tollgate::explain::Explainer;
use tollgate::otlp;
use tollgate::price::{PriceBook, PricesConfig};
use tollgate::recognise::Recogniser;
use tollgate::settle::{Outcome, Reason, SettleSettings, Settler};

pub(crate) const OPENAI_HOST: &str = "api.openai.com";
const SECOND: u64 = 1_000_000_000;
/// Some moment of 2025; the spans' times are milliseconds after it.
const EPOCH: u64 = 1_760_000_000 * SECOND;

/// A span that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Draft(Span);

/// The spans of one scope in one export request.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    scope: &'static str,
    service: &'static str,
    spans: Vec<Span>,
}

/// What `explain` says.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) calls: Vec<Value>,
    pub(crate) skipped: Vec<Value>,
    pub(crate) retries: u32,
}

/// A settler whose clock the test moves, and what it told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) settler: Settler,
    reader: Reader,
    pub(crate) calls: u32,
    pub(crate) late: u32,
    pub(crate) left_out: u32,
    pub(crate) duplicates: u32,
}

/// A span id.
pub(crate) fn key(id: u8) -> Vec<u8> {
    vec![id; 8]
}

/// A span of no kind yet, from and to in milliseconds; parent 0 is none.
pub(crate) fn span(name: &str, id: u8, parent: u8, (start, end): (u64, u64)) -> Draft {
    Draft(Span {
        trace_id: vec![1; 16],
        span_id: key(id),
        parent_span_id: if parent == 0 { Vec::new() } else { key(parent) },
        name: name.to_owned(),
        start_time_unix_nano: EPOCH + start * 1_000_000,
        end_time_unix_nano: EPOCH + end * 1_000_000,
        ..Span::default()
    })
}

/// A call that went well, with its prompt's and its answer's tokens.
pub(crate) fn call(id: u8, parent: u8, time: (u64, u64), tokens: (i64, i64)) -> Draft {
    let called = span("chat gpt-4o-mini", id, parent, time).chat();
    called.with("gen_ai.response.model", "gpt-4o-mini-2024-07-18").tokens(tokens)
}

/// An HTTP request to OpenAI.
pub(crate) fn http(id: u8, parent: u8, time: (u64, u64), status: i64) -> Draft {
    let request = span("POST", id, parent, time).kind(SpanKind::Client).with("http.request.method", "POST");
    let request = request.with("url.full", "https://api.openai.com/v1/chat/completions");
    let request = request.with_number("http.response.status_code", status);
    if status < 400 { request } else { request.failed("") }
}

/// What `explain` says of these, in whatever order they come.
pub(crate) fn explain(exports: &[Export]) -> Story {
    let story = told_of(exports);
    let reversed: Vec<Export> = exports.iter().rev().flat_map(Export::one_by_one_from_the_last).collect();
    let otherwise = told_of(&reversed);
    assert_eq!(
        (story.calls.len(), story.input(), story.output(), story.retries),
        (otherwise.calls.len(), otherwise.input(), otherwise.output(), otherwise.retries),
        "the other way round it is another story: {otherwise:#?}"
    );
    story
}

fn told_of(exports: &[Export]) -> Story {
    let book = PriceBook::new(&PricesConfig::default()).expect("no overrides, no faults");
    let mut explainer = Explainer::new(Vocabulary::new(&[]), SettleSettings::default(), book);
    for export in exports {
        explainer.read_protobuf(&export.encode()).expect("valid");
    }
    let story = explainer.finish();
    let retries = story.calls.iter().map(|call| call.retries).sum();
    let list = |key: &str| story.to_json()[key].as_array().cloned().unwrap_or_default();
    Story { calls: list("calls"), skipped: list("skipped"), retries }
}

// === impl Draft ===

impl Draft {
    /// A chat with GPT-4o mini of OpenAI, as the convention writes it.
    pub(crate) fn chat(self) -> Self {
        let named = self.kind(SpanKind::Client).with("gen_ai.operation.name", "chat");
        named.provider("openai").with("gen_ai.request.model", "gpt-4o-mini")
    }

    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        self.attribute(key, any_value::Value::StringValue(value.to_owned()))
    }

    pub(crate) fn with_number(self, key: &str, value: i64) -> Self {
        self.attribute(key, any_value::Value::IntValue(value))
    }

    /// States an attribute, in place of what was there.
    fn attribute(mut self, key: &str, value: any_value::Value) -> Self {
        self.0.attributes.retain(|known| known.key != key);
        let value = Some(AnyValue { value: Some(value) });
        self.0.attributes.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() });
        self
    }

    pub(crate) fn tokens(self, (input, output): (i64, i64)) -> Self {
        self.with_number("gen_ai.usage.input_tokens", input).with_number("gen_ai.usage.output_tokens", output)
    }

    pub(crate) fn model(self, model: &str) -> Self {
        self.with("gen_ai.request.model", model).with("gen_ai.response.model", model)
    }

    pub(crate) fn provider(self, provider: &str) -> Self {
        self.with("gen_ai.provider.name", provider)
    }

    pub(crate) fn response(self, id: &str) -> Self {
        self.with("gen_ai.response.id", id)
    }

    pub(crate) fn in_trace(mut self, trace: u8) -> Self {
        self.0.trace_id = vec![trace; 16];
        self
    }

    pub(crate) fn kind(mut self, kind: SpanKind) -> Self {
        self.0.kind = kind.into();
        self
    }

    pub(crate) fn failed(mut self, message: &str) -> Self {
        self.0.status = Some(Status { message: message.to_owned(), code: 2 });
        self
    }

    pub(crate) fn build(self) -> Span {
        self.0
    }
}

// === impl Export ===

impl Export {
    pub(crate) fn by(scope: &'static str, spans: impl IntoIterator<Item = Span>) -> Self {
        Self { scope, service: "shop", spans: spans.into_iter().collect() }
    }

    pub(crate) const fn of_service(mut self, service: &'static str) -> Self {
        self.service = service;
        self
    }

    fn one_by_one_from_the_last(&self) -> impl Iterator<Item = Self> + '_ {
        self.spans.iter().rev().map(|span| Self { spans: vec![span.clone()], ..*self })
    }

    fn encode(&self) -> Vec<u8> {
        let service = any_value::Value::StringValue(self.service.to_owned());
        let service = KeyValue {
            key: "service.name".to_owned(),
            value: Some(AnyValue { value: Some(service) }),
            ..KeyValue::default()
        };
        let scope = InstrumentationScope { name: self.scope.to_owned(), ..InstrumentationScope::default() };
        let scope_spans =
            ScopeSpans { scope: Some(scope), spans: self.spans.clone(), ..ScopeSpans::default() };
        let resource = Resource { attributes: vec![service], ..Resource::default() };
        let resource_spans = ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![scope_spans],
            ..ResourceSpans::default()
        };
        ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec()
    }
}

// === impl Story ===

impl Story {
    /// Prompt tokens of all calls.
    pub(crate) fn input(&self) -> u64 {
        self.sum("input")
    }

    /// Completion tokens of all calls.
    pub(crate) fn output(&self) -> u64 {
        self.sum("output")
    }

    fn sum(&self, kind: &str) -> u64 {
        self.calls.iter().filter_map(|call| call["tokens"][kind].as_u64()).sum()
    }

    /// Spans left out for this reason.
    pub(crate) fn count(&self, reason: &str) -> usize {
        self.skipped.iter().filter(|span| span["reason"] == reason).count()
    }
}

// === impl Told ===

impl Told {
    pub(crate) fn new(settings: SettleSettings) -> Self {
        Self {
            settler: Settler::new(settings),
            reader: Reader::default(),
            calls: 0,
            late: 0,
            left_out: 0,
            duplicates: 0,
        }
    }

    /// An export that comes at this second.
    pub(crate) fn offer(&mut self, export: &Export, second: u64) {
        let vocabulary = Vocabulary::new(&[]);
        let bytes = export.encode();
        let mut recogniser = Recogniser::new(&vocabulary);
        otlp::walk(&bytes, &mut recogniser).expect("valid");
        let batch = self.reader.read(&recogniser.finish());
        self.listen(|settler, tell| settler.offer(batch, second * SECOND, tell));
    }

    /// What is settled at this second.
    pub(crate) fn settle(&mut self, second: u64) {
        self.listen(|settler, tell| settler.settle(second * SECOND, tell));
    }

    fn listen(&mut self, ask: impl FnOnce(&mut Settler, &mut dyn FnMut(Outcome<'_>))) {
        let Self { settler, reader: _, calls, late, left_out, duplicates } = self;
        ask(settler, &mut |outcome| match outcome {
            Outcome::Call(_) => *calls += 1,
            Outcome::Late(_) => *late += 1,
            Outcome::Skipped { reason, .. } => {
                *left_out += 1;
                *duplicates += u32::from(reason == Reason::Duplicate);
            }
        });
    }
}
