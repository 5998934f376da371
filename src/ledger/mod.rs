//! Whose money: an account of every call, by hour, model and owner, exact to the last digit.
//!
//! In: one [`Entry`] a judged call, and time. Out: answers to questions, rows of gauges, states of budgets. Every call
//! is added once, as whole numbers of 1e-12 dollar; what is asked is added up when it is asked. It knows no clock, no
//! file and no span.
//!
//! | part | does |
//! |---|---|
//! | [`money`] | dollars as whole numbers |
//! | [`attribution`] | the table of keys that tell whose a call was |
//! | [`entry`] | a call as it is added; the columns |
//! | [`sums`] | what is added up |
//! | [`sheet`] | the rows, bounded |
//! | [`calendar`] | days and months of a time zone |
//! | [`question`] | asks the rows |
//! | [`forecast`], [`change`] | what a month will cost, why it costs more |
//! | [`recent`] | the last hour by minutes |
//! | [`spend`] | rows of the gauges |
//! | [`budget`] | what is left |
//! | [`credit`] | what providers grant |
//! | [`kept`] | rows on disk, and back |
//! | [`reprice`] | rows at other prices |
//! | [`order`] | what may be done to a ledger, as it is written in an address |
//! | [`report`] | an answer as JSON, CSV and text |
//! | [`hash`] | names as keyed hashes |
//! | [`settings`] | what the user wants |

pub mod attribution;
pub mod budget;
pub mod calendar;
pub mod change;
pub mod credit;
pub mod entry;
pub mod forecast;
pub mod hash;
pub mod kept;
pub mod money;
mod names;
pub mod order;
pub mod question;
pub mod recent;
pub mod report;
pub mod reprice;
pub mod settings;
pub mod sheet;
pub mod spend;
pub mod sums;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use parking_lot::RwLock;

pub use entry::{Column, Entry, When};
pub use money::Money;
pub use question::{Answer, Question};
pub use sums::Sums;

use attribution::Owner;
use budget::Budget;
use calendar::Calendar;
use credit::{Credit, CreditConfig};
use hash::OwnerHash;
use kept::{KeptRow, LedgerChanges};
use recent::Recent;
use reprice::Repricing;
use settings::{AttributionConfig, BudgetConfig, LedgerConfig};
use sheet::{DAY, Sheet, Tuple};
use spend::{Moment, Spend};

use crate::price::PriceBook;

/// Tuples of a day that stay when it closes.
const TUPLES: usize = 10_000;
/// Days after which hours fold to days.
const FOLD_DAYS: u32 = 40;

/// Whose calls are those of who was forgotten.
pub const FORGOTTEN: &str = "forgotten";
/// Values of an owner that is off that are told apart.
const SEEN: usize = 10_000;

/// What the ledger is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerSettings {
    /// The section `ledger`.
    pub ledger: LedgerConfig,
    /// The section `attribution`.
    pub attribution: AttributionConfig,
    /// The section `budgets`.
    pub budgets: Vec<BudgetConfig>,
    /// The section `credits`.
    pub credits: Vec<CreditConfig>,
}

/// The ledger as everybody who asks sees it.
pub type Shared = Arc<RwLock<Ledger>>;

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    settings: LedgerSettings,
    calendar: Calendar,
    sheet: Sheet,
    /// The same calls by session, where sessions are on, for as long as these are kept.
    sessions: Sheet,
    /// Days of which rows had sessions among the others.
    mixed: BTreeSet<u32>,
    /// Names that are to be forgotten in the files too.
    forgotten: Vec<(&'static str, String, &'static str, u32)>,
    scrub: bool,
    hash: OwnerHash,
    budgets: Vec<Budget>,
    recent: Recent,
    /// Hashes of the values of owners that are off.
    seen: BTreeMap<Owner, HashSet<u64, RandomState>>,
    /// The first hour that is known whole, or from which on it is.
    since: u32,
    /// The hour that time has come to.
    hour: u32,
    /// The last UTC day that has closed.
    closed: u32,
    /// Calls that nothing put down to an owner, by owner.
    missing: [u64; Owner::COUNT],
    /// Owners that are on.
    on: [bool; Owner::COUNT],
    /// How often names got other numbers.
    generation: u64,
}

