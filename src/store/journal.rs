//! `journal.db`: what was acknowledged, and who this is.
//!
//! One row of `entries` is one commit: a blob of record batches, with the numbers of its batches and records. The
//! identity is born with the file: a name, the seeds of the secret that keys are hashed with, and the last snapshot
//! that was shown. Only the process that writes it reads it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::fault::{Fault, Opening};
use super::file::{self, Kind, checkpoint};
use crate::compact::sum;

const KIND: Kind = Kind {
    version: 1,
    schema: "
        CREATE TABLE identity (
            one INTEGER PRIMARY KEY CHECK (one = 1), instance TEXT NOT NULL, seed INTEGER NOT NULL,
            other_seed INTEGER NOT NULL, snapshot INTEGER NOT NULL, batches INTEGER NOT NULL);
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, batches INTEGER NOT NULL, record INTEGER NOT NULL,
            records INTEGER NOT NULL, at INTEGER NOT NULL, sum INTEGER NOT NULL, blob BLOB NOT NULL);",
    migrations: &[],
};

/// A write-ahead log longer than this is brought into the file while writers wait.
const LONG_LOG: u64 = 64 << 20;
/// And one longer than this while they do not.
const SOME_LOG: u64 = 8 << 20;

/// Who this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `service.instance.id`.
    pub instance: String,
    /// Seeds of the secret.
    pub seeds: (u64, u64),
    /// The last snapshot that may have been shown.
    pub snapshot: u64,
    /// The last batch in it.
    pub batches: u64,
}

/// One commit of batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Number of the first batch.
    pub batch: u64,
    /// How many.
    pub batches: u64,
    /// Number of the first record.
    pub record: u64,
    /// How many.
    pub records: u64,
    /// Engine time of its commit.
    pub at: u64,
    /// The batches.
    pub blob: Vec<u8>,
}

/// A snapshot is on disk: what the journal need not keep any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its number.
    pub snapshot: u64,
    /// The last batch in it.
    pub batches: u64,
    /// No record before this one waits.
    pub oldest: u64,
    /// Nothing of what is dropped is to be left in its files.
    pub scrub: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// None after a fault: what the file holds is then not known.
    connection: Option<Connection>,
    identity: Identity,
    is_new: bool,
    /// The last entry that was acknowledged.
    last: i64,
    /// Numbers of the next batch and the next record.
    next: (u64, u64),
}

impl Journal {
    /// Opens it, or makes it; a damaged one is set aside.
    pub(super) fn open(path: &Path, set_aside: &mut Vec<String>) -> Result<Self, Opening> {
        file::open_and_read(path, KIND, set_aside, Self::read)
    }

    fn read(path: &Path, connection: Connection) -> Result<Self, Fault> {
        let known = connection
            .query_row("SELECT instance, seed, other_seed, snapshot, batches FROM identity", (), |row| {
                Ok(Identity {
                    instance: row.get(0)?,
                    seeds: (bits(row.get(1)?), bits(row.get(2)?)),
                    snapshot: bits(row.get(3)?),
                    batches: bits(row.get(4)?),
                })
            })
            .optional()?;
        let is_new = known.is_none();
        let identity = known.map_or_else(|| born(&connection), Ok)?;
        let mut journal = Self {
            path: path.to_owned(),
            connection: Some(connection),
            next: (identity.batches + 1, 0),
            identity,
            is_new,
            last: 0,
        };
        let (mut last, mut next) = (0, journal.next);
        journal.entries(|id, entry| {
            last = id;
            next = (entry.batch + entry.batches, entry.record + entry.records);
            Ok(())
        })?;
        (journal.last, journal.next) = (last, next);
        Ok(journal)
    }

    /// Who this is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// True when the file was made just now.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Numbers of the next batch and the next record.
    #[must_use]
    pub const fn next(&self) -> (u64, u64) {
        self.next
    }

    /// Goes on counting from there, if it has not come so far.
    pub fn go_on_from(&mut self, next: (u64, u64)) {
        self.next = (self.next.0.max(next.0), self.next.1.max(next.1));
    }

