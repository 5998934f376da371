//! `LlamaIndex`'s own OpenTelemetry package: no attributes, everything in events.
//!
//! Source: llama-index-observability-otel.

use super::{Key, Layer, Profile};

pub(super) const KEYS: &[Key] = &[];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("llamaindex", "llamaindex*", Layer::Framework),
    Profile::new("llamaindex", "llama_index*", Layer::Framework),
    Profile::new("llamaindex", "llama-index*", Layer::Framework),
];
