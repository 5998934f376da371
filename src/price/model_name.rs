//! Model names as spans carry them, and the catalogue's names they may stand for.
//!
//! In: a model's name from a span, in lower case, and the provider's catalogue id. Out: further
//! readings of the name, best first, for when it is not found as it stands. It knows no price; it
//! never guesses: a name that hides its model has no reading.

use std::borrow::Cow;

/// A prefix that says who serves the model.
struct Vendor {
    prefix: &'static str,
    /// The catalogue's id.
    provider: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader; a test asks for it"))]
    source: &'static str,
}

const LITELLM: &str = "https://docs.litellm.ai/docs/providers";
const OPENROUTER: &str = "https://openrouter.ai/models";
const VERCEL: &str = "https://vercel.com/docs/ai-gateway/models-and-providers";

/// Longer prefixes before their own beginnings.
const VENDORS: &[Vendor] = &[
    Vendor { prefix: "bedrock/converse/", provider: "aws", source: LITELLM },
    Vendor { prefix: "bedrock/invoke/", provider: "aws", source: LITELLM },
    Vendor { prefix: "bedrock/", provider: "aws", source: LITELLM },
    Vendor { prefix: "amazon-bedrock/", provider: "aws", source: VERCEL },
    Vendor { prefix: "converse/", provider: "aws", source: LITELLM },
    Vendor { prefix: "azure_ai/", provider: "azure", source: LITELLM },
    Vendor { prefix: "azure/", provider: "azure", source: LITELLM },
    Vendor { prefix: "openai/", provider: "openai", source: LITELLM },
    Vendor { prefix: "anthropic/", provider: "anthropic", source: LITELLM },
    Vendor { prefix: "vertex_ai/", provider: "google", source: LITELLM },
    Vendor { prefix: "gemini/", provider: "google", source: LITELLM },
    Vendor { prefix: "google/", provider: "google", source: OPENROUTER },
    Vendor { prefix: "mistralai/", provider: "mistral", source: OPENROUTER },
    Vendor { prefix: "mistral/", provider: "mistral", source: LITELLM },
    Vendor { prefix: "xai/", provider: "x-ai", source: LITELLM },
    Vendor { prefix: "x-ai/", provider: "x-ai", source: OPENROUTER },
    Vendor { prefix: "deepseek/", provider: "deepseek", source: LITELLM },
    Vendor { prefix: "groq/", provider: "groq", source: LITELLM },
    Vendor { prefix: "cohere/", provider: "cohere", source: LITELLM },
    Vendor { prefix: "cohere_chat/", provider: "cohere", source: LITELLM },
    Vendor { prefix: "perplexity/", provider: "perplexity", source: LITELLM },
    Vendor { prefix: "together_ai/", provider: "together", source: LITELLM },
    Vendor { prefix: "fireworks_ai/", provider: "fireworks", source: LITELLM },
    Vendor { prefix: "openrouter/", provider: "openrouter", source: LITELLM },
    Vendor { prefix: "cerebras/", provider: "cerebras", source: LITELLM },
    Vendor { prefix: "moonshot/", provider: "moonshotai", source: LITELLM },
    Vendor { prefix: "databricks/", provider: "databricks", source: LITELLM },
    Vendor { prefix: "voyage/", provider: "voyageai", source: LITELLM },
];

/// Regions in front of Bedrock's model names: where the call may run, at one regional price
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>).
/// `global.` is not among them: it has prices of its own.
const BEDROCK_REGIONS: &[&str] = &["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "ca.", "in.", "sa."];

/// One reading of a name: who serves it, when the name itself tells, and the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    /// The catalogue's id of the provider that the name states.
    pub(super) provider: Option<&'static str>,
    /// The model.
    pub(super) model: Cow<'a, str>,
}

/// True for a name that identifies an account's own resource and not a model: nothing in it may be
/// taken for a model's name.
pub(super) fn is_opaque(name: &str) -> bool {
    name.starts_with("arn:") && bedrock_resource(name).is_none()
}

