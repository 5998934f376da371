//! Rows at the prices of today's book: what would change, and why the rest stays as it is.
//!
//! In: the rows of a time, and a price book. Out: a [`Repricing`], which the ledger can take over. A row has sums of many
//! calls, so it is priced only where all of them have one price: by the size of their prompts, by their time, by tier. What
//! a span stated itself and what was folded into `other` stays.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::entry::{Column, parts_of_key};
use super::money::{Money, thousands};
use super::report::moment;
use super::sheet::{Key, Row, Sheet};
use super::sums::{Kind, Sums};
use crate::call::{PriceSource, TokenType};
use crate::exact::Exact;
use crate::price::{Context, NoneInCommon, PriceBook, Tariff, Together};

const HOUR_SECONDS: i64 = 3600;
/// Models that are told one by one.
const TOLD: usize = 20;

/// Why a row stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stays {
    /// The dollars are those that a span stated.
    Reported,
    /// It is what is left of many combinations of names.
    Other,
    /// No price is known.
    Unknown,
    /// It was priced, and no price is known any more.
    Gone,
    /// The price depends on sizes of prompts that are not kept apart.
    BySize,
    /// The price changed within its hours.
    ByTime,
    /// They are of a day that is kept as one, of which only a part is asked for.
    PartOfDay,
    /// It was served where prices are others, or in a way that its key does not tell.
    ByPlace,
    /// The price of a token is no whole number of 1e-18 dollars.
    Fraction,
}

impl Stays {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reported => "their spans state what they cost",
            Self::Other => "they are one of `other`: what they were is not kept",
            Self::Unknown => "no price is known for them",
            Self::Gone => "they have a price, and the present prices have none for them",
            Self::BySize => "their price depends on sizes of prompts that the ledger does not keep apart",
            Self::ByTime => "their price changed within the hour, or the day, that the ledger keeps as one",
            Self::PartOfDay => {
                "they are of a UTC day that the ledger keeps as one, and only a part of it is asked for"
            }
            Self::ByPlace => "their price depends on where or how they were served, which is not kept",
            Self::Fraction => "the price of one token is no whole number of 1e-18 dollars",
        }
    }
}

/// What is to be said of rows of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls.
    pub calls: u64,
    /// Dollars as they are.
    pub before: Money,
    /// Dollars as they would be.
    pub after: Money,
}

/// A row with other sums, perhaps under another name.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) key: Key,
    pub(super) model: String,
    pub(super) source: PriceSource,
    pub(super) sums: Sums,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Repricing {
    /// First hour, and the one after the last.
    pub hours: (u32, u32),
    /// Rows that change.
    pub(super) rows: Vec<Changed>,
    /// The same of the rows by session.
    pub(super) by_session: Vec<Changed>,
    /// What changes, by model.
    pub models: BTreeMap<String, Tally>,
    /// Tokens that had no price and have one.
    pub newly_priced_tokens: u64,
    /// What stays though it might be expected to change.
    pub stays: BTreeMap<Stays, Tally>,
    /// Fees of calls that were priced: searches and the like, which are kept as they are.
    pub kept_fees: Money,
    /// It was written.
    pub is_applied: bool,
}

impl Repricing {
    /// What would change in the rows of some hours.
    pub(super) fn of(sheet: &Sheet, book: &mut PriceBook, hours: (u32, u32)) -> Self {
        let mut all = Self { hours, ..Self::default() };
        let mut known: BTreeMap<(String, String, String, u32, u32), Common> = BTreeMap::new();
        for (key, row) in sheet.keyed_rows() {
            let (begin, end) = (row.hour, row.hour + row.hours);
            let unknown = row.name(Column::PriceSource) == PriceSource::UnknownUsage.label();
            if unknown || end <= hours.0 || begin >= hours.1 {
                continue;
            }
            if begin < hours.0 || end > hours.1 {
                all.stay(&row, Stays::PartOfDay);
                continue;
            }
            let name = |column| row.name(column).to_owned();
            let asked =
                (name(Column::Provider), name(Column::Model), name(Column::PriceKey), row.hour, row.hours);
            let common = known.entry(asked).or_insert_with(|| common(&row, book));
            all.take(key, &row, common);
        }
        all
    }

