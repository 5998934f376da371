//! The state of every limit, and what is true of it at a moment.
//!
//! In: what responses said, with the time they ended, in any order. Out: [`LimitSample`]s for the
//! moment that is asked for: a limit is refilled when its reset has passed, forgotten when nothing
//! speaks of it any more, and never jumps back because an older answer came late. Bounded: at most
//! `max_entries` limits, and what comes above is counted.
//!
//! Several replicas each show what they saw last. Together they are the fullest of them:
//! `max without (instance, pod) (llm_rate_limit_used_ratio)`, `min without (instance, pod)
//! (llm_rate_limit_remaining)`. Which limit binds: `topk by (provider, model, account) (1,
//! llm_rate_limit_used_ratio)`.

use foldhash::HashMap;

use super::scope::shared_by;
use super::settings::LimitsConfig;
use super::state::State;
use crate::call::{RateLimit, Resource, Window};

const SECOND: u64 = 1_000_000_000;

/// Newest states of all limits.
#[derive(Debug)]
pub struct LimitStore {
    pub(super) states: HashMap<Key, State>,
    stale_nanos: u64,
    max_entries: usize,
    dropped: u64,
    /// When it was last swept to make room.
    swept_unix_nano: u64,
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
    /// Seconds until nothing is left at the present pace; absent while it does not fall. Taken from
    /// the answers themselves, with their times. A recording rule (`llm_rate_limit_remaining /
    /// -deriv(llm_rate_limit_remaining[2m])`) would take it from scrapes, which miss what happens
    /// between two of them and see every refill as a jump.
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
pub(super) struct Key {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) account: String,
    pub(super) resource: Resource,
    pub(super) window: Window,
    pub(super) scope: &'static str,
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
            swept_unix_nano: 0,
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
            let state = self.states.entry(key.clone()).or_insert_with(|| State::new(limit));
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
        samples.extend(alive.map(|(key, state)| key.sample(state, now_unix_nano)));
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

    /// Takes over time and bound; what is kept stays.
    pub const fn reconfigure(&mut self, config: &LimitsConfig) {
        self.stale_nanos = config.stale_after_seconds.saturating_mul(SECOND);
        self.max_entries = config.max_entries;
    }

    fn make_room(&mut self, key: &Key, now_unix_nano: u64) -> bool {
        if self.states.contains_key(key) || self.states.len() < self.max_entries {
            return true;
        }
        // What goes stale does so in seconds; a full store would look through itself at every miss.
        if now_unix_nano.abs_diff(self.swept_unix_nano) >= SECOND {
            self.swept_unix_nano = now_unix_nano;
            self.sweep(now_unix_nano);
        }
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

    fn sample(&self, state: &State, now_unix_nano: u64) -> LimitSample {
        let shown = state.shown(self.window, now_unix_nano);
        LimitSample {
            provider: self.provider.clone(),
            model: self.model.clone(),
            account: self.account.clone(),
            resource: self.resource,
            window: self.window,
            source: LimitSource::Header,
            limit: shown.limit,
            remaining: shown.remaining,
            used_ratio: shown.used_ratio,
            peak_used_ratio: shown.peak_used_ratio,
            reset_seconds: shown.reset_seconds,
            exhaustion_seconds: shown.exhaustion_seconds,
        }
    }

    fn change(self, old: u64, new: u64) -> LimitChange {
        let Self { provider, model, account, resource, window, scope: _ } = self;
        LimitChange { provider, model, account, resource, window, old, new }
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
    /// Every source.
    pub const ALL: [Self; 2] = [Self::Header, Self::Configured];

    /// The value of the label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Configured => "configured",
        }
    }
}
