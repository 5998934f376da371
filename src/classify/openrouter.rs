//! `OpenRouter`: its own limits by `limit_source`; the upstream's answers inside its own.

use super::rule::Sign::{Code, StatusAndHeader, StatusAndText, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    ContentFilter, ModelNotFound, Overloaded, Permission, QuotaExhausted, RateLimit,
};

const LIMITS: &str = "OpenRouterTeam/docs api_reference/limits.mdx";
const ERRORS: &str = "openrouter.ai/docs/api-reference/errors";
const CREDITS: &str = "astrio-labs/forall#76; continuedev/continue#11154";

/// `OpenRouter`.
pub(super) static TABLE: Table = Table {
    title: "OpenRouter",
    names: &["openrouter"],
    hosts: &["openrouter.ai"],
    marks: &["openrouter.ai/settings", "openrouterexception"],
    rules: &[
        Rule::new(Code(&["openrouter_in_flight_budget"]), RateLimit, LIMITS)
            .why("A 402 that passes: the calls in flight have reserved the balance.")
            .act(Actor::Application, "Wait as long as `retry-after` says; bound the calls in flight."),
        Rule::new(Code(&["openrouter_key_limit"]), QuotaExhausted, LIMITS)
            .act(Actor::Operator, "Raise the limit of this key at openrouter.ai/settings/keys."),
        Rule::new(Code(&["openrouter_credits"]), QuotaExhausted, LIMITS).act(
            Actor::AccountOwner,
            "Add credits, or lower `max_tokens`: it is reserved against the balance.",
        ),
        Rule::new(Code(&["openrouter_free_tier_daily"]), QuotaExhausted, LIMITS)
            .act(Actor::AccountOwner, "Wait for midnight UTC, or buy ten credits for 1000 free calls a day."),
        Rule::new(Text(&["free-models-per-day"]), QuotaExhausted, "Gitlawb/openclaude#936")
            .code("free-models-per-day")
            .why("A 429 that lasts until midnight UTC.")
            .act(Actor::AccountOwner, "Wait for midnight UTC, or buy ten credits for 1000 free calls a day."),
        Rule::new(Text(&["free-models-per-min"]), RateLimit, LIMITS).code("free-models-per-min"),
        Rule::new(Text(&["requires more credits"]), QuotaExhausted, CREDITS)
            .code("openrouter_credits")
            .why("Judged on `max_tokens`, not on what the answer will cost.")
            .act(
                Actor::AccountOwner,
                "Add credits, or lower `max_tokens`: it is reserved against the balance.",
            ),
        Rule::new(Text(&["insufficient credits"]), QuotaExhausted, LIMITS)
            .code("openrouter_credits")
            .act(Actor::AccountOwner, "Add credits at openrouter.ai/settings/credits."),
        Rule::new(StatusAndHeader(402, "retry-after"), RateLimit, LIMITS)
            .local()
            .why("Of OpenRouter's 402s only the one for calls in flight names a time.")
            .act(Actor::Application, "Wait as long as `retry-after` says; bound the calls in flight."),
        Rule::new(Text(&["key limit exceeded"]), QuotaExhausted, LIMITS)
            .code("openrouter_key_limit")
            .why("A 403 that is the spend limit of one key.")
            .act(Actor::Operator, "Raise the limit of this key at openrouter.ai/settings/keys."),
        Rule::new(Text(&["temporarily rate-limited upstream"]), RateLimit, ERRORS)
            .why("The limit of OpenRouter with that provider, shared by its users.")
            .act(Actor::Operator, "Let other providers serve the model, or bring your own key."),
        Rule::new(StatusAndText(429, &["provider returned error"]), RateLimit, "continuedev/continue#10442")
            .local()
            .why("The upstream's limit; which one is not told."),
        Rule::new(
            Text(&["no endpoints found that support"]),
            crate::call::ErrorClass::InvalidRequest,
            ERRORS,
        ),
        Rule::new(Text(&["no allowed providers are available"]), Permission, ERRORS)
            .why("A 404 that is your own list of providers, or the data policy.")
            .act(Actor::Operator, "Look at the allowed providers and the privacy settings."),
        Rule::new(Text(&["data policy"]), Permission, ERRORS)
            .local()
            .why("A 404 that is the account's privacy setting."),
        Rule::new(Text(&["no endpoints found for"]), ModelNotFound, ERRORS),
        Rule::new(Text(&["is not a valid model id"]), ModelNotFound, ERRORS)
            .why("A 400 for an unknown model."),
        Rule::new(Text(&["no instances available"]), Overloaded, ERRORS),
        Rule::new(StatusAndText(403, &["requires moderation"]), ContentFilter, ERRORS)
            .why("A 403 that is moderation of the input."),
        Rule::new(StatusAndText(403, &["flagged"]), ContentFilter, ERRORS)
            .local()
            .why("A 403 that is moderation of the input."),
    ],
};
