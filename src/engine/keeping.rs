//! The two threads that keep: one writes the journal, one the snapshots.
//!
//! In: batches as they are read, and what the engine has come to know. Out: the batches, in the order of the journal, to
//! the engine; an answer to who waits for one; a view, once the snapshot that it shows is on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use super::actor::Message;
use super::kept::Changes;
use crate::clock::{SinceBoot, SteadyClock, Stopwatch};
use crate::receive::{Kept as Answer, Refused};
use crate::record::RecordBatch;
use crate::record::kept::BatchWriter;
use crate::settle::Memory;
use crate::store::{Checkpoints, Entry, Fault, Folder, Journal, Kept, Note, Snapshot, Snapshots};
use crate::telemetry::{Event, emit};

/// How long a commit waits for more after its first batch.
const GROUP: Duration = Duration::from_millis(5);
/// The same where nobody waits for it.
const RELAXED_GROUP: Duration = Duration::from_millis(200);
/// A commit is not longer than this, about.
const MOST: usize = 8 << 20;
/// How often what failed is tried again, and how long a sender is asked to wait meanwhile.
const AGAIN: Duration = Duration::from_secs(1);
/// How long senders are asked to wait.
pub(super) const COME_AGAIN: Duration = Duration::from_secs(5);

/// What the journal's thread is asked.
pub(super) enum Work {
    /// Keep a batch, hand it to the engine, and say so.
    Batch(Box<RecordBatch>, u64, Option<Answer>),
    /// A snapshot is kept.
    Note(Note, SyncSender<bool>),
    /// For the engine, after everything before it.
    Pass(Message),
}

/// What anybody may know of the journal without asking it.
#[derive(Debug, Default)]
pub(super) struct Health {
    failing: AtomicBool,
}

impl Health {
    /// True while nothing can be kept.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    fn fail(&self, fault: &Fault) {
        self.failing.store(true, Ordering::Release);
        emit(&Event::JournalFailed { reason: fault.reason.label(), words: &fault.words });
    }

    fn recover(&self) {
        if self.failing.swap(false, Ordering::AcqRel) {
            emit(&Event::JournalRecovered);
        }
    }
}

// === the journal ===

/// Writes the journal.
pub(super) struct Scribe {
    pub(super) journal: Journal,
    pub(super) folder: Folder,
    pub(super) engine: SyncSender<Message>,
    pub(super) health: Arc<Health>,
    pub(super) clock: SteadyClock,
    pub(super) relaxed: bool,
    pub(super) refused: Box<dyn Fn(u64) + Send>,
}

/// One commit.
#[derive(Default)]
struct Group {
    batches: Vec<(Box<RecordBatch>, u64, Option<Answer>)>,
    note: Option<Note>,
    noted: Vec<SyncSender<bool>>,
    passed: Vec<Message>,
    bytes: u64,
}

impl Group {
    fn add(&mut self, work: Work) {
        match work {
            Work::Batch(batch, bytes, answer) => {
                self.bytes += bytes;
                self.batches.push((batch, bytes, answer));
            }
            Work::Note(note, noted) => {
                self.note = Some(note);
                self.noted.push(noted);
            }
            Work::Pass(message) => self.passed.push(message),
        }
    }

    fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.note.is_none() && self.passed.is_empty()
    }
}