    /// Reads every entry, the oldest first.
    ///
    /// # Errors
    /// One cannot be read, or `each` fails.
    pub fn entries(&mut self, mut each: impl FnMut(i64, Entry) -> Result<(), Fault>) -> Result<(), Fault> {
        let connection = open(&mut self.connection, &self.path, self.last)?;
        let mut statement = connection
            .prepare("SELECT id, batch, batches, record, records, at, sum, blob FROM entries ORDER BY id")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let entry = Entry {
                batch: bits(row.get(1)?),
                batches: bits(row.get(2)?),
                record: bits(row.get(3)?),
                records: bits(row.get(4)?),
                at: bits(row.get(5)?),
                blob: row.get(7)?,
            };
            if sum(&entry.blob) != row.get::<_, u32>(6)? {
                return Err(Fault::damaged("an entry"));
            }
            each(row.get(0)?, entry)?;
        }
        Ok(())
    }

    /// Keeps batches, and drops what a snapshot has made needless, in one commit.
    ///
    /// # Errors
    /// Nothing of it is kept. What the file holds is read again before the next commit.
    pub fn commit(&mut self, entry: Option<&Entry>, note: Option<Note>) -> Result<(), Fault> {
        let connection = open(&mut self.connection, &self.path, self.last)?;
        let committed = commit(connection, entry, note);
        match committed {
            Ok(last) => {
                self.last = last.unwrap_or(self.last);
                if let Some(entry) = entry {
                    self.next = (entry.batch + entry.batches, entry.record + entry.records);
                }
                if let Some(note) = note {
                    (self.identity.snapshot, self.identity.batches) = (note.snapshot, note.batches);
                }
                Ok(())
            }
            Err(error) => {
                // A sync that failed is not tried again: the system may have dropped what it could not write.
                if let Some(failed) = self.connection.take() {
                    file::abandon(failed);
                }
                Err(error.into())
            }
        }
    }

    /// Leaves nothing in its files of what was dropped from it.
    ///
    /// # Errors
    /// The disk's.
    pub fn scrub(&mut self) -> Result<(), Fault> {
        file::scrub(open(&mut self.connection, &self.path, self.last)?)
    }

    /// What brings its write-ahead log into the file, on a thread of its own.
    #[must_use]
    pub fn checkpoints(&self) -> Checkpoints {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        Checkpoints { path: self.path.clone(), connection: None, log: log.into() }
    }
}

/// The connection, perhaps a new one: then what was refused is taken out.
fn open<'a>(connection: &'a mut Option<Connection>, path: &Path, last: i64) -> Result<&'a Connection, Fault> {
    let open = match connection.take() {
        Some(open) => open,
        None => {
            let open = file::reopen_after_fault(path, KIND)?;
            if let Err(error) = open.execute("DELETE FROM entries WHERE id > ?1", params![last]) {
                file::abandon(open);
                return Err(error.into());
            }
            open
        }
    };
    Ok(connection.insert(open))
}

