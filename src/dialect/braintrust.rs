//! Braintrust: what a span is, its request and its numbers, each as an object in one attribute.
//!
//! Source: the tracers of braintrust-sdk-go, -java and -ruby (`braintrust.span_attributes` = `{"type": "llm"}`,
//! `braintrust.metadata` = the request with its model and provider, `braintrust.metrics` = prompt tokens with cached ones).

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::OpenAiShaped;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("braintrust.span_attributes", MarkerObject),
    key("braintrust.span_attributes.type", Marker),
    key("braintrust.metadata", RequestObject),
    key("braintrust.metadata.model", RequestModel(5)),
    key("braintrust.metadata.provider", Provider(2)),
    key("braintrust.metrics", UsageObject(OpenAiShaped)),
    key("braintrust.metrics.prompt_tokens", Usage(OpenAiShaped, Input)),
    key("braintrust.metrics.completion_tokens", Usage(OpenAiShaped, Output)),
    key("braintrust.metrics.prompt_cached_tokens", Usage(OpenAiShaped, CacheRead)),
    key("braintrust.metrics.prompt_cache_creation_tokens", Usage(OpenAiShaped, CacheWrite)),
    key("braintrust.metrics.completion_reasoning_tokens", Usage(OpenAiShaped, Reasoning)),
    key("braintrust.output_json", OutputText),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("braintrust", "braintrust*", Layer::Instrumentor)];
