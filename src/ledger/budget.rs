//! How much of a budget is used.
//!
//! In: calls as they are told, and time. Out: what is spent of each budget, of each owner where it is theirs. Kept as
//! calls come, so that an answer costs one look-up. Knows no clock.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::calendar::{Calendar, after, monday, next_month};
use super::entry::Column;
use super::money::Money;
use super::settings::{BudgetConfig, BudgetUnit, Period};
use super::sheet::Sheet;
use super::sums::Sums;

/// Owners of one budget that are told apart.
const OWNERS: usize = 1_000_000;
/// Hours of a rolling budget.
const ROLLING: u32 = 24;
/// Dollars are counted in 1e-12, so that sums are exact.
const PICO: f64 = 1e12;

/// A budget and what was spent of it.
#[derive(Debug)]
pub struct Budget {
    config: BudgetConfig,
    only: Vec<(Column, String)>,
    per: Vec<Column>,
    /// First hour that counts, and the one after the last.
    hours: (u32, u32),
    spent: Spent,
    /// Hour by hour, of a rolling one.
    hourly: BTreeMap<u32, Spent>,
}

/// What was spent, in all and by owner; dollars in 1e-12.
#[derive(Clone, Debug, Default)]
struct Spent {
    all: i128,
    by: HashMap<Box<str>, i128, RandomState>,
}

/// What can be said of a budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// `day`, `week`, `month`, `rolling_24h`.
    pub period: &'static str,
    /// `usd`, `tokens`, `calls`.
    pub unit: &'static str,
    /// How much may be spent.
    pub limit: f64,
    /// How much is.
    pub spent: f64,
    /// As it is written: exact.
    pub spent_text: String,
    /// Used part.
    pub used: f64,
    /// When it begins anew, seconds since the Unix epoch; of a rolling one, when its oldest hour leaves.
    pub resets_at: i64,
    /// What the period will have used at this pace, where there is a period and enough of it has passed.
    pub forecast: Option<f64>,
}

impl Budget {
    /// One of which nothing is spent.
    #[must_use]
    pub fn new(config: BudgetConfig) -> Self {
        let only = config.only.iter().filter_map(|(name, value)| Some((Column::named(name)?, value.clone())));
        Self {
            only: only.collect(),
            per: config.per.iter().filter_map(|name| Column::named(name)).collect(),
            hours: (0, 0),
            spent: Spent::default(),
            hourly: BTreeMap::new(),
            config,
        }
    }

    /// Its configuration.
    #[must_use]
    pub const fn config(&self) -> &BudgetConfig {
        &self.config
    }

    /// The columns whose values have it for themselves.
    #[must_use]
    pub fn per(&self) -> &[Column] {
        &self.per
    }

    /// True when it counts by this column.
    #[must_use]
    pub fn asks_for(&self, column: Column) -> bool {
        self.per.contains(&column) || self.only.iter().any(|(known, _)| *known == column)
    }

    /// Begins anew where time has come, and then counts what the sheet has of the new period.
    pub fn pass(&mut self, hour: u32, calendar: &Calendar, sheet: &Sheet) {
        let hours = self.period(hour, calendar);
        if hours == self.hours {
            return;
        }
        let first = self.hours.1 == 0;
        self.hours = hours;
        if self.config.period == Period::Rolling && !first {
            while let Some(entry) = self.hourly.first_entry().filter(|entry| *entry.key() < hours.0) {
                let gone = entry.remove();
                self.spent.all -= gone.all;
                for (owner, amount) in gone.by {
                    if let Some(spent) = self.spent.by.get_mut(&owner) {
                        *spent -= amount;
                    }
                }
            }
            self.spent.by.retain(|_, amount| *amount != 0);
            return;
        }
        (self.spent, self.hourly) = (Spent::default(), BTreeMap::new());
        for row in sheet.rows() {
            if self.counts(row.moment(), |column| row.name(column)) {
                let owner = self.owner(|column| row.name(column));
                self.add(row.moment(), &owner, self.amount(row.sums));
            }
        }
    }

