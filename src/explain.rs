//! The whole story of the calls in some export requests, by the server's own path.
//!
//! In: requests. Out: a [`Story`], as the JSON object of the contract or as text for a person.

use serde_json::{Map, Value, json};

use crate::call::{PriceSource, RateLimit, Tokens};
use crate::dialect::Vocabulary;
use crate::facts::{Batch, SpanKey};
use crate::judge::{Judge, Verdict};
use crate::otlp::{self, Fault, JsonRequest};
use crate::price::PriceBook;
use crate::recognise::Recogniser;
use crate::settle::{Held, LlmCall, Outcome, SettleSettings, Settler};

/// What was found.
#[derive(Debug, Default)]
pub struct Story {
    calls: Vec<Value>,
    skipped: Vec<Value>,
}

/// Reads requests, in the order given, as one stream.
#[derive(Debug)]
pub struct Explainer {
    vocabulary: Vocabulary,
    settler: Settler,
    judge: Judge,
    story: Story,
    received: u64,
}

impl Explainer {
    /// With nothing read.
    #[must_use]
    pub fn new(vocabulary: Vocabulary, settings: SettleSettings, book: PriceBook) -> Self {
        let unlimited = SettleSettings { most_bytes: usize::MAX, ..settings };
        Self {
            vocabulary,
            settler: Settler::new(unlimited),
            judge: Judge::new(book),
            story: Story::default(),
            received: 0,
        }
    }

    /// Reads an `ExportTraceServiceRequest` in protobuf.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read_protobuf(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut recogniser = Recogniser::new(&self.vocabulary).with_left_out();
        otlp::walk(bytes, &mut recogniser)?;
        let batch = recogniser.finish();
        self.offer(batch);
        Ok(())
    }

    /// Reads one in OTLP/JSON.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read_json(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let request = JsonRequest::parse(bytes)?;
        let mut recogniser = Recogniser::new(&self.vocabulary).with_left_out();
        request.drive(&mut recogniser);
        let batch = recogniser.finish();
        self.offer(batch);
        Ok(())
    }

    fn offer(&mut self, batch: Batch) {
        self.received += 1;
        for left_out in &batch.left_out {
            self.story.skipped.push(skipped(left_out.span, batch.text(left_out.name), "not_a_call", None));
        }
        for _ in 0..batch.malformed {
            self.story.skipped.push(json!({"trace_id": null, "span_id": null, "span_name": null, "reason": "malformed", "of": null}));
        }
        let (story, judge) = (&mut self.story, &mut self.judge);
        self.settler.offer(batch, self.received, &mut |outcome| story.tell(&outcome, judge));
    }

    /// The story so far, with everything settled.
    #[must_use]
    pub fn finish(mut self) -> Story {
        let (story, judge) = (&mut self.story, &mut self.judge);
        self.settler.finish(&mut |outcome| story.tell(&outcome, judge));
        self.story.calls.sort_by_key(|call| call["end_unix_nano"].as_u64());
        self.story
    }
}

impl Story {
    fn tell(&mut self, outcome: &Outcome<'_>, judge: &mut Judge) {
        match outcome {
            Outcome::Call(call) => {
                let verdict = judge.judge(call);
                self.calls.push(call_json(call, &verdict));
            }
            Outcome::Late(_) => {}
            Outcome::Skipped { span, reason, of, late: _ } => {
                let name = span.text(span.facts().name);
                self.skipped.push(skipped(span.facts().key(), name, reason.label(), *of));
            }
        }
    }

    /// The object of the contract.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"calls": self.calls, "skipped": self.skipped})
    }
}

fn skipped(span: SpanKey, name: &str, reason: &str, of: Option<SpanKey>) -> Value {
    json!({
        "trace_id": hex(&span.trace_id),
        "span_id": hex(&span.span_id),
        "span_name": name,
        "reason": reason,
        "of": of.filter(|of| *of != span).map(|of| hex(&of.span_id)),
    })
}

fn call_json(call: &LlmCall<'_>, verdict: &Verdict<'_>) -> Value {
    let merged: Vec<String> = call.merged_spans().map(|held: &Held| hex(&held.facts().span_id)).collect();
    let cost = verdict.priced.cost.as_ref();
    let lines = cost.map(|cost| {
        let amounts =
            cost.lines().map(|line| (line.key.label().to_owned(), Value::String(line.amount.to_string())));
        amounts.collect::<Map<String, Value>>()
    });
    json!({
        "trace_id": hex(&call.key.trace_id),
        "span_id": hex(&call.key.span_id),
        "span_name": call.span_name,
        "dialect": call.dialect,
        "service_name": call.service_name,
        "environment": call.environment,
        "provider": call.provider,
        "model": verdict.model(call),
        "request_model": call.request_model,
        "response_model": call.response_model,
        "operation": call.operation,
        "end_unix_nano": call.end_unix_nano,
        "duration_seconds": call.duration_seconds(),
        "time_to_first_token_seconds": call.time_to_first_token,
        "tokens": call.tokens.as_ref().map(tokens_json),
        "cost_usd": cost.map(|cost| cost.total().to_string()),
        "cost": lines,
        "price_source": match verdict.price_source() {
            PriceSource::Unpriced if call.tokens.is_none() => PriceSource::UnknownUsage.label(),
            source => source.label(),
        },
        "error_class": verdict.error.class.label(),
        "error_code": verdict.error.code,
        "status_code": verdict.error.status_code.or(call.status_code),
        "retryable": verdict.error.retryable,
        "rate_limits": verdict.limits.iter().map(limit_json).collect::<Vec<_>>(),
        "merged_spans": merged,
    })
}

fn tokens_json(tokens: &Tokens) -> Value {
    tokens.iter().map(|(kind, count)| (kind.label().to_owned(), json!(count))).collect::<Map<_, _>>().into()
}

fn limit_json(limit: &RateLimit) -> Value {
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

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
