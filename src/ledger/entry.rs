//! One judged call as the ledger takes it: names and sums, each amount rounded once.
//!
//! In: a call, its verdict, the names that the metrics show. Out: an [`Entry`], without any text of its own.

use std::ops::Range;

use super::attribution::Owner;
use super::money::Money;
use super::sums::{Kind, Sums};
use crate::call::{CostRecord, ErrorClass, PriceSource, TokenType, Tokens};
use crate::judge::Verdict;
use crate::price::{Cost, LineKey};
use crate::settle::LlmCall;

/// What rows are told apart by, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// `service_name`.
    Service,
    /// `environment`.
    Environment,
    /// `provider`.
    Provider,
    /// `model`.
    Model,
    /// `operation`.
    Operation,
    /// `account`: a short hash, or its configured name.
    Account,
    /// `price_source`.
    PriceSource,
    /// `price_key`: tier, speed, place and size step, as far as the price depends on them.
    PriceKey,
    /// Whose call it was.
    Of(Owner),
}

impl Column {
    /// How many there are.
    pub const COUNT: usize = 8 + Owner::COUNT;

    /// Every one, in the order of rows.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Service,
        Self::Environment,
        Self::Provider,
        Self::Model,
        Self::Operation,
        Self::Account,
        Self::PriceSource,
        Self::PriceKey,
        Self::Of(Owner::Team),
        Self::Of(Owner::User),
        Self::Of(Owner::Feature),
        Self::Of(Owner::Agent),
        Self::Of(Owner::ApiKey),
        Self::Of(Owner::Prompt),
        Self::Of(Owner::Session),
    ];

    /// Its place in a row.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Service => 0,
            Self::Environment => 1,
            Self::Provider => 2,
            Self::Model => 3,
            Self::Operation => 4,
            Self::Account => 5,
            Self::PriceSource => 6,
            Self::PriceKey => 7,
            Self::Of(owner) => 8 + owner as usize,
        }
    }

    /// Its name in the API, in files and on the command line.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Service => "service_name",
            Self::Environment => "environment",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Operation => "operation",
            Self::Account => "account",
            Self::PriceSource => "price_source",
            Self::PriceKey => "price_key",
            Self::Of(owner) => owner.label(),
        }
    }

    /// The column of a name; `service` is short for `service_name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "service" { "service_name" } else { name };
        Self::ALL.into_iter().find(|column| column.label() == name)
    }

    /// True for what tells of a person.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Of(owner) if owner.is_personal())
    }
}

/// When a call was.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// Its end, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// When it came, by the wall clock.
    pub arrived_unix_nano: u64,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// When the call was.
    pub when: When,
    /// By [`Column`]; empty for what is not told.
    pub names: [&'a str; Column::COUNT],
    /// What it adds.
    pub sums: &'a Sums,
}

/// How far a clock may be off, nanoseconds.
const DAY_NANOS: u64 = 86_400_000_000_000;
/// Nanoseconds in an hour.
const HOUR_NANOS: u64 = 3_600_000_000_000;

impl When {
    /// The minute in which it came, since the Unix epoch.
    #[must_use]
    pub const fn minute(self) -> u64 {
        self.arrived_unix_nano / 60_000_000_000
    }

    /// The UTC hour in which the call ended, since the Unix epoch; that of its arrival where the clock is more than a
    /// day off.
    #[must_use]
    pub const fn hour(self) -> u32 {
        let off = self.end_unix_nano.abs_diff(self.arrived_unix_nano) > DAY_NANOS;
        let end = if off { self.arrived_unix_nano } else { self.end_unix_nano };
        (end / HOUR_NANOS) as u32
    }
}

/// What a judged call adds, in place of what `sums` were.
pub fn add_up(sums: &mut Sums, call: &LlmCall<'_>, verdict: &Verdict<'_>) {
    begin(sums, call.tokens.as_ref(), verdict.price_source());
    let failed = verdict.error.class != ErrorClass::None;
    if failed {
        sums.add_failures(verdict.error.class, 1);
    }
    if let Some(cost) = verdict.priced.cost {
        add_cost(sums, cost);
        let unpriced = cost.unpriced().filter_map(|kind| call.tokens.as_ref()?.get(kind));
        sums.unpriced_tokens = unpriced.fold(0, u64::saturating_add);
    }
    if failed {
        sums.failed_cost = sums.cost();
    }
}

/// Adds a call that did not fail and whose prices are known.
pub fn add_plain(
    sums: &mut Sums,
    tokens: Option<&Tokens>,
    cost: Option<&CostRecord<'_>>,
    source: PriceSource,
) {
    sums.calls += 1;
    sums.unknown_usage += u64::from(source == PriceSource::UnknownUsage);
    let mut all = 0_u64;
    for (kind, count) in tokens.into_iter().flat_map(Tokens::iter).filter(|(_, count)| *count > 0) {
        sums.add_line(kind.into(), count, Money::ZERO);
        all = all.saturating_add(count);
    }
    let Some(cost) = cost else {
        let unpriced = if source == PriceSource::Unpriced { all } else { 0 };
        sums.unpriced_tokens = sums.unpriced_tokens.saturating_add(unpriced);
        return;
    };
    for (kind, amount) in cost.tokens.iter().filter(|(_, amount)| !amount.is_zero()) {
        sums.add_line((*kind).into(), 0, money(amount.pico()));
    }
    if !cost.request.is_zero() {
        sums.add_line(Kind::REQUEST, 0, money(cost.request.pico()));
    }
    sums.saved.0 += money(cost.cache_savings.pico()).0;
}

