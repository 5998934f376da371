//! The state of every limit, and what is true of it at a moment.
//!
//! In: what responses said, with the time they ended, in any order. Out: [`LimitSample`]s for the
//! moment that is asked for: a limit is refilled when its reset has passed, forgotten when nothing
//! speaks of it any more, and never jumps back because an older answer came late. Bounded: at most
//! `max_entries` limits, and what comes above is counted.

use std::collections::VecDeque;

use foldhash::HashMap;

use super::scope::shared_by;
use super::settings::LimitsConfig;
use crate::call::{LimitEvidence, RateLimit, Resource, Window};

const NANOS: f64 = 1e9;
const SECOND: u64 = 1_000_000_000;
/// How long a peak is remembered: longer than two scrape intervals of a minute.
const PEAK_NANOS: u64 = 120 * SECOND;
/// Points of the recent past are at least this far apart, so their number is bounded.
const POINT_NANOS: u64 = 5 * SECOND;
/// A pace is known from points at least this far apart.
const PACE_NANOS: u64 = 5 * SECOND;

/// Newest states of all limits.
#[derive(Debug)]
pub struct LimitStore {
    states: HashMap<Key, State>,
    stale_nanos: u64,
    max_entries: usize,
    dropped: u64,
}

/// What one call told: whose limits, and which.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The convention's provider name.
    pub provider: &'a str,
    /// The call's `model` label.
    pub model: &'a str,
    /// The limits that [`read`](super::read()) found.
    pub limits: &'a [RateLimit],
    /// End of the call, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
}

/// One series of each `llm_rate_limit_*` gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitSample {
    /// The convention's provider name.
    pub provider: String,
    /// Model, family or `*`: what shares the limit.
    pub model: String,
    /// Configured name or short hash; empty when nothing tells.
    pub account: String,
    /// What is counted.
    pub resource: Resource,
    /// Over which time.
    pub window: Window,
    /// Who says so.
    pub source: LimitSource,
    /// The ceiling.
    pub limit: Option<u64>,
    /// What is left.
    pub remaining: Option<u64>,
    /// Used part, 0 and up.
    pub used_ratio: Option<f64>,
    /// Highest used part of the last two minutes.
    pub peak_used_ratio: Option<f64>,
    /// Seconds until it is refilled.
    pub reset_seconds: Option<f64>,
    /// Seconds until nothing is left at the present pace; absent while it does not fall.
    pub exhaustion_seconds: Option<f64>,
}

/// The value of the `source` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitSource {
    /// The provider said so.
    Header,
    /// The configuration says so; usage is counted here.
    Configured,
}

/// A ceiling that has changed: a higher tier, or a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// The convention's provider name.
    pub provider: String,
    /// Model, family or `*`.
    pub model: String,
    /// Configured name or short hash.
    pub account: String,
    /// What is counted.
    pub resource: Resource,
    /// Over which time.
    pub window: Window,
    /// The ceiling before.
    pub old: u64,
    /// The ceiling now.
    pub new: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    provider: String,
    model: String,
    account: String,
    resource: Resource,
    window: Window,
    scope: &'static str,
}

#[derive(Debug)]
struct State {
    limit: Option<u64>,
    remaining: Option<u64>,
    used_ratio: Option<f64>,
    reset_at: Option<u64>,
    /// The newest end of a call that spoke of it.
    seen_at: u64,
    /// Stated in a text only: what holds after its wait is not known.
    from_message: bool,
    points: VecDeque<Point>,
    /// The ceiling that was last reported, and one that was seen once and awaits its confirmation.
    reported: Option<u64>,
    candidate: Option<u64>,
}

/// The recent past, one point for each [`POINT_NANOS`].
#[derive(Clone, Copy, Debug)]
struct Point {
    at: u64,
    used_ratio: f64,
    peak: f64,
}

// === impl LimitStore ===

