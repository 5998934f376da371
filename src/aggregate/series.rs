//! All metrics of one label tuple.

use std::sync::Arc;

use super::cardinality::{MAX_VALUE_BYTES, OTHER, looks_secret};
use super::measure::{Count, Dollars, Estimate, InputSize, Outcome, Spread};
use super::point::{Counter, DollarCounter, Exemplar, Histogram, Sparse};
use crate::call::{CallRecord, ErrorClass, TokenType, Tokens};
use crate::exact::Exact;

/// Distinct (class, code, status) of one tuple; what comes beyond reads code `other`, no status.
const ERROR_ROWS: usize = 64;

/// Calls longer than this wait visibly when they do not stream, seconds.
const LONG_CALL_SECONDS: f64 = 10.0;

/// Reasons for which usage is suspicious.
pub const SUSPICIONS: [&str; 4] =
    ["impossible_tokens", "impossible_time", "fewer_tokens_than_text", "more_tokens_than_text"];

/// Everything that is counted of the calls with the same labels. Series appear with the first call
/// that has them; one that exists is raised without allocating, unless a view holds the tuple: then it is
/// copied once, and the view keeps what it saw.
#[derive(Clone, Debug)]
pub struct CallSeries {
    /// The call labels as text, rendered once.
    pub rendered: Arc<str>,
    /// When a call was last counted here, nanoseconds since the Unix epoch.
    pub used_unix_nano: u64,
    /// When the first call was counted here.
    pub began_unix_nano: u64,
    /// Failures by cause.
    pub errors: Vec<ErrorRow>,
    /// Calls with suspicious usage by reason.
    pub suspicious: Vec<(&'static str, Counter)>,
    pub(super) counts: Sparse<Counter>,
    pub(super) dollars: Sparse<DollarCounter>,
    pub(super) histograms: Sparse<Histogram>,
    /// Costs that instrumentations state in other currencies, by code.
    pub foreign: Vec<(&'static str, DollarCounter)>,
    /// What calls stand for, where not all traces are kept and somebody estimates.
    pub(super) estimated: Sparse<DollarCounter>,
    /// The last call of each class.
    last: Sparse<Exemplar>,
}

/// Failures of one cause.
#[derive(Clone, Debug)]
pub struct ErrorRow {
    /// The class.
    pub class: ErrorClass,
    /// The provider's code; empty if not told.
    pub code: Box<str>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// How many.
    pub counter: Counter,
    /// The last of them.
    pub last: Exemplar,
}

impl CallSeries {
    /// A tuple without calls.
    #[must_use]
    pub fn new(rendered: String) -> Self {
        Self {
            rendered: rendered.into(),
            used_unix_nano: 0,
            began_unix_nano: 0,
            errors: Vec::new(),
            suspicious: Vec::new(),
            foreign: Vec::new(),
            counts: Sparse::default(),
            dollars: Sparse::default(),
            histograms: Sparse::default(),
            estimated: Sparse::default(),
            last: Sparse::default(),
        }
    }

    /// A counter of things, if any were.
    #[must_use]
    pub fn count(&self, which: Count) -> Option<&Counter> {
        self.counts.get(which.number())
    }

    /// A counter of dollars, if any were.
    #[must_use]
    pub fn dollars(&self, which: Dollars) -> Option<&DollarCounter> {
        self.dollars.get(which.number())
    }

    /// A histogram, if it has values.
    #[must_use]
    pub fn histogram(&self, which: Spread) -> Option<&Histogram> {
        self.histograms.get(which.number())
    }

    /// An estimate of what there was, if anything was counted for it.
    #[must_use]
    pub fn estimated(&self, which: Estimate) -> Option<&DollarCounter> {
        self.estimated.get(which.number())
    }

    /// The last call of a class.
    #[must_use]
    pub fn last(&self, class: ErrorClass) -> Option<&Exemplar> {
        self.last.get(class as usize)
    }

    /// Counts one call.
    pub fn record(&mut self, call: &CallRecord<'_>, now: u64) {
        self.used_unix_nano = now;
        if self.began_unix_nano == 0 {
            self.began_unix_nano = now;
        }
        let mark = Mark { now, call: Exemplar::new(call.trace_id, call.span_id, 1.0, now) };
        let began = self.began_unix_nano;
        let counter = self.counts.entry(Count::Requests(call.error_class).number(), || Counter {
            value: 0,
            created_unix_nano: began,
        });
        counter.value = counter.value.saturating_add(1);
        *self.last.entry(call.error_class as usize, Exemplar::default) = mark.call;
        self.record_times(call, mark);
        if call.error_class == ErrorClass::None {
            self.add(Count::Streaming(call.streaming, call.duration_seconds > LONG_CALL_SECONDS), 1, now);
        } else {
            self.record_error(call, mark);
        }
        if call.retries > 0 {
            self.add(Count::Retries, u64::from(call.retries), now);
        }
        self.record_usage(call, mark);
        self.record_cost(call, mark);
    }

    /// Adds what a call stands for, itself included, to the estimates. Those of [`Self::record`] know nothing of it.
    pub fn estimate(&mut self, call: &CallRecord<'_>, now: u64) {
        let weight = Exact::from_f64(call.weight.unwrap_or(1.0)).unwrap_or(Exact::ZERO);
        self.weigh(Estimate::Requests(call.error_class), weight, now);
        for (kind, count) in call.tokens.iter().flat_map(Tokens::iter) {
            self.weigh(Estimate::Tokens(kind), weight.times(Exact::from_count(count)), now);
        }
        let Some(cost) = &call.cost else { return };
        for (kind, dollars) in cost.tokens {
            self.weigh(Estimate::Cost(Some(*kind)), dollars.times(weight), now);
        }
        if !cost.request.is_zero() {
            self.weigh(Estimate::Cost(None), cost.request.times(weight), now);
        }
    }

    fn weigh(&mut self, which: Estimate, amount: Exact, now: u64) {
        let begin = || DollarCounter { value: Exact::ZERO, created_unix_nano: now };
        let counter = self.estimated.entry(which.number(), begin);
        counter.value = counter.value.plus(amount);
    }

    fn add(&mut self, which: Count, amount: u64, now: u64) {
        let begin = || Counter { value: 0, created_unix_nano: now };
        let counter = self.counts.entry(which.number(), begin);
        counter.value = counter.value.saturating_add(amount);
    }

    fn spend(&mut self, which: Dollars, amount: Exact, now: u64) {
        let begin = || DollarCounter { value: Exact::ZERO, created_unix_nano: now };
        let counter = self.dollars.entry(which.number(), begin);
        counter.value = counter.value.plus(amount);
    }

    fn observe(&mut self, which: Spread, value: Exact, mark: Mark) {
        self.observe_as(which, (value, value.approximate()), mark);
    }

    /// The same of a value whose nearest float is known.
    fn observe_as(&mut self, which: Spread, value: (Exact, f64), mark: Mark) {
        let histogram = self.histograms.entry(which.number(), || Histogram::new(mark.now));
        histogram.observe(which.edges(), value, mark.exemplar(value.1));
    }

    /// Values that are no numbers leave everything as it was.
    fn observe_seconds(&mut self, which: Spread, seconds: Option<f64>, mark: Mark) {
        if let Some(value) = seconds.and_then(Exact::from_f64) {
            self.observe(which, value, mark);
        }
    }

    fn record_times(&mut self, call: &CallRecord<'_>, mark: Mark) {
        let seconds = Exact::from_f64(call.duration_seconds);
        let (outcome, size) = match call.error_class {
            ErrorClass::None => (Outcome::Ok, input(call)),
            _ => (Outcome::Error, None),
        };
        if let Some(seconds) = seconds {
            self.observe(Spread::Duration(outcome), seconds, mark);
        }
        if let (Some(seconds), Some(size)) = (seconds, size) {
            self.observe(Spread::ByInput(InputSize::of(size)), seconds, mark);
        }
        self.observe_seconds(Spread::FirstToken, call.time_to_first_token_seconds, mark);
        self.observe_seconds(Spread::PerToken, call.time_per_output_token_seconds, mark);
    }

    fn record_error(&mut self, call: &CallRecord<'_>, mark: Mark) {
        let (class, code, status) = (call.error_class, call.error_code.unwrap_or(""), call.status_code);
        let position = match self.find_error(class, code, status) {
            Some(position) => position,
            None => self.admit_error(class, code, status, mark),
        };
        let row = &mut self.errors[position];
        row.counter.value += 1;
        row.last = mark.call;
        self.add(Count::Retryable(call.retryable), 1, mark.now);
        if let Some(cost) = &call.cost {
            self.spend(Dollars::ErrorCost(call.error_class), cost.total, mark.now);
        }
    }

    /// The row of a cause that was not found as it came: screened, bounded, perhaps new.
    #[cold]
    fn admit_error(&mut self, class: ErrorClass, code: &str, status: Option<u16>, mark: Mark) -> usize {
        let (code, status) = if self.errors.len() >= ERROR_ROWS {
            (OTHER, None)
        } else if code.len() > MAX_VALUE_BYTES || code.chars().any(char::is_control) || looks_secret(code) {
            (OTHER, status)
        } else {
            (code, status)
        };
        self.find_error(class, code, status).unwrap_or_else(|| {
            let counter = Counter { value: 0, created_unix_nano: mark.now };
            self.errors.reserve_exact(1);
            self.errors.push(ErrorRow {
                class,
                code: code.into(),
                status,
                counter,
                last: Exemplar::default(),
            });
            self.errors.len() - 1
        })
    }

    fn find_error(&self, class: ErrorClass, code: &str, status: Option<u16>) -> Option<usize> {
        self.errors.iter().position(|row| row.class == class && row.status == status && &*row.code == code)
    }

    fn record_usage(&mut self, call: &CallRecord<'_>, mark: Mark) {
        match &call.tokens {
            Some(tokens) => {
                tokens.iter().for_each(|(kind, count)| self.add(Count::Tokens(kind), count, mark.now));
                if let Some(size) = input(call) {
                    self.observe_as(Spread::InputTokens, (Exact::from_count(size), size as f64), mark);
                }
            }
            None => self.add(Count::WithoutUsage, 1, mark.now),
        }
        for (kind, count) in call.estimated_tokens.iter().flat_map(Tokens::iter) {
            self.add(Count::Estimated(kind), count, mark.now);
        }
        if let Some(reason) = call.suspicious_usage {
            self.suspect(reason, mark.now);
        }
    }

    fn suspect(&mut self, reason: &'static str, now: u64) {
        match self.suspicious.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, counter)) => counter.value += 1,
            None => {
                self.suspicious.reserve_exact(1);
                self.suspicious.push((reason, Counter { value: 1, created_unix_nano: now }));
            }
        }
    }

    fn count_foreign(&mut self, currency: &'static str, amount: f64, now: u64) {
        let Some(amount) = Exact::from_f64(amount) else { return };
        match self.foreign.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, counter)) => counter.value = counter.value.plus(amount),
            None => self.foreign.push((currency, DollarCounter { value: amount, created_unix_nano: now })),
        }
    }

    fn record_cost(&mut self, call: &CallRecord<'_>, mark: Mark) {
        self.add(Count::Priced(call.price_source), 1, mark.now);
        if let Some(dollars) = call.reported_cost_usd.and_then(Exact::from_f64) {
            self.spend(Dollars::Reported, dollars, mark.now);
        }
        if let Some((currency, amount)) = call.reported_cost_foreign {
            self.count_foreign(currency, amount, mark.now);
        }
        let Some(cost) = &call.cost else { return };
        for (kind, dollars) in cost.tokens {
            self.spend(Dollars::Cost(Some(*kind)), *dollars, mark.now);
        }
        for (which, dollars) in
            [(Dollars::Cost(None), cost.request), (Dollars::CacheSavings, cost.cache_savings)]
        {
            if !dollars.is_zero() {
                self.spend(which, dollars, mark.now);
            }
        }
        self.observe(Spread::RequestCost, cost.total, mark);
    }
}

/// Tokens of the whole prompt, where they are stated.
fn input(call: &CallRecord<'_>) -> Option<u64> {
    const PROMPT: u16 = (1 << TokenType::Output as u16) - 1;
    call.tokens.as_ref().filter(|tokens| tokens.stated() & PROMPT != 0).map(Tokens::input_total)
}

/// What of a call marks the values it raises.
#[derive(Clone, Copy)]
struct Mark {
    now: u64,
    call: Exemplar,
}

impl Mark {
    fn exemplar(&self, value: f64) -> Exemplar {
        self.call.of(value)
    }
}
