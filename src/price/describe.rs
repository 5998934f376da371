//! `tollgate price MODEL`: everything that the catalogue and the configuration say of one model.
//!
//! In: a name as a person types it, `gpt-5`, `openai/gpt-5` or any that spans carry. Out:
//! [`Description`], for people by `Display`, for programs by `Serialize`. Prices are what is to pay, after discounts.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::PriceBook;
use super::book::Meaning;
use super::catalogue::{Catalogue, Dated, Force, Found};
use super::decimal::{Decimal, Dollars};

/// What is known of the price of one model.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// The catalogue's id of the provider; empty when the user's own prices are for every provider.
    pub provider: String,
    /// The canonical model, as the label `model` shows it.
    pub model: String,
    /// What the configuration did, in the order in which it did it.
    pub changes: Vec<Change>,
    /// Every price list of the model, the later ones over the earlier ones.
    pub prices: Vec<PriceList>,
    /// The provider's price pages.
    pub urls: Vec<String>,
    /// Where the figures were taken from.
    pub source: String,
    /// When, `YYYY-MM-DD`.
    pub date: String,
}

/// One thing that the configuration did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its key, such as `prices.discounts[0]`.
    pub key: String,
    /// What it did, in words.
    pub did: String,
}

/// Prices that hold together.
#[derive(Clone, Debug, Serialize)]
pub struct PriceList {
    /// What the request must have said; empty for the standard prices.
    pub context: BTreeMap<String, String>,
    /// Since when or at what time of day, in words.
    pub when: String,
    /// True for the standard prices that count now, and for variants that do.
    pub in_force: bool,
    /// The prices.
    pub rates: Vec<RateLine>,
}

/// The price of one unit.
#[derive(Clone, Debug, Serialize)]
pub struct RateLine {
    /// What is counted: `input_tokens`, `web_searches`.
    pub unit: String,
    /// Dollars, in plain notation.
    pub dollars: String,
    /// For how many.
    pub per: u64,
    /// Other prices when the whole prompt has more tokens than this.
    pub above: Vec<(u64, String)>,
}

/// Describes a model, or `None` when no provider, no rule and no part of the configuration knows the name.
#[must_use]
pub fn describe(book: &PriceBook, name: &str, now_unix_seconds: i64) -> Option<Description> {
    let (provider, host, name) = named(book, name)?;
    let meaning = book.look_up((provider, host, name));
    let discounts = book.discounts(meaning, (provider, host, name));
    let in_force = |index: &&usize| book.overrides.discounts[**index].seconds.contains(&now_unix_seconds);
    let discount = discounts.iter().find(in_force).copied();
    let to_pay = discount.map(|index| book.overrides.discounts[index].to_pay);
    let mut told = match meaning {
        Meaning::Unknown(_) => return None,
        Meaning::Own(index) => own(book, index, to_pay),
        Meaning::Catalogue(place) => {
            listed(book.catalogue(), Found { catalogue: book.catalogue(), place }, to_pay, now_unix_seconds)
        }
    };
    if let Some((index, alias)) = book.overrides.alias(provider, host, name) {
        let priced_as =
            alias.priced_as.as_ref().map_or_else(String::new, |other| format!(" at the prices of {other}"));
        told.change(
            format!("prices.aliases[{index}]"),
            format!("`{name}` stands for {}{priced_as}", alias.model),
        );
    }
    if let Meaning::Own(index) = meaning {
        let did = "your own prices stand in place of the catalogue's".to_owned();
        told.change(format!("prices.models[{index}]"), did);
    }
    if let (Some(index), Some(to_pay)) = (discount, to_pay) {
        told.change(
            format!("prices.discounts[{index}]"),
            format!("{}: the prices below are what is to pay", off(to_pay)),
        );
    }
    for index in discounts.into_iter().filter(|index| Some(*index) != discount) {
        let other = &book.overrides.discounts[index];
        if let Some(day) = turn_after(other, now_unix_seconds) {
            told.change(format!("prices.discounts[{index}]"), format!("{} from {day} on", off(other.to_pay)));
        }
    }
    Some(told)
}

/// A discount or a mark-up in words.
fn off(to_pay: Decimal) -> String {
    match Decimal::from(100).checked_sub(to_pay) {
        Some(percent) => format!("{percent} % off"),
        None => format!("{} % more", to_pay.checked_sub(Decimal::from(100)).unwrap_or_default()),
    }
}