/// The ways to read a name, as it stands first; none when it hides its model. `provider` is the
/// catalogue's id, or empty when unknown.
pub(super) fn readings<'a>(provider: &str, name: &'a str) -> Vec<Reading<'a>> {
    if is_opaque(name) {
        return Vec::new();
    }
    let mut readings = vec![Reading { provider: None, model: Cow::Borrowed(name) }];
    let mut rest = name;
    let mut stated = None;
    if let Some(model) = bedrock_resource(name) {
        (rest, stated) = (model, Some("aws"));
        readings.clear();
        push(&mut readings, stated, rest);
    }
    if let Some(model) = google_resource(rest) {
        rest = model;
        push(&mut readings, stated, rest);
    }
    if let Some((vendor, model)) = vendor_prefix(provider, rest) {
        (rest, stated) = (model, Some(vendor));
        push(&mut readings, stated, rest);
    }
    if stated.unwrap_or(provider) == "aws" {
        // LiteLLM puts the region between: bedrock/us-west-2/anthropic.claude…
        if let Some((_, model)) = rest.rsplit_once('/') {
            rest = model;
            push(&mut readings, stated, rest);
        }
        if let Some(model) = BEDROCK_REGIONS.iter().find_map(|region| rest.strip_prefix(region)) {
            rest = model;
            push(&mut readings, stated, rest);
        }
    }
    if let Some((model, _)) = rest.split_once('@') {
        // Vertex writes the version of a partner's model behind an @.
        rest = model;
        push(&mut readings, stated, rest);
    }
    if let Some(model) = without_date(rest) {
        push(&mut readings, stated, model);
    }
    readings
}

fn push<'a>(readings: &mut Vec<Reading<'a>>, provider: Option<&'static str>, model: &'a str) {
    if !model.is_empty() {
        readings.push(Reading { provider, model: Cow::Borrowed(model) });
    }
}

/// The model in an Amazon resource name of a foundation model or of a system-defined inference
/// profile; application profiles, provisioned and custom models carry none
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles.html>).
fn bedrock_resource(name: &str) -> Option<&str> {
    let (kind, model) = name.strip_prefix("arn:")?.rsplit_once(':').and_then(|_| {
        // arn:partition:bedrock:region:account:kind/model, and the model may hold colons.
        let resource = name.splitn(6, ':').nth(5)?;
        resource.split_once('/')
    })?;
    let bedrock = name.split(':').nth(2) == Some("bedrock");
    (bedrock && matches!(kind, "foundation-model" | "inference-profile")).then_some(model)
}

/// The model in a resource name of Gemini's or Vertex's API: `models/M`,
/// `publishers/google/models/M`, `projects/P/locations/L/publishers/google/models/M`
/// (<https://ai.google.dev/api/models>, <https://cloud.google.com/vertex-ai/docs/reference/rest>).
fn google_resource(name: &str) -> Option<&str> {
    if let Some(model) = name.strip_prefix("models/") {
        return Some(model);
    }
    let publisher =
        name.starts_with("publishers/") || name.starts_with("projects/") && name.contains("/publishers/");
    publisher.then(|| name.split_once("/models/").map(|(_, model)| model))?
}

/// The vendor that a prefix states, and the model, when that is the provider or none is known. A
/// gateway that is neither sells at its own prices.
fn vendor_prefix<'a>(provider: &str, name: &'a str) -> Option<(&'static str, &'a str)> {
    VENDORS
        .iter()
        .filter(|vendor| provider.is_empty() || provider == vendor.provider)
        .find_map(|vendor| name.strip_prefix(vendor.prefix).map(|model| (vendor.provider, model)))
}

/// The name without a date at its end: a dated snapshot that the price list does not name costs
/// what the model costs that it is a snapshot of.
fn without_date(name: &str) -> Option<&str> {
    let dashed = |text: &str| {
        let bytes = text.as_bytes();
        bytes.len() == 11
            && bytes.iter().enumerate().all(|(index, byte)| match index {
                0 | 5 | 8 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            })
            && compact_date(&text[1..].replace('-', "")).is_some()
    };
    if let Some((model, tail)) =
        name.split_at_checked(name.len().checked_sub(11)?).filter(|(_, tail)| dashed(tail))
    {
        debug_assert_eq!(tail.len(), 11);
        return Some(model);
    }
    let (model, tail) = name.rsplit_once('-')?;
    (tail.len() == 8 && compact_date(tail).is_some()).then_some(model)
}

