//! The table: label tuple to all metrics of its calls.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::cardinality::{LabelGuard, OTHER};
use super::series::CallSeries;
use super::view::{CallView, Replaced, TableState};
use crate::call::{CallLabels, CallRecord};
use crate::expose::scrapers::LONGEST;
use crate::metric::{CALL_LABELS, render_labels};

/// Ends each label value in a key; never part of UTF-8.
pub(super) const END: u8 = 0xFF;

/// Longest time that a new series reads 0, where it waits for readers.
const LONGEST_HOLD_NANOS: u64 = LONGEST.as_nanos() as u64;

/// Distinct values of the five call labels, in their order.
const CALL_LABEL_VALUES: [usize; CALL_LABELS.len()] = [500, 50, 200, 1_000, 50];

/// A label that the user maps from spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Name of the label.
    pub name: String,
    /// Distinct values; calls beyond read `other`.
    pub max_values: usize,
}

/// How the table behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateOptions {
    /// Label tuples to keep (up to 3 KB and 100 to 200 series each, twice that while it changes under a reader); calls beyond go to one tuple
    /// whose labels are all `other`.
    pub max_call_series: usize,
    /// How long a new series reads 0, nanoseconds: at least the longest scrape interval. None: until every regular
    /// reader has seen the 0.
    pub hold_nanos: Option<u64>,
    /// How long a tuple is kept without a call, nanoseconds; 0 = for ever.
    pub idle_expiry_nanos: u64,
    /// Count in families of their own what calls stand for where not all traces are kept.
    pub estimates_sampled: bool,
    /// Labels beyond the five of every call, in the order of [`CallLabels::dimensions`].
    pub dimensions: Vec<Dimension>,
}

impl Default for AggregateOptions {
    fn default() -> Self {
        const SECOND: u64 = 1_000_000_000;
        Self {
            max_call_series: 20_000,
            hold_nanos: None,
            idle_expiry_nanos: 24 * 3600 * SECOND,
            estimates_sampled: false,
            dimensions: Vec::new(),
        }
    }
}

/// Everything that is counted of calls.
#[derive(Debug)]
pub struct CallTable {
    pub(super) rows: Vec<Row>,
    /// How often rows have gone.
    generation: u64,
    pub(super) guards: Vec<LabelGuard>,
    /// When the last view was taken.
    pub(super) viewed_unix_nano: u64,
    /// Series that began no later than this show their value.
    pub(super) opened_unix_nano: u64,
    /// Every regular reader has seen what there was then.
    seen_unix_nano: u64,
    /// The same as `opened_unix_nano`, as it was last kept.
    pub(super) kept_opened: u64,
    /// When the last call was counted.
    pub(super) recorded_unix_nano: u64,
    index: HashTable<usize>,
    hasher: RandomState,
    options: AggregateOptions,
    pub(super) overflow_calls: u64,
    pub(super) expired_call_series: u64,
    /// Keys of rows that went, where somebody asks for them.
    pub(super) gone: Option<Vec<Arc<[u8]>>>,
}

/// A row of one table, as long as no row of it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowId {
    position: usize,
    generation: u64,
}

/// One label tuple.
#[derive(Debug)]
pub(super) struct Row {
    hash: u64,
    /// The values, each ended by [`END`].
    pub(super) key: Arc<[u8]>,
    /// Shared with the views that were taken since it last changed.
    pub(super) series: Arc<CallSeries>,
    /// Since somebody last asked.
    pub(super) changed: bool,
}

impl CallTable {
    /// An empty table.
    #[must_use]
    pub fn new(options: AggregateOptions) -> Self {
        let shared = CALL_LABELS.iter().map(|name| (*name).to_owned()).zip(CALL_LABEL_VALUES);
        let own = options.dimensions.iter().map(|dimension| (dimension.name.clone(), dimension.max_values));
        let guards = shared.chain(own).map(|(name, max_values)| LabelGuard::new(name, max_values)).collect();
        Self {
            rows: Vec::new(),
            generation: 0,
            guards,
            viewed_unix_nano: 0,
            opened_unix_nano: 0,
            seen_unix_nano: 0,
            kept_opened: 0,
            recorded_unix_nano: 0,
            index: HashTable::new(),
            hasher: RandomState::default(),
            options,
            overflow_calls: 0,
            expired_call_series: 0,
            gone: None,
        }
    }

