//! `BeeAI`: OpenInference kinds, one marked span for each event of a stream, cached tokens as text.
//!
//! Source: its instrumentation in OpenInference.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::OpenInference;
use super::{Key, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("metadata.usage.cached_prompt_tokens", Usage(OpenInference, CacheRead)),
    key("metadata.usage.cached_creation_tokens", Usage(OpenInference, CacheWrite)),
];

pub(super) const PROFILES: &[Profile] = &[];
