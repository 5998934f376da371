//! `VoltAgent`: `span.type`, `llm.*`, and the whole usage on the agent.
//!
//! Source: spans of @voltagent/core as reported; no capture here. One span over several steps has the last step's usage.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::Words;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("llm.model", RequestModel(5)),
    key("ai.model.name", RequestModel(4)),
    key("llm.operation", Of("voltagent", &Operation(2))),
    key("usage.prompt_tokens", Of("voltagent", &Usage(Words, Input))),
    key("usage.completion_tokens", Of("voltagent", &Usage(Words, Output))),
    key("usage.total_tokens", Of("voltagent", &Usage(Words, Total))),
    key("usage.cached_tokens", Of("voltagent", &Usage(Words, CacheRead))),
    key("usage.reasoning_tokens", Of("voltagent", &Usage(Words, Reasoning))),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("voltagent", "@voltagent/*", Layer::Framework)
    .with(&[Trait::OwnsSpanType, Trait::LastStepOnly])];
