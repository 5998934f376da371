//! Gemini API and Vertex AI: one message for every limit; only `quotaId` tells minute from day.

use super::rule::Sign::{Code, CodeAndText, Status, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, Cancelled, ContextLength, ModelNotFound, Overloaded, Permission, QuotaExhausted,
    RateLimit,
};

const BODY: &str = "google-gemini/gemini-cli#8437";
const DOCS: &str = "ai.google.dev/gemini-api/docs/troubleshooting";
const NO_ACCESS: &str = "continuedev/continue#9570";

/// Gemini API and Vertex AI.
pub(super) static TABLE: Table = Table {
    title: "Gemini and Vertex AI",
    names: &[
        "gcp.gemini",
        "gcp.vertex_ai",
        "gcp.gen_ai",
        "gemini",
        "google",
        "vertex_ai",
        "vertexai",
        "google_genai",
        "google_vertexai",
        "vertex",
    ],
    hosts: &["generativelanguage.googleapis.com", "aiplatform.googleapis.com"],
    marks: &["ai.google.dev", "generativelanguage.googleapis.com", "type.googleapis.com/google.rpc",
        // The status of a Google API's body; the word alone is gRPC's, and Genkit's for every 429.
        "'status': 'resource_exhausted'", "\"status\": \"resource_exhausted\"", "\"status\":\"resource_exhausted\""],
    rules: &[
        Rule::new(Text(&["quota exceeded for metric", "limit: 0"]), QuotaExhausted, NO_ACCESS)
            .code("RESOURCE_EXHAUSTED")
            .why("A limit of 0: this tier has no access to the model at all; the retry delay is of no use.")
            .act(Actor::AccountOwner, "Turn on billing for the project, or use a model of the free tier."),
        Rule::new(Text(&["quotaid", "perday"]), QuotaExhausted, BODY)
            .code("RESOURCE_EXHAUSTED")
            .why("The same message as for a minute's limit; quotaId says PerDay. The retry delay is of no use.")
            .act(Actor::AccountOwner, "Wait for midnight Pacific time, or raise the tier."),
        Rule::new(Text(&["quota", "per day"]), QuotaExhausted, "google-gemini/gemini-cli#1502")
            .code("RESOURCE_EXHAUSTED")
            .local()
            .why("Code Assist and older APIs name the quota in prose only.")
            .act(Actor::AccountOwner, "Wait for midnight Pacific time, or raise the tier."),
        Rule::new(Text(&["quotaid", "perminute"]), RateLimit, BODY)
            .code("RESOURCE_EXHAUSTED")
            .why("The message says plan and billing; quotaId says PerMinute.")
            .act(Actor::Application, "Wait as long as `retryDelay` says."),
        Rule::new(Text(&["prepaid credits", "depleted"]), QuotaExhausted, "developersdigest, Gemini list")
            .code("RESOURCE_EXHAUSTED")
            .act(Actor::AccountOwner, "Add credits to the billing account."),
        Rule::new(Status(402), QuotaExhausted, "developersdigest, Gemini list")
            .act(Actor::AccountOwner, "Add credits to the billing account."),
        Rule::new(Text(&["spend", "limit", "exceeded"]), QuotaExhausted, "developersdigest, Gemini list")
            .code("RESOURCE_EXHAUSTED")
            .local()
            .why("A limit on money over ten minutes, answered like a rate limit."),
        Rule::new(Text(&["generative-ai/docs/error-code-429"]), Overloaded, "google-gemini/gemini-cli#14811")
            .code("RESOURCE_EXHAUSTED")
            .why("Vertex's shared capacity (dynamic shared quota), not a limit of yours.")
            .act(Actor::Operator, "Use the global endpoint or provisioned throughput; retry with growing pauses."),
        Rule::new(CodeAndText("resource_exhausted", &["resource exhausted, please try again later"]), Overloaded, "google-gemini/gemini-cli#14811")
            .code("RESOURCE_EXHAUSTED"),
        Rule::new(Text(&["api key not valid"]), Authentication, DOCS)
            .code("API_KEY_INVALID")
            .why("A 400 INVALID_ARGUMENT that is a bad key."),
        Rule::new(Code(&["api_key_invalid", "api_key_expired"]), Authentication, DOCS).code("API_KEY_INVALID"),
        Rule::new(Text(&["api key expired"]), Authentication, DOCS).code("API_KEY_INVALID"),
        Rule::new(Text(&["reported as leaked"]), Authentication, DOCS)
            .why("A 403 for a key that Google has blocked.")
            .act(Actor::Operator, "Make a new key, and find where the old one was published."),
        Rule::new(Text(&["has not been used in project"]), Permission, DOCS)
            .code("PERMISSION_DENIED")
            .act(Actor::Operator, "Turn on the Generative Language API for this project."),
        Rule::new(Text(&["user location is not supported"]), Permission, DOCS)
            .code("FAILED_PRECONDITION")
            .why("A 400 that depends on where the call comes from.")
            .act(Actor::Operator, "Turn on billing, or call from a supported country."),
        Rule::new(Text(&["input token count", "exceeds the maximum"]), ContextLength, DOCS).code("INVALID_ARGUMENT"),
        Rule::new(Text(&["input context is too long"]), ContextLength, DOCS)
            .why("A 500 INTERNAL that is a prompt too long."),
        Rule::new(Text(&["is not found for api version"]), ModelNotFound, DOCS).code("NOT_FOUND"),
        Rule::new(Text(&["publisher model", "not found"]), ModelNotFound, DOCS).code("NOT_FOUND"),
        Rule::new(Text(&["model is overloaded"]), Overloaded, DOCS).code("UNAVAILABLE"),
        Rule::new(Text(&["exceeded your current quota"]), RateLimit, BODY)
            .local()
            .code("RESOURCE_EXHAUSTED")
            .why("The message for every limit; without quotaId the minute is likelier than the day, and retrying is cheap.")
            .act(Actor::Application, "Wait a minute and retry; if it stays, look at the quotas of the project."),
        Rule::new(Text(&["resource has been exhausted"]), RateLimit, "googleapis/python-genai#2065")
            .code("RESOURCE_EXHAUSTED")
            .why("The old body without details: minute, day and money look alike."),
        Rule::new(Status(499), Cancelled, DOCS),
    ],
};
