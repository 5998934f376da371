//! Anthropic: the types are coarse; spend limits hide behind `rate_limit_error` and 400.

use super::rule::Sign::{Code, General, Header, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContextLength, InvalidRequest, ModelNotFound, Overloaded, Permission, QuotaExhausted,
    RateLimit, ServerError, Timeout,
};

const ERRORS: &str = "docs.claude.com/en/api/errors";
const SPEND: &str = "anthropics/claude-code#2127, #38035";
const LIMITS: &str = "continuedev/continue#9623";

const MONEY: &str =
    "Raise the spend limit or add credit in the Claude Console; it resets on the first of the month.";

/// Anthropic.
pub(super) static TABLE: Table = Table {
    title: "Anthropic",
    names: &["anthropic"],
    hosts: &["api.anthropic.com"],
    marks: &[],
    rules: &[
        Rule::new(
            Code(&["enforced_spend_limit_reached", "enforcedspendlimitreachederror"]),
            QuotaExhausted,
            ERRORS,
        )
        .code("enforced_spend_limit_reached")
        .why("A 429 rate_limit_error that is the tier's monthly spend cap, until the first of next month.")
        .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["reached your specified api usage limits"]), QuotaExhausted, SPEND)
            .code("usage_limit_reached")
            .why("A 400 that looks like a bad request: the spend limit that the customer set.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["reached your api usage limits"]), QuotaExhausted, ERRORS)
            .code("enforced_spend_limit_reached")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["monthly spend limit"]), QuotaExhausted, "can1357/oh-my-pi#5418")
            .code("spend_limit_reached")
            .why("A 429 with a retry-after of minutes that is a monthly cap.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["credit balance is too low"]), QuotaExhausted, ERRORS)
            .code("credit_balance_too_low")
            .why("A 400 that looks like a bad request: no credit.")
            .act(Actor::AccountOwner, "Buy credits in the Claude Console, and turn on automatic reload."),
        Rule::new(Text(&["extra usage is required"]), QuotaExhausted, "anthropics/claude-code#41054")
            .code("extra_usage_required")
            .why("A 429 for a plan that does not include long contexts: waiting never helps.")
            .act(Actor::AccountOwner, "Turn on extra usage for the plan, or send less than 200k tokens."),
        Rule::new(Text(&["out of extra usage"]), QuotaExhausted, "anthropics/claude-code#41054")
            .code("extra_usage_required"),
        Rule::new(Code(&["billing_error"]), QuotaExhausted, ERRORS)
            .act(Actor::AccountOwner, "Check the payment details in the Claude Console."),
        Rule::new(
            Header("anthropic-ratelimit-unified-status", "rejected"),
            QuotaExhausted,
            "anthropics/claude-code#71670",
        )
        .code("rate_limit_error")
        .why("The allotment of a subscription (five hours or seven days) is used up.")
        .act(
            Actor::AccountOwner,
            "Wait for the window in `anthropic-ratelimit-unified-reset`, or use an API key.",
        ),
        Rule::new(
            Text(&["would exceed your account", "rate limit. please try again later"]),
            QuotaExhausted,
            "anthropics/claude-code#71670",
        )
        .code("rate_limit_error")
        .why("The wording for the allotment of a subscription (five hours or seven days).")
        .act(
            Actor::AccountOwner,
            "Wait for the window in `anthropic-ratelimit-unified-reset`, or use an API key.",
        ),
        Rule::new(Text(&["usage is increasing too quickly"]), RateLimit, ERRORS)
            .code("rate_limit_error")
            .why("The acceleration limit: a 429 while every header shows room.")
            .act(Actor::Application, "Grow traffic step by step; keep the pattern even."),
        Rule::new(Text(&["number of concurrent connections has exceeded"]), RateLimit, ERRORS)
            .code("rate_limit_error")
            .act(Actor::Application, "Bound the number of calls in flight."),
        Rule::new(Text(&["would exceed", "rate limit", "per minute"]), RateLimit, LIMITS)
            .code("rate_limit_error"),
        Rule::new(Text(&["prompt is too long"]), ContextLength, ERRORS).code("invalid_request_error"),
        Rule::new(Text(&["exceed context limit"]), ContextLength, ERRORS).code("invalid_request_error"),
        Rule::new(Text(&["content filtering policy"]), crate::call::ErrorClass::ContentFilter, ERRORS)
            .code("invalid_request_error")
            .why("A 400 that is the output filter, not the request's form."),
        Rule::new(Code(&["overloaded_error"]), Overloaded, ERRORS)
            .why("529 for all users; inside a stream it comes under HTTP 200."),
        Rule::new(Code(&["request_too_large", "requesttoolargeerror"]), InvalidRequest, ERRORS)
            .code("request_too_large")
            .why("More than 32 MB of bytes, refused before any model sees it.")
            .act(Actor::Application, "Send files by reference, or split the batch."),
        Rule::new(Code(&["authentication_error"]), Authentication, ERRORS),
        Rule::new(Code(&["permission_error"]), Permission, ERRORS),
        Rule::new(Code(&["not_found_error"]), ModelNotFound, ERRORS),
        Rule::new(Code(&["timeout_error", "client_timeout_error"]), Timeout, ERRORS),
        Rule::new(Code(&["api_error"]), ServerError, ERRORS),
        Rule::new(General(&["rate_limit_error"]), RateLimit, ERRORS),
    ],
};