/// The day on which a discount comes into force, if that is to come.
fn turn_after(discount: &super::overrides::ReadyDiscount, now: i64) -> Option<String> {
    let begin =
        jiff::Timestamp::from_second(discount.seconds.start).ok().filter(|_| discount.seconds.start > now);
    begin.map(|begin| begin.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

/// How the book is to be asked for what a person typed: by the name alone, by `provider/name`, or for the provider
/// and the address that an alias or prices of the user's own are for.
fn named<'a>(book: &'a PriceBook, name: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let lower = name.to_lowercase();
    let prefixed = name.split_once('/').map(|(provider, model)| (provider, "", model));
    let aliases = book.overrides.aliases.iter().filter(|alias| alias.name.eq_ignore_ascii_case(name));
    let aliased = aliases.map(|alias| {
        (
            alias.provider.as_deref().unwrap_or_default(),
            alias.server_address.as_deref().unwrap_or_default(),
            name,
        )
    });
    let models = book.overrides.models.iter().filter(|own| own.matches(&lower));
    let own = models.map(|own| (own.provider.as_deref().unwrap_or_default(), "", name));
    let mut ways = prefixed.into_iter().chain([("", "", name)]).chain(aliased).chain(own);
    ways.find(|way| !matches!(book.look_up(*way), Meaning::Unknown(_)))
}

/// What the catalogue says.
fn listed(
    catalogue: &Catalogue,
    found: Found<'_>,
    to_pay: Option<Decimal>,
    now_unix_seconds: i64,
) -> Description {
    let model = found.model();
    let current = found.standard(now_unix_seconds);
    let list = |context: BTreeMap<String, String>, dated: &Dated, in_force: bool| PriceList {
        context,
        when: dated.force.to_string(),
        in_force,
        rates: rates(catalogue, dated, to_pay),
    };
    let standard =
        model.schedule.iter().map(|dated| list(BTreeMap::new(), dated, std::ptr::eq(dated, current)));
    let variants = model.variants.iter().map(|variant| {
        let context = variant.when.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        list(context.collect(), &variant.dated, variant.dated.force.holds(now_unix_seconds))
    });
    Description {
        provider: found.provider_id().to_owned(),
        model: found.model_id().to_owned(),
        changes: Vec::new(),
        prices: standard.chain(variants).collect(),
        urls: found.urls().iter().map(ToString::to_string).collect(),
        source: catalogue.about().source.to_string(),
        date: catalogue.about().date.to_string(),
    }
}

/// What the user says.
fn own(book: &PriceBook, index: usize, to_pay: Option<Decimal>) -> Description {
    let model = &book.overrides.models[index];
    let rates = model.told().map(|(kind, base, above)| RateLine {
        unit: kind.map_or_else(|| "requests".to_owned(), |kind| format!("{}_tokens", kind.label())),
        dollars: left(base, to_pay),
        per: kind.map_or(1, |_| 1_000_000),
        above: above.into_iter().map(|(start, rate)| (start, left(rate, to_pay))).collect(),
    });
    Description {
        provider: model.provider.as_deref().unwrap_or_default().to_owned(),
        model: model.model.to_string(),
        changes: Vec::new(),
        prices: vec![PriceList {
            context: BTreeMap::new(),
            when: Force::Always.to_string(),
            in_force: true,
            rates: rates.collect(),
        }],
        urls: Vec::new(),
        source: "the configuration".to_owned(),
        date: String::new(),
    }
}

fn rates(catalogue: &Catalogue, dated: &Dated, to_pay: Option<Decimal>) -> Vec<RateLine> {
    let line = |(id, price): &(u8, super::catalogue::Price)| {
        let unit = catalogue.unit(*id);
        RateLine {
            unit: unit.usage.to_string(),
            dollars: left(price.base, to_pay),
            per: unit.per,
            above: price.above.iter().map(|(start, rate)| (*start, left(*rate, to_pay))).collect(),
        }
    };
    dated.rates.list.iter().map(line).collect()
}

/// A price after a discount, in plain notation.
fn left(price: Decimal, to_pay: Option<Decimal>) -> String {
    to_pay.map_or_else(|| price.to_string(), |percent| Dollars::from(price).percent(percent).to_string())
}

impl Description {
    fn change(&mut self, key: String, did: String) {
        self.changes.push(Change { key, did });
    }
}

impl fmt::Display for Description {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = if self.provider.is_empty() { "every provider" } else { &self.provider };
        writeln!(out, "{} of {provider}", self.model)?;
        for change in &self.changes {
            writeln!(out, "  {}: {}", change.key, change.did)?;
        }
        for list in &self.prices {
            let context: Vec<String> =
                list.context.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let name = if context.is_empty() { "standard".to_owned() } else { context.join(", ") };
            writeln!(out, "\n  {name}, {}{}", list.when, if list.in_force { "" } else { " (not now)" })?;
            if list.rates.is_empty() {
                writeln!(out, "    {}", if context.is_empty() { "no prices" } else { "as standard" })?;
            }
            for rate in &list.rates {
                writeln!(out, "    {:<28} ${} per {}", rate.unit, rate.dollars, rate.per)?;
                for (start, dollars) in &rate.above {
                    writeln!(out, "    {:<28} ${dollars} when the prompt has more than {start} tokens", "")?;
                }
            }
        }
        let date = if self.date.is_empty() { String::new() } else { format!(", {}", self.date) };
        writeln!(out, "\n  figures of {}{date}", self.source)?;
        self.urls.iter().try_for_each(|url| writeln!(out, "  {url}"))
    }
}

