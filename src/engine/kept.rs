//! What an engine knows, as it is kept on disk.
//!
//! In: an [`Engine`], and batches with their numbers. Out: what has changed since the last time; and an engine that goes
//! on where that one was.

use std::sync::Arc;

use super::Engine;
use crate::aggregate::TableChanges;
use crate::compact::{Damaged, Reader, Writer};
use crate::ledger::kept::{KeptRow, LedgerChanges};
use crate::record::RecordBatch;
use crate::settle::Memory;
use crate::store::Place;
use crate::telemetry::Event;

/// What has changed since the last time.
#[derive(Debug)]
pub struct Changes {
    /// How far the engine is.
    pub place: Place,
    /// No record before this one waits.
    pub oldest: u64,
    /// Which records wait.
    pub waiting: Vec<u8>,
    /// Series.
    pub table: TableChanges,
    /// What was remembered, by kind.
    pub memories: Vec<(Memory, Vec<u8>)>,
    /// Limits and names.
    pub state: Vec<u8>,
    /// Rows of the ledger.
    pub ledger: LedgerChanges,
}

/// How far the engine is, and whether that is news.
#[derive(Debug, Default)]
pub(super) struct Progress {
    place: Place,
    changed: bool,
}

impl Progress {
    /// Something has changed.
    pub(super) const fn change(&mut self) {
        self.changed = true;
    }

    /// A batch is the next one that is taken.
    pub(super) const fn pass(&mut self, batch: u64, records: u64) {
        self.place = Place { batches: batch, records };
        self.changed = true;
    }
}

impl Engine {
    /// From now on notes what is to be kept.
    pub fn keep(&mut self) {
        self.settler.keep();
        self.counter.table.keep();
        self.counter.account.keep();
    }

    /// Takes in a batch that a journal has: its number, and the number of its first record.
    pub fn offer_kept(
        &mut self,
        mut batch: RecordBatch,
        (number, first): (u64, u64),
        now: u64,
        tell: &mut dyn FnMut(&Event<'_>),
    ) {
        for (record, number) in batch.records.iter_mut().zip(first..) {
            record.number = number as u32;
        }
        self.counter.progress.pass(number, first + batch.records.len() as u64);
        self.offer(batch, now, tell);
    }

    /// True when something has changed since the last time.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.counter.progress.changed
            || self.counter.table.has_changed()
            || self.counter.account.has_changed()
    }

    /// What has changed since the last time.
    pub fn changes(&mut self) -> Changes {
        self.counter.progress.changed = false;
        let place = self.counter.progress.place;
        let mut waiting = Runs::default();
        for number in self.settler.waiting_numbers() {
            // It is the number of one of the last four thousand million records.
            let back = (place.records as u32).wrapping_sub(number);
            waiting.add(place.records.saturating_sub(u64::from(back)));
        }
        Changes {
            place,
            oldest: waiting.first().unwrap_or(place.records),
            waiting: waiting.into_bytes(),
            table: self.counter.table.changes(),
            memories: self.settler.remembered(),
            state: self.state_bytes(),
            ledger: self.counter.account.changes(),
        }
    }

