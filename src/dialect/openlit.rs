//! `OpenLIT`. Mostly the convention; what differs is in the profile.
//!
//! Source: captures of 1.34 and 1.45: time to first token in seconds, stated without streaming too;
//! Anthropic input without cached tokens (43); cost 0 when its price list cannot be fetched; streams
//! without usage counted by its own tokenizer (35/22 for 107/23).

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] =
    &[key("gen_ai.client.token.usage", Usage(GenAi, Total)), key("gen_ai.request.is_stream", Streaming)];

const TRAITS: &[Trait] = &[Trait::FirstTokenAlways, Trait::InventsStreamUsage, Trait::ZeroCostIsUnknown];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("openlit", "openlit.instrumentation.langchain", Layer::Framework).exclusive().with(TRAITS),
    Profile::new("openlit", "openlit.instrumentation.llamaindex", Layer::Framework).exclusive().with(TRAITS),
    Profile::new("openlit", "openlit.instrumentation.crewai", Layer::Framework).exclusive().with(TRAITS),
    Profile::new("openlit", "openlit*", Layer::Instrumentor).exclusive().with(TRAITS),
];
