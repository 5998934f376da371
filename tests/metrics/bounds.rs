//! Overflow, dimensions, secrets, expiry: everything that grows has a bound, and a count of what the
//! bound cost.

use tollgate::aggregate::cardinality::MAX_VALUE_BYTES;
use tollgate::aggregate::{AggregateOptions, CallTable};
use tollgate::call::ErrorClass;
use tollgate::expose::text::Format;

use super::call::{SECOND, START, failure, labels, open_table, samples, scrape, success, sum, values};

/// Scenario: 1,000 services, room for 100 label tuples. Guarantees: 100 tuples and one that takes the
/// rest under `other`; no call is lost, and the overflow is counted.
#[test]
fn calls_beyond_the_bound_are_counted_as_other() {
    let options =
        AggregateOptions { max_call_series: 100, hold_nanos: Some(0), ..AggregateOptions::default() };
    let mut table = CallTable::new(options);
    for service in 0..1000 {
        // 25 services times 40 models: no label by itself has too many values.
        let (service, model) = (format!("service-{}", service % 25), format!("model-{}", service / 25));
        table.record(&success(labels(&service, &model, &[])), START);
    }
    let document = values(&mut table);
    assert_eq!(sum(&document, "llm_requests_total", &[]), 1000.0);
    assert_eq!(samples(&document, "llm_requests_total", &["error_class=\"none\""]).len(), 101);
    let other = [
        "service_name=\"other\"",
        "environment=\"other\"",
        "provider=\"other\"",
        "model=\"other\"",
        "operation=\"other\"",
    ];
    assert_eq!(sum(&document, "llm_requests_total", &other), 900.0);
    assert_eq!(sum(&document, "tollgate_overflow_calls_total", &[]), 900.0);
    assert_eq!(sum(&document, "tollgate_call_series_limit", &[]), 100.0);
    assert_eq!(table.state().overflow_calls, 900);
}

/// Guarantees: each dimension has its own bound; the other labels of a call keep their values.
#[test]
fn a_dimension_with_too_many_values_becomes_other() {
    let mut table = open_table(&[("team", 10), ("user", 3)]);
    for user in 0..50 {
        let user = format!("user-{user}");
        table.record(&success(labels("checkout", "gpt-4o", &["payments", &user])), START);
    }
    let document = values(&mut table);
    assert_eq!(sum(&document, "llm_requests_total", &["team=\"payments\""]), 50.0);
    assert_eq!(sum(&document, "llm_requests_total", &["user=\"other\"", "service_name=\"checkout\""]), 47.0);
    assert_eq!(sum(&document, "llm_requests_total", &["user=\"user-2\""]), 1.0);
    let replaced = ["label=\"user\"", "reason=\"too_many\""];
    assert_eq!(sum(&document, "tollgate_replaced_label_values_total", &replaced), 47.0);
}

/// Guarantees: keys, tokens and addresses in any label, dimensions included, appear nowhere.
#[test]
fn secrets_never_become_labels() {
    let mut table = open_table(&[("user", 100)]);
    let secrets = [
        "sk-proj-Abc123def456ghi789jkl",
        "jane.doe@example.com",
        "Bearer abcdef",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ];
    for secret in secrets {
        let mut call = success(labels(secret, secret, &[]));
        let dimensions = [secret];
        call.labels.dimensions = &dimensions;
        (call.labels.environment, call.labels.provider, call.labels.operation) = (secret, secret, secret);
        table.record(&call, START);
        let mut call = failure(labels("checkout", "gpt-4o", &[]));
        call.error_code = Some(secret);
        table.record(&call, START);
    }
    let document = values(&mut table);
    for secret in secrets {
        assert!(!document.contains(secret), "{secret}");
    }
    assert_eq!(sum(&document, "llm_requests_total", &["user=\"other\""]), 4.0);
    assert_eq!(sum(&document, "llm_errors_total", &["error_code=\"other\""]), 4.0);
    assert_eq!(sum(&document, "tollgate_replaced_label_values_total", &["reason=\"looks_secret\""]), 24.0);
}

