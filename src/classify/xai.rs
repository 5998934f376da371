//! xAI: `{"code": prose, "error": text}`; the same code for speed and for money.

use super::rule::Sign::{BareStatus, Code, StatusAndHeader, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, ModelNotFound, Permission, QuotaExhausted, RateLimit,
    Unknown,
};

const CREDITS: &str = "continuedev/continue#10373; Anantys-oss/koan#2412";
const DOCS: &str = "docs.x.ai, consumption and rate limits";

/// xAI.
pub(super) static TABLE: Table = Table {
    title: "xAI",
    names: &["x_ai", "xai", "grok"],
    hosts: &["api.x.ai"],
    marks: &[],
    rules: &[
        Rule::new(Text(&["used all available credits"]), QuotaExhausted, CREDITS)
            .code("credits_exhausted")
            .why("Both as 429 and as 403 permission-denied, with the code of a rate limit.")
            .act(Actor::AccountOwner, "Buy credits or raise the monthly spending limit in the xAI console."),
        Rule::new(Text(&["reached its monthly spending limit"]), QuotaExhausted, CREDITS)
            .code("credits_exhausted"),
        Rule::new(Text(&["run out of credits"]), QuotaExhausted, "Wei-Shaw/sub2api#4069")
            .code("credits_exhausted")
            .why("A 403 that is money."),
        Rule::new(Text(&["have any credits or licenses"]), QuotaExhausted, CREDITS)
            .code("credits_exhausted")
            .why("A 403 that is money: a new team without credits."),
        Rule::new(Text(&["too many requests for team"]), RateLimit, DOCS).code("rate_limit_exceeded"),
        Rule::new(Text(&["some resource has been exhausted"]), RateLimit, DOCS).code("rate_limit_exceeded"),
        Rule::new(Text(&["maximum prompt length is"]), ContextLength, DOCS).code("context_length_exceeded"),
        Rule::new(Text(&["incorrect api key provided"]), Authentication, DOCS)
            .code("invalid_api_key")
            .why("xAI answers a bad key with 400."),
        Rule::new(Text(&["does not exist or your team", "does not have access"]), ModelNotFound, DOCS)
            .code("model_not_found"),
        Rule::new(Text(&["content violates usage guidelines"]), ContentFilter, DOCS)
            .why("A 403 that is the safety check, and is billed."),
        Rule::new(Text(&["usage guidelines violation"]), ContentFilter, DOCS),
        Rule::new(Text(&["api key is currently blocked"]), Permission, DOCS),
        Rule::new(StatusAndHeader(429, "x-ratelimit-remaining-requests"), RateLimit, DOCS).local(),
        Rule::new(Code(&["permission-denied"]), Permission, DOCS),
        Rule::new(BareStatus(429), Unknown, CREDITS)
            .why("Without its text a 429 of xAI is speed or money: the SDKs lose a body whose `error` is a string.")
            .act(Actor::Operator, "Record response headers or bodies; look at the credits in the xAI console."),
        Rule::new(BareStatus(403), Unknown, CREDITS)
            .why("Without its text a 403 of xAI is permission, money or the safety check.")
            .act(Actor::Operator, "Record response bodies; look at the credits in the xAI console."),
    ],
};
