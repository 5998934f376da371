//! What to do about each class, where a row of a table does not know better.

use super::rule::Actor;
use crate::call::ErrorClass;

/// The usual advice of one class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guidance {
    pub(super) meaning: &'static str,
    pub(super) retryable: Option<bool>,
    pub(super) actor: Actor,
    pub(super) action: &'static str,
}

/// The usual advice of `class`.
pub(super) const fn of(class: ErrorClass) -> Guidance {
    match class {
        ErrorClass::None => Guidance {
            meaning: "It did not fail.",
            retryable: None,
            actor: Actor::Application,
            action: "Nothing.",
        },
        ErrorClass::RateLimit => Guidance {
            meaning: "Too fast for a limit that refills by itself.",
            retryable: Some(true),
            actor: Actor::Application,
            action: "Wait as long as `retry-after` says, spread the load, then ask for a higher limit.",
        },
        ErrorClass::QuotaExhausted => Guidance {
            meaning: "Money, credits or an allotment are used up; waiting a minute does not help.",
            retryable: Some(false),
            actor: Actor::AccountOwner,
            action: "Add credit or raise the spend limit; stop retrying until then.",
        },
        ErrorClass::Overloaded => Guidance {
            meaning: "The provider has no capacity; it is not your limit.",
            retryable: Some(true),
            actor: Actor::Provider,
            action: "Retry with growing pauses, or send the traffic to another region, model or provider.",
        },
        ErrorClass::ContextLength => Guidance {
            meaning: "The prompt, with the room asked for the answer, does not fit the model.",
            retryable: Some(false),
            actor: Actor::Application,
            action: "Shorten the prompt or `max_tokens`, or use a model with a larger context window.",
        },
        ErrorClass::ContentFilter => Guidance {
            meaning: "Refused by the provider's safety system.",
            retryable: Some(false),
            actor: Actor::Application,
            action: "Look at what was sent; the same request is refused again.",
        },
        ErrorClass::Authentication => Guidance {
            meaning: "The key is missing, wrong or revoked.",
            retryable: Some(false),
            actor: Actor::Operator,
            action: "Check which key this service really uses, and replace it.",
        },
        ErrorClass::Permission => Guidance {
            meaning: "The key is good but may not do this.",
            retryable: Some(false),
            actor: Actor::Operator,
            action: "Grant the key's project, role or region access to what it asks for.",
        },
        ErrorClass::ModelNotFound => Guidance {
            meaning: "No such model or deployment, or none for this account.",
            retryable: Some(false),
            actor: Actor::Operator,
            action: "Compare the model's name with the provider's list; look for a retirement notice or lost access.",
        },
        ErrorClass::InvalidRequest => Guidance {
            meaning: "The request itself is wrong.",
            retryable: Some(false),
            actor: Actor::Application,
            action: "Read the message: it names the parameter.",
        },
        ErrorClass::Timeout => Guidance {
            meaning: "No answer in time.",
            retryable: Some(true),
            actor: Actor::Application,
            action: "Compare the client's time-out with the usual duration of this model; stream long answers.",
        },
        ErrorClass::ServerError => Guidance {
            meaning: "The provider failed.",
            retryable: Some(true),
            actor: Actor::Provider,
            action: "Retry with growing pauses; look at the provider's status page.",
        },
        ErrorClass::Connection => Guidance {
            meaning: "No connection, or it broke.",
            retryable: Some(true),
            actor: Actor::Operator,
            action: "Check name resolution, proxy, firewall and the base URL.",
        },
        ErrorClass::Cancelled => Guidance {
            meaning: "The caller gave up.",
            retryable: Some(false),
            actor: Actor::Application,
            action: "Nothing, if users did it; else look for deadlines of the caller that are too short.",
        },
        ErrorClass::Unknown => Guidance {
            meaning: "Failed, and the spans do not tell why.",
            retryable: None,
            actor: Actor::Application,
            action: "Let the instrumentation record exceptions or status messages.",
        },
    }
}