/// Guarantees: long values are cut between characters, control characters never reach a scraper, and
/// what the format must escape is escaped.
#[test]
fn odd_values_are_cut_cleaned_and_escaped() {
    let mut table = open_table(&[]);
    let long = "ä".repeat(1000);
    for model in [long.as_str(), "a\u{0}b\tc", "quote\" back\\slash"] {
        table.record(&success(labels("checkout", model, &[])), START);
    }
    table.record(&success(labels("line\nfeed", "gpt-4o", &[])), START);
    let document = values(&mut table);
    let model = document.split("model=\"").find(|rest| rest.starts_with('ä')).unwrap();
    assert_eq!(model.split('"').next().unwrap().len(), MAX_VALUE_BYTES);
    assert!(document.contains("model=\"a_b_c\"") && document.contains("service_name=\"line_feed\""));
    assert!(document.contains(r#"model="quote\" back\\slash""#));
}

/// Guarantees: two tuples whose values only differ in where one ends are two tuples.
#[test]
fn label_values_do_not_run_together() {
    let mut table = open_table(&[("a", 10), ("b", 10)]);
    for dimensions in [["ab", "c"], ["a", "bc"], ["abc", ""], ["", "abc"]] {
        table.record(&success(labels("s", "m", &dimensions)), START);
    }
    assert_eq!(samples(&values(&mut table), "llm_requests_total", &["error_class=\"none\""]), [1.0; 4]);
}

/// Guarantees: fewer or more dimension values than configured do no harm.
#[test]
fn dimensions_that_do_not_fit_the_configuration_are_harmless() {
    let mut table = open_table(&[("team", 10)]);
    table.record(&success(labels("s", "m", &[])), START);
    table.record(&success(labels("s", "m", &["payments", "surplus"])), START);
    let document = values(&mut table);
    assert_eq!(sum(&document, "llm_requests_total", &["team=\"\""]), 1.0);
    assert_eq!(sum(&document, "llm_requests_total", &["team=\"payments\""]), 1.0);
    assert!(!document.contains("surplus"));
}

/// Scenario: a tuple rests for a day and comes back. Guarantees: it goes, is counted as expired,
/// makes room, and begins anew from 0; one that is used stays.
#[test]
fn idle_tuples_go_and_return_from_zero() {
    let options = AggregateOptions {
        idle_expiry_nanos: 3600 * SECOND,
        hold_nanos: Some(20 * SECOND),
        ..AggregateOptions::default()
    };
    let mut table = CallTable::new(options);
    let (idle, busy) = (labels("idle", "gpt-4o", &[]), labels("busy", "gpt-4o", &[]));
    table.record(&success(idle), START);
    table.record(&success(busy), START);
    table.record(&success(busy), START + 3000 * SECOND);
    table.sweep(START + 3599 * SECOND);
    assert_eq!(table.state().call_series, 2);
    table.sweep(START + 3600 * SECOND);
    let state = table.state();
    assert_eq!((state.call_series, state.expired_call_series), (1, 1));

    let now = START + 4000 * SECOND;
    table.record(&success(busy), now);
    table.record(&success(idle), now);
    let document = scrape(&mut table, now, Format::Text);
    assert_eq!(samples(&document, "llm_requests_total", &["idle", "error_class=\"none\""]), [0.0]);
    let document = scrape(&mut table, now + 20 * SECOND, Format::Text);
    assert_eq!(samples(&document, "llm_requests_total", &["idle", "error_class=\"none\""]), [1.0]);
    assert_eq!(samples(&document, "llm_requests_total", &["busy", "error_class=\"none\""]), [3.0]);
}

/// Guarantees: values of expired tuples free their places under the bound of a label.
#[test]
fn expiry_frees_label_values() {
    let options =
        AggregateOptions { idle_expiry_nanos: SECOND, hold_nanos: Some(0), ..AggregateOptions::default() };
    let mut table = CallTable::new(AggregateOptions {
        dimensions: vec![tollgate::aggregate::Dimension { name: "user".to_owned(), max_values: 1 }],
        ..options
    });
    table.record(&success(labels("s", "m", &["first"])), START);
    table.sweep(START + 2 * SECOND);
    table.record(&success(labels("s", "m", &["second"])), START + 3 * SECOND);
    assert_eq!(sum(&values(&mut table), "llm_requests_total", &["user=\"second\""]), 1.0);
}

/// Guarantees: error codes are bounded even if the vocabulary before is not.
#[test]
fn error_codes_of_one_tuple_are_bounded() {
    let mut table = open_table(&[]);
    for number in 0..1000 {
        let code = format!("code_{number}");
        let mut call = failure(labels("checkout", "gpt-4o", &[]));
        (call.error_code, call.error_class) = (Some(code.as_str()), ErrorClass::Unknown);
        table.record(&call, START);
    }
    let document = values(&mut table);
    assert_eq!(sum(&document, "llm_errors_total", &[]), 1000.0);
    assert!(samples(&document, "llm_errors_total", &[]).len() <= 65);
}
