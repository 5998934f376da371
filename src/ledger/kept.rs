//! Rows of the ledger as they are kept on disk, and back.
//!
//! In: a [`Sheet`] that notes what changes. Out: rows with their names, as plain texts and whole numbers, in the order of
//! [`names`] and [`numbers`]: the columns of `ledger_row`.

use std::collections::BTreeSet;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::entry::Column;
use super::money::Money;
use super::sheet::{DAY, Key, Sheet};
use super::sums::{Kind, Sums};
use crate::call::{ErrorClass, TokenType};

/// What has changed since the last time.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Rows with other sums.
    pub(super) keys: HashSet<Key, RandomState>,
    /// Days that have other rows.
    pub(super) days: BTreeSet<u32>,
    /// Rows as they were before they got other prices, and when, in seconds since the Unix epoch.
    pub(super) former: Vec<(i64, KeptRow)>,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptRow {
    /// First hour, since the Unix epoch.
    pub hour: u32,
    /// How many: 1 or 24.
    pub hours: u32,
    /// By [`names`].
    pub names: Vec<String>,
    /// By [`numbers`].
    pub numbers: Vec<i64>,
    /// It is one of the rows by session, which stand apart.
    pub by_session: bool,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerChanges {
    /// All rows of these UTC days are dropped first.
    pub days: Vec<u32>,
    /// The same of the rows by session.
    pub session_days: Vec<u32>,
    /// Rows to be put in place of those with the same names.
    pub rows: Vec<KeptRow>,
    /// Rows as they were before they got other prices, and when, in seconds since the Unix epoch.
    pub former: Vec<(i64, KeptRow)>,
    /// Names that are forgotten wherever else the files have them: column, name, what stands for it, before which hour.
    pub forgotten: Vec<(&'static str, String, &'static str, u32)>,
    /// Nothing of what was there before is to be left in the files.
    pub scrub: bool,
    /// The first hour from which on the ledger is whole.
    pub since_hour: u32,
    /// The last UTC day that has closed.
    pub closed_day: u32,
}

/// The columns of names.
pub fn names() -> impl Iterator<Item = &'static str> {
    Column::ALL.into_iter().map(Column::label)
}

/// The columns of numbers.
#[must_use]
pub fn numbers() -> Vec<String> {
    let mut all = vec!["calls".to_owned()];
    all.extend(failures().map(|class| format!("failed_{}", class.label())));
    all.extend(TokenType::ALL.iter().map(|kind| format!("tokens_{}", kind.label())));
    all.extend(Kind::all().map(|kind| format!("pico_{}", kind.label())));
    all.extend(["pico_saved", "pico_failed", "unpriced_tokens", "calls_without_usage"].map(str::to_owned));
    all
}

