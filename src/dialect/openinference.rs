//! `OpenInference` (Arize Phoenix).
//!
//! Source: OpenInference semantic conventions; captures of the Python and JavaScript instrumentors.
//! `llm.model_name` is the answering model on success and the asked one on failure, so it ranks low
//! as either; the request model is inside `llm.invocation_parameters`.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::OpenInference;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("openinference.span.kind", Marker),
    key("llm.provider", Provider(6)),
    key("llm.system", Provider(5)),
    key("llm.request.model_name", RequestModel(8)),
    key("llm.response.model_name", ResponseModel(8)),
    key("llm.model_name", ResponseModel(4)),
    key("embedding.model_name", ResponseModel(4)),
    key("reranker.model_name", ResponseModel(4)),
    key("llm.invocation_parameters", RequestObject),
    key("embedding.invocation_parameters", RequestObject),
    key("llm.token_count.prompt", Usage(OpenInference, Input)),
    key("llm.token_count.completion", Usage(OpenInference, Output)),
    key("llm.token_count.total", Usage(OpenInference, Total)),
    key("llm.token_count.prompt_details.cache_read", Usage(OpenInference, CacheRead)),
    key("llm.token_count.prompt_details.cache_input", Usage(OpenInference, CacheRead)),
    key("llm.token_count.prompt_details.cache_write", Usage(OpenInference, CacheWrite)),
    key("llm.token_count.prompt_details.audio", Usage(OpenInference, InputAudio)),
    key("llm.token_count.completion_details.audio", Usage(OpenInference, OutputAudio)),
    key("llm.token_count.completion_details.reasoning", Usage(OpenInference, Reasoning)),
    key("llm.finish_reason", FinishReason),
    key("llm.cost.total", ReportedCost(8)),
    key("output.value", ResponseObject),
    key("input.value", InputText),
];

pub(super) const PROFILES: &[Profile] = &[
    // "record cache read/write token details on streaming paths" (openinference#3488, 1.1.1).
    Profile::new("openinference", "openinference.instrumentation.anthropic", Layer::Instrumentor)
        .before("1.1.1")
        .with(&[super::Trait::StreamsWithoutCached]),
    Profile::new("openinference", "openinference.instrumentation.anthropic", Layer::Instrumentor),
    Profile::new("openinference", "openinference.instrumentation.openai", Layer::Instrumentor),
    Profile::new("openinference", "openinference.instrumentation.bedrock", Layer::Instrumentor),
    Profile::new("openinference", "openinference.instrumentation.groq", Layer::Instrumentor),
    Profile::new("openinference", "openinference.instrumentation.mistralai", Layer::Instrumentor),
    Profile::new("openinference", "openinference.instrumentation.google_genai", Layer::Instrumentor),
    Profile::new("openinference", "openinference.instrumentation.vertexai", Layer::Instrumentor),
    // `usage.tokens` (with the chat template) where only `billed_units` cost money: seen 173 for 107.
    Profile::new("openinference", "openinference.instrumentation.cohere", Layer::Instrumentor)
        .with(&[super::Trait::TokensAreNotBilled]),
    Profile::new("openinference", "openinference.instrumentation.litellm", Layer::Gateway),
    // The Anthropic model class of Agno states 43 for a prompt of 2143.
    Profile::new("openinference", "openinference.instrumentation.agno", Layer::Framework).exclusive(),
    Profile::new("openinference", "openinference.instrumentation.*", Layer::Framework),
    Profile::new("openinference", "@arizeai/openinference-instrumentation-langchain*", Layer::Framework),
    Profile::new("openinference", "@arizeai/openinference-vercel", Layer::Framework),
    Profile::new("openinference", "@arizeai/openinference-*", Layer::Instrumentor),
    Profile::new("openinference", "openinference*", Layer::Framework),
];
