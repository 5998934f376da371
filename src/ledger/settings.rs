//! The sections `ledger`, `attribution` and `budgets` of the configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::attribution::Owner;
use super::calendar::Calendar;
use super::credit::{self, CreditConfig};
use super::entry::Column;

/// Days for which sessions are kept.
const SESSION_DAYS: u32 = 30;

/// The section `ledger`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerConfig {
    /// Time zone of days, weeks and months: `UTC`, `Europe/Berlin`.
    pub time_zone: String,
    /// Days for which rows are kept.
    pub keep_days: u32,
    /// Rows that are kept in memory; beyond it hours fold to days, and the cheapest become `other`.
    pub max_rows: usize,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), keep_days: 400, max_rows: 100_000 }
    }
}

/// Whether and how a call is put down to an owner.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct OwnerConfig {
    /// On or off; without it the default.
    pub on: Option<bool>,
    /// Attribute keys that win over the known ones, best first.
    pub keys: Vec<String>,
    /// Keep a keyed hash in place of the name.
    pub hash: bool,
    /// Days after which its names are forgotten; for ever when left out, sessions 30.
    pub keep_days: Option<u32>,
}

/// The section `attribution`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "named as the owners are")]
pub struct AttributionConfig {
    pub team: OwnerConfig,
    pub user: OwnerConfig,
    pub feature: OwnerConfig,
    pub agent: OwnerConfig,
    pub api_key: OwnerConfig,
    pub prompt: OwnerConfig,
    pub session: OwnerConfig,
}

impl AttributionConfig {
    /// What is said of an owner.
    #[must_use]
    pub const fn of(&self, owner: Owner) -> &OwnerConfig {
        match owner {
            Owner::Team => &self.team,
            Owner::User => &self.user,
            Owner::Feature => &self.feature,
            Owner::Agent => &self.agent,
            Owner::ApiKey => &self.api_key,
            Owner::Prompt => &self.prompt,
            Owner::Session => &self.session,
        }
    }

    /// Days for which its names are kept, where they are not kept for ever.
    #[must_use]
    pub fn keep_days(&self, owner: Owner) -> Option<u32> {
        self.of(owner).keep_days.or((owner == Owner::Session).then_some(SESSION_DAYS))
    }

    /// True when calls are put down to it.
    #[must_use]
    pub fn is_on(&self, owner: Owner) -> bool {
        self.of(owner).on.unwrap_or_else(|| owner.is_on_by_default())
    }

    /// Attribute keys of the owners that are off, by owner: they are only counted.
    #[must_use]
    pub fn counted(&self) -> Vec<Vec<String>> {
        let keys = |owner: Owner| owner.keys().filter(|_| !self.is_on(owner)).map(str::to_owned).collect();
        Owner::ALL.into_iter().map(keys).collect()
    }

    /// Attribute keys per owner, best first; none for those that are off.
    #[must_use]
    pub fn keys(&self) -> Vec<Vec<String>> {
        let keys = |owner: Owner| {
            let own = self.of(owner).keys.iter().cloned();
            let known = owner.keys().map(str::to_owned);
            own.chain(known).filter(|_| self.is_on(owner)).collect()
        };
        Owner::ALL.into_iter().map(keys).collect()
    }
}

/// What a budget counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BudgetUnit {
    /// Dollars.
    #[default]
    Usd,
    /// Tokens of every kind.
    Tokens,
    /// Calls, failed ones included.
    Calls,
}

impl BudgetUnit {
    /// The value of the `unit` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Usd => "usd",
            Self::Tokens => "tokens",
            Self::Calls => "calls",
        }
    }
}

/// When a budget begins anew.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum Period {
    /// At midnight.
    #[serde(rename = "day")]
    Day,
    /// On Monday.
    #[serde(rename = "week")]
    Week,
    /// On the first.
    #[default]
    #[serde(rename = "month")]
    Month,
    /// Never: it counts the last 24 hours.
    #[serde(rename = "rolling_24h")]
    Rolling,
}

