//! Counters and histograms that read 0 first.
//!
//! Prometheus takes the first value of a series that it sees as its start: whatever was counted
//! before is lost to `increase()` (prometheus#1673). So each new series reads 0 until every scraper
//! had time to see the 0: a hold has passed, and it was part of a view at least once. Each series
//! notes when it began; [`super::CallView`] knows up to which beginning values may be shown.

use crate::exact::Exact;

/// One call that a number can be traced back to. Single precision: it is read by people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Exemplar {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span.
    pub span_id: [u8; 8],
    /// What the call added, in the unit of the family.
    pub value: f32,
    tenths: u32,
}

/// 2026-01-01T00:00:00Z, in tenths of a second since the Unix epoch.
const EPOCH_TENTHS: u64 = 17_672_256_000;
const TENTH_NANOS: u64 = 100_000_000;

impl Exemplar {
    /// A call that was counted at this time. For one sample it must never go back: Prometheus refuses
    /// exemplars that are older than the last.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "for people")]
    pub fn new(trace_id: [u8; 16], span_id: [u8; 8], value: f64, unix_nano: u64) -> Self {
        let tenths =
            u32::try_from((unix_nano / TENTH_NANOS).saturating_sub(EPOCH_TENTHS)).unwrap_or(u32::MAX);
        Self { trace_id, span_id, value: (value as f32).min(f32::MAX), tenths }
    }

    /// The same call, where it added this.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "for people")]
    pub const fn of(self, value: f64) -> Self {
        Self { value: (value as f32).min(f32::MAX), ..self }
    }

    /// When it was counted, to a tenth of a second; good until 2039.
    #[must_use]
    pub fn unix_nano(&self) -> u64 {
        (EPOCH_TENTHS + u64::from(self.tenths)) * TENTH_NANOS
    }
}

/// Values by a small number, of which few exist: those that do stand in a row without gaps.
#[derive(Clone, Debug)]
pub struct Sparse<T> {
    present: u64,
    values: Vec<T>,
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { present: 0, values: Vec::new() }
    }
}

impl<T> Sparse<T> {
    const fn position(&self, number: usize) -> usize {
        (self.present & ((1 << number) - 1)).count_ones() as usize
    }

    /// The value of this number, below 64.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&T> {
        if self.present >> number & 1 == 0 { None } else { self.values.get(self.position(number)) }
    }

    /// Those that exist, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        (0..64).filter_map(|number| self.get(number).map(|value| (number, value)))
    }

    /// Those that exist.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut()
    }

    /// The value of this number, made if it is new.
    pub fn entry(&mut self, number: usize, make: impl FnOnce() -> T) -> &mut T {
        let position = self.position(number);
        if self.present >> number & 1 == 0 {
            self.present |= 1 << number;
            // It grows a few times in the life of a label tuple.
            self.values.reserve_exact(1);
            self.values.insert(position, make());
        }
        &mut self.values[position]
    }
}

/// One counter of things.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// The true value.
    pub value: u64,
    /// When it began, nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
}

/// One counter of dollars.
#[derive(Clone, Copy, Debug)]
pub struct DollarCounter {
    /// The true value.
    pub value: Exact,
    /// When it began, nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
}

/// Calls of one bucket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// How many, not cumulative.
    pub calls: u64,
    /// The last of them.
    pub exemplar: Exemplar,
}

/// One histogram; a bucket that was never hit takes no room.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// By the number of the edge above them; the last has none.
    pub buckets: Sparse<Bucket>,
    /// Sum of all values.
    pub sum: Exact,
    /// When it began, nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
}

impl Histogram {
    /// A histogram that begins now.
    #[must_use]
    pub fn new(now_unix_nano: u64) -> Self {
        Self { buckets: Sparse::default(), sum: Exact::ZERO, created_unix_nano: now_unix_nano }
    }

    /// Counts a value, which is about this float, in the first bucket whose edge is not below it.
    pub fn observe(&mut self, edges: &[f64], (value, number): (Exact, f64), exemplar: Exemplar) {
        let bucket = self.buckets.entry(edges.partition_point(|edge| *edge < number), Bucket::default);
        *bucket = Bucket { calls: bucket.calls + 1, exemplar };
        self.sum = self.sum.plus(value);
    }
}
