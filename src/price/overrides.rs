//! What the user says about prices: own models, discounts, aliases.
//!
//! In: the section `prices` of the configuration, as serde reads it; numbers may be written as text.
//! Out: [`PricesConfig`], and [`Overrides`] ready for use, or [`Fault`]s with the key that is wrong.
//! It reads no file and knows no catalogue.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::cost::Cost;
use super::currency::{Currencies, CurrencyConfig};
use super::decimal::{Decimal, Percent};
use super::matcher::{Matcher, Rule};
use crate::call::{TokenType, Tokens};

/// The section `prices`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PricesConfig {
    /// A catalogue file in place of the embedded one, read at start and on reload.
    pub catalogue_file: Option<PathBuf>,
    /// Models with prices of the user's own; they win over the catalogue.
    pub models: Vec<OwnModel>,
    /// Discounts; the first that fits applies.
    pub discounts: Vec<Discount>,
    /// Names that stand for a model: deployments, gateway aliases.
    pub aliases: Vec<Alias>,
    /// When the cost on the span itself counts.
    pub use_reported: UseReported,
    /// Dollars for one of other currencies.
    pub currencies: BTreeMap<String, CurrencyConfig>,
}

/// When the cost that an instrumentation wrote on the span counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseReported {
    /// When no price is known.
    #[default]
    WhenUnpriced,
    /// Whenever there is one.
    Always,
    /// Not at all.
    Never,
}

/// A model with prices of the user's own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnModel {
    /// The provider, by any name of it; every provider when left out.
    #[serde(default)]
    pub provider: Option<String>,
    /// The canonical name, as the label `model` will show it.
    pub model: String,
    /// Which names mean it; the canonical name alone when left out.
    #[serde(default, rename = "match")]
    pub rule: Option<Rule>,
    /// Dollars per million tokens by kind, and `request`: dollars per call. A kind that is left out
    /// costs what the wider kind costs: cached input as input, reasoning as output.
    pub prices: BTreeMap<String, Decimal>,
    /// Other prices for long prompts: they count for all tokens of a call above the threshold.
    #[serde(default)]
    pub tiers: Vec<OwnTier>,
}

/// Prices for prompts longer than a threshold.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnTier {
    /// Tokens of the whole prompt, cached ones included, that must be exceeded.
    #[serde(deserialize_with = "count")]
    pub above_prompt_tokens: u64,
    /// As [`OwnModel::prices`]; kinds that are left out keep their price.
    pub prices: BTreeMap<String, Decimal>,
}

/// A negotiated discount, or a mark-up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discount {
    /// The provider, by any name of it; every provider when left out.
    #[serde(default)]
    pub provider: Option<String>,
    /// Canonical models that it is for; all when left out.
    #[serde(default)]
    pub model: Option<Rule>,
    /// Per cent off, up to 100; below 0 for a mark-up.
    pub percent: Percent,
    /// The first day of it, as 2026-01-31, UTC; always when left out.
    #[serde(default)]
    pub from: Option<String>,
    /// The day after its last; for ever when left out.
    #[serde(default)]
    pub to: Option<String>,
}

/// A name that stands for a model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// The name on the spans, such as an Azure deployment.
    pub name: String,
    /// The model that it means.
    pub model: String,
    /// Only for this provider.
    #[serde(default)]
    pub provider: Option<String>,
    /// Only for this `server.address`.
    #[serde(default)]
    pub server_address: Option<String>,
    /// The provider whose prices hold, when it is not the one on the span.
    #[serde(default)]
    pub priced_as: Option<String>,
}

/// One mistake in the section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key below `prices`, such as `models[0].prices.input`.
    pub key: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// A [`PricesConfig`] made ready.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) models: Box<[PricedModel]>,
    pub(super) discounts: Box<[ReadyDiscount]>,
    pub(super) aliases: Box<[Alias]>,
    pub(super) use_reported: UseReported,
    pub(super) currencies: Currencies,
}

#[derive(Debug)]
pub(super) struct PricedModel {
    pub(super) provider: Option<Box<str>>,
    pub(super) model: Box<str>,
    rule: Matcher,
    prices: OwnPrices,
    tiers: Box<[(u64, OwnPrices)]>,
}