/// Where calls of the same names are added, as long as these have their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    tuple: Tuple,
    /// Among the rows by session, where sessions are on.
    by_session: Option<Tuple>,
    generation: u64,
}

/// The column that has a sheet of its own.
const SESSION: Column = Column::Of(Owner::Session);

impl Spot {
    /// True while its names have their numbers.
    #[must_use]
    pub const fn is_of(&self, generation: u64) -> bool {
        self.generation == generation
    }
}

impl Ledger {
    /// An empty one. Time has not begun: see [`Self::pass`].
    #[must_use]
    pub fn new(settings: LedgerSettings) -> Self {
        let mut ledger = Self {
            settings: LedgerSettings::default(),
            calendar: Calendar::default(),
            sheet: Sheet::default(),
            sessions: Sheet::default(),
            mixed: BTreeSet::new(),
            forgotten: Vec::new(),
            scrub: false,
            hash: OwnerHash::default(),
            budgets: Vec::new(),
            recent: Recent::default(),
            seen: BTreeMap::new(),
            since: 0,
            hour: 0,
            closed: 0,
            missing: [0; Owner::COUNT],
            on: [false; Owner::COUNT],
            generation: 0,
        };
        ledger.reconfigure(settings);
        ledger
    }

    /// Takes other settings; budgets count anew what is known.
    pub fn reconfigure(&mut self, settings: LedgerSettings) {
        // A zone that is none was refused with the configuration.
        self.calendar = Calendar::named(&settings.ledger.time_zone).unwrap_or_default();
        self.on = Owner::ALL.map(|owner| settings.attribution.is_on(owner));
        self.budgets = settings.budgets.iter().cloned().map(Budget::new).collect();
        self.settings = settings;
        if self.hour > 0 {
            self.pass_budgets();
        }
    }

    /// Adds a call; where, for others that have the same names.
    pub fn tell(&mut self, entry: &Entry<'_>) -> Spot {
        let by_session = self.on[Owner::Session as usize].then(|| self.sessions.tuple(&entry.names));
        let mut names = entry.names;
        names[SESSION.index()] = "";
        let spot = Spot { tuple: self.sheet.tuple(&names), by_session, generation: self.generation };
        self.add(&spot, entry.when, entry.sums);
        self.keep_bound();
        spot
    }

