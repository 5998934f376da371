//! OpenAI: codes tell more than statuses; one 429 means either speed or money.

use super::rule::Sign::{Code, Status, StatusAndText, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ContextLength, InvalidRequest, ModelNotFound, Overloaded, Permission,
    QuotaExhausted, RateLimit, ServerError,
};

const CODES: &str = "platform.openai.com/docs/guides/error-codes";
const QUOTA: &str = "learn.microsoft.com dev-proxy, openai-insufficient-quota";
const LIMITS: &str = "platform.openai.com/docs/guides/rate-limits; BuilderIO/micro-agent#86";

const MONEY: &str = "Add credit or raise the limit at platform.openai.com/settings/organization/limits.";

/// OpenAI.
pub(super) static TABLE: Table = Table {
    title: "OpenAI",
    names: &["openai"],
    hosts: &["api.openai.com"],
    marks: &[],
    rules: &[
        Rule::new(Code(&["credit_balance_exhausted"]), QuotaExhausted, QUOTA)
            .why("A 429 that is money: the prepaid credit is gone.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Code(&["organization_spend_limit_exceeded"]), QuotaExhausted, QUOTA)
            .why("A 429 that is money: the organisation's own spend limit.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Code(&["project_spend_limit_exceeded"]), QuotaExhausted, QUOTA)
            .why("A 429 that is money: the project's own spend limit.")
            .act(Actor::AccountOwner, "Raise this project's spend limit; other projects still work."),
        Rule::new(Code(&["organization_usage_limit_exceeded"]), QuotaExhausted, QUOTA)
            .why("A 429 that is money: the usage limit that OpenAI set.")
            .act(Actor::AccountOwner, "Ask for a higher usage limit; adding credit does not help."),
        Rule::new(Code(&["billing_hard_limit_reached", "billing_not_active"]), QuotaExhausted, CODES)
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Code(&["insufficient_quota"]), QuotaExhausted, QUOTA)
            .why("A 429 that is money; the SDKs call it RateLimitError all the same.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(
            Text(&["request too large for", "on tokens per min"]),
            RateLimit,
            "vanderschaarlab/climb#1",
        )
        .code("rate_limit_exceeded")
        .retry(false)
        .why("One request larger than the whole minute's tokens: waiting never helps.")
        .act(Actor::Application, "Send less at once, or ask for a higher limit of tokens per minute."),
        Rule::new(Code(&["rate_limit_exceeded"]), RateLimit, LIMITS),
        Rule::new(StatusAndText(503, &["slow down"]), Overloaded, CODES)
            .code("slow_down")
            .why("The provider asks for less, with a 503: it has no capacity."),
        Rule::new(Code(&["slow_down"]), RateLimit, CODES)
            .why("Traffic that grows too fast, inside the limits.")
            .act(Actor::Application, "Go back to the former rate for fifteen minutes, then grow slowly."),
        Rule::new(Text(&["exceeded your current quota"]), QuotaExhausted, CODES)
            .code("insufficient_quota")
            .why("Prose of insufficient_quota, where the SDK keeps no code.")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["credit balance is exhausted"]), QuotaExhausted, QUOTA)
            .code("credit_balance_exhausted")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["project has reached its configured spend limit"]), QuotaExhausted, QUOTA)
            .code("project_spend_limit_exceeded")
            .act(Actor::AccountOwner, "Raise this project's spend limit; other projects still work."),
        Rule::new(Text(&["reached its configured spend limit"]), QuotaExhausted, QUOTA)
            .code("organization_spend_limit_exceeded")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["reached its assigned usage limit"]), QuotaExhausted, QUOTA)
            .code("organization_usage_limit_exceeded")
            .act(Actor::AccountOwner, "Ask for a higher usage limit; adding credit does not help."),
        Rule::new(Text(&["billing hard limit has been reached"]), QuotaExhausted, CODES)
            .code("billing_hard_limit_reached")
            .act(Actor::AccountOwner, MONEY),
        Rule::new(Text(&["rate limit reached for"]), RateLimit, LIMITS).code("rate_limit_exceeded"),
        Rule::new(Code(&["context_length_exceeded", "string_above_max_length"]), ContextLength, CODES),
        Rule::new(
            Code(&[
                "content_policy_violation",
                "moderation_blocked",
                "invalid_prompt",
                "cyber_policy",
                "bio_policy",
            ]),
            ContentFilter,
            CODES,
        ),
        Rule::new(
            Text(&["flagged for potentially high-risk"]),
            ContentFilter,
            "openai/codex#9824, cyber_policy",
        )
        .code("cyber_policy")
        .why("Prose of cyber_policy, where the SDK keeps no code."),
        Rule::new(Text(&["rejected as a result of our safety system"]), ContentFilter, CODES)
            .code("content_policy_violation"),
        Rule::new(Code(&["unsupported_country_region_territory"]), Permission, CODES)
            .why("A good key, from a place that OpenAI does not serve.")
            .act(Actor::Operator, "Call from a supported region; look where the egress really is."),
        Rule::new(Text(&["must be a member of an organization"]), Permission, CODES)
            .why("A 401 that is a setting of the organisation, not a bad key.")
            .act(Actor::Operator, "Ask the organisation's owner for an invitation, or use its key."),
        Rule::new(Text(&["ip not authorized"]), Permission, CODES)
            .code("ip_not_authorized")
            .why("A 401 that is the project's list of allowed addresses.")
            .act(Actor::Operator, "Add the egress address to the project's allowed addresses."),
        Rule::new(Code(&["mismatched_organization", "invalid_organization"]), Permission, CODES)
            .why("A 401 for a key that does not belong to the organisation in the header.")
            .act(Actor::Operator, "Remove or correct the organisation header."),
        Rule::new(Text(&["missing scopes"]), Permission, CODES)
            .code("missing_scope")
            .why("A 401 for a restricted key: it is good, but lacks a scope.")
            .act(Actor::Operator, "Give the key the scope that the message names."),
        Rule::new(Text(&["insufficient permissions for this operation"]), Permission, CODES)
            .code("missing_scope"),
        Rule::new(Code(&["invalid_api_key", "account_deactivated"]), Authentication, CODES),
        Rule::new(Text(&["incorrect api key provided"]), Authentication, CODES).code("invalid_api_key"),
        Rule::new(Code(&["model_not_found", "deprecated_model"]), ModelNotFound, CODES)
            .why("Also the answer for a model that this project has lost access to."),
        Rule::new(Text(&["does not exist or you do not have access"]), ModelNotFound, CODES)
            .code("model_not_found"),
        Rule::new(Text(&["does not have access to model"]), ModelNotFound, CODES).code("model_not_found"),
        Rule::new(Text(&["engine is currently overloaded"]), Overloaded, CODES).code("overloaded"),
        Rule::new(Text(&["that model is currently overloaded"]), Overloaded, CODES).code("overloaded"),
        Rule::new(Text(&["server had an error while processing your request"]), ServerError, CODES)
            .code("server_error"),
        Rule::new(
            Code(&[
                "unsupported_parameter",
                "unsupported_value",
                "invalid_value",
                "invalid_type",
                "missing_required_parameter",
                "unknown_parameter",
                "invalid_image_url",
                "image_parse_error",
            ]),
            InvalidRequest,
            CODES,
        ),
        Rule::new(Status(503), Overloaded, CODES),
    ],
};
