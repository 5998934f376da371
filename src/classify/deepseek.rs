//! `DeepSeek`: plain statuses; 402 is the balance.

use super::rule::Sign::{Status, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, InvalidRequest, ModelNotFound, Overloaded, QuotaExhausted, RateLimit,
};

const DOCS: &str = "api-docs.deepseek.com/quick_start/error_codes";

/// `DeepSeek`.
pub(super) static TABLE: Table = Table {
    title: "DeepSeek",
    names: &["deepseek"],
    hosts: &["api.deepseek.com"],
    marks: &[],
    rules: &[
        Rule::new(Text(&["insufficient balance"]), QuotaExhausted, DOCS)
            .code("insufficient_balance")
            .act(Actor::AccountOwner, "Top up the balance at platform.deepseek.com."),
        Rule::new(
            Text(&["content exists risk"]),
            ContentFilter,
            "deepseek-ai/awesome-deepseek-integration#13",
        )
        .code("content_filter")
        .why("A 400 invalid_request_error that is the moderation."),
        Rule::new(Text(&["authentication fails"]), Authentication, DOCS),
        Rule::new(Text(&["model not exist"]), ModelNotFound, DOCS).why("A 400 for an unknown model."),
        Rule::new(Status(402), QuotaExhausted, DOCS)
            .code("insufficient_balance")
            .act(Actor::AccountOwner, "Top up the balance at platform.deepseek.com."),
        Rule::new(Status(422), InvalidRequest, DOCS),
        Rule::new(Status(429), RateLimit, DOCS)
            .why("Too fast, or too many calls at once; no header tells which."),
        Rule::new(Status(503), Overloaded, DOCS),
    ],
};
