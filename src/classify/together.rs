//! Together AI: `credit_limit` is money or a plain rate limit; the text tells.

use super::rule::Sign::{Code, CodeAndText, Status, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContextLength, ModelNotFound, Overloaded, QuotaExhausted, RateLimit,
};

const RATE: &str = "togethercomputer/MoA#27";
const CREDIT: &str = "expectedparrot/edsl#2098";
const DOCS: &str = "docs.together.ai/docs/error-codes";

/// Together AI.
pub(super) static TABLE: Table = Table {
    title: "Together AI",
    names: &["together_ai", "together", "togetherai", "together.ai"],
    hosts: &["api.together.xyz", "api.together.ai"],
    marks: &[],
    rules: &[
        Rule::new(Text(&["you have been rate limited"]), RateLimit, RATE)
            .code("rate_limit")
            .why("Typed credit_limit, but the text states queries per minute."),
        Rule::new(
            Text(&["reached the rate limit specific to this model"]),
            RateLimit,
            "xtekky/gpt4free#3032",
        )
        .code("model_rate_limit"),
        Rule::new(Text(&["credit limit exceeded"]), QuotaExhausted, CREDIT)
            .code("credit_limit")
            .act(Actor::AccountOwner, "Add credit at api.together.ai/settings/billing."),
        Rule::new(Status(402), QuotaExhausted, CREDIT).code("credit_limit"),
        Rule::new(CodeAndText("credit_limit", &["queries per minute"]), RateLimit, RATE).code("rate_limit"),
        Rule::new(
            Code(&["model_rate_limit", "dynamic_request_limited", "dynamic_token_limited"]),
            RateLimit,
            DOCS,
        )
        .why("Limits per second that move with the traffic: steady traffic raises them."),
        Rule::new(Text(&["inputs", "max_new_tokens", "must be <="]), ContextLength, DOCS),
        Rule::new(Text(&["unable to access model"]), ModelNotFound, DOCS).code("model_not_available"),
        Rule::new(Code(&["model_not_available"]), ModelNotFound, DOCS),
        Rule::new(Code(&["invalid_api_key"]), Authentication, DOCS),
        Rule::new(Text(&["model is overloaded"]), Overloaded, DOCS),
        Rule::new(Code(&["engine_overloaded", "service_unavailable"]), Overloaded, DOCS)
            .code("service_unavailable"),
    ],
};
