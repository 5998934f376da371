//! The names of the `GenAI` conventions instead of ours.
//!
//! In: metrics under our names. Out: the same, those that the conventions name too under their names and with their
//! attributes. What the conventions have no word for (dollars, limits, causes) keeps ours; nothing is sent twice.
//!
//! Their `gen_ai.client.token.usage` is a histogram of prompts and answers in whole; ours count kinds of tokens that add
//! up. Prompts are sent with their buckets; for answers no buckets are kept, so nothing is sent: our `llm_tokens_total` stays.

use super::encode::key_value;
use crate::receive::proto::metrics as otlp;

/// One family of ours and what the conventions call it.
struct Row {
    ours: &'static str,
    theirs: &'static str,
    unit: &'static str,
    /// Attributes that their name implies.
    adds: &'static [(&'static str, &'static str)],
}

/// Source: semantic conventions for generative AI metrics, version 1.41.
const FAMILIES: &[Row] = &[
    Row {
        ours: "llm_request_duration_seconds",
        theirs: "gen_ai.client.operation.duration",
        unit: "s",
        adds: &[],
    },
    Row {
        ours: "llm_request_input_tokens",
        theirs: "gen_ai.client.token.usage",
        unit: "{token}",
        adds: &[("gen_ai.token.type", "input")],
    },
    Row {
        ours: "llm_time_to_first_token_seconds",
        theirs: "gen_ai.client.operation.time_to_first_chunk",
        unit: "s",
        adds: &[],
    },
    Row {
        ours: "llm_time_per_output_token_seconds",
        theirs: "gen_ai.client.operation.time_per_output_chunk",
        unit: "s",
        adds: &[],
    },
];

/// Our labels and their attributes.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("service_name", "service.name"),
    ("environment", "deployment.environment.name"),
    ("provider", "gen_ai.provider.name"),
    ("model", "gen_ai.response.model"),
    ("operation", "gen_ai.operation.name"),
];

/// Renames what the conventions name.
pub(super) fn renamed(metrics: Vec<otlp::Metric>) -> Vec<otlp::Metric> {
    metrics
        .into_iter()
        .map(|metric| match FAMILIES.iter().find(|row| row.ours == metric.name) {
            Some(row) => named(metric, row),
            None => metric,
        })
        .collect()
}

fn named(mut metric: otlp::Metric, row: &Row) -> otlp::Metric {
    (metric.name, metric.unit) = (row.theirs.to_owned(), row.unit.to_owned());
    if let Some(otlp::metric::Data::Histogram(histogram)) = &mut metric.data {
        for point in &mut histogram.data_points {
            point.attributes = point.attributes.drain(..).filter_map(attribute).collect();
            point.attributes.extend(row.adds.iter().map(|(key, value)| key_value(key, value)));
        }
    }
    metric
}

/// Their attribute for a label of ours; a success has no `error.type`.
fn attribute(mut pair: otlp::KeyValue) -> Option<otlp::KeyValue> {
    if pair.key == "outcome" {
        let failed = pair == key_value("outcome", "error");
        // The class stands on llm_errors_total; a histogram knows only that it failed.
        return failed.then(|| key_value("error.type", "_OTHER"));
    }
    if let Some((_, theirs)) = ATTRIBUTES.iter().find(|(ours, _)| *ours == pair.key) {
        pair.key = (*theirs).to_owned();
    }
    Some(pair)
}
