//! The price catalogue: which provider and model a name means, and what it costs when.
//!
//! In: a provider's and a model's name, a time, the context of the request. Out: [`Found`] and its
//! [`Rates`]. It knows no tokens; [`super::cost`] multiplies. How the catalogue is read from its
//! file is in [`super::load`].
//!
//! The rules of finding are those of the data's publisher (genai-prices), which
//! `tests/price_oracle.rs` compares against: the provider by id, else by its rule, else by the
//! model's name; then the first model whose rule matches, else the first of the providers that it
//! falls back to (a cloud that resells a vendor at the vendor's prices).

use super::Context;
use super::decimal::Decimal;
use super::matcher::Matcher;
use super::provider_name;
use super::unit::{Unit, UnitId, UnitSet};

/// Prices of one call that are looked at, at most.
pub(super) const MAX_RATES: usize = 32;

/// All providers, models and prices, ready for look-up.
#[derive(Debug)]
pub struct Catalogue {
    pub(super) about: About,
    pub(super) units: Box<[Unit]>,
    pub(super) providers: Box<[Provider]>,
    pub(super) contexts: Box<[(Box<str>, Box<str>)]>,
}

/// Where the prices come from.
#[derive(Clone, Debug)]
pub struct About {
    /// Name and version of the published data.
    pub source: Box<str>,
    /// Its page.
    pub url: Box<str>,
    /// Its licence.
    pub licence: Box<str>,
    /// The day on which it was taken, `YYYY-MM-DD`.
    pub date: Box<str>,
}

#[derive(Debug)]
pub(super) struct Provider {
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    pub(super) urls: Box<[Box<str>]>,
    pub(super) rule: Matcher,
    pub(super) model_rule: Matcher,
    pub(super) fallback: Box<[usize]>,
    pub(super) models: Box<[Model]>,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) id: Box<str>,
    pub(super) rule: Matcher,
    /// Never empty; the last that is in force counts, else the first.
    pub(super) schedule: Box<[Dated]>,
    pub(super) variants: Box<[Variant]>,
    pub(super) minimum_seconds: Option<Decimal>,
}

/// Prices and the time in which they are in force.
#[derive(Debug)]
pub(super) struct Dated {
    pub(super) force: Force,
    pub(super) rates: Rates,
}

/// Prices that replace the standard ones when the request's context says so.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) when: Box<[(Box<str>, Box<str>)]>,
    pub(super) dated: Dated,
}

/// When prices are in force; all in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// At any time.
    Always,
    /// From midnight of a day on, in seconds since the Unix epoch.
    From(i64),
    /// Each day from one second of the day until before another, perhaps past midnight.
    Daily(u32, u32),
}

/// The price of one unit: a rate, and perhaps others for long prompts.
#[derive(Clone, Debug)]
pub(super) struct Price {
    pub(super) base: Decimal,
    /// Thresholds of the whole prompt in tokens, ascending, and the rate for all tokens above.
    pub(super) above: Box<[(u64, Decimal)]>,
}

/// Prices by unit, in the catalogue's order.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    pub(super) list: Box<[(UnitId, Price)]>,
}

/// A model of the catalogue that a name was found to mean.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) place: Place,
}

/// Where in the catalogue; small, so that it can be remembered without borrowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The provider that was asked for.
    pub(super) provider: u32,
    /// The provider whose price list has the model.
    pub(super) owner: u32,
    pub(super) model: u32,
}

/// Why a name was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// No such provider, or none stated and no provider claims the model's name.
    Provider,
    /// The provider is known, the model is not.
    Model,
}

// === impl Catalogue ===

impl Catalogue {
    /// Where the prices come from.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Number of models, over all providers.
    #[must_use]
    pub fn model_count(&self) -> usize {
        self.providers.iter().map(|provider| provider.models.len()).sum()
    }

