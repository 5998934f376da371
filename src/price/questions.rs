//! What a check of the configuration asks of a price book, and no call.
//!
//! In: names and places in the configuration. Out: whether they mean anything.

use super::PriceBook;
use super::book::Meaning;
use super::decimal::Dollars;
use crate::call::TokenType;

impl PriceBook {
    /// True when a provider is in the catalogue, by any name of it, or has models of the user's own.
    #[must_use]
    pub fn knows_provider(&self, provider: &str) -> bool {
        let own = || self.overrides.models.iter().filter_map(|own| own.provider.as_deref());
        self.catalogue().provider_id(provider).is_some()
            || own().any(|known| known.eq_ignore_ascii_case(provider))
    }

    /// True when a model has a price: at this provider, or at any when the provider is empty.
    #[must_use]
    pub fn knows_model(&self, provider: &str, model: &str) -> bool {
        let known = |provider: &str| !matches!(self.look_up((provider, "", model)), Meaning::Unknown(_));
        let own = || self.overrides.models.iter().filter_map(|own| own.provider.as_deref());
        known(provider)
            || provider.is_empty() && (self.catalogue().provider_ids().any(known) || own().any(known))
    }

    /// The canonical names of the user's own models.
    pub fn own_models(&self) -> impl Iterator<Item = &str> {
        self.overrides.models.iter().map(|own| &*own.model)
    }

    /// True when a discount, by its place in the configuration, is for a model that has a price.
    #[must_use]
    pub fn discounts_something(&self, index: usize) -> bool {
        let discount = &self.overrides.discounts[index];
        let wanted = discount.provider.as_deref();
        let own = self.overrides.models.iter();
        let mut own = own.map(|own| (own.provider.as_deref(), &*own.model));
        let mut listed = self.catalogue().models();
        own.any(|(provider, model)| {
            discount.fits(model) && wanted.zip(provider).is_none_or(|(wanted, is)| self.same(wanted, is))
        }) || listed.any(|(provider, model)| {
            discount.fits(model) && wanted.is_none_or(|wanted| self.borrows(wanted, provider))
        })
    }

    /// True when a provider's prices are, at least in part, those of the catalogue's provider `owner`.
    fn borrows(&self, provider: &str, owner: &str) -> bool {
        let named = |id: &str| self.catalogue().providers.iter().find(|provider| &*provider.id == id);
        let provider = self.catalogue().provider_id(provider).and_then(named);
        provider.is_some_and(|provider| {
            let mut fallback = provider.fallback.iter().map(|index| &*self.catalogue().providers[*index].id);
            &*provider.id == owner || fallback.any(|id| id == owner)
        })
    }

    /// Dollars per million tokens of a kind, as the catalogue has them.
    #[must_use]
    pub fn listed_rate(&self, provider: &str, model: &str, kind: TokenType) -> Option<f64> {
        let found = self.catalogue().find(provider, model)?;
        let usage = format!("{}_tokens", kind.label());
        let current = found.model().schedule.last()?;
        let mut rates = current.rates.list.iter().map(|(id, price)| (self.catalogue().unit(*id), price));
        let (unit, price) = rates.find(|(unit, _)| *unit.usage == *usage)?;
        Some(Dollars::from(price.base).to_f64() / unit.per as f64 * 1e6)
    }
}
