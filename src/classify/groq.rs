//! Groq: OpenAI's shapes; limits per day stay rate limits, as its bucket refills all the time.

use super::rule::Sign::{Code, Status, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    ContextLength, InvalidRequest, ModelNotFound, Overloaded, QuotaExhausted, RateLimit,
};

const DOCS: &str = "console.groq.com/docs/errors";
const LIMITS: &str = "console.groq.com/docs/rate-limits";

/// Groq.
pub(super) static TABLE: Table = Table {
    title: "Groq",
    names: &["groq"],
    hosts: &["api.groq.com"],
    marks: &[],
    rules: &[
        Rule::new(Text(&["request too large for model"]), RateLimit, "elizaOS/eliza#4040")
            .code("rate_limit_exceeded")
            .retry(false)
            .why("A 413 that is a rate limit: one request larger than the minute's tokens.")
            .act(Actor::Application, "Send less at once, or move to a tier with more tokens per minute."),
        Rule::new(Text(&["on tokens per day"]), RateLimit, "continuedev/continue#10920")
            .code("rate_limit_exceeded")
            .why("Tokens per day stand only in the text; the headers show the minute, with room.")
            .act(Actor::AccountOwner, "Wait as long as the text says, or move to a higher tier."),
        Rule::new(Text(&["on requests per day"]), RateLimit, LIMITS)
            .code("rate_limit_exceeded")
            .why("A bucket over a day: it frees one request at a time.")
            .act(Actor::AccountOwner, "Wait as long as `retry-after` says, or move to a higher tier."),
        Rule::new(Code(&["blocked_api_access"]), QuotaExhausted, DOCS)
            .why("A 400 that looks like a bad request: the configured spend limit.")
            .act(Actor::AccountOwner, "Raise the spend limit at console.groq.com/settings/billing."),
        Rule::new(Text(&["configured spend limit was reached"]), QuotaExhausted, DOCS)
            .code("blocked_api_access")
            .act(Actor::AccountOwner, "Raise the spend limit at console.groq.com/settings/billing."),
        Rule::new(Text(&["spend limit alert", "blocked"]), QuotaExhausted, DOCS).code("blocked_api_access"),
        Rule::new(Code(&["rate_limit_exceeded"]), RateLimit, LIMITS),
        Rule::new(Code(&["capacity_exceeded"]), Overloaded, DOCS)
            .why("The flex tier has no room: status 498, which no standard knows.")
            .act(Actor::Application, "Retry with growing pauses, or use the on-demand tier."),
        Rule::new(Text(&["currently over capacity"]), Overloaded, DOCS),
        Rule::new(Text(&["flex tier capacity exceeded"]), Overloaded, DOCS).code("capacity_exceeded"),
        Rule::new(Code(&["model_decommissioned"]), ModelNotFound, "console.groq.com/docs/deprecations"),
        Rule::new(Text(&["has been decommissioned"]), ModelNotFound, "console.groq.com/docs/deprecations")
            .code("model_decommissioned"),
        Rule::new(Text(&["reduce the length of the messages or completion"]), ContextLength, DOCS)
            .code("context_length_exceeded"),
        Rule::new(Code(&["json_validate_failed", "tool_use_failed"]), InvalidRequest, DOCS)
            .retry(true)
            .why("The model wrote something that is not the asked form; another try may do.")
            .act(Actor::Application, "Retry, with a lower temperature or a simpler schema."),
        Rule::new(Status(498), Overloaded, DOCS)
            .code("capacity_exceeded")
            .why("The flex tier has no room: status 498, which no standard knows."),
    ],
};
