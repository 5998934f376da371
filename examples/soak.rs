//! Streams spans of 200 models and 50 services through the engine, and checks dollars and memory.
//!
//! `cargo run --release --example soak [spans]`, twenty million by default. No series expires, the
//! clock is given: ten thousand spans a second. Fails when the dollars that a scraper would add up
//! differ from the exact sum by more than 1e-9, when a span is lost, or when memory passes its bound.

#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use std::collections::BTreeMap;

use tollgate::aggregate::AggregateOptions;
use tollgate::clock::Stopwatch;
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::expose::text::Format;
use tollgate::price::{Decimal, Dollars, OwnModel, PriceBook, PricesConfig, Request};
use tollgate::telemetry::{self, Event, SpanResult};

use tollgate::call::{TokenType, Tokens};
use workload::{SPANS, Shape, Story, Traffic};

#[path = "../benches/workload/mod.rs"]
mod workload;

const MODELS: usize = 200;
const SERVICES: usize = 50;
const START: u64 = 1_795_297_280_000_000_000;
/// From one request to the next: about ten thousand spans a second.
const STEP_NANOS: u64 = 50_000_000;
/// Waiting spans 64 MiB, what is remembered 128 MiB, ten thousand label tuples of at most 9 KB.
const MOST_RESIDENT_KIB: u64 = (64 + 128 + 90) * 1024;

fn main() {
    let spans = std::env::args().nth(1).map_or(20_000_000, |count| count.parse().expect("a number of spans"));
    let requests = spans / SPANS + 1;
    let models: Vec<String> = (0..MODELS).map(|index| format!("soak-{index:03}")).collect();
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    let services: Vec<String> = (0..SERVICES).map(|index| format!("service-{index:02}")).collect();
    // From one: a span id of all zeros is not valid.
    let mut streams: Vec<Traffic> = (1_u64..)
        .zip(&services)
        .map(|(index, service)| {
            let story = Story { service, models: &names, ..Story::default() };
            Traffic::new(Shape::Lean, &story).starting_at(index << 40)
        })
        .collect();
    let prices = prices(&models);
    let exact = exact_dollars(&prices, &names, requests);

    let mut settings = EngineSettings::with_book(PriceBook::new(&prices).expect("valid prices"));
    settings.aggregate = AggregateOptions { idle_expiry_nanos: 0, ..AggregateOptions::default() };
    let mut soak =
        Soak { engine: Engine::new(settings), reader: Reader::default(), now: START, seen: Seen::default() };
    let vocabulary = Vocabulary::new(&[]);
    let begun = Stopwatch::start();
    for request in 0..requests {
        soak.take(&vocabulary, streams[request % SERVICES].next());
        if request % 4000 == 2000 {
            soak.dollars();
            println!("{:>10} spans, {} MiB resident", (request + 1) * SPANS, resident_kib() / 1024);
        }
    }
    soak.finish();
    report(&mut soak, requests * SPANS, begun.seconds(), exact);
}

/// The engine, its time, and what it told.
#[derive(Debug)]
struct Soak {
    engine: Engine,
    reader: Reader,
    now: u64,
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    calls: u64,
    other_spans: u64,
    most_held_bytes: u64,
    most_held_spans: u64,
    most_resident_kib: u64,
}

impl Soak {
    fn take(&mut self, vocabulary: &Vocabulary, request: &[u8]) {
        self.now += STEP_NANOS;
        let Self { engine, reader, now, seen } = self;
        let batch = reader.read_protobuf(vocabulary, request).expect("valid");
        engine.offer(batch, *now, &mut |event| seen.note(event));
        engine.tick(*now, &mut |event| seen.note(event));
    }

    fn finish(&mut self) {
        let Self { engine, now, seen, .. } = self;
        engine.finish(*now, &mut |event| seen.note(event));
        // New series read 0 until they were scraped and their hold has passed.
        self.now += 60_000_000_000;
        self.dollars();
    }

    /// What a scraper would add up.
    fn dollars(&mut self) -> f64 {
        self.seen.most_resident_kib = self.seen.most_resident_kib.max(resident_kib());
        let document = self.engine.view(self.now, telemetry::snapshot()).document(Format::Text);
        let document = String::from_utf8(document).expect("text");
        let lines = document.lines().filter(|line| line.starts_with("llm_cost_usd_total{"));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.sum()
    }
}

impl Seen {
    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Spans { result: SpanResult::Call, count } => self.calls += count,
            Event::Spans { count, .. } => self.other_spans += count,
            Event::SettleState { held_spans, held_bytes, .. } => {
                self.most_held_spans = self.most_held_spans.max(*held_spans);
                self.most_held_bytes = self.most_held_bytes.max(*held_bytes);
            }
            _ => {}
        }
    }
}

fn prices(models: &[String]) -> PricesConfig {
    let dollars = |text: String| Decimal::parse(&text).expect("a number");
    let own = models.iter().enumerate().map(|(index, model)| OwnModel {
        provider: None,
        model: model.clone(),
        rule: None,
        prices: BTreeMap::from([
            ("input".to_owned(), dollars(format!("0.{:03}7", index + 1))),
            ("output".to_owned(), dollars(format!("{}.3{index}", index % 7))),
        ]),
        tiers: Vec::new(),
    });
    PricesConfig { models: own.collect(), ..PricesConfig::default() }
}

/// The price book's own decimal sum over every call: what `explain` would state for each.
fn exact_dollars(prices: &PricesConfig, models: &[&str], requests: usize) -> Dollars {
    let mut book = PriceBook::new(prices).expect("valid prices");
    let mut of_request = Dollars::default();
    for index in 0..SPANS {
        let mut tokens = Tokens::default();
        tokens.set(TokenType::Input, 1800 + index as u64);
        tokens.set(TokenType::Output, 240);
        let model = [models[index % models.len()]];
        let request = Request { models: &model, tokens: Some(&tokens), ..Request::default() };
        of_request = of_request.plus(book.price(&request).cost.expect("priced").total());
    }
    (0..requests).fold(Dollars::default(), |sum, _| sum.plus(of_request))
}

fn report(soak: &mut Soak, spans: usize, seconds: f64, exact: Dollars) {
    soak.now += 60_000_000_000;
    let (dollars, exact) = (soak.dollars(), exact.to_f64());
    let off = ((dollars - exact) / exact).abs();
    let Seen { calls, other_spans, most_held_bytes, most_held_spans, most_resident_kib } = soak.seen;
    println!("{spans} spans in {seconds:.1} s: {:.0} a second", spans as f64 / seconds);
    println!(
        "{calls} calls, {other_spans} spans beside; {} label tuples",
        soak.engine.table().state().call_series
    );
    println!(
        "at most {most_held_spans} spans waiting; waiting and remembered {} MiB; resident {} MiB",
        most_held_bytes >> 20,
        most_resident_kib / 1024
    );
    println!("dollars scraped {dollars}, exact {exact}: {off:e} apart");
    assert_eq!((calls, other_spans), (spans as u64, 0), "every span is a call");
    assert!(off <= 1e-9, "dollars drift");
    assert!(most_resident_kib <= MOST_RESIDENT_KIB, "memory passes {MOST_RESIDENT_KIB} KiB");
}

/// Resident memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
