//! Monocle: what is called stands in numbered entities, usage in an event.
//!
//! Source: captures of `monocle_apptrace` 0.8; its metamodel. Input leaves the cached tokens of Anthropic out.

use super::Fact::*;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("entity.1.type", EntityType(1)),
    key("entity.1.name", EntityName(1)),
    key("entity.2.type", EntityType(2)),
    key("entity.2.name", EntityName(2)),
    key("entity.3.type", EntityType(3)),
    key("entity.3.name", EntityName(3)),
    key("entity.1.provider_name", Provider(3)),
    key("entity.1.inference_endpoint", ServerAddress(2)),
    key("entity.1.deployment", RequestModel(2)),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("monocle", "monocle_apptrace*", Layer::Framework)
    .exclusive()
    .with(&[Trait::OwnsSpanType])];