impl LimitStore {
    /// An empty store.
    #[must_use]
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            states: HashMap::default(),
            stale_nanos: config.stale_after_seconds.saturating_mul(SECOND),
            max_entries: config.max_entries,
            dropped: 0,
        }
    }

    /// Takes in what one call told. Returns ceilings that have changed, each once two answers agree.
    pub fn observe(&mut self, observation: &Observation<'_>, now_unix_nano: u64) -> Vec<LimitChange> {
        // A clock ahead of ours must not keep a limit alive.
        let end = observation.end_unix_nano.min(now_unix_nano);
        let mut changes = Vec::new();
        for limit in observation.limits {
            let key = Key::new(observation, limit);
            if !self.make_room(&key, now_unix_nano) {
                self.dropped += 1;
                continue;
            }
            let state = self.states.entry(key.clone()).or_insert_with(|| State::new(limit, end));
            if let Some((old, new)) = state.take(limit, end) {
                changes.push(key.change(old, new));
            }
        }
        changes
    }

    /// What is true at `now_unix_nano`, at most one sample for each set of labels: of several limits
    /// under the same labels (project and organisation) the fullest.
    #[must_use]
    pub fn samples(&self, now_unix_nano: u64) -> Vec<LimitSample> {
        let mut samples: Vec<LimitSample> = Vec::with_capacity(self.states.len());
        let alive = self
            .states
            .iter()
            .filter(|(key, state)| state.is_shown(key.window, now_unix_nano, self.stale_nanos));
        samples.extend(alive.map(|(key, state)| state.sample(key, now_unix_nano)));
        samples.sort_by(|left, right| left.labels().cmp(&right.labels()).then_with(|| right.fullness(left)));
        samples.dedup_by(|next, kept| next.labels() == kept.labels());
        samples
    }

    /// Forgets what is no longer shown. Call it now and then; `samples` never shows it anyway.
    pub fn sweep(&mut self, now_unix_nano: u64) {
        let stale = self.stale_nanos;
        self.states.retain(|key, state| state.is_shown(key.window, now_unix_nano, stale));
    }

    /// How many limits are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// True when none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// How many observations found no room.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn make_room(&mut self, key: &Key, now_unix_nano: u64) -> bool {
        if self.states.contains_key(key) || self.states.len() < self.max_entries {
            return true;
        }
        self.sweep(now_unix_nano);
        self.states.len() < self.max_entries
    }
}

// === impl Key ===

impl Key {
    fn new(observation: &Observation<'_>, limit: &RateLimit) -> Self {
        Self {
            provider: observation.provider.to_owned(),
            model: shared_by(observation.provider, observation.model, limit.scope).to_owned(),
            account: limit.account.clone().unwrap_or_default(),
            resource: limit.resource,
            window: limit.window,
            scope: limit.scope,
        }
    }

    fn change(self, old: u64, new: u64) -> LimitChange {
        let Self { provider, model, account, resource, window, scope: _ } = self;
        LimitChange { provider, model, account, resource, window, old, new }
    }
}

// === impl State ===

impl State {
    fn new(limit: &RateLimit, end: u64) -> Self {
        Self {
            limit: limit.limit,
            remaining: None,
            used_ratio: None,
            reset_at: None,
            seen_at: end,
            from_message: limit.evidence == LimitEvidence::Message,
            points: VecDeque::new(),
            reported: limit.limit,
            candidate: None,
        }
    }

    /// Takes in one answer; returns a confirmed change of the ceiling.
    fn take(&mut self, told: &RateLimit, end: u64) -> Option<(u64, u64)> {
        let from_message = told.evidence == LimitEvidence::Message;
        let fresh = self.points.is_empty();
        if !fresh && (end < self.seen_at || from_message && !self.from_message) {
            self.note(end, told.used_ratio);
            return None;
        }
        if !fresh && self.is_older_answer(told, end) {
            // It was written before the state we know: the call is newer, its headers are not.
            self.seen_at = end;
            return None;
        }
        let change = self.ceiling(told.limit);
        self.from_message = from_message;
        self.limit = told.limit.or(self.limit);
        self.remaining = told.remaining;
        self.used_ratio = told.used_ratio;
        self.reset_at = told.reset_seconds.map(|seconds| end.saturating_add(nanos(seconds)));
        self.seen_at = end;
        self.note(end, told.used_ratio);
        change
    }

    /// More is left than can have flowed back since: the provider wrote this answer's headers when a
    /// long call began, before the ones we know. Until the reset a limit refills at most evenly.
    fn is_older_answer(&self, told: &RateLimit, end: u64) -> bool {
        let (Some(known), Some(new), Some(reset_at)) = (self.used_ratio, told.used_ratio, self.reset_at)
        else {
            return false;
        };
        if self.limit != told.limit || end >= reset_at || reset_at <= self.seen_at {
            return false;
        }
        #[expect(clippy::cast_precision_loss, reason = "spans of days fit")]
        let passed = (end - self.seen_at) as f64 / (reset_at - self.seen_at) as f64;
        let refilled = known * (1.0 - passed);
        new < refilled - 0.01
    }

    /// Two answers in a row must agree before a change is told: two accounts under one key would
    /// otherwise fill the log.
    fn ceiling(&mut self, told: Option<u64>) -> Option<(u64, u64)> {
        let told = told?;
        let Some(reported) = self.reported.filter(|reported| *reported != told) else {
            self.reported = Some(told);
            self.candidate = None;
            return None;
        };
        if self.candidate != Some(told) {
            self.candidate = Some(told);
            return None;
        }
        self.candidate = None;
        self.reported = Some(told);
        Some((reported, told))
    }

    fn note(&mut self, at: u64, used_ratio: Option<f64>) {
        let Some(used_ratio) = used_ratio else { return };
        while self.points.front().is_some_and(|point| point.at + PEAK_NANOS < at) {
            self.points.pop_front();
        }
        match self.points.iter_mut().rev().find(|point| at < point.at.saturating_add(POINT_NANOS)) {
            Some(point) if point.at.saturating_sub(POINT_NANOS) < at => {
                point.peak = point.peak.max(used_ratio);
                point.used_ratio = if at >= self.seen_at { used_ratio } else { point.used_ratio };
            }
            Some(_) => {}
            None => self.points.push_back(Point { at, used_ratio, peak: used_ratio }),
        }
    }

