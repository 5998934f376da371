//! Firebase Genkit for JavaScript and Go: facts as JSON in `genkit:output`.
//!
//! Source: captures of 1.42 (JavaScript) and of the Go library. Spans of type `util` (generate, flows) repeat the output
//! of the model action inside.

use super::Fact::*;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("genkit:metadata:subtype", Marker),
    key("genkit:type", Of("genkit", &NoCallMarker)),
    key("genkit:name", ProviderAndModel(3)),
    key("genkit:input", RequestObject),
    key("genkit:output", ResponseObject),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("genkit", "genkit-tracer*", Layer::Framework),
    Profile::new("genkit", "genkit*", Layer::Framework),
];