    /// Counts a call.
    pub fn tell<'n>(&mut self, hour: u32, sums: &Sums, name: impl Fn(Column) -> &'n str) {
        if self.counts(hour, &name) {
            let owner = self.owner(&name);
            self.add(hour, &owner, self.amount(sums));
        }
    }

    /// What it says of an owner, or of all where it is nobody's.
    #[must_use]
    pub fn status(&self, owner: &str, now: i64) -> Status {
        let spent =
            if self.per.is_empty() { self.spent.all } else { self.spent.by.get(owner).copied().unwrap_or(0) };
        self.said(spent, now)
    }

    /// The fullest owners, the first first.
    #[must_use]
    pub fn fullest(&self, most: usize, now: i64) -> Vec<(Vec<String>, Status)> {
        let mut all: Vec<(&str, i128)> =
            self.spent.by.iter().map(|(owner, amount)| (&**owner, *amount)).collect();
        all.sort_unstable_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
        let names = |owner: &str| owner.split('\u{1f}').map(str::to_owned).collect();
        all.into_iter().take(most).map(|(owner, spent)| (names(owner), self.said(spent, now))).collect()
    }

    /// How many owners have used at least this part.
    #[must_use]
    pub fn over(&self, step: f64) -> usize {
        let limit = (self.config.amount * self.scale() * step).ceil() as i128;
        self.spent.by.values().filter(|amount| **amount >= limit).count()
    }

    fn said(&self, spent: i128, now: i64) -> Status {
        let (text, amount) = match self.config.unit {
            BudgetUnit::Usd => (Money(spent).to_string(), Money(spent).to_f64()),
            BudgetUnit::Tokens | BudgetUnit::Calls => (spent.to_string(), spent as f64),
        };
        Status {
            name: self.config.name.clone(),
            period: self.config.period.label(),
            unit: self.config.unit.label(),
            limit: self.config.amount,
            spent: amount,
            spent_text: text,
            used: amount / self.config.amount,
            resets_at: i64::from(self.resets()) * 3600,
            forecast: self.forecast(amount, now),
        }
    }

    fn resets(&self) -> u32 {
        match self.config.period {
            Period::Day | Period::Week | Period::Month => self.hours.1,
            Period::Rolling => self.hourly.keys().next().map_or(self.hours.1, |hour| hour + ROLLING),
        }
    }

    /// By a straight line, from an hour or a twentieth of the period on.
    fn forecast(&self, spent: f64, now: i64) -> Option<f64> {
        let (from, to) = (i64::from(self.hours.0) * 3600, i64::from(self.hours.1) * 3600);
        let passed = (now - from).clamp(0, to - from) as f64;
        let enough = (to - from) as f64 / 20.0;
        (self.config.period != Period::Rolling && passed >= enough.max(3600.0))
            .then(|| spent / passed * (to - from) as f64)
    }

    fn period(&self, hour: u32, calendar: &Calendar) -> (u32, u32) {
        let today = calendar.date(hour);
        let between = |from, to| (calendar.begin(from), calendar.begin(to));
        match self.config.period {
            Period::Day => between(today, after(today)),
            Period::Week => {
                let monday = monday(today);
                between(monday, (0..7).fold(monday, |day, _| after(day)))
            }
            Period::Month => between(today.first_of_month(), next_month(today)),
            Period::Rolling => ((hour + 1).saturating_sub(ROLLING), hour + 1),
        }
    }

    fn counts<'n>(&self, hour: u32, name: impl Fn(Column) -> &'n str) -> bool {
        let begun = hour >= self.hours.0;
        let open = self.config.period == Period::Rolling || hour < self.hours.1;
        begun && open && self.only.iter().all(|(column, value)| name(*column) == value)
    }

    fn owner<'n>(&self, name: impl Fn(Column) -> &'n str) -> String {
        self.per.iter().map(|column| name(*column)).collect::<Vec<_>>().join("\u{1f}")
    }

    fn amount(&self, sums: &Sums) -> i128 {
        match self.config.unit {
            BudgetUnit::Usd => sums.cost().0,
            BudgetUnit::Tokens => i128::from(sums.tokens()),
            BudgetUnit::Calls => i128::from(sums.calls),
        }
    }

    const fn scale(&self) -> f64 {
        match self.config.unit {
            BudgetUnit::Usd => PICO,
            BudgetUnit::Tokens | BudgetUnit::Calls => 1.0,
        }
    }

    fn add(&mut self, hour: u32, owner: &str, amount: i128) {
        let is_per = !self.per.is_empty();
        if self.config.period == Period::Rolling {
            self.hourly.entry(hour).or_default().add(is_per.then_some(owner), amount);
        }
        self.spent.add(is_per.then_some(owner), amount);
    }
}

