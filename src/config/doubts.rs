//! What is sound and probably not meant: names that nothing has, prices of another order of magnitude.
//!
//! In: sound settings. Out: [`Doubt`]s, each with its key and what would be right. Nobody is kept from starting by
//! them: names may be of the user's own, and a newer catalogue may have dropped one.

use super::fault::closest;
use super::sections::price_book;
use super::settings::Settings;
use crate::call::TokenType;
use crate::limits::{fits, is_account_hash};
use crate::normalise::{provider, provider_names};
use crate::price::{Decimal, Dollars, OwnModel, PriceBook};

/// What tokens cost anywhere, in dollars a million.
const USUAL_PRICE: std::ops::RangeInclusive<f64> = 1e-3..=1e4;
/// So many times dearer or cheaper than the catalogue is another unit, not another contract.
const FAR: f64 = 1000.0;

/// Something that is sound and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The dotted key.
    pub key: String,
    /// What is odd, and what would be right.
    pub problem: String,
}

/// Every doubt about settings.
#[must_use]
pub fn doubts(settings: &Settings) -> Vec<Doubt> {
    let Ok(book) = price_book(&settings.prices) else { return Vec::new() };
    let mut found = Found { book: &book, doubts: Vec::new() };
    settings.prices.models.iter().enumerate().for_each(|(index, own)| found.own_model(index, own));
    found.discounts(settings);
    found.aliases(settings);
    found.limits(settings);
    found.doubts
}

struct Found<'a> {
    book: &'a PriceBook,
    doubts: Vec<Doubt>,
}