    /// The ids of all providers.
    pub fn provider_ids(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| &*provider.id)
    }

    /// The ids of all models, each with that of the provider whose list it is in.
    pub fn models(&self) -> impl Iterator<Item = (&str, &str)> {
        self.providers
            .iter()
            .flat_map(|provider| provider.models.iter().map(|model| (&*provider.id, &*model.id)))
    }

    /// The model that a provider's and a model's name mean. The provider is one of the
    /// convention's names, a name or id that the catalogue knows, or empty when unknown.
    #[must_use]
    pub fn find(&self, provider: &str, model: &str) -> Option<Found<'_>> {
        self.look_up(provider, model).ok()
    }

    /// As [`Self::find`], with the reason.
    ///
    /// # Errors
    /// Says whether the provider or the model is unknown.
    pub fn look_up(&self, provider: &str, model: &str) -> Result<Found<'_>, NotFound> {
        let model = model.to_lowercase();
        let (index, model) = self.provider_of(provider, &model).ok_or(NotFound::Provider)?;
        let place = self
            .place(index, model)
            .or_else(|| super::model_name::dashed_dates(model).and_then(|dashed| self.place(index, &dashed)))
            .ok_or(NotFound::Model)?;
        Ok(Found { catalogue: self, place })
    }

    /// The catalogue's id of a provider.
    #[must_use]
    pub fn provider_id(&self, provider: &str) -> Option<&str> {
        self.provider_by_name(provider).map(|index| &*self.providers[index].id)
    }

    /// The catalogue's id of a model.
    #[must_use]
    pub fn canonical(&self, provider: &str, model: &str) -> Option<&str> {
        self.find(provider, model).map(|found| found.model_id())
    }

    /// The provider meant, and what is left of the model's name. `litellm` puts the real provider
    /// in front of the model.
    fn provider_of<'m>(&self, provider: &str, model: &'m str) -> Option<(usize, &'m str)> {
        if provider.trim().is_empty() {
            return self.provider_by_model(model).map(|index| (index, model));
        }
        if !provider.eq_ignore_ascii_case("litellm") {
            return self.provider_by_name(provider).map(|index| (index, model));
        }
        let prefixed = model.split_once('/').and_then(|(vendor, rest)| {
            Some((self.provider_by_name(vendor).filter(|_| !vendor.is_empty())?, rest))
        });
        prefixed
            .or_else(|| self.provider_by_name(provider).map(|index| (index, model)))
            .or_else(|| self.provider_by_model(model).map(|index| (index, model)))
    }

    fn provider_by_name(&self, name: &str) -> Option<usize> {
        let lower = name.to_lowercase();
        let lower = lower.trim();
        let id = provider_name::catalogue_id(lower).unwrap_or(lower);
        self.providers
            .iter()
            .position(|provider| &*provider.id == id)
            .or_else(|| self.providers.iter().position(|provider| provider.rule.matches(id)))
    }

    fn provider_by_model(&self, model: &str) -> Option<usize> {
        self.providers.iter().position(|provider| provider.model_rule.matches(model))
    }

    fn place(&self, provider: usize, model: &str) -> Option<Place> {
        let asked = &self.providers[provider];
        std::iter::once(&provider).chain(&asked.fallback).find_map(|&owner| {
            let index = self.providers[owner].models.iter().position(|entry| entry.rule.matches(model))?;
            let narrow = |index: usize| u32::try_from(index).ok();
            Some(Place { provider: narrow(provider)?, owner: narrow(owner)?, model: narrow(index)? })
        })
    }

    pub(super) fn unit(&self, id: UnitId) -> &Unit {
        &self.units[usize::from(id)]
    }

    /// The names of everything that is counted and is not tokens.
    pub fn fees(&self) -> impl Iterator<Item = &str> {
        self.units.iter().filter(|unit| &*unit.family != "tokens").map(|unit| &*unit.usage)
    }

    /// True when the catalogue knows this count, which is not one of tokens.
    #[must_use]
    pub fn has_fee(&self, usage: &str) -> bool {
        self.fees().any(|known| known == usage)
    }

    /// True when some model has prices for this value of this key of the context.
    pub(super) fn knows_context(&self, key: &str, value: &str) -> bool {
        self.contexts.iter().any(|(known, text)| &**known == key && &**text == value)
    }
}

// === impl Found ===

impl<'a> Found<'a> {
    /// The catalogue's id of the provider that was asked for.
    #[must_use]
    pub fn provider_id(&self) -> &'a str {
        &self.provider().id
    }

    /// The provider's name for people.
    #[must_use]
    pub fn provider_name(&self) -> &'a str {
        &self.provider().name
    }

    /// The catalogue's id of the model.
    #[must_use]
    pub fn model_id(&self) -> &'a str {
        &self.model().id
    }

    /// True for a model that the provider gives away: `OpenRouter` marks such with `:free`
    /// (<https://openrouter.ai/docs/faq>). An empty price list alone does not say so.
    pub(super) fn is_free(&self) -> bool {
        self.model().id.ends_with(":free")
    }

    /// Pages on which the provider publishes these prices.
    #[must_use]
    pub fn urls(&self) -> &'a [Box<str>] {
        &self.owner().urls
    }

    pub(super) fn provider(&self) -> &'a Provider {
        &self.catalogue.providers[self.place.provider as usize]
    }

    fn owner(&self) -> &'a Provider {
        &self.catalogue.providers[self.place.owner as usize]
    }

    pub(super) fn model(&self) -> &'a Model {
        &self.owner().models[self.place.model as usize]
    }

    /// The standard prices in force at a time.
    pub(super) fn standard(&self, at_unix_seconds: i64) -> &'a Dated {
        let schedule = &self.model().schedule;
        schedule.iter().rev().find(|dated| dated.force.holds(at_unix_seconds)).unwrap_or(&schedule[0])
    }

    /// The variants in force that the context asks for, first come first served. A model that is
    /// borrowed from another provider's list keeps its standard price only.
    pub(super) fn variants(
        &self,
        at_unix_seconds: i64,
        context: &'a Context<'a>,
    ) -> impl Iterator<Item = &'a Variant> + use<'a> {
        let own = self.place.owner == self.place.provider;
        self.model().variants.iter().filter(move |variant| {
            own && variant.dated.force.holds(at_unix_seconds)
                && variant.when.iter().all(|(key, value)| context.get(key) == Some(value))
        })
    }
}

// === impl Force ===

impl Force {
    /// True when prices with this condition are in force.
    #[must_use]
    pub const fn holds(self, at_unix_seconds: i64) -> bool {
        match self {
            Self::Always => true,
            Self::From(start) => at_unix_seconds >= start,
            Self::Daily(start, end) => {
                let second = at_unix_seconds.rem_euclid(86_400) as u32;
                if end < start { second >= start || second < end } else { start <= second && second < end }
            }
        }
    }
}

// === impl Price ===

impl Price {
    /// The rate for a prompt of this many tokens, cached ones included.
    pub(super) fn rate(&self, prompt_tokens: u64) -> Decimal {
        let tier = self.above.iter().rev().find(|(start, _)| prompt_tokens > *start);
        tier.map_or(self.base, |(_, rate)| *rate)
    }
}

// === impl Rates ===

impl Rates {
    pub(super) fn units(&self) -> UnitSet {
        self.list.iter().fold(0, |set, (unit, _)| set | 1 << unit)
    }
}
