//! `LiteLLM`, as a library and as a proxy, both generations of its exporter.
//!
//! Source: captures of 1.106: behind an alias only `litellm.provider.model` is the true model; the
//! SERVER span of the proxy repeats the request; zeroes on failures; `hidden_params` has the headers.

use super::Fact::*;
use super::UsageFamily::Raw;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("litellm.provider.model", RoutedModel(9)),
    key("metadata.usage_object", UsageObject(Raw)),
    key("hidden_params", HiddenParams),
    key("gen_ai.cost.total_cost", ReportedCost(9)),
    key("litellm.cost.total", ReportedCost(9)),
    key("llm.response.cost", ReportedCost(5)),
    key("litellm.request.streaming", Streaming),
    key("litellm.provider.error.code", ErrorCode),
    key("litellm.provider.error.type", ErrorType),
    key("litellm.provider.error.message", ErrorMessage),
    key("litellm.provider.llm_provider", Provider(4)),
    key("error.llm_provider", Provider(4)),
    key("metadata.user_api_key_hash", Account(8)),
    key("litellm.api_key.hash", Account(8)),
    key("llm.response.id", ResponseId(5)),
    key("litellm.trace_id", GatewayRequest),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("litellm", "litellm*", Layer::Gateway).with(&[
    Trait::ZeroCostIsUnknown,
    Trait::FailedUsageIsGuess,
    Trait::CompletionIsChat,
])];
