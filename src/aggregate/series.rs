//! All metrics of one label tuple.

use super::cardinality::{MAX_VALUE_BYTES, OTHER, looks_secret};
use super::point::{Children, Counter, Exemplar, Histogram, TracedCounter};
use crate::call::{CallRecord, ErrorClass, PriceSource, TokenType, Tokens};
use crate::metric::{
    BY_INPUT_EDGES, COST_EDGES, DURATION_EDGES, FIRST_TOKEN_EDGES, INPUT_TOKEN_EDGES, PER_TOKEN_EDGES,
};

/// Distinct (class, code, status) of one tuple; what comes beyond reads code `other`, no status.
const ERROR_ROWS: usize = 64;

/// Calls longer than this wait visibly when they do not stream, seconds.
const LONG_CALL_SECONDS: f64 = 10.0;

/// Seconds of whole calls.
pub type DurationHistogram = Histogram<{ DURATION_EDGES.len() + 1 }>;
/// Seconds of whole calls, by prompt size.
pub type ByInputHistogram = Histogram<{ BY_INPUT_EDGES.len() + 1 }>;
type FirstTokenHistogram = Histogram<{ FIRST_TOKEN_EDGES.len() + 1 }>;
type PerTokenHistogram = Histogram<{ PER_TOKEN_EDGES.len() + 1 }>;
type InputTokenHistogram = Histogram<{ INPUT_TOKEN_EDGES.len() + 1 }>;
type CostHistogram = Histogram<{ COST_EDGES.len() + 1 }>;

/// Everything that is counted of the calls with the same labels. Children appear with the first call
/// that has them; one that exists is raised without allocating, unless a view holds the tuple: then it is
/// copied once, and the view keeps what it saw.
#[derive(Clone, Debug, Default)]
pub struct CallSeries {
    /// The call labels as text, rendered once.
    pub rendered: Box<str>,
    /// When a call was last counted here, nanoseconds since the Unix epoch.
    pub used_unix_nano: u64,
    /// Calls by class.
    pub requests: Children<ErrorClass, TracedCounter>,
    /// Durations by outcome.
    pub duration: Children<Outcome, Box<DurationHistogram>>,
    /// Time to the first token.
    pub first_token: Option<Box<FirstTokenHistogram>>,
    /// Time per output token.
    pub per_token: Option<Box<PerTokenHistogram>>,
    /// Durations of successes by prompt size.
    pub duration_by_input: Children<InputSize, Box<ByInputHistogram>>,
    /// Failures by cause.
    pub errors: Vec<ErrorRow>,
    /// Failures by `retryable`.
    pub retryable: Children<Option<bool>, Counter>,
    /// Dollars of failures by class.
    pub error_cost: Children<ErrorClass, Counter>,
    /// Hidden attempts.
    pub retries: Option<Counter>,
    /// Successes by (streaming, longer than 10 s).
    pub streaming: Children<(Option<bool>, bool), Counter>,
    /// Tokens by kind.
    pub tokens: Children<TokenType, Counter>,
    /// Whole prompts.
    pub input_tokens: Option<Box<InputTokenHistogram>>,
    /// Calls without usage.
    pub without_usage: Option<Counter>,
    /// Calls with suspicious usage by reason.
    pub suspicious: Children<&'static str, Counter>,
    /// Estimated tokens by kind.
    pub estimated: Children<TokenType, Counter>,
    /// Dollars by kind; `None` = per-request and tool fees.
    pub cost: Children<Option<TokenType>, Counter>,
    /// Dollars per call.
    pub request_cost: Option<Box<CostHistogram>>,
    /// Dollars saved by caches.
    pub cache_savings: Option<Counter>,
    /// Dollars as reported by instrumentations.
    pub reported_cost: Option<Counter>,
    /// Calls by the source of their price.
    pub priced: Children<PriceSource, Counter>,
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
    pub counter: TracedCounter,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
}

