//! Mirascope: model and API in one name, the split only as JSON. Its own cost is in hundredths of a cent and is not read.
//!
//! Source: its OpenTelemetry module.

use super::Fact::*;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] =
    &[key("mirascope.response.usage", ResponseUsage), key("mirascope.response.model_id", ResponseModel(3))];

pub(super) const PROFILES: &[Profile] = &[Profile::new("mirascope", "mirascope*", Layer::Framework)];
