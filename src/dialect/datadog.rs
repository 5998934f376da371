//! Datadog's tracers, exported by OTLP: no scope at all, numbers under `gen_ai.usage.*` and again under `_dd.llmobs.*`.
//!
//! Source: captures of ddtrace 4.16. The answering model stands as the request's; HTTP spans have `span.type`=http and
//! the old HTTP names, the status as text. The msgpack of `_llmobs` repeats the attributes and is passed over.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("_dd.llmobs.span_kind", CallMarker),
    key("_dd.llmobs.model_name", RequestModel(4)),
    key("_dd.llmobs.model_provider", Provider(4)),
    key("openai.request.model", RequestModel(8)),
    key("openai.response.model", ResponseModel(8)),
    key("anthropic.request.model", RequestModel(8)),
    key("anthropic.response.model", ResponseModel(8)),
    key("gen_ai.usage.reasoning_output_tokens", Usage(GenAi, Reasoning)),
    key("_dd.llmobs.input_tokens", Usage(GenAi, Input)),
    key("_dd.llmobs.output_tokens", Usage(GenAi, Output)),
    key("_dd.llmobs.total_tokens", Usage(GenAi, Total)),
    key("_dd.llmobs.cache_read_input_tokens", Usage(GenAi, CacheRead)),
    key("_dd.llmobs.cache_write_input_tokens", Usage(GenAi, CacheWrite)),
    key("_dd.llmobs.reasoning_output_tokens", Usage(GenAi, Reasoning)),
    key("openai.organization.id", Account(4)),
    key("out.host", ServerAddress(5)),
];

pub(super) const PROFILES: &[Profile] = &[];
