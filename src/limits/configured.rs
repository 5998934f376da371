//! Usage counted here against limits from the configuration, where providers send none.
//!
//! In: the calls that were seen, with the tokens that the provider charges. Out: samples with
//! `source="configured"`. It knows only the calls that Tollgate sees: other users of the same
//! account are not in it. The window slides in sixty steps, so it is true to one sixtieth of it; a
//! day slides too, where a provider's may begin anew at midnight, so it errs on the careful side.

use foldhash::HashMap;

use super::settings::{ConfiguredLimit, LimitsConfig, fits};
use super::state::length;
use super::store::{LimitSample, LimitSource};
use crate::call::{Resource, Window};

pub(super) const STEPS: usize = 60;
const PEAK_NANOS: u64 = 120_000_000_000;

/// The configured limits and their windows.
#[derive(Debug)]
pub struct Configured {
    pub(super) limits: Vec<ConfiguredLimit>,
    pub(super) meters: HashMap<Key, Meter>,
    max_entries: usize,
    stale_nanos: u64,
    dropped: u64,
}

/// One finished call, as a provider charges it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountedCall<'a> {
    /// The convention's provider name.
    pub provider: &'a str,
    /// The call's `model` label.
    pub model: &'a str,
    /// The account's label, or empty.
    pub account: &'a str,
    /// Whole prompt, cached or not.
    pub input_tokens: u64,
    /// All output tokens.
    pub output_tokens: u64,
    /// `max_tokens` of the request, where it was given.
    pub max_tokens: Option<u64>,
    /// Images that were made.
    pub images: u64,
    /// End of the call, nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
}

/// How a provider counts `max_tokens`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reservation {
    /// Not at all.
    None,
    /// Held while the call runs, then settled to what was used: only the peak knows it.
    UntilEnd,
    /// Charged at arrival and never given back.
    Kept,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) limit: usize,
    pub(super) model: String,
    pub(super) account: String,
    pub(super) resource: Resource,
    pub(super) window: Window,
}

/// What was used in the steps of one window.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) ceiling: u64,
    pub(super) step_nanos: u64,
    pub(super) steps: [u64; STEPS],
    pub(super) newest: u64,
    pub(super) last_at: u64,
    pub(super) peak: (u64, f64),
}

// === impl Configured ===

impl Configured {
    /// Windows for the configured limits, all empty.
    #[must_use]
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            limits: config.configured.clone(),
            meters: HashMap::default(),
            max_entries: config.max_entries,
            stale_nanos: config.stale_after_seconds.saturating_mul(1_000_000_000),
            dropped: 0,
        }
    }

    /// Counts one call against every limit that fits it.
    pub fn count_call(&mut self, call: &CountedCall<'_>, now_unix_nano: u64) {
        let mut found = Vec::new();
        for (index, limit) in self.limits.iter().enumerate().filter(|(_, limit)| limit.covers(call)) {
            for (resource, window, ceiling) in limit.ceilings(call.model) {
                let model = if limit.shared { limit.pattern() } else { call.model }.to_owned();
                let key = Key { limit: index, model, account: call.account.to_owned(), resource, window };
                found.push((key, ceiling, limit.charge(call, resource)));
            }
        }
        for (key, ceiling, (used, held)) in found {
            self.count(key, ceiling, used, held, call.end_unix_nano.min(now_unix_nano));
        }
    }

    /// What is true at `now_unix_nano`.
    #[must_use]
    pub fn samples(&self, now_unix_nano: u64) -> Vec<LimitSample> {
        let shown = |meter: &Meter, window| {
            let kept = length(window).unwrap_or(0).max(self.stale_nanos);
            now_unix_nano < meter.last_at.saturating_add(kept)
        };
        let alive = self.meters.iter().filter(|(key, meter)| shown(meter, key.window));
        let mut samples: Vec<LimitSample> = alive
            .filter_map(|(key, meter)| {
                Some(meter.sample(key, &self.limits.get(key.limit)?.provider, now_unix_nano))
            })
            .collect();
        samples.sort_by(|left, right| {
            (&left.provider, &left.model, &left.account, left.resource, left.window).cmp(&(
                &right.provider,
                &right.model,
                &right.account,
                right.resource,
                right.window,
            ))
        });
        samples.dedup_by(|next, kept| {
            (&next.provider, &next.model, &next.account, next.resource, next.window)
                == (&kept.provider, &kept.model, &kept.account, kept.resource, kept.window)
        });
        samples
    }

    /// How many calls found no room in the bounded set of windows.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes over time and bound; other limits begin with empty windows.
    pub fn reconfigure(&mut self, config: &LimitsConfig) {
        if self.limits != config.configured {
            self.limits.clone_from(&config.configured);
            self.meters.clear();
        }
        self.stale_nanos = config.stale_after_seconds.saturating_mul(1_000_000_000);
        self.max_entries = config.max_entries;
    }

    fn count(&mut self, key: Key, ceiling: u64, used: u64, held: u64, at: u64) {
        if !self.meters.contains_key(&key) && self.meters.len() >= self.max_entries {
            let stale = self.stale_nanos;
            self.meters.retain(|key, meter| {
                at < meter.last_at.saturating_add(length(key.window).unwrap_or(0).max(stale))
            });
            if self.meters.len() >= self.max_entries {
                self.dropped += 1;
                return;
            }
        }
        let Some(length) = length(key.window) else { return };
        self.meters.entry(key).or_insert_with(|| Meter::new(ceiling, length)).add(used, held, at);
    }
}

// === impl ConfiguredLimit ===

impl ConfiguredLimit {
    fn covers(&self, call: &CountedCall<'_>) -> bool {
        self.provider == call.provider
            && (self.account.is_empty() || self.account == call.account)
            && fits(self.pattern(), call.model)
    }