fn failures() -> impl Iterator<Item = ErrorClass> {
    ErrorClass::ALL.into_iter().filter(|class| *class != ErrorClass::None)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn pico(money: Money) -> i64 {
    i64::try_from(money.0).unwrap_or(i64::MAX)
}

/// Sums as numbers.
fn written(sums: &Sums) -> Vec<i64> {
    let failed =
        |class| sums.failures.iter().find(|(known, _)| *known == class).map_or(0, |(_, count)| *count);
    let line = |kind: Kind| sums.lines.iter().find(|line| line.kind == kind);
    let mut numbers = vec![count(sums.calls)];
    numbers.extend(failures().map(|class| count(failed(class))));
    numbers
        .extend(TokenType::ALL.iter().map(|kind| line((*kind).into()).map_or(0, |line| count(line.tokens))));
    numbers.extend(Kind::all().map(|kind| line(kind).map_or(0, |line| pico(line.cost))));
    numbers.extend([
        pico(sums.saved),
        pico(sums.failed_cost),
        count(sums.unpriced_tokens),
        count(sums.unknown_usage),
    ]);
    numbers
}

/// And back; `None` for numbers that are none of ours.
fn read(numbers: &[i64]) -> Option<Sums> {
    let mut rest = numbers.iter().copied();
    let mut next = || rest.next().and_then(|number| u64::try_from(number).ok());
    let mut sums = Sums { calls: next()?, ..Sums::default() };
    for class in failures() {
        let count = next()?;
        if count > 0 {
            sums.add_failures(class, count);
        }
    }
    let mut tokens = [0; TokenType::ALL.len()];
    for count in &mut tokens {
        *count = next()?;
    }
    for (at, kind) in Kind::all().enumerate() {
        let (tokens, cost) = (tokens.get(at).copied().unwrap_or(0), next()?);
        if tokens > 0 || cost > 0 {
            sums.add_line(kind, tokens, Money(i128::from(cost)));
        }
    }
    sums.saved = Money(i128::from(next()?));
    sums.failed_cost = Money(i128::from(next()?));
    (sums.unpriced_tokens, sums.unknown_usage) = (next()?, next()?);
    Some(sums)
}

impl Sheet {
    /// From now on notes what changes.
    pub(super) fn keep(&mut self) {
        self.changed.get_or_insert_default();
    }

    /// True when it does.
    pub(super) const fn is_kept(&self) -> bool {
        self.changed.is_some()
    }

    /// What has changed since the last time.
    pub(super) fn changes(&mut self) -> LedgerChanges {
        let Some(changed) = &mut self.changed else { return LedgerChanges::default() };
        let Noted { keys, days, former } = std::mem::take(changed);
        let of_days = self.rows.keys().filter(|key| days.contains(&(key.hour / DAY)));
        let others = keys.iter().filter(|key| !days.contains(&(key.hour / DAY)));
        let rows = if days.is_empty() {
            others.filter_map(|key| self.kept(key)).collect()
        } else {
            of_days.chain(others).filter_map(|key| self.kept(key)).collect()
        };
        LedgerChanges { days: days.into_iter().collect(), rows, former, ..LedgerChanges::default() }
    }

    /// True when something has changed since the last time.
    pub(super) fn has_changed(&self) -> bool {
        self.changed.as_ref().is_some_and(|noted| !noted.keys.is_empty() || !noted.days.is_empty())
    }

    pub(super) fn kept(&self, key: &Key) -> Option<KeptRow> {
        let names = Column::ALL.into_iter().map(|column| self.name(&key.tuple, column).to_owned());
        let numbers = written(self.rows.get(key)?);
        let names = names.collect();
        Some(KeptRow { hour: key.hour, hours: key.hours, names, numbers, by_session: false })
    }

    /// Takes a row back, perhaps without the name in one column; one that is none of ours is left out.
    pub(super) fn restore(&mut self, row: &KeptRow, without: Option<Column>) {
        let Some(sums) = read(&row.numbers).filter(|_| matches!(row.hours, 1 | DAY)) else { return };
        let mut tuple = [0; Column::COUNT];
        for (number, name) in tuple.iter_mut().zip(&row.names) {
            *number = self.keep_name(name);
        }
        without.into_iter().for_each(|column| tuple[column.index()] = 0);
        self.rows.entry(Key { hour: row.hour, hours: row.hours, tuple }).or_default().add(&sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: what is kept comes back, and what changes after the first time is all that is kept the second.
    #[test]
    fn rows_come_back_and_only_changes_are_kept() {
        let mut names = [""; Column::COUNT];
        (names[Column::Model.index()], names[Column::Service.index()]) = ("gpt-5", "shop");
        let mut sums = Sums { calls: 2, unpriced_tokens: 3, saved: Money(5), ..Sums::default() };
        sums.add_line(TokenType::Output.into(), 7, Money(1 << 60));
        sums.add_line(Kind::REQUEST, 0, Money(11));
        sums.add_failures(ErrorClass::Timeout, 1);
        let mut sheet = Sheet::default();
        sheet.keep();
        for (service, hour) in [("shop", 480_000), ("shop", 480_001), ("desk", 480_030)] {
            names[Column::Service.index()] = service;
            let tuple = sheet.tuple(&names);
            sheet.add(tuple, hour, &sums);
        }
        let LedgerChanges { days, rows, .. } = sheet.changes();
        assert_eq!((days.len(), rows.len()), (0, 3));
        let mut back = Sheet::default();
        rows.iter().for_each(|row| back.restore(row, None));
        let all = |sheet: &Sheet| {
            let row = |row: super::super::sheet::Row<'_>| {
                (row.hour, row.name(Column::Service).to_owned(), row.sums.clone())
            };
            let mut all: Vec<_> = sheet.rows().map(row).collect();
            all.sort_by_key(|row| row.0);
            all
        };
        assert_eq!(all(&back), all(&sheet));
        assert_eq!(sheet.changes(), LedgerChanges::default());
        sheet.fold_before(480_030 / DAY);
        let LedgerChanges { days, rows, .. } = sheet.changes();
        assert_eq!((days, rows.len(), rows[0].hours), (vec![480_000 / DAY], 1, DAY));
    }

    #[test]
    fn the_table_has_the_columns_of_a_row() {
        let schema = include_str!("ledger.sql");
        for column in names().map(str::to_owned).chain(numbers()) {
            assert!(
                schema.contains(&format!("    {column} ")) || schema.contains(&format!("    \"{column}\" ")),
                "{column}"
            );
        }
    }
}
