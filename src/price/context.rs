//! The context of a request: how it wants to be served, in the catalogue's words.
//!
//! In: values as spans or a person state them. Out: [`Context`], and whether its values are known.
//! It knows which values mean the standard price, and no price.

use super::{Catalogue, Unpriced};

/// What a request said of how it wants to be served, in the catalogue's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// `flex`, `priority`, `default`, …
    pub service_tier: Option<&'a str>,
    /// `batch`.
    pub processing: Option<&'a str>,
    /// `fast`.
    pub speed: Option<&'a str>,
    /// The upstream that a gateway chose.
    pub route: Option<&'a str>,
    /// Kind of web search.
    pub search_type: Option<&'a str>,
    /// Where Anthropic ran the model: `us`, `global`.
    pub inference_geo: Option<&'a str>,
}

/// A value that asks for nothing special.
struct Standard {
    key: &'static str,
    value: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader; a test asks for it"))]
    source: &'static str,
}

const OPENAI: &str = "https://platform.openai.com/docs/api-reference/chat/create#chat-create-service_tier";
const ANTHROPIC: &str = "https://platform.claude.com/docs/en/api/service-tiers";
const GROQ: &str = "https://console.groq.com/docs/service-tiers";
const BEDROCK: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html";
const GOOGLE: &str = "trafficType of usageMetadata, https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse";

/// Values that mean the standard price, whoever the provider is.
const STANDARD: &[Standard] = &[
    Standard { key: "service_tier", value: "default", source: OPENAI },
    Standard { key: "service_tier", value: "auto", source: OPENAI },
    Standard { key: "service_tier", value: "standard", source: ANTHROPIC },
    Standard { key: "service_tier", value: "standard_only", source: ANTHROPIC },
    Standard { key: "service_tier", value: "on_demand", source: GROQ },
    Standard { key: "service_tier", value: "on-demand", source: BEDROCK },
    Standard { key: "service_tier", value: "ON_DEMAND", source: GOOGLE },
    Standard { key: "processing", value: "standard", source: OPENAI },
    Standard {
        key: "speed",
        value: "standard",
        source: "https://platform.claude.com/docs/en/build-with-claude/fast-mode",
    },
];

/// A provider's own word for a tier, in any case, and what the catalogue calls it.
struct Translation {
    tier: &'static str,
    becomes: Becomes,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader; a test asks for it"))]
    source: &'static str,
}

enum Becomes {
    Tier(&'static str),
    Processing(&'static str),
}

const TRANSLATIONS: &[Translation] = &[
    Translation { tier: "batch", becomes: Becomes::Processing("batch"), source: ANTHROPIC },
    Translation { tier: "on_demand_flex", becomes: Becomes::Tier("flex"), source: GOOGLE },
    Translation { tier: "on_demand_priority", becomes: Becomes::Tier("priority"), source: GOOGLE },
    Translation { tier: "on_demand", becomes: Becomes::Tier("default"), source: GOOGLE },
    Translation { tier: "default", becomes: Becomes::Tier("default"), source: OPENAI },
    Translation { tier: "flex", becomes: Becomes::Tier("flex"), source: OPENAI },
    Translation { tier: "priority", becomes: Becomes::Tier("priority"), source: OPENAI },
    Translation { tier: "standard", becomes: Becomes::Tier("standard"), source: ANTHROPIC },
];

/// Keys whose values change the price wherever they exist: a value that nobody knows leaves the
/// call without a price. An unknown route or kind of search asks for nothing.
const DECISIVE: [&str; 3] = ["service_tier", "processing", "speed"];

/// A key of the context and how to reach its value.
type Key = (&'static str, for<'a, 'b> fn(&'a mut Context<'b>) -> &'a mut Option<&'b str>);

// === impl Context ===

impl<'a> Context<'a> {
    /// The keys, each with its place.
    pub const KEYS: [Key; 6] = [
        ("service_tier", |context| &mut context.service_tier),
        ("processing", |context| &mut context.processing),
        ("speed", |context| &mut context.speed),
        ("route", |context| &mut context.route),
        ("search_type", |context| &mut context.search_type),
        ("inference_geo", |context| &mut context.inference_geo),
    ];

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The keys that have a value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let mut context = *self;
        Self::KEYS.into_iter().filter_map(move |(key, place)| place(&mut context).map(|value| (key, value)))
    }

    /// True for a key whose values change the price wherever they exist.
    pub(super) fn is_decisive(key: &str) -> bool {
        DECISIVE.contains(&key)
    }

    /// The same context in the catalogue's words: providers have their own for the same thing.
    pub(super) fn in_catalogue_words(mut self) -> Self {
        let Some(tier) = self.service_tier else { return self };
        match TRANSLATIONS.iter().find(|row| row.tier.eq_ignore_ascii_case(tier)) {
            Some(Translation { becomes: Becomes::Tier(tier), .. }) => self.service_tier = Some(tier),
            Some(Translation { becomes: Becomes::Processing(processing), .. }) => {
                self.service_tier = None;
                self.processing = self.processing.or(Some(processing));
            }
            None => {}
        }
        self
    }

    /// True when nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// That every value is one that means the standard price or that some price list knows.
    ///
    /// # Errors
    /// The key of a value that nobody knows.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), Unpriced> {
        let unknown = |(key, value): &(&'static str, &str)| {
            Self::is_decisive(key) && !is_standard(key, value) && !catalogue.knows_context(key, value)
        };
        self.iter().find(unknown).map_or(Ok(()), |(key, _)| Err(Unpriced::UnknownContext(key)))
    }
}

/// True when a value asks for nothing special.
pub(super) fn is_standard(key: &str, value: &str) -> bool {
    STANDARD.iter().any(|row| row.key == key && row.value == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_value_has_a_source() {
        for row in STANDARD {
            assert!(!row.source.is_empty() && DECISIVE.contains(&row.key), "{}", row.value);
        }
        assert!(TRANSLATIONS.iter().all(|row| !row.source.is_empty()));
    }

    #[test]
    fn a_tier_that_nobody_knows_is_named() {
        let catalogue = Catalogue::embedded();
        let tier = |value| Context { service_tier: Some(value), ..Context::default() }.check(catalogue);
        for known in ["default", "standard", "auto", "flex", "priority"] {
            assert_eq!(tier(known), Ok(()), "{known}");
        }
        assert_eq!(tier("platinum"), Err(Unpriced::UnknownContext("service_tier")));
    }
}