#[derive(Debug)]
pub(super) struct ReadyDiscount {
    pub(super) provider: Option<Box<str>>,
    rule: Option<Matcher>,
    /// Per cent that is left to pay.
    pub(super) to_pay: Decimal,
    /// When it holds, seconds since the Unix epoch.
    pub(super) seconds: Range<i64>,
}

/// Dollars per million tokens of every kind, and per call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OwnPrices {
    pub(super) tokens: [Option<Decimal>; TokenType::ALL.len()],
    pub(super) request: Option<Decimal>,
}

// === impl Overrides ===

impl Overrides {
    /// Makes a section ready; every mistake in it is told.
    pub(super) fn new(config: &PricesConfig) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let models = config.models.iter().enumerate();
        let models: Vec<_> =
            models.filter_map(|(index, own)| PricedModel::new(index, own, &mut faults)).collect();
        let discounts = config.discounts.iter().enumerate();
        let discounts: Vec<_> =
            discounts.filter_map(|(index, row)| ReadyDiscount::new(index, row, &mut faults)).collect();
        for (index, alias) in config.aliases.iter().enumerate() {
            for (key, text) in [("name", &alias.name), ("model", &alias.model)] {
                if text.trim().is_empty() {
                    fault(&mut faults, format!("aliases[{index}].{key}"), "is empty; expected a name");
                }
            }
        }
        let currencies = Currencies::new(&config.currencies, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let aliases = config.aliases.clone().into();
        Ok(Self {
            models: models.into(),
            discounts: discounts.into(),
            aliases,
            use_reported: config.use_reported,
            currencies,
        })
    }

    /// The alias that fits, the most particular first come first served in the order of the file.
    pub(super) fn alias(&self, provider: &str, server_address: &str, name: &str) -> Option<(usize, &Alias)> {
        let fits = |wanted: &Option<String>, is: &str| {
            wanted.as_deref().is_none_or(|text| text.eq_ignore_ascii_case(is))
        };
        self.aliases.iter().enumerate().find(|(_, alias)| {
            alias.name.eq_ignore_ascii_case(name)
                && fits(&alias.provider, provider)
                && fits(&alias.server_address, server_address)
        })
    }
}

fn fault(faults: &mut Vec<Fault>, key: String, problem: impl Into<String>) {
    faults.push(Fault { key, problem: problem.into() });
}

fn matcher(rule: Rule, key: String, faults: &mut Vec<Fault>) -> Option<Matcher> {
    let checked = match Matcher::checked(rule) {
        Err(error) => Err(error.to_string()),
        Ok(matcher) if matcher.is_empty() => {
            Err("matches nothing; expected equals, starts_with, ends_with, contains or regex".to_owned())
        }
        Ok(matcher) => Ok(matcher),
    };
    checked.map_err(|problem| fault(faults, key, problem)).ok()
}

// === impl PricedModel ===

impl PricedModel {
    fn new(index: usize, own: &OwnModel, faults: &mut Vec<Fault>) -> Option<Self> {
        let key = format!("models[{index}]");
        if own.model.trim().is_empty() {
            fault(faults, format!("{key}.model"), "is empty; expected the model's name");
        }
        let name = || Rule { equals: vec![own.model.clone()], ..Rule::default() };
        let rule = matcher(own.rule.clone().unwrap_or_else(name), format!("{key}.match"), faults);
        let prices = OwnPrices::default().with(&own.prices, &format!("{key}.prices"), faults);
        if own.prices.is_empty() {
            fault(
                faults,
                format!("{key}.prices"),
                "is empty; expected input, output or other kinds of tokens",
            );
        }
        let mut tiers: Vec<_> = own.tiers.iter().enumerate().collect();
        tiers.sort_by_key(|(_, tier)| tier.above_prompt_tokens);
        let mut last = prices;
        let tiers = tiers.into_iter().map(|(place, tier)| {
            last = last.with(&tier.prices, &format!("{key}.tiers[{place}].prices"), faults);
            (tier.above_prompt_tokens, last.filled())
        });
        let tiers = tiers.collect();
        let provider = own.provider.as_deref().map(|name| name.to_lowercase().into());
        Some(Self { provider, model: own.model.as_str().into(), rule: rule?, prices: prices.filled(), tiers })
    }

