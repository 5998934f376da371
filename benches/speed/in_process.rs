//! Bytes to counted calls in one process, against owned prost and the `metrics` macros.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use cpu_time::ThreadTime;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tollgate::clock::Stopwatch;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader, spawn};
use tollgate::explain::Explainer;
use tollgate::expose::text::Format;
use tollgate::price::PriceBook;
use tollgate::receive::{Encoding, Intake as _, Payload, Refused};
use tollgate::settle::SettleSettings;
use tollgate::telemetry::{self, Event, SettleOutcome};

use super::baseline;
use super::workload::{Shape, Story, Traffic};
use super::{median, pinned, tell, unless_short};

/// Spans a second by the engine's clock: five seconds of them wait.
const RATE: u64 = 410_000;
/// How long spans wait, nanoseconds.
fn wait_nanos() -> u64 {
    unless_short(5_000_000_000, 250_000_000)
}
/// Memory for what waits: room for two million spans.
const MOST_WAITING: usize = 8 << 30;
fn rounds() -> usize {
    unless_short(9, 2)
}
/// Requests of a round on either side.
const REQUESTS: usize = 200;
const START: u64 = 1_795_297_280_000_000_000;

/// One row: one instrumentation against the baseline, and two against one.
pub(crate) fn row(shape: Shape) {
    let spans = RATE * wait_nanos() / 1_000_000_000;
    println!("# {shape:?}: {spans} spans wait, in at most {} MiB", MOST_WAITING >> 20);
    let one = Story::default();
    let (product, base) = measured(shape, &one, true);
    let speed: Vec<f64> = base.iter().zip(&product).map(|(base, product)| base / product).collect();
    tell(&format!("in process {shape:?}: ns a span, min"), format!("{:.0}", least(&product)));
    tell(&format!("in process {shape:?}: baseline ns a span, min"), format!("{:.0}", least(&base)));
    tell(
        &format!("in process {shape:?}: times the baseline, min"),
        format!("{:.2}", least(&base) / least(&product)),
    );
    tell(
        &format!("in process {shape:?}: times the baseline, median"),
        format!("{:.2}", median(&mut speed.clone())),
    );
    let (two, _) = measured(shape, &Story { instrumentations: 2, ..one }, false);
    tell(
        &format!("two instrumentations {shape:?}: against one"),
        format!("{:.2}", least(&product) / least(&two)),
    );
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Nanoseconds a span of each round, of both sides.
fn measured(shape: Shape, story: &Story<'_>, with_baseline: bool) -> (Vec<f64>, Vec<f64>) {
    let mut product = Product::new(shape, story);
    let mut base = Baseline::new(shape, story);
    let waiting = (RATE * wait_nanos() / 1_000_000_000) as usize / product.traffic.spans() + 1;
    for _ in 0..waiting {
        product.request();
    }
    let (mut nanos, mut base_nanos) = (Vec::new(), Vec::new());
    for _ in 0..rounds() {
        let spans = (REQUESTS * product.traffic.spans()) as f64;
        nanos.push((0..REQUESTS).map(|_| product.request()).sum::<f64>() / spans);
        if with_baseline {
            base_nanos.push((0..REQUESTS).map(|_| base.request()).sum::<f64>() / spans);
        }
    }
    product.check(shape, story);
    (nanos, base_nanos)
}

struct Product {
    vocabulary: Vocabulary,
    reader: Reader,
    engine: Engine,
    traffic: Traffic,
    requests: u64,
    now: u64,
    early: u64,
}

impl Product {
    fn new(shape: Shape, story: &Story<'_>) -> Self {
        let mut settings = EngineSettings::with_book(book());
        settings.aggregate.hold_nanos = Some(0);
        settings.settle = SettleSettings {
            most_bytes: MOST_WAITING,
            wait_nanos: wait_nanos(),
            ..SettleSettings::default()
        };
        Self {
            vocabulary: Vocabulary::new(&[]),
            reader: Reader::default(),
            engine: Engine::new(settings),
            traffic: Traffic::new(shape, story),
            requests: 0,
            now: START,
            early: 0,
        }
    }

    /// One request in, one request's calls out; its CPU time in nanoseconds.
    fn request(&mut self) -> f64 {
        let spans = self.traffic.spans() as u64;
        let bytes = self.traffic.next();
        let timer = ThreadTime::now();
        let records = self.reader.read_protobuf(&self.vocabulary, black_box(bytes)).expect("valid");
        self.now += spans * 1_000_000_000 / RATE;
        let early = &mut self.early;
        let mut note = |event: &Event<'_>| {
            if let Event::Settled { outcome: SettleOutcome::Early, count, .. } = event {
                *early += count;
            }
        };
        self.engine.offer(records, self.now, &mut note);
        self.engine.tick(self.now, &mut note);
        self.requests += 1;
        timer.elapsed().as_nanos() as f64
    }

    /// Nothing early, and per model what `explain` says of one request, times the requests.
    fn check(mut self, shape: Shape, story: &Story<'_>) {
        assert_eq!(self.early, 0, "spans were settled early");
        self.engine.finish(self.now, &mut |_| {});
        for _ in 0..2 {
            self.now += 60_000_000_000;
            drop(self.engine.view(self.now, telemetry::snapshot()));
        }
        let view = self.engine.view(self.now, telemetry::snapshot());
        let document = String::from_utf8(view.document(Format::Text)).expect("text");
        let mut explainer = Explainer::new(Vocabulary::new(&[]), SettleSettings::default(), book());
        explainer.read_protobuf(Traffic::new(shape, story).next()).expect("valid");
        let mut told: BTreeMap<String, f64> = BTreeMap::new();
        for call in explainer.finish().calls {
            let tokens = call.tokens.map_or(0, |tokens| tokens.input_total() + tokens.output_total());
            *told.entry(call.model).or_default() += tokens as f64 * self.requests as f64;
        }
        let mut counted: BTreeMap<String, f64> = BTreeMap::new();
        for line in document.lines().filter(|line| line.starts_with("llm_tokens_total{")) {
            let model =
                line.split("model=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a model");
            let value: f64 = line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number");
            *counted.entry(model.to_owned()).or_default() += value;
        }
        assert_eq!(counted, told, "per model");
    }
}

