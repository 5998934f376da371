//! AG2: the convention, and a `record_usage` span of no length that repeats each call.
//!
//! Source: captures of 1.2. Anthropic input is without cached tokens.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] =
    &[key("ag2.span.type", Marker), key("gen_ai.usage.thinking_tokens", Usage(GenAi, Reasoning))];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("ag2", "opentelemetry.instrumentation.ag2*", Layer::Framework)
        .exclusive()
        .with(&[Trait::Accounts]),
    Profile::new("ag2", "ag2*", Layer::Framework).exclusive().with(&[Trait::Accounts]),
];