    /// Names that have their numbers have them as long as this stays the same.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Adds calls that have the names of others, which still have their numbers.
    pub fn tell_all<'a>(&mut self, calls: impl Iterator<Item = (&'a Spot, When, &'a Sums)>) {
        let generation = self.generation;
        for (spot, when, sums) in calls.filter(|(spot, ..)| spot.is_of(generation)) {
            self.add(spot, when, sums);
        }
        self.keep_bound();
    }

    fn add(&mut self, spot: &Spot, when: When, sums: &Sums) {
        let session = spot.by_session.map_or(0, |tuple| tuple[SESSION.index()]);
        for owner in Owner::ALL {
            let silent = if owner == Owner::Session {
                session == 0
            } else {
                spot.tuple[Column::Of(owner).index()] == 0
            };
            self.missing[owner as usize] += if silent && self.on[owner as usize] { sums.calls } else { 0 };
        }
        let (hour, sheet, sessions) = (when.hour(), &mut self.sheet, &mut self.sessions);
        sheet.add(spot.tuple, hour, sums);
        spot.by_session.iter().for_each(|tuple| sessions.add(*tuple, hour, sums));
        let name = |column| match (&spot.by_session, column) {
            (Some(tuple), SESSION) => sessions.name(tuple, column),
            _ => sheet.name(&spot.tuple, column),
        };
        self.recent.tell(when, sums, [name(Column::Provider), name(Column::Model)]);
        for budget in &mut self.budgets {
            budget.tell(hour, sums, name);
        }
    }

    fn keep_bound(&mut self) {
        if self.sheet.len().max(self.sessions.len()) > self.settings.ledger.max_rows {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        for sheet in [&mut self.sheet, &mut self.sessions] {
            sheet.shrink(self.settings.ledger.max_rows, self.hour / DAY);
        }
        self.generation += 1;
        self.since = self.since.max(self.sheet.first_hour().unwrap_or(0));
    }

    /// True while no new minute has begun at this moment.
    #[must_use]
    pub fn has_come_to(&self, unix_seconds: i64) -> bool {
        self.recent.has_come_to(u64::try_from(unix_seconds / 60).unwrap_or(0))
    }

    /// Time has come to this moment.
    pub fn pass(&mut self, unix_seconds: i64) {
        let hour = u32::try_from(unix_seconds / 3600).unwrap_or(0);
        self.recent.pass(u64::try_from(unix_seconds / 60).unwrap_or(0));
        if self.hour == 0 {
            (self.since, self.closed) = (hour, (hour / DAY).saturating_sub(1));
        }
        if hour == self.hour {
            return;
        }
        self.hour = hour;
        self.pass_budgets();
        // Calls of the last hour of a day may come an hour later.
        let today = (hour - 1) / DAY;
        while self.closed + 1 < today {
            self.closed += 1;
            for sheet in [&mut self.sheet, &mut self.sessions] {
                sheet.close(self.closed, TUPLES);
                sheet.fold_before(today.saturating_sub(FOLD_DAYS));
                sheet.forget_before(today.saturating_sub(self.settings.ledger.keep_days));
            }
            self.forget_old_names(today);
        }
    }

    /// Forgets names that are not kept for as long as their rows.
    fn forget_old_names(&mut self, today: u32) {
        for owner in Owner::ALL {
            let Some(days) = self.settings.attribution.keep_days(owner) else { continue };
            let first = today.saturating_sub(days);
            if owner == Owner::Session {
                self.sessions.forget_before(first);
                continue;
            }
            for sheet in [&mut self.sheet, &mut self.sessions] {
                sheet.forget_column(Column::Of(owner), FORGOTTEN, first);
            }
        }
    }

    /// Owners that are on, and calls that nothing put down to one.
    pub fn missing(&self) -> impl Iterator<Item = (Owner, u64)> + '_ {
        let on = Owner::ALL.into_iter().filter(|owner| self.on[*owner as usize]);
        on.map(|owner| (owner, self.missing[owner as usize]))
    }

    /// Owners that are off and were seen, and how many values they had.
    pub fn seen(&self) -> impl Iterator<Item = (Owner, usize)> + '_ {
        self.seen.iter().map(|(owner, values)| (*owner, values.len()))
    }

    /// A value of an owner that is off.
    pub fn see(&mut self, owner: Owner, value: u64) {
        let values = self.seen.entry(owner).or_default();
        if values.len() < SEEN {
            values.insert(value);
        }
    }

    /// From now on notes what is to be kept on disk.
    pub fn keep(&mut self) {
        self.sheet.keep();
        self.sessions.keep();
        let mixed = std::mem::take(&mut self.mixed);
        self.sessions.rewrite(mixed.iter().copied());
        self.sheet.rewrite(mixed);
    }

    /// True when rows outlive the process.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.sheet.is_kept()
    }

    /// What has changed since the last time.
    pub fn changes(&mut self) -> LedgerChanges {
        let (mut changes, of_sessions) = (self.sheet.changes(), self.sessions.changes());
        changes.session_days = of_sessions.days;
        let by_session = of_sessions.rows.into_iter().map(|row| KeptRow { by_session: true, ..row });
        changes.rows.extend(by_session);
        let (forgotten, scrub) = (std::mem::take(&mut self.forgotten), std::mem::take(&mut self.scrub));
        LedgerChanges { forgotten, scrub, since_hour: self.since, closed_day: self.closed, ..changes }
    }

    /// Takes a row back.
    pub fn restore(&mut self, row: &KeptRow) {
        if row.by_session {
            return self.sessions.restore(row, None);
        }
        if row.names.get(SESSION.index()).is_some_and(|name| !name.is_empty()) {
            // Written before sessions stood apart.
            self.mixed.insert(row.hour / DAY);
            self.sessions.restore(row, None);
        }
        self.sheet.restore(row, Some(SESSION));
    }

    /// Goes on where another was, once its rows are here: the first hour it knew, the last day it closed.
    pub fn go_on(&mut self, since_hour: u32, closed_day: u32) {
        (self.since, self.closed) = (since_hour, closed_day);
        if self.hour == 0 {
            // The hour is passed again, and then budgets count what is here.
            self.hour = closed_day * DAY;
        }
        self.pass_budgets();
        if self.sheet.len().max(self.sessions.len()) > self.settings.ledger.max_rows {
            self.shrink();
        }
    }

    /// Puts the rows of an owner before an hour down to `forgotten`; how many they were. Sums stay.
    pub fn forget(&mut self, owner: Owner, name: &str, before: u32) -> usize {
        let name = self.hash.kept(owner, name).into_owned();
        let column = Column::Of(owner);
        let mut count = 0;
        for sheet in [&mut self.sheet, &mut self.sessions] {
            count = sheet.replace_name(column, (&name, FORGOTTEN), before).max(count);
        }
        if self.is_kept() {
            self.forgotten.push((column.label(), name, FORGOTTEN, before));
            self.scrub = true;
        }
        self.changed_names();
        count
    }

    /// Names of some owners are kept as hashes.
    pub fn hash_names(&mut self, hash: OwnerHash) {
        self.hash = hash;
    }

    /// A name of a column as it is kept.
    #[must_use]
    pub fn kept_name<'n>(&self, column: Column, name: &'n str) -> Cow<'n, str> {
        self.hash.kept_in(column, name)
    }

    /// The rows that tell a question's columns apart.
    #[must_use]
    pub fn sheet_for(&self, question: &Question) -> &Sheet {
        if asks_for_sessions(question) { &self.sessions } else { &self.sheet }
    }

    /// What the rows of some hours would be at other prices.
    #[must_use]
    pub fn repriced(&self, book: &mut PriceBook, hours: (u32, u32)) -> Repricing {
        let mut repricing = Repricing::of(&self.sheet, book, hours);
        repricing.by_session = Repricing::of(&self.sessions, book, hours).rows;
        repricing
    }

    /// Takes other prices over, at a moment in seconds since the Unix epoch; budgets count anew.
    pub fn take_over(&mut self, repricing: &mut Repricing, now: i64) {
        self.sheet.reprice(std::mem::take(&mut repricing.rows), Some(now));
        self.sessions.reprice(std::mem::take(&mut repricing.by_session), None);
        repricing.is_applied = true;
        self.changed_names();
    }

    /// True when something is to be kept on disk.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.sheet.has_changed() || self.sessions.has_changed() || self.scrub
    }

    /// Names or sums of past rows are others.
    fn changed_names(&mut self) {
        self.generation += 1;
        self.budgets = self.settings.budgets.iter().cloned().map(Budget::new).collect();
        self.pass_budgets();
    }

    /// Its rows.
    #[must_use]
    pub const fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// The last hour by minutes.
    #[must_use]
    pub const fn recent(&self) -> &Recent {
        &self.recent
    }

    /// Its days.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// What it was made of.
    #[must_use]
    pub const fn settings(&self) -> &LedgerSettings {
        &self.settings
    }

    /// Its budgets.
    #[must_use]
    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// Its credits, and what they have paid of all that it knows.
    #[must_use]
    pub fn credits(&self) -> Vec<Credit> {
        if self.settings.credits.is_empty() {
            return Vec::new();
        }
        Credit::all(&self.settings.credits, &self.sheet, &self.calendar)
    }

    /// The first hour from which on it is whole.
    #[must_use]
    pub fn since(&self) -> u32 {
        self.since.min(self.sheet.first_hour().unwrap_or(self.since))
    }

    /// The same for what a question asks for: sessions are kept for less long.
    #[must_use]
    pub fn since_for(&self, question: &Question) -> u32 {
        if !asks_for_sessions(question) {
            return self.since();
        }
        self.sessions.first_hour().map_or(self.hour, |first| first.max(self.since()))
    }

    /// When it is asked.
    #[must_use]
    pub fn moment(&self, now: i64) -> Moment {
        Moment { now, since: self.since() }
    }

    /// The rows of the gauges.
    #[must_use]
    pub fn spends(&self, now: i64) -> Vec<Spend> {
        spend::spends(&self.sheet, &self.calendar, self.moment(now))
    }

    fn pass_budgets(&mut self) {
        for budget in &mut self.budgets {
            let sheet = if budget.asks_for(SESSION) { &self.sessions } else { &self.sheet };
            budget.pass(self.hour, &self.calendar, sheet);
        }
    }
}

fn asks_for_sessions(question: &Question) -> bool {
    question.by.contains(&SESSION) || question.only.iter().any(|(column, _)| *column == SESSION)
}
