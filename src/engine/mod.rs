//! Everything between a decoded request and a scrape, in one owner.
//!
//! In: batches of facts, and the time. Out: views for the scraper, and [`Event`]s. It is a plain
//! value without clock, thread or lock: `actor` gives it a thread of its own, so that the hot path
//! shares nothing but a queue.

mod actor;
mod known;
mod limit_rows;
mod pulse;
mod reader;
mod record;
mod tally;
mod wall;

pub use actor::{EngineHandle, spawn};
pub use reader::Reader;

use std::sync::Arc;

use crate::aggregate::cardinality::shown;
use crate::aggregate::{AggregateOptions, CallTable};
use crate::call::{PriceSource, RateLimit, TokenType};
use crate::expose::view::View;
use crate::judge::{self, Judge};
use crate::limits::{
    Configured, CountedCall, LimitSource, LimitStore, LimitsConfig, Observation, account_hash,
};
use crate::price::PriceBook;
use crate::record::{Name, RecordBatch};
use crate::settle::{LlmCall, Outcome, Reason, SettleSettings, Settler};
use crate::telemetry::{Event, ReceiverMetrics, SettleOutcome, SpanResult};
use tally::AdviceTally;
use wall::WallClock;

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
        }
    }
}

/// How many spans came to what, since it was last told.
#[derive(Debug, Default)]
struct Tally {
    spans: [u64; SpanResult::ALL.len()],
    late: u64,
    early_told: u64,
    forgotten_told: u64,
    limits_dropped_told: [u64; LimitSource::ALL.len()],
    advice: AdviceTally,
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    settler: Settler,
    counter: Counter,
    catalogue_source: &'static str,
}

/// What counts a call, apart from what settles it.
#[derive(Debug)]
struct Counter {
    judge: Judge,
    table: CallTable,
    limits: LimitStore,
    configured: Configured,
    limits_config: LimitsConfig,
    tally: Tally,
    options: Options,
    wall: WallClock,
}

#[derive(Debug)]
struct Options {
    default_service: String,
    default_environment: String,
    estimate_missing_usage: bool,
}

impl Engine {
    /// With nothing counted.
    #[must_use]
    pub fn new(settings: EngineSettings) -> Self {
        Self {
            settler: Settler::new(settings.settle),
            catalogue_source: settings.catalogue_source,
            counter: Counter {
                judge: Judge::new(settings.book),
                table: CallTable::new(settings.aggregate),
                limits: LimitStore::new(&settings.limits),
                configured: Configured::new(&settings.limits),
                limits_config: settings.limits,
                tally: Tally::default(),
                wall: WallClock::default(),
                options: Options {
                    default_service: settings.default_service,
                    default_environment: settings.default_environment,
                    estimate_missing_usage: settings.estimate_missing_usage,
                },
            },
        }
    }

    /// Takes in a batch.
    pub fn offer(&mut self, batch: RecordBatch, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        self.counter.tally.spans[SpanResult::NotACall as usize] += batch.not_a_call;
        self.counter.tally.spans[SpanResult::Malformed as usize] += batch.malformed;
        let counter = &mut self.counter;
        self.settler.offer(batch, now, &mut |outcome| counter.take(&outcome, now, tell));
    }

    /// Tells what the wall clock says when engine time is `now`; until then they are the same.
    pub fn set_wall_clock(&mut self, now: u64, unix_nano: u64) {
        self.counter.wall.read(now, unix_nano);
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
        let mut samples = self.counter.limits.samples(now);
        samples.extend(self.counter.configured.samples(now));
        let calls = Arc::new(self.counter.table.view(now));
        View::new(vec![calls, Arc::new(limit_rows::LimitRows(samples))], receiver)
    }

    /// Takes over what may change while running.
    pub fn reload(&mut self, settings: EngineSettings) {
        self.settler.set_wait(settings.settle.wait_nanos);
        self.catalogue_source = settings.catalogue_source;
        self.counter.judge.set_book(settings.book);
        self.counter.table.reconfigure(&settings.aggregate);
        self.counter.limits.reconfigure(&settings.limits);
        self.counter.configured.reconfigure(&settings.limits);
        self.counter.limits_config = settings.limits;
        self.counter.options = Options {
            default_service: settings.default_service,
            default_environment: settings.default_environment,
            estimate_missing_usage: settings.estimate_missing_usage,
        };
    }

