//! IBM watsonx.ai: codes are words in `errors[].code`.

use super::rule::Sign::{Code, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContextLength, InvalidRequest, ModelNotFound, Overloaded, Permission, QuotaExhausted,
    RateLimit,
};

const DOCS: &str = "cloud.ibm.com/apidocs/watsonx-ai, errors; ibm.com/docs, watsonx.ai troubleshooting";

/// IBM watsonx.ai.
pub(super) static TABLE: Table = Table {
    title: "IBM watsonx.ai",
    names: &["ibm.watsonx.ai", "watsonx", "ibm"],
    hosts: &[".ml.cloud.ibm.com"],
    marks: &[],
    rules: &[
        Rule::new(Code(&["token_quota_reached"]), QuotaExhausted, DOCS)
            .why("A 403 that is the plan's tokens of the month.")
            .act(Actor::AccountOwner, "Upgrade the plan, or wait for the month to end."),
        Rule::new(Code(&["consumption_limit_reached", "cuh_quota_reached"]), QuotaExhausted, DOCS)
            .act(Actor::AccountOwner, "Upgrade the plan, or wait for the month to end."),
        Rule::new(Code(&["rate_limit_reached_requests", "rate_limit_reached"]), RateLimit, DOCS),
        Rule::new(Code(&["downstream_request_failed", "model_no_capacity"]), Overloaded, DOCS),
        Rule::new(Code(&["model_not_supported"]), ModelNotFound, DOCS),
        Rule::new(Text(&["input tokens", "cannot exceed"]), ContextLength, DOCS)
            .code("invalid_input_argument"),
        Rule::new(Code(&["json_validation_error", "invalid_request_entity"]), InvalidRequest, DOCS),
        Rule::new(
            Code(&[
                "authentication_token_expired",
                "authentication_token_not_valid",
                "missing_authentication_token",
            ]),
            Authentication,
            DOCS,
        ),
        Rule::new(
            Code(&["no_associated_service_instance_error", "authorization_rejected"]),
            Permission,
            DOCS,
        ),
    ],
};
