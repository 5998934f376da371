//! `increase()` loses nothing: a new series reads 0 to every scraper first (prometheus#1673).
//!
//! The model of a scraper below does what Prometheus does: it knows a series from its first sample
//! on, and adds what each later sample is above the one before. `tests/` of the packaging run the
//! same against a real Prometheus.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use tollgate::aggregate::{AggregateOptions, CallTable};
use tollgate::call::{ErrorClass, TokenType};
use tollgate::expose::scrapers::{Scrapers, Visit};
use tollgate::expose::text::Format;

use super::call::{SECOND, START, failure, labels, open_table, samples, scrape, success, sum, tokens};

/// One Prometheus server.
struct Scraper {
    interval: u64,
    next: u64,
    last: HashMap<String, f64>,
    increase: HashMap<String, f64>,
}

impl Scraper {
    fn new(interval_seconds: u64, offset_seconds: u64) -> Self {
        let next = START + offset_seconds * SECOND;
        Self { interval: interval_seconds * SECOND, next, last: HashMap::new(), increase: HashMap::new() }
    }

    fn scrape_if_due(&mut self, table: &mut CallTable, now: u64) {
        if now < self.next {
            return;
        }
        self.next += self.interval;
        for line in scrape(table, now, Format::Text).lines().filter(|line| line.starts_with("llm_")) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            if let Some(before) = self.last.insert(series.to_owned(), value) {
                *self.increase.entry(series.to_owned()).or_default() += value - before;
            }
        }
    }

    fn increase_of(&self, name: &str) -> f64 {
        let of_name = self.increase.iter().filter(|(series, _)| series.starts_with(name));
        of_name.map(|(_, increase)| increase).sum()
    }
}

fn run(calls_at: &[(u64, bool)], scrapers: &mut [Scraper], seconds: u64) {
    let mut table = held_table();
    for second in 0..seconds {
        let now = START + second * SECOND;
        for (_, failed) in calls_at.iter().filter(|(at, _)| *at == second) {
            let labels = labels("checkout", "gpt-4o", &[]);
            table.record(&if *failed { failure(labels) } else { success(labels) }, now);
        }
        scrapers.iter_mut().for_each(|scraper| scraper.scrape_if_due(&mut table, now));
    }
}

/// New series read 0 for 20 s.
fn held_table() -> CallTable {
    CallTable::new(AggregateOptions { hold_nanos: Some(20 * SECOND), ..AggregateOptions::default() })
}

