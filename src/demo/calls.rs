//! Which calls happen: made-up traffic, before anyone has written it into spans.
//!
//! In: a seed and the time. Out: [`Call`]s that end now. It knows the company of [`super::traffic`] and no span.

use super::call::{Call, Usage};
use super::failures::{FAILURES, Failure, ORDINARY_SHARE};
use super::random::Random;
use super::scenario::Scenario;
use super::traffic::{DEAREST, Dialect, Limits, SERVICES, Service, Use};
use crate::call::ErrorClass;

/// What the demo was asked to show.
#[derive(Clone, Debug)]
pub struct Options {
    /// The same seed makes the same calls.
    pub seed: u64,
    /// Ordinary is 1; 10 makes ten times as many calls.
    pub speed: f64,
    /// Troubles.
    pub failing: Vec<Scenario>,
    /// Seconds of ordinary traffic before them.
    pub failing_after_seconds: f64,
    /// Seconds that they last.
    pub failing_for_seconds: f64,
}

/// Makes calls.
#[derive(Debug)]
pub(super) struct Calls {
    options: Options,
    random: Random,
    /// Chance of its own, so that a trouble leaves the ordinary traffic as it is.
    trouble: Random,
    seconds: f64,
    next_spike: f64,
    next_tour: f64,
}

/// Ordinary traffic has one call of twelve dollars, after a minute and then each half hour.
const SPIKE_EVERY_SECONDS: f64 = 1800.0;
/// One failure of each class, at the start and then each half hour.
const TOUR_EVERY_SECONDS: f64 = 1800.0;
/// Rate limits swing between calm and busy in this time.
const WAVE_SECONDS: f64 = 600.0;

// === impl Calls ===

impl Calls {
    pub(super) fn new(options: Options) -> Self {
        let random = Random::new(options.seed);
        let trouble = Random::new(!options.seed);
        Self { options, random, trouble, seconds: 0.0, next_spike: 60.0, next_tour: 0.0 }
    }

    /// The calls that end within the next `seconds`.
    pub(super) fn next(&mut self, seconds: f64) -> Vec<Call> {
        let mut calls = if self.seconds == 0.0 { self.one_of_each() } else { Vec::new() };
        if self.seconds >= self.next_tour {
            self.next_tour += TOUR_EVERY_SECONDS;
            calls.extend(self.one_failure_of_each_class());
        }
        if self.seconds >= self.next_spike {
            self.next_spike += SPIKE_EVERY_SECONDS;
            calls.extend(self.spike());
        }
        calls.extend(self.ordinary(seconds, |_| 1.0));
        self.seconds += seconds;
        let troubled = self.troubles();
        calls
            .into_iter()
            .filter_map(|call| {
                troubled.iter().try_fold(call, |call, (scenario, since)| {
                    scenario.befall(call, *since, &mut self.trouble)
                })
            })
            .collect()
    }

    /// The troubles of this moment, and for how many seconds each has lasted.
    fn troubles(&self) -> Vec<(Scenario, f64)> {
        let since = self.seconds - self.options.failing_after_seconds;
        let now = since > 0.0 && since <= self.options.failing_for_seconds;
        self.options.failing.iter().filter(|_| now).map(|scenario| (*scenario, since)).collect()
    }

    /// Ordinary calls of so many seconds; each service makes so many times as many as usual.
    pub(super) fn ordinary(&mut self, seconds: f64, pace: impl Fn(&Service) -> f64) -> Vec<Call> {
        let mut calls = Vec::new();
        for service in SERVICES {
            let mean = service.calls_per_second * seconds * self.options.speed * pace(service);
            for _ in 0..self.random.times(mean) {
                calls.extend(self.ordinary_call(service));
            }
        }
        calls
    }

    fn ordinary_call(&mut self, service: &'static Service) -> Option<Call> {
        let purpose = self.random.pick(service.uses, |purpose| purpose.weight)?;
        let mut call = self.call(service, purpose);
        if self.random.chance(ORDINARY_SHARE) {
            let provider = call.model.provider;
            // Its text says that the limit is full for the moment; elsewhere headers correct that at once.
            let untold = |failure: &&Failure| {
                service.dialect == Dialect::VercelAi && failure.class == ErrorClass::RateLimit
            };
            let possible: Vec<&Failure> =
                FAILURES.iter().filter(|failure| failure.provider == provider && !untold(failure)).collect();
            if let Some(failure) = self.random.pick(&possible, |failure| failure.weight) {
                call.fail(failure);
            }
        }
        Some(call)
    }

