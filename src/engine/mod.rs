//! Everything between a decoded request and a scrape, in one owner.
//!
//! In: batches of facts, and the time. Out: views for the scraper, and [`Event`]s. It is a plain
//! value without clock, thread or lock: `actor` gives it a thread of its own, so that the hot path
//! shares nothing but a queue.

mod account;
mod actor;
mod counter;
mod keeping;
mod kept;
mod known;
mod ledger_rows;
mod limit_rows;
mod plain;
mod pulse;
mod reader;
mod record;
mod resume;
mod screen;
mod span;
mod tally;
mod wall;

pub use actor::{EngineHandle, spawn};
pub use kept::{Changes, is_in, runs};
pub use reader::Reader;

use crate::aggregate::{AggregateOptions, CallTable};
use crate::expose::view::View;
use crate::ledger::{LedgerSettings, Shared};
use crate::limits::LimitsConfig;
use crate::price::PriceBook;
use crate::record::RecordBatch;
use crate::settle::{SettleSettings, Settler};
use crate::telemetry::{Event, ReceiverMetrics, SpanResult};
use counter::Counter;

/// What an engine is made of.
#[derive(Debug)]
pub struct EngineSettings {
    /// How spans of one call wait for each other.
    pub settle: SettleSettings,
    /// The series table.
    pub aggregate: AggregateOptions,
    /// Prices.
    pub book: PriceBook,
    /// Where their catalogue is from: `embedded` or `file`.
    pub catalogue_source: &'static str,
    /// Rate limits.
    pub limits: LimitsConfig,
    /// `service_name` where the resource has none.
    pub default_service: String,
    /// `environment` where the resource has none.
    pub default_environment: String,
    /// Estimate tokens where a span has text and no usage.
    pub estimate_missing_usage: bool,
    /// The ledger. Owners stand behind the dimensions, in the order of [`crate::ledger::attribution::Owner::ALL`].
    pub ledger: LedgerSettings,
}

impl EngineSettings {
    /// These prices, and everything else as the configuration has it by default.
    #[must_use]
    pub fn with_book(book: PriceBook) -> Self {
        Self {
            settle: SettleSettings::default(),
            aggregate: AggregateOptions::default(),
            book,
            catalogue_source: "embedded",
            limits: LimitsConfig::default(),
            default_service: "unknown_service".to_owned(),
            default_environment: String::new(),
            estimate_missing_usage: false,
            ledger: LedgerSettings::default(),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    settler: Settler,
    counter: Counter,
    catalogue_source: &'static str,
}

impl Engine {
    /// With nothing counted.
    #[must_use]
    pub fn new(settings: EngineSettings) -> Self {
        Self {
            settler: Settler::new(settings.settle.clone()),
            catalogue_source: settings.catalogue_source,
            counter: Counter::new(settings),
        }
    }

    /// Takes in a batch.
    pub fn offer(&mut self, batch: RecordBatch, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        self.counter.tally.spans[SpanResult::NotACall as usize] += batch.not_a_call;
        self.counter.tally.spans[SpanResult::Malformed as usize] += batch.malformed;
        self.counter.account.see(&batch.seen);
        let counter = &mut self.counter;
        self.settler.offer(batch, now, &mut |outcome| counter.take(&outcome, now, tell));
    }

    /// Tells what the wall clock says when engine time is `now`; until then they are the same.
    pub fn set_wall_clock(&mut self, now: u64, unix_nano: u64) {
        self.counter.wall.read(now, unix_nano);
        self.counter.account.pass(unix_nano);
    }

    /// Settles what has waited long enough, and tells what has happened.
    pub fn tick(&mut self, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        let counter = &mut self.counter;
        self.settler.settle(now, &mut |outcome| counter.take(&outcome, now, tell));
        self.counter.table.sweep(now);
        self.counter.limits.sweep(now);
        self.tell_state(tell);
    }

    /// Settles everything: no more will come.
    pub fn finish(&mut self, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        let counter = &mut self.counter;
        self.settler.finish(&mut |outcome| counter.take(&outcome, now, tell));
        self.tell_state(tell);
    }

    /// Everything as it is now, for any number of readers.
    pub fn view(&mut self, now: u64, receiver: ReceiverMetrics) -> View {
        self.counter.view(now, receiver)
    }

    /// Every regular reader has seen what there was at this moment.
    pub fn seen_by_all(&mut self, moment: u64) {
        self.counter.table.seen_by_all(moment);
    }

    /// What is held back would never be shown: the end is near.
    pub fn end_holds(&mut self) {
        self.counter.table.end_holds();
    }

    /// Takes over what may change while running.
    pub fn reload(&mut self, settings: EngineSettings) {
        self.settler.set_wait(settings.settle.wait_nanos);
        self.catalogue_source = settings.catalogue_source;
        self.counter.reload(settings);
    }

    /// The series table, for a status page.
    #[must_use]
    pub const fn table(&self) -> &CallTable {
        &self.counter.table
    }

    /// Who spent what.
    #[must_use]
    pub fn ledger(&self) -> Shared {
        self.counter.account.ledger()
    }

    /// The prices in use.
    #[must_use]
    pub const fn book(&self) -> &PriceBook {
        self.counter.judge.book()
    }

    /// Where the price catalogue is from.
    #[must_use]
    pub const fn catalogue_source(&self) -> &'static str {
        self.catalogue_source
    }

    fn tell_state(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        let state = self.settler.state();
        self.counter.tell(tell);
        self.counter.tally.tell_settled(&state, tell);
        tell(&Event::SettleState {
            held_spans: state.held as u64,
            held_bytes: (state.held_bytes + state.memory_bytes) as u64,
            reach_seconds: state.reach_nanos as f64 / 1e9,
            wanted_seconds: state.wanted_nanos as f64 / 1e9,
        });
    }
}
