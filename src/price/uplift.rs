//! What a place costs: providers bill tokens 10 % above the list where the inference must stay in a region.
//!
//! In: the model as the catalogue names it, the host and the provider's word for the place. Out: the percentage to
//! pay, or `None` for the list price. Older models of each list keep their price everywhere.

use super::decimal::Decimal;

/// Claude models that are older than regional prices, by their beginning.
const CLAUDE_WITHOUT_REGIONS: &[&str] = &[
    "claude-v1",
    "claude-2",
    "claude-3",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-sonnet-4-0",
    "claude-4-",
];
/// Claude models without a price for US-only inference: those above, and 4.5.
const CLAUDE_WITHOUT_GEOGRAPHY: &[&str] = &["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"];

/// Where a call was served.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// The catalogue's id of the model.
    pub(super) model: &'a str,
    /// The provider, as the call names it.
    pub(super) provider: &'a str,
    /// `server.address`, or empty.
    pub(super) host: &'a str,
    /// Anthropic's `inference_geo`, or empty.
    pub(super) geography: &'a str,
}

/// A rule with its source.
struct Uplift {
    holds: fn(&Place<'_>) -> bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader; a test asks for it"))]
    source: &'static str,
}

const UPLIFTS: &[Uplift] = &[
    Uplift {
        holds: is_regional_claude,
        source: "cloud.google.com/vertex-ai/generative-ai/pricing, Claude, regional endpoints",
    },
    Uplift {
        holds: is_resident_openai,
        source: "openai.com/api/pricing, regional processing: 10 % on GPT-5.4 and later",
    },
    Uplift {
        holds: is_us_claude,
        source: "platform.claude.com/docs/en/about-claude/pricing, data residency: 1.1 times from Opus 4.6 on",
    },
];

/// The percentage of the list price that tokens cost at this place.
pub(super) fn percent(place: &Place<'_>) -> Option<Decimal> {
    UPLIFTS.iter().any(|uplift| (uplift.holds)(place)).then(|| Decimal::from(110))
}

fn is_regional_claude(place: &Place<'_>) -> bool {
    let regional = place.host.ends_with("-aiplatform.googleapis.com") && !place.host.starts_with("global-")
        || place.host.starts_with("aiplatform.") && place.host.ends_with(".rep.googleapis.com");
    regional && is_claude(place, CLAUDE_WITHOUT_REGIONS)
}

fn is_us_claude(place: &Place<'_>) -> bool {
    place.geography.eq_ignore_ascii_case("us")
        && place.provider == "anthropic"
        && is_claude(place, CLAUDE_WITHOUT_REGIONS)
        && is_claude(place, CLAUDE_WITHOUT_GEOGRAPHY)
}

fn is_claude(place: &Place<'_>, older: &[&str]) -> bool {
    place.model.starts_with("claude-") && !older.iter().any(|old| place.model.starts_with(old))
}

fn is_resident_openai(place: &Place<'_>) -> bool {
    let region = place.host.strip_suffix(".api.openai.com");
    region.is_some_and(|region| !region.is_empty() && !region.contains('.'))
        && gpt_version(place.model) >= (5, 4)
}

/// `gpt-5.4-mini` as 5 and 4; nothing else is a version.
fn gpt_version(model: &str) -> (u32, u32) {
    let version = model.strip_prefix("gpt-").and_then(|rest| rest.split('-').next()).unwrap_or("");
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    (major.parse().unwrap_or(0), minor.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pays(model: &str, provider: &str, host: &str, geography: &str) -> bool {
        percent(&Place { model, provider, host, geography }).is_some()
    }

    #[test]
    fn a_region_costs_more_and_the_global_endpoint_does_not() {
        let vertex = |model, host| pays(model, "gcp.vertex_ai", host, "");
        assert!(vertex("claude-sonnet-4-5", "europe-west1-aiplatform.googleapis.com"));
        assert!(vertex("claude-opus-4-6", "aiplatform.eu.rep.googleapis.com"));
        assert!(!vertex("claude-sonnet-4-5", "aiplatform.googleapis.com"));
        assert!(!vertex("claude-4-sonnet", "europe-west1-aiplatform.googleapis.com"));
        assert!(!vertex("gemini-2.5-flash", "europe-west1-aiplatform.googleapis.com"));
        assert!(UPLIFTS.iter().all(|uplift| !uplift.source.is_empty()));
    }

    #[test]
    fn residency_costs_more_from_gpt_5_4_on() {
        let openai = |model, host| pays(model, "openai", host, "");
        assert!(openai("gpt-5.4-mini", "eu.api.openai.com"));
        assert!(openai("gpt-6-sol", "us.api.openai.com"));
        assert!(!openai("gpt-5.4", "api.openai.com"));
        assert!(!openai("gpt-5-mini", "eu.api.openai.com"));
        assert!(!openai("gpt-4.1", "eu.api.openai.com"));
    }

    #[test]
    fn us_only_inference_costs_more_from_opus_4_6_on() {
        let claude = |model, geography| pays(model, "anthropic", "", geography);
        assert!(claude("claude-opus-5", "us"));
        assert!(!claude("claude-opus-5", "global") && !claude("claude-opus-5", "not_available"));
        assert!(!claude("claude-sonnet-4-5", "us"));
    }
}
