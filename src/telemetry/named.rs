//! Counters whose labels are names that spans bring: bounded, screened, and 0 before they count.
//!
//! In: label values and amounts. Out: counters of the registry. A new one is written as 0 once and only then takes
//! what came meanwhile, so that `increase()` sees all of it.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use metrics::Counter;
use parking_lot::Mutex;

use crate::aggregate::cardinality::{OTHER, shown};

/// See the module. The last of the `N` labels is a closed set; the others are names.
#[derive(Debug)]
pub(super) struct Named<const N: usize> {
    most: usize,
    /// How many of the first labels make one of `most`.
    counted: usize,
    inner: Mutex<Inner<N>>,
}

#[derive(Default)]
struct Inner<const N: usize> {
    hasher: RandomState,
    rows: HashMap<u64, Row<N>, RandomState>,
    places: HashSet<u64, RandomState>,
}

struct Row<const N: usize> {
    values: [Box<str>; N],
    counter: Counter,
    /// What the counter does not show yet.
    waiting: u64,
    written: bool,
    total: u64,
}

impl<const N: usize> std::fmt::Debug for Inner<N> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Inner").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

// === impl Named ===

impl<const N: usize> Named<N> {
    /// At most so many different values of the first labels.
    pub(super) fn new(most: usize, counted: usize) -> Self {
        Self { most, counted, inner: Mutex::default() }
    }

    /// Counts; `register` makes the counter of values that are new.
    pub(super) fn add(&self, values: [&str; N], amount: u64, register: impl FnOnce(&[&str; N]) -> Counter) {
        let inner = &mut *self.inner.lock();
        let mut key = inner.hasher.hash_one(values);
        let screened = std::array::from_fn::<_, N, _>(|at| shown(values[at]));
        let mut values: [&str; N] = std::array::from_fn(|at| &*screened[at]);
        if !inner.rows.contains_key(&key) {
            let place = inner.hasher.hash_one(&values[..self.counted]);
            if inner.places.len() >= self.most && !inner.places.contains(&place) {
                values[..N - 1].fill(OTHER);
            } else {
                inner.places.insert(place);
            }
            key = inner.hasher.hash_one(values);
        }
        let row = inner.rows.entry(key).or_insert_with(|| Row {
            values: values.map(Into::into),
            counter: register(&values),
            waiting: 0,
            written: false,
            total: 0,
        });
        row.total += amount;
        if row.written {
            row.counter.increment(amount);
        } else {
            row.waiting += amount;
        }
    }

    /// All counters have been written: what waited counts from now on.
    pub(super) fn written(&self) {
        for row in self.inner.lock().rows.values_mut().filter(|row| !row.written) {
            row.written = true;
            row.counter.increment(std::mem::take(&mut row.waiting));
        }
    }

    /// All there is, the most frequent first.
    pub(super) fn list(&self) -> Vec<([String; N], u64)> {
        let inner = self.inner.lock();
        let mut list: Vec<([String; N], u64)> = inner
            .rows
            .values()
            .map(|row| (std::array::from_fn(|at| row.values[at].to_string()), row.total))
            .collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(named: &Named<2>, values: [&str; 2]) {
        named.add(values, 1, |_| Counter::noop());
    }

    #[test]
    fn values_beyond_the_bound_are_other_and_known_ones_go_on() {
        let named = Named::new(2, 1);
        for scope in ["a", "b", "c", "d", "a"] {
            add(&named, [scope, "keys"]);
        }
        add(&named, ["a", "host"]);
        let list = named.list();
        let count = |scope: &str, reason: &str| {
            list.iter().find(|(row, _)| row[0] == scope && row[1] == reason).map(|(_, count)| *count)
        };
        assert_eq!(count("a", "keys"), Some(2));
        assert_eq!(count("a", "host"), Some(1));
        assert_eq!(count("other", "keys"), Some(2));
        assert_eq!(list.len(), 4);
    }

    #[test]
    fn a_secret_is_no_label() {
        let named = Named::new(9, 1);
        add(&named, ["sk-proj-4fT9xQ2mZp7LwV8kR3nB6yHs", "keys"]);
        assert_eq!(named.list()[0].0[0], "other");
    }
}