    /// The series table, for a status page.
    #[must_use]
    pub const fn table(&self) -> &CallTable {
        &self.counter.table
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
        let tally = &mut self.counter.tally;
        for result in SpanResult::ALL {
            let count = std::mem::take(&mut tally.spans[result as usize]);
            if count > 0 {
                tell(&Event::Spans { result, count });
            }
        }
        let early = state.early - std::mem::replace(&mut tally.early_told, state.early);
        let forgotten = state.forgotten - std::mem::replace(&mut tally.forgotten_told, state.forgotten);
        let late = std::mem::take(&mut tally.late);
        for (outcome, count) in [
            (SettleOutcome::Early, early),
            (SettleOutcome::Late, late),
            (SettleOutcome::Forgotten, forgotten),
        ] {
            if count > 0 {
                let (service, scope) = state
                    .early_of
                    .as_ref()
                    .filter(|_| outcome == SettleOutcome::Early)
                    .map_or(("", ""), |of| (&of.0, &of.1));
                tell(&Event::Settled { outcome, count, service, scope });
            }
        }
        self.counter.tell_dropped_limits(tell);
        self.counter.tally.advice.tell(tell);
        tell(&Event::SettleState {
            held_spans: state.held as u64,
            held_bytes: (state.held_bytes + state.memory_bytes) as u64,
            reach_seconds: state.reach_nanos as f64 / 1e9,
            wanted_seconds: state.wanted_nanos as f64 / 1e9,
        });
    }
}

impl Counter {
    fn take(&mut self, outcome: &Outcome<'_>, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        match outcome {
            Outcome::Call(call) => self.count(call, now, tell),
            Outcome::Late(call) => self.observe_late(call, now, tell),
            Outcome::Skipped { reason, late, .. } => {
                let result = match reason {
                    Reason::Duplicate => SpanResult::Duplicate,
                    Reason::Aggregate => SpanResult::Aggregate,
                    Reason::NotACall => SpanResult::NotACall,
                };
                self.tally.spans[result as usize] += 1;
                self.tally.late += u64::from(*late);
            }
        }
    }

    fn count(&mut self, call: &LlmCall<'_>, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        self.tally.spans[SpanResult::Call as usize] += 1;
        let verdict = self.judge.judge(call);
        let model = verdict.model(call);
        let service =
            if call.service_name.is_empty() { &self.options.default_service } else { call.service_name };
        self.tally.advice.count(call, service, crate::advice::of(call, &verdict));
        if verdict.price_source() == PriceSource::Unpriced {
            tell(&Event::UnpricedCall { provider: call.provider, model });
        }
        let (provider, model, end) = (call.provider, model, self.wall.end_of(call, now));
        let limits = named(&verdict.limits, &self.limits_config);
        if !limits.is_empty() {
            let (provider, model) = (&shown(provider), &shown(model));
            let observation = Observation { provider, model, limits: &limits, end_unix_nano: end };
            limit_rows::tell_changes(&self.limits.observe(&observation, now), tell);
        }
        if !self.limits_config.configured.is_empty() {
            count_against_configured(&mut self.configured, &self.limits_config, call, model, (end, now));
        }
        if let Some(what) = record::impossible(call) {
            let text = |name| call.members.first().map_or("", |held| held.text(name));
            tell(&Event::ImpossibleNumbers { service: call.service_name, scope: text(Name::Scope), what });
        }
        record::record(&mut self.table, &self.options, call, &verdict, now);
    }

    fn tell_dropped_limits(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        let dropped = [self.limits.dropped(), self.configured.dropped()];
        let told = std::mem::replace(&mut self.tally.limits_dropped_told, dropped);
        for (at, source) in LimitSource::ALL.into_iter().enumerate() {
            if dropped[at] > told[at] {
                tell(&Event::LimitsDropped { source: source.label(), count: dropped[at] - told[at] });
            }
        }
    }

    /// The headers of a request whose call was counted before.
    fn observe_late(&mut self, call: &LlmCall<'_>, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        let limits = named(&judge::rate_limits_of(call), &self.limits_config);
        if !limits.is_empty() {
            let (provider, end_unix_nano) = (shown(call.provider), self.wall.end_of(call, now));
            let observation = Observation { provider: &provider, model: "*", limits: &limits, end_unix_nano };
            limit_rows::tell_changes(&self.limits.observe(&observation, now), tell);
        }
    }
}

/// Limits with the configured names of their accounts.
fn named(limits: &[RateLimit], config: &LimitsConfig) -> Vec<RateLimit> {
    let name = |hash: &String| config.account_name(hash).map_or_else(|| hash.clone(), str::to_owned);
    limits
        .iter()
        .map(|limit| RateLimit { account: limit.account.as_ref().map(name), ..limit.clone() })
        .collect()
}

fn count_against_configured(
    configured: &mut Configured,
    config: &LimitsConfig,
    call: &LlmCall<'_>,
    model: &str,
    (end, now): (u64, u64),
) {
    let account = call.account.and_then(account_hash).unwrap_or_default();
    configured.count_call(
        &CountedCall {
            provider: call.provider,
            model: &shown(model),
            account: config.account_name(&account).unwrap_or(&account),
            input_tokens: call.tokens.map_or(0, |tokens| tokens.input_total()),
            output_tokens: call.tokens.map_or(0, |tokens| tokens.output_total()),
            max_tokens: call.max_tokens,
            images: images(call),
            end_unix_nano: end,
        },
        now,
    );
}

/// Spans do not tell how many images were made, only that tokens of images were billed: one, then.
fn images(call: &LlmCall<'_>) -> u64 {
    let made =
        call.tokens.and_then(|tokens| tokens.get(TokenType::OutputImage)).is_some_and(|count| count > 0);
    u64::from(made)
}
