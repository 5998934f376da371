//! LiteLLM: limits and budgets of the gateway itself, and its names for what providers answer.

use super::rule::Sign::{Code, General, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, Connection, ContentFilter, ContextLength, InvalidRequest, ModelNotFound, Overloaded,
    Permission, QuotaExhausted, RateLimit,
};

const REFERENCE: &str = "docs.litellm.ai/docs/proxy/error_reference";
const MAPPING: &str = "docs.litellm.ai/docs/exception_mapping";

/// LiteLLM.
pub(super) static TABLE: Table = Table {
    title: "LiteLLM",
    names: &["litellm", "litellm_proxy"],
    hosts: &[],
    marks: &[],
    rules: &[
        Rule::new(
            Code(&["budget_exceeded", "budgetexceedederror", "429_budget_exceeded"]),
            QuotaExhausted,
            REFERENCE,
        )
        .code("budget_exceeded")
        .why("The gateway's own budget of this key, user or team.")
        .act(Actor::Operator, "Raise the budget in the gateway, or wait for its reset."),
        Rule::new(Text(&["budget has been exceeded"]), QuotaExhausted, REFERENCE)
            .code("budget_exceeded")
            .act(Actor::Operator, "Raise the budget in the gateway, or wait for its reset."),
        Rule::new(Text(&["crossed tpm / rpm"]), RateLimit, REFERENCE)
            .act(Actor::Operator, "Raise the limit of this key in the gateway."),
        Rule::new(Text(&["max parallel request limit reached"]), RateLimit, REFERENCE)
            .act(Actor::Operator, "Raise the limit of this key in the gateway."),
        Rule::new(
            Code(&["contextwindowexceedederror", "400_context_window_exceeded"]),
            ContextLength,
            MAPPING,
        )
        .code("context_window_exceeded"),
        Rule::new(
            Code(&["contentpolicyviolationerror", "400_content_policy_violation"]),
            ContentFilter,
            MAPPING,
        )
        .code("content_policy_violation"),
        Rule::new(
            Code(&["key_model_access_denied", "team_model_access_denied", "user_model_access_denied"]),
            Permission,
            REFERENCE,
        )
        .act(Actor::Operator, "Give the key or team access to the model in the gateway."),
        Rule::new(Text(&["no deployments available for selected model"]), Overloaded, REFERENCE)
            .code("no_healthy_deployments")
            .why("Every deployment is cooling down after failures: look at those.")
            .act(Actor::Operator, "Look at the failures of the deployments behind this model."),
        Rule::new(Code(&["429_no_healthy_deployments"]), Overloaded, REFERENCE)
            .code("no_healthy_deployments"),
        Rule::new(Text(&["no healthy deployment"]), Overloaded, REFERENCE).code("no_healthy_deployments"),
        Rule::new(Code(&["token_not_found_in_db", "expired_key"]), Authentication, REFERENCE)
            .act(Actor::Operator, "Make a key in the gateway; this one is unknown or expired."),
        Rule::new(Text(&["invalid model name passed in model="]), ModelNotFound, REFERENCE)
            .act(Actor::Operator, "Add the model to the gateway's configuration."),
        Rule::new(Text(&["llm provider not provided"]), InvalidRequest, MAPPING)
            .act(Actor::Application, "Write the model as `provider/model`."),
        Rule::new(Text(&["exception - connection error"]), Connection, MAPPING)
            .why("LiteLLM writes 500 for a connection that never was."),
        Rule::new(General(&["apiconnectionerror"]), Connection, MAPPING)
            .why("LiteLLM writes 500 for a connection that never was."),
        Rule::new(Text(&["cannot connect to host"]), Connection, MAPPING)
            .why("LiteLLM writes 500 for a connection that never was."),
    ],
};