impl Period {
    /// The value of the `period` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Rolling => "rolling_24h",
        }
    }
}

/// One of the section `budgets`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// Its name, in labels and addresses.
    pub name: String,
    /// How much may be spent.
    pub amount: f64,
    /// What is counted.
    #[serde(default)]
    pub unit: BudgetUnit,
    /// When it begins anew.
    #[serde(default)]
    pub period: Period,
    /// Each of these has the amount for itself: `[user]`.
    #[serde(default)]
    pub per: Vec<String>,
    /// Only these calls: `{environment: production}`.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, String>,
    /// Used parts from which it warns.
    #[serde(default = "warn")]
    pub warn: Vec<f64>,
    /// The names of a `per` budget become labels, the twenty fullest.
    #[serde(default)]
    pub label: bool,
}

fn warn() -> Vec<f64> {
    vec![0.8, 1.0]
}

/// A fault: the key and the problem.
pub type Fault = (String, String);

impl BudgetConfig {
    fn faults(&self, path: &str, all: &[Self]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut add = |key: &str, problem: String| faults.push((format!("{path}.{key}"), problem));
        let sound = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(sound) {
            add(
                "name",
                format!("`{}` is not a name; letters, digits, `_`, `-` and `.` would be right", self.name),
            );
        }
        if all.iter().filter(|other| other.name == self.name).count() > 1 {
            add("name", format!("`{}` is used twice; a name of its own would be right", self.name));
        }
        if !(self.amount.is_finite() && self.amount > 0.0 && self.amount <= 1e15) {
            add("amount", format!("`{}` is not an amount above 0", self.amount));
        }
        for name in self.per.iter().chain(self.only.keys()) {
            if Column::named(name).is_none() {
                let known: Vec<&str> = Column::ALL.into_iter().map(Column::label).collect();
                add(
                    if self.per.contains(name) { "per" } else { "where" },
                    format!(
                        "`{name}` is not a column of the ledger; one of {} would be right",
                        known.join(", ")
                    ),
                );
            }
        }
        if self.warn.iter().any(|step| !(*step > 0.0 && *step <= 100.0)) || self.warn.len() > 8 {
            add("warn", "is not a list of at most 8 parts such as [0.8, 1.0]".to_owned());
        }
        faults
    }
}

/// What is wrong with the four sections: the key and the problem.
#[must_use]
pub fn faults(
    ledger: &LedgerConfig,
    attribution: &AttributionConfig,
    budgets: &[BudgetConfig],
    credits: &[CreditConfig],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    match Calendar::named(&ledger.time_zone) {
        Ok(calendar) => faults.extend(credit::faults(credits, &calendar)),
        Err(problem) => faults.push(("ledger.time_zone".to_owned(), problem)),
    }
    if !(1..=36_600).contains(&ledger.keep_days) {
        faults.push(("ledger.keep_days".to_owned(), "is not a whole number from 1 to 36600".to_owned()));
    }
    if !(1000..=10_000_000).contains(&ledger.max_rows) {
        faults.push(("ledger.max_rows".to_owned(), "is not a whole number from 1000 to 10000000".to_owned()));
    }
    for owner in Owner::ALL {
        let sound = |key: &String| !key.trim().is_empty() && key.len() <= 256;
        if !attribution.of(owner).keys.iter().all(sound) {
            let key = format!("attribution.{}.keys", owner.label());
            faults.push((key, "is not a list of attribute keys; `[user.id]` would be right".to_owned()));
        }
        if attribution.of(owner).keep_days.is_some_and(|days| !(1..=36_600).contains(&days)) {
            let key = format!("attribution.{}.keep_days", owner.label());
            faults.push((key, "is not a whole number from 1 to 36600".to_owned()));
        }
    }
    for (index, budget) in budgets.iter().enumerate() {
        faults.extend(budget.faults(&format!("budgets[{index}]"), budgets));
    }
    faults
}