    /// When the limit is full again: by the provider's word, else when its window has passed.
    fn refilled_at(&self, window: Window) -> Option<u64> {
        self.reset_at.or_else(|| length(window).map(|length| self.seen_at.saturating_add(length)))
    }

    fn is_refilled(&self, window: Window, now: u64) -> bool {
        self.refilled_at(window).is_some_and(|at| now >= at)
    }

    fn is_shown(&self, window: Window, now: u64, stale: u64) -> bool {
        if self.from_message && self.is_refilled(window, now) {
            return false;
        }
        let until = self.refilled_at(window).unwrap_or(self.seen_at).max(self.seen_at);
        now < until.saturating_add(stale)
    }

    fn sample(&self, key: &Key, now: u64) -> LimitSample {
        let refilled = self.is_refilled(key.window, now);
        let used_ratio = if refilled { self.used_ratio.map(|_| 0.0) } else { self.used_ratio };
        #[expect(clippy::cast_precision_loss, reason = "seconds until a reset")]
        let until = |at: u64| (at.saturating_sub(now)) as f64 / NANOS;
        LimitSample {
            provider: key.provider.clone(),
            model: key.model.clone(),
            account: key.account.clone(),
            resource: key.resource,
            window: key.window,
            source: LimitSource::Header,
            limit: self.limit,
            remaining: if refilled {
                self.limit.filter(|_| self.remaining.is_some())
            } else {
                self.remaining
            },
            used_ratio,
            peak_used_ratio: self.peak(now, used_ratio),
            reset_seconds: self.reset_at.filter(|_| !refilled).map(until),
            exhaustion_seconds: if refilled { None } else { self.exhaustion(key.window, now) },
        }
    }

    fn peak(&self, now: u64, used_ratio: Option<f64>) -> Option<f64> {
        let recent = self.points.iter().filter(|point| point.at + PEAK_NANOS >= now).map(|point| point.peak);
        recent.chain(used_ratio).reduce(f64::max)
    }

    /// At the pace of the last two minutes: what is left, divided by how fast it falls. A pace that
    /// leads past the reset of a window of hours or days leads nowhere.
    fn exhaustion(&self, window: Window, now: u64) -> Option<f64> {
        let newest = self.points.back()?;
        let rising = self.points.iter().rev().scan(newest.used_ratio, |later, point| {
            let goes_on = point.used_ratio <= *later + 0.1;
            *later = point.used_ratio;
            goes_on.then_some(point)
        });
        let oldest = rising.filter(|point| point.at + PEAK_NANOS >= now).last()?;
        if newest.at < oldest.at + PACE_NANOS || newest.used_ratio <= oldest.used_ratio {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "spans of minutes")]
        let span = (newest.at - oldest.at) as f64 / NANOS;
        #[expect(clippy::cast_precision_loss, reason = "spans of minutes")]
        let since = now.saturating_sub(newest.at) as f64 / NANOS;
        let pace = (newest.used_ratio - oldest.used_ratio) / span;
        let seconds = ((1.0 - newest.used_ratio) / pace - since).max(0.0);
        let reset = self.reset_at.filter(|_| is_long(window));
        #[expect(clippy::cast_precision_loss, reason = "seconds until a reset")]
        let in_time = reset.is_none_or(|at| seconds <= at.saturating_sub(now) as f64 / NANOS);
        in_time.then_some(seconds)
    }
}

// === impl LimitSample ===

impl LimitSample {
    fn labels(&self) -> (&str, &str, &str, Resource, Window, LimitSource) {
        (&self.provider, &self.model, &self.account, self.resource, self.window, self.source)
    }

    fn fullness(&self, other: &Self) -> std::cmp::Ordering {
        self.used_ratio.unwrap_or(-1.0).total_cmp(&other.used_ratio.unwrap_or(-1.0))
    }
}

// === impl LimitSource ===

impl LimitSource {
    /// The value of the label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Configured => "configured",
        }
    }
}

/// Nanoseconds of a window; `None` when it is not known.
pub(super) const fn length(window: Window) -> Option<u64> {
    match window {
        Window::Second => Some(SECOND),
        Window::Minute => Some(60 * SECOND),
        Window::Hour => Some(3_600 * SECOND),
        Window::FiveHours => Some(5 * 3_600 * SECOND),
        Window::Day => Some(86_400 * SECOND),
        Window::SevenDays => Some(7 * 86_400 * SECOND),
        Window::Month => Some(31 * 86_400 * SECOND),
        Window::Unknown => None,
    }
}

const fn is_long(window: Window) -> bool {
    match window {
        Window::Second | Window::Minute | Window::Unknown => false,
        Window::Hour | Window::FiveHours | Window::Day | Window::SevenDays | Window::Month => true,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "resets are 0 to 400 days")]
fn nanos(seconds: f64) -> u64 {
    (seconds * NANOS) as u64
}