    /// True when a model's name, in lower case, means this one.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.rule.matches(name)
    }

    /// Dollars per million tokens by kind, those left out that follow from a wider kind; dollars per call; and the
    /// same above each number of prompt tokens.
    pub(super) fn told(
        &self,
    ) -> impl Iterator<Item = (Option<TokenType>, Decimal, Vec<(u64, Decimal)>)> + '_ {
        let above = |kind, base| {
            let tiers = self.tiers.iter().filter_map(|(start, prices)| Some((*start, prices.of(kind)?)));
            tiers.filter(|(_, rate)| *rate != base).collect()
        };
        let kinds = TokenType::ALL.into_iter().map(Some).chain([None]);
        kinds.filter_map(move |kind| {
            let base = self.prices.of(kind)?;
            let follows = kind.and_then(wider).is_some_and(|wider| {
                self.prices.of(Some(wider)) == Some(base)
                    && self.tiers.iter().all(|(_, prices)| prices.of(Some(wider)) == prices.of(kind))
            });
            (!follows).then(|| (kind, base, above(kind, base)))
        })
    }

    /// Its prices for a prompt of so many tokens.
    pub(super) fn prices_of(&self, prompt: u64) -> &OwnPrices {
        let tier = self.tiers.iter().rev().find(|(above, _)| prompt > *above);
        tier.map_or(&self.prices, |(_, prices)| prices)
    }

    /// Prompts above which its prices change.
    pub(super) fn tier_edges(&self) -> impl Iterator<Item = u64> + '_ {
        self.tiers.iter().map(|(above, _)| *above)
    }

    /// What a call of it costs.
    pub(super) fn cost_into(&self, cost: &mut Cost, tokens: &Tokens) {
        let prices = self.prices_of(tokens.input_total());
        cost.set_rates(tokens, &prices.tokens, prices.request);
    }
}

// === impl ReadyDiscount ===

impl ReadyDiscount {
    fn new(index: usize, row: &Discount, faults: &mut Vec<Fault>) -> Option<Self> {
        let to_pay = row.percent.to_pay();
        if to_pay.is_none() {
            let problem = format!("is {}; expected at most 100", row.percent);
            fault(faults, format!("discounts[{index}].percent"), problem);
        }
        let mut moment = |key: &str, day: &Option<String>, open| match day.as_deref().map(begin_of) {
            None => open,
            Some(Ok(second)) => second,
            Some(Err(problem)) => {
                fault(faults, format!("discounts[{index}].{key}"), problem);
                open
            }
        };
        let seconds = moment("from", &row.from, i64::MIN)..moment("to", &row.to, i64::MAX);
        if seconds.is_empty() {
            fault(faults, format!("discounts[{index}].to"), "is not after `from`");
        }
        let rule = match row.model.clone() {
            Some(rule) => Some(matcher(rule, format!("discounts[{index}].model"), faults)?),
            None => None,
        };
        let provider = row.provider.as_deref().map(|name| name.to_lowercase().into());
        Some(Self { provider, rule, to_pay: to_pay?, seconds })
    }

    /// True when it is for this canonical model.
    pub(super) fn fits(&self, model: &str) -> bool {
        self.rule.as_ref().is_none_or(|rule| rule.matches(&model.to_lowercase()))
    }
}

// === impl OwnPrices ===

impl OwnPrices {
    /// Dollars per million tokens of a kind, or per call.
    fn of(&self, kind: Option<TokenType>) -> Option<Decimal> {
        kind.map_or(self.request, |kind| self.tokens[kind as usize])
    }

    fn with(mut self, prices: &BTreeMap<String, Decimal>, key: &str, faults: &mut Vec<Fault>) -> Self {
        for (label, price) in prices {
            match (TokenType::from_label(label), label.as_str()) {
                (Some(kind), _) => self.tokens[kind as usize] = Some(*price),
                (None, "request") => self.request = Some(*price),
                (None, _) => {
                    let known = TokenType::ALL.map(TokenType::label).join(", ");
                    fault(
                        faults,
                        format!("{key}.{label}"),
                        format!("is not a kind of token; expected {known} or request"),
                    );
                }
            }
        }
        self
    }

