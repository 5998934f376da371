//! Calls to count, and numbers read back from a document.

use tollgate::aggregate::{AggregateOptions, CallTable, Dimension};
use tollgate::call::{CallLabels, CallRecord, CostRecord, ErrorClass, PriceSource, TokenType, Tokens};
use tollgate::exact::Exact;
use tollgate::expose::text::{Format, render};

pub(crate) const SECOND: u64 = 1_000_000_000;
/// 2026-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_767_225_600 * SECOND;

pub(crate) fn labels<'a>(service_name: &'a str, model: &'a str, dimensions: &'a [&'a str]) -> CallLabels<'a> {
    CallLabels {
        service_name,
        environment: "production",
        provider: "openai",
        model,
        operation: "chat",
        dimensions,
    }
}

pub(crate) fn tokens(counts: &[(TokenType, u64)]) -> Tokens {
    let mut tokens = Tokens::default();
    counts.iter().for_each(|(kind, count)| tokens.set(*kind, *count));
    tokens
}

/// A successful, streamed, priced call.
pub(crate) fn success(labels: CallLabels<'_>) -> CallRecord<'_> {
    const COST: [(TokenType, Exact); 2] =
        [(TokenType::Input, Exact::from_micros(250_000)), (TokenType::Output, Exact::from_micros(500_000))];
    CallRecord {
        labels,
        trace_id: [0xAB; 16],
        span_id: [0xCD; 8],
        duration_seconds: 2.5,
        time_to_first_token_seconds: Some(0.4),
        time_per_output_token_seconds: Some(0.012),
        streaming: Some(true),
        tokens: Some(tokens(&[(TokenType::Input, 90_000), (TokenType::Output, 200)])),
        cost: Some(CostRecord {
            tokens: &COST,
            request: Exact::from_micros(10_000),
            total: Exact::from_micros(760_000),
            cache_savings: Exact::ZERO,
        }),
        price_source: PriceSource::Catalogue,
        ..CallRecord::default()
    }
}

/// A call that a rate limit refused.
pub(crate) fn failure(labels: CallLabels<'_>) -> CallRecord<'_> {
    CallRecord {
        labels,
        trace_id: [1; 16],
        span_id: [2; 8],
        duration_seconds: 0.2,
        error_class: ErrorClass::RateLimit,
        error_code: Some("rate_limit_exceeded"),
        status_code: Some(429),
        retryable: Some(true),
        retries: 2,
        ..CallRecord::default()
    }
}

/// A table whose series show their values from the second rendering on.
pub(crate) fn open_table(dimensions: &[(&str, usize)]) -> CallTable {
    CallTable::new(open_options(dimensions))
}

/// The same, which also estimates what there was where not all traces are kept.
pub(crate) fn estimating_table(dimensions: &[(&str, usize)]) -> CallTable {
    CallTable::new(AggregateOptions { estimates_sampled: true, ..open_options(dimensions) })
}

fn open_options(dimensions: &[(&str, usize)]) -> AggregateOptions {
    let dimensions = dimensions
        .iter()
        .map(|(name, max_values)| Dimension { name: (*name).to_owned(), max_values: *max_values })
        .collect();
    AggregateOptions { hold_nanos: Some(0), dimensions, ..AggregateOptions::default() }
}

pub(crate) fn scrape(table: &mut CallTable, now: u64, format: Format) -> String {
    String::from_utf8(render(format, &[&table.view(now)])).expect("UTF-8")
}

/// The second rendering of an open table: true values.
pub(crate) fn values(table: &mut CallTable) -> String {
    let later = START + 60 * SECOND;
    let _ = scrape(table, later, Format::Text);
    scrape(table, later, Format::Text)
}

/// The sum of every sample of this name whose labels hold all of these pieces.
pub(crate) fn sum(document: &str, name: &str, pieces: &[&str]) -> f64 {
    samples(document, name, pieces).iter().sum()
}

pub(crate) fn samples(document: &str, name: &str, pieces: &[&str]) -> Vec<f64> {
    let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let value = |line: &str| {
        let value = line.split(" # ").next().and_then(|sample| sample.rsplit(' ').next()).unwrap();
        value.parse::<f64>().unwrap()
    };
    let lines = document.lines().filter(of_name);
    lines.filter(|line| pieces.iter().all(|piece| line.contains(piece))).map(value).collect()
}