    /// Counts one call: one lookup, and no allocation if its series exist. Missing dimensions read
    /// as empty, surplus ones are ignored. Where its labels are those of a row that was there, that row.
    pub fn record(&mut self, call: &CallRecord<'_>, now_unix_nano: u64) -> Option<RowId> {
        let dimensions = self.options.dimensions.len();
        let values = || label_values(&call.labels, dimensions);
        let found = self.find(self.hash(values()), values());
        let position = found.unwrap_or_else(|| self.admit(&call.labels));
        self.record_at(position, call, now_unix_nano);
        found.map(|position| RowId { position, generation: self.generation })
    }

    /// True while the row of a call is there.
    #[must_use]
    pub const fn has(&self, row: RowId) -> bool {
        row.generation == self.generation
    }

    /// Counts another call of the same labels, whatever `call` says of them; false when the row is no longer there.
    pub fn record_in(&mut self, row: RowId, call: &CallRecord<'_>, now_unix_nano: u64) -> bool {
        let is_there = self.has(row);
        if is_there {
            self.record_at(row.position, call, now_unix_nano);
        }
        is_there
    }

    fn record_at(&mut self, position: usize, call: &CallRecord<'_>, now_unix_nano: u64) {
        // What begins after a view has not been seen in it, even at the same nanosecond.
        let now = now_unix_nano.max(self.viewed_unix_nano + 1);
        let row = &mut self.rows[position];
        row.changed = true;
        self.recorded_unix_nano = now;
        let series = Arc::make_mut(&mut row.series);
        series.record(call, now);
        if self.options.estimates_sampled {
            series.estimate(call, now);
        }
    }

    /// Everything as it is now, for a document. Cheap: it shares what it shows, and a tuple that changes
    /// later is copied then.
    pub fn view(&mut self, now_unix_nano: u64) -> CallView {
        let now = now_unix_nano.max(self.viewed_unix_nano);
        let held = now.saturating_sub(self.options.hold_nanos.unwrap_or(LONGEST_HOLD_NANOS));
        let seen = if self.options.hold_nanos.is_none() { self.seen_unix_nano } else { 0 };
        self.opened_unix_nano = self.opened_unix_nano.max(held.max(seen).min(self.viewed_unix_nano));
        self.viewed_unix_nano = now;
        let replaced =
            self.guards.iter().map(|guard| Replaced { label: guard.name.clone(), calls: guard.replaced });
        CallView {
            series: self.rows.iter().map(|row| Arc::clone(&row.series)).collect(),
            opened_unix_nano: self.opened_unix_nano,
            state: self.state(),
            replaced: replaced.collect(),
        }
    }

    /// Every regular reader has seen what there was at this moment.
    pub fn seen_by_all(&mut self, moment_unix_nano: u64) {
        self.seen_unix_nano = self.seen_unix_nano.max(moment_unix_nano);
    }

    /// What was viewed once is shown from now on: no other view may follow.
    pub fn end_holds(&mut self) {
        (self.options.hold_nanos, self.seen_unix_nano) = (None, u64::MAX);
    }

    /// Drops tuples that no call used for the expiry time. One that returns begins anew from 0.
    pub fn sweep(&mut self, now_unix_nano: u64) {
        let idle = self.options.idle_expiry_nanos;
        if idle == 0 {
            return;
        }
        let before = self.rows.len();
        let gone = &mut self.gone;
        self.rows.retain(|row| {
            let stays = now_unix_nano.saturating_sub(row.series.used_unix_nano) < idle;
            if let (false, Some(gone)) = (stays, gone.as_mut()) {
                gone.push(Arc::clone(&row.key));
            }
            stays
        });
        let expired = before - self.rows.len();
        if expired > 0 {
            self.expired_call_series += expired as u64;
            self.rebuild();
        }
    }

    /// How full it is.
    #[must_use]
    pub fn state(&self) -> TableState {
        TableState {
            call_series: self.rows.len(),
            call_series_limit: self.options.max_call_series,
            overflow_calls: self.overflow_calls,
            expired_call_series: self.expired_call_series,
        }
    }

