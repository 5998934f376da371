//! Moonshot AI (Kimi): types are words; money and speed share the 429.

use super::rule::Sign::{Code, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, ModelNotFound, Overloaded, Permission, QuotaExhausted,
    RateLimit,
};

const DOCS: &str = "platform.moonshot.ai/docs/api/errors";

/// Moonshot AI.
pub(super) static TABLE: Table = Table {
    title: "Moonshot AI",
    names: &["moonshotai", "moonshot", "kimi"],
    hosts: &["api.moonshot."],
    marks: &[],
    rules: &[
        Rule::new(Code(&["exceeded_current_quota_error"]), QuotaExhausted, DOCS)
            .why("A 429 that is money: the balance is gone, and the account is suspended.")
            .act(Actor::AccountOwner, "Recharge the account in the Moonshot console."),
        Rule::new(Code(&["rate_limit_reached_error"]), RateLimit, DOCS),
        Rule::new(Code(&["engine_overloaded_error"]), Overloaded, DOCS)
            .why("A 429 that is capacity, not your limit."),
        Rule::new(Text(&["considered high risk"]), ContentFilter, DOCS).code("content_filter"),
        Rule::new(Text(&["exceeded model token limit"]), ContextLength, DOCS).code("invalid_request_error"),
        Rule::new(Code(&["invalid_authentication_error", "incorrect_api_key_error"]), Authentication, DOCS),
        Rule::new(Code(&["permission_denied_error"]), Permission, DOCS),
        Rule::new(Code(&["resource_not_found_error"]), ModelNotFound, DOCS),
    ],
};
