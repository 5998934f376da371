//! How calls fail, in the providers' own words. Data, no code.
//!
//! In: nothing. Out: [`FAILURES`]. The texts are those that the providers' SDKs put on a span; names and numbers
//! are made up. `{model}` stands for the model.

use crate::call::ErrorClass::{
    self, Authentication, Cancelled, Connection, ContentFilter, ContextLength, InvalidRequest, ModelNotFound,
    Overloaded, Permission, QuotaExhausted, RateLimit, ServerError, Timeout, Unknown,
};

/// One way in which a call to one provider fails.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) provider: &'static str,
    pub(super) class: ErrorClass,
    /// How often, among the failures of this provider in ordinary traffic.
    pub(super) weight: f64,
    /// The HTTP status; `None` when there was no answer.
    pub(super) status: Option<u16>,
    /// The exception of the SDK: `error.type`.
    pub(super) error_type: &'static str,
    /// The span's status message.
    pub(super) message: &'static str,
}

const fn row(
    provider: &'static str,
    class: ErrorClass,
    weight: f64,
    status: Option<u16>,
    error_type: &'static str,
    message: &'static str,
) -> Failure {
    Failure { provider, class, weight, status, error_type, message }
}

/// Share of ordinary calls that fail.
pub(super) const ORDINARY_SHARE: f64 = 0.012;