/// Scenario: two servers, every 5 and every 15 seconds; a first call, a first failure much later,
/// more of both. Guarantees: both add up every call, token, dollar and bucket.
#[test]
fn two_servers_at_different_intervals_see_everything() {
    let calls = [(7, false), (8, false), (40, true), (41, false), (100, true), (100, true)];
    let mut scrapers = [Scraper::new(5, 0), Scraper::new(15, 11)];
    run(&calls, &mut scrapers, 200);
    for scraper in &scrapers {
        assert_eq!(scraper.increase_of("llm_requests_total").round(), 6.0);
        assert_eq!(scraper.increase_of("llm_errors_total").round(), 3.0);
        assert_eq!(scraper.increase_of("llm_tokens_total").round(), 3.0 * 90_200.0);
        assert_eq!((scraper.increase_of("llm_cost_usd_total") * 100.0).round(), 3.0 * 76.0);
        assert_eq!(scraper.increase_of("llm_request_duration_seconds_count").round(), 6.0);
        assert_eq!(scraper.increase_of("llm_request_cost_usd_sum").mul_add(100.0, 0.0).round(), 228.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Guarantees: the same for any calls, and any two servers whose interval is no longer than the hold.
    #[test]
    fn no_call_is_lost_to_any_scraper(
        calls in prop::collection::vec((0_u64..120, any::<bool>()), 1..20),
        intervals in (1_u64..=20, 1_u64..=20),
        offsets in (0_u64..20, 0_u64..20),
    ) {
        // A server that starts after a series opened cannot know what was before: none here does.
        let calls: Vec<_> = calls.into_iter().map(|(at, failed)| (at + 20, failed)).collect();
        let mut scrapers = [Scraper::new(intervals.0, offsets.0), Scraper::new(intervals.1, offsets.1)];
        run(&calls, &mut scrapers, 220);
        for scraper in &scrapers {
            prop_assert_eq!(scraper.increase_of("llm_requests_total").round() as usize, calls.len());
        }
    }
}

/// The same with a table that waits for its readers, each on a connection of its own.
fn run_with_readers(calls_at: &[(u64, bool)], scrapers: &mut [Scraper], seconds: u64) {
    let (mut table, known) = (CallTable::new(AggregateOptions::default()), Scrapers::default());
    for second in 0..seconds {
        let (now, running) = (START + second * SECOND, Duration::from_secs(second));
        for (_, failed) in calls_at.iter().filter(|(at, _)| *at == second) {
            let labels = labels("checkout", "gpt-4o", &[]);
            table.record(&if *failed { failure(labels) } else { success(labels) }, now);
        }
        for (connection, scraper) in (1..).zip(&mut *scrapers).filter(|(_, scraper)| now >= scraper.next) {
            known.seen_by_all(running).into_iter().for_each(|seen| table.seen_by_all(seen));
            scraper.scrape_if_due(&mut table, now);
            let peer = std::net::IpAddr::from([10, 0, 0, 1]);
            known.visited(&Visit::new("Prometheus/3.5.0", Some("10"), peer, connection), now, running);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Guarantees: nothing is lost to any two servers that come at least once a minute, whatever their intervals.
    #[test]
    fn no_call_is_lost_to_regular_readers(
        calls in prop::collection::vec((0_u64..200, any::<bool>()), 1..20),
        intervals in (1_u64..=60, 1_u64..=60),
        offsets in (0_u64..60, 0_u64..60),
    ) {
        let calls: Vec<_> = calls.into_iter().map(|(at, failed)| (at + 60, failed)).collect();
        let mut scrapers = [Scraper::new(intervals.0, offsets.0), Scraper::new(intervals.1, offsets.1)];
        run_with_readers(&calls, &mut scrapers, 460);
        let failures = calls.iter().filter(|(_, failed)| *failed).count();
        for scraper in &scrapers {
            prop_assert_eq!(scraper.increase_of("llm_requests_total").round() as usize, calls.len());
            prop_assert_eq!(scraper.increase_of("llm_errors_total").round() as usize, failures);
            prop_assert_eq!(scraper.increase_of("llm_request_duration_seconds_count").round() as usize, calls.len());
        }
    }
}

/// Guarantees: 0 until the hold has passed AND it was rendered once; then the value, and every later
/// increment at once.
#[test]
fn a_series_opens_after_the_hold_and_one_rendering() {
    let mut table = held_table();
    let call = success(labels("checkout", "gpt-4o", &[]));
    table.record(&call, START);
    let read = |table: &mut CallTable, second: u64| {
        sum(&scrape(table, START + second * SECOND, Format::Text), "llm_requests_total", &[])
    };
    assert_eq!(read(&mut table, 1), 0.0);
    assert_eq!(read(&mut table, 19), 0.0);
    assert_eq!(read(&mut table, 20), 1.0);
    table.record(&call, START + 20 * SECOND);
    assert_eq!(read(&mut table, 21), 2.0);

    table.record(&success(labels("search", "gpt-4o", &[])), START);
    assert_eq!(read(&mut table, 300), 2.0, "nobody has seen the new series yet");
    assert_eq!(read(&mut table, 301), 3.0);
}

/// Guarantees: a token kind, an error class, a histogram that appears late reads 0 first by itself,
/// while what is already open goes on.
#[test]
fn a_late_child_has_a_hold_of_its_own() {
    let mut table = held_table();
    let call = success(labels("checkout", "gpt-4o", &[]));
    table.record(&call, START);
    let _ = scrape(&mut table, START, Format::Text);
    let late = START + 60 * SECOND;
    let mut cached = call.clone();
    cached.tokens = Some(tokens(&[(TokenType::CacheRead, 7)]));
    table.record(&cached, late);
    table.record(&failure(labels("checkout", "gpt-4o", &[])), late);
    let document = scrape(&mut table, late, Format::Text);
    assert_eq!(sum(&document, "llm_requests_total", &["error_class=\"none\""]), 2.0);
    assert_eq!(
        sum(&document, "llm_requests_total", &["error_class=\"rate_limit\""]),
        1.0,
        "it was there as 0"
    );
    assert_eq!(sum(&document, "llm_tokens_total", &["type=\"input\""]), 90_000.0);
    assert_eq!(sum(&document, "llm_tokens_total", &["type=\"cache_read\""]), 0.0);
    assert_eq!(sum(&document, "llm_request_duration_seconds_count", &["outcome=\"error\""]), 0.0);
    assert_eq!(sum(&document, "llm_request_duration_seconds_bucket", &["outcome=\"error\"", "+Inf"]), 0.0);
    let document = scrape(&mut table, late + 20 * SECOND, Format::Text);
    assert_eq!(sum(&document, "llm_requests_total", &["error_class=\"rate_limit\""]), 1.0);
    assert_eq!(sum(&document, "llm_tokens_total", &["type=\"cache_read\""]), 7.0);
    assert_eq!(sum(&document, "llm_request_duration_seconds_count", &["outcome=\"error\""]), 1.0);
}

/// Guarantees: a series that reads 0 shows no exemplar either, and `_created` tells when it began.
#[test]
fn a_held_series_shows_its_creation_and_no_exemplar() {
    let mut table = held_table();
    table.record(&success(labels("checkout", "gpt-4o", &[])), START + SECOND / 2);
    let held = scrape(&mut table, START + SECOND, Format::OpenMetrics);
    assert!(!held.contains(" # {"), "{held}");
    assert_eq!(samples(&held, "llm_requests_created", &["error_class=\"none\""]), [1_767_225_600.5]);
    let open = scrape(&mut table, START + 30 * SECOND, Format::OpenMetrics);
    assert!(open.contains("} 1 # {trace_id=\"abababab"));
}

/// Guarantees: values that are no numbers leave every series as it was.
#[test]
fn damaged_numbers_are_not_counted() {
    let mut table = open_table(&[]);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        let mut call = success(labels("checkout", "gpt-4o", &[]));
        call.error_class = ErrorClass::Unknown;
        call.duration_seconds = number;
        call.time_to_first_token_seconds = Some(number);
        call.time_per_output_token_seconds = Some(number);
        call.reported_cost_usd = Some(number);
        call.cost = None;
        table.record(&call, START);
    }
    let _ = scrape(&mut table, START, Format::Text);
    let document = scrape(&mut table, START, Format::Text);
    assert_eq!(sum(&document, "llm_requests_total", &[]), 4.0);
    for family in ["llm_cost_usd_total", "llm_request_cost_usd_sum", "llm_request_duration_seconds_count"] {
        assert_eq!(sum(&document, family, &[]), 0.0, "{family}");
    }
    assert!(!document.contains("NaN") && !document.contains("Inf\"} -"), "{document}");
}
