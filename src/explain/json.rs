//! A story as the JSON object of the contract.

use serde_json::{Map, Value, json};

use super::{CallStory, LeftOutSpan, Story, hex};
use crate::call::{RateLimit, Tokens};

impl Story {
    /// The object of the contract.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let calls: Vec<Value> = self.calls.iter().map(call).collect();
        let skipped: Vec<Value> = self.left_out.iter().map(skipped).collect();
        json!({"calls": calls, "skipped": skipped})
    }
}

fn call(call: &CallStory) -> Value {
    let cost = call.price.cost.as_ref();
    let lines = cost.map(|cost| {
        let amounts =
            cost.lines().map(|line| (line.key.label().to_owned(), Value::String(line.amount.to_string())));
        amounts.collect::<Map<String, Value>>()
    });
    let merged: Vec<String> = call.merged_spans.iter().map(|key| hex(&key.span_id)).collect();
    let mut object = json!({
        "trace_id": hex(&call.key.trace_id),
        "span_id": hex(&call.key.span_id),
        "span_name": call.span_name,
        "dialect": call.dialect,
        "service_name": call.service_name,
        "environment": call.environment,
        "provider": call.provider,
        "model": call.model,
        "request_model": call.request_model,
        "response_model": call.response_model,
        "operation": call.operation,
        "end_unix_nano": call.end_unix_nano,
        "duration_seconds": call.duration_seconds,
        "time_to_first_token_seconds": call.time_to_first_token_seconds,
        "tokens": call.tokens.as_ref().map(tokens),
        "cost_usd": cost.map(|cost| cost.total().to_string()),
        "cost": lines,
        "price_source": call.price.source.label(),
        "error_class": call.error.class.label(),
        "error_code": call.error.code,
        "status_code": call.status_code,
        "retryable": call.error.retryable,
        "rate_limits": call.limits.iter().map(limit).collect::<Vec<_>>(),
        "merged_spans": merged,
        "signs": call.signs.rows().map(|row| json!({"sign": row.words, "weight": row.weight})).collect::<Vec<_>>(),
    });
    let units = units(call);
    if !units.is_empty() {
        object["units"] = units.into();
    }
    if !call.vocabulary.is_empty() {
        object["vocabulary"] = json!(call.vocabulary);
    }
    object
}

fn skipped(span: &LeftOutSpan) -> Value {
    json!({
        "trace_id": span.key.map(|key| hex(&key.trace_id)),
        "span_id": span.key.map(|key| hex(&key.span_id)),
        "span_name": span.key.map(|_| &span.name),
        "reason": span.reason(),
        "of": span.of.filter(|of| Some(*of) != span.key).map(|of| hex(&of.span_id)),
    })
}

/// What is billed by piece, by the catalogue's names.
fn units(call: &CallStory) -> Map<String, Value> {
    let units = call.pieces.iter().filter_map(|(piece, count)| {
        let name = (*piece.units().first()?).to_owned();
        let per = piece.per_unit();
        Some((name, if per == 1 { json!(count) } else { json!(f64::from(count) / f64::from(per)) }))
    });
    units.collect()
}

fn tokens(tokens: &Tokens) -> Value {
    tokens.iter().map(|(kind, count)| (kind.label().to_owned(), json!(count))).collect::<Map<_, _>>().into()
}

fn limit(limit: &RateLimit) -> Value {
    json!({
        "resource": limit.resource.label(),
        "window": limit.window.label(),
        "limit": limit.limit,
        "remaining": limit.remaining,
        "used_ratio": limit.used_ratio,
        "reset_seconds": limit.reset_seconds,
        "account": limit.account,
        "evidence": limit.evidence.label(),
    })
}
