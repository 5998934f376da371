//! The state of one limit: what the newest answer said, and what follows from it later.
//!
//! In: answers with the end of their calls, in any order. Out: what is true at a moment. It knows
//! neither labels nor other limits.

use std::collections::VecDeque;

use crate::call::{LimitEvidence, RateLimit, Window};

const NANOS: f64 = 1e9;
const SECOND: u64 = 1_000_000_000;
/// How long a peak is remembered: longer than two scrape intervals of a minute.
const PEAK_NANOS: u64 = 120 * SECOND;
/// Points of the recent past are at least this far apart, so their number is bounded.
const POINT_NANOS: u64 = 5 * SECOND;
/// A pace is known from points at least this far apart.
const PACE_NANOS: u64 = 5 * SECOND;

/// What is known of one limit.
#[derive(Debug)]
pub(super) struct State {
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    pub(super) used_ratio: Option<f64>,
    pub(super) reset_at: Option<u64>,
    /// The newest end of a call that spoke of it, and of the one whose numbers these are.
    pub(super) seen_at: u64,
    pub(super) stated_at: u64,
    /// Stated in a text only: what holds after its wait is not known.
    pub(super) from_message: bool,
    pub(super) points: VecDeque<Point>,
    /// The ceiling that was last reported, and one that was seen once and awaits its confirmation.
    pub(super) reported: Option<u64>,
    pub(super) candidate: Option<u64>,
}

/// The recent past, one point for each [`POINT_NANOS`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) at: u64,
    pub(super) used_ratio: f64,
    pub(super) peak: f64,
}

/// What is true of one limit at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    pub(super) used_ratio: Option<f64>,
    pub(super) peak_used_ratio: Option<f64>,
    pub(super) reset_seconds: Option<f64>,
    pub(super) exhaustion_seconds: Option<f64>,
}

// === impl State ===

impl State {
    pub(super) fn new(limit: &RateLimit) -> Self {
        Self {
            limit: limit.limit,
            remaining: None,
            used_ratio: None,
            reset_at: None,
            seen_at: 0,
            stated_at: 0,
            from_message: limit.evidence == LimitEvidence::Message,
            points: VecDeque::new(),
            reported: limit.limit,
            candidate: None,
        }
    }

    /// Takes in one answer; returns a confirmed change of the ceiling.
    pub(super) fn take(&mut self, told: &RateLimit, end: u64) -> Option<(u64, u64)> {
        let from_message = told.evidence == LimitEvidence::Message;
        let headers_hold = !self.from_message && self.refilled_at(told.window).is_none_or(|at| end < at);
        if end < self.seen_at || from_message && headers_hold {
            self.note(end, told.used_ratio);
            return None;
        }
        if self.is_older_answer(told, end) {
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
        self.stated_at = end;
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
        if self.limit != told.limit || end >= reset_at || reset_at <= self.stated_at {
            return false;
        }
        let passed = seconds(end - self.stated_at) / seconds(reset_at - self.stated_at);
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

    pub(super) fn is_shown(&self, window: Window, now: u64, stale: u64) -> bool {
        if self.from_message && self.is_refilled(window, now) {
            return false;
        }
        let until = self.refilled_at(window).unwrap_or(self.seen_at).max(self.seen_at);
        now < until.saturating_add(stale)
    }

    /// What is true at `now`.
    pub(super) fn shown(&self, window: Window, now: u64) -> Shown {
        let refilled = self.is_refilled(window, now);
        let used_ratio = if refilled { self.used_ratio.map(|_| 0.0) } else { self.used_ratio };
        Shown {
            limit: self.limit,
            remaining: if refilled {
                self.limit.filter(|_| self.remaining.is_some())
            } else {
                self.remaining
            },
            used_ratio,
            peak_used_ratio: self.peak(now, used_ratio),
            reset_seconds: self.reset_at.filter(|_| !refilled).map(|at| seconds(at.saturating_sub(now))),
            exhaustion_seconds: if refilled { None } else { self.exhaustion(window, now) },
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
        let span = seconds(newest.at - oldest.at);
        let since = seconds(now.saturating_sub(newest.at));
        let pace = (newest.used_ratio - oldest.used_ratio) / span;
        let left = ((1.0 - newest.used_ratio) / pace - since).max(0.0);
        let reset = self.reset_at.filter(|_| is_long(window));
        let in_time = reset.is_none_or(|at| left <= seconds(at.saturating_sub(now)));
        in_time.then_some(left)
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

#[expect(clippy::cast_precision_loss, reason = "spans of minutes to months")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / NANOS
}