    /// What is limited, what is written winning over the preset.
    fn ceilings(&self, model: &str) -> impl Iterator<Item = (Resource, Window, u64)> {
        let preset = self.preset(model);
        let requests_per_minute = self.requests_per_minute.or(preset.map(|tier| tier.requests_per_minute));
        let requests_per_day = self.requests_per_day.or(preset.map(|tier| tier.requests_per_day));
        let input = self.input_tokens_per_minute.or(preset.map(|tier| tier.input_tokens_per_minute));
        [
            (Resource::Requests, Window::Minute, requests_per_minute),
            (Resource::Requests, Window::Day, requests_per_day),
            (Resource::Tokens, Window::Minute, self.tokens_per_minute),
            (Resource::Tokens, Window::Day, self.tokens_per_day),
            (Resource::InputTokens, Window::Minute, input),
        ]
        .into_iter()
        .filter_map(|(resource, window, ceiling)| {
            Some((resource, window, ceiling.filter(|ceiling| *ceiling > 0)?))
        })
    }

    /// What the call costs for good, and what it held besides until it ended.
    fn charge(&self, call: &CountedCall<'_>, resource: Resource) -> (u64, u64) {
        let total = call.input_tokens.saturating_add(call.output_tokens);
        let reserved = call.input_tokens.saturating_add(call.max_tokens.unwrap_or(0)).max(total);
        match resource {
            Resource::Requests => {
                let images = call.images.saturating_mul(self.requests_per_image.unwrap_or(1));
                (images.max(1), 0)
            }
            Resource::InputTokens => (call.input_tokens, 0),
            Resource::OutputTokens => (call.output_tokens, 0),
            Resource::Tokens => match reservation(call.provider) {
                Reservation::None => (total, 0),
                Reservation::UntilEnd => (total, reserved - total),
                Reservation::Kept => (reserved, 0),
            },
            Resource::Usage => (0, 0),
        }
    }
}

// === impl Meter ===

impl Meter {
    const fn new(ceiling: u64, length: u64) -> Self {
        let step_nanos = length / STEPS as u64;
        Self { ceiling, step_nanos, steps: [0; STEPS], newest: 0, last_at: 0, peak: (0, 0.0) }
    }

    fn add(&mut self, used: u64, held: u64, at: u64) {
        let step = at / self.step_nanos;
        self.slide(step);
        if self.newest - step < STEPS as u64 {
            let slot = &mut self.steps[Self::slot(step)];
            *slot = slot.saturating_add(used);
        }
        self.last_at = self.last_at.max(at);
        let full = ratio(self.sum(self.newest).saturating_add(held), self.ceiling);
        if full >= self.peak.1 || self.peak.0 + PEAK_NANOS < at {
            self.peak = (at, full);
        }
    }

    /// Empties the steps between the newest and `step`.
    fn slide(&mut self, step: u64) {
        if step <= self.newest {
            return;
        }
        let gone = (step - self.newest).min(STEPS as u64);
        for passed in 0..gone {
            self.steps[Self::slot(step - passed)] = 0;
        }
        self.newest = step;
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the number of steps")]
    const fn slot(step: u64) -> usize {
        (step % STEPS as u64) as usize
    }

    /// The window that ends with `step`.
    fn sum(&self, step: u64) -> u64 {
        let passed = step.saturating_sub(self.newest);
        let kept = (STEPS as u64).saturating_sub(passed).min(self.newest + 1);
        (0..kept).map(|back| self.steps[Self::slot(self.newest - back)]).fold(0, u64::saturating_add)
    }

    /// What the last quarter of the window used.
    fn quarter(&self, step: u64) -> u64 {
        let kept = (STEPS as u64 / 4).saturating_sub(step.saturating_sub(self.newest)).min(self.newest + 1);
        (0..kept).map(|back| self.steps[Self::slot(self.newest - back)]).fold(0, u64::saturating_add)
    }

    fn sample(&self, key: &Key, provider: &str, now: u64) -> LimitSample {
        let step = (now / self.step_nanos).max(self.newest);
        let used = self.sum(step);
        let used_ratio = ratio(used, self.ceiling);
        let peak = if self.peak.0 + PEAK_NANOS >= now { self.peak.1.max(used_ratio) } else { used_ratio };
        LimitSample {
            provider: provider.to_owned(),
            model: key.model.clone(),
            account: key.account.clone(),
            resource: key.resource,
            window: key.window,
            source: LimitSource::Configured,
            limit: Some(self.ceiling),
            remaining: Some(self.ceiling.saturating_sub(used)),
            used_ratio: Some(used_ratio),
            peak_used_ratio: Some(peak),
            reset_seconds: None,
            exhaustion_seconds: self.exhaustion(used, step),
        }
    }

    /// Use grows by how much the last quarter was above the window's average.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn exhaustion(&self, used: u64, step: u64) -> Option<f64> {
        let window_seconds = self.step_nanos as f64 * STEPS as f64 / 1e9;
        let growth = (self.quarter(step) as f64 * 4.0 - used as f64) / window_seconds;
        let left = self.ceiling.saturating_sub(used) as f64;
        (growth > 0.0).then(|| left / growth)
    }
}

/// Sources: docs.aws.amazon.com/bedrock quotas-runtime (reserved at the start, settled at the end);
/// learn.microsoft.com, Azure OpenAI quota (an estimate with `max_tokens`, charged at arrival).
fn reservation(provider: &str) -> Reservation {
    match provider {
        "aws.bedrock" => Reservation::UntilEnd,
        "azure.ai.openai" => Reservation::Kept,
        _ => Reservation::None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn ratio(used: u64, ceiling: u64) -> f64 {
    used as f64 / ceiling.max(1) as f64
}
