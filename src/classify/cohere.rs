//! Cohere: one 429 for a minute's limit and for a trial key's month; the text tells.

use super::rule::Sign::{Status, StatusAndText, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, Cancelled, ContentFilter, ContextLength, ModelNotFound, QuotaExhausted, RateLimit,
};

const LIMITS: &str = "docs.cohere.com/docs/rate-limits";
const LIST: &str = "developersdigest, Cohere list";
const ERRORS: &str = "docs.cohere.com/reference/errors";

/// Cohere.
pub(super) static TABLE: Table = Table {
    title: "Cohere",
    names: &["cohere"],
    hosts: &["api.cohere.com", "api.cohere.ai"],
    marks: &[],
    rules: &[
        Rule::new(StatusAndText(429, &["1000 api calls / month"]), QuotaExhausted, LIMITS)
            .code("trial_month")
            .local()
            .why("A 429 that lasts until next month: the trial key's 1000 calls.")
            .act(Actor::AccountOwner, "Use a production key."),
        Rule::new(StatusAndText(429, &["per month"]), QuotaExhausted, LIMITS)
            .code("trial_month")
            .local()
            .act(Actor::AccountOwner, "Use a production key."),
        Rule::new(StatusAndText(429, &["/ month"]), QuotaExhausted, LIMITS)
            .code("trial_month")
            .local()
            .act(Actor::AccountOwner, "Use a production key."),
        Rule::new(Text(&["calls / minute"]), RateLimit, LIMITS).code("rate_limit_exceeded").local(),
        Rule::new(Text(&["per minute"]), RateLimit, LIMITS).code("rate_limit_exceeded").local(),
        Rule::new(StatusAndText(429, &["trial", "token", "exceeded"]), QuotaExhausted, LIST)
            .code("trial_tokens")
            .local()
            .act(Actor::AccountOwner, "Use a production key."),
        Rule::new(Text(&["too many tokens"]), ContextLength, ERRORS)
            .local()
            .why("The prompt's size, unlike the same words elsewhere."),
        Rule::new(Text(&["invalid api token"]), Authentication, ERRORS),
        Rule::new(Text(&["blocked output"]), ContentFilter, ERRORS).local(),
        Rule::new(Text(&["blocked input"]), ContentFilter, ERRORS).local(),
        Rule::new(Text(&["model", "not found, make sure"]), ModelNotFound, ERRORS),
        Rule::new(Status(402), QuotaExhausted, LIST),
        Rule::new(Status(498), ContentFilter, ERRORS).why("Cohere answers 498 for blocked input or output."),
        Rule::new(Status(499), Cancelled, LIST),
    ],
};
