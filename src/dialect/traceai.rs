//! traceAI (Future AGI): the convention with a kind of its own.
//!
//! Source: captures of 0.1. Streams and failures have the model only inside the request's parameters; Anthropic input is
//! without cached tokens, which stand only in `output.value`.

use super::Fact::*;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("gen_ai.span.kind", Marker),
    key("fi.span.kind", Marker),
    key("gen_ai.request.parameters", RequestObject),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("traceai", "traceai_langchain*", Layer::Framework).exclusive(),
    Profile::new("traceai", "traceai_llamaindex*", Layer::Framework).exclusive(),
    Profile::new("traceai", "traceai_crewai*", Layer::Framework).exclusive(),
    Profile::new("traceai", "traceai*", Layer::Instrumentor).exclusive(),
    Profile::new("traceai", "@traceai/*", Layer::Instrumentor).exclusive(),
];
