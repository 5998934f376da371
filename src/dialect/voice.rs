//! Voice agents: `LiveKit` and Pipecat.
//!
//! Source: their tracing modules.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("gen_ai.usage.input_cached_tokens", Usage(GenAi, CacheRead)),
    key("lk.tts_metrics", MediaObject),
    key("metrics.ttfb", Of("pipecat", &FirstTokenSeconds)),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("livekit", "livekit*", Layer::Framework),
    Profile::new("pipecat", "pipecat*", Layer::Framework),
];