fn begin(sums: &mut Sums, tokens: Option<&Tokens>, source: PriceSource) {
    sums.clear();
    sums.calls = 1;
    for (kind, count) in tokens.into_iter().flat_map(Tokens::iter).filter(|(_, count)| *count > 0) {
        sums.add_line(kind.into(), count, Money::ZERO);
    }
    sums.unknown_usage = u64::from(source == PriceSource::UnknownUsage);
    sums.unpriced_tokens = if source == PriceSource::Unpriced { sums.tokens() } else { 0 };
}

fn money(pico: u128) -> Money {
    Money(i128::try_from(pico).unwrap_or(i128::MAX))
}

fn add_cost(sums: &mut Sums, cost: &Cost) {
    for line in cost.lines() {
        let kind = match line.key {
            LineKey::Tokens(kind) => kind.into(),
            LineKey::Request => Kind::REQUEST,
        };
        if !line.amount.is_zero() {
            sums.add_line(kind, 0, money(line.amount.pico()));
        }
    }
    let line = |kind| cost.lines().find(|line| line.key == LineKey::Tokens(kind));
    if let (Some(fresh), Some(read)) = (line(TokenType::Input), line(TokenType::CacheRead))
        && let Some(apart) = fresh.rate.checked_sub(read.rate)
    {
        let saved = apart.times(read.quantity.into(), read.per);
        sums.saved = money(saved.pico());
    }
}

/// Prompt sizes from which some price is another one, tokens. Source: the tiers of the price catalogue.
const STEPS: [(u64, &str); 3] = [(272_000, ">272k"), (200_000, ">200k"), (128_000, ">128k")];

/// The step that a prompt of so many tokens is on; empty for the first.
#[must_use]
pub fn step(prompt: u64) -> &'static str {
    STEPS.into_iter().find(|(above, _)| prompt > *above).map_or("", |(_, name)| name)
}

/// The prompts of a step; none for a text that is none.
fn prompts_of(step: &str) -> Option<Range<u64>> {
    let edges: Vec<u64> = STEPS.iter().rev().map(|(above, _)| above + 1).collect();
    let index = match step {
        "" => 0,
        step => STEPS.len() - STEPS.iter().position(|(_, name)| *name == step)?,
    };
    let start = index.checked_sub(1).map_or(0, |before| edges[before]);
    Some(start..edges.get(index).copied().unwrap_or(u64::MAX))
}

const TIER: &str = "tier=";
const SPEED: &str = "speed=";
const GEOGRAPHY: &str = "geo=";
/// Where a regional endpoint has prices of its own.
const REGIONAL: &str = "regional";

/// What the price of a call depends on besides its model, written into `text`: empty for the standard.
pub fn price_key<'t>(call: &LlmCall<'_>, regional: bool, text: &'t mut String) -> &'t str {
    text.clear();
    let standard = |tier: &&str| !matches!(*tier, "default" | "standard" | "auto" | "standard_only");
    let step = step(call.tokens.map_or(0, |tokens| tokens.input_total()));
    let regional = if regional { REGIONAL } else { "" };
    let parts = [
        (TIER, call.service_tier.filter(standard)),
        (SPEED, call.speed),
        (GEOGRAPHY, call.geography),
        ("", Some(regional)),
        ("", Some(step)),
    ];
    for (name, value) in parts {
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(name);
        text.push_str(value);
    }
    text
}

/// What a price key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyParts<'k> {
    pub(super) tier: Option<&'k str>,
    pub(super) speed: Option<&'k str>,
    pub(super) geography: Option<&'k str>,
    /// Tokens of the prompt.
    pub(super) prompts: Range<u64>,
}

/// Reads a price key; none where it says something that cannot be asked a price book again.
pub(super) fn parts_of_key(key: &str) -> Option<KeyParts<'_>> {
    let mut parts = KeyParts { tier: None, speed: None, geography: None, prompts: prompts_of("")? };
    for part in key.split(' ').filter(|part| !part.is_empty()) {
        if let Some(tier) = part.strip_prefix(TIER) {
            parts.tier = Some(tier);
        } else if let Some(speed) = part.strip_prefix(SPEED) {
            parts.speed = Some(speed);
        } else if let Some(geography) = part.strip_prefix(GEOGRAPHY) {
            parts.geography = Some(geography);
        } else {
            parts.prompts = prompts_of(part)?;
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_key_is_read_as_it_was_written() {
        let key = parts_of_key("tier=flex geo=us >200k").unwrap();
        assert_eq!((key.tier, key.speed, key.geography), (Some("flex"), None, Some("us")));
        assert_eq!(key.prompts, 200_001..272_001);
        assert_eq!(parts_of_key("").unwrap().prompts, 0..128_001);
        assert_eq!(parts_of_key(">272k").unwrap().prompts, 272_001..u64::MAX);
        assert_eq!(parts_of_key("regional"), None);
        for prompt in [0, 128_000, 128_001, 200_000, 200_001, 272_000, 272_001, 9_000_000] {
            assert!(prompts_of(step(prompt)).unwrap().contains(&prompt), "{prompt}");
        }
    }
}