    fn stay(&mut self, row: &Row<'_>, reason: Stays) {
        let (tally, cost) = (self.stays.entry(reason).or_default(), row.sums.cost());
        tally.calls += row.sums.calls;
        (tally.before.0, tally.after.0) = (tally.before.0 + cost.0, tally.after.0 + cost.0);
    }

    fn take(&mut self, key: Key, row: &Row<'_>, common: &Common) {
        let before = row.sums.cost();
        let source = row.name(Column::PriceSource);
        let reported = source == PriceSource::Reported.label();
        let (tariff, model) = match common {
            Ok(common) if !reported => common,
            _ if reported => return self.stay(row, Stays::Reported),
            Err(Stays::Unknown) if source != PriceSource::Unpriced.label() => {
                return self.stay(row, Stays::Gone);
            }
            Ok(_) => return,
            Err(reason) => return self.stay(row, *reason),
        };
        let Some(sums) = priced(row.sums, tariff) else { return self.stay(row, Stays::Gone) };
        let fees = fees(row.sums);
        if fees > Money::ZERO && tariff.fee().is_zero() {
            self.kept_fees.0 += fees.0;
        }
        let same = model == row.name(Column::Model) && tariff.source.label() == source;
        if same && sums == *row.sums {
            return;
        }
        self.newly_priced_tokens += row.sums.unpriced_tokens.saturating_sub(sums.unpriced_tokens);
        let tally = self.models.entry(model.clone()).or_default();
        tally.calls += sums.calls;
        (tally.before.0, tally.after.0) = (tally.before.0 + before.0, tally.after.0 + sums.cost().0);
        self.rows.push(Changed { key, model: model.clone(), source: tariff.source, sums });
    }

    /// Dollars of what changes, as they are and as they would be.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.models.values().fold(Tally::default(), |sum, one| Tally {
            calls: sum.calls + one.calls,
            before: Money(sum.before.0 + one.before.0),
            after: Money(sum.after.0 + one.after.0),
        })
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let (mut out, total) = (String::new(), self.total());
        let (did, would) = if self.is_applied { ("changed", "are") } else { ("would change", "would be") };
        let _ = writeln!(
            out,
            "{} to {}: {} calls {did}; their ${} {would} ${} ({}{}).",
            moment(self.hours.0),
            moment(self.hours.1),
            thousands(&total.calls.to_string()),
            total.before,
            total.after,
            if total.after >= total.before { "+" } else { "" },
            Money(total.after.0 - total.before.0).short(),
        );
        let mut models: Vec<_> = self.models.iter().collect();
        models.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.after.0 - tally.before.0).abs()));
        for (model, tally) in models.iter().take(TOLD) {
            let calls = thousands(&tally.calls.to_string());
            let _ = writeln!(out, "  {model}: {calls} calls, ${} -> ${}", tally.before, tally.after);
        }
        if models.len() > TOLD {
            let _ = writeln!(out, "  and {} more models", models.len() - TOLD);
        }
        if self.newly_priced_tokens > 0 {
            let tokens = thousands(&self.newly_priced_tokens.to_string());
            let _ = writeln!(out, "{tokens} tokens that had no price have one.");
        }
        for (reason, tally) in &self.stays {
            let calls = thousands(&tally.calls.to_string());
            let _ = writeln!(out, "Not repriced: {calls} calls of ${}: {}.", tally.before, reason.words());
        }
        if self.kept_fees > Money::ZERO {
            let _ = writeln!(out, "Fees for searches and tools of ${} stay as they are.", self.kept_fees);
        }
        if !self.is_applied && !self.rows.is_empty() {
            out.push_str("Nothing is written yet: --apply does it. Counters of /metrics never change.\n");
        }
        out
    }
}

/// The tariff of a row and the canonical model, or why it has none.
type Common = Result<(Tariff, String), Stays>;

fn common(row: &Row<'_>, book: &mut PriceBook) -> Common {
    let key = row.name(Column::PriceKey);
    if key == "other" || row.name(Column::Model) == "other" {
        return Err(Stays::Other);
    }
    let parts = parts_of_key(key).ok_or(Stays::ByPlace)?;
    let context = Context {
        service_tier: parts.tier,
        speed: parts.speed,
        inference_geo: parts.geography,
        ..Context::default()
    };
    let begin = i64::from(row.hour) * HOUR_SECONDS;
    let calls = Together {
        provider: row.name(Column::Provider),
        model: row.name(Column::Model),
        context,
        prompts: parts.prompts,
        seconds: begin..begin + i64::from(row.hours) * HOUR_SECONDS,
    };
    book.in_common(&calls).map_err(|reason| match reason {
        NoneInCommon::Unknown => Stays::Unknown,
        NoneInCommon::BySize => Stays::BySize,
        NoneInCommon::ByTime => Stays::ByTime,
        NoneInCommon::Fraction => Stays::Fraction,
    })
}

