//! Mistral: short bodies; numeric codes; a 429 can be the tier's shared capacity.

use super::rule::Sign::{Code, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContextLength, InvalidRequest, ModelNotFound, Overloaded, QuotaExhausted, RateLimit,
};

const RECORDED: &str = "raycast/extensions#31107 (recorded body)";
const DOCS: &str = "docs.mistral.ai/resources/known-limitations";

/// Mistral.
pub(super) static TABLE: Table = Table {
    title: "Mistral",
    names: &["mistral_ai", "mistral", "mistralai"],
    hosts: &["api.mistral.ai", "codestral.mistral.ai"],
    marks: &[],
    rules: &[
        Rule::new(Code(&["service_tier_capacity_exceeded"]), Overloaded, "BerriAI/litellm#25078")
            .code("service_tier_capacity_exceeded")
            .why("A 429 that is the capacity of the tier, not your limit."),
        Rule::new(Text(&["service tier capacity exceeded"]), Overloaded, "continuedev/continue#6185")
            .code("service_tier_capacity_exceeded")
            .why("A 429, typed invalid_request_error, that is the capacity of the tier."),
        Rule::new(Code(&["payment_required"]), QuotaExhausted, "developersdigest, Mistral list")
            .code("payment_required"),
        Rule::new(Text(&["monthly spending limit"]), QuotaExhausted, "developersdigest, Mistral list")
            .code("payment_required")
            .act(Actor::AccountOwner, "Raise the monthly spending limit in the Mistral admin console."),
        Rule::new(Code(&["rate_limited"]), RateLimit, RECORDED).code("rate_limited"),
        Rule::new(Text(&["requests rate limit exceeded"]), RateLimit, "dnakov/anon-kode#53")
            .code("rate_limited")
            .why("Requests per second are judged apart from tokens per minute."),
        Rule::new(Code(&["invalid_model"]), ModelNotFound, DOCS)
            .code("invalid_model")
            .why("A 400 for a model that does not exist."),
        Rule::new(Text(&["invalid model:"]), ModelNotFound, DOCS).code("invalid_model"),
        Rule::new(Text(&["too large for model with", "maximum context length"]), ContextLength, DOCS)
            .code("invalid_request_prompt"),
        Rule::new(Code(&["3505"]), Overloaded, "BerriAI/litellm#25078")
            .code("service_tier_capacity_exceeded")
            .local(),
        Rule::new(Code(&["1801"]), QuotaExhausted, "developersdigest, Mistral list")
            .code("payment_required")
            .local(),
        Rule::new(Code(&["1300"]), RateLimit, RECORDED).code("rate_limited").local(),
        Rule::new(Code(&["1500"]), ModelNotFound, DOCS).code("invalid_model").local(),
        Rule::new(Code(&["3051"]), ContextLength, DOCS).code("invalid_request_prompt").local(),
        Rule::new(Code(&["service_unavailable", "3000"]), Overloaded, DOCS)
            .code("service_unavailable")
            .local(),
        Rule::new(Text(&["inactive subscription or usage limit"]), QuotaExhausted, DOCS),
        Rule::new(Text(&["no api key found in request"]), Authentication, DOCS),
        Rule::new(Code(&["invalid_request_message_order", "3230"]), InvalidRequest, DOCS)
            .code("invalid_request_message_order")
            .local(),
    ],
};