impl Found<'_> {
    fn add(&mut self, key: String, problem: String) {
        self.doubts.push(Doubt { key, problem });
    }

    fn own_model(&mut self, index: usize, own: &OwnModel) {
        let key = format!("prices.models[{index}]");
        let wanted = own.provider.as_deref().unwrap_or_default();
        if let Some(right) = self.slip(wanted) {
            self.add(
                format!("{key}.provider"),
                format!("`{wanted}` is no provider that is known; did you mean `{right}`?"),
            );
        }
        for (label, price) in &own.prices {
            let key = format!("{key}.prices.{label}");
            let Some(kind) = TokenType::from_label(label) else { continue };
            if !self.is_unusual(&key, *price) {
                self.far_from_the_catalogue(&key, own, kind, *price);
            }
        }
        for (place, tier) in own.tiers.iter().enumerate() {
            for (label, price) in
                tier.prices.iter().filter(|(label, _)| TokenType::from_label(label).is_some())
            {
                self.is_unusual(&format!("{key}.tiers[{place}].prices.{label}"), *price);
            }
        }
    }

    /// A price that nobody takes; nothing at all is one that some do.
    fn is_unusual(&mut self, key: &str, price: Decimal) -> bool {
        let unusual = !price.is_zero() && !USUAL_PRICE.contains(&dollars(price));
        if unusual {
            let problem = format!(
                "is ${price} a million tokens; prices lie between $0.001 and $10000. Is it the price of one token, or of a thousand?"
            );
            self.add(key.to_owned(), problem);
        }
        unusual
    }

    fn far_from_the_catalogue(&mut self, key: &str, own: &OwnModel, kind: TokenType, price: Decimal) {
        let provider = own.provider.as_deref().unwrap_or_default();
        let Some(listed) = self.book.listed_rate(provider, &own.model, kind) else { return };
        let ratio = dollars(price) / listed;
        if !price.is_zero() && listed > 0.0 && !(1.0 / FAR..=FAR).contains(&ratio) {
            let (times, than) = if ratio > 1.0 { (ratio, "more") } else { (1.0 / ratio, "less") };
            let problem = format!(
                "is ${price} a million tokens, {times:.0} times {than} than the catalogue's ${listed}"
            );
            self.add(key.to_owned(), problem);
        }
    }

    fn discounts(&mut self, settings: &Settings) {
        for (index, discount) in settings.prices.discounts.iter().enumerate() {
            let key = format!("prices.discounts[{index}]");
            let strange = discount
                .provider
                .as_deref()
                .is_some_and(|name| self.strange(&format!("{key}.provider"), name));
            if !strange && discount.model.is_some() && !self.book.discounts_something(index) {
                let provider =
                    discount.provider.as_ref().map_or_else(String::new, |name| format!(" of {name}"));
                let problem = format!(
                    "fits no model{provider} that has a price; `tollgate price NAME` shows a model's canonical name"
                );
                self.add(format!("{key}.model"), problem);
            }
        }
    }

    fn aliases(&mut self, settings: &Settings) {
        for (index, alias) in settings.prices.aliases.iter().enumerate() {
            let key = format!("prices.aliases[{index}]");
            let mut strange = false;
            for (name, written) in [("provider", &alias.provider), ("priced_as", &alias.priced_as)] {
                strange |=
                    written.as_deref().is_some_and(|text| self.strange(&format!("{key}.{name}"), text));
            }
            let at = alias.priced_as.as_deref().or(alias.provider.as_deref()).unwrap_or_default();
            if !strange && !self.book.knows_model(at, &alias.model) {
                let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
                let near = self
                    .near_model(&alias.model)
                    .map_or_else(String::new, |right| format!("; did you mean `{right}`?"));
                self.add(
                    format!("{key}.model"),
                    format!("`{}` has no price{at}: its calls will count as unpriced{near}", alias.model),
                );
            }
        }
    }

    fn limits(&mut self, settings: &Settings) {
        let limits = &settings.limits;
        for (index, limit) in limits.configured.iter().enumerate() {
            let key = format!("limits.configured[{index}]");
            self.limited_provider(&format!("{key}.provider"), &limit.provider);
            if !limit.model.is_empty() && !self.is_some_model(limit.pattern()) {
                let problem = format!(
                    "`{}` fits no model that has a price; `*` stands for any characters",
                    limit.model
                );
                self.add(format!("{key}.model"), problem);
            }
            let named = limits.accounts.iter().any(|account| account.name == limit.account);
            if !limit.account.is_empty() && !named && !is_account_hash(&limit.account) {
                let problem = format!(
                    "`{}` is neither a name from limits.accounts nor a hash of ten hexadecimal digits, as the label `account` shows it",
                    limit.account
                );
                self.add(format!("{key}.account"), problem);
            }
        }
    }

    /// A limit is compared with the label, which has the convention's spelling.
    fn limited_provider(&mut self, key: &str, written: &str) {
        match provider(written, "") {
            Some(label) if label != written => {
                self.add(
                    key.to_owned(),
                    format!("no call is labelled `{written}`; the convention's name is `{label}`"),
                );
            }
            Some(_) | None => {
                self.strange(key, written);
            }
        }
    }

    /// Tells of a provider that nothing here knows.
    fn strange(&mut self, key: &str, name: &str) -> bool {
        let strange = !self.is_known(name);
        if strange {
            let near = self.slip(name).map_or_else(
                || "it has an effect only if your spans call it so".to_owned(),
                |right| format!("did you mean `{right}`?"),
            );
            self.add(key.to_owned(), format!("`{name}` is no provider that is known; {near}"));
        }
        strange
    }

    fn is_known(&self, name: &str) -> bool {
        self.book.knows_provider(name) || provider_names().any(|known| known == name)
    }

    /// The provider that an unknown name was probably meant to be.
    fn slip(&self, name: &str) -> Option<String> {
        let listed =
            provider_names().all(|known| known != name) && self.book.catalogue().provider_id(name).is_none();
        let mut names: Vec<&str> = provider_names().collect();
        names.extend(self.book.catalogue().provider_ids());
        closest(name, names).filter(|_| listed && !name.is_empty()).map(str::to_owned)
    }

    fn near_model(&self, model: &str) -> Option<String> {
        closest(model, self.book.catalogue().models().map(|(_, model)| model)).map(str::to_owned)
    }

    /// True when a pattern fits a model of anybody.
    fn is_some_model(&self, pattern: &str) -> bool {
        let mut listed = self.book.catalogue().models().map(|(_, model)| model);
        listed.any(|model| fits(pattern, model)) || self.book.own_models().any(|model| fits(pattern, model))
    }
}

fn dollars(price: Decimal) -> f64 {
    Dollars::from(price).to_f64()
}