struct Baseline {
    recorder: metrics_exporter_prometheus::PrometheusRecorder,
    traffic: Traffic,
}

impl Baseline {
    fn new(shape: Shape, story: &Story<'_>) -> Self {
        let edges = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0];
        let recorder = PrometheusBuilder::new().set_buckets(&edges).expect("edges").build_recorder();
        Self { recorder, traffic: Traffic::new(shape, story) }
    }

    fn request(&mut self) -> f64 {
        let bytes = self.traffic.next();
        let timer = ThreadTime::now();
        metrics::with_local_recorder(&self.recorder, || {
            let request = ExportTraceServiceRequest::decode(black_box(bytes)).expect("valid");
            baseline::count(&request);
        });
        self.recorder.handle().run_upkeep();
        timer.elapsed().as_nanos() as f64
    }
}

fn book() -> PriceBook {
    PriceBook::new(&Default::default()).expect("the embedded catalogue")
}

// === readers and engine on one core and on two ===

/// Seconds of the whole pipeline, pinned to one core and on two.
pub(crate) fn two_cores() {
    let program = std::env::current_exe().expect("a path");
    let run = |cores: &str| -> f64 {
        let output = pinned(cores, &program).arg("pipeline").output().expect("taskset runs");
        let text = String::from_utf8(output.stdout).expect("text");
        text.trim().parse().unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..unless_short(5, 1) {
        one.push(run("0"));
        two.push(run("0,1"));
    }
    tell("readers and engine on two cores against one", format!("{:.2}", least(&one) / least(&two)));
}

/// Two reading threads and the engine, until all is counted; prints seconds.
pub(crate) fn pipeline() {
    let mut settings = EngineSettings::with_book(book());
    settings.settle = SettleSettings { most_bytes: MOST_WAITING, ..SettleSettings::default() };
    let engine = Arc::new(spawn(Vocabulary::new(&[]), settings, 1 << 30, None).expect("a thread"));
    let requests: Vec<Vec<Vec<u8>>> = (1..=2_u64)
        .map(|stream| {
            let mut traffic = Traffic::new(Shape::Lean, &Story::default()).starting_at(stream << 40);
            (0..unless_short(1000, 50)).map(|_| traffic.next().to_vec()).collect()
        })
        .collect();
    let stopwatch = Stopwatch::start();
    std::thread::scope(|scope| {
        for stream in &requests {
            let engine = &engine;
            scope.spawn(move || stream.iter().for_each(|bytes| send(engine, bytes)));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    assert!(runtime.block_on(engine.finish(std::time::Duration::from_secs(60))));
    println!("{}", stopwatch.seconds());
}

fn send(engine: &tollgate::engine::EngineHandle, bytes: &[u8]) {
    loop {
        match engine.accept(Payload { encoding: Encoding::Protobuf, bytes, room: &() }) {
            Ok(_) => return,
            Err(Refused::Busy { .. }) => std::thread::yield_now(),
            Err(refused) => panic!("{refused:?}"),
        }
    }
}
