//! What Tollgate cannot see, it says: spans that look like LLM traffic and are not read, and calls that could say more.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value::{self, DoubleValue, IntValue, StringValue};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tollgate::advice::Advice;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::facts::UnreadReason::{self, Host, Keys, Marker};
use tollgate::price::{PriceBook, PricesConfig};
use tollgate::record::RecordBatch;
use tollgate::telemetry::Event;

/// Why a span looks like a call, its kind, its attributes.
type Sign<'a> = (UnreadReason, i32, Vec<(&'a str, Value)>);

#[path = "captures/scenario.rs"]
#[expect(dead_code, reason = "the truth about a capture is for the tests of the captures")]
mod scenario;

const START: u64 = 1_795_297_280_000_000_000;
const CLIENT: i32 = 3;
const INTERNAL: i32 = 1;

fn text(text: &str) -> Value {
    StringValue(text.to_owned())
}

fn attributes(pairs: &[(&str, Value)]) -> Vec<KeyValue> {
    let one = |(key, value): &(&str, Value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue { value: Some(value.clone()) }),
        ..KeyValue::default()
    };
    pairs.iter().map(one).collect()
}

fn span(number: u64, kind: i32, pairs: &[(&str, Value)]) -> Span {
    Span {
        trace_id: [[7; 8], number.to_be_bytes()].concat(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: "work".to_owned(),
        kind,
        start_time_unix_nano: START,
        end_time_unix_nano: START + 1_000_000_000,
        attributes: attributes(pairs),
        ..Span::default()
    }
}

fn request(service: &str, scope: &str, spans: Vec<Span>) -> Vec<u8> {
    request_of(service, (scope, ""), spans)
}

fn request_of(service: &str, (name, version): (&str, &str), spans: Vec<Span>) -> Vec<u8> {
    let (name, version) = (name.to_owned(), version.to_owned());
    let scope = Some(InstrumentationScope { name, version, ..InstrumentationScope::default() });
    let service: &[(&str, Value)] = &[("service.name", text(service))][..usize::from(!service.is_empty())];
    let resource = Some(Resource { attributes: attributes(service), ..Resource::default() });
    let scope_spans = vec![ScopeSpans { scope, spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn read(spans: Vec<Span>) -> RecordBatch {
    Reader::default().read_protobuf(&Vocabulary::new(&[]), &request("shop", "acme.tracer", spans)).unwrap()
}

fn unread(batch: &RecordBatch) -> u64 {
    batch.unread.iter().map(|unread| unread.count).sum()
}

/// Scenario: an in-house library for each kind of sign, none of them known. Guarantees: each is named, by why it
/// looks like a call, unless it is read after all.
#[test]
fn what_looks_like_a_call_and_is_none_is_named() {
    let post = |url: &str| vec![("http.request.method", text("POST")), ("url.full", text(url))];
    let cases: &[Sign] = &[
        (Host, CLIENT, post("https://api.openai.com/v1/threads/t_1/runs")),
        (Host, CLIENT, post("https://api.anthropic.com/v2/think")),
        (Host, CLIENT, post("https://bedrock-runtime.us-east-1.amazonaws.com/model/x/async-think")),
        (
            Keys,
            INTERNAL,
            vec![("acme.usage.prompt_tokens", IntValue(9)), ("acme.usage.completion_tokens", IntValue(3))],
        ),
        (Keys, INTERNAL, vec![("acme.modelName", text("house-7b")), ("acme.inputTokens", IntValue(9))]),
        (
            Keys,
            INTERNAL,
            vec![
                ("acme.prompt", text("hi")),
                ("acme.completion", text("ho")),
                ("acme.cost", DoubleValue(0.1)),
            ],
        ),
        (Keys, INTERNAL, vec![("acme.llm.model", text("house-7b")), ("acme.llm.usage", text("{}"))]),
        (
            Keys,
            INTERNAL,
            vec![("acme/model", text("m")), ("acme/prompt", text("p")), ("acme/usage", text("{}"))],
        ),
        (Marker, INTERNAL, vec![("acme.span.kind", text("LLM")), ("acme.engine", text("house-7b"))]),
        (Marker, INTERNAL, vec![("acme.type", text("llm_call"))]),
        (Marker, INTERNAL, vec![("acme.step_type", text("\"chat_completion\""))]),
        (Marker, INTERNAL, vec![("acme.type", text("generation")), ("acme.model", text("house-7b"))]),
        (Marker, CLIENT, vec![("acme.model", text("gpt-4o-mini"))]),
    ];
    for (reason, kind, pairs) in cases {
        let batch = read(vec![span(1, *kind, pairs)]);
        let named = batch.unread.first().map(|unread| (unread.reason, &*unread.scope));
        let read_after_all = !batch.records.is_empty();
        assert!(named == Some((*reason, "acme.tracer")) || read_after_all, "{pairs:?}: {named:?}");
    }
}

/// Scenario: Micrometer's HTTP client, which states no path, below a call that is read. Guarantees: it is a part of
/// that call and raises no alarm; alone it does.
#[test]
fn a_request_below_a_call_is_a_part_of_it() {
    let pairs = [("http.request.method", text("POST")), ("server.address", text("api.openai.com"))];
    let alone = span(1, CLIENT, &pairs);
    assert_eq!(unread(&read(vec![alone.clone()])), 1);
    let outer = Span { span_id: vec![9; 8], ..span(1, CLIENT, &call("gpt-4o-mini", &[])) };
    let inner = Span { parent_span_id: vec![9; 8], ..alone };
    assert_eq!(unread(&read(vec![inner, outer])), 0);
}

/// Guarantees: keys are told, values never.
#[test]
fn the_keys_are_told_and_no_value() {
    let pairs = [
        ("acme.prompt", text("Aldebaran")),
        ("acme.completion", text("Aldebaran")),
        ("acme.model", text("m")),
    ];
    let batch = read(vec![span(1, INTERNAL, &pairs)]);
    assert_eq!(batch.unread.len(), 1, "{:?}", batch.records);
    assert_eq!(batch.unread[0].keys, ["acme.prompt", "acme.completion", "acme.model"].map(Into::into));
    assert!(!format!("{:?}", batch.unread).contains("Aldebaran"));
}

/// Spans of every day, in many shapes.
#[expect(clippy::too_many_lines, reason = "one arm per kind of traffic, to be read as a list")]
fn ordinary(number: u64) -> Span {
    let http = |method: &str, url: &str| vec![("http.request.method", text(method)), ("url.full", text(url))];
    let (kind, pairs) = match number % 16 {
        0 => (CLIENT, http("POST", "https://auth.example.com/oauth/token?token_endpoint=x")),
        1 => (
            CLIENT,
            vec![
                ("db.system.name", text("postgresql")),
                ("db.query.text", text("SELECT model, cost FROM cars")),
            ],
        ),
        2 => (
            INTERNAL,
            vec![
                ("model", text("resnet-50")),
                ("tokens", IntValue(512)),
                ("cost", DoubleValue(0.2)),
                ("loss", DoubleValue(1.1)),
            ],
        ),
        3 => (
            INTERNAL,
            vec![
                ("train.model", text("bert")),
                ("train.tokens", IntValue(9)),
                ("train.cost", DoubleValue(0.2)),
            ],
        ),
        4 => (
            CLIENT,
            vec![
                ("messaging.system", text("kafka")),
                ("messaging.operation.type", text("publish")),
                ("messaging.message.type", text("chat")),
            ],
        ),
        5 => (
            INTERNAL,
            vec![("csrf_token", text("x")), ("oauth.token_endpoint", text("y")), ("cost_center", text("42"))],
        ),
        6 => (
            INTERNAL,
            vec![
                ("job.type", text("generation")),
                ("report.completion", DoubleValue(0.5)),
                ("cpu.usage", DoubleValue(0.7)),
            ],
        ),
        7 => (
            INTERNAL,
            vec![
                ("cpu.model", text("EPYC")),
                ("cpu.usage", DoubleValue(0.5)),
                ("cpu.cost", DoubleValue(0.1)),
            ],
        ),
        8 => (CLIENT, http("GET", "https://api.openai.com/v1/models")),
        9 => (CLIENT, http("POST", "https://api.openai.com/v1/files")),
        10 => (
            CLIENT,
            http("POST", "https://speech.cognitiveservices.azure.com/speechtotext/v3.1/transcriptions"),
        ),
        11 => (
            INTERNAL,
            vec![("car.model", text("T")), ("car.model_name", text("Ford")), ("car.usage", text("city"))],
        ),
        12 => (INTERNAL, vec![("auth.input_token", text("x")), ("auth.token_type", text("Bearer"))]),
        13 => (
            INTERNAL,
            vec![
                ("user.prompt", text("Delete?")),
                ("form.completion", DoubleValue(1.0)),
                ("survey.model", text("nps")),
            ],
        ),
        14 => (CLIENT, vec![("net.peer.name", text("api.openai.com")), ("net.peer.port", IntValue(443))]),
        _ => (
            2,
            vec![
                ("http.route", text("/v1/chat")),
                ("http.request.method", text("POST")),
                ("server.address", text("api.openai.com")),
            ],
        ),
    };
    span(number, kind, &pairs)
}

/// Guarantees: of ten thousand spans of HTTP, SQL, queues, training runs and OAuth, none is a call and less than one
/// in a thousand looks like one.
#[test]
fn ordinary_traffic_raises_no_alarm() {
    let batch = read((0..10_000).map(ordinary).collect());
    assert!(batch.records.is_empty());
    assert!(unread(&batch) < 10, "{:?}", batch.unread);
}

/// Guarantees: what is learned of a pattern hides nothing: the keys that nobody lists are no part of it.
#[test]
fn a_known_pattern_hides_no_unread_span() {
    let common = ("server.address", text("gateway.example.com"));
    let plain = |number| span(number, INTERNAL, std::slice::from_ref(&common));
    let telling = |number| span(number, INTERNAL, &[common.clone(), ("acme.type", text("llm_call"))]);
    let batch = read((0..8).map(plain).chain((8..16).map(telling)).collect());
    assert_eq!(unread(&batch), 8);
}

/// Guarantees: one request tells of a bounded number of scopes, and of all spans.
#[test]
fn scopes_of_a_request_are_bounded() {
    let reader = Reader::default();
    let scope_spans = (0..500).map(|number| ScopeSpans {
        scope: Some(InstrumentationScope {
            name: format!("scope-{number}"),
            ..InstrumentationScope::default()
        }),
        spans: vec![span(number, INTERNAL, &[("acme.type", text("llm_call"))])],
        ..ScopeSpans::default()
    });
    let resource_spans =
        vec![ResourceSpans { scope_spans: scope_spans.collect(), ..ResourceSpans::default() }];
    let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    let batch = reader.read_protobuf(&Vocabulary::new(&[]), &bytes).unwrap();
    assert_eq!((batch.unread.len(), unread(&batch)), (33, 500));
}

/// Guarantees: spans of libraries that are read raise (nearly) no alarm.
#[test]
fn captures_of_known_libraries_raise_no_alarm() {
    let (mut alarms, mut spans, mut kinds) = (0, 0, std::collections::BTreeMap::<String, u64>::new());
    let vocabulary = Vocabulary::new(&[]);
    for one in scenario::captures() {
        let reader = Reader::default();
        for bytes in &one.requests {
            let batch = reader.read_protobuf(&vocabulary, bytes).unwrap();
            alarms += unread(&batch);
            spans += batch.records.len() as u64 + batch.not_a_call;
            for unread in &batch.unread {
                *kinds
                    .entry(format!("{} {:?} {:?}", one.instrumentation, unread.reason, unread.keys))
                    .or_default() += unread.count;
            }
        }
    }
    assert!(alarms * 100 < spans, "{alarms} of {spans}: {kinds:#?}");
}

/// What the engine advises after these requests: service, scope, advice, count.
fn advised(requests: &[Vec<u8>]) -> Vec<(String, String, Advice, u64)> {
    let mut engine =
        Engine::new(EngineSettings::with_book(PriceBook::new(&PricesConfig::default()).unwrap()));
    let (reader, vocabulary, mut told) = (Reader::default(), Vocabulary::new(&[]), Vec::new());
    let mut tell = |event: &Event<'_>| {
        if let Event::Advice { service, scope, advice, count } = *event {
            told.push((service.to_owned(), scope.to_owned(), advice, count));
        }
    };
    for bytes in requests {
        engine.offer(reader.read_protobuf(&vocabulary, bytes).unwrap(), START, &mut tell);
    }
    engine.finish(START + 60_000_000_000, &mut tell);
    told
}

fn call(model: &str, more: &[(&str, Value)]) -> Vec<(&'static str, Value)> {
    let mut pairs = vec![
        ("gen_ai.operation.name", text("chat")),
        ("gen_ai.provider.name", text("openai")),
        ("gen_ai.request.model", text(model)),
    ];
    for (key, value) in more {
        pairs.push((Box::leak((*key).to_owned().into_boxed_str()), value.clone()));
    }
    pairs
}

fn codes(service: &str, scope: &str, kind: i32, pairs: &[(&str, Value)]) -> Vec<Advice> {
    let told = advised(&[request(service, scope, vec![span(1, kind, pairs)])]);
    told.into_iter().map(|(_, _, advice, _)| advice).collect()
}

/// Guarantees: each thing that a call lacks is told by its code, and a call that lacks nothing is told of nowhere.
#[test]
fn what_a_call_lacks_is_told() {
    let used: &[(&str, Value)] =
        &[("gen_ai.usage.input_tokens", IntValue(9)), ("gen_ai.usage.output_tokens", IntValue(3))];
    let limits = ("http.response.header.x-ratelimit-remaining-requests", text("99"));
    let with = |more: &[(&str, Value)]| call("gpt-4o-mini", &[used, more].concat());
    assert_eq!(codes("shop", "acme", CLIENT, &with(std::slice::from_ref(&limits))), []);
    assert_eq!(codes("shop", "acme", CLIENT, &with(&[])), [Advice::NoLimitHeaders]);
    assert_eq!(codes("", "acme", CLIENT, &with(std::slice::from_ref(&limits))), [Advice::NoServiceName]);
    assert_eq!(
        codes("unknown_service:python", "acme", CLIENT, &with(std::slice::from_ref(&limits))),
        [Advice::NoServiceName]
    );
    assert_eq!(
        codes("shop", "acme", CLIENT, &call("gpt-4o-mini", std::slice::from_ref(&limits))),
        [Advice::NoUsage]
    );
    let unpriced = call("house-7b", &[used, std::slice::from_ref(&limits)].concat());
    assert_eq!(codes("shop", "acme", CLIENT, &unpriced), [Advice::NoPrice]);
    let http = [
        ("http.request.method", text("POST")),
        ("url.full", text("https://api.openai.com/v1/chat/completions")),
    ];
    assert_eq!(codes("shop", "@opentelemetry/instrumentation-undici", CLIENT, &http), [Advice::HttpOnly]);
    let boot = with(std::slice::from_ref(&limits));
    assert_eq!(codes("shop", "org.springframework.boot", CLIENT, &boot), [Advice::MaybeSampled]);
}

/// Scenario: a trace whose state says that one of two is kept, a usage object that a length limit has cut, a tool loop of
/// Spring AI 1, ADK before its thoughts. Guarantees: each is told, and half a usage object is no usage.
#[test]
fn what_makes_numbers_doubtful_is_told() {
    let used = [("gen_ai.usage.input_tokens", IntValue(9)), ("gen_ai.usage.output_tokens", IntValue(3))];
    let limits = ("http.response.header.x-ratelimit-remaining-requests", text("99"));
    let whole = call("gpt-4o-mini", &[&used[..], std::slice::from_ref(&limits)].concat());
    let sampled = Span { trace_state: "vendor=1,ot=th:8".to_owned(), ..span(1, CLIENT, &whole) };
    let alone = |span: Span| request("shop", "acme", vec![span]);
    // Known as a pattern or not.
    let spans =
        (0..8).map(|number| Span { trace_state: "ot=th:8".to_owned(), ..span(number, CLIENT, &whole) });
    assert_eq!(read(spans.collect()).sampled, 8);
    let told =
        |bytes: Vec<u8>| advised(&[bytes]).into_iter().map(|(_, _, advice, _)| advice).collect::<Vec<_>>();
    assert_eq!(told(alone(sampled)), [Advice::Sampled]);
    assert_eq!(told(alone(Span { trace_state: "ot=th:0".to_owned(), ..span(1, CLIENT, &whole) })), []);
    let cut =
        [limits.clone(), ("metadata.usage_object", text("{\"prompt_tokens\": 1537, \"prompt_tokens_det"))];
    let cut = codes("shop", "litellm", CLIENT, &call("gpt-4o-mini", &cut));
    assert_eq!(cut, [Advice::NoUsage, Advice::TruncatedValues]);
    let tool = ("gen_ai.response.finish_reasons", text("[\"TOOL_CALLS\"]"));
    let spring = call("gpt-4o-mini", &[&used[..], &[limits.clone(), tool]].concat());
    let spring = codes("shop", "org.springframework.boot", CLIENT, &spring);
    assert_eq!(spring, [Advice::MaybeSampled, Advice::AccumulatedUsage]);
}

/// Guarantees: a version that states other numbers than the provider bills is told, with the line that mends it, where the
/// wrong path was taken; the first version that is right is not.
#[test]
fn a_version_known_to_be_wrong_is_told() {
    let used = [("gen_ai.usage.input_tokens", IntValue(9)), ("gen_ai.usage.output_tokens", IntValue(3))];
    let limits = ("http.response.header.x-ratelimit-remaining-requests", text("99"));
    let streamed = ("gen_ai.request.stream", Value::BoolValue(true));
    let anthropic = "openinference.instrumentation.anthropic";
    for (scope, version, stream, wrong) in [
        ("gcp.vertex.agent", "1.14.1", false, true),
        ("gcp.vertex.agent", "1.20.0", false, false),
        (anthropic, "0.1.18", true, true),
        (anthropic, "0.1.18", false, false),
        (anthropic, "1.1.1", true, false),
        (anthropic, "3.1.0", true, false),
    ] {
        let more =
            [&used[..], std::slice::from_ref(&limits), &[streamed.clone()][..usize::from(stream)]].concat();
        let bytes = request_of("shop", (scope, version), vec![span(1, CLIENT, &call("gpt-4o-mini", &more))]);
        let told: Vec<Advice> = advised(&[bytes]).into_iter().map(|(_, _, advice, _)| advice).collect();
        assert_eq!(told.contains(&Advice::WrongVersion), wrong, "{scope} {version} {stream}: {told:?}");
        assert!(Advice::WrongVersion.row().line(scope).contains(if scope == anthropic {
            "1.1.1"
        } else {
            "1.20"
        }));
    }
}

/// Scenario: a Collector that hashes or masks hosts on the way. Guarantees: it is told, with the line to set.
#[test]
fn a_host_that_was_hashed_on_the_way_is_told() {
    let used = [("gen_ai.usage.input_tokens", IntValue(9)), ("gen_ai.usage.output_tokens", IntValue(3))];
    for (host, hidden) in
        [("9f86d081884c7d659a2feaa0c55ad015", true), ("[REDACTED]", true), ("api.openai.com", false)]
    {
        let more = [&used[..], &[("server.address", text(host))]].concat();
        let told = codes("shop", "acme", CLIENT, &call("gpt-4o-mini", &more));
        assert_eq!(told.contains(&Advice::HiddenHost), hidden, "{host}: {told:?}");
    }
    assert!(Advice::HiddenHost.row().line("acme").contains("vocabulary"));
}

/// Guarantees: a thousand calls that lack the same are one line with their number, told once.
#[test]
fn advice_is_counted_by_service_and_scope() {
    let spans = (0..1000).map(|number| span(number, CLIENT, &call("gpt-4o-mini", &[]))).collect();
    let told = advised(&[request("shop", "acme", spans)]);
    let row = |advice| ("shop".to_owned(), "acme".to_owned(), advice, 1000);
    assert_eq!(told, [row(Advice::NoUsage), row(Advice::NoLimitHeaders)]);
}
