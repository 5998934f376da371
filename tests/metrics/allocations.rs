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
