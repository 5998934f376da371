//! `LangSmith`'s OpenTelemetry export: every run is a span with an operation name, tools and chains too.
//!
//! Source: captures of langsmith 0.15: details as Python literals in strings.

use super::Fact::*;
use super::UsageFamily::LangChain;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("langsmith.span.kind", Marker),
    key("langsmith.metadata.ls_provider", Provider(5)),
    key("langsmith.metadata.ls_model_name", RequestModel(5)),
    key("langsmith.metadata.usage_metadata", UsageObject(LangChain)),
    key("gen_ai.usage.input_token_details", InputDetails),
    key("gen_ai.usage.output_token_details", OutputDetails),
    key("langsmith.request.streaming", Streaming),
    key("langsmith.metadata.stream", Streaming),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("langsmith", "langsmith*", Layer::Framework)
    .with(&[Trait::OperationEverywhere, Trait::OkBeforeTheEnd])];
