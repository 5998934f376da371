//! The whole way in one process, bytes to counted calls, against owned prost and the `metrics` macros.
//!
//! `cargo bench --bench ingest`, one core. Tollgate recognises every dialect, settles, prices exactly,
//! classifies and counts all families of a call; the other side decodes the same bytes with
//! `opentelemetry-proto` and raises five metrics a call. Read the ratio of the fastest runs.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::price::PriceBook;

use baseline::count;
use workload::{SPANS, Shape, Story, Traffic};

mod baseline;
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
            let batch = reader.read_protobuf(&vocabulary, black_box(traffic.next())).expect("valid");
            now += STEP_NANOS;
            engine.offer(batch, now, &mut |_| {});
            engine.tick(now, &mut |_| {});
        }
    });
}

/// The receiver's half alone: bytes to records.
#[divan::bench(args = SHAPES, sample_count = 30, sample_size = 1)]
fn tollgate_decode(bencher: Bencher<'_, '_>, shape: Shape) {
    let mut traffic = Traffic::new(shape, &Story::default());
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    bench(bencher, &traffic).bench_local(|| {
        for _ in 0..REQUESTS {
            black_box(reader.read_protobuf(&vocabulary, black_box(traffic.next())).expect("valid"));
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