    fn state_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(&self.counter.limits.to_bytes());
        out.bytes(&self.counter.configured.to_bytes());
        out.bytes(&self.counter.judge.learned_bytes());
        out.into_bytes()
    }

    /// Goes on where an engine was, but for its series and what it remembered.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn restore(&mut self, place: Place, state: &[u8]) -> Result<(), Damaged> {
        self.counter.progress.place = place;
        let mut from = Reader::new(state);
        self.counter.limits.restore(from.bytes()?)?;
        self.counter.configured.restore(from.bytes()?)?;
        self.counter.judge.restore_learned(from.bytes()?)
    }

    /// Takes a series back.
    ///
    /// # Errors
    /// It is none, or one with other labels.
    pub fn restore_series(&mut self, key: &[u8], series: &[u8]) -> Result<(), Damaged> {
        self.counter.table.restore(key, series)
    }

    /// Takes a row of the ledger back.
    pub fn restore_ledger(&mut self, row: &KeptRow) {
        self.counter.account.restore(row);
    }

    /// The ledger goes on where another was.
    pub fn go_on_ledger(&mut self, since_hour: u32, closed_day: u32) {
        self.counter.account.go_on(since_hour, closed_day);
    }

    /// Takes back what the table knows besides series.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn restore_table(&mut self, rest: &[u8]) -> Result<(), Damaged> {
        self.counter.table.restore_rest(rest)
    }

    /// Every series begins anew at 0, and no batch before that place counts.
    pub fn begin_anew(&mut self, now: u64, place: Place) {
        self.counter.table.begin_anew(now);
        self.counter.progress = Progress { place, changed: true };
    }

    /// Labels beyond those of every call.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.counter.table.label_names().count() - crate::metric::CALL_LABELS.len()
    }

    /// So many bytes of a memory will come.
    pub fn expect(&mut self, memory: Memory, bytes: u64) {
        self.settler.expect(memory, bytes);
    }

    /// Remembers what settle remembered.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn remember_again(&mut self, memory: Memory, at: u64, bytes: &[u8]) -> Result<(), Damaged> {
        self.settler.remember_again(memory, at, bytes)
    }

    /// Those of a batch wait again that waited.
    pub fn wait_again(
        &mut self,
        batch: RecordBatch,
        first: u64,
        at: u64,
        waits: &mut dyn FnMut(u64) -> bool,
    ) {
        for (mut record, number) in batch.records.into_iter().zip(first..) {
            if waits(number) {
                record.number = number as u32;
                let shape = Arc::clone(&batch.shapes[record.shape as usize]);
                self.settler.wait_again(record, &shape, at);
            }
        }
    }

    /// Labels of the series, one a line.
    #[must_use]
    pub fn label_names(&self) -> String {
        self.counter.table.label_names().collect::<Vec<_>>().join("\n")
    }
}

// === which records wait ===

/// Rising numbers, most of which follow each other.
#[derive(Debug, Default)]
struct Runs {
    out: Writer,
    first: Option<u64>,
    run: Option<(u64, u64)>,
    last: u64,
}

impl Runs {
    fn add(&mut self, number: u64) {
        self.first = Some(self.first.map_or(number, |first| first.min(number)));
        match &mut self.run {
            Some((begin, length)) if *begin + *length == number => *length += 1,
            _ => {
                self.end_run();
                self.run = Some((number, 1));
            }
        }
    }

    const fn first(&self) -> Option<u64> {
        self.first
    }

    fn end_run(&mut self) {
        if let Some((begin, length)) = self.run.take() {
            self.out.number(begin.wrapping_sub(self.last));
            self.out.number(length);
            self.last = begin + length;
        }
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.end_run();
        self.out.into_bytes()
    }
}

/// The runs of numbers, sorted: each begins at the first, and ends before the second.
///
/// # Errors
/// The bytes are something else.
pub fn runs(bytes: &[u8]) -> Result<Vec<(u64, u64)>, Damaged> {
    let (mut from, mut runs, mut last) = (Reader::new(bytes), Vec::new(), 0_u64);
    while !from.is_at_end() {
        let begin = last.wrapping_add(from.number()?);
        last = begin.checked_add(from.number()?).ok_or(Damaged)?;
        runs.push((begin, last));
    }
    runs.sort_unstable();
    Ok(runs)
}

/// True when a number is in one of them.
#[must_use]
pub fn is_in(runs: &[(u64, u64)], number: u64) -> bool {
    let after = runs.partition_point(|(begin, _)| *begin <= number);
    runs[..after].last().is_some_and(|(_, end)| number < *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: numbers come back, whatever their gaps.
    #[test]
    fn runs_come_back() {
        let numbers = [3, 4, 5, 9, 10, 700, 8, u64::from(u32::MAX) + 5];
        let mut all = Runs::default();
        numbers.iter().for_each(|number| all.add(*number));
        assert_eq!(all.first(), Some(3));
        let all = runs(&all.into_bytes()).unwrap();
        for number in 0..1_000 {
            assert_eq!(is_in(&all, number), numbers.contains(&number), "{number}");
        }
        assert!(is_in(&all, numbers[7]) && !is_in(&[], 3));
    }
}
