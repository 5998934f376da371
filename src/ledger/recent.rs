//! The last hour by minutes: calls, failures and dollars of each model.
//!
//! In: calls, and the minute in which they came. Out: sums and lines for a page. Bounded: beyond so many models, the
//! others are one.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::entry::When;
use super::money::Money;
use super::sums::Sums;
use crate::call::ErrorClass;

/// Minutes that are kept.
pub const MINUTES: usize = 60;
/// Models that are told apart.
const MODELS: usize = 200;

/// Of one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// Calls.
    pub calls: u64,
    /// Failed ones.
    pub failed: u64,
    /// Dollars.
    pub cost: Money,
    /// Tokens that are not in the dollars, as they have no price.
    pub unpriced_tokens: u64,
}

/// A model's hour.
#[derive(Clone, Debug)]
pub struct ModelHour {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// By minute, the oldest first.
    pub minutes: [Minute; MINUTES],
}

impl ModelHour {
    /// All of the hour.
    #[must_use]
    pub fn sum(&self) -> Minute {
        self.minutes.iter().fold(Minute::default(), |sum, one| Minute {
            calls: sum.calls + one.calls,
            failed: sum.failed + one.failed,
            cost: Money(sum.cost.0 + one.cost.0),
            unpriced_tokens: sum.unpriced_tokens + one.unpriced_tokens,
        })
    }
}

/// A model's hour, minute `n` of time at place `n` modulo 60.
#[derive(Debug)]
struct Model {
    provider: Box<str>,
    model: Box<str>,
    minutes: [Minute; MINUTES],
}

impl Model {
    fn new(provider: &str, model: &str) -> Self {
        Self { provider: provider.into(), model: model.into(), minutes: [Minute::default(); MINUTES] }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Recent {
    minute: u64,
    /// By hash of the names.
    models: HashMap<u64, Model, RandomState>,
    failures: HashMap<u64, Vec<(ErrorClass, u64)>, RandomState>,
}

impl Recent {
    /// Counts a call in the minute in which it came.
    pub(super) fn tell(&mut self, when: When, sums: &Sums, mut names: [&str; 2]) {
        self.pass(when.arrived_unix_nano / 60_000_000_000);
        let slot = self.minute as usize % MINUTES;
        for &(class, count) in &sums.failures {
            let failures = self.failures.entry(self.minute).or_default();
            match failures.iter_mut().find(|(known, _)| *known == class) {
                Some((_, known)) => *known += count,
                None => failures.push((class, count)),
            }
        }
        let mut key = self.models.hasher().hash_one(names);
        if self.models.len() >= MODELS && !self.models.contains_key(&key) {
            names = ["other"; 2];
            key = self.models.hasher().hash_one(names);
        }
        let model = self.models.entry(key).or_insert_with(|| Model::new(names[0], names[1]));
        let minute = &mut model.minutes[slot];
        minute.calls += sums.calls;
        minute.failed += sums.failed();
        minute.cost.0 += sums.cost().0;
        minute.unpriced_tokens += sums.unpriced_tokens;
    }

    /// True while no new minute has begun.
    pub(super) const fn has_come_to(&self, minute: u64) -> bool {
        self.minute >= minute
    }

    /// Forgets what is older than an hour at this minute.
    pub(super) fn pass(&mut self, minute: u64) {
        if minute <= self.minute {
            return;
        }
        for gone in (self.minute + 1..=minute).take(MINUTES) {
            for model in self.models.values_mut() {
                model.minutes[gone as usize % MINUTES] = Minute::default();
            }
        }
        self.minute = minute;
        self.models.retain(|_, model| model.minutes.iter().any(|minute| minute.calls > 0));
        self.failures.retain(|known, _| known + MINUTES as u64 > minute);
    }

    /// Models, the dearest first.
    #[must_use]
    pub fn models(&self) -> Vec<ModelHour> {
        let first = self.minute as usize + 1;
        let hour = |known: &Model| ModelHour {
            provider: known.provider.to_string(),
            model: known.model.to_string(),
            minutes: std::array::from_fn(|at| known.minutes[(first + at) % MINUTES]),
        };
        let mut hours: Vec<ModelHour> = self.models.values().map(hour).collect();
        let order = |hour: &ModelHour| {
            let sum = hour.sum();
            (std::cmp::Reverse(sum.cost), std::cmp::Reverse(sum.calls), hour.model.clone())
        };
        hours.sort_by_cached_key(order);
        hours
    }

    /// Failures by class, the most frequent first.
    #[must_use]
    pub fn failures(&self) -> Vec<(ErrorClass, u64)> {
        let mut sums: std::collections::BTreeMap<ErrorClass, u64> = std::collections::BTreeMap::new();
        for &(class, count) in self.failures.values().flatten() {
            *sums.entry(class).or_default() += count;
        }
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by_key(|&(class, count)| (std::cmp::Reverse(count), class));
        sums
    }
}