impl Scribe {
    pub(super) fn run(mut self, work: &Receiver<Work>) {
        let mut group = Group::default();
        loop {
            match work.recv_timeout(AGAIN) {
                Ok(first) => self.gather(first, work, &mut group),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !group.is_empty() || self.health.is_failing() {
                self.commit(&mut group);
            }
        }
    }

    fn gather(&self, first: Work, work: &Receiver<Work>, group: &mut Group) {
        let (began, patience) = (Stopwatch::start(), if self.relaxed { RELAXED_GROUP } else { GROUP });
        group.add(first);
        while group.bytes < MOST as u64 && group.passed.is_empty() {
            let left = patience.saturating_sub(began.elapsed());
            let Ok(more) = work.recv_timeout(left) else { return };
            group.add(more);
        }
    }

    fn commit(&mut self, group: &mut Group) {
        let (room, next) = (self.folder.has_room(), self.journal.next());
        let entry = room.is_ok().then(|| self.entry(group)).flatten();
        // What a snapshot makes needless goes also when there is no room for more.
        let wanted = entry.is_some() || group.note.is_some() || self.health.is_failing();
        let committed = if wanted { self.journal.commit(entry.as_ref(), self.note(group)) } else { Ok(()) };
        let scrubs = group.note.is_some_and(|note| note.scrub) && committed.is_ok();
        let committed = if scrubs { self.journal.scrub() } else { committed };
        if !group.noted.is_empty() {
            emit(&Event::StoreSize { bytes: self.folder.bytes() });
        }
        for noted in group.noted.drain(..) {
            // Who waited may have gone.
            let _ = noted.send(committed.is_ok());
        }
        group.note = None;
        match room.and(committed) {
            Ok(()) => {
                self.health.recover();
                self.hand_over(group, next);
            }
            Err(fault) => self.refuse(group, &fault),
        }
        for message in group.passed.drain(..) {
            // The engine may have ended.
            let _ = self.engine.send(message);
        }
    }

    /// A commit that tells whether the disk works again says what is so already.
    fn note(&self, group: &Group) -> Option<Note> {
        let identity = self.journal.identity();
        let same = Note { snapshot: identity.snapshot, batches: identity.batches, oldest: 0, scrub: false };
        group.note.or_else(|| self.health.is_failing().then_some(same))
    }

    fn entry(&self, group: &Group) -> Option<Entry> {
        if group.batches.is_empty() {
            return None;
        }
        let mut writer = BatchWriter::default();
        group.batches.iter().for_each(|(batch, ..)| writer.add(batch));
        let (batch, record) = self.journal.next();
        Some(Entry {
            batch,
            batches: group.batches.len() as u64,
            record,
            records: group.batches.iter().map(|(batch, ..)| batch.records.len() as u64).sum(),
            at: self.clock.now(),
            blob: writer.take(),
        })
    }

    fn hand_over(&self, group: &mut Group, (mut number, mut first): (u64, u64)) {
        for (batch, bytes, answer) in group.batches.drain(..) {
            if let Some(answer) = answer {
                // Its client may have gone.
                let _ = answer.send(Ok(()));
            }
            let records = batch.records.len() as u64;
            // The engine may have ended; the batch is kept for the next one.
            let _ = self.engine.send(Message::Kept(batch, bytes, (number, first)));
            (number, first) = (number + 1, first + records);
        }
        group.bytes = 0;
    }

    /// Who waits is refused; what was answered at once is tried again.
    fn refuse(&self, group: &mut Group, fault: &Fault) {
        self.health.fail(fault);
        if !self.relaxed {
            for (_, bytes, answer) in group.batches.drain(..) {
                (self.refused)(bytes);
                if let Some(answer) = answer {
                    let _ = answer.send(Err(Refused::NotKept { retry_after: COME_AGAIN }));
                }
            }
            group.bytes = 0;
        }
    }
}

/// Brings the journal's write-ahead log into its file, until the process ends.
pub(super) fn keep_short(mut checkpoints: Checkpoints, ended: &AtomicBool) {
    while !ended.load(Ordering::Acquire) {
        std::thread::sleep(AGAIN);
        // A disk that fails is told by who writes the journal.
        let _ = checkpoints.look();
    }
}

// === the snapshots ===

/// A snapshot that is to be kept, and what follows.
pub(super) struct Save {
    pub(super) changes: Changes,
    /// Engine time.
    pub(super) now: u64,
    /// The same, on a clock that nobody can set.
    pub(super) since_boot: SinceBoot,
    pub(super) label_names: String,
    pub(super) scrapers: Vec<u8>,
    /// Called once it is on disk, and the journal knows.
    pub(super) then: Box<dyn FnOnce() + Send>,
}

/// Writes snapshots.
pub(super) struct Librarian {
    pub(super) snapshots: Snapshots,
    pub(super) journal: SyncSender<Work>,
    pub(super) instance: String,
    /// Number of the next.
    pub(super) number: u64,
    /// How long memories are kept, and in how many bytes.
    pub(super) bounds: [(u64, u64); Memory::ALL.len()],
    /// What the file has of before is not to stay: series, memories.
    pub(super) afresh: (bool, bool),
}

impl Librarian {
    pub(super) fn run(mut self, work: &Receiver<Save>) {
        while let Ok(save) = work.recv() {
            let (kept, note, then) = self.kept(save);
            while let Err(fault) = self.snapshots.save(&kept) {
                emit(&Event::JournalFailed { reason: fault.reason.label(), words: &fault.words });
                std::thread::sleep(AGAIN);
            }
            self.afresh = (false, false);
            self.number += 1;
            if self.tell_journal(note) {
                then();
            }
        }
    }

    /// False when the journal's thread has ended.
    fn tell_journal(&self, note: Note) -> bool {
        loop {
            let (sender, noted) = std::sync::mpsc::sync_channel(1);
            if self.journal.send(Work::Note(note, sender)).is_err() {
                return false;
            }
            match noted.recv() {
                Ok(true) => return true,
                Ok(false) => std::thread::sleep(AGAIN),
                Err(_) => return false,
            }
        }
    }

    fn kept(&self, save: Save) -> (Kept, Note, Box<dyn FnOnce() + Send>) {
        let Save { changes, now, since_boot, label_names, scrapers, then } = save;
        let scrub = changes.ledger.scrub;
        let note =
            Note { snapshot: self.number, batches: changes.place.batches, oldest: changes.oldest, scrub };
        let mut state = crate::compact::Writer::default();
        [&changes.state, &changes.table.rest, &scrapers].iter().for_each(|part| state.bytes(part));
        state.text(&since_boot.boot);
        state.number(since_boot.nanos);
        let rows = changes.table.rows.into_iter();
        let series = rows.map(|(key, series)| (key, series.rendered.to_string(), series.to_bytes()));
        let memories = changes.memories.into_iter().map(|(memory, bytes)| (memory as u8, bytes));
        let taken = jiff::Timestamp::from_nanosecond(i128::from(crate::clock::now_unix_nano()));
        let kept = Kept {
            snapshot: Snapshot {
                number: self.number,
                instance: self.instance.clone(),
                is_backup: false,
                taken: taken.map_or_else(|_| String::new(), |taken| taken.to_string()),
                now,
                place: changes.place,
                label_names,
                waiting: changes.waiting,
                state: state.into_bytes(),
            },
            series: series.collect(),
            gone: changes.table.gone,
            memories: memories.collect(),
            ledger: changes.ledger,
            bounds: self.bounds.to_vec(),
            series_afresh: self.afresh.0,
            memories_afresh: self.afresh.1,
        };
        (kept, note, then)
    }
}