impl Outcome {
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
        Self { rendered: rendered.into_boxed_str(), ..Self::default() }
    }

    /// Counts one call.
    pub fn record(&mut self, call: &CallRecord<'_>, now: u64) {
        self.used_unix_nano = now;
        let mark = Mark { trace_id: call.trace_id, span_id: call.span_id, now };
        mark.raise(self.requests.child(call.error_class, || mark.traced()));
        self.record_times(call, mark);
        if call.error_class == ErrorClass::None {
            let seconds = call.duration_seconds;
            mark.add(
                self.streaming.child((call.streaming, seconds > LONG_CALL_SECONDS), || mark.counter()),
                1.0,
            );
        } else {
            self.record_error(call, mark);
        }
        if call.retries > 0 {
            mark.add(self.retries.get_or_insert_with(|| mark.counter()), f64::from(call.retries));
        }
        self.record_usage(call, mark);
        self.record_cost(call, mark);
    }

    fn record_times(&mut self, call: &CallRecord<'_>, mark: Mark) {
        let outcome = if call.error_class == ErrorClass::None { Outcome::Ok } else { Outcome::Error };
        if let Some(seconds) = mark.exemplar(call.duration_seconds) {
            let histogram = self.duration.child(outcome, || Box::new(Histogram::new(mark.now)));
            histogram.observe(&DURATION_EDGES, seconds);
        }
        if let Some(seconds) = call.time_to_first_token_seconds.and_then(|seconds| mark.exemplar(seconds)) {
            let histogram = self.first_token.get_or_insert_with(|| Box::new(Histogram::new(mark.now)));
            histogram.observe(&FIRST_TOKEN_EDGES, seconds);
        }
        if let Some(seconds) = call.time_per_output_token_seconds.and_then(|seconds| mark.exemplar(seconds)) {
            let histogram = self.per_token.get_or_insert_with(|| Box::new(Histogram::new(mark.now)));
            histogram.observe(&PER_TOKEN_EDGES, seconds);
        }
    }

    fn record_error(&mut self, call: &CallRecord<'_>, mark: Mark) {
        mark.raise(self.error_row(call, mark));
        mark.add(self.retryable.child(call.retryable, || mark.counter()), 1.0);
        if let Some(cost) = &call.cost {
            mark.add(self.error_cost.child(call.error_class, || mark.counter()), cost.total);
        }
    }

    fn error_row(&mut self, call: &CallRecord<'_>, mark: Mark) -> &mut TracedCounter {
        let (class, code, status) = (call.error_class, call.error_code.unwrap_or(""), call.status_code);
        let position = match self.find_error(class, code, status) {
            Some(position) => position,
            None => self.admit_error(class, code, status, mark),
        };
        &mut self.errors[position].counter
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
            self.errors.push(ErrorRow { class, code: code.into(), status, counter: mark.traced() });
            self.errors.len() - 1
        })
    }

    fn find_error(&self, class: ErrorClass, code: &str, status: Option<u16>) -> Option<usize> {
        self.errors.iter().position(|row| row.class == class && row.status == status && &*row.code == code)
    }

    fn record_usage(&mut self, call: &CallRecord<'_>, mark: Mark) {
        match &call.tokens {
            Some(tokens) => {
                add_tokens(&mut self.tokens, tokens, mark);
                self.record_input(call, tokens, mark);
            }
            None => mark.add(self.without_usage.get_or_insert_with(|| mark.counter()), 1.0),
        }
        if let Some(tokens) = &call.estimated_tokens {
            add_tokens(&mut self.estimated, tokens, mark);
        }
        if let Some(reason) = call.suspicious_usage {
            mark.add(self.suspicious.child(reason, || mark.counter()), 1.0);
        }
    }

    fn record_input(&mut self, call: &CallRecord<'_>, tokens: &Tokens, mark: Mark) {
        if !tokens.iter().any(|(kind, _)| kind.is_input()) {
            return;
        }
        let size = tokens.input_total();
        if let Some(value) = mark.exemplar(number(size)) {
            let histogram = self.input_tokens.get_or_insert_with(|| Box::new(Histogram::new(mark.now)));
            histogram.observe(&INPUT_TOKEN_EDGES, value);
        }
        if call.error_class != ErrorClass::None {
            return;
        }
        if let Some(seconds) = mark.exemplar(call.duration_seconds) {
            let histogram =
                self.duration_by_input.child(InputSize::of(size), || Box::new(Histogram::new(mark.now)));
            histogram.observe(&BY_INPUT_EDGES, seconds);
        }
    }

    fn record_cost(&mut self, call: &CallRecord<'_>, mark: Mark) {
        mark.add(self.priced.child(call.price_source, || mark.counter()), 1.0);
        if let Some(dollars) = call.reported_cost_usd {
            mark.add(self.reported_cost.get_or_insert_with(|| mark.counter()), dollars);
        }
        let Some(cost) = &call.cost else { return };
        for (kind, dollars) in cost.tokens {
            mark.add(self.cost.child(Some(*kind), || mark.counter()), *dollars);
        }
        if cost.request > 0.0 {
            mark.add(self.cost.child(None, || mark.counter()), cost.request);
        }
        if cost.cache_savings > 0.0 {
            mark.add(self.cache_savings.get_or_insert_with(|| mark.counter()), cost.cache_savings);
        }
        if let Some(dollars) = mark.exemplar(cost.total) {
            let histogram = self.request_cost.get_or_insert_with(|| Box::new(Histogram::new(mark.now)));
            histogram.observe(&COST_EDGES, dollars);
        }
    }
}

fn add_tokens(counters: &mut Children<TokenType, Counter>, tokens: &Tokens, mark: Mark) {
    for (kind, count) in tokens.iter() {
        mark.add(counters.child(kind, || mark.counter()), number(count));
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has only floats, exact to 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}

/// What of a call marks the values it raises.
#[derive(Clone, Copy)]
struct Mark {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    now: u64,
}

impl Mark {
    const fn counter(self) -> Counter {
        Counter::new(self.now)
    }

    const fn traced(self) -> TracedCounter {
        TracedCounter { counter: Counter::new(self.now), exemplar: None }
    }

    /// A value that may be counted, with its call; nothing for NaN, infinite and negative ones.
    fn exemplar(self, value: f64) -> Option<Exemplar> {
        let Self { trace_id, span_id, now } = self;
        (value.is_finite() && value >= 0.0).then_some(Exemplar { trace_id, span_id, value, unix_nano: now })
    }

    /// Raises a counter; what is not a finite, positive number leaves it alone.
    #[expect(clippy::unused_self, reason = "reads as the counterpart of `raise`")]
    fn add(self, counter: &mut Counter, amount: f64) {
        if amount.is_finite() && amount > 0.0 {
            counter.value += amount;
        }
    }

    fn raise(self, traced: &mut TracedCounter) {
        traced.counter.value += 1.0;
        traced.exemplar = self.exemplar(1.0);
    }
}
