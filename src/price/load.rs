//! Reading the catalogue's file: JSON in, a checked [`Catalogue`] out.
//!
//! In: bytes, embedded or loaded at run time. Out: a catalogue in which every rule compiles, every
//! price is exact and every model can be priced, or an error that names the row. The format is
//! written by `scripts/catalogue.py`; the row types below mirror it.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use super::CatalogueError;
use super::catalogue::{About, Catalogue, Dated, Force, MAX_RATES, Model, Price, Provider, Rates, Variant};
use super::decimal::Decimal;
use super::matcher::{Matcher, Rule};
use super::unit::{MAX_UNITS, Unit, UnitId, UnitSet, covered};

/// The version of the format that this program reads.
const FORMAT: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    source: Box<str>,
    url: Box<str>,
    licence: Box<str>,
    date: Box<str>,
    units: Vec<UnitRow>,
    providers: Vec<ProviderRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    usage: Box<str>,
    price: Box<str>,
    per: u64,
    family: Box<str>,
    dimensions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderRow {
    id: Box<str>,
    name: Box<str>,
    #[serde(default)]
    urls: Box<[Box<str>]>,
    #[serde(default, rename = "match")]
    rule: Rule,
    #[serde(default)]
    model_match: Rule,
    #[serde(default)]
    fallback: Vec<String>,
    models: Vec<ModelRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelRow {
    id: Box<str>,
    #[serde(rename = "match")]
    rule: Rule,
    prices: Vec<PriceRow>,
    #[serde(default)]
    variants: Vec<PriceRow>,
    minimum_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceRow {
    #[serde(default)]
    when: BTreeMap<Box<str>, Box<str>>,
    from: Option<String>,
    daily: Option<(String, String)>,
    rates: RateRows,
}

/// Rates in the order of the file: sums are rounded in this order.
struct RateRows(Vec<(String, RateRow)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum RateRow {
    Flat(String),
    Tiered { base: String, above: Vec<(u64, String)> },
}

/// Whether regexes are compiled to check them: that takes longer than all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patterns {
    Check,
    Trust,
}

/// What the rows refer to.
struct Tables {
    patterns: Patterns,
    units: Box<[Unit]>,
    by_price: HashMap<Box<str>, UnitId>,
    providers: HashMap<Box<str>, usize>,
}

impl Catalogue {
    /// The catalogue that is part of the program, read at the first use.
    ///
    /// # Panics
    /// Never: a test reads the embedded file.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Catalogue> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            catalogue(include_bytes!("../../data/catalogue.json"), Patterns::Trust)
                .expect("the embedded catalogue is valid: a test of `catalogue` reads it")
        })
    }

    /// Reads a catalogue file.
    ///
    /// # Errors
    /// Names the row that is wrong and what would be right.
    pub fn parse(json: &[u8]) -> Result<Self, CatalogueError> {
        catalogue(json, Patterns::Check)
    }
}

/// Reads and checks a catalogue. `patterns` says whether its regexes are compiled to check them; a test
/// does so for the embedded one.
fn catalogue(json: &[u8], patterns: Patterns) -> Result<Catalogue, CatalogueError> {
    let file: File =
        serde_json::from_slice(json).map_err(|error| CatalogueError::Syntax(error.to_string()))?;
    if file.format != FORMAT {
        return Err(CatalogueError::Format { found: file.format, expected: FORMAT });
    }
    let units = units(&file.units)?;
    let by_price = units.iter().zip(0u8..).map(|(unit, id)| (unit.price.clone(), id)).collect();
    let providers = file.providers.iter().enumerate().map(|(index, row)| (row.id.clone(), index)).collect();
    let tables = Tables { patterns, units, by_price, providers };
    let providers =
        file.providers.into_iter().map(|row| tables.provider(row)).collect::<Result<Box<[_]>, _>>()?;
    if providers.iter().all(|provider| provider.models.is_empty()) {
        return Err(wrong("providers", "no model at all; expected at least one"));
    }
    let contexts = contexts(&providers);
    let about = About { source: file.source, url: file.url, licence: file.licence, date: file.date };
    Ok(Catalogue { about, units: tables.units, providers, contexts })
}

fn wrong(row: impl Into<String>, problem: impl Into<String>) -> CatalogueError {
    CatalogueError::Row { row: row.into(), problem: problem.into() }
}

