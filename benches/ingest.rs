//! The whole way in one process, bytes to counted calls, against owned prost and the `metrics` macros.
//!
//! `cargo bench --bench ingest`, one core. Tollgate recognises every dialect, settles, prices exactly,
//! classifies and counts all families of a call; the other side decodes the same bytes with
//! `opentelemetry-proto` and raises five metrics a call. Read the ratio of the fastest runs.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message as _;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::otlp;
use tollgate::price::PriceBook;
use tollgate::recognise::Recogniser;

use workload::{SPANS, Shape, Story, Traffic};

mod workload;

const SHAPES: [Shape; 3] = [Shape::Content, Shape::Lean, Shape::Mixed];
/// Requests of one sample: the spans of the first have settled when the last comes.
const REQUESTS: usize = 40;
/// From one request to the next: at five seconds of waiting, ten requests wait.
const STEP_NANOS: u64 = 500_000_000;
const START: u64 = 1_795_297_280_000_000_000;

fn main() {
    divan::main();
}

#[divan::bench(args = SHAPES, sample_count = 30, sample_size = 1)]
fn tollgate(bencher: Bencher<'_, '_>, shape: Shape) {
    let mut traffic = Traffic::new(shape, &Story::default());
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let book = PriceBook::new(&Default::default()).expect("the embedded catalogue");
    let mut engine = Engine::new(EngineSettings::with_book(book));
    let mut now = START;
    bench(bencher, &traffic).bench_local(|| {
        for _ in 0..REQUESTS {
            let mut recogniser = Recogniser::new(&vocabulary);
            otlp::walk(black_box(traffic.next()), &mut recogniser).expect("valid");
            now += STEP_NANOS;
            engine.offer(reader.read(&recogniser.finish()), now, &mut |_| {});
            engine.tick(now, &mut |_| {});
        }
    });
}

/// The receiver's half alone: bytes to facts.
#[divan::bench(args = SHAPES, sample_count = 30, sample_size = 1)]
fn tollgate_decode(bencher: Bencher<'_, '_>, shape: Shape) {
    let mut traffic = Traffic::new(shape, &Story::default());
    let vocabulary = Vocabulary::new(&[]);
    bench(bencher, &traffic).bench_local(|| {
        for _ in 0..REQUESTS {
            let mut recogniser = Recogniser::new(&vocabulary);
            otlp::walk(black_box(traffic.next()), &mut recogniser).expect("valid");
            black_box(recogniser.finish());
        }
    });
}

#[divan::bench(args = SHAPES, sample_count = 10, sample_size = 1)]
fn owned_prost_and_macros(bencher: Bencher<'_, '_>, shape: Shape) {
    let mut traffic = Traffic::new(shape, &Story::default());
    let edges = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0];
    let recorder = PrometheusBuilder::new().set_buckets(&edges).expect("edges").build_recorder();
    let handle = recorder.handle();
    bench(bencher, &traffic).bench_local(|| {
        metrics::with_local_recorder(&recorder, || {
            for _ in 0..REQUESTS {
                let request = ExportTraceServiceRequest::decode(black_box(traffic.next())).expect("valid");
                count(&request);
            }
        });
        handle.run_upkeep();
    });
}

fn bench<'a, 'b>(bencher: Bencher<'a, 'b>, traffic: &Traffic) -> Bencher<'a, 'b> {
    let items = ItemsCount::new(SPANS * REQUESTS);
    bencher.counter(items).counter(BytesCount::new(traffic.request_bytes() * REQUESTS))
}

// === the other side ===

/// What it reads of a call.
#[derive(Debug, Default)]
struct Call<'a> {
    provider: &'a str,
    model: &'a str,
    operation: &'a str,
    input_tokens: u64,
    output_tokens: u64,
}

fn count(request: &ExportTraceServiceRequest) {
    for resource_spans in &request.resource_spans {
        let attributes = resource_spans.resource.iter().flat_map(|resource| &resource.attributes);
        let named = |key: &str| attributes.clone().find(|attribute| attribute.key == key);
        let service = named("service.name").map_or("", text);
        let environment = named("deployment.environment.name").map_or("", text);
        for span in resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let mut call = Call::default();
            for attribute in &span.attributes {
                match attribute.key.as_str() {
                    "gen_ai.provider.name" => call.provider = text(attribute),
                    "gen_ai.response.model" => call.model = text(attribute),
                    "gen_ai.operation.name" => call.operation = text(attribute),
                    "gen_ai.usage.input_tokens" => call.input_tokens = whole(attribute),
                    "gen_ai.usage.output_tokens" => call.output_tokens = whole(attribute),
                    _ => {}
                }
            }
            if !call.operation.is_empty() {
                let nanos = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
                raise(&call, service, environment, nanos as f64 / 1e9);
            }
        }
    }
}

fn raise(call: &Call<'_>, service: &str, environment: &str, seconds: f64) {
    macro_rules! labels {
        ($raise:ident, $name:literal $(, $further:literal => $value:expr)*) => {
            metrics::$raise!($name,
                "service_name" => service.to_owned(),
                "environment" => environment.to_owned(),
                "provider" => call.provider.to_owned(),
                "model" => call.model.to_owned(),
                "operation" => call.operation.to_owned()
                $(, $further => $value)*)
        };
    }
    labels!(counter, "requests", "error_class" => "none").increment(1);
    labels!(histogram, "duration", "outcome" => "ok").record(seconds);
    labels!(counter, "tokens", "type" => "input").increment(call.input_tokens);
    labels!(counter, "tokens", "type" => "output").increment(call.output_tokens);
    let dollars = call.input_tokens as f64 * 4e-7 + call.output_tokens as f64 * 16e-7;
    // Counters of this crate hold whole numbers only: micro-dollars.
    labels!(counter, "cost").increment((dollars * 1e6) as u64);
}

fn text(attribute: &KeyValue) -> &str {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text,
        _ => "",
    }
}

fn whole(attribute: &KeyValue) -> u64 {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::IntValue(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}
