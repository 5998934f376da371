//! What the user writes about limits: how long they are shown, names of accounts, and limits of
//! providers that send none.

use serde::Deserialize;

use super::account::is_account_hash;

/// The `limits` section of the configuration.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Seconds for which a limit is still shown after it was last seen and its window has ended.
    pub stale_after_seconds: u64,
    /// Most limits that are kept; what comes above is counted as dropped.
    pub max_entries: usize,
    /// Names for the short hashes in the `account` label.
    pub accounts: Vec<AccountName>,
    /// Limits that the provider does not send.
    pub configured: Vec<ConfiguredLimit>,
}

/// A readable name for an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AccountName {
    /// The hash, as the `account` label shows it.
    pub hash: String,
    /// What to show in its place.
    pub name: String,
}

/// Limits of a model or family at a provider.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ConfiguredLimit {
    /// The convention's provider name: `gcp.gemini`, `aws.bedrock`, `azure.ai.openai`.
    pub provider: String,
    /// A model's name; `*` stands for any characters. Each model that fits has the limit for itself.
    pub model: String,
    /// All models that fit share one limit; it is shown under the pattern.
    pub shared: bool,
    /// The account, as its label shows it; empty for each account by itself.
    pub account: String,
    /// A preset of [`TIERS`], for what is not given here: `free`, `tier_1`.
    pub tier: String,
    /// Requests per minute.
    pub requests_per_minute: Option<u64>,
    /// Requests per day.
    pub requests_per_day: Option<u64>,
    /// Tokens per minute, in and out together.
    pub tokens_per_minute: Option<u64>,
    /// Tokens per day, in and out together.
    pub tokens_per_day: Option<u64>,
    /// Prompt tokens per minute, where the provider counts only these (Gemini).
    pub input_tokens_per_minute: Option<u64>,
    /// How many requests one image costs; default 1, so that an image without further calls is one.
    pub requests_per_image: Option<u64>,
}

/// A provider's published limits for one model at one usage tier.
#[derive(Clone, Copy, Debug)]
pub struct Tier {
    /// The convention's provider name.
    pub provider: &'static str,
    /// The name of the tier in the configuration.
    pub tier: &'static str,
    /// The model, `*` for any characters.
    pub model: &'static str,
    /// Requests per minute.
    pub requests_per_minute: u64,
    /// Prompt tokens per minute.
    pub input_tokens_per_minute: u64,
    /// Requests per day.
    pub requests_per_day: u64,
    /// Where and when this was read; providers change it without notice.
    pub source: &'static str,
}

const GEMINI: &str =
    "ai.google.dev/gemini-api/docs/rate-limits, as of 2025-05; AI Studio shows the ones in force";

/// The presets.
pub const TIERS: [Tier; 6] = [
    tier("free", "gemini-2.5-flash*", 10, 250_000, 500),
    tier("free", "gemini-2.0-flash-lite*", 30, 1_000_000, 1_500),
    tier("free", "gemini-2.0-flash*", 15, 1_000_000, 1_500),
    tier("free", "gemma-3*", 30, 15_000, 14_400),
    tier("tier_1", "gemini-2.5-flash*", 1_000, 1_000_000, 10_000),
    tier("tier_1", "gemini-2.5-pro*", 150, 2_000_000, 1_000),
];

/// A fault of the section.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsFault {
    /// Nothing says whose limit it is.
    #[error("limits.configured[{0}].provider: is missing; write the convention's name, such as `gcp.gemini`")]
    NoProvider(usize),
    /// Nothing is limited.
    #[error(
        "limits.configured[{0}]: no limit is given; set `requests_per_minute`, `tokens_per_minute`, ... or a `tier`"
    )]
    NoLimit(usize),
    /// A limit of 0 would forbid every call.
    #[error("limits.configured[{0}].{1}: is 0; remove it, or write how many are allowed")]
    Zero(usize, &'static str),
    /// No account has such a hash.
    #[error(
        "limits.accounts[{0}].hash: `{1}` can match no account; the label `account` shows ten hexadecimal digits in lower case"
    )]
    NoHash(usize, String),
    /// No such preset.
    #[error("limits.configured[{index}].tier: no tier `{tier}` for `{provider}`; there are: {known}")]
    UnknownTier {
        /// Which entry.
        index: usize,
        /// What was asked for.
        tier: String,
        /// Of which provider.
        provider: String,
        /// What there is.
        known: String,
    },
}

