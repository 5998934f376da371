//! The rows: sums by hour and names, bounded.
//!
//! In: entries. Out: rows for whoever asks. When there are too many, hours of past days fold to days, and the cheapest
//! tuples of a day become one of `other` for each service and model; sums stay exact. Knows no clock: days pass when
//! it is told so.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::entry::Column;
use super::hash::is_hash;
use super::kept::Noted;
use super::money::Money;
use super::names::{Name, Names};
use super::reprice::Changed;
use super::sums::Sums;

/// Hours in a UTC day.
pub const DAY: u32 = 24;

/// The names of a row, by [`Column`].
pub(super) type Tuple = [Name; Column::COUNT];

/// What a row is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// First hour, since the Unix epoch.
    pub(super) hour: u32,
    /// 1, or 24 for a day that was folded.
    pub(super) hours: u32,
    pub(super) tuple: Tuple,
}

/// A row, to be read.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// First hour, since the Unix epoch.
    pub hour: u32,
    /// How many: 1 or 24.
    pub hours: u32,
    /// What was added up.
    pub sums: &'a Sums,
    names: &'a Names,
    tuple: &'a Tuple,
}

impl<'a> Row<'a> {
    /// The name in a column; empty where nothing told.
    #[must_use]
    pub fn name(&self, column: Column) -> &'a str {
        self.names.text(self.tuple[column.index()])
    }

    /// The number of the name in a column, which is cheaper to compare.
    pub(super) const fn number(&self, column: Column) -> Name {
        self.tuple[column.index()]
    }

    /// The UTC hour by which it is put into a day of some time zone: of a folded day its noon.
    #[must_use]
    pub const fn moment(&self) -> u32 {
        if self.hours > 1 { self.hour + self.hours / 2 } else { self.hour }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Sheet {
    names: Names,
    pub(super) rows: HashMap<Key, Sums, RandomState>,
    /// Tuples that became one of `other`.
    others: u64,
    /// What is to be kept on disk, where anything is.
    pub(super) changed: Option<Noted>,
}

/// Columns that tell apart what is left of cheap tuples.
const OF_OTHERS: [Column; 5] =
    [Column::Service, Column::Environment, Column::Provider, Column::Model, Column::PriceSource];

impl Sheet {
    /// The tuple of some names.
    pub(super) fn tuple(&mut self, names: &[&str; Column::COUNT]) -> Tuple {
        let mut tuple = [0; Column::COUNT];
        for column in Column::ALL {
            let name = names[column.index()];
            tuple[column.index()] = self.names.number(name, column.is_personal() || is_hash(name));
        }
        tuple
    }

    /// Adds to a tuple.
    pub(super) fn add(&mut self, tuple: Tuple, hour: u32, sums: &Sums) {
        let key = Key { hour, hours: 1, tuple };
        let days = Key { hour: key.hour / DAY * DAY, hours: DAY, tuple };
        let mut added = key;
        if let Some(known) = self.rows.get_mut(&key) {
            known.add(sums);
        } else if let Some(folded) = self.rows.get_mut(&days) {
            // What comes late for a folded day joins it.
            folded.add(sums);
            added = days;
        } else {
            self.rows.insert(key, sums.with_room());
        }
        if let Some(changed) = &mut self.changed {
            changed.keys.insert(added);
        }
    }

    /// The number of a name that was kept before.
    pub(super) fn keep_name(&mut self, name: &str) -> Name {
        self.names.keep(name)
    }

    /// The name that a tuple has in a column.
    pub(super) fn name(&self, tuple: &Tuple, column: Column) -> &str {
        self.names.text(tuple[column.index()])
    }

    /// All rows, in no order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(key, sums)| Row {
            hour: key.hour,
            hours: key.hours,
            sums,
            names: &self.names,
            tuple: &key.tuple,
        })
    }

    /// All rows and what each is found by.
    pub(super) fn keyed_rows(&self) -> impl Iterator<Item = (Key, Row<'_>)> {
        self.rows.keys().copied().zip(self.rows())
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Tuples that became one of `other`.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<(Key, Sums)>() + self.rows.len() * 192 + self.names.bytes()
    }

    /// The number of a text, if any row may have it.
    pub(super) fn number(&self, text: &str) -> Option<Name> {
        self.names.find(text)
    }

    /// Folds the hours of days that ended before this one.
    pub fn fold_before(&mut self, day: u32) {
        self.rename(|key| {
            let past = key.hours == 1 && key.hour < day * DAY;
            if past { Key { hour: key.hour / DAY * DAY, hours: DAY, ..key } } else { key }
        });
    }

    /// Forgets the days before this one.
    pub fn forget_before(&mut self, day: u32) {
        let gone = self.rows.keys().map(|key| key.hour / DAY).filter(|known| *known < day);
        if let Some(changed) = &mut self.changed {
            changed.days.extend(gone);
        }
        self.rows.retain(|key, _| key.hour >= day * DAY);
    }

    /// Rows before an hour that have this name in a column have another from now on; how many they were.
    pub(super) fn replace_name(&mut self, column: Column, (name, other): (&str, &str), before: u32) -> usize {
        let Some(number) = self.names.find(name).filter(|number| *number != 0) else { return 0 };
        let other = self.names.keep(other);
        let has = |key: &Key| key.hour < before && key.tuple[column.index()] == number;
        let count = self.rows.keys().filter(|key| has(key)).count();
        self.rename(|mut key| {
            if has(&key) {
                key.tuple[column.index()] = other;
            }
            key
        });
        count
    }

    /// Rows have other sums from now on, and another model and price source; what they were is kept on disk where a
    /// time is given.
    pub(super) fn reprice(&mut self, rows: Vec<Changed>, at: Option<i64>) {
        if let Some(at) = at.filter(|_| self.changed.is_some()) {
            let former: Vec<_> = rows.iter().filter_map(|row| Some((at, self.kept(&row.key)?))).collect();
            self.changed.get_or_insert_default().former.extend(former);
        }
        for row in rows {
            self.rows.remove(&row.key);
            let mut key = row.key;
            key.tuple[Column::Model.index()] = self.names.keep(&row.model);
            key.tuple[Column::PriceSource.index()] = self.names.keep(row.source.label());
            self.rows.entry(key).or_default().add(&row.sums);
            if let Some(changed) = &mut self.changed {
                changed.days.insert(key.hour / DAY);
            }
        }
    }

    /// Rows before a day have this name in a column wherever they had one.
    pub(super) fn forget_column(&mut self, column: Column, other: &str, day: u32) {
        let other = self.names.keep(other);
        let has = |key: &Key| {
            key.hour < day * DAY
                && !matches!(key.tuple[column.index()], 0)
                && key.tuple[column.index()] != other
        };
        if self.rows.keys().any(has) {
            self.rename(|mut key| {
                if has(&key) {
                    key.tuple[column.index()] = other;
                }
                key
            });
        }
    }

    /// All rows of a day are to be written again.
    pub(super) fn rewrite(&mut self, days: impl IntoIterator<Item = u32>) {
        if let Some(noted) = &mut self.changed {
            noted.days.extend(days);
        }
    }

    /// Keeps the dearest tuples of a day; the rest becomes `other`.
    pub fn close(&mut self, day: u32, most: usize) {
        let mut cost: HashMap<Tuple, Money, RandomState> = HashMap::default();
        for (key, sums) in self.rows.iter().filter(|(key, _)| key.hour / DAY == day) {
            cost.entry(key.tuple).or_default().0 += sums.cost().0;
        }
        if cost.len() <= most {
            return;
        }
        let mut dearest: Vec<(Money, Tuple)> = cost.into_iter().map(|(tuple, cost)| (cost, tuple)).collect();
        dearest.sort_unstable_by(|left, right| right.cmp(left));
        let cheap = dearest.split_off(most);
        let cheap: hashbrown::HashSet<Tuple, RandomState> =
            cheap.into_iter().map(|(_, tuple)| tuple).collect();
        self.others += cheap.len() as u64;
        let other = self.names.number("other", false);
        self.rename(|key| {
            if key.hour / DAY != day || !cheap.contains(&key.tuple) {
                return key;
            }
            let mut tuple = [other; Column::COUNT];
            for column in OF_OTHERS {
                tuple[column.index()] = key.tuple[column.index()];
            }
            Key { tuple, ..key }
        });
    }

    /// Makes room below a bound on rows, today's and the dearest last; the first day that is still there.
    pub fn shrink(&mut self, most: usize, today: u32) {
        let wanted = most * 3 / 4;
        if self.rows.len() <= most {
            return;
        }
        self.fold_before(today);
        let mut days: Vec<u32> = self.rows.keys().map(|key| key.hour / DAY).collect();
        days.sort_unstable();
        days.dedup();
        let mut share = wanted / days.len().max(1);
        while self.rows.len() > wanted && share > 0 {
            days.iter().filter(|day| **day < today).for_each(|&day| self.close(day, share));
            if self.rows.len() > wanted {
                days.iter().filter(|day| **day >= today).for_each(|&day| self.close(day, share));
            }
            share /= 2;
        }
        while self.rows.len() > wanted
            && let Some(first) = days.first().copied().filter(|day| *day < today)
        {
            days.remove(0);
            self.forget_before(first + 1);
        }
        self.forget_names();
    }

    /// The first hour of the oldest row.
    #[must_use]
    pub fn first_hour(&self) -> Option<u32> {
        self.rows.keys().map(|key| key.hour).min()
    }

    fn rename(&mut self, name: impl Fn(Key) -> Key) {
        let mut rows: HashMap<Key, Sums, RandomState> = HashMap::default();
        for (key, sums) in self.rows.drain() {
            let named = name(key);
            if let Some(changed) = self.changed.as_mut().filter(|_| named != key) {
                changed.days.insert(key.hour / DAY);
            }
            match rows.entry(named) {
                hashbrown::hash_map::Entry::Occupied(mut known) => known.get_mut().add(&sums),
                hashbrown::hash_map::Entry::Vacant(free) => _ = free.insert(sums),
            }
        }
        self.rows = rows;
    }

    /// Forgets texts that no row has.
    fn forget_names(&mut self) {
        let (old, mut new) = (std::mem::take(&mut self.names), Names::default());
        let mut rows: HashMap<Key, Sums, RandomState> = HashMap::default();
        if let Some(changed) = &mut self.changed {
            // Their names have other numbers from now on.
            changed.days.extend(changed.keys.drain().map(|key| key.hour / DAY));
        }
        for (mut key, sums) in self.rows.drain() {
            key.tuple.iter_mut().for_each(|number| *number = new.keep(old.text(*number)));
            rows.insert(key, sums);
        }
        (self.rows, self.names) = (rows, new);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sums::Kind;
    use super::*;

    const HOUR: u64 = 3_600_000_000_000;

    /// A call of a user at an hour, for so many 1e-12 dollars.
    fn call(user: &str, hour: u32, pico: i128) -> (String, u64, Sums) {
        let mut sums = Sums { calls: 1, ..Sums::default() };
        sums.add_line(Kind::REQUEST, 0, Money(pico));
        (user.to_owned(), u64::from(hour) * HOUR + 1, sums)
    }

    fn add(sheet: &mut Sheet, (user, end, sums): &(String, u64, Sums)) {
        let mut names = [""; Column::COUNT];
        names[Column::Service.index()] = "shop";
        names[Column::Model.index()] = "gpt-5";
        names[Column::named("user").unwrap().index()] = user;
        let tuple = sheet.tuple(&names);
        sheet.add(tuple, (end / HOUR) as u32, sums);
    }

    fn total(sheet: &Sheet) -> (u64, i128) {
        sheet.rows().fold((0, 0), |sum, row| (sum.0 + row.sums.calls, sum.1 + row.sums.cost().0))
    }

    /// Scenario: a million users in a day and twenty who spend more. Guarantees: rows stay below their bound, the total is
    /// exact, the twenty are named with all they spent.
    #[test]
    fn a_million_users_are_bounded_and_sums_stay_exact() {
        let (mut sheet, most, day) = (Sheet::default(), 20_000, 480_000 / DAY);
        let mut sum = 0;
        for user in 0..1_000_000_u32 {
            let pico = i128::from(user % 97) + 1;
            add(&mut sheet, &call(&format!("user-{user}"), day * DAY + user % 24, pico));
            sum += pico;
            if user % 50_000 == 0 {
                for rich in 0..20 {
                    add(&mut sheet, &call(&format!("rich-{rich}"), day * DAY, 1_000_000));
                    sum += 1_000_000;
                }
            }
            if sheet.len() > most {
                sheet.shrink(most, day);
            }
        }
        assert_eq!(total(&sheet), (1_000_000 + 20 * 20, sum));
        assert!(
            sheet.len() <= most && sheet.bytes() < 16 << 20,
            "{} rows, {} bytes",
            sheet.len(),
            sheet.bytes()
        );
        let rich: Vec<i128> = sheet
            .rows()
            .filter(|row| row.name(Column::named("user").unwrap()).starts_with("rich-"))
            .map(|row| row.sums.cost().0)
            .collect();
        assert_eq!(rich, [20_000_000; 20]);
    }

    /// Guarantees: folded hours and closed days change no sum; a call that comes late for a folded day joins it.
    #[test]
    fn folding_and_closing_change_no_sum() {
        let mut sheet = Sheet::default();
        let day = 20_000;
        for hour in 0..48 {
            for user in 0..10 {
                add(&mut sheet, &call(&format!("u{user}"), day * DAY + hour, i128::from(user) + 1));
            }
        }
        let wanted = total(&sheet);
        sheet.fold_before(day + 1);
        assert_eq!((sheet.len(), total(&sheet)), (10 + 240, wanted));
        add(&mut sheet, &call("u3", day * DAY + 5, 4));
        assert_eq!(sheet.len(), 250, "no row of its own");
        sheet.close(day, 3);
        assert_eq!(sheet.len(), 4 + 240, "three users and `other`");
        assert_eq!(total(&sheet), (wanted.0 + 1, wanted.1 + 4));
        sheet.forget_before(day + 1);
        assert_eq!(sheet.len(), 240);
    }
}
