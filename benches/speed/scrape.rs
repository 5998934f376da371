//! One document of about 100,000 samples: ours against prometheus-client's, and what scrapes do to ingest.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cpu_time::ThreadTime;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tollgate::aggregate::CallTable;
use tollgate::clock::Stopwatch;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{EngineSettings, spawn};
use tollgate::expose::text::Format;
use tollgate::expose::view::View;
use tollgate::metric::DURATION_EDGES;
use tollgate::price::PriceBook;
use tollgate::receive::{Encoding, Intake as _, Payload};
use tollgate::telemetry;

use super::memory::{filled, tuples};
use super::workload::{Shape, Story, Traffic};
use super::{tell, unless_short};

const ROUNDS: usize = 9;

type Pairs = Vec<(String, String)>;

pub(crate) fn row() {
    let tuples = tuples(1000);
    let mut table = filled(&tuples);
    let registry = theirs(&tuples);
    let (mut ours_ms, mut theirs_ms, mut open_ms) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    let (mut samples, mut their_samples) = (0.0, 0.0);
    for _ in 0..unless_short(ROUNDS, 2) {
        let (ms, count) = ours(&mut table, Format::Text);
        (ours_ms, samples) = (ours_ms.min(ms), count);
        open_ms = open_ms.min(ours(&mut table, Format::OpenMetrics).0);
        let timer = ThreadTime::now();
        let mut text = String::new();
        encode(&mut text, &registry).expect("encodes");
        theirs_ms = theirs_ms.min(timer.elapsed().as_secs_f64() * 1e3);
        their_samples = lines(text.as_bytes());
    }
    let scale = 100_000.0;
    tell("scrape: ms for 100,000 samples, text", format!("{:.1}", ours_ms * scale / samples));
    tell("scrape: ms for 100,000 samples, OpenMetrics", format!("{:.1}", open_ms * scale / samples));
    tell("scrape: ms of prometheus-client", format!("{:.1}", theirs_ms * scale / their_samples));
    let part = (open_ms / samples) / (theirs_ms / their_samples);
    tell("scrape: part of prometheus-client's time, OpenMetrics both", format!("{part:.2}"));
    let (alone, scraped) = (ingest_p99(false), ingest_p99(true));
    tell("ingest p99 while scraped, against alone", format!("{:.2}", scraped / alone));
}

fn ours(table: &mut CallTable, format: Format) -> (f64, f64) {
    let timer = ThreadTime::now();
    let view = View::new(vec![Arc::new(table.view(super::memory::START))], telemetry::snapshot());
    let document = view.document(format);
    (timer.elapsed().as_secs_f64() * 1e3, lines(&document))
}

fn lines(document: &[u8]) -> f64 {
    document.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")).count()
        as f64
}

/// The same labels: four histograms and eight counters a tuple.
fn theirs(tuples: &[[String; 2]]) -> Registry {
    let mut registry = Registry::default();
    for name in ["duration", "first_token", "cost", "input"] {
        let family = Family::<Pairs, Histogram, fn() -> Histogram>::new_with_constructor(|| {
            Histogram::new(DURATION_EDGES)
        });
        tuples.iter().for_each(|tuple| family.get_or_create(&pairs(tuple)).observe(2.5));
        registry.register(name, "help", family);
    }
    for name in ["requests", "errors", "tokens_in", "tokens_out", "cost_in", "cost_out", "priced", "streams"]
    {
        let family = Family::<Pairs, Counter<f64, AtomicU64>>::default();
        for tuple in tuples {
            family.get_or_create(&pairs(tuple)).inc_by(0.25);
        }
        registry.register(name, "help", family);
    }
    registry
}

fn pairs(tuple: &[String; 2]) -> Pairs {
    let fixed =
        [("environment", "production"), ("provider", "openai"), ("operation", "chat"), ("team", "payments")];
    let own = [("service_name", tuple[0].as_str()), ("model", tuple[1].as_str())];
    fixed.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Milliseconds until one of a hundred accepted requests a second is taken, 99th percentile, while a reader
/// takes whole documents one after the other, or none does.
fn ingest_p99(scraped: bool) -> f64 {
    let book = PriceBook::new(&Default::default()).expect("the embedded catalogue");
    let engine = Arc::new(
        spawn(Vocabulary::new(&[]), EngineSettings::with_book(book), 1 << 30, None).expect("a thread"),
    );
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reader = scraped.then(|| {
        let (engine, done) = (Arc::clone(&engine), Arc::clone(&done));
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let view = runtime.block_on(engine.view());
                drop(view.document(Format::OpenMetrics));
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        })
    });
    let services: Vec<String> = (0..300).map(|index| format!("service-{index}")).collect();
    let mut streams: Vec<Traffic> = (1_u64..)
        .zip(&services)
        .map(|(index, service)| {
            let story = Story { service, ..Story::default() };
            Traffic::sized(Shape::Lean, &story, 50).starting_at(index << 40)
        })
        .collect();
    let mut times: Vec<f64> = Vec::new();
    for index in 0..unless_short(1500, 100) {
        let stream = index % streams.len();
        let bytes = streams[stream].next();
        let stopwatch = Stopwatch::start();
        engine.accept(Payload { encoding: Encoding::Protobuf, bytes, room: &() }).expect("taken");
        times.push(stopwatch.seconds() * 1e3);
        std::thread::sleep(std::time::Duration::from_millis(4));
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    reader.map(std::thread::JoinHandle::join);
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}