    /// Takes over limits and times of new options. The dimensions stay as they were: another set of
    /// labels is another table; and so does what spans are read for.
    pub fn reconfigure(&mut self, options: &AggregateOptions) {
        let dimensions = std::mem::take(&mut self.options.dimensions);
        let estimates_sampled = self.options.estimates_sampled;
        self.options = AggregateOptions { dimensions, estimates_sampled, ..options.clone() };
    }

    /// The row of labels that were not found as they came: screened, bounded, perhaps new.
    #[cold]
    fn admit(&mut self, labels: &CallLabels<'_>) -> usize {
        let raw = label_values(labels, self.options.dimensions.len());
        let values: Vec<Cow<'_, str>> =
            self.guards.iter_mut().zip(raw).map(|(guard, value)| guard.admit(value)).collect();
        if let Some(position) = self.find(self.hash(strings(&values)), strings(&values)) {
            return position;
        }
        if self.rows.len() < self.options.max_call_series {
            return self.insert(&values);
        }
        self.overflow_calls += 1;
        let other = vec![Cow::Borrowed(OTHER); self.guards.len()];
        self.find(self.hash(strings(&other)), strings(&other)).unwrap_or_else(|| self.insert(&other))
    }

    fn insert(&mut self, values: &[Cow<'_, str>]) -> usize {
        self.insert_values(strings(values))
    }

    pub(super) fn insert_values<'a>(&mut self, values: impl Iterator<Item = &'a str>) -> usize {
        let values: Vec<&str> = values.collect();
        let names = self.guards.iter().map(|guard| guard.name.as_str());
        let rendered = render_labels(names.zip(values.iter().copied()));
        let hash = self.hash(values.iter().copied());
        let key = values.iter().flat_map(|value| value.bytes().chain([END])).collect();
        let position = self.rows.len();
        self.rows.push(Row { hash, key, series: Arc::new(CallSeries::new(rendered)), changed: true });
        let rows = &self.rows;
        self.index.insert_unique(hash, position, |other| rows[*other].hash);
        position
    }

    #[expect(clippy::needless_pass_by_value, reason = "an iterator of references, cloned per comparison")]
    fn find<'a>(&self, hash: u64, values: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
        let is_it = |position: &usize| self.rows[*position].is(hash, values.clone());
        self.index.find(hash, is_it).copied()
    }

    fn hash<'a>(&self, values: impl Iterator<Item = &'a str>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in values {
            hasher.write(value.as_bytes());
            hasher.write_u8(END);
        }
        hasher.finish()
    }

    fn rebuild(&mut self) {
        self.generation += 1;
        self.index.clear();
        let rows = &self.rows;
        for (position, row) in rows.iter().enumerate() {
            self.index.insert_unique(row.hash, position, |other| rows[*other].hash);
        }
        self.guards.iter_mut().for_each(LabelGuard::forget);
        for row in rows {
            for (guard, value) in self.guards.iter_mut().zip(row.key.split(|byte| *byte == END)) {
                guard.keep(std::str::from_utf8(value).unwrap_or(OTHER));
            }
        }
    }
}

impl Row {
    fn is<'a>(&self, hash: u64, values: impl Iterator<Item = &'a str>) -> bool {
        let mut rest = &*self.key;
        self.hash == hash
            && values.into_iter().all(|value| {
                let matches = rest.strip_prefix(value.as_bytes()).and_then(|rest| rest.strip_prefix(&[END]));
                rest = matches.unwrap_or_default();
                matches.is_some()
            })
    }
}

fn strings<'a>(values: &'a [Cow<'_, str>]) -> impl Iterator<Item = &'a str> + Clone {
    values.iter().map(AsRef::as_ref)
}

/// All label values of a call: the five shared ones, then exactly `dimensions` more.
fn label_values<'a>(labels: &CallLabels<'a>, dimensions: usize) -> impl Iterator<Item = &'a str> + Clone {
    let shared = [labels.service_name, labels.environment, labels.provider, labels.model, labels.operation];
    let own = labels.dimensions.iter().copied().chain(std::iter::repeat("")).take(dimensions);
    shared.into_iter().chain(own)
}
