//! Fireworks: adaptive limits (429), overload (503), a suspended account (412).

use super::rule::Sign::{Code, Status, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{ContextLength, ModelNotFound, Overloaded, QuotaExhausted, RateLimit};

const DOCS: &str = "docs.fireworks.ai/serverless/rate-limits";
const SUSPENDED: &str = "amd/gaia#3766; pollinations/pollinations#12135";

/// Fireworks AI.
pub(super) static TABLE: Table = Table {
    title: "Fireworks AI",
    names: &["fireworks", "fireworks_ai", "fireworks-ai"],
    hosts: &["api.fireworks.ai"],
    marks: &[],
    rules: &[
        Rule::new(Text(&["is suspended", "spending limit"]), QuotaExhausted, SUSPENDED)
            .code("PRECONDITION_FAILED")
            .why("A 412: the monthly spending limit, or unpaid invoices.")
            .act(Actor::AccountOwner, "Pay or raise the limit at fireworks.ai/account/billing."),
        Rule::new(Text(&["monthly spending limit"]), QuotaExhausted, SUSPENDED).code("PRECONDITION_FAILED"),
        Rule::new(Text(&["service overloaded"]), Overloaded, DOCS)
            .why("503: the serverless pool is full; it is not your limit.")
            .act(Actor::Operator, "Retry with growing pauses, or use a dedicated deployment."),
        Rule::new(Text(&["exceeded your usage limits"]), RateLimit, "GordeyZuev/LEAP#6")
            .code("rate_limit_exceeded")
            .why("Says usage limits, but is the adaptive limit: it grows with steady traffic."),
        Rule::new(Code(&["rate_limit_exceeded"]), RateLimit, DOCS)
            .why("Adaptive limits: they grow with steady traffic."),
        Rule::new(Text(&["prompt is too long"]), ContextLength, DOCS),
        Rule::new(Text(&["model not found, inaccessible"]), ModelNotFound, DOCS).code("NOT_FOUND"),
        Rule::new(Status(412), QuotaExhausted, SUSPENDED)
            .code("PRECONDITION_FAILED")
            .why("Fireworks answers 412 for a suspended account.")
            .act(Actor::AccountOwner, "Pay or raise the limit at fireworks.ai/account/billing."),
        Rule::new(Status(503), Overloaded, DOCS),
    ],
};
