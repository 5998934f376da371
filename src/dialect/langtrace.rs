//! Langtrace (Scale3): its old names, before it followed the convention.
//!
//! Source: langtrace-python-sdk 1.2 (`langtrace.service.type`, `llm.model`, `llm.token.counts` as JSON) and 2.

use super::Fact::*;
use super::UsageFamily::Raw;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("langtrace.service.type", Marker),
    key("langtrace.service.name", Provider(2)),
    key("llm.token.counts", UsageObject(Raw)),
    key("llm.stream", Streaming),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("langtrace", "langtrace_python_sdk*", Layer::Instrumentor),
    Profile::new("langtrace", "@langtrase/*", Layer::Instrumentor),
];