    fn call(&mut self, service: &'static Service, purpose: &'static Use) -> Call {
        let random = &mut self.random;
        let usage = usage(purpose, random);
        let first = random.around(purpose.model.seconds_to_first_token, 0.35);
        let generated = (usage.output + usage.reasoning) as f64;
        let duration = first + generated * random.around(purpose.model.seconds_per_output_token, 0.15);
        let user = random.pick(service.users, |_| 1.0).copied();
        Call {
            service,
            service_name: service.name.to_owned(),
            model: purpose.model,
            operation: purpose.operation,
            streaming: purpose.streaming,
            user,
            duration_seconds: duration,
            first_token_seconds: purpose.streaming.then_some(first),
            usage: (!random.chance(0.01)).then_some(usage),
            failure: None,
            retries: u64::from(random.chance(0.02)),
            fill: fill(&purpose.model.limits, self.seconds),
        }
    }

    /// So that nothing is missing from the first screen: each model of each service once.
    fn one_of_each(&mut self) -> Vec<Call> {
        let pairs =
            SERVICES.iter().flat_map(|service| service.uses.iter().map(move |purpose| (service, purpose)));
        let mut calls: Vec<Call> = pairs.map(|(service, purpose)| self.call(service, purpose)).collect();
        // One of them needed a second attempt.
        if let Some(call) = calls.iter_mut().find(|call| call.service.dialect == Dialect::GenAi) {
            call.retries = 1;
        }
        calls
    }

    fn one_failure_of_each_class(&mut self) -> Vec<Call> {
        let classes = ErrorClass::ALL.into_iter().filter(|class| *class != ErrorClass::None);
        classes.filter_map(|class| self.failed(class)).collect()
    }

    fn failed(&mut self, class: ErrorClass) -> Option<Call> {
        // Anthropic's overload is the one that is billed: see `fail`.
        let telling = |failure: &&Failure| class != ErrorClass::Overloaded || failure.provider == "anthropic";
        let failure = FAILURES.iter().filter(telling).find(|failure| failure.class == class)?;
        let uses = |service: &'static Service| {
            service.uses.iter().find(|purpose| purpose.model.provider == failure.provider)
        };
        let writes_all = |service: &&'static Service| {
            service.dialect == Dialect::GenAi || service.dialect == Dialect::GenAiOverSdk
        };
        let (service, purpose) =
            SERVICES.iter().filter(writes_all).find_map(|service| Some((service, uses(service)?)))?;
        let mut call = self.call(service, purpose);
        call.fail(failure);
        Some(call)
    }

    fn spike(&mut self) -> Option<Call> {
        let service = SERVICES.iter().find(|service| service.dialect == Dialect::GenAiAgent)?;
        let mut call = self.call(service, service.uses.first()?);
        call.become_dearest();
        Some(call)
    }
}

// === impl Call ===

impl Call {
    /// Turns this call into one of twelve dollars.
    pub(super) const fn become_dearest(&mut self) {
        self.model = DEAREST;
        self.usage =
            Some(Usage { input: 250_000, cache_read: 0, cache_write: 0, output: 6_000, reasoning: 64_000 });
        self.duration_seconds = 320.0;
        self.first_token_seconds = None;
        self.failure = None;
    }

    fn fail(&mut self, failure: &'static Failure) {
        self.failure = Some(failure);
        // Anthropic can fail in the middle of a stream, and bills what it has read and written until then.
        let midway = failure.class == ErrorClass::Overloaded && failure.provider == "anthropic";
        self.usage = self.usage.filter(|_| midway).map(|usage| Usage { output: 3, reasoning: 0, ..usage });
        self.first_token_seconds = None;
        if failure.class == ErrorClass::Timeout {
            self.duration_seconds = 30.0;
        }
    }
}

fn usage(purpose: &Use, random: &mut Random) -> Usage {
    let prompt = random.count(purpose.input_tokens, 0.4);
    let answer = if purpose.output_tokens > 0.0 { random.count(purpose.output_tokens, 0.5) } else { 0 };
    let cached = (prompt as f64 * purpose.cached * random.unit().sqrt()) as u64;
    // Anthropic bills what it writes to its cache; the others write for nothing.
    let writes = purpose.model.provider == "anthropic" && random.chance(0.3);
    let cache_write = if writes { (prompt - cached) / 2 } else { 0 };
    let reasoning = (answer as f64 * purpose.reasoning * random.unit()) as u64;
    Usage {
        input: prompt - cached - cache_write,
        cache_read: cached,
        cache_write,
        output: answer - reasoning,
        reasoning,
    }
}

/// How full a limit is: a slow wave between its calmest and its busiest moment.
fn fill(limits: &Limits, seconds: f64) -> f64 {
    let wave = (1.0 - (seconds / WAVE_SECONDS * std::f64::consts::TAU).cos()) / 2.0;
    limits.fill.0 + (limits.fill.1 - limits.fill.0) * wave
}
