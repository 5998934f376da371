//! What is made of a call once it is settled: its verdict, its limits, its place among the series.
//!
//! In: what became of spans. Out: the table, limits, and events. A call of one span that says nothing rare is counted by
//! what is known of its shape (`plain`), any other is judged.

use std::sync::Arc;

use super::account::{Account, Names};
use super::kept::Progress;
use super::plain::{Plain, PlainCall};
use super::record;
use super::screen::Screen;
use super::tally::Tally;
use super::wall::WallClock;
use super::{EngineSettings, limit_rows};
use crate::aggregate::CallTable;
use crate::call::{PriceSource, RateLimit, TokenType};
use crate::expose::sample::Source;
use crate::expose::view::View;
use crate::judge::{self, Judge};
use crate::limits::{
    Configured, CountedCall, LimitSource, LimitStore, LimitsConfig, Observation, account_hash,
};
use crate::record::Name;
use crate::settle::{LlmCall, Members, Outcome};
use crate::telemetry::{Event, ReceiverMetrics, SpanResult};

/// See the module.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) judge: Judge,
    pub(super) table: CallTable,
    pub(super) limits: LimitStore,
    pub(super) configured: Configured,
    limits_config: LimitsConfig,
    plain: Plain,
    screen: Screen,
    pub(super) tally: Tally,
    options: Options,
    pub(super) wall: WallClock,
    pub(super) progress: Progress,
    pub(super) account: Account,
}

/// What spans leave open.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) default_service: String,
    pub(super) default_environment: String,
    pub(super) estimate_missing_usage: bool,
}

impl Counter {
    /// With nothing counted.
    pub(super) fn new(settings: EngineSettings) -> Self {
        let options = Options::of(&settings);
        Self {
            account: Account::new(settings.ledger, settings.aggregate.dimensions.len()),
            judge: Judge::with_secret(settings.book, settings.settle.secret),
            table: CallTable::new(settings.aggregate),
            limits: LimitStore::new(&settings.limits),
            configured: Configured::new(&settings.limits),
            limits_config: settings.limits,
            plain: Plain::default(),
            screen: Screen::default(),
            tally: Tally::default(),
            options,
            wall: WallClock::default(),
            progress: Progress::default(),
        }
    }

    /// Takes over what may change while running.
    pub(super) fn reload(&mut self, settings: EngineSettings) {
        self.options = Options::of(&settings);
        self.plain.forget(&mut self.tally.advice);
        self.judge.set_book(settings.book);
        self.table.reconfigure(&settings.aggregate);
        self.limits.reconfigure(&settings.limits);
        self.configured.reconfigure(&settings.limits);
        self.limits_config = settings.limits;
        self.account.reconfigure(settings.ledger);
    }

    /// Everything as it is now.
    pub(super) fn view(&mut self, now: u64, receiver: ReceiverMetrics) -> View {
        let mut samples = self.limits.samples(now);
        samples.extend(self.configured.samples(now));
        let calls = Arc::new(self.table.view(now));
        let ledger = self.account.rows(self.wall.unix_nano(now));
        let sources: Vec<Arc<dyn Source>> =
            vec![calls, Arc::new(limit_rows::LimitRows(samples)), Arc::new(ledger)];
        View::new(sources, receiver).taken_at(now)
    }

    /// Takes what became of spans.
    pub(super) fn take(&mut self, outcome: &Outcome<'_>, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        self.progress.change();
        match outcome {
            Outcome::Call(members) => self.count(members, now, tell),
            Outcome::Late(members) => self.observe_late(&members.merged(), now, tell),
            Outcome::Skipped { reason, late, .. } => self.tally.skip(*reason, *late),
        }
    }

    /// Tells what was tallied.
    pub(super) fn tell(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        self.plain.tell(&mut self.tally.advice);
        self.account.tell_rest();
        self.tally.tell(tell);
        let dropped = [self.limits.dropped(), self.configured.dropped()];
        for (at, source) in LimitSource::ALL.into_iter().enumerate() {
            if let Some(count) = self.tally.limits_dropped(at, dropped[at]) {
                tell(&Event::LimitsDropped { source: source.label(), count });
            }
        }
    }

    fn count(&mut self, members: &Members<'_>, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        self.tally.spans[SpanResult::Call as usize] += 1;
        let plain = PlainCall::of(members).filter(|_| self.limits_config.configured.is_empty());
        if let Some(call) = &plain
            && self.plain.count(
                call,
                &mut self.judge,
                (&mut self.table, &mut self.account),
                self.options.estimate_missing_usage,
                (now, self.wall.unix_nano(now)),
            )
        {
            return;
        }
        self.count_judged(&members.merged(), plain.as_ref(), now, tell);
    }

    fn count_judged(
        &mut self,
        call: &LlmCall<'_>,
        plain: Option<&PlainCall<'_>>,
        now: u64,
        tell: &mut dyn FnMut(&Event<'_>),
    ) {
        let verdict = self.judge.judge(call);
        let model = verdict.model(call);
        let service =
            if call.service_name.is_empty() { &self.options.default_service } else { call.service_name };
        let advice = crate::advice::of(call, &verdict);
        self.tally.advice.count((service, crate::advice::scope(call)), advice, 1);
        if verdict.price_source() == PriceSource::Unpriced {
            tell(&Event::UnpricedCall { provider: call.provider, model });
        }
        let (provider, end) = (call.provider, self.wall.end_of(call, now));
        let limits = named(&verdict.limits, &self.limits_config);
        if !limits.is_empty() {
            let (provider, model) = (&self.screen.shown(provider), &self.screen.shown(model));
            let observation = Observation { provider, model, limits: &limits, end_unix_nano: end };
            limit_rows::tell_changes(&self.limits.observe(&observation, now), tell);
        }
        if !self.limits_config.configured.is_empty() {
            let model = &self.screen.shown(model);
            count_against_configured(&mut self.configured, &self.limits_config, call, model, (end, now));
        }
        if let Some(what) = record::impossible(call) {
            let text = |name| call.members.first().map_or("", |held| held.text(name));
            tell(&Event::ImpossibleNumbers { service: call.service_name, scope: text(Name::Scope), what });
        }
        let row = record::record(&mut self.table, &self.options, call, &verdict, now);
        let environment =
            if call.environment.is_empty() { &self.options.default_environment } else { call.environment };
        let (names, arrived) = (Names { service, environment }, self.wall.unix_nano(now));
        let place = self.account.tell(call, &verdict, &names, &self.limits_config, arrived);
        let source = verdict.price_source();
        if let (Some(plain), Some(row)) = (plain, row) {
            self.plain.learn(plain, call, &mut self.judge, (row, service, advice), (source, place));
        }
    }

    /// The headers of a request whose call was counted before.
    fn observe_late(&mut self, call: &LlmCall<'_>, now: u64, tell: &mut dyn FnMut(&Event<'_>)) {
        let limits = named(&judge::rate_limits_of(call), &self.limits_config);
        if !limits.is_empty() {
            let (provider, end_unix_nano) = (self.screen.shown(call.provider), self.wall.end_of(call, now));
            let observation = Observation { provider: &provider, model: "*", limits: &limits, end_unix_nano };
            limit_rows::tell_changes(&self.limits.observe(&observation, now), tell);
        }
    }
}

impl Options {
    fn of(settings: &EngineSettings) -> Self {
        Self {
            default_service: settings.default_service.clone(),
            default_environment: settings.default_environment.clone(),
            estimate_missing_usage: settings.estimate_missing_usage,
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
            model,
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
