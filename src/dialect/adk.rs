//! Google's Agent Development Kit for Python, JavaScript, Java, Go; and adk-rust.
//!
//! Source: captures of 1.14 and 2.13 (Python); spans of the others. Before 1.20 output leaves thoughts out, which stand in
//! the answer's JSON or under an experimental key.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("gcp.vertex.agent.llm_request", RequestObject),
    key("gcp.vertex.agent.llm_response", ResponseObject),
    key("gen_ai.usage.experimental.reasoning_tokens", Usage(GenAi, Reasoning)),
    key("gen_ai.usage.experimental.cached_tokens", Usage(GenAi, CacheRead)),
    key("gen_ai.usage.cache_read_tokens", Usage(GenAi, CacheRead)),
    key("gen_ai.usage.cache_creation_tokens", Usage(GenAi, CacheWrite)),
    key("gen_ai.usage.audio_input_tokens", Usage(GenAi, InputAudio)),
    key("gen_ai.usage.audio_output_tokens", Usage(GenAi, OutputAudio)),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("google_adk", "gcp.vertex.agent", Layer::Framework)
        .before("1.20")
        .with(&[Trait::OutputWithoutThoughts]),
    Profile::new("google_adk", "gcp.vertex.agent*", Layer::Framework),
    Profile::new("adk_rust", "adk-telemetry*", Layer::Framework),
    Profile::new("adk_rust", "adk_telemetry*", Layer::Framework),
    Profile::new("rig", "rig*", Layer::Framework),
];