/// The sums of a row at a tariff; none where something of it that was priced has no price there.
fn priced(old: &Sums, tariff: &Tariff) -> Option<Sums> {
    let mut sums = Sums { lines: Vec::new(), unpriced_tokens: 0, ..old.clone() };
    for kind in TokenType::ALL {
        let Some(line) = old.lines.iter().find(|line| line.kind == kind.into()) else { continue };
        let cost = match tariff.of(kind, line.tokens) {
            Some(cost) => near(line.cost, cost, old.calls),
            None if line.cost > Money::ZERO => return None,
            None => {
                sums.unpriced_tokens = sums.unpriced_tokens.saturating_add(line.tokens);
                Money::ZERO
            }
        };
        sums.add_line(kind.into(), line.tokens, cost);
    }
    let fee = Exact::from_atto(tariff.fee().atto().saturating_mul(u128::from(old.calls)));
    let fee = if fee.is_zero() { fees(old) } else { near(fees(old), fee, old.calls) };
    if fee > Money::ZERO {
        sums.add_line(Kind::REQUEST, 0, fee);
    }
    let tokens = |kind: TokenType| {
        old.lines.iter().find(|line| line.kind == kind.into()).map_or(0, |line| line.tokens)
    };
    if tokens(TokenType::Input) > 0 {
        sums.saved = near(old.saved, tariff.saved(tokens(TokenType::CacheRead)), old.calls);
    }
    sums.failed_cost = part(old.failed_cost, sums.cost(), old.cost());
    Some(sums)
}

fn fees(sums: &Sums) -> Money {
    sums.lines.iter().find(|line| line.kind == Kind::REQUEST).map_or(Money::ZERO, |line| line.cost)
}

/// The new amount, or the old one where they differ by what rounding each call does.
fn near(old: Money, new: Exact, calls: u64) -> Money {
    let new = Money(i128::try_from(new.pico()).unwrap_or(i128::MAX));
    if (new.0 - old.0).unsigned_abs() <= u128::from(calls.div_ceil(2)) { old } else { new }
}

