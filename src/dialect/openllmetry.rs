//! `OpenLLMetry` (Traceloop), its old `llm.*` names and its new `gen_ai.*` ones.
//!
//! Source: opentelemetry-semantic-conventions-ai; captures of 0.40 and 0.62 (Python), 0.27 (Node).

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::{CrewAi, GenAi};
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("llm.request.type", CallMarker),
    key("traceloop.span.kind", TraceloopKind),
    key("llm.usage.total_tokens", Usage(GenAi, Total)),
    key("llm.usage.prompt_tokens", Usage(GenAi, Input)),
    key("llm.usage.completion_tokens", Usage(GenAi, Output)),
    key("llm.is_streaming", Streaming),
    key("gen_ai.is_streaming", Streaming),
    key("llm.request.model", RequestModel(7)),
    key("llm.response.model", ResponseModel(7)),
    key("llm.vendor", Provider(4)),
    key("llm.response.finish_reason", FinishReason),
    key("llm.response.stop_reason", FinishReason),
    key("gen_ai.prompt.0.content", InputText),
    key("gen_ai.completion.0.content", OutputText),
    key("gen_ai.completion.0.finish_reason", FinishReason),
    key("crewai.crew.token_usage", UsageObject(CrewAi)),
    key("crewai.crew.usage_metrics", UsageObject(CrewAi)),
    key("mistral_ai.request.total_tokens", Usage(GenAi, Total)),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("openllmetry", "opentelemetry.instrumentation.openai.v*", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.openai", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.anthropic", Layer::Instrumentor),
    // `inputTokens` of the Converse API goes through as it is: 43 for a prompt of 2143 (openllmetry#4449).
    Profile::new("openllmetry", "opentelemetry.instrumentation.bedrock", Layer::Instrumentor).exclusive(),
    // States Anthropic's own input: 43, total 94.
    Profile::new("openllmetry", "opentelemetry.instrumentation.llamaindex", Layer::Framework).exclusive(),
    // The outer agent leaves the inner one's usage out: 228 and 114 for 342 billed.
    Profile::new("openllmetry", "opentelemetry.instrumentation.agno", Layer::Framework)
        .with(&[Trait::OwnAgentUsage, Trait::LoneWrapperIsCall]),
    Profile::new("openllmetry", "opentelemetry.instrumentation.langchain", Layer::Framework),
    Profile::new("openllmetry", "opentelemetry.instrumentation.crewai", Layer::Framework),
    Profile::new("openllmetry", "opentelemetry.instrumentation.haystack", Layer::Framework),
    // Counts streams with its own tokenizer even where the provider sent usage: 14/13 for 107/23.
    Profile::new("openllmetry", "@traceloop/instrumentation-openai", Layer::Instrumentor)
        .with(&[Trait::InventsStreamUsage]),
    Profile::new("openllmetry", "@traceloop/instrumentation-langchain", Layer::Framework),
    Profile::new("openllmetry", "@traceloop/instrumentation-llamaindex", Layer::Framework),
    Profile::new("openllmetry", "@traceloop/*", Layer::Instrumentor),
    Profile::new("openllmetry", "traceloop*", Layer::Framework),
    Profile::new("openllmetry", "opentelemetry.instrumentation.cohere", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.groq", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.mistralai", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.ollama", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.together", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.replicate", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.watsonx", Layer::Instrumentor),
    Profile::new("openllmetry", "opentelemetry.instrumentation.google_generativeai", Layer::Instrumentor),
];