/// Every key and value that some variant asks for.
fn contexts(providers: &[Provider]) -> Box<[(Box<str>, Box<str>)]> {
    let models = providers.iter().flat_map(|provider| &provider.models);
    let pairs = models.flat_map(|model| &model.variants).flat_map(|variant| variant.when.iter().cloned());
    pairs.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

// === units ===

fn units(rows: &[UnitRow]) -> Result<Box<[Unit]>, CatalogueError> {
    if rows.len() > MAX_UNITS {
        return Err(wrong("units", format!("{} units; at most {MAX_UNITS} are possible", rows.len())));
    }
    let contains = |wide: &UnitRow, narrow: &UnitRow| {
        wide.family == narrow.family
            && wide.dimensions.iter().all(|(key, value)| narrow.dimensions.get(key) == Some(value))
    };
    let set = |pick: &dyn Fn(&UnitRow) -> bool| -> UnitSet {
        rows.iter().enumerate().filter(|(_, row)| pick(row)).fold(0, |set, (index, _)| set | 1 << index)
    };
    let unit = |index: usize, row: &UnitRow| {
        if row.per == 0 {
            return Err(wrong(&*row.usage, "per is 0; expected how many the price is for"));
        }
        let others = |pick: &dyn Fn(&UnitRow) -> bool| set(pick) & !(1 << index);
        Ok(Unit {
            usage: row.usage.clone(),
            price: row.price.clone(),
            family: row.family.clone(),
            per: row.per,
            tokens: if &*row.family == "tokens" { covered(&row.dimensions) } else { 0 },
            narrower: others(&|other| contains(row, other)),
            wider: others(&|other| contains(other, row)),
        })
    };
    rows.iter().enumerate().map(|(index, row)| unit(index, row)).collect()
}

// === impl Tables ===

impl Tables {
    fn provider(&self, row: ProviderRow) -> Result<Provider, CatalogueError> {
        let id = row.id;
        let rule = |rule| self.matcher(&id, rule);
        let fallback = row.fallback.iter().map(|name| {
            let known = self.providers.get(name.as_str()).copied();
            known.ok_or_else(|| wrong(&*id, format!("falls back to {name}, which is no provider")))
        });
        Ok(Provider {
            rule: rule(row.rule)?,
            model_rule: rule(row.model_match)?,
            fallback: fallback.collect::<Result<_, _>>()?,
            models: row.models.into_iter().map(|row| self.model(&id, row)).collect::<Result<_, _>>()?,
            name: row.name,
            urls: row.urls,
            id,
        })
    }

    fn model(&self, provider: &str, row: ModelRow) -> Result<Model, CatalogueError> {
        let name = format!("{provider}: {}", row.id);
        let rule = self.matcher(&name, row.rule)?;
        if rule.is_empty() || row.prices.is_empty() {
            return Err(wrong(name, "needs a rule under match and at least one entry under prices"));
        }
        let schedule = row
            .prices
            .into_iter()
            .map(|entry| self.dated(&name, entry).map(|(_, dated)| dated))
            .collect::<Result<Box<[_]>, _>>()?;
        let variants = row
            .variants
            .into_iter()
            .map(|entry| {
                let (when, dated) = self.dated(&name, entry)?;
                if when.is_empty() {
                    return Err(wrong(&*name, "a variant without when would always apply"));
                }
                Ok(Variant { when, dated })
            })
            .collect::<Result<Box<[_]>, _>>()?;
        for dated in &schedule {
            self.check_coverage(&name, dated.rates.units())?;
            for variant in &variants {
                self.check_coverage(&name, dated.rates.units() | variant.dated.rates.units())?;
            }
        }
        let minimum_seconds = row.minimum_seconds.map(Decimal::from);
        Ok(Model { id: row.id, rule, schedule, variants, minimum_seconds })
    }

    fn matcher(&self, name: &str, rule: Rule) -> Result<Matcher, CatalogueError> {
        match self.patterns {
            Patterns::Check => Matcher::checked(rule).map_err(|error| wrong(name, error.to_string())),
            Patterns::Trust => Ok(Matcher::new(rule)),
        }
    }

    fn dated(&self, name: &str, row: PriceRow) -> Result<(When, Dated), CatalogueError> {
        let force = match (row.from, row.daily) {
            (None, None) => Force::Always,
            (Some(date), None) => Force::From(midnight(&date).ok_or_else(|| {
                wrong(name, format!("from is {date:?}; expected a day such as 2026-01-31"))
            })?),
            (None, Some((start, end))) => match (second_of_day(&start), second_of_day(&end)) {
                (Some(start), Some(end)) => Force::Daily(start, end),
                _ => {
                    return Err(wrong(
                        name,
                        format!("daily is {start:?}, {end:?}; expected HH:MM:SS in UTC"),
                    ));
                }
            },
            (Some(_), Some(_)) => return Err(wrong(name, "has both from and daily; only one is possible")),
        };
        let rates = row.rates.0.into_iter().map(|(key, rate)| {
            let unit = self.by_price.get(key.as_str()).copied();
            Ok((
                unit.ok_or_else(|| wrong(name, format!("price {key} has no unit")))?,
                price(name, &key, rate)?,
            ))
        });
        let rates = Rates { list: rates.collect::<Result<_, _>>()? };
        if rates.units().count_ones() as usize != rates.list.len() {
            return Err(wrong(name, "prices the same thing twice"));
        }
        Ok((row.when.into_iter().collect(), Dated { force, rates }))
    }

    /// A narrow price needs those of all units that contain it, and two prices that overlap need
    /// one for their overlap: else tokens would be billed twice or not at all.
    fn check_coverage(&self, name: &str, priced: UnitSet) -> Result<(), CatalogueError> {
        if priced.count_ones() as usize > MAX_RATES {
            return Err(wrong(name, format!("has more than {MAX_RATES} prices")));
        }
        let ids = || (0..self.units.len()).filter(move |id| priced >> id & 1 == 1);
        for id in ids() {
            let unit = &self.units[id];
            if unit.wider & !priced != 0 {
                return Err(wrong(name, format!("prices {} but not all that contains it", unit.usage)));
            }
            let overlapping = ids().filter(|&other| other > id && unit.narrower >> other & 1 == 0);
            for other in overlapping.filter(|&other| unit.wider >> other & 1 == 0) {
                let shared = unit.narrower & self.units[other].narrower;
                if shared != 0 && shared & priced == 0 {
                    let both = format!("{} and {}", unit.usage, self.units[other].usage);
                    return Err(wrong(name, format!("prices {both} but not what is both")));
                }
            }
        }
        Ok(())
    }
}

type When = Box<[(Box<str>, Box<str>)]>;

fn price(name: &str, key: &str, row: RateRow) -> Result<Price, CatalogueError> {
    let rate = |text: &str| {
        Decimal::parse(text)
            .ok_or_else(|| wrong(name, format!("{key} is {text:?}; expected a decimal number such as 0.25")))
    };
    let (base, above) = match row {
        RateRow::Flat(text) => (rate(&text)?, Vec::new()),
        RateRow::Tiered { base, above } => (rate(&base)?, above),
    };
    let above =
        above.iter().map(|(start, text)| Ok((*start, rate(text)?))).collect::<Result<Box<[_]>, _>>()?;
    if !above.is_sorted_by_key(|(start, _)| *start) {
        return Err(wrong(name, format!("{key}: thresholds must ascend")));
    }
    Ok(Price { base, above })
}

fn midnight(date: &str) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

fn second_of_day(time: &str) -> Option<u32> {
    let time: jiff::civil::Time = time.parse().ok()?;
    Some(time.hour() as u32 * 3600 + time.minute() as u32 * 60 + time.second() as u32)
}

// === impl RateRows ===

impl<'de> Deserialize<'de> for RateRows {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = RateRows;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of prices")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<RateRows, A::Error> {
                let mut rates = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    rates.push(entry);
                }
                Ok(RateRows(rates))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_models(models: &str) -> Result<Catalogue, CatalogueError> {
        let json = format!(
            r#"{{"format":1,"source":"test","url":"","licence":"","date":"2026-01-01","units":[
            {{"usage":"input_tokens","price":"input_mtok","per":1000000,"family":"tokens","dimensions":{{"direction":"input"}}}},
            {{"usage":"cache_read_tokens","price":"cache_read_mtok","per":1000000,"family":"tokens","dimensions":{{"direction":"input","token_type":"cache_read"}}}}],
            "providers":[{{"id":"acme","name":"Acme","models":[{models}]}}]}}"#
        );
        catalogue(json.as_bytes(), Patterns::Check)
    }

    #[test]
    fn the_embedded_catalogue_is_valid() {
        let catalogue = Catalogue::parse(include_bytes!("../../data/catalogue.json")).unwrap();
        assert_eq!(catalogue.providers.len(), 47);
        assert_eq!(catalogue.model_count(), 2330);
    }

    #[test]
    fn an_error_names_the_row_and_what_would_be_right() {
        let cases = [
            (
                r#"{"id":"a","match":{"equals":["a"]},"prices":[{"rates":{"input_mtok":"-1"}}]}"#,
                r#"acme: a: input_mtok is "-1"; expected a decimal number such as 0.25"#,
            ),
            (
                r#"{"id":"a","match":{"equals":["a"]},"prices":[{"rates":{"cache_read_mtok":"1"}}]}"#,
                "acme: a: prices cache_read_tokens but not all that contains it",
            ),
            (
                r#"{"id":"a","match":{},"prices":[{"rates":{"input_mtok":"1"}}]}"#,
                "acme: a: needs a rule under match and at least one entry under prices",
            ),
            (
                r#"{"id":"a","match":{"equals":["a"]},"prices":[{"from":"soon","rates":{}}]}"#,
                r#"acme: a: from is "soon"; expected a day such as 2026-01-31"#,
            ),
            (
                r#"{"id":"a","match":{"equals":["a"]},"prices":[{"rates":{"gold":"1"}}]}"#,
                "acme: a: price gold has no unit",
            ),
            (
                r#"{"id":"a","match":{"equals":["a"]},"prices":[{"rates":{"input_mtok":"1","input_mtok":"2"}}]}"#,
                "acme: a: prices the same thing twice",
            ),
        ];
        for (model, message) in cases {
            assert_eq!(with_models(model).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_file_of_another_format_says_which_is_read() {
        let error = catalogue(
            br#"{"format":2,"source":"","url":"","licence":"","date":"","units":[],"providers":[]}"#,
            Patterns::Check,
        );
        assert_eq!(error.unwrap_err().to_string(), "the catalogue has format 2; this program reads format 1");
    }

    #[test]
    fn a_file_cut_short_is_an_error_that_says_where() {
        let error = catalogue(br#"{"format":1,"#, Patterns::Check).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
    }
}
