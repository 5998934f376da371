//! Bytes that are kept: of a label tuple with every family, of a waiting span, of a remembered one.

use allocation_counter::measure;
use tollgate::aggregate::{AggregateOptions, CallTable, Dimension};
use tollgate::call::{CallLabels, CallRecord, CostRecord, ErrorClass, PriceSource, TokenType, Tokens};
use tollgate::dialect::Vocabulary;
use tollgate::engine::{Engine, EngineSettings, Reader};
use tollgate::exact::Exact;
use tollgate::otlp;
use tollgate::price::PriceBook;
use tollgate::recognise::Recogniser;
use tollgate::settle::SettleSettings;
use tollgate::telemetry::Event;

use super::tell;
use super::workload::{Shape, Story, Traffic};

pub(crate) const START: u64 = 1_795_297_280_000_000_000;
const TUPLES: usize = 4000;
/// Calls of a tuple, each about twice as long, large and dear as the one before.
const LENGTHS: u64 = 4;
const COST: [(TokenType, Exact); 2] =
    [(TokenType::Input, Exact::from_micros(2_000)), (TokenType::Output, Exact::from_micros(3_000))];

/// Label tuples, as many as asked for.
pub(crate) fn tuples(count: usize) -> Vec<[String; 2]> {
    (0..count).map(|at| [format!("service-{}", at % 200), format!("model-{}", at / 200)]).collect()
}

/// A table of tuples with all families, successes of several lengths and a failure.
pub(crate) fn filled(tuples: &[[String; 2]]) -> CallTable {
    let dimensions = vec![Dimension { name: "team".to_owned(), max_values: 100 }];
    let mut table =
        CallTable::new(AggregateOptions { dimensions, hold_nanos: Some(0), ..AggregateOptions::default() });
    for tuple in tuples {
        (0..LENGTHS).for_each(|at| {
            table.record(&success(tuple, at), START);
        });
        table.record(&failure(tuple), START);
    }
    drop((table.view(START), table.view(START)));
    table
}

fn success(tuple: &[String; 2], at: u64) -> CallRecord<'_> {
    let mut tokens = Tokens::default();
    tokens.set(TokenType::Input, 300 << at);
    tokens.set(TokenType::Output, 300);
    CallRecord {
        labels: labels(tuple),
        duration_seconds: 0.2 * 1.8_f64.powi(at as i32),
        time_to_first_token_seconds: Some(0.05 * 1.5_f64.powi(at as i32)),
        time_per_output_token_seconds: Some(0.01),
        streaming: Some(true),
        tokens: Some(tokens),
        estimated_tokens: Some(tokens),
        reported_cost_usd: Some(0.005),
        suspicious_usage: Some("fewer_tokens_than_text"),
        retries: 1,
        cost: Some(CostRecord {
            tokens: &COST,
            total: Exact::from_micros(1_000 << at),
            request: Exact::from_micros(10_000),
            cache_savings: Exact::from_micros(1_000),
        }),
        price_source: PriceSource::Catalogue,
        ..CallRecord::default()
    }
}

fn failure(tuple: &[String; 2]) -> CallRecord<'_> {
    CallRecord {
        labels: labels(tuple),
        duration_seconds: 0.2,
        error_class: ErrorClass::RateLimit,
        error_code: Some("rate_limit_exceeded"),
        status_code: Some(429),
        retryable: Some(true),
        ..CallRecord::default()
    }
}

fn labels(tuple: &[String; 2]) -> CallLabels<'_> {
    CallLabels {
        service_name: &tuple[0],
        environment: "production",
        provider: "openai",
        model: &tuple[1],
        operation: "chat",
        dimensions: &["payments"],
    }
}

pub(crate) fn row() {
    let tuples = tuples(TUPLES);
    let mut table = None;
    let heap = measure(|| table = Some(filled(&tuples)));
    tell("bytes a label tuple with all families, four lengths of calls", heap.bytes_current / TUPLES as i64);
    drop(table);
    let (waiting, remembered) = (held(false), held(true));
    tell("bytes a waiting span", format!("{waiting:.0}"));
    tell("bytes a remembered id", format!("{remembered:.0}"));
}

/// Heap bytes a span, of half a million that wait or, `counted`, are remembered.
fn held(counted: bool) -> f64 {
    const REQUESTS: usize = 1000;
    let mut traffic = Traffic::new(Shape::Lean, &Story::default());
    let (vocabulary, reader) = (Vocabulary::new(&[]), Reader::default());
    let mut settings = EngineSettings::with_book(PriceBook::new(&Default::default()).expect("a catalogue"));
    settings.settle = SettleSettings { most_bytes: 8 << 30, ..SettleSettings::default() };
    let mut engine = Engine::new(settings);
    let mut note = |_: &Event<'_>| {};
    let heap = measure(|| {
        for _ in 0..REQUESTS {
            let mut recogniser = Recogniser::new(&vocabulary);
            otlp::walk(traffic.next(), &mut recogniser).expect("valid");
            engine.offer(reader.read(&recogniser.finish()), START, &mut note);
        }
        if counted {
            engine.finish(START, &mut note);
        }
    });
    heap.bytes_current as f64 / (REQUESTS * traffic.spans()) as f64
}
