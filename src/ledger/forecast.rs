//! What a month will have cost, from the days so far.
//!
//! In: dollars day by day, and how much of today has passed. Out: a [`Forecast`], or why there is none. From 14 whole
//! days on each day to come is the mean of its weekday; before, a straight line.

use jiff::civil::Date;

use super::calendar::{after, next_month};
use super::money::Money;

/// Whole days from which the profile of a week is used.
const PROFILE_DAYS: usize = 14;
/// Days below which nothing is said.
const LEAST_DAYS: f64 = 3.0;
/// Dollars below which nothing is said.
const LEAST: Money = Money(10_000_000_000_000);

/// What the month will have cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Forecast {
    /// By the mean of each weekday.
    Weekdays(Money),
    /// By a straight line.
    Line(Money),
    /// Fewer than three days are known.
    TooShort,
    /// Less than ten dollars were spent.
    TooLittle,
}

impl Forecast {
    /// Of the month of `today`, from the days known before it, the oldest first, and today's dollars and passed part.
    #[must_use]
    pub fn of(days: &[(Date, Money)], today: (Date, Money), passed: f64) -> Self {
        let (date, so_far_today) = today;
        let of_month = days.iter().filter(|(day, _)| day.first_of_month() == date.first_of_month());
        let so_far = Money(of_month.clone().map(|(_, cost)| cost.0).sum::<i128>() + so_far_today.0);
        if days.len() as f64 + passed < LEAST_DAYS {
            return Self::TooShort;
        }
        if so_far < LEAST && days.iter().map(|(_, cost)| *cost).sum::<Money>() < LEAST {
            return Self::TooLittle;
        }
        let end = next_month(date);
        let rest = |mean: &dyn Fn(Date) -> f64| {
            let mut sum = mean(date) * (1.0 - passed);
            let mut day = after(date);
            while day < end {
                sum += mean(day);
                day = after(day);
            }
            Money(so_far.0 + sum.round() as i128)
        };
        if days.len() >= PROFILE_DAYS {
            return Self::Weekdays(rest(&|day| weekday_mean(days, day)));
        }
        let known = days.iter().map(|(_, cost)| cost.0).sum::<i128>() + so_far_today.0;
        let mean = known as f64 / (days.len() as f64 + passed);
        Self::Line(rest(&|_| mean))
    }

    /// The dollars, where there are any.
    #[must_use]
    pub const fn money(self) -> Option<Money> {
        match self {
            Self::Weekdays(money) | Self::Line(money) => Some(money),
            Self::TooShort | Self::TooLittle => None,
        }
    }

    /// How it was made, or why not.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Weekdays(_) => "mean of each weekday",
            Self::Line(_) => "a straight line: fewer than 14 whole days are known",
            Self::TooShort => "none: fewer than 3 days are known",
            Self::TooLittle => "none: less than $10 was spent",
        }
    }
}

/// The mean of the last four of a weekday; nothing told of others.
fn weekday_mean(days: &[(Date, Money)], day: Date) -> f64 {
    let same = days.iter().rev().filter(|(known, _)| known.weekday() == day.weekday()).take(4);
    let (sum, count) = same.fold((0, 0), |(sum, count), (_, cost)| (sum + cost.0, count + 1));
    sum as f64 / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(day: i8) -> Date {
        Date::new(2026, 11, day).unwrap()
    }

    fn dollars(count: i128) -> Money {
        Money(count * 1_000_000_000_000)
    }

    /// Guarantees: weekends without work stay without; a short time is a line; a shorter one is nothing.
    #[test]
    fn a_month_is_foreseen_by_its_weekdays() {
        let work =
            |day: Date| if day.weekday().to_monday_zero_offset() < 5 { dollars(10) } else { Money::ZERO };
        let days: Vec<_> = (1..=15).map(|day| (date(day), work(date(day)))).collect();
        let noon = Forecast::of(&days, (date(16), dollars(5)), 0.5);
        assert_eq!(noon, Forecast::Weekdays(dollars(210)), "21 working days in November 2026");
        let line = Forecast::of(&days[..5], (date(6), dollars(5)), 0.5);
        assert!(matches!(line, Forecast::Line(_)));
        assert_eq!(Forecast::of(&days[..2], (date(3), dollars(5)), 0.5), Forecast::TooShort);
        let nothing: Vec<_> = (1..=15).map(|day| (date(day), Money::ZERO)).collect();
        assert_eq!(Forecast::of(&nothing, (date(16), dollars(5)), 0.5), Forecast::TooLittle);
    }
}
