//! What a settler knows, as it is kept on disk: what it remembers, bit by bit, and which spans wait.
//!
//! In: what a [`Settler`] has remembered since it was last asked. Out: bytes, and the same memory back, if they are read
//! in the order in which they were written. Spans that wait are kept elsewhere; here are only their numbers.

use std::hint::black_box;
use std::sync::Arc;

use super::held::Held;
use super::loops::Sum;
use super::memory::Recall;
use super::past::{Answer, Cover, KEEP_NANOS, Kin, TRACES};
use super::{SettleSettings, Settler};
use crate::compact::{Damaged, Reader, Writer};
use crate::record::{Record, Shape};

/// What is remembered, apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Memory {
    /// Spans that came.
    Seen,
    /// Who is whose parent, and what was counted.
    Kin,
    /// Answers that were counted.
    Answers,
    /// Sums of tool loops.
    Loops,
    /// Books of calls.
    Accounts,
}

impl Memory {
    /// Every kind, by its place in kept data.
    pub const ALL: [Self; 5] = [Self::Seen, Self::Kin, Self::Answers, Self::Loops, Self::Accounts];
}

/// Least bytes of an entry of each memory, on disk.
const LEAST: [u64; Memory::ALL.len()] = [8, 17, 37, 13, 9];
/// Entries that are read together.
const TOGETHER: usize = 64;

/// Bytes on disk for each of the small memories.
const SMALL: u64 = 8 << 20;

/// How long each memory is kept, nanoseconds, and in how many bytes on disk.
#[must_use]
pub const fn bounds(settings: &SettleSettings) -> [(u64, u64); Memory::ALL.len()] {
    let (short, answers) = (settings.remember_nanos, 2 * settings.answer_bytes as u64);
    [
        (short, settings.remember_bytes as u64),
        (KEEP_NANOS, 2 * answers),
        (KEEP_NANOS, answers),
        (short, SMALL),
        (short, SMALL),
    ]
}

impl Settler {
    /// From now on notes what is to be kept.
    pub fn keep(&mut self) {
        self.past.seen.note();
        self.past.kin.note();
        self.past.answers.note();
        self.loops.0.note();
        self.accounts.0.note();
    }

    /// What was remembered since the last time.
    pub fn remembered(&mut self) -> Vec<(Memory, Vec<u8>)> {
        let mut all = Vec::new();
        for memory in Memory::ALL {
            let mut out = Writer::default();
            match memory {
                Memory::Seen => self.past.seen.noted().into_iter().for_each(|hash| out.hash(hash)),
                Memory::Kin => write(self.past.kin.noted_values(), &mut out, write_kin),
                Memory::Answers => write(self.past.answers.noted_values(), &mut out, write_answer),
                Memory::Loops => write(self.loops.0.noted_values(), &mut out, write_sum),
                Memory::Accounts => {
                    write(self.accounts.0.noted_values(), &mut out, |out, books| out.number(books.into()));
                }
            }
            if !out.is_empty() {
                all.push((memory, out.into_bytes()));
            }
        }
        all
    }

    /// Remembers it again; in the order of time, with nothing noted.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn remember_again(&mut self, memory: Memory, at: u64, bytes: &[u8]) -> Result<(), Damaged> {
        self.pass(at);
        let from = &mut Reader::new(bytes);
        match memory {
            Memory::Seen => again(&mut self.past.seen, from, |_| Ok(())),
            Memory::Kin => again(&mut self.past.kin, from, read_kin),
            Memory::Answers => again(&mut self.past.answers, from, read_answer),
            Memory::Loops => again(&mut self.loops.0, from, read_sum),
            Memory::Accounts => again(&mut self.accounts.0, from, Reader::small),
        }
    }

    /// So many bytes of a memory are to be read again.
    pub fn expect(&mut self, memory: Memory, bytes: u64) {
        let entries = usize::try_from(bytes / LEAST[memory as usize]).unwrap_or(usize::MAX);
        match memory {
            Memory::Seen => self.past.seen.expect(entries),
            // Most are written twice: when they come, and when they are counted.
            Memory::Kin => self.past.kin.expect(entries / 2),
            Memory::Answers => self.past.answers.expect(entries),
            Memory::Loops | Memory::Accounts => {}
        }
    }

    /// Numbers of the spans that wait, in the order in which they came.
    pub fn waiting_numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.waiting.all().map(|held| held.record.number)
    }

    /// A span waits again that waited since engine time was `at`.
    pub fn wait_again(&mut self, record: Record, shape: &Arc<Shape>, at: u64) {
        let mut held = Held::new(record, Arc::clone(shape), &self.settings.secret);
        held.record.arrived = Record::milliseconds(at);
        if held.answer != 0 && self.past.is_everybodys(held.answer) {
            held.forget_answer();
        }
        self.wait(held);
    }
}