fn commit(
    connection: &Connection,
    entry: Option<&Entry>,
    note: Option<Note>,
) -> Result<Option<i64>, rusqlite::Error> {
    let transaction = connection.unchecked_transaction()?;
    if let Some(note) = note {
        transaction
            .prepare_cached("DELETE FROM entries WHERE batch + batches - 1 <= ?1 AND record + records <= ?2")?
            .execute(params![number(note.batches), number(note.oldest)])?;
        transaction
            .prepare_cached("UPDATE identity SET snapshot = ?1, batches = ?2")?
            .execute(params![number(note.snapshot), number(note.batches)])?;
    }
    let mut last = None;
    if let Some(entry) = entry {
        let Entry { batch, batches, record, records, at, blob } = entry;
        let numbers = [*batch, *batches, *record, *records, *at].map(number);
        transaction
            .prepare_cached(
                "INSERT INTO entries (batch, batches, record, records, at, sum, blob) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], sum(blob), blob])?;
        last = Some(transaction.last_insert_rowid());
    }
    transaction.commit()?;
    Ok(last)
}

/// See [`Journal::checkpoints`].
#[derive(Debug)]
pub struct Checkpoints {
    path: PathBuf,
    /// None before the first, and after one that failed.
    connection: Option<Connection>,
    log: PathBuf,
}

impl Checkpoints {
    /// Brings the log into the file where it has grown.
    ///
    /// # Errors
    /// The disk's.
    pub fn look(&mut self) -> Result<(), Fault> {
        let length = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        if length <= SOME_LOG {
            return Ok(());
        }
        let open = match self.connection.take() {
            Some(open) => open,
            None => file::reopen(&self.path, KIND)?,
        };
        // Writers go on meanwhile. What they add is left for the next time, so now and then they must wait.
        let mut done = checkpoint(&open, "PASSIVE");
        if length > LONG_LOG {
            done = done.and_then(|()| checkpoint(&open, "TRUNCATE"));
        }
        match done {
            Ok(()) => self.connection = Some(open),
            Err(_) => file::abandon(open),
        }
        done
    }
}

fn born(connection: &Connection) -> Result<Identity, Fault> {
    use std::hash::BuildHasher as _;
    let random = || std::collections::hash_map::RandomState::new().hash_one(crate::clock::now_unix_nano());
    let (one, other) = (random(), random());
    let id = format!("{one:016x}{other:016x}");
    // A UUID of version 4.
    let instance = format!("{}-{}-4{}-a{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]);
    let identity = Identity { instance, seeds: (random(), random()), ..Identity::default() };
    connection.execute(
        "INSERT INTO identity VALUES (1, ?1, ?2, ?3, 0, 0)",
        params![identity.instance, number(identity.seeds.0), number(identity.seeds.1)],
    )?;
    Ok(identity)
}

/// `SQLite` has signed integers only.
pub(super) const fn number(value: u64) -> i64 {
    value.cast_signed()
}

/// And back.
pub(super) const fn bits(value: i64) -> u64 {
    value.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(batch: u64, batches: u64, record: u64, records: u64) -> Entry {
        Entry { batch, batches, record, records, at: batch * 10, blob: vec![batch as u8; 30] }
    }

    fn all(journal: &mut Journal) -> Vec<Entry> {
        let mut all = Vec::new();
        let mut add = |_, entry| {
            all.push(entry);
            Ok(())
        };
        journal.entries(&mut add).unwrap();
        all
    }

    /// Guarantees: what was committed is there after a restart, in its order; what no record waits in is dropped; who
    /// it is stays the same.
    #[test]
    fn entries_stay_until_nobody_waits_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut aside) = (folder.path().join("journal.db"), Vec::new());
        let mut journal = Journal::open(&path, &mut aside).unwrap();
        assert!(journal.is_new());
        let (identity, entries) =
            (journal.identity().clone(), [entry(1, 2, 0, 10), entry(3, 1, 10, 0), entry(4, 3, 10, 7)]);
        entries.iter().for_each(|entry| journal.commit(Some(entry), None).unwrap());
        drop(journal);
        let mut journal = Journal::open(&path, &mut aside).unwrap();
        assert_eq!((journal.identity(), journal.is_new(), journal.next()), (&identity, false, (7, 17)));
        assert_eq!(all(&mut journal), entries);
        // Record 9 waits; then only what came after the snapshot is left.
        journal.commit(None, Some(Note { snapshot: 1, batches: 3, oldest: 9, scrub: false })).unwrap();
        assert_eq!(all(&mut journal), entries);
        journal.commit(None, Some(Note { snapshot: 2, batches: 3, oldest: 17, scrub: false })).unwrap();
        assert_eq!(all(&mut journal), entries[2..]);
        assert_eq!(Journal::open(&path, &mut aside).unwrap().identity().snapshot, 2);
        assert!(aside.is_empty());
    }

    /// Guarantees: an entry whose bytes have changed is not read; the file is set aside and another identity is born.
    #[test]
    fn a_changed_entry_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut aside) = (folder.path().join("journal.db"), Vec::new());
        let mut journal = Journal::open(&path, &mut aside).unwrap();
        journal.commit(Some(&entry(1, 1, 0, 1)), None).unwrap();
        let instance = journal.identity().instance.clone();
        let other = file::reopen(&path, KIND).unwrap();
        other.execute("UPDATE entries SET blob = zeroblob(30)", ()).unwrap();
        drop((journal, other));
        let journal = Journal::open(&path, &mut aside).unwrap();
        assert!(journal.is_new() && journal.identity().instance != instance);
        assert!(aside[0].contains("journal.db is damaged"), "{aside:?}");
    }

    /// Scenario: a commit fails, and its entry is in the file nevertheless. Guarantees: what was refused is not there
    /// when the next one is kept.
    #[test]
    fn what_was_refused_is_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path, &mut Vec::new()).unwrap();
        journal.commit(Some(&entry(1, 1, 0, 1)), None).unwrap();
        let other = file::reopen(&path, KIND).unwrap();
        commit(&other, Some(&entry(2, 1, 1, 1)), None).unwrap();
        journal.connection = None;
        journal.commit(Some(&entry(2, 1, 1, 3)), None).unwrap();
        assert_eq!(all(&mut journal), [entry(1, 1, 0, 1), entry(2, 1, 1, 3)]);
    }
}
