//! Pydantic's Logfire and Pydantic AI.
//!
//! Source: captures of logfire 5.2 and pydantic-ai 2.68. A streamed call of logfire is two spans: the
//! call without usage, and `streaming response from ...` with it, of which `duration` tells the length.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::{GenAi, Raw};
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("logfire.span_type", LogfireType),
    key("duration", ReportedDuration),
    key("gen_ai.usage.raw", UsageObject(Raw)),
    key("operation.cost", ReportedCost(6)),
    key("gen_ai.usage.details.cache_read_tokens", Usage(GenAi, CacheRead)),
    key("gen_ai.usage.details.cache_write_tokens", Usage(GenAi, CacheWrite)),
    key("gen_ai.usage.details.reasoning_tokens", Usage(GenAi, Reasoning)),
    key("gen_ai.usage.details.web_search_requests", Usage(GenAi, WebSearches)),
    key("gen_ai.usage.details.web_search_calls", Usage(GenAi, WebSearches)),
    key("gen_ai.usage.details.thoughts_tokens", Usage(GenAi, Reasoning)),
    key("gen_ai.usage.details.ephemeral_5m_input_tokens", Usage(GenAi, CacheWrite5m)),
    key("gen_ai.usage.details.ephemeral_1h_input_tokens", Usage(GenAi, CacheWrite1h)),
    key("gen_ai.usage.details.input_audio_tokens", Usage(GenAi, InputAudio)),
    key("gen_ai.usage.details.output_audio_tokens", Usage(GenAi, OutputAudio)),
    key("model_name", RequestModel(3)),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("pydantic_ai", "pydantic-ai", Layer::Framework),
    Profile::new("logfire", "logfire.openai", Layer::Instrumentor),
    Profile::new("logfire", "logfire.anthropic", Layer::Instrumentor),
    Profile::new("logfire", "logfire*", Layer::Instrumentor),
];
