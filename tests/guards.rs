//! What must not make a call, and what must not change one: attributes that nobody lists, on spans of every library.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value::{
    self, BoolValue, DoubleValue, IntValue, StringValue,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use tollgate::dialect::Vocabulary;
use tollgate::engine::Reader;
use tollgate::record::RecordBatch;

#[path = "captures/scenario.rs"]
#[expect(dead_code, reason = "the truth about a capture is for the tests of the captures")]
mod scenario;

/// Words of ordinary attributes, some of them near those of models.
const WORDS: &[&str] = &[
    "acme",
    "app",
    "auth",
    "batch",
    "cart",
    "cost_center",
    "csrf_token",
    "db",
    "endpoint",
    "feature",
    "flag",
    "http",
    "invoice",
    "job",
    "kafka",
    "latency",
    "limit",
    "max_tokens_per_day",
    "order",
    "page",
    "prompt_template",
    "queue",
    "region",
    "rows",
    "score",
    "session",
    "shop",
    "size",
    "tenant",
    "token_endpoint",
    "token_type",
    "tokens_left",
    "train",
    "user",
    "version",
    "zone",
];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(IntValue),
        (0..5000_i64).prop_map(IntValue),
        any::<f64>().prop_map(DoubleValue),
        any::<bool>().prop_map(BoolValue),
        prop::sample::select(vec![
            "",
            "llm",
            "chat",
            "gpt-4o",
            "429",
            "error",
            "openai",
            "{\"usage\": {\"prompt_tokens\": 5}}"
        ])
        .prop_map(|text| StringValue(text.to_owned())),
    ]
}

fn attribute() -> impl Strategy<Value = KeyValue> {
    let key = prop::collection::vec(prop::sample::select(WORDS), 1..4).prop_map(|words| words.join("."));
    (key, value()).prop_map(|(key, value)| KeyValue {
        key,
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    })
}

/// Roles, tokens, classes, models of the spans, in their order.
fn story(batch: &RecordBatch) -> Vec<String> {
    let one = |record: &tollgate::record::Record| {
        let shape = &batch.shapes[record.shape as usize];
        let class = record.of_evidence(|evidence| evidence.error).map(|error| error.class);
        let model = shape.text(tollgate::record::Name::RequestModel);
        format!("{:?} {:?} {:?} {class:?} {model}", record.span_id, record.role, record.tokens())
    };
    batch.records.iter().map(one).collect()
}

fn read(bytes: &[u8]) -> RecordBatch {
    Reader::default().read_protobuf(&Vocabulary::new(&[]), bytes).unwrap()
}

/// Guarantees: no attribute outside the vocabulary and the shapes of keys that tell changes what a recognised span is, its
/// tokens or its class; whether it comes before the known ones or after.
#[test]
fn foreign_attributes_change_nothing() {
    let requests: Vec<Vec<u8>> =
        scenario::captures().into_iter().step_by(5).flat_map(|scenario| scenario.requests).collect();
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let world = (0..requests.len(), prop::collection::vec(attribute(), 1..6), any::<bool>());
    let result = runner.run(&world, |(index, foreign, first)| {
        let mut request = ExportTraceServiceRequest::decode(requests[index].as_slice()).unwrap();
        let scopes = request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
        for span in scopes.flat_map(|scope| &mut scope.spans) {
            let at = if first { 0 } else { span.attributes.len() };
            span.attributes.splice(at..at, foreign.iter().cloned());
        }
        prop_assert_eq!(story(&read(&request.encode_to_vec())), story(&read(&requests[index])));
        Ok(())
    });
    result.unwrap();
}

// === vendors that nobody knows ===

