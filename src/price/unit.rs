//! What is billed: kinds of tokens, and everything else that a provider counts.
//!
//! In: the unit table of the catalogue. Out: [`Unit`]s that know which of our token kinds they
//! cover and which other units they contain. It knows no price.
//!
//! A unit is a set of dimensions; the more dimensions, the narrower. `cache_read_tokens` contains
//! `cache_audio_read_tokens`. A count belongs to the narrowest unit that has a price.

use std::collections::BTreeMap;

use super::decimal::Decimal;
use crate::call::TokenType;

/// Units in one catalogue: as many as a [`UnitSet`] has bits.
pub(super) const MAX_UNITS: usize = 128;

/// Other counts than tokens that one call can state.
const MAX_STATED: usize = 16;

/// Position of a unit in the catalogue's table.
pub(super) type UnitId = u8;

/// A set of units, one bit each.
pub(super) type UnitSet = u128;

/// One thing that is counted and billed.
#[derive(Debug)]
pub(super) struct Unit {
    /// Name of the count: `input_tokens`, `web_searches`.
    pub(super) usage: Box<str>,
    /// Name of the price: `input_mtok`, `web_searches_kcount`.
    pub(super) price: Box<str>,
    /// `tokens`, `tool_calls`, `durations`: what kinds of things are of one sort.
    pub(super) family: Box<str>,
    /// How many the price is for.
    pub(super) per: u64,
    /// Kinds of tokens that it covers, one bit each; 0 for everything but tokens.
    pub(super) tokens: u16,
    /// Units that it contains, without itself.
    pub(super) narrower: UnitSet,
    /// Units that contain it.
    pub(super) wider: UnitSet,
}

/// Counts other than tokens, as the provider states them (a wider count includes the narrower):
/// web searches, seconds of audio, pages. At most sixteen kinds; bounded and on the stack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Units<'a> {
    stated: [Option<(&'a str, Decimal)>; MAX_STATED],
}

// === impl Units ===

impl<'a> Units<'a> {
    /// States a count by the catalogue's name of it, such as `web_searches`. False when there is no
    /// room for another kind.
    pub fn set(&mut self, usage: &'a str, count: Decimal) -> bool {
        let place = self.stated.iter_mut().find(|place| place.is_none_or(|(name, _)| name == usage));
        place.map(|place| *place = Some((usage, count))).is_some()
    }

    /// The stated count.
    #[must_use]
    pub fn get(&self, usage: &str) -> Option<Decimal> {
        self.iter().find(|(name, _)| *name == usage).map(|(_, count)| count)
    }

    /// What is stated.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Decimal)> + '_ {
        self.stated.iter().map_while(|place| *place)
    }

    /// True when nothing is stated.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.stated[0].is_none()
    }
}

/// Dimensions of each kind of token in the catalogue's terms. "Short-lived" cache writes are those
/// of five minutes (<https://platform.claude.com/docs/en/build-with-claude/prompt-caching>).
const fn dimensions(kind: TokenType) -> &'static [(&'static str, &'static str)] {
    const INPUT: (&str, &str) = ("direction", "input");
    const OUTPUT: (&str, &str) = ("direction", "output");
    const AUDIO: (&str, &str) = ("modality", "audio");
    const IMAGE: (&str, &str) = ("modality", "image");
    const VIDEO: (&str, &str) = ("modality", "video");
    const READ: (&str, &str) = ("token_type", "cache_read");
    const WRITE: (&str, &str) = ("token_type", "cache_write");
    match kind {
        TokenType::Input => &[INPUT],
        TokenType::InputAudio => &[INPUT, AUDIO],
        TokenType::InputImage => &[INPUT, IMAGE],
        TokenType::InputVideo => &[INPUT, VIDEO],
        TokenType::CacheRead => &[INPUT, READ],
        TokenType::CacheReadAudio => &[INPUT, READ, AUDIO],
        TokenType::CacheReadImage => &[INPUT, READ, IMAGE],
        TokenType::CacheWrite => &[INPUT, WRITE, ("cache_ttl", "5m")],
        TokenType::CacheWrite1h => &[INPUT, WRITE, ("cache_ttl", "1h")],
        TokenType::Output => &[OUTPUT],
        TokenType::OutputAudio => &[OUTPUT, AUDIO],
        TokenType::OutputImage => &[OUTPUT, IMAGE],
        TokenType::OutputVideo => &[OUTPUT, VIDEO],
        TokenType::Reasoning => &[OUTPUT, ("token_type", "reasoning")],
    }
}

/// The bits of the token kinds that have all the given dimensions.
pub(super) fn covered(unit: &BTreeMap<String, String>) -> u16 {
    let has = |kind, key: &str, value: &str| dimensions(kind).contains(&(key, value));
    let covers = |kind: &TokenType| unit.iter().all(|(key, value)| has(*kind, key, value));
    TokenType::ALL.into_iter().filter(covers).fold(0, |bits, kind| bits | 1 << kind as u16)
}
