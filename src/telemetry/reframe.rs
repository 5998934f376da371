//! The text of metrics-exporter-prometheus, taken apart into the families of our catalogue.
//!
//! It knows the text format 0.0.4 only, announces families in no order and writes bucket edges as
//! `1`; here its lines are sorted into ours, so that a document of either format can take them.

use std::collections::BTreeMap;

use crate::metric::{Family, MetricType, bucket_edge};

/// The receiver's own metrics at one moment.
#[derive(Clone, Debug)]
pub struct ReceiverMetrics {
    lines: BTreeMap<&'static str, Vec<String>>,
}

impl ReceiverMetrics {
    /// From a document in the text format 0.0.4. Families that the catalogue does not know are left out.
    pub(super) fn new(document: &str) -> Self {
        let mut lines: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for line in document.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap_or("");
            let Some(family) = family_of(name) else {
                debug_assert!(false, "not in the catalogue: {name}");
                continue;
            };
            // Facts that are no longer true, see `Registry::catalogue`.
            if family.name.ends_with("_info") && line.ends_with(" 0") {
                continue;
            }
            lines.entry(family.name).or_default().push(normalised_edge(line));
        }
        for (name, rows) in &mut lines {
            // A histogram's lines are in order already; the others come in none.
            if Family::named(name).is_some_and(|family| family.metric_type != MetricType::Histogram) {
                rows.sort_unstable();
            }
        }
        Self { lines }
    }
}

impl ReceiverMetrics {
    /// The lines of a family, in the text format 0.0.4, without their ends.
    #[must_use]
    pub fn lines(&self, family: &Family) -> &[String] {
        self.lines.get(family.name).map_or(&[], Vec::as_slice)
    }
}

fn family_of(sample: &str) -> Option<&'static Family> {
    let parts = ["_bucket", "_sum", "_count"];
    let base = parts.iter().find_map(|part| sample.strip_suffix(part));
    let histogram = base.and_then(Family::named).filter(|family| family.metric_type == MetricType::Histogram);
    histogram.or_else(|| Family::named(sample))
}

fn normalised_edge(line: &str) -> String {
    let edge = line.split_once("le=\"").and_then(|(before, rest)| {
        let (edge, after) = rest.split_once('"')?;
        let edge: f64 = edge.parse().ok()?;
        edge.is_finite().then(|| format!("{before}le=\"{}\"{after}", bucket_edge(edge)))
    });
    edge.unwrap_or_else(|| line.to_owned())
}
