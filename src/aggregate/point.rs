//! Counters and histograms that read 0 first.
//!
//! Prometheus takes the first value of a series that it sees as its start: whatever was counted
//! before is lost to `increase()` (prometheus#1673). So each new series reads 0 until every scraper
//! had time to see the 0: a hold has passed, and it was part of a view at least once. Each series
//! notes when it began; [`super::CallView`] knows up to which beginning values may be shown.

/// One call that a number can be traced back to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span.
    pub span_id: [u8; 8],
    /// What the call added, in the unit of the family.
    pub value: f64,
    /// When it was counted, nanoseconds since the Unix epoch. Never goes back for one sample:
    /// Prometheus refuses exemplars that are older than the last.
    pub unix_nano: u64,
}

/// One counter.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// The true value.
    pub value: f64,
    /// When it began, nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
}

impl Counter {
    /// A counter that begins now.
    #[must_use]
    pub const fn new(now_unix_nano: u64) -> Self {
        Self { value: 0.0, created_unix_nano: now_unix_nano }
    }
}

/// A counter that remembers the last call that raised it.
#[derive(Clone, Copy, Debug)]
pub struct TracedCounter {
    /// The counter.
    pub counter: Counter,
    /// The last call.
    pub exemplar: Option<Exemplar>,
}

/// One histogram with `BUCKETS` buckets, the last of which has no upper edge.
#[derive(Clone, Debug)]
pub struct Histogram<const BUCKETS: usize> {
    /// Calls per bucket, not cumulative.
    pub buckets: [u64; BUCKETS],
    /// The last call of each bucket.
    pub exemplars: [Option<Exemplar>; BUCKETS],
    /// Sum of all values.
    pub sum: f64,
    /// When it began, nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
}

impl<const BUCKETS: usize> Histogram<BUCKETS> {
    /// A histogram that begins now.
    #[must_use]
    pub const fn new(now_unix_nano: u64) -> Self {
        Self { buckets: [0; BUCKETS], exemplars: [None; BUCKETS], sum: 0.0, created_unix_nano: now_unix_nano }
    }

    /// Counts the value of `exemplar` in the first bucket whose edge is not below it.
    pub fn observe(&mut self, edges: &[f64], exemplar: Exemplar) {
        let bucket = edges.partition_point(|edge| *edge < exemplar.value).min(BUCKETS - 1);
        self.buckets[bucket] += 1;
        self.exemplars[bucket] = Some(exemplar);
        self.sum += exemplar.value;
    }
}

/// Values by a small key: found by looking through, because there are rarely more than five.
#[derive(Clone, Debug)]
pub struct Children<K, T> {
    rows: Vec<(K, T)>,
}

impl<K, T> Default for Children<K, T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<K: PartialEq, T> Children<K, T> {
    /// The child of this key, made if it is new.
    pub fn child(&mut self, key: K, make: impl FnOnce() -> T) -> &mut T {
        let position = match self.rows.iter().position(|(known, _)| *known == key) {
            Some(position) => position,
            None => {
                self.rows.push((key, make()));
                self.rows.len() - 1
            }
        };
        &mut self.rows[position].1
    }

    /// Every child.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &T)> {
        self.rows.iter().map(|(key, child)| (key, child))
    }

    /// How many children there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
