//! Counting a call on existing series takes nothing from the heap.

use super::call::{START, failure, labels, open_table, success};

/// Guarantees: whatever the call has, the second like it allocates nothing.
#[test]
fn existing_series_take_no_memory() {
    let mut table = open_table(&[("team", 10)]);
    for service in 0..1000 {
        table.record(&success(labels(&format!("service-{}", service % 400), "gpt-4o", &["payments"])), START);
    }
    let (good, bad) =
        (labels("service-7", "gpt-4o", &["payments"]), labels("service-8", "gpt-4o", &["payments"]));
    table.record(&failure(bad), START);
    let heap = allocation_counter::measure(|| {
        for _ in 0..100 {
            table.record(&success(good), START);
            table.record(&failure(bad), START);
        }
    });
    assert_eq!(heap.count_total, 0);
}

/// Guarantees: a label tuple with everything that a call can have stays below 3,000 bytes, so that the
/// bound on tuples (20,000) is a bound on memory too.
#[test]
fn a_tuple_takes_less_than_3_kilobytes() {
    let mut table = open_table(&[("team", 10)]);
    let names: Vec<String> = (0..4000).map(|tuple| format!("{}", tuple / 400)).collect();
    let models: Vec<String> = (0..4000).map(|tuple| format!("gpt-{}", tuple % 400)).collect();
    let heap = allocation_counter::measure(|| {
        for (name, model) in names.iter().zip(&models) {
            let labels = labels(name, model, &["payments"]);
            for seconds in [0.3, 0.8, 2.5, 9.0] {
                let mut call = success(labels);
                (call.duration_seconds, call.reported_cost_usd) = (seconds, Some(0.7));
                (call.suspicious_usage, call.estimated_tokens) =
                    (Some("fewer_tokens_than_text"), call.tokens);
                table.record(&call, START);
            }
            table.record(&failure(labels), START);
        }
    });
    let bytes = heap.bytes_current / 4000;
    assert_eq!(table.state().call_series, 4000);
    assert!((1000..3000).contains(&bytes), "{bytes}");
}
