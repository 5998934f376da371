//! Counting calls and rendering them: the series table against the `metrics` macros.
//!
//! `cargo bench --bench record`. Each call raises the same things on both sides: calls, duration,
//! time to first token, two kinds of tokens, the prompt's size, two kinds of dollars and the cost of
//! the call. The table raises five more, which the macros are spared.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use metrics_exporter_prometheus::PrometheusBuilder;
use tollgate::aggregate::{AggregateOptions, CallTable};
use tollgate::call::{CallLabels, CallRecord, CostRecord, PriceSource, TokenType, Tokens};
use tollgate::exact::Exact;
use tollgate::expose::text::{Format, render};

const CALLS: usize = 100_000;
const COST: [(TokenType, Exact); 2] =
    [(TokenType::Input, Exact::from_micros(2_000)), (TokenType::Output, Exact::from_micros(3_000))];
const START: u64 = 1_767_225_600_000_000_000;

fn main() {
    divan::main();
}

/// Label tuples, as many as asked for.
fn tuples(count: usize) -> Vec<[String; 2]> {
    (0..count).map(|at| [format!("service-{}", at % 200), format!("model-{}", at / 200)]).collect()
}

fn call(tuple: &[String; 2], at: usize) -> CallRecord<'_> {
    let mut tokens = Tokens::default();
    tokens.set(TokenType::Input, 1000 + at as u64 % 5000);
    tokens.set(TokenType::Output, 300);
    CallRecord {
        labels: CallLabels {
            service_name: &tuple[0],
            environment: "production",
            provider: "openai",
            model: &tuple[1],
            operation: "chat",
            dimensions: &["payments"],
        },
        duration_seconds: 0.2 + (at % 100) as f64 / 10.0,
        time_to_first_token_seconds: Some(0.3),
        streaming: Some(true),
        tokens: Some(tokens),
        cost: Some(CostRecord { tokens: &COST, total: Exact::from_micros(5_000), ..CostRecord::default() }),
        price_source: PriceSource::Catalogue,
        ..CallRecord::default()
    }
}

/// A stride that visits tuples in no order that a cache could foresee.
fn scattered(tuples: &[[String; 2]]) -> impl Iterator<Item = (usize, &[String; 2])> {
    (0..CALLS).map(|at| (at, &tuples[at.wrapping_mul(7_919_777) % tuples.len()]))
}

fn filled(tuples: &[[String; 2]]) -> CallTable {
    let dimensions = vec![tollgate::aggregate::Dimension { name: "team".to_owned(), max_values: 100 }];
    let options = AggregateOptions { dimensions, hold_nanos: Some(0), ..AggregateOptions::default() };
    let mut table = CallTable::new(options);
    tuples.iter().enumerate().for_each(|(at, tuple)| {
        table.record(&call(tuple, at), START);
    });
    table
}

#[divan::bench(args = [1_000, 20_000], sample_count = 10)]
fn table(bencher: Bencher<'_, '_>, series: usize) {
    let tuples = tuples(series);
    let mut table = filled(&tuples);
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        for (at, tuple) in scattered(&tuples) {
            table.record(black_box(&call(tuple, at)), START + at as u64);
        }
    });
}

#[divan::bench(args = [1_000, 20_000], sample_count = 3)]
fn macros(bencher: Bencher<'_, '_>, series: usize) {
    let tuples = tuples(series);
    let edges = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0];
    let recorder = PrometheusBuilder::new().set_buckets(&edges).expect("edges").build_recorder();
    let handle = recorder.handle();
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        metrics::with_local_recorder(&recorder, || {
            for (at, tuple) in scattered(&tuples) {
                raise(black_box(&call(tuple, at)));
            }
        });
        handle.run_upkeep();
    });
}

fn raise(call: &CallRecord<'_>) {
    macro_rules! labels {
        ($raise:ident, $name:literal $(, $further:literal => $value:expr)*) => {
            metrics::$raise!($name,
                "service_name" => call.labels.service_name.to_owned(),
                "environment" => call.labels.environment.to_owned(),
                "provider" => call.labels.provider.to_owned(),
                "model" => call.labels.model.to_owned(),
                "operation" => call.labels.operation.to_owned(),
                "team" => call.labels.dimensions[0].to_owned()
                $(, $further => $value)*)
        };
    }
    labels!(counter, "requests", "error_class" => "none").increment(1);
    labels!(histogram, "duration", "outcome" => "ok").record(call.duration_seconds);
    labels!(histogram, "first_token").record(call.time_to_first_token_seconds.unwrap_or_default());
    for (kind, count) in call.tokens.iter().flat_map(Tokens::iter) {
        labels!(counter, "tokens", "type" => kind.label()).increment(count);
    }
    let input = call.tokens.map_or(0, |tokens| tokens.input_total());
    labels!(histogram, "input_tokens").record(input as f64);
    for (kind, dollars) in call.cost.iter().flat_map(|cost| cost.tokens) {
        // Counters of this crate hold whole numbers only: micro-dollars.
        labels!(counter, "cost", "type" => kind.label()).increment((dollars.to_f64() * 1e6) as u64);
    }
    labels!(histogram, "request_cost").record(call.cost.as_ref().map_or(0.0, |cost| cost.total.to_f64()));
}

/// One document of about 100,000 samples.
#[divan::bench(args = [Format::Text, Format::OpenMetrics], sample_count = 10)]
fn render_100_000(bencher: Bencher<'_, '_>, format: Format) {
    let tuples = tuples(970);
    let mut table = filled(&tuples);
    render(format, &[&table.view(START)]).clear();
    let document = render(Format::Text, &[&table.view(START)]);
    let samples = document.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#")).count();
    assert!((95_000..105_000).contains(&samples), "{samples}");
    bencher.counter(ItemsCount::new(samples)).bench_local(|| render(format, &[&table.view(START)]));
}