struct Vendor {
    name: &'static str,
    answered: Vec<(&'static str, Value)>,
    failed: Vec<(&'static str, Value)>,
    /// An event of the answer, with its attributes.
    event: Option<(&'static str, Vec<(&'static str, Value)>)>,
    client: bool,
}

fn text(text: &str) -> Value {
    StringValue(text.to_owned())
}

fn vendor(
    name: &'static str,
    answered: Vec<(&'static str, Value)>,
    failed: Vec<(&'static str, Value)>,
) -> Vendor {
    Vendor { name, answered, failed, event: None, client: false }
}

/// Twenty ways to tell of a call: own markers, own keys, events, JSON.
#[expect(clippy::too_many_lines, reason = "one vendor after the other, to be read as a list")]
fn vendors() -> Vec<Vendor> {
    let json = |value: serde_json::Value| text(&value.to_string());
    let numbers =
        |input: &'static str, output: &'static str| vec![(input, IntValue(70)), (output, IntValue(11))];
    let marked = |marker: &'static str, word: &str, model: &'static str, more: Vec<(&'static str, Value)>| {
        let failed = vec![(marker, text(word)), (model, text("house-7b"))];
        (failed.iter().cloned().chain(more).collect::<Vec<_>>(), failed)
    };
    let of = |name, (answered, failed)| vendor(name, answered, failed);
    vec![
        of(
            "orbit",
            marked(
                "orbit.span.kind",
                "LLM",
                "orbit.model",
                numbers("orbit.usage.prompt_tokens", "orbit.usage.completion_tokens"),
            ),
        ),
        of(
            "tarn",
            marked(
                "tarn.span_type",
                "llm",
                "tarn.model_name",
                numbers("tarn.tokens.prompt", "tarn.tokens.completion"),
            ),
        ),
        of(
            "fjord",
            marked(
                "fjord.observation.type",
                "GENERATION",
                "fjord.request.model",
                numbers("fjord.inputTokens", "fjord.outputTokens"),
            ),
        ),
        of(
            "heron",
            marked(
                "heron.request.type",
                "\"chat\"",
                "heron.model.name",
                numbers("heron.usage.input_tokens", "heron.usage.output_tokens"),
            ),
        ),
        of(
            "sable",
            marked(
                "sable.log_type",
                "completion",
                "sable.model",
                numbers("sable.prompt_token_count", "sable.completion_token_count"),
            ),
        ),
        of(
            "moor",
            marked(
                "moor.run_type",
                "llm",
                "moor.model_id",
                numbers("moor.usage.prompt_tokens", "moor.usage.completion_tokens"),
            ),
        ),
        of(
            "quill",
            marked(
                "quill:span-kind",
                "inference",
                "quill.model",
                numbers("quill.input_tokens", "quill.output_tokens"),
            ),
        ),
        of(
            "cairn",
            marked(
                "cairn.span.type",
                "chat-completion",
                "cairn.model",
                vec![(
                    "cairn.usage",
                    json(serde_json::json!({"prompt_tokens": 70, "completion_tokens": 11})),
                )],
            ),
        ),
        Vendor {
            client: true,
            ..of(
                "gen-ai words",
                marked(
                    "gen_ai.operation.name",
                    "acme_ask",
                    "gen_ai.request.model",
                    numbers("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
                ),
            )
        },
        of(
            "bare usage",
            marked(
                "gen_ai.provider.name",
                "acme",
                "gen_ai.request.model",
                numbers("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
            ),
        ),
        of(
            "openinference of others",
            marked(
                "openinference.span.kind",
                "LLM",
                "llm.model_name",
                numbers("llm.token_count.prompt", "llm.token_count.completion"),
            ),
        ),
        of(
            "older semconv",
            marked(
                "llm.request.type",
                "chat",
                "gen_ai.request.model",
                numbers("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
            ),
        ),
        of(
            "thoughts",
            marked(
                "pine.span.kind",
                "llm",
                "pine.model",
                [
                    numbers("pine.usage.input_tokens", "pine.usage.output_tokens"),
                    vec![("pine.usage.reasoning_tokens", IntValue(4))],
                ]
                .concat(),
            ),
        ),
        of(
            "cached",
            marked(
                "elm.span.kind",
                "llm",
                "elm.model",
                [
                    numbers("elm.usage.input_tokens", "elm.usage.output_tokens"),
                    vec![("elm.usage.cached_tokens", IntValue(4))],
                ]
                .concat(),
            ),
        ),
        of(
            "answer in JSON",
            marked(
                "ash.span.kind",
                "llm",
                "ash.model",
                vec![(
                    "output.value",
                    json(serde_json::json!({"usage": {"prompt_tokens": 70, "completion_tokens": 11}})),
                )],
            ),
        ),
        of(
            "upper case",
            marked(
                "oak.SPAN.KIND",
                "Chat",
                "oak.model",
                numbers("oak.Usage.PromptTokens", "oak.Usage.CompletionTokens"),
            ),
        ),
        Vendor {
            event: Some((
                "reed.usage",
                vec![("prompt_tokens", IntValue(70)), ("completion_tokens", IntValue(11))],
            )),
            ..of("numbers in an event", marked("reed.span.kind", "llm", "reed.model", Vec::new()))
        },
        Vendor {
            client: true,
            ..of(
                "client without a marker",
                marked(
                    "gen_ai.system",
                    "acme",
                    "gen_ai.request.model",
                    numbers("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
                ),
            )
        },
        of(
            "JSON only",
            marked(
                "fern.type",
                "llm_call",
                "fern.engine",
                vec![(
                    "fern.response",
                    json(serde_json::json!({"usage": {"prompt_tokens": 70, "completion_tokens": 11}})),
                )],
            ),
        ),
        of(
            "own words only",
            marked(
                "dune.kind_of_work",
                "asking",
                "dune.brain",
                vec![
                    ("dune.prompt", text("p")),
                    ("dune.completion", text("c")),
                    ("dune.model", text("house-7b")),
                ],
            ),
        ),
    ]
}

fn span(vendor: &Vendor, failed: bool) -> Vec<u8> {
    let attributes = |pairs: &[(&str, Value)]| {
        let one = |(key, value): &(&str, Value)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(value.clone()) }),
            ..KeyValue::default()
        };
        pairs.iter().map(one).collect::<Vec<_>>()
    };
    let event = vendor.event.iter().filter(|_| !failed);
    let span = Span {
        trace_id: vec![7; 16],
        span_id: vec![8; 8],
        name: "work".to_owned(),
        kind: if vendor.client { 3 } else { 1 },
        start_time_unix_nano: 1_795_297_280_000_000_000,
        end_time_unix_nano: 1_795_297_281_000_000_000,
        attributes: attributes(if failed { &vendor.failed } else { &vendor.answered }),
        events: event
            .map(|(name, pairs)| opentelemetry_proto::tonic::trace::v1::span::Event {
                name: (*name).to_owned(),
                attributes: attributes(pairs),
                ..Default::default()
            })
            .collect(),
        status: Some(Status {
            code: if failed { 2 } else { 0 },
            message: if failed { "429 Too Many Requests".to_owned() } else { String::new() },
        }),
        ..Span::default()
    };
    let scope = Some(InstrumentationScope {
        name: format!("{} tracer", vendor.name),
        ..InstrumentationScope::default()
    });
    let scope_spans = vec![ScopeSpans { scope, spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Guarantees: the calls of a vendor that nobody knows are found, answered with their tokens and failed with their class;
/// or its scope is counted as unread, so that somebody is told.
#[test]
fn vendors_that_nobody_knows_are_read_or_named() {
    let (mut silent, mut read_well) = (Vec::new(), 0);
    let all = vendors();
    assert_eq!(all.len(), 20);
    for vendor in &all {
        let batches = [false, true].map(|failed| read(&span(vendor, failed)));
        let named = batches.iter().any(|batch| !batch.unread.is_empty());
        for (failed, batch) in [false, true].into_iter().zip(&batches) {
            let call = batch.records.iter().find(|record| record.role == tollgate::facts::Role::Call);
            let right = call.is_some_and(|call| {
                let class = call.of_evidence(|evidence| evidence.error).map(|error| error.class.label());
                if failed { class == Some("rate_limit") } else { call.usage() == Some((70, 11)) }
            });
            read_well += u32::from(right);
            if !right && !named {
                silent.push(format!("{} failed {failed}: {:?}", vendor.name, story(batch)));
            }
        }
    }
    assert!(silent.is_empty(), "{} of 40 told of nowhere:\n{}", silent.len(), silent.join("\n"));
    assert!(read_well >= 34, "{read_well} of 40 read");
}