impl fmt::Display for Force {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => out.write_str("at any time"),
            Self::From(start) => match jiff::Timestamp::from_second(*start) {
                Ok(day) => write!(out, "from {}", day.strftime("%Y-%m-%d")),
                Err(_) => write!(out, "from {start} seconds after 1970"),
            },
            Self::Daily(start, end) => {
                let time = |second: &u32| format!("{:02}:{:02}", second / 3600, second / 60 % 60);
                write!(out, "each day from {} to {} UTC", time(start), time(end))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(json: &str) -> PriceBook {
        PriceBook::new(&serde_json::from_str(json).expect(json)).expect(json)
    }

    #[test]
    fn a_person_may_name_a_model_in_many_ways() {
        let model = |name: &str| {
            describe(&book("{}"), name, 1_795_000_000)
                .map(|about| format!("{} {}", about.provider, about.model))
        };
        assert_eq!(model("gpt-5").as_deref(), Some("openai gpt-5"));
        assert_eq!(model("openai/GPT-5").as_deref(), Some("openai gpt-5"));
        assert_eq!(model("azure.ai.openai/gpt-5").as_deref(), Some("azure gpt-5"));
        assert_eq!(model("openrouter/openai/gpt-5").as_deref(), Some("openrouter openai/gpt-5"));
        assert_eq!(model("nonesuch"), None);
    }

    #[test]
    fn the_text_tells_dates_times_tiers_and_source() {
        let text = |name: &str| describe(&book("{}"), name, 1_795_000_000).expect(name).to_string();
        for part in ["service_tier=flex", "$1.25 per 1000000", "processing=batch", "figures of genai-prices"]
        {
            assert!(text("gpt-5").contains(part), "{part}: {}", text("gpt-5"));
        }
        assert!(text("deepseek/deepseek-flash").contains("each day from 01:00 to 04:00 UTC"));
        assert!(text("gemini-2.5-pro").contains("when the prompt has more than 200000 tokens"));
    }

    #[test]
    fn what_the_configuration_did_is_told_and_prices_are_what_is_left_to_pay() {
        let book = book(
            r#"{"aliases":[{"name":"prod-smart","model":"gpt-4o","provider":"azure.ai.openai","priced_as":"openai"}],
                "models":[{"model":"acme-7b","provider":"acme","prices":{"input":1,"output":2,"request":"0.001"},
                           "tiers":[{"above_prompt_tokens":1000,"prices":{"input":3}}]}],
                "discounts":[{"model":{"starts_with":["gpt-4o"]},"percent":20}]}"#,
        );
        let told = |name: &str| describe(&book, name, 1_795_000_000).expect(name);
        let smart = told("prod-smart");
        assert_eq!((smart.provider.as_str(), smart.model.as_str()), ("openai", "gpt-4o"));
        let keys: Vec<&str> = smart.changes.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["prices.aliases[0]", "prices.discounts[0]"]);
        assert!(smart.to_string().contains("input_tokens                 $2 per 1000000"), "{smart}");
        let own = told("acme-7b").to_string();
        for part in [
            "prices.models[0]: your own prices",
            "$1 per 1000000",
            "$3 when the prompt has more than 1000",
            "$0.001 per 1\n",
        ] {
            assert!(own.contains(part), "{part}: {own}");
        }
        assert!(!own.contains("cache_read"), "what costs as much as input is not told twice: {own}");
        assert!(told("gpt-5").changes.is_empty());
    }
}
