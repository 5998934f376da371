//! The Vercel AI SDK: `ai.*` (versions 3 to 6, scope `ai`) and `@ai-sdk/otel` (7, scope `gen_ai`), and Mastra.
//!
//! Source: captures of 4.3, 5.0, 6.0, 7.0. Up to 5, `input` is what the provider's API calls input, so it
//! leaves Anthropic's cached tokens out; from 6 on it has them, and states the fresh part beside
//! (`inputTokenDetails.noCacheTokens`). One scope name, no version: the fresh part tells which it is.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::Vercel;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("ai.operationId", VercelOperation),
    key("mastra.metadata.headers", HeaderObject),
    key("ai.model.provider", Provider(5)),
    key("ai.model.id", RequestModel(6)),
    key("ai.response.model", ResponseModel(6)),
    key("ai.response.id", ResponseId(6)),
    key("ai.usage.promptTokens", Usage(Vercel, Input)),
    key("ai.usage.completionTokens", Usage(Vercel, Output)),
    key("ai.usage.inputTokens", Usage(Vercel, Input)),
    key("ai.usage.outputTokens", Usage(Vercel, Output)),
    key("ai.usage.totalTokens", Usage(Vercel, Total)),
    key("ai.usage.tokens", Usage(Vercel, Input)),
    key("ai.usage.cachedInputTokens", Usage(Vercel, CacheRead)),
    key("ai.usage.reasoningTokens", Usage(Vercel, Reasoning)),
    key("ai.usage.inputTokenDetails.noCacheTokens", Usage(Vercel, FreshInput)),
    key("ai.usage.inputTokenDetails.cacheReadTokens", Usage(Vercel, CacheRead)),
    key("ai.usage.inputTokenDetails.cacheWriteTokens", Usage(Vercel, CacheWrite)),
    key("ai.usage.outputTokenDetails.reasoningTokens", Usage(Vercel, Reasoning)),
    key("ai.response.providerMetadata", ProviderMetadata),
    key("ai.response.msToFirstChunk", FirstTokenMillis),
    key("ai.response.finishReason", FinishReason),
    key("ai.settings.maxOutputTokens", MaxTokens),
    key("ai.settings.maxTokens", MaxTokens),
    key("ai.prompt", InputText),
    key("ai.prompt.messages", InputText),
    key("ai.response.text", OutputText),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("vercel_ai", "ai", Layer::Framework).exclusive().with(&[Trait::LoneWrapperIsCall]),
    Profile::new("vercel_ai", "gen_ai", Layer::Framework),
    Profile::new("mastra", "@mastra/*", Layer::Framework),
    Profile::new("mastra", "mastra*", Layer::Framework),
];
