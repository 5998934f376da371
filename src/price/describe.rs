//! `tollgate price MODEL`: everything that the catalogue says of one model.
//!
//! In: a name as a person types it, `gpt-5`, `openai/gpt-5` or any that spans carry. Out:
//! [`Description`], for people by `Display`, for programs by `Serialize`. It computes nothing.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::catalogue::{Catalogue, Dated, Force, Found};
use super::model_name;

/// What the catalogue says of one model.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// The catalogue's id of the provider.
    pub provider: String,
    /// The canonical model, as the label `model` shows it.
    pub model: String,
    /// Every price list of the model, the later ones over the earlier ones.
    pub prices: Vec<PriceList>,
    /// The provider's price pages.
    pub urls: Vec<String>,
    /// Where the figures were taken from.
    pub source: String,
    /// When, `YYYY-MM-DD`.
    pub date: String,
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

/// Describes a model, or `None` when no provider and no rule knows the name.
#[must_use]
pub fn describe(catalogue: &Catalogue, name: &str, now_unix_seconds: i64) -> Option<Description> {
    let found = find(catalogue, name)?;
    let model = found.model();
    let current = found.standard(now_unix_seconds);
    let list = |context: BTreeMap<String, String>, dated: &Dated, in_force: bool| PriceList {
        context,
        when: dated.force.to_string(),
        in_force,
        rates: rates(catalogue, dated),
    };
    let standard =
        model.schedule.iter().map(|dated| list(BTreeMap::new(), dated, std::ptr::eq(dated, current)));
    let variants = model.variants.iter().map(|variant| {
        let context = variant.when.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        list(context.collect(), &variant.dated, variant.dated.force.holds(now_unix_seconds))
    });
    Some(Description {
        provider: found.provider_id().to_owned(),
        model: found.model_id().to_owned(),
        prices: standard.chain(variants).collect(),
        urls: found.urls().iter().map(ToString::to_string).collect(),
        source: catalogue.about().source.to_string(),
        date: catalogue.about().date.to_string(),
    })
}

/// The model that a person means: by the name alone, by `provider/name`, or as spans write it.
fn find<'a>(catalogue: &'a Catalogue, name: &str) -> Option<Found<'a>> {
    let alone = || catalogue.find("", name);
    let prefixed = || name.split_once('/').and_then(|(provider, model)| catalogue.find(provider, model));
    let lower = name.to_lowercase();
    let read = || {
        let mut readings = model_name::readings("", &lower).into_iter();
        readings.find_map(|reading| catalogue.find(reading.provider.unwrap_or_default(), &reading.model))
    };
    prefixed().or_else(alone).or_else(read)
}

fn rates(catalogue: &Catalogue, dated: &Dated) -> Vec<RateLine> {
    let line = |(id, price): &(u8, super::catalogue::Price)| {
        let unit = catalogue.unit(*id);
        RateLine {
            unit: unit.usage.to_string(),
            dollars: price.base.to_string(),
            per: unit.per,
            above: price.above.iter().map(|(start, rate)| (*start, rate.to_string())).collect(),
        }
    };
    dated.rates.list.iter().map(line).collect()
}

impl fmt::Display for Description {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} of {}", self.model, self.provider)?;
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
        writeln!(out, "\n  figures of {}, {}", self.source, self.date)?;
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

    #[test]
    fn a_person_may_name_a_model_in_many_ways() {
        let model = |name: &str| {
            describe(Catalogue::embedded(), name, 1_795_000_000)
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
        let text = |name: &str| describe(Catalogue::embedded(), name, 1_795_000_000).expect(name).to_string();
        for part in ["service_tier=flex", "$1.25 per 1000000", "processing=batch", "figures of genai-prices"]
        {
            assert!(text("gpt-5").contains(part), "{part}: {}", text("gpt-5"));
        }
        assert!(text("deepseek/deepseek-flash").contains("each day from 01:00 to 04:00 UTC"));
        assert!(text("gemini-2.5-pro").contains("when the prompt has more than 200000 tokens"));
    }
}