    /// Each kind that has no price takes that of the wider kind.
    fn filled(mut self) -> Self {
        for kind in TokenType::ALL {
            let wider = |kind: Option<TokenType>| kind.and_then(|kind| self.tokens[kind as usize]);
            self.tokens[kind as usize] = self.tokens[kind as usize].or_else(|| wider(self::wider(kind)));
        }
        self
    }
}

/// The kind whose price a kind takes that has none; always earlier in the order of the contract.
const fn wider(kind: TokenType) -> Option<TokenType> {
    match kind {
        TokenType::Input | TokenType::Output => None,
        TokenType::InputAudio
        | TokenType::InputImage
        | TokenType::InputVideo
        | TokenType::CacheRead
        | TokenType::CacheWrite => Some(TokenType::Input),
        TokenType::CacheReadAudio | TokenType::CacheReadImage => Some(TokenType::CacheRead),
        TokenType::CacheWrite1h => Some(TokenType::CacheWrite),
        TokenType::OutputAudio | TokenType::OutputImage | TokenType::OutputVideo | TokenType::Reasoning => {
            Some(TokenType::Output)
        }
    }
}

/// The second in which a day begins, UTC.
pub(super) fn begin_of(day: &str) -> Result<i64, String> {
    let date: jiff::civil::Date =
        day.parse().map_err(|_| format!("`{day}` is no day; one such as 2026-01-31 would be right"))?;
    let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(start.timestamp().as_second())
}

// === numbers, also as text ===

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Decimal::deserialize(deserializer)?;
    number
        .to_string()
        .parse()
        .map_err(|_| serde::de::Error::custom(format!("{number} is not a whole number")))
}

impl<'de> Deserialize<'de> for Decimal {
    /// A number or text in plain notation.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Decimal;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a decimal number of 0 or more, such as 0.25")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::parse(text.trim())
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Decimal, E> {
                Ok(number.into())
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Decimal, E> {
                Decimal::from_f64(number)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(number), &self))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl<'de> Deserialize<'de> for Percent {
    /// A number or text in plain notation, perhaps with a sign.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Percent;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number of per cent, such as 12.5, or -5 for a mark-up")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Percent, E> {
                Percent::parse(text.trim())
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Percent, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Percent, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Percent, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(json: &str) -> Result<Overrides, Vec<Fault>> {
        Overrides::new(&serde_json::from_str(json).expect(json))
    }

    fn tokens(counts: &[(TokenType, u64)]) -> Tokens {
        let mut tokens = Tokens::default();
        counts.iter().for_each(|(kind, count)| tokens.set(*kind, *count));
        tokens
    }

    #[test]
    fn a_kind_without_a_price_costs_what_the_wider_kind_costs() {
        let overrides = ready(
            r#"{"models":[{"model":"llama-at-home","prices":{"input":"0.2","output":0.6,"request":"0.001"},
                "tiers":[{"above_prompt_tokens":"1000","prices":{"input":"0.4"}}]}]}"#,
        )
        .unwrap();
        let model = &overrides.models[0];
        let short =
            tokens(&[(TokenType::Input, 500), (TokenType::CacheRead, 500), (TokenType::Reasoning, 10)]);
        let mut cost = Cost::default();
        model.cost_into(&mut cost, &short);
        assert_eq!(cost.total().to_string(), "0.001206");
        let long =
            tokens(&[(TokenType::Input, 501), (TokenType::CacheRead, 500), (TokenType::Reasoning, 10)]);
        model.cost_into(&mut cost, &long);
        assert_eq!(cost.total().to_string(), "0.0014064");
    }

    #[test]
    fn every_fault_is_told_with_its_key() {
        let faults = ready(
            r#"{"models":[{"model":"a","prices":{"prompt":1}},{"model":"b","match":{"regex":["("]},"prices":{}}],
                "discounts":[{"percent":120},{"percent":5,"from":"soon"},{"percent":5,"from":"2026-02-01","to":"2026-02-01"}],"aliases":[{"name":"","model":"gpt-4o"}]}"#,
        )
        .unwrap_err();
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        let expected = [
            "models[0].prices.prompt",
            "models[1].match",
            "models[1].prices",
            "discounts[0].percent",
            "discounts[1].from",
            "discounts[2].to",
            "aliases[0].name",
        ];
        assert_eq!(keys, expected);
    }
}