const fn tier(
    tier: &'static str,
    model: &'static str,
    requests_per_minute: u64,
    input_tokens_per_minute: u64,
    requests_per_day: u64,
) -> Tier {
    Tier {
        provider: "gcp.gemini",
        tier,
        model,
        requests_per_minute,
        input_tokens_per_minute,
        requests_per_day,
        source: GEMINI,
    }
}

// === impl LimitsConfig ===

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { stale_after_seconds: 600, max_entries: 10_000, accounts: Vec::new(), configured: Vec::new() }
    }
}

impl LimitsConfig {
    /// The configured name of an account, by the hash in its label.
    #[must_use]
    pub fn account_name(&self, hash: &str) -> Option<&str> {
        self.accounts.iter().find(|account| account.hash == hash).map(|account| account.name.as_str())
    }

    /// Every fault of the section.
    #[must_use]
    pub fn faults(&self) -> Vec<LimitsFault> {
        let strange = self.accounts.iter().enumerate().filter(|(_, account)| !is_account_hash(&account.hash));
        let hashes = strange.map(|(index, account)| LimitsFault::NoHash(index, account.hash.clone()));
        let limits = self.configured.iter().enumerate().flat_map(|(index, limit)| limit.faults(index));
        hashes.chain(limits).collect()
    }
}

// === impl ConfiguredLimit ===

impl ConfiguredLimit {
    fn faults(&self, index: usize) -> Vec<LimitsFault> {
        let named = [
            ("requests_per_minute", self.requests_per_minute),
            ("requests_per_day", self.requests_per_day),
            ("tokens_per_minute", self.tokens_per_minute),
            ("tokens_per_day", self.tokens_per_day),
            ("input_tokens_per_minute", self.input_tokens_per_minute),
        ];
        let zero = |(name, limit): &(&'static str, Option<u64>)| {
            (*limit == Some(0)).then_some(LimitsFault::Zero(index, name))
        };
        let nothing = self.tier.is_empty() && named.iter().all(|(_, limit)| limit.is_none());
        let missing = self.provider.is_empty().then_some(LimitsFault::NoProvider(index));
        let faults = missing.into_iter().chain(named.iter().filter_map(zero));
        faults.chain(nothing.then_some(LimitsFault::NoLimit(index))).chain(self.unknown_tier(index)).collect()
    }

    fn unknown_tier(&self, index: usize) -> Option<LimitsFault> {
        let of_provider = || TIERS.iter().filter(|tier| tier.provider == self.provider);
        let sound = self.tier.is_empty() || of_provider().any(|tier| tier.tier == self.tier);
        if sound || self.provider.is_empty() {
            return None;
        }
        let mut known: Vec<&str> = of_provider().map(|tier| tier.tier).collect();
        known.dedup();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Some(LimitsFault::UnknownTier {
            index,
            tier: self.tier.clone(),
            provider: self.provider.clone(),
            known,
        })
    }

    /// The pattern; without one, every model.
    #[must_use]
    pub fn pattern(&self) -> &str {
        if self.model.is_empty() { "*" } else { &self.model }
    }

    /// The preset for `model`.
    #[must_use]
    pub fn preset(&self, model: &str) -> Option<&'static Tier> {
        let ours = |tier: &&Tier| tier.provider == self.provider && tier.tier == self.tier;
        TIERS.iter().filter(ours).find(|tier| fits(tier.model, model))
    }
}

/// True when `text` fits `pattern`, in which `*` stands for any characters.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}
