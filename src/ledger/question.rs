//! A question to the ledger, and its answer: sums of a time by some columns.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::calendar::Calendar;
use super::entry::Column;
use super::money::Money;
use super::names::Name;
use super::sheet::{Row, Sheet};
use super::sums::Sums;

/// Columns by which an answer may be split at once.
pub const MOST_COLUMNS: usize = 4;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// First UTC hour.
    pub from: u32,
    /// The hour after the last.
    pub to: u32,
    /// Split by these.
    pub by: Vec<Column>,
    /// Only rows that have these names.
    pub only: Vec<(Column, String)>,
    /// So many rows, the dearest first; 0 for all.
    pub top: usize,
}

/// A part of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its names, in the order of [`Question::by`].
    pub names: Vec<String>,
    /// What was added up.
    pub sums: Sums,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The dearest parts.
    pub parts: Vec<Part>,
    /// What is in no part, and of how many it is.
    pub rest: (usize, Sums),
    /// All of it.
    pub total: Sums,
}

impl Question {
    /// True for a row that it asks for.
    fn asks_for(&self, row: &Row<'_>, only: &[(Column, Name)]) -> bool {
        let moment = row.moment();
        (self.from..self.to).contains(&moment)
            && only.iter().all(|(column, number)| row.number(*column) == *number)
    }

    /// Rows that it asks for; none when a name is one that no row has.
    fn rows<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = Row<'a>> {
        let only: Option<Vec<(Column, Name)>> =
            self.only.iter().map(|(column, name)| Some((*column, sheet.number(name)?))).collect();
        let none = only.is_none();
        let only = only.unwrap_or_default();
        sheet.rows().filter(move |row| !none && self.asks_for(row, &only))
    }

    /// Asks.
    #[must_use]
    pub fn ask(&self, sheet: &Sheet) -> Answer {
        let mut parts: HashMap<[Name; MOST_COLUMNS], (Sums, Vec<String>), RandomState> = HashMap::default();
        let mut total = Sums::default();
        let by = &self.by[..self.by.len().min(MOST_COLUMNS)];
        for row in self.rows(sheet) {
            total.add(row.sums);
            let mut key = [0; MOST_COLUMNS];
            key.iter_mut().zip(by).for_each(|(slot, column)| *slot = row.number(*column));
            let names = || by.iter().map(|column| row.name(*column).to_owned()).collect();
            parts.entry(key).or_insert_with(|| (Sums::default(), names())).0.add(row.sums);
        }
        let mut parts: Vec<Part> = parts.into_values().map(|(sums, names)| Part { names, sums }).collect();
        let order = |part: &Part| (std::cmp::Reverse(part.sums.cost()), std::cmp::Reverse(part.sums.calls));
        parts
            .sort_by(|left, right| order(left).cmp(&order(right)).then_with(|| left.names.cmp(&right.names)));
        let cut = if self.top == 0 || by.is_empty() { parts.len() } else { self.top.min(parts.len()) };
        let mut rest = Sums::default();
        parts[cut..].iter().for_each(|part| rest.add(&part.sums));
        let rest = (parts.len() - cut, rest);
        parts.truncate(cut);
        Answer { parts, rest, total }
    }

    /// Dollars day by day of a time zone, the days without any included, and what each is split into.
    #[must_use]
    pub fn days(
        &self,
        sheet: &Sheet,
        calendar: &Calendar,
    ) -> Vec<(jiff::civil::Date, BTreeMap<String, Money>)> {
        let mut starts = Vec::new();
        let mut date = calendar.date(self.from);
        while calendar.begin(date) < self.to && starts.len() < 1000 {
            starts.push((calendar.begin(date), date, BTreeMap::<String, Money>::new()));
            date = super::calendar::after(date);
        }
        for row in self.rows(sheet) {
            let at = starts.partition_point(|(start, ..)| *start <= row.moment()).saturating_sub(1);
            let name = self.by.first().map_or("", |column| row.name(*column));
            if let Some((_, _, parts)) = starts.get_mut(at) {
                match parts.get_mut(name) {
                    Some(known) => known.0 += row.sums.cost().0,
                    None => _ = parts.insert(name.to_owned(), row.sums.cost()),
                }
            }
        }
        starts.into_iter().map(|(_, date, parts)| (date, parts)).collect()
    }
}
