//! The catalogue for readers: markdown for people, JSON for checks.

use std::fmt::Write as _;

use serde::Serialize;

use super::{CALL_LABELS, FAMILIES, Family, LIMIT_LABELS, Metric};

#[derive(Serialize)]
struct Row {
    name: &'static str,
    r#type: &'static str,
    unit: &'static str,
    help: &'static str,
    labels: Vec<&'static str>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    buckets: &'static [f64],
}

/// The catalogue as a JSON array of `{name, type, unit, help, labels, buckets?}`. Configured
/// dimensions are further labels of the `llm_*` families of calls.
#[must_use]
pub fn json() -> String {
    let rows: Vec<Row> = FAMILIES.iter().map(row).collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}

fn row(family: &'static Family) -> Row {
    Row {
        name: family.name,
        r#type: family.metric_type.label(),
        unit: family.unit.label(),
        help: family.help,
        labels: family.labels().collect(),
        buckets: family.edges,
    }
}

/// The catalogue as `docs/metrics.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "# Metrics\n\nWritten by `tollgate metrics --format md > docs/metrics.md`; edit `src/metric/families.rs` instead.\n",
    );
    section(&mut out, "Calls", &shared("every family here carries", &CALL_LABELS), |metric| {
        matches!(metric, Metric::Call(_))
    });
    section(&mut out, "Rate limits", &shared("every gauge here carries", &LIMIT_LABELS), |metric| {
        matches!(metric, Metric::Limit(_))
    });
    section(&mut out, "The ledger", "", |metric| matches!(metric, Metric::Ledger(_)));
    section(&mut out, "Tollgate itself", "", |metric| {
        matches!(metric, Metric::Table(_) | Metric::Receiver(_))
    });
    histograms(&mut out);
    out
}

fn shared(introduction: &str, labels: &[&str]) -> String {
    let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
    let dimensions = if labels.len() == CALL_LABELS.len() { ", and the configured dimensions" } else { "" };
    format!("Labels: {introduction} {}{dimensions}.\n\n", labels.join(", "))
}

fn section(out: &mut String, title: &str, introduction: &str, belongs: impl Fn(Metric) -> bool) {
    let _ = write!(
        out,
        "\n## {title}\n\n{introduction}| name | type | unit | further labels | meaning |\n|---|---|---|---|---|\n"
    );
    for family in FAMILIES.iter().filter(|family| belongs(family.metric)) {
        let labels: Vec<String> =
            family.further_labels.iter().map(|(name, values)| format!("`{name}` = {values}")).collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            family.name,
            family.metric_type.label(),
            family.unit.label(),
            labels.join("; "),
            family.help
        );
    }
}

fn histograms(out: &mut String) {
    out.push_str("\n## Bucket edges\n\n| name | upper edges |\n|---|---|\n");
    for family in FAMILIES.iter().filter(|family| !family.edges.is_empty()) {
        let edges: Vec<String> = family.edges.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "| `{}` | {} |", family.name, edges.join(", "));
    }
}