/// The name with compact dates (`-20251211`) written with dashes (`-2025-12-11`), or `None` when
/// there is none. Some gateways write the one where the vendor writes the other.
pub(super) fn dashed_dates(model: &str) -> Option<String> {
    let mut result = String::with_capacity(model.len() + 4);
    let mut rest = model;
    let mut changed = false;
    while let Some(dash) = rest.find('-') {
        let (before, after) = rest.split_at(dash + 1);
        result.push_str(before);
        rest = after;
        if let Some(date) = compact_date(after) {
            result.push_str(&date);
            rest = &after[8..];
            changed = true;
        }
    }
    result.push_str(rest);
    changed.then_some(result)
}

/// `20251211` and then an end, `-` or `:`, as `2025-12-11`, when there is such a day.
fn compact_date(text: &str) -> Option<String> {
    let digits = text.get(..8).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    if !(text.len() == 8 || text[8..].starts_with(['-', ':'])) || !digits.starts_with("20") {
        return None;
    }
    let (year, month, day) =
        (digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?);
    jiff::civil::Date::new(year, month, day).ok()?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Catalogue;

    /// The first reading that the catalogue knows, as provider and model.
    fn meaning(provider: &str, name: &str) -> Option<(String, String)> {
        let catalogue = Catalogue::embedded();
        readings(provider, name).into_iter().find_map(|reading| {
            let found = catalogue.find(reading.provider.unwrap_or(provider), &reading.model)?;
            Some((found.provider_id().to_owned(), found.model_id().to_owned()))
        })
    }

    #[test]
    fn names_mean_the_model_that_they_wrap() {
        let cases = [
            ("openai", "gpt-4o-2024-08-06", "openai", "gpt-4o"),
            ("openai", "openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
            ("", "openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
            ("", "azure/gpt-4o-mini", "azure", "gpt-4o-mini"),
            ("anthropic", "anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
            ("google", "models/gemini-2.5-flash", "google", "gemini-2.5-flash"),
            ("google", "publishers/google/models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
            (
                "google",
                "projects/p/locations/l/publishers/google/models/gemini-2.5-pro",
                "google",
                "gemini-2.5-pro",
            ),
            ("", "vertex_ai/gemini-2.5-flash", "google", "gemini-2.5-flash"),
            ("google", "claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5"),
            (
                "aws",
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "aws",
                "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ),
            (
                "aws",
                "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "aws",
                "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ),
            ("aws", "ca.anthropic.claude-opus-5", "aws", "regional.anthropic.claude-opus-5"),
            ("", "bedrock/us-west-2/anthropic.claude-opus-5", "aws", "regional.anthropic.claude-opus-5"),
            (
                "aws",
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "aws",
                "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ),
            (
                "aws",
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
                "aws",
                "amazon.nova-pro-v1:0",
            ),
            ("openai", "gpt-4.1-mini-20250414", "openai", "gpt-4.1-mini"),
            ("openai", "gpt-4.1-mini-2031-01-31", "openai", "gpt-4.1-mini"),
            ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", "openai", "ft:gpt-4o-mini"),
        ];
        for (provider, name, vendor, model) in cases {
            assert_eq!(
                meaning(provider, name),
                Some((vendor.to_owned(), model.to_owned())),
                "{provider} {name}"
            );
        }
    }

    #[test]
    fn nothing_is_guessed() {
        let cases = [
            (
                "aws",
                "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/anthropic.claude-opus-5",
            ),
            ("aws", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123"),
            ("google", "projects/p/locations/l/endpoints/123456"),
            ("openai", "ft:gpt-9-2030-01-01:acme::abc"),
            ("openai", "anthropic/claude-sonnet-4-5"),
            ("acme-gateway", "openai/gpt-4o"),
            ("azure", "my-prod-gpt4o"),
            ("aws", "global.anthropic.claude-nonesuch"),
        ];
        for (provider, name) in cases {
            assert_eq!(meaning(provider, name), None, "{provider} {name}");
        }
    }

    #[test]
    fn no_name_is_too_strange() {
        for name in
            ["", "-", "@", "arn:", "arn:aws:bedrock", "models/", "openai/", "é-20251211", "äöü-2025-12-1€"]
        {
            for provider in ["", "aws", "openai"] {
                let _ = readings(provider, name);
                let _ = dashed_dates(name);
            }
        }
        assert!(VENDORS.iter().all(|vendor| !vendor.source.is_empty()));
    }
}
