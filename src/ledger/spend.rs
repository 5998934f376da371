//! What day and month have cost by environment, provider and team: the rows of the gauges.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::attribution::Owner;
use super::calendar::{Calendar, after, before};
use super::entry::Column;
use super::forecast::Forecast;
use super::money::Money;
use super::sheet::Sheet;

/// Teams that are labels; the others are one.
const TEAMS: usize = 200;
/// Days of which the profile of a week is made.
const PROFILE_DAYS: i32 = 42;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Spend {
    /// `environment`.
    pub environment: String,
    /// `provider`.
    pub provider: String,
    /// `team`; empty where nothing tells.
    pub team: String,
    /// Dollars of today.
    pub day: Money,
    /// Dollars of this month.
    pub month: Money,
    /// Dollars that this month will have cost.
    pub forecast: Forecast,
}

/// When something is asked, and since when anything is known.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Seconds since the Unix epoch.
    pub now: i64,
    /// The first hour that is known.
    pub since: u32,
}

impl Moment {
    /// Today, and the part of it that has passed.
    #[must_use]
    pub fn today(&self, calendar: &Calendar) -> (Date, f64) {
        let today = calendar.date_of(self.now);
        let (from, to) = (calendar.begin_seconds(today), calendar.begin_seconds(after(today)));
        (today, (self.now - from) as f64 / (to - from).max(1) as f64)
    }

    /// The whole days before today that are known, the oldest first.
    #[must_use]
    pub fn known_days(&self, calendar: &Calendar) -> Vec<Date> {
        let (today, _) = self.today(calendar);
        let mut days = Vec::new();
        let mut day = before(today);
        for _ in 0..PROFILE_DAYS {
            if calendar.begin(day) < self.since {
                break;
            }
            days.push(day);
            day = before(day);
        }
        days.reverse();
        days
    }
}

/// All rows, the dearest month first.
#[must_use]
pub fn spends(sheet: &Sheet, calendar: &Calendar, moment: Moment) -> Vec<Spend> {
    let (today, passed) = moment.today(calendar);
    let known = moment.known_days(calendar);
    let first = known.first().copied().unwrap_or(today).min(today.first_of_month());
    let mut starts = Vec::new();
    let mut day = first;
    while day <= today {
        starts.push((calendar.begin(day), day));
        day = after(day);
    }
    let mut groups: BTreeMap<[&str; 3], Vec<Money>> = BTreeMap::new();
    for row in sheet.rows() {
        let at = starts.partition_point(|(start, _)| *start <= row.moment());
        let Some(at) = at.checked_sub(1) else { continue };
        let names =
            [Column::Environment, Column::Provider, Column::Of(Owner::Team)].map(|column| row.name(column));
        let days = groups.entry(names).or_insert_with(|| vec![Money::ZERO; starts.len()]);
        days[at].0 += row.sums.cost().0;
    }
    let mut rows: Vec<([&str; 3], Vec<Money>)> = groups.into_iter().collect();
    let total = |days: &[Money]| days.iter().copied().sum::<Money>();
    rows.sort_by_key(|(_, days)| std::cmp::Reverse(total(days)));
    let mut kept: BTreeMap<[&str; 3], Vec<Money>> = BTreeMap::new();
    let mut teams = std::collections::BTreeSet::new();
    for ([environment, provider, team], days) in rows {
        let is_label = team.is_empty() || teams.contains(team) || teams.len() < TEAMS;
        let team = if is_label { team } else { "other" };
        teams.insert(team);
        let known =
            kept.entry([environment, provider, team]).or_insert_with(|| vec![Money::ZERO; starts.len()]);
        known.iter_mut().zip(&days).for_each(|(sum, one)| sum.0 += one.0);
    }
    let spend = |([environment, provider, team], days): ([&str; 3], Vec<Money>)| {
        let of_day = |wanted: Date| starts.iter().zip(&days).find(|((_, day), _)| *day == wanted);
        let whole: Vec<(Date, Money)> =
            known.iter().filter_map(|day| of_day(*day).map(|(_, cost)| (*day, *cost))).collect();
        let of_month = starts.iter().zip(&days).filter(|((_, day), _)| *day >= today.first_of_month());
        let today = (today, days.last().copied().unwrap_or_default());
        Spend {
            environment: environment.to_owned(),
            provider: provider.to_owned(),
            team: team.to_owned(),
            day: today.1,
            month: of_month.map(|(_, cost)| *cost).sum(),
            forecast: Forecast::of(&whole, today, passed),
        }
    };
    kept.into_iter().map(spend).collect()
}
