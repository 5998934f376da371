//! The receiver's own telemetry: one event, one count, in the same document.

use std::borrow::Cow;

use tollgate::expose::text::{Format, render};
use tollgate::receive::{
    Accepted, Encoding, Observer as _, Outcome, ReceiveEvent, RefusalReason, RequestEvent, Transport,
};
use tollgate::telemetry::{DoorObserver, Event, SettleOutcome, SpanResult, emit, snapshot, totals};

use super::call::{samples, sum};

fn document() -> String {
    String::from_utf8(render(Format::Text, &[&snapshot()])).unwrap()
}

fn request(outcome: Outcome) -> ReceiveEvent {
    ReceiveEvent::Request(RequestEvent {
        transport: Transport::Grpc,
        encoding: Some(Encoding::Protobuf),
        compression: None,
        wire_bytes: 100,
        inflated_bytes: 400,
        seconds: 0.003,
        outcome,
    })
}

/// Guarantees: what each event says is what the scrape says. The counters are one set per process, so
/// each test looks at what it adds.
#[test]
fn events_become_counts() {
    let before = document();
    let door = DoorObserver;
    let taken = |malformed_spans| Outcome::Accepted(Accepted { spans: 3, malformed_spans, reason: None });
    door.observe(&request(taken(0)));
    door.observe(&request(taken(1)));
    let message = Cow::Borrowed("no room now");
    door.observe(&request(Outcome::Refused { reason: RefusalReason::QueueFull, message }));
    emit(&Event::Spans { result: SpanResult::Call, count: 5 });
    emit(&Event::Settled { outcome: SettleOutcome::Late, count: 2, service: "", scope: "" });
    let after = document();
    let added = |name: &str, pieces: &[&str]| sum(&after, name, pieces) - sum(&before, name, pieces);
    assert_eq!(added("tollgate_requests_total", &["transport=\"grpc\"", "result=\"accepted\""]), 1.0);
    assert_eq!(added("tollgate_requests_total", &["transport=\"grpc\"", "result=\"partial\""]), 1.0);
    assert_eq!(added("tollgate_requests_total", &["transport=\"grpc\"", "result=\"refused\""]), 1.0);
    assert_eq!(added("tollgate_refused_requests_total", &["reason=\"queue_full\""]), 1.0);
    assert_eq!(added("tollgate_request_wire_bytes_total", &["transport=\"grpc\""]), 300.0);
    assert_eq!(added("tollgate_request_body_bytes_total", &["transport=\"grpc\""]), 1200.0);
    assert_eq!(added("tollgate_request_duration_seconds_count", &["transport=\"grpc\""]), 3.0);
    assert_eq!(added("tollgate_spans_total", &["result=\"call\""]), 5.0);
    assert_eq!(added("tollgate_settle_spans_total", &["outcome=\"late\""]), 2.0);
    assert!(totals().recent_spans[SpanResult::Call as usize] >= 5);
}

/// Guarantees: closed sets of labels stand at 0 before anything happens, so that `increase()` sees
/// the first of each.
#[test]
fn closed_sets_begin_at_zero() {
    let document = document();
    for reason in RefusalReason::ALL {
        let label = format!("reason=\"{}\"", reason.label());
        assert_eq!(samples(&document, "tollgate_refused_requests_total", &[&label]).len(), 1, "{label}");
    }
    assert_eq!(samples(&document, "tollgate_spans_total", &[]).len(), SpanResult::ALL.len());
    assert_eq!(samples(&document, "tollgate_config_reloads_total", &[]).len(), 2);
}

/// Guarantees: of two price catalogues, one after the other, only the one in use is shown.
#[test]
fn only_the_catalogue_in_use_is_shown() {
    for date in ["2026-01-01", "2026-02-02"] {
        emit(&Event::CatalogueLoaded { date, unix_seconds: 1_769_990_400, source: "file", models: 900 });
    }
    let document = document();
    assert_eq!(samples(&document, "tollgate_catalogue_info", &[]), [1.0]);
    assert_eq!(samples(&document, "tollgate_catalogue_info", &["2026-02-02"]), [1.0]);
    assert_eq!(samples(&document, "tollgate_catalogue_models", &[]), [900.0]);
}

/// Guarantees: a storm of refusals is counted in full while its log lines are left out and counted.
#[test]
fn a_storm_is_counted_but_not_logged() {
    let before = document();
    for _ in 0..1000 {
        emit(&Event::UnpricedCall { provider: "openai", model: "gpt-99" });
    }
    let after = document();
    let added = |name: &str, pieces: &[&str]| sum(&after, name, pieces) - sum(&before, name, pieces);
    assert_eq!(added("tollgate_unpriced_calls_total", &[]), 1000.0);
    assert!(added("tollgate_suppressed_log_lines_total", &["event=\"unpriced_call\""]) >= 985.0);
}
