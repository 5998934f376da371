//! One judged call as the row that the series table takes.
//!
//! In: a call and its verdict, or a span and what is known of its shape. Out: a [`CallRecord`], without allocation.

use super::counter::Options;
use super::reader::DIMENSIONS;
use crate::aggregate::{CallTable, RowId};
use crate::call::{CallLabels, CallRecord, CostRecord, TokenType, Tokens};
use crate::exact::Exact;
use crate::judge::Verdict;
use crate::price::{Cost, LineKey};
use crate::record::{Flags, Record};
use crate::settle::LlmCall;

/// Characters of text for one token, about, for an estimate.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// Counts a call; the row it went to, if that is one of its own.
pub(super) fn record(
    table: &mut CallTable,
    options: &Options,
    call: &LlmCall<'_>,
    verdict: &Verdict<'_>,
    now: u64,
) -> Option<RowId> {
    let mut values = [""; DIMENSIONS];
    for (index, value) in values.iter_mut().enumerate() {
        *value = call.dimension(index);
    }
    let mut lines = [(TokenType::Input, Exact::ZERO); TokenType::ALL.len()];
    let cost = verdict.priced.cost.map(|cost| cost_record(cost, &mut lines));
    let or = |value, default| if str::is_empty(value) { default } else { value };
    let numbers = Numbers::of_call(call);
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
            error_class: verdict.error.class,
            error_code: verdict.error.code,
            status_code: verdict.error.status_code.or(call.status_code),
            retryable: verdict.error.retryable,
            retries: call.retries,
            reported_cost_usd: verdict.reported.dollars.map(crate::price::Dollars::to_f64),
            reported_cost_foreign: verdict.reported.foreign,
            cost,
            price_source: verdict.price_source(),
            weight: call.weight,
            suspicious_usage: impossible(call).or_else(|| numbers.suspicious()),
            ..numbers.record(options.estimate_missing_usage)
        },
        now,
    )
}

/// A call that says nothing rare, but for labels and price.
pub(super) fn of_record<'a>(record: &Record, numbers: &Numbers, estimates: bool) -> CallRecord<'a> {
    CallRecord {
        trace_id: record.trace_id,
        span_id: record.span_id,
        end_unix_nano: record.end_unix_nano,
        suspicious_usage: numbers.suspicious(),
        ..numbers.record(estimates)
    }
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

/// Numbers that no call can have.
pub(super) fn impossible(call: &LlmCall<'_>) -> Option<&'static str> {
    if call.has(Flags::ABSURD_TOKENS) {
        return Some("impossible_tokens");
    }
    call.members.first()?.flags.has(Flags::ABSURD_TIME).then_some("impossible_time")
}

/// The numbers of a call, and what follows from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) tokens: Option<Tokens>,
    pub(super) streaming: Option<bool>,
    duration_seconds: f64,
    time_to_first_token: Option<f64>,
    input_characters: Option<u32>,
    output_characters: Option<u32>,
    ended_with_tool: bool,
}

impl Numbers {
    fn of_call(call: &LlmCall<'_>) -> Self {
        Self {
            tokens: call.tokens,
            streaming: call.streaming,
            duration_seconds: call.duration_seconds(),
            time_to_first_token: call.time_to_first_token,
            input_characters: call.input_characters,
            output_characters: call.output_characters,
            ended_with_tool: call.ended_with_tool(),
        }
    }

    /// Those of the nearest span; what it does not tell the other may.
    pub(super) fn of_records(first: &Record, second: Option<&Record>) -> Self {
        let (own, others) = (first.characters(), second.map_or((None, None), Record::characters));
        Self {
            tokens: first.tokens().or_else(|| second?.tokens()),
            streaming: first.streaming().or_else(|| second?.streaming()),
            duration_seconds: first.end_unix_nano.saturating_sub(first.start_unix_nano) as f64 / 1e9,
            time_to_first_token: first.time_to_first_token().or_else(|| second?.time_to_first_token()),
            input_characters: own.0.or(others.0),
            output_characters: own.1.or(others.1),
            ended_with_tool: first.flags.has(Flags::TOOL)
                || second.is_some_and(|second| second.flags.has(Flags::TOOL)),
        }
    }

    fn record<'a>(&self, estimates: bool) -> CallRecord<'a> {
        CallRecord {
            duration_seconds: self.duration_seconds,
            time_to_first_token_seconds: self.time_to_first_token,
            time_per_output_token_seconds: self.time_per_output_token(),
            streaming: self.streaming,
            tokens: self.tokens,
            estimated_tokens: if estimates { self.estimate() } else { None },
            ..CallRecord::default()
        }
    }

    fn time_per_output_token(&self) -> Option<f64> {
        let first = self.time_to_first_token.filter(|_| self.streaming == Some(true))?;
        let tokens = self.tokens?.output_total().checked_sub(1).filter(|&rest| rest > 0)?;
        let rest = self.duration_seconds - first;
        (rest > 0.0).then(|| rest / tokens as f64)
    }

    /// Stated tokens that cannot belong to the text on the span.
    ///
    /// A token is at least a character, and hardly ever more than forty; a tool call has tokens without text.
    fn suspicious(&self) -> Option<&'static str> {
        let visible = self.tokens.as_ref()?.get(TokenType::Output)?;
        let characters = self.output_characters.map(u64::from).filter(|&characters| characters > 0)?;
        if self.ended_with_tool {
            return None;
        }
        if characters > visible.saturating_mul(40).saturating_add(400) {
            return Some("fewer_tokens_than_text");
        }
        (visible > characters.saturating_mul(2).saturating_add(64)).then_some("more_tokens_than_text")
    }

    fn estimate(&self) -> Option<Tokens> {
        if self.tokens.is_some() {
            return None;
        }
        let mut tokens = Tokens::default();
        for (kind, characters) in
            [(TokenType::Input, self.input_characters), (TokenType::Output, self.output_characters)]
        {
            if let Some(characters) = characters.filter(|&characters| characters > 0) {
                tokens.set(kind, u64::from(characters).div_ceil(CHARACTERS_PER_TOKEN));
            }
        }
        (!tokens.is_empty()).then_some(tokens)
    }
}
