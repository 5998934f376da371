//! All metrics of one label tuple.

use std::sync::Arc;

use super::cardinality::{MAX_VALUE_BYTES, OTHER, looks_secret};
use super::point::{Counter, DollarCounter, Exemplar, Histogram, Sparse};
use crate::call::{CallRecord, ErrorClass, PriceSource, TokenType, Tokens};
use crate::exact::Exact;
use crate::metric::{
    BY_INPUT_EDGES, COST_EDGES, DURATION_EDGES, FIRST_TOKEN_EDGES, INPUT_TOKEN_EDGES, PER_TOKEN_EDGES,
};

/// Distinct (class, code, status) of one tuple; what comes beyond reads code `other`, no status.
const ERROR_ROWS: usize = 64;

/// Calls longer than this wait visibly when they do not stream, seconds.
const LONG_CALL_SECONDS: f64 = 10.0;

/// Everything that is counted of the calls with the same labels. Series appear with the first call
/// that has them; one that exists is raised without allocating, unless a view holds the tuple: then it is
/// copied once, and the view keeps what it saw.
#[derive(Clone, Debug)]
pub struct CallSeries {
    /// The call labels as text, rendered once.
    pub rendered: Arc<str>,
    /// When a call was last counted here, nanoseconds since the Unix epoch.
    pub used_unix_nano: u64,
    /// Failures by cause.
    pub errors: Vec<ErrorRow>,
    /// Calls with suspicious usage by reason.
    pub suspicious: Vec<(&'static str, Counter)>,
    counts: Sparse<Counter>,
    dollars: Sparse<DollarCounter>,
    histograms: Sparse<Histogram>,
    /// The last call of each class.
    last: Sparse<Exemplar>,
}

/// Which counter of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Calls by class.
    Requests(ErrorClass),
    /// Failures by `retryable`.
    Retryable(Option<bool>),
    /// Hidden attempts.
    Retries,
    /// Successes by (streaming, longer than 10 s).
    Streaming(Option<bool>, bool),
    /// Tokens by kind.
    Tokens(TokenType),
    /// Estimated tokens by kind.
    Estimated(TokenType),
    /// Calls without usage.
    WithoutUsage,
    /// Calls by the source of their price.
    Priced(PriceSource),
}

/// Which counter of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dollars {
    /// Spent, by kind; `None` = per-request and tool fees.
    Cost(Option<TokenType>),
    /// Spent on failures, by class.
    ErrorCost(ErrorClass),
    /// Saved by caches.
    CacheSavings,
    /// As reported by instrumentations.
    Reported,
}

/// Which histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Seconds of whole calls.
    Duration(Outcome),
    /// Seconds to the first token.
    FirstToken,
    /// Seconds per output token.
    PerToken,
    /// Seconds of successes by prompt size.
    ByInput(InputSize),
    /// Tokens of whole prompts.
    InputTokens,
    /// Dollars per call.
    RequestCost,
}

const CLASSES: usize = ErrorClass::ALL.len();
const KINDS: usize = TokenType::ALL.len();

impl Count {
    /// A number below 64 of its own.
    const fn number(self) -> usize {
        const RETRYABLE: usize = CLASSES;
        const STREAMING: usize = RETRYABLE + 3;
        const TOKENS: usize = STREAMING + 6;
        const ESTIMATED: usize = TOKENS + KINDS;
        const PRICED: usize = ESTIMATED + KINDS;
        const RETRIES: usize = PRICED + PriceSource::ALL.len();
        const WITHOUT_USAGE: usize = RETRIES + 1;
        const { assert!(WITHOUT_USAGE < 64) };
        match self {
            Self::Requests(class) => class as usize,
            Self::Retryable(retryable) => RETRYABLE + told(retryable),
            Self::Streaming(streaming, long) => STREAMING + told(streaming) * 2 + long as usize,
            Self::Tokens(kind) => TOKENS + kind as usize,
            Self::Estimated(kind) => ESTIMATED + kind as usize,
            Self::Priced(source) => PRICED + source as usize,
            Self::Retries => RETRIES,
            Self::WithoutUsage => WITHOUT_USAGE,
        }
    }
}

impl Dollars {
    const fn number(self) -> usize {
        const REQUEST: usize = KINDS;
        const ERRORS: usize = REQUEST + 1;
        const SAVINGS: usize = ERRORS + CLASSES;
        const REPORTED: usize = SAVINGS + 1;
        const { assert!(REPORTED < 64) };
        match self {
            Self::Cost(Some(kind)) => kind as usize,
            Self::Cost(None) => REQUEST,
            Self::ErrorCost(class) => ERRORS + class as usize,
            Self::CacheSavings => SAVINGS,
            Self::Reported => REPORTED,
        }
    }
}

