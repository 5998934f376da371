//! Cerebras: codes with `quota` in them that are minute limits, and a queue that is overload.

use super::rule::Sign::{Code, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContextLength, ModelNotFound, Overloaded, QuotaExhausted, RateLimit,
};

const RECORDED: &str = "nminaya/grammar-nazi-bot#958 (recorded body)";
const DOCS: &str = "inference-docs.cerebras.ai/support/error";

/// Cerebras.
pub(super) static TABLE: Table = Table {
    title: "Cerebras",
    names: &["cerebras"],
    hosts: &["api.cerebras.ai"],
    marks: &[],
    rules: &[
        Rule::new(Code(&["queue_exceeded"]), Overloaded, DOCS)
            .why("A 429 too_many_requests_error that is the provider's queue."),
        Rule::new(Text(&["experiencing high traffic"]), Overloaded, DOCS).code("queue_exceeded"),
        Rule::new(Code(&["token_quota_exceeded"]), RateLimit, DOCS)
            .why("Named quota, but a limit per minute; `max_completion_tokens` is reserved at admission.")
            .act(Actor::Application, "Set `max_completion_tokens` to what answers need, then slow down."),
        Rule::new(Text(&["tokens per minute limit exceeded"]), RateLimit, "continuedev/continue#9800")
            .code("token_quota_exceeded")
            .act(Actor::Application, "Set `max_completion_tokens` to what answers need, then slow down."),
        Rule::new(Code(&["request_quota_exceeded"]), RateLimit, RECORDED)
            .why("Named quota, but a limit that refills."),
        Rule::new(Text(&["limit exceeded - too many"]), RateLimit, RECORDED).code("request_quota_exceeded"),
        Rule::new(Code(&["payment_required", "payment_required_error"]), QuotaExhausted, DOCS)
            .code("payment_required"),
        Rule::new(Code(&["wrong_api_key"]), Authentication, DOCS),
        Rule::new(Text(&["current length is", "while limit is"]), ContextLength, DOCS)
            .code("context_length_exceeded"),
        Rule::new(Text(&["does not exist or you do not have access"]), ModelNotFound, DOCS)
            .code("model_not_found"),
    ],
};
