//! Every metric has its row, and the rows follow the rules of Prometheus and OpenMetrics.

use std::collections::HashSet;

use tollgate::metric::{FAMILIES, Family, MetricType, json};

/// Guarantees: no name twice, none that is the sample of another, none that a scraper owns.
#[test]
fn names_are_unique_and_well_formed() {
    let mut names = HashSet::new();
    for family in FAMILIES {
        let samples: &[&str] = match family.metric_type {
            MetricType::Counter => &["", "_total", "_created"],
            MetricType::Gauge => &[""],
            MetricType::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
        };
        for sample in samples {
            assert!(names.insert(format!("{}{sample}", family.base_name())), "{}{sample}", family.name);
        }
        assert_eq!(
            family.name.ends_with("_total"),
            family.metric_type == MetricType::Counter,
            "{}",
            family.name
        );
        assert!(family.base_name().ends_with(family.unit.label()), "{}: unit", family.name);
        assert!(family.help.ends_with('.') && family.help.len() > 10, "{}: help", family.name);
        let labels: Vec<_> = family.labels().collect();
        assert_eq!(labels.iter().collect::<HashSet<_>>().len(), labels.len(), "{}: labels", family.name);
        for label in labels {
            let owned = ["service", "namespace", "pod", "job", "instance", "endpoint", "le", "quantile"];
            assert!(!owned.contains(&label), "{}: {label}", family.name);
        }
    }
}

/// Guarantees: edges rise, and only histograms have them; the edges that the contract names are there.
#[test]
fn edges_rise_and_hold_what_the_contract_asks_for() {
    for family in FAMILIES {
        assert_eq!(family.edges.is_empty(), family.metric_type != MetricType::Histogram, "{}", family.name);
        assert!(family.edges.windows(2).all(|pair| pair[0] < pair[1]), "{}", family.name);
    }
    for (name, edges) in [
        ("llm_request_input_tokens", [80e3, 100e3, 128e3, 200e3].as_slice()),
        ("llm_request_cost_usd", &[10.0, 100.0]),
        ("llm_request_duration_seconds", &[10.0, 30.0]),
    ] {
        let family = Family::named(name).unwrap();
        assert!(edges.iter().all(|edge| family.edges.contains(edge)), "{name}");
    }
}

/// Guarantees: every family of the contract is there, with its type and its further labels.
#[test]
fn the_contract_is_kept() {
    for (name, metric_type, labels) in [
        ("llm_requests_total", MetricType::Counter, ["error_class"].as_slice()),
        ("llm_request_duration_seconds", MetricType::Histogram, &["outcome"]),
        ("llm_time_to_first_token_seconds", MetricType::Histogram, &[]),
        ("llm_time_per_output_token_seconds", MetricType::Histogram, &[]),
        ("llm_errors_total", MetricType::Counter, &["error_class", "error_code", "status_code"]),
        ("llm_retries_total", MetricType::Counter, &[]),
        ("llm_tokens_total", MetricType::Counter, &["type"]),
        ("llm_request_input_tokens", MetricType::Histogram, &[]),
        ("llm_requests_without_usage_total", MetricType::Counter, &[]),
        ("llm_cost_usd_total", MetricType::Counter, &["type"]),
        ("llm_request_cost_usd", MetricType::Histogram, &[]),
        ("llm_priced_requests_total", MetricType::Counter, &["price_source"]),
    ] {
        let family = Family::named(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(family.metric_type, metric_type, "{name}");
        let wanted = ["service_name", "environment", "provider", "model", "operation"];
        assert_eq!(family.labels().collect::<Vec<_>>(), [wanted.as_slice(), labels].concat(), "{name}");
    }
    for name in ["limit", "remaining", "used_ratio", "peak_used_ratio", "reset_seconds"] {
        let family = Family::named(&format!("llm_rate_limit_{name}")).unwrap();
        let wanted = ["provider", "model", "account", "resource", "window", "source"];
        assert_eq!(family.labels().collect::<Vec<_>>(), wanted, "{name}");
        assert_eq!(family.metric_type, MetricType::Gauge);
    }
    let spans = Family::named("tollgate_spans_total").unwrap();
    assert_eq!(spans.labels().collect::<Vec<_>>(), ["result"]);
}

/// Guarantees: the JSON form is an array of objects with the keys that checks read.
#[test]
fn json_lists_every_family() {
    let rows: serde_json::Value = serde_json::from_str(&json()).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), FAMILIES.len());
    for (row, family) in rows.iter().zip(FAMILIES) {
        assert_eq!(row["name"], family.name);
        assert_eq!(row["type"], family.metric_type.label());
        assert_eq!(row["labels"].as_array().unwrap().len(), family.labels().count());
        assert!(row["unit"].is_string() && row["help"].is_string());
    }
}

/// Guarantees: closed sets are told in full, as the code has them.
#[test]
fn closed_sets_are_told_in_full() {
    use tollgate::receive::RefusalReason;
    use tollgate::telemetry::{SettleOutcome, SpanResult};
    let told = |name: &str, label: &str| {
        let labels = Family::named(name).unwrap().further_labels;
        labels.iter().find(|(known, _)| *known == label).unwrap().1
    };
    let reasons = RefusalReason::ALL.map(RefusalReason::label).join(", ");
    assert_eq!(told("tollgate_refused_requests_total", "reason"), reasons);
    assert_eq!(told("tollgate_spans_total", "result"), SpanResult::ALL.map(SpanResult::label).join(", "));
    assert_eq!(
        told("tollgate_settle_spans_total", "outcome"),
        SettleOutcome::ALL.map(SettleOutcome::label).join(", ")
    );
    let sources = tollgate::call::PriceSource::ALL.map(tollgate::call::PriceSource::label).join(", ");
    assert_eq!(told("llm_priced_requests_total", "price_source"), sources);
}
