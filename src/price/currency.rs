//! Costs that spans state in another currency than dollars.
//!
//! In: `prices.currencies`, dollars for one of each, some from a day on. Out: dollars, or nothing. Without a rate of the
//! user's no cost becomes dollars: it is shown in its own currency.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::decimal::Decimal;
use super::overrides::{Fault, begin_of};

/// Dollars for one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum CurrencyConfig {
    /// At any time.
    Rate(f64),
    /// From days on, UTC.
    Dated(Vec<DatedRate>),
}

/// Dollars for one, from a day on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatedRate {
    /// The day, as 2026-01-31; always when left out.
    #[serde(default)]
    pub from: Option<String>,
    /// Dollars for one.
    pub rate: f64,
}

/// The codes that are told apart. Source: ISO 4217, the currencies that the providers of the catalogue and their
/// gateways bill in; others read `other`.
const CODES: &[&str] = &[
    "AED", "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR",
    "JPY", "KRW", "MXN", "NOK", "NZD", "PHP", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH",
    "USD", "VND", "ZAR",
];
/// The label of a currency without a row.
pub(super) const OTHER: &str = "other";

/// Seconds since the Unix epoch, and dollars for one from then on; the last that has begun holds.
type Rates = Box<[(i64, Decimal)]>;

/// Rates, ready to be asked.
#[derive(Debug, Default)]
pub(super) struct Currencies(BTreeMap<&'static str, Rates>);

/// The code of what a span writes; `None` for dollars, and where nothing is written.
#[must_use]
pub fn foreign(written: &str) -> Option<&'static str> {
    let written = written.trim().trim_matches('"');
    let code = match written {
        "" | "$" => return None,
        "€" => "EUR",
        "£" => "GBP",
        written => CODES.iter().find(|code| code.eq_ignore_ascii_case(written)).copied().unwrap_or(OTHER),
    };
    (code != "USD").then_some(code)
}

// === impl Currencies ===

impl Currencies {
    pub(super) fn new(config: &BTreeMap<String, CurrencyConfig>, faults: &mut Vec<Fault>) -> Self {
        let mut rates = BTreeMap::new();
        for (written, rate) in config {
            let key = format!("currencies.{written}");
            let mut fault = |problem: String| faults.push(Fault { key: key.clone(), problem });
            let Some(code) = foreign(written).filter(|code| *code != OTHER) else {
                let near = crate::config::closest(&written.to_uppercase(), CODES.iter().copied());
                fault(match near.filter(|_| !written.eq_ignore_ascii_case("USD")) {
                    Some(near) => format!("is no currency that is known; did you mean `{near}`?"),
                    None => format!("is no other currency that is known: {}", CODES.join(", ")),
                });
                continue;
            };
            let dated = match rate {
                CurrencyConfig::Rate(rate) => vec![DatedRate { from: None, rate: *rate }],
                CurrencyConfig::Dated(dated) => dated.clone(),
            };
            let mut ready: Vec<(i64, Decimal)> = Vec::new();
            for row in &dated {
                match ready_rate(row) {
                    Ok(row) => ready.push(row),
                    Err(problem) => fault(problem),
                }
            }
            ready.sort_by_key(|(from, _)| *from);
            rates.insert(code, ready.into());
        }
        Self(rates)
    }

    /// Dollars for one of a currency at a time.
    pub(super) fn rate(&self, code: &str, at_unix_seconds: i64) -> Option<Decimal> {
        let rates = self.0.get(code)?;
        rates.iter().rev().find(|(from, _)| *from <= at_unix_seconds).map(|(_, rate)| *rate)
    }
}

fn ready_rate(row: &DatedRate) -> Result<(i64, Decimal), String> {
    let from = match &row.from {
        None => i64::MIN,
        Some(day) => begin_of(day)?,
    };
    let rate = Decimal::from_f64(row.rate).filter(|_| row.rate > 0.0 && row.rate < 1e6);
    rate.map(|rate| (from, rate)).ok_or_else(|| {
        format!("{} is no rate; dollars for one of it, such as 1.08, would be right", row.rate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(json: &str) -> Result<Currencies, Vec<Fault>> {
        let mut faults = Vec::new();
        let rates = Currencies::new(&serde_json::from_str(json).unwrap(), &mut faults);
        if faults.is_empty() { Ok(rates) } else { Err(faults) }
    }

    #[test]
    fn the_rate_of_the_day_holds() {
        let dated =
            rates(r#"{"EUR": [{"rate": 1.1}, {"from": "2026-02-01", "rate": 1.08}], "GBP": 1.3}"#).unwrap();
        let day = 86_400;
        let february = 1_769_904_000;
        assert_eq!(dated.rate("EUR", february - 1), Decimal::from_f64(1.1));
        assert_eq!(dated.rate("EUR", february + day), Decimal::from_f64(1.08));
        assert_eq!(dated.rate("GBP", 0), Decimal::from_f64(1.3));
        assert_eq!(dated.rate("CHF", 0), None);
    }

    #[test]
    fn before_the_first_day_nothing_is_converted() {
        let dated = rates(r#"{"EUR": [{"from": "2026-02-01", "rate": 1.08}]}"#).unwrap();
        assert_eq!(dated.rate("EUR", 1_769_904_000 - 1), None);
    }

    #[test]
    fn what_is_no_currency_and_no_rate_is_told() {
        for (json, problem) in [
            (r#"{"EURO": 1.08}"#, "did you mean `EUR`?"),
            (r#"{"USD": 1}"#, "is no other currency"),
            (r#"{"EUR": -1}"#, "is no rate"),
            (r#"{"EUR": [{"from": "soon", "rate": 1}]}"#, "`soon` is no day"),
        ] {
            let faults = rates(json).unwrap_err();
            assert!(faults[0].problem.contains(problem), "{json}: {}", faults[0].problem);
        }
    }

    #[test]
    fn dollars_are_not_foreign_in_any_spelling() {
        for dollars in ["", "$", "usd", "USD", "\"USD\""] {
            assert_eq!(foreign(dollars), None, "{dollars}");
        }
        assert_eq!(foreign("eur"), Some("EUR"));
        assert_eq!(foreign("credits"), Some(OTHER));
    }
}
