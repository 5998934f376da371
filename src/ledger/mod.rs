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
//! | [`kept`] | rows on disk, and back |
//! | [`report`] | an answer as JSON, CSV and text |
//! | [`settings`] | what the user wants |

pub mod attribution;
pub mod budget;
pub mod calendar;
pub mod change;
pub mod entry;
pub mod forecast;
pub mod kept;
pub mod money;
mod names;
pub mod question;
pub mod recent;
pub mod report;
pub mod settings;
pub mod sheet;
pub mod spend;
pub mod sums;

use std::collections::BTreeMap;
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
use kept::{KeptRow, LedgerChanges};
use recent::Recent;
use settings::{AttributionConfig, BudgetConfig, LedgerConfig};
use sheet::{DAY, Sheet, Tuple};
use spend::{Moment, Spend};

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
}

/// The ledger as everybody who asks sees it.
pub type Shared = Arc<RwLock<Ledger>>;

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    settings: LedgerSettings,
    calendar: Calendar,
    sheet: Sheet,
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
    generation: u64,
}

impl Ledger {
    /// An empty one. Time has not begun: see [`Self::pass`].
    #[must_use]
    pub fn new(settings: LedgerSettings) -> Self {
        let mut ledger = Self {
            settings: LedgerSettings::default(),
            calendar: Calendar::default(),
            sheet: Sheet::default(),
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
        let spot = Spot { tuple: self.sheet.tuple(&entry.names), generation: self.generation };
        self.add(&spot.tuple, entry.when, entry.sums);
        spot
    }

    /// True while the names of a spot have their numbers.
    #[must_use]
    pub const fn knows(&self, spot: &Spot) -> bool {
        spot.generation == self.generation
    }

    /// Adds a call that has the names of another; nothing unless they are known by number: see [`Self::knows`].
    pub fn tell_at(&mut self, spot: &Spot, when: When, sums: &Sums) {
        if self.knows(spot) {
            self.add(&spot.tuple, when, sums);
        }
    }

    fn add(&mut self, tuple: &Tuple, when: When, sums: &Sums) {
        for owner in Owner::ALL {
            let silent = tuple[Column::Of(owner).index()] == 0;
            self.missing[owner as usize] += u64::from(silent && self.on[owner as usize]);
        }
        let (hour, sheet) = (when.hour(), &mut self.sheet);
        sheet.add(*tuple, hour, sums);
        let name = |column| sheet.name(tuple, column);
        self.recent.tell(when, sums, [name(Column::Provider), name(Column::Model)]);
        for budget in &mut self.budgets {
            budget.tell(hour, sums, name);
        }
        if self.sheet.len() > self.settings.ledger.max_rows {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        self.sheet.shrink(self.settings.ledger.max_rows, self.hour / DAY);
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
            self.sheet.close(self.closed, TUPLES);
            self.sheet.fold_before(today.saturating_sub(FOLD_DAYS));
            self.sheet.forget_before(today.saturating_sub(self.settings.ledger.keep_days));
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
    }

    /// True when rows outlive the process.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.sheet.is_kept()
    }

    /// What has changed since the last time.
    pub fn changes(&mut self) -> LedgerChanges {
        let (days, rows) = self.sheet.changes();
        LedgerChanges { days, rows, since_hour: self.since, closed_day: self.closed }
    }

    /// Takes a row back.
    pub fn restore(&mut self, row: &KeptRow) {
        self.sheet.restore(row);
    }

    /// Goes on where another was, once its rows are here: the first hour it knew, the last day it closed.
    pub fn go_on(&mut self, since_hour: u32, closed_day: u32) {
        (self.since, self.closed) = (since_hour, closed_day);
        if self.hour == 0 {
            // The hour is passed again, and then budgets count what is here.
            self.hour = closed_day * DAY;
        }
        self.pass_budgets();
        if self.sheet.len() > self.settings.ledger.max_rows {
            self.shrink();
        }
    }

    /// Puts the rows of an owner before an hour down to `forgotten`; how many they were. Sums stay.
    pub fn forget(&mut self, owner: Owner, name: &str, before: u32) -> usize {
        self.sheet.replace_name(Column::Of(owner), (name, FORGOTTEN), before)
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

    /// The first hour from which on it is whole.
    #[must_use]
    pub fn since(&self) -> u32 {
        self.since.min(self.sheet.first_hour().unwrap_or(self.since))
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
            budget.pass(self.hour, &self.calendar, &self.sheet);
        }
    }
}
