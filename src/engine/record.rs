//! One judged call as the row that the series table takes.
//!
//! In: a call and its verdict. Out: one `record` on the table, without allocation.

use super::Options;
use super::reader::DIMENSIONS;
use crate::aggregate::CallTable;
use crate::call::{CallLabels, CallRecord, CostRecord, TokenType, Tokens};
use crate::exact::Exact;
use crate::judge::Verdict;
use crate::price::{Cost, LineKey};
use crate::record::Flags;
use crate::settle::LlmCall;

/// Characters of text for one token, about, for an estimate.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// Counts a call.
pub(super) fn record(
    table: &mut CallTable,
    options: &Options,
    call: &LlmCall<'_>,
    verdict: &Verdict<'_>,
    now: u64,
) {
    let mut values = [""; DIMENSIONS];
    for (index, value) in values.iter_mut().enumerate() {
        *value = call.dimension(index);
    }
    let mut lines = [(TokenType::Input, Exact::ZERO); TokenType::ALL.len()];
    let cost = verdict.priced.cost.map(|cost| cost_record(cost, &mut lines));
    let or = |value, default| if str::is_empty(value) { default } else { value };
    table.record(
        &CallRecord {
            labels: CallLabels {
                service_name: or(call.service_name, &options.default_service),
                environment: or(call.environment, &options.default_environment),
                provider: call.provider,
                model: verdict.model(call),
                operation: call.operation,
                dimensions: &values,
            },
            trace_id: call.key.trace_id,
            span_id: call.key.span_id,
            end_unix_nano: call.end_unix_nano,
            duration_seconds: call.duration_seconds(),
            time_to_first_token_seconds: call.time_to_first_token,
            time_per_output_token_seconds: time_per_output_token(call),
            error_class: verdict.error.class,
            error_code: verdict.error.code,
            status_code: verdict.error.status_code.or(call.status_code),
            retryable: verdict.error.retryable,
            streaming: call.streaming,
            retries: call.retries,
            tokens: call.tokens,
            suspicious_usage: suspicious(call),
            estimated_tokens: estimate(call).filter(|_| options.estimate_missing_usage),
            reported_cost_usd: call.reported_cost,
            cost,
            price_source: verdict.price_source(),
        },
        now,
    );
}

fn cost_record<'a>(cost: &Cost, lines: &'a mut [(TokenType, Exact); TokenType::ALL.len()]) -> CostRecord<'a> {
    let (mut count, mut request) = (0, Exact::ZERO);
    for line in cost.lines() {
        match line.key {
            LineKey::Tokens(kind) if count < lines.len() => {
                lines[count] = (kind, line.amount.exact());
                count += 1;
            }
            LineKey::Tokens(_) | LineKey::Request => request = request.plus(line.amount.exact()),
        }
    }
    let total = cost.total().exact();
    CostRecord { tokens: &lines[..count], request, total, cache_savings: cache_savings(cost) }
}

/// What the tokens read from a cache would have cost more as fresh ones.
fn cache_savings(cost: &Cost) -> Exact {
    let line = |kind| cost.lines().find(|line| line.key == LineKey::Tokens(kind));
    let (Some(fresh), Some(read)) = (line(TokenType::Input), line(TokenType::CacheRead)) else {
        return Exact::ZERO;
    };
    let apart = fresh.rate.checked_sub(read.rate);
    apart.map_or(Exact::ZERO, |rate| rate.times(read.quantity.into(), read.per).exact())
}

fn time_per_output_token(call: &LlmCall<'_>) -> Option<f64> {
    let first = call.time_to_first_token.filter(|_| call.streaming == Some(true))?;
    let tokens = call.tokens?.output_total().checked_sub(1).filter(|&rest| rest > 0)?;
    let rest = call.duration_seconds() - first;
    (rest > 0.0).then(|| rest / tokens as f64)
}

/// Numbers that no call can have.
pub(super) fn impossible(call: &LlmCall<'_>) -> Option<&'static str> {
    if call.has(Flags::ABSURD_TOKENS) {
        return Some("impossible_tokens");
    }
    call.members.first()?.flags.has(Flags::ABSURD_TIME).then_some("impossible_time")
}

/// Stated tokens that cannot belong to the text on the span.
///
/// A token is at least a character, and hardly ever more than forty; a tool call has tokens without text.
fn suspicious(call: &LlmCall<'_>) -> Option<&'static str> {
    if let Some(what) = impossible(call) {
        return Some(what);
    }
    let tokens = call.tokens?;
    let visible = tokens.get(TokenType::Output)?;
    let characters = call.output_characters.map(u64::from).filter(|&characters| characters > 0)?;
    if call.ended_with_tool() {
        return None;
    }
    if characters > visible.saturating_mul(40).saturating_add(400) {
        return Some("fewer_tokens_than_text");
    }
    (visible > characters.saturating_mul(2).saturating_add(64)).then_some("more_tokens_than_text")
}

fn estimate(call: &LlmCall<'_>) -> Option<Tokens> {
    if call.tokens.is_some() {
        return None;
    }
    let mut tokens = Tokens::default();
    for (kind, characters) in
        [(TokenType::Input, call.input_characters), (TokenType::Output, call.output_characters)]
    {
        if let Some(characters) = characters.filter(|&characters| characters > 0) {
            tokens.set(kind, u64::from(characters).div_ceil(CHARACTERS_PER_TOKEN));
        }
    }
    (!tokens.is_empty()).then_some(tokens)
}
