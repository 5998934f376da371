//! `AgentScope`.
//!
//! Source: its tracing module.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("agentscope.usage.cache_input_tokens", Usage(GenAi, CacheRead)),
    key("agentscope.usage.cache_creation_input_tokens", Usage(GenAi, CacheWrite)),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("agentscope", "agentscope*", Layer::Framework)];