/// Every failure the demo knows.
#[rustfmt::skip]
pub(super) static FAILURES: &[Failure] = &[
    row("openai", RateLimit, 4.0, Some(429), "RateLimitError",
        "Error code: 429 - {'error': {'message': 'Rate limit reached for {model} in organization org-demo on tokens per min (TPM): Limit 800000, Used 798311, Requested 4270. Please try again in 193ms. Visit https://platform.openai.com/account/rate-limits to learn more.', 'type': 'tokens', 'param': None, 'code': 'rate_limit_exceeded'}}"),
    row("openai", QuotaExhausted, 0.0, Some(429), "RateLimitError",
        "Error code: 429 - {'error': {'message': 'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.', 'type': 'insufficient_quota', 'param': None, 'code': 'insufficient_quota'}}"),
    row("openai", ContextLength, 1.0, Some(400), "BadRequestError",
        "Error code: 400 - {'error': {'message': \"This model's maximum context length is 128000 tokens. However, your messages resulted in 131342 tokens. Please reduce the length of the messages.\", 'type': 'invalid_request_error', 'param': 'messages', 'code': 'context_length_exceeded'}}"),
    row("openai", Authentication, 0.0, Some(401), "AuthenticationError",
        "Error code: 401 - {'error': {'message': 'Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.', 'type': 'invalid_request_error', 'param': None, 'code': 'invalid_api_key'}}"),
    row("openai", ModelNotFound, 0.0, Some(404), "NotFoundError",
        "Error code: 404 - {'error': {'message': 'The model `{model}` does not exist or you do not have access to it.', 'type': 'invalid_request_error', 'param': None, 'code': 'model_not_found'}}"),
    row("openai", InvalidRequest, 1.0, Some(400), "BadRequestError",
        "Error code: 400 - {'error': {'message': \"Invalid schema for function 'lookup_order': None is not of type 'object'.\", 'type': 'invalid_request_error', 'param': 'tools[0].function.parameters', 'code': 'invalid_function_parameters'}}"),
    row("openai", Timeout, 1.5, None, "APITimeoutError", "Request timed out."),
    row("openai", Connection, 0.7, None, "APIConnectionError", "Connection error."),
    row("openai", Cancelled, 0.5, None, "asyncio.exceptions.CancelledError", ""),
    row("openai", Unknown, 0.2, None, "_OTHER", ""),
    row("openai", ServerError, 1.0, Some(500), "InternalServerError",
        "Error code: 500 - {'error': {'message': 'The server had an error while processing your request. Sorry about that!', 'type': 'server_error', 'param': None, 'code': None}}"),
    row("openai", Overloaded, 0.7, Some(503), "InternalServerError",
        "Error code: 503 - {'error': {'message': 'The engine is currently overloaded, please try again later', 'type': 'server_error', 'param': None, 'code': 'overloaded'}}"),
    row("azure.ai.openai", RateLimit, 2.0, Some(429), "RateLimitError",
        "Error code: 429 - {'error': {'code': '429', 'message': 'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 28 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.'}}"),
    row("azure.ai.openai", ContentFilter, 2.0, Some(400), "BadRequestError",
        "Error code: 400 - {'error': {'message': \"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.\", 'type': None, 'param': 'prompt', 'code': 'content_filter', 'status': 400, 'innererror': {'code': 'ResponsibleAIPolicyViolation'}}}"),
    row("azure.ai.openai", Permission, 0.0, Some(403), "PermissionDeniedError",
        "Error code: 403 - {'error': {'code': 'AccessDenied', 'message': 'Access denied due to Virtual Network/Firewall rules.'}}"),
    row("anthropic", Overloaded, 3.0, Some(529), "anthropic.OverloadedError",
        "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}"),
    row("anthropic", RateLimit, 2.0, Some(429), "anthropic.RateLimitError",
        "Error code: 429 - {'type': 'error', 'error': {'type': 'rate_limit_error', 'message': \"This request would exceed your organization's rate limit of 2,000,000 input tokens per minute (model: {model}).\"}}"),
    row("anthropic", QuotaExhausted, 0.0, Some(400), "anthropic.BadRequestError",
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'}}"),
    row("anthropic", ContextLength, 1.0, Some(400), "anthropic.BadRequestError",
        "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'prompt is too long: 208310 tokens > 200000 maximum'}}"),
    row("aws.bedrock", RateLimit, 2.0, Some(429), "ThrottlingException",
        "An error occurred (ThrottlingException) when calling the Converse operation (reached max retries: 0): Too many tokens, please wait before trying again."),
    row("aws.bedrock", Timeout, 1.0, Some(408), "ModelTimeoutException",
        "An error occurred (ModelTimeoutException) when calling the Converse operation (reached max retries: 0): The request took too long to process. Processing time exceeded the model timeout length."),
    row("gcp.gemini", RateLimit, 2.0, Some(429), "429",
        "429 RESOURCE_EXHAUSTED. {'error': {'code': 429, 'message': 'You exceeded your current quota, please check your plan and billing details.', 'status': 'RESOURCE_EXHAUSTED', 'details': [{'@type': 'type.googleapis.com/google.rpc.QuotaFailure', 'violations': [{'quotaMetric': 'generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count', 'quotaId': 'GenerateContentPaidTierInputTokensPerModelPerMinute', 'quotaDimensions': {'model': '{model}', 'location': 'global'}, 'quotaValue': '1000000'}]}, {'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '41s'}]}}"),
    row("gcp.gemini", Overloaded, 1.0, Some(503), "503",
        "503 UNAVAILABLE. {'error': {'code': 503, 'message': 'The model is overloaded. Please try again later.', 'status': 'UNAVAILABLE'}}"),
    row("groq", RateLimit, 1.0, Some(429), "RateLimitError",
        "Error code: 429 - {'error': {'message': 'Rate limit reached for model `{model}` in organization `org_demo` service tier `on_demand` on tokens per minute (TPM): Limit 300000, Used 297437, Requested 9854. Please try again in 1.455s.', 'type': 'tokens', 'code': 'rate_limit_exceeded'}}"),
    row("mistral_ai", Overloaded, 1.0, Some(429), "RateLimitError",
        "Error code: 429 - {'object': 'error', 'message': 'Service tier capacity exceeded for this model.', 'type': 'service_tier_capacity_exceeded', 'param': None, 'code': '3505'}"),
];

/// The way in which calls to a provider fail with a class, or the nearest that another provider has.
pub(super) fn failure_of(provider: &str, class: ErrorClass) -> Option<&'static Failure> {
    let of_class = || FAILURES.iter().filter(move |failure| failure.class == class);
    of_class().find(|failure| failure.provider == provider).or_else(|| of_class().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_error_is_there() {
        for class in ErrorClass::ALL.into_iter().filter(|class| *class != ErrorClass::None) {
            assert!(failure_of("openai", class).is_some(), "{}", class.label());
        }
    }
}
