//! Azure OpenAI, Azure AI Foundry and the API Management gateway in front of them.

use super::rule::Sign::{BareStatus, Code, CodeAndText, StatusAndHeader, Text};
use super::rule::{Actor, Rule, Table};
use crate::call::ErrorClass::{
    Authentication, ContentFilter, ModelNotFound, Overloaded, Permission, QuotaExhausted, RateLimit,
    ServerError, Unknown,
};

const QUESTIONS: &str = "learn.microsoft.com/answers/2140040";
const GATEWAY: &str = "learn.microsoft.com, azure-openai-token-limit-policy";
const FILTER: &str = "learn.microsoft.com, Azure OpenAI content filtering";

/// Azure OpenAI.
pub(super) static TABLE: Table = Table {
    title: "Azure OpenAI",
    names: &[
        "azure.ai.openai",
        "azure.ai.inference",
        "azure",
        "az.ai.openai",
        "az.ai.inference",
        "azure_openai",
        "azure_ai",
    ],
    hosts: &[".azure.com", ".azure-api.net", ".azure.us", ".azure.cn"],
    marks: &[],
    rules: &[
        Rule::new(
            Text(&["token rate limit", "retry after 86400 seconds"]),
            RateLimit,
            "vanderschaarlab/climb#1",
        )
        .retry(false)
        .why("One request larger than the deployment's tokens per minute answers with a day's wait.")
        .act(
            Actor::Application,
            "Lower the prompt or `max_tokens`, or give the deployment more tokens per minute.",
        ),
        Rule::new(Text(&["exceeded", "token rate limit"]), RateLimit, QUESTIONS).why(
            "Charged on an estimate (prompt and `max_tokens`) at arrival; billed tokens may look far below.",
        ),
        Rule::new(Text(&["exceeded call rate limit"]), RateLimit, "langchain-ai/langchain#12986")
            .why("Requests are judged over one and ten seconds, so a burst fails below the minute's limit."),
        Rule::new(Text(&["experiencing high demand"]), Overloaded, "pollinations/pollinations#6260")
            .why("A 429 that is Azure's capacity, not your quota.")
            .act(Actor::Operator, "Fail over to another region, or buy provisioned throughput."),
        Rule::new(Text(&["token quota is exceeded"]), QuotaExhausted, GATEWAY)
            .why("A 403 of the gateway: the allotment of this subscription key for the period.")
            .act(Actor::Operator, "Raise the quota in the gateway's policy, or wait for the period to end."),
        Rule::new(Text(&["out of call volume quota"]), QuotaExhausted, GATEWAY)
            .why("A 403 of the gateway: the calls of this subscription key for the period.")
            .act(Actor::Operator, "Raise the quota in the gateway's policy, or wait for the period to end."),
        Rule::new(StatusAndHeader(403, "retry-after"), QuotaExhausted, GATEWAY)
            .local()
            .why("A 403 that names a time is the gateway's quota, even without a body.")
            .act(Actor::Operator, "Raise the quota in the gateway's policy, or wait for the period to end."),
        Rule::new(Text(&["token limit is exceeded. try again"]), RateLimit, GATEWAY)
            .act(Actor::Operator, "Raise the gateway's tokens per minute, or slow down."),
        Rule::new(Text(&["rate limit is exceeded. try again"]), RateLimit, QUESTIONS),
        Rule::new(Code(&["content_filter", "responsibleaipolicyviolation"]), ContentFilter, FILTER)
            .code("content_filter"),
        Rule::new(Text(&["content management policy"]), ContentFilter, FILTER).code("content_filter"),
        Rule::new(Code(&["deploymentnotfound"]), ModelNotFound, QUESTIONS).code("DeploymentNotFound").act(
            Actor::Operator,
            "Check the deployment's name on this resource; new ones take five minutes.",
        ),
        Rule::new(Text(&["api deployment for this resource does not exist"]), ModelNotFound, QUESTIONS)
            .code("DeploymentNotFound")
            .act(
                Actor::Operator,
                "Check the deployment's name on this resource; new ones take five minutes.",
            ),
        Rule::new(Text(&["invalid subscription key"]), Authentication, QUESTIONS)
            .act(Actor::Operator, "Check key and endpoint: a key works only on its own resource."),
        Rule::new(CodeAndText("permissiondenied", &["principal"]), Permission, QUESTIONS)
            .why("A 401 for an identity without a role on the resource.")
            .act(Actor::Operator, "Give the identity the role `Cognitive Services OpenAI User`."),
        Rule::new(Text(&["virtual network/firewall rules"]), Permission, QUESTIONS)
            .code("AccessDenied")
            .act(Actor::Operator, "Add the caller's network to the resource's firewall."),
        Rule::new(Code(&["accessdenied", "permissiondenied"]), Permission, QUESTIONS)
            .code("AccessDenied")
            .local(),
        Rule::new(Code(&["too_many_requests", "toomanyrequests"]), RateLimit, "openai/openai-dotnet#838")
            .code("too_many_requests")
            .local(),
        Rule::new(Code(&["nocapacity", "serviceunavailable"]), Overloaded, QUESTIONS)
            .code("ServiceUnavailable")
            .local(),
        Rule::new(Code(&["internalservererror"]), ServerError, QUESTIONS).code("InternalServerError").local(),
        Rule::new(BareStatus(403), Unknown, GATEWAY)
            .why("Without its text a 403 is a permission, the network's rules, or the gateway's quota.")
            .act(
                Actor::Operator,
                "Record response headers or bodies; look at the quota policy of the gateway.",
            ),
    ],
};
