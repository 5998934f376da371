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
    Guidance {
        meaning: meaning(class),
        retryable: retryable(class),
        actor: actor(class),
        action: action(class),
    }
}

/// What the class means, in a sentence.
#[must_use]
pub const fn meaning(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::None => "It did not fail.",
        ErrorClass::RateLimit => "Too fast for a limit that refills by itself.",
        ErrorClass::QuotaExhausted => {
            "Money, credits or an allotment are used up; waiting a minute does not help."
        }
        ErrorClass::Overloaded => "The provider has no capacity; it is not your limit.",
        ErrorClass::ContextLength => {
            "The prompt, with the room asked for the answer, does not fit the model."
        }
        ErrorClass::ContentFilter => "Refused by the provider's safety system.",
        ErrorClass::Authentication => "The key is missing, wrong or revoked.",
        ErrorClass::Permission => "The key is good but may not do this.",
        ErrorClass::ModelNotFound => "No such model or deployment, or none for this account.",
        ErrorClass::InvalidRequest => "The request itself is wrong.",
        ErrorClass::Timeout => "No answer in time.",
        ErrorClass::ServerError => "The provider failed.",
        ErrorClass::Connection => "No connection, or it broke.",
        ErrorClass::Cancelled => "The caller gave up.",
        ErrorClass::Unknown => "Failed, and the spans do not tell why.",
    }
}

/// Whether the same request can succeed later.
const fn retryable(class: ErrorClass) -> Option<bool> {
    match class {
        ErrorClass::None | ErrorClass::Unknown => None,
        ErrorClass::RateLimit
        | ErrorClass::Overloaded
        | ErrorClass::Timeout
        | ErrorClass::ServerError
        | ErrorClass::Connection => Some(true),
        ErrorClass::QuotaExhausted
        | ErrorClass::ContextLength
        | ErrorClass::ContentFilter
        | ErrorClass::Authentication
        | ErrorClass::Permission
        | ErrorClass::ModelNotFound
        | ErrorClass::InvalidRequest
        | ErrorClass::Cancelled => Some(false),
    }
}

const fn actor(class: ErrorClass) -> Actor {
    match class {
        ErrorClass::None
        | ErrorClass::RateLimit
        | ErrorClass::ContextLength
        | ErrorClass::ContentFilter
        | ErrorClass::InvalidRequest
        | ErrorClass::Timeout
        | ErrorClass::Cancelled
        | ErrorClass::Unknown => Actor::Application,
        ErrorClass::QuotaExhausted => Actor::AccountOwner,
        ErrorClass::Overloaded | ErrorClass::ServerError => Actor::Provider,
        ErrorClass::Authentication
        | ErrorClass::Permission
        | ErrorClass::ModelNotFound
        | ErrorClass::Connection => Actor::Operator,
    }
}

const fn action(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::None => "Nothing.",
        ErrorClass::RateLimit => {
            "Wait as long as `retry-after` says, spread the load, then ask for a higher limit."
        }
        ErrorClass::QuotaExhausted => "Add credit or raise the spend limit; stop retrying until then.",
        ErrorClass::Overloaded => {
            "Retry with growing pauses, or send the traffic to another region, model or provider."
        }
        ErrorClass::ContextLength => {
            "Shorten the prompt or `max_tokens`, or use a model with a larger context window."
        }
        ErrorClass::ContentFilter => "Look at what was sent; the same request is refused again.",
        ErrorClass::Authentication => "Check which key this service really uses, and replace it.",
        ErrorClass::Permission => "Grant the key's project, role or region access to what it asks for.",
        ErrorClass::ModelNotFound => {
            "Compare the model's name with the provider's list; look for a retirement notice or lost access."
        }
        ErrorClass::InvalidRequest => "Read the message: it names the parameter.",
        ErrorClass::Timeout => {
            "Compare the client's time-out with the usual duration of this model; stream long answers."
        }
        ErrorClass::ServerError => "Retry with growing pauses; look at the provider's status page.",
        ErrorClass::Connection => "Check name resolution, proxy, firewall and the base URL.",
        ErrorClass::Cancelled => {
            "Nothing, if users did it; else look for deadlines of the caller that are too short."
        }
        ErrorClass::Unknown => "Let the instrumentation record exceptions or status messages.",
    }
}