/// Remembers what is read. What many of them lead to is loaded before the first is written: they wait together.
fn again<'a, V: Copy + Default, const N: usize>(
    recall: &mut Recall<V, N>,
    from: &mut Reader<'a>,
    value: impl Fn(&mut Reader<'a>) -> Result<V, Damaged>,
) -> Result<(), Damaged> {
    let mut next = Vec::with_capacity(TOGETHER);
    while !from.is_at_end() {
        while next.len() < TOGETHER && !from.is_at_end() {
            next.push((from.hash()?, value(from)?));
        }
        black_box(next.iter().fold(0, |all, (hash, _)| all ^ recall.touch(*hash)));
        for (hash, value) in next.drain(..) {
            recall.insert(hash, value);
        }
    }
    Ok(())
}

fn write<V>(noted: Vec<(u64, V)>, out: &mut Writer, mut value: impl FnMut(&mut Writer, V)) {
    for (hash, noted) in noted {
        out.hash(hash);
        value(out, noted);
    }
}

fn write_kin(out: &mut Writer, kin: Kin) {
    let Kin { parent, cover } = kin;
    let Cover { answer_kind, counted, covers, by_agent, failed, bare, start } = cover;
    out.raw(&parent);
    let bits = [counted, covers, by_agent, failed, bare];
    out.byte(bits.iter().enumerate().map(|(place, bit)| u8::from(*bit) << place).sum());
    if covers {
        [answer_kind, start].iter().for_each(|number| out.raw(&number.to_le_bytes()));
    }
}

fn read_kin(from: &mut Reader<'_>) -> Result<Kin, Damaged> {
    let (parent, bits) = (from.array()?, from.byte()?);
    let bit = |place: u8| bits >> place & 1 == 1;
    let mut cover = Cover {
        counted: bit(0),
        covers: bit(1),
        by_agent: bit(2),
        failed: bit(3),
        bare: bit(4),
        ..Cover::default()
    };
    if cover.covers {
        (cover.answer_kind, cover.start) = (word(from)?, word(from)?);
    }
    Ok(Kin { parent, cover })
}

fn write_answer(out: &mut Writer, answer: Answer) {
    let Answer { traces, usage, end_seconds, everybodys } = answer;
    traces.iter().for_each(|trace| out.raw(&trace.to_le_bytes()));
    [usage.0, usage.1, end_seconds].iter().for_each(|number| out.raw(&number.to_le_bytes()));
    out.flag(everybodys);
}

fn read_answer(from: &mut Reader<'_>) -> Result<Answer, Damaged> {
    let mut traces = [0; TRACES];
    for trace in &mut traces {
        *trace = u16::from_le_bytes(from.array()?);
    }
    let (usage, end_seconds) = ((word(from)?, word(from)?), word(from)?);
    Ok(Answer { traces, usage, end_seconds, everybodys: from.flag()? })
}

fn write_sum(out: &mut Writer, sum: Sum) {
    let Sum { counts, start_unix_nano, goes_on } = sum;
    counts.iter().for_each(|count| out.number(u64::from(*count)));
    out.number(start_unix_nano);
    out.flag(goes_on);
}

fn read_sum(from: &mut Reader<'_>) -> Result<Sum, Damaged> {
    let mut sum = Sum::default();
    for count in &mut sum.counts {
        *count = from.small()?;
    }
    (sum.start_unix_nano, sum.goes_on) = (from.number()?, from.flag()?);
    Ok(sum)
}

fn word(from: &mut Reader<'_>) -> Result<u32, Damaged> {
    from.array().map(u32::from_le_bytes)
}