impl Spread {
    const fn number(self) -> usize {
        match self {
            Self::Duration(outcome) => outcome as usize,
            Self::FirstToken => 2,
            Self::PerToken => 3,
            Self::InputTokens => 4,
            Self::RequestCost => 5,
            Self::ByInput(size) => 6 + size as usize,
        }
    }

    const fn edges(self) -> &'static [f64] {
        match self {
            Self::Duration(_) => &DURATION_EDGES,
            Self::FirstToken => &FIRST_TOKEN_EDGES,
            Self::PerToken => &PER_TOKEN_EDGES,
            Self::InputTokens => &INPUT_TOKEN_EDGES,
            Self::RequestCost => &COST_EDGES,
            Self::ByInput(_) => &BY_INPUT_EDGES,
        }
    }
}

const fn told(fact: Option<bool>) -> usize {
    match fact {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
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

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
}

impl Outcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ok, Self::Error];

    /// The value of the `outcome` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// Size of a whole prompt, in classes at whose borders providers change price or pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSize {
    /// Up to 8,000 tokens.
    To8k,
    /// Up to 32,000.
    To32k,
    /// Up to 80,000.
    To80k,
    /// Up to 100,000.
    To100k,
    /// Up to 200,000.
    To200k,
    /// More.
    Over200k,
}

impl InputSize {
    /// Every class.
    pub const ALL: [Self; 6] =
        [Self::To8k, Self::To32k, Self::To80k, Self::To100k, Self::To200k, Self::Over200k];

    /// The class of a prompt.
    #[must_use]
    pub const fn of(tokens: u64) -> Self {
        match tokens {
            0..=8_000 => Self::To8k,
            8_001..=32_000 => Self::To32k,
            32_001..=80_000 => Self::To80k,
            80_001..=100_000 => Self::To100k,
            100_001..=200_000 => Self::To200k,
            200_001.. => Self::Over200k,
        }
    }

    /// The value of the `input_size` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::To8k => "0-8k",
            Self::To32k => "8k-32k",
            Self::To80k => "32k-80k",
            Self::To100k => "80k-100k",
            Self::To200k => "100k-200k",
            Self::Over200k => "200k+",
        }
    }
}

impl CallSeries {
    /// A tuple without calls.
    #[must_use]
    pub fn new(rendered: String) -> Self {
        Self {
            rendered: rendered.into(),
            used_unix_nano: 0,
            errors: Vec::new(),
            suspicious: Vec::new(),
            counts: Sparse::default(),
            dollars: Sparse::default(),
            histograms: Sparse::default(),
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

    /// The last call of a class.
    #[must_use]
    pub fn last(&self, class: ErrorClass) -> Option<&Exemplar> {
        self.last.get(class as usize)
    }

    /// Counts one call.
    pub fn record(&mut self, call: &CallRecord<'_>, now: u64) {
        self.used_unix_nano = now;
        let mark = Mark { trace_id: call.trace_id, span_id: call.span_id, now };
        self.add(Count::Requests(call.error_class), 1, now);
        *self.last.entry(call.error_class as usize, Exemplar::default) = mark.exemplar(1.0);
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
        let histogram = self.histograms.entry(which.number(), || Histogram::new(mark.now));
        histogram.observe(which.edges(), value, mark.exemplar(value.approximate()));
    }

    /// Values that are no numbers leave everything as it was.
    fn observe_seconds(&mut self, which: Spread, seconds: Option<f64>, mark: Mark) {
        if let Some(value) = seconds.and_then(Exact::from_f64) {
            self.observe(which, value, mark);
        }
    }

    fn record_times(&mut self, call: &CallRecord<'_>, mark: Mark) {
        let outcome = if call.error_class == ErrorClass::None { Outcome::Ok } else { Outcome::Error };
        self.observe_seconds(Spread::Duration(outcome), Some(call.duration_seconds), mark);
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
        row.last = mark.exemplar(1.0);
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
                self.record_input(call, tokens, mark);
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

    fn record_input(&mut self, call: &CallRecord<'_>, tokens: &Tokens, mark: Mark) {
        if !tokens.iter().any(|(kind, _)| kind.is_input()) {
            return;
        }
        let size = tokens.input_total();
        self.observe(Spread::InputTokens, Exact::from_count(size), mark);
        if call.error_class == ErrorClass::None {
            let which = Spread::ByInput(InputSize::of(size));
            self.observe_seconds(which, Some(call.duration_seconds), mark);
        }
    }

    fn record_cost(&mut self, call: &CallRecord<'_>, mark: Mark) {
        self.add(Count::Priced(call.price_source), 1, mark.now);
        if let Some(dollars) = call.reported_cost_usd.and_then(Exact::from_f64) {
            self.spend(Dollars::Reported, dollars, mark.now);
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

/// What of a call marks the values it raises.
#[derive(Clone, Copy)]
struct Mark {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    now: u64,
}

impl Mark {
    fn exemplar(self, value: f64) -> Exemplar {
        Exemplar::new(self.trace_id, self.span_id, value, self.now)
    }
}