/// What failures cost, of which tokens are not kept apart: the same part as before.
fn part(failed: Money, new: Money, old: Money) -> Money {
    if old == Money::ZERO || new == old {
        return failed;
    }
    Money(
        failed.0.checked_mul(new.0).map_or_else(
            || (failed.0 as f64 * (new.0 as f64 / old.0 as f64)) as i128,
            |product| product / old.0,
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Ledger, LedgerSettings, When};
    use super::*;

    const HOUR: u32 = 498_800;
    const HOUR_NANOS: u64 = 3_600_000_000_000;

    fn book(json: &str) -> PriceBook {
        PriceBook::new(&serde_json::from_str(json).expect(json)).expect(json)
    }

    /// Provider, model, price key, price source, calls, and what tokens in and out cost.
    type Told<'t> = (&'t str, &'t str, &'t str, PriceSource, u64, [i128; 2]);

    /// A ledger of so many calls of 1,000 tokens in and 7 out, by provider, model, price key and source, for a cost in
    /// 1e-12 dollars.
    fn ledger(rows: &[Told<'_>]) -> Ledger {
        let mut ledger = Ledger::new(LedgerSettings::default());
        ledger.pass(i64::from(HOUR) * HOUR_SECONDS);
        for (provider, model, key, source, calls, costs) in rows {
            let mut names = [""; Column::COUNT];
            for (column, name) in [
                (Column::Provider, *provider),
                (Column::Model, model),
                (Column::PriceKey, key),
                (Column::PriceSource, source.label()),
            ] {
                names[column.index()] = name;
            }
            let mut sums = Sums { calls: *calls, ..Sums::default() };
            let lines = [(TokenType::Input, 1000), (TokenType::Output, 7)].into_iter().zip(costs);
            lines.for_each(|((kind, tokens), cost)| sums.add_line(kind.into(), tokens * calls, Money(*cost)));
            sums.unpriced_tokens = if *source == PriceSource::Unpriced { 1007 * calls } else { 0 };
            let nanos = u64::from(HOUR) * HOUR_NANOS;
            let when = When { end_unix_nano: nanos, arrived_unix_nano: nanos };
            ledger.tell(&Entry { when, names, sums: &sums });
        }
        ledger
    }

    fn total(ledger: &Ledger) -> (i128, u64) {
        let rows = ledger.sheet().rows();
        rows.fold((0, 0), |sum, row| (sum.0 + row.sums.cost().0, sum.1 + row.sums.unpriced_tokens))
    }

    const ALL: (u32, u32) = (0, u32::MAX);

    /// Guarantees: what has the right price changes nothing, a discount changes what it is for, and a second time changes
    /// nothing more.
    #[test]
    fn rows_get_the_price_of_the_book_once() {
        let costs = [1_000 * 150_000 * 3, 7 * 600_000 * 3];
        let row = ("openai", "gpt-4o-mini", "", PriceSource::Catalogue, 3, costs);
        let mut ledger = ledger(&[row]);
        let same = ledger.repriced(&mut book("{}"), ALL);
        assert!(same.rows.is_empty() && same.stays.is_empty(), "{same:?}");
        let mut cheaper = book(r#"{"discounts":[{"provider":"openai","percent":10}]}"#);
        for changes in [1, 0] {
            let mut repricing = ledger.repriced(&mut cheaper, ALL);
            assert_eq!(repricing.rows.len(), changes);
            ledger.take_over(&mut repricing, 0);
            assert_eq!(total(&ledger).0, (costs[0] + costs[1]) * 9 / 10);
        }
    }

    /// Guarantees: what had no price is priced and joins the rows of its model; tokens without a price are none any more.
    #[test]
    fn what_had_no_price_joins_its_model() {
        let own = r#"{"models":[{"model":"Acme-7B","match":{"starts_with":["acme"]},"prices":{"input":2,"output":3}}]}"#;
        let costs = [1_000 * 2_000_000, 7 * 3_000_000];
        let mut ledger = ledger(&[
            ("acme", "acme-7b-chat", "", PriceSource::Unpriced, 4, [0, 0]),
            ("acme", "Acme-7B", "", PriceSource::Configured, 1, costs),
        ]);
        let mut repricing = ledger.repriced(&mut book(own), ALL);
        assert_eq!((repricing.rows.len(), repricing.newly_priced_tokens), (1, 4 * 1007));
        ledger.take_over(&mut repricing, 0);
        assert_eq!((total(&ledger), ledger.sheet().len()), ((5 * (costs[0] + costs[1]), 0), 1));
    }

    /// Guarantees: what cannot be priced as one stays, and is told with its reason.
    #[test]
    fn what_stays_is_told_with_its_reason() {
        let catalogue = PriceSource::Catalogue;
        let ledger = ledger(&[
            ("openai", "gpt-4o-mini", "", PriceSource::Reported, 1, [5, 0]),
            ("openai", "gpt-4o-mini", "other", catalogue, 1, [6, 0]),
            ("openai", "gpt-4o-mini", "regional", catalogue, 1, [7, 0]),
            ("nobody", "what", "", PriceSource::Unpriced, 1, [0, 0]),
            ("nobody", "was-priced", "", PriceSource::Configured, 1, [8, 0]),
            ("acme", "tiered", "", PriceSource::Configured, 1, [9, 0]),
        ]);
        let tiered = r#"{"models":[{"model":"tiered","prices":{"input":1,"output":1},
            "tiers":[{"above_prompt_tokens":500,"prices":{"input":2}}]}]}"#;
        let told = ledger.repriced(&mut book(tiered), ALL);
        assert!(told.rows.is_empty());
        let stays: Vec<(Stays, i128)> =
            told.stays.iter().map(|(why, tally)| (*why, tally.before.0)).collect();
        let wanted = [
            (Stays::Reported, 5),
            (Stays::Other, 6),
            (Stays::Unknown, 0),
            (Stays::Gone, 8),
            (Stays::BySize, 9),
            (Stays::ByPlace, 7),
        ];
        assert_eq!(stays, wanted);
    }
}
