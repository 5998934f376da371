//! Credits that providers grant: how much of each is used by what the ledger has.
//!
//! In: credits as configured, rows. Out: what is used and left of each. A dollar is paid by the first credit that is for
//! it, has begun, has not run out and is not used up. Credits change no cost: they are told beside it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::calendar::Calendar;
use super::entry::Column;
use super::money::Money;
use super::settings::Fault;
use super::sheet::Sheet;

/// Most credits.
const MOST: usize = 32;

/// One of the section `credits`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CreditConfig {
    /// Its name.
    pub name: String,
    /// Dollars.
    pub amount: f64,
    /// The first day on which it pays, of `ledger.time_zone`; always when left out.
    #[serde(default)]
    pub from: Option<String>,
    /// The day on which it has run out; never when left out.
    #[serde(default)]
    pub to: Option<String>,
    /// Only for these calls: `{provider: openai}`.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, String>,
}

/// What is to be said of a credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Its name.
    pub name: String,
    /// Dollars of it.
    pub amount: Money,
    /// Dollars that it has paid.
    pub used: Money,
    /// Its first hour, and the one after its last.
    pub hours: (u32, u32),
}

impl Credit {
    /// Dollars that it can still pay.
    #[must_use]
    pub const fn left(&self) -> Money {
        Money(self.amount.0 - self.used.0)
    }

    /// What the credits have paid of the rows of a sheet.
    #[must_use]
    pub fn all(configs: &[CreditConfig], sheet: &Sheet, calendar: &Calendar) -> Vec<Self> {
        let new = |config: &CreditConfig| {
            // Days that are none were refused with the configuration.
            let of = |day: &Option<String>, open| hour(day.as_deref(), open, calendar).unwrap_or(open);
            let hours = (of(&config.from, 0), of(&config.to, u32::MAX));
            Self {
                name: config.name.clone(),
                amount: Money::from_f64(config.amount),
                used: Money::ZERO,
                hours,
            }
        };
        let mut credits: Vec<Self> = configs.iter().take(MOST).map(new).collect();
        for ((hour, fitting), cost) in spent(configs, sheet) {
            let mut cost = cost.0;
            for (index, credit) in credits.iter_mut().enumerate() {
                let pays = fitting & (1 << index) != 0 && (credit.hours.0..credit.hours.1).contains(&hour);
                let part = if pays { cost.min(credit.left().0) } else { 0 };
                (credit.used.0, cost) = (credit.used.0 + part, cost - part);
            }
        }
        credits
    }
}

/// Dollars by hour and by the credits that are for them, one bit each.
fn spent(configs: &[CreditConfig], sheet: &Sheet) -> BTreeMap<(u32, u32), Money> {
    let mut spent: BTreeMap<(u32, u32), Money> = BTreeMap::new();
    for row in sheet.rows() {
        let fits = |config: &CreditConfig| {
            let mut only = config.only.iter();
            only.all(|(name, value)| Column::named(name).is_some_and(|column| row.name(column) == value))
        };
        let fitting = configs.iter().take(MOST).enumerate().filter(|(_, config)| fits(config));
        let fitting = fitting.fold(0, |bits, (index, _)| bits | 1 << index);
        if fitting != 0 {
            spent.entry((row.moment(), fitting)).or_default().0 += row.sums.cost().0;
        }
    }
    spent
}

/// What is wrong with the section.
pub(super) fn faults(credits: &[CreditConfig], calendar: &Calendar) -> Vec<Fault> {
    let mut faults = Vec::new();
    if credits.len() > MOST {
        faults.push((
            "credits".to_owned(),
            format!("has {} credits; at most {MOST} would be right", credits.len()),
        ));
    }
    for (index, credit) in credits.iter().enumerate() {
        let mut add = |key: &str, problem: String| faults.push((format!("credits[{index}].{key}"), problem));
        if credit.name.trim().is_empty() || credit.name.len() > 64 {
            add("name", "is no name of at most 64 bytes".to_owned());
        }
        if !(credit.amount.is_finite() && credit.amount > 0.0 && credit.amount <= 1e12) {
            add("amount", format!("`{}` is not an amount above 0", credit.amount));
        }
        let days = [("from", &credit.from, 0), ("to", &credit.to, u32::MAX)];
        let [begin, end] = days.map(|(key, day, open)| {
            hour(day.as_deref(), open, calendar).unwrap_or_else(|problem| {
                add(key, problem);
                open
            })
        });
        if begin >= end {
            add("to", "is not after `from`".to_owned());
        }
        for name in credit.only.keys().filter(|name| Column::named(name).is_none()) {
            let known: Vec<&str> = Column::ALL.into_iter().map(Column::label).collect();
            add(
                "where",
                format!("`{name}` is not a column of the ledger; one of {} would be right", known.join(", ")),
            );
        }
    }
    faults
}

fn hour(day: Option<&str>, open: u32, calendar: &Calendar) -> Result<u32, String> {
    let Some(day) = day else { return Ok(open) };
    let date =
        day.parse().map_err(|_| format!("`{day}` is no day; one such as 2026-01-31 would be right"))?;
    Ok(calendar.begin(date))
}

#[cfg(test)]
mod tests {
    use super::super::sums::{Kind, Sums};
    use super::*;

    /// Guarantees: a dollar is paid once, by the first credit that is for it and in force; the sums of the sheet stay.
    #[test]
    fn a_dollar_is_paid_by_the_first_credit_that_fits() {
        let credit = |name: &str, amount, from: &str, provider: &str| CreditConfig {
            name: name.to_owned(),
            amount,
            from: Some(from.to_owned()),
            to: None,
            only: [("provider".to_owned(), provider.to_owned())].into(),
        };
        let calendar = Calendar::default();
        let mut sheet = Sheet::default();
        for (provider, day, dollars) in
            [("openai", "2026-11-01", 4), ("openai", "2026-11-02", 5), ("anthropic", "2026-11-02", 7)]
        {
            let mut names = [""; Column::COUNT];
            names[Column::Provider.index()] = provider;
            let mut sums = Sums { calls: 1, ..Sums::default() };
            sums.add_line(Kind::REQUEST, 0, Money(dollars * 1_000_000_000_000));
            let tuple = sheet.tuple(&names);
            sheet.add(tuple, calendar.hour_of(day, 0).unwrap(), &sums);
        }
        let configs =
            [credit("late", 2.0, "2026-11-02", "openai"), credit("all", 6.0, "2026-11-01", "openai")];
        let told = Credit::all(&configs, &sheet, &calendar);
        let used: Vec<String> = told.iter().map(|credit| credit.used.to_string()).collect();
        assert_eq!(used, ["2", "6"]);
        assert_eq!(told[1].left(), Money::ZERO);
    }
}
