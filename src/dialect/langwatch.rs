//! `LangWatch`: the convention with a type of its own and metrics as JSON.
//!
//! Source: its SDK's attributes (`langwatch.span.type`, `langwatch.metrics`).

use super::Fact::*;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] =
    &[key("langwatch.span.type", Marker), key("langwatch.metrics", ResponseUsage)];

pub(super) const PROFILES: &[Profile] = &[Profile::new("langwatch", "langwatch*", Layer::Framework)];