impl Spent {
    fn add(&mut self, owner: Option<&str>, amount: i128) {
        self.all += amount;
        let Some(owner) = owner.filter(|owner| !owner.is_empty()) else { return };
        if let Some(spent) = self.by.get_mut(owner) {
            *spent += amount;
        } else if self.by.len() < OWNERS {
            self.by.insert(owner.into(), amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::BudgetUnit;
    use super::super::sums::Kind;
    use super::super::{Column, Entry, Ledger, LedgerSettings, When};
    use super::*;
    use crate::ledger::attribution::Owner;

    const HOUR: u64 = 3_600_000_000_000;
    /// 2026-11-25T00:00:00Z, a Wednesday, in hours.
    const WEDNESDAY: u32 = 498_768;

    fn ledger(budget: BudgetConfig, zone: &str) -> Ledger {
        let mut settings = LedgerSettings { budgets: vec![budget], ..LedgerSettings::default() };
        settings.ledger.time_zone = zone.to_owned();
        let mut ledger = Ledger::new(settings);
        pass(&mut ledger, WEDNESDAY + 6);
        ledger
    }

    fn budget(period: Period, per: &[&str]) -> BudgetConfig {
        BudgetConfig {
            name: "b".to_owned(),
            amount: 10.0,
            unit: BudgetUnit::Usd,
            period,
            per: per.iter().map(|name| (*name).to_owned()).collect(),
            only: [("environment".to_owned(), "production".to_owned())].into(),
            warn: vec![0.8, 1.0],
            label: false,
        }
    }

    fn pass(ledger: &mut Ledger, hour: u32) {
        ledger.pass(i64::from(hour) * 3600);
    }

    fn spend(ledger: &mut Ledger, user: &str, environment: &str, hour: u32, dollars: i128) {
        let mut names = [""; Column::COUNT];
        names[Column::Environment.index()] = environment;
        names[Column::Of(Owner::User).index()] = user;
        let mut sums = Sums { calls: 1, ..Sums::default() };
        sums.add_line(Kind::REQUEST, 0, Money(dollars * 1_000_000_000_000));
        let end_unix_nano = u64::from(hour) * HOUR;
        let when = When { end_unix_nano, arrived_unix_nano: end_unix_nano };
        ledger.tell(&Entry { when, names, sums: &sums });
    }

    fn spent(ledger: &Ledger, owner: &str) -> String {
        ledger.budgets()[0].status(owner, 0).spent_text
    }

    /// Guarantees: a day begins anew at the midnight of its zone; what is of yesterday does not count today, and other
    /// environments never do.
    #[test]
    fn a_day_begins_anew_at_its_own_midnight() {
        let mut ledger = ledger(budget(Period::Day, &[]), "Europe/Berlin");
        spend(&mut ledger, "alice", "production", WEDNESDAY + 6, 4);
        spend(&mut ledger, "alice", "staging", WEDNESDAY + 6, 100);
        pass(&mut ledger, WEDNESDAY + 22);
        assert_eq!(spent(&ledger, ""), "4");
        assert_eq!(ledger.budgets()[0].status("", 0).resets_at, i64::from(WEDNESDAY + 23) * 3600);
        pass(&mut ledger, WEDNESDAY + 23);
        assert_eq!(spent(&ledger, ""), "0");
        spend(&mut ledger, "alice", "production", WEDNESDAY + 22, 1);
        spend(&mut ledger, "alice", "production", WEDNESDAY + 23, 2);
        assert_eq!(spent(&ledger, ""), "2");
    }

    /// Guarantees: each owner has the amount for itself; who is unknown has spent nothing; changed settings count anew
    /// what is known.
    #[test]
    fn owners_are_counted_apart_and_again_after_a_reload() {
        let mut ledger = ledger(budget(Period::Week, &["user"]), "UTC");
        spend(&mut ledger, "alice", "production", WEDNESDAY + 6, 8);
        spend(&mut ledger, "bob", "production", WEDNESDAY + 6, 12);
        let mut settings = ledger.settings().clone();
        settings.budgets[0].amount = 12.0;
        for _ in 0..2 {
            assert_eq!(["alice", "bob", "carol"].map(|owner| spent(&ledger, owner)), ["8", "12", "0"]);
            ledger.reconfigure(settings.clone());
        }
        assert_eq!((ledger.budgets()[0].over(0.6), ledger.budgets()[0].over(1.0)), (2, 1));
        assert_eq!(ledger.budgets()[0].fullest(1, 0)[0].0, ["bob"]);
    }

    /// Guarantees: what is older than 24 hours leaves a rolling budget, hour by hour.
    #[test]
    fn a_rolling_budget_forgets_by_the_hour() {
        let mut ledger = ledger(budget(Period::Rolling, &["user"]), "UTC");
        for hour in 6..12 {
            pass(&mut ledger, WEDNESDAY + hour);
            spend(&mut ledger, "alice", "production", WEDNESDAY + hour, 1);
        }
        assert_eq!(spent(&ledger, "alice"), "6");
        pass(&mut ledger, WEDNESDAY + 6 + 24);
        assert_eq!(spent(&ledger, "alice"), "5");
        pass(&mut ledger, WEDNESDAY + 12 + 24);
        assert_eq!(spent(&ledger, "alice"), "0");
    }
}
