//! `tollgate.db`: what is known, as of the last snapshot.
//!
//! `snapshot` has one row: of when it is, and what is neither a series nor a memory. `series` has a row for each label
//! tuple; a person may read `labels`, the rest is for Tollgate. `memory` has a row for what settle remembered between two
//! snapshots, as hashes: no id of a span is in it.

use std::path::{Path, PathBuf};

use rusqlite::backup::Backup;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};

use super::fault::{Fault, Opening};
use super::file::{self, Kind, checkpoint, scrub};
use super::folder::private_file;
use super::journal::{bits, number};
use crate::compact::sum;
use crate::ledger::kept::{self, KeptRow, LedgerChanges};
use crate::ledger::sheet::DAY;

const KIND: Kind = Kind {
    version: 3,
    schema: concat!(
        "
        CREATE TABLE snapshot (
            one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, instance TEXT NOT NULL,
            is_backup INTEGER NOT NULL, taken TEXT NOT NULL, now INTEGER NOT NULL, batches INTEGER NOT NULL,
            records INTEGER NOT NULL, label_names TEXT NOT NULL, waiting BLOB NOT NULL, state BLOB NOT NULL,
            sum INTEGER NOT NULL);
        CREATE TABLE series (key BLOB PRIMARY KEY, labels TEXT NOT NULL, sum INTEGER NOT NULL, series BLOB NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE memory (
            id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER NOT NULL, sum INTEGER NOT NULL, blob BLOB NOT NULL);
",
        include_str!("../ledger/ledger.sql"),
        include_str!("../ledger/ledger_3.sql")
    ),
    migrations: &[include_str!("../ledger/ledger.sql"), include_str!("../ledger/ledger_3.sql")],
};

const LONG_LOG: u64 = 16 << 20;

/// What is known, but for series and memories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its number; each is one more than the one before.
    pub number: u64,
    /// The identity that it belongs to.
    pub instance: String,
    /// It was copied by `tollgate backup`.
    pub is_backup: bool,
    /// When it was taken, for people.
    pub taken: String,
    /// The same in engine time.
    pub now: u64,
    /// How far the engine was.
    pub place: Place,
    /// Labels of the series, one a line.
    pub label_names: String,
    /// Which records wait.
    pub waiting: Vec<u8>,
    /// Limits, names and everything else.
    pub state: Vec<u8>,
}

/// How far the engine was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The last batch that it took.
    pub batches: u64,
    /// The record after its last one.
    pub records: u64,
}

/// What is to be kept with a snapshot.
#[derive(Debug, Default)]
pub struct Kept {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Series that have changed: key, labels, bytes.
    pub series: Vec<(std::sync::Arc<[u8]>, String, Vec<u8>)>,
    /// Keys of series that are no more.
    pub gone: Vec<std::sync::Arc<[u8]>>,
    /// What was remembered, by kind.
    pub memories: Vec<(u8, Vec<u8>)>,
    /// Rows of the ledger.
    pub ledger: LedgerChanges,
    /// How long each kind is kept in engine time, and in how many bytes.
    pub bounds: Vec<(u64, u64)>,
    /// No series of before is to stay.
    pub series_afresh: bool,
    /// No memory of before is to stay.
    pub memories_afresh: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Snapshots {
    path: PathBuf,
    connection: Option<Connection>,
    snapshot: Option<Snapshot>,
}

impl Snapshots {
    /// Opens it, or makes it; a damaged one is set aside.
    pub(super) fn open(path: &Path, set_aside: &mut Vec<String>) -> Result<Self, Opening> {
        file::open_and_read(path, KIND, set_aside, Self::read)
    }

    fn read(path: &Path, connection: Connection) -> Result<Self, Fault> {
        let snapshot = read_snapshot(&connection)?;
        let snapshots = Self { path: path.to_owned(), connection: Some(connection), snapshot };
        snapshots.series(|_, _| Ok(()))?;
        Ok(snapshots)
    }

    /// The last one.
    #[must_use]
    pub const fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Reads every series: its key and bytes.
    ///
    /// # Errors
    /// One cannot be read, or `each` fails.
    pub fn series(&self, mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let mut statement = connection.prepare("SELECT key, series, sum FROM series ORDER BY key")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (key, series): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if sum(&series) != row.get::<_, u32>(2)? {
                return Err(Fault::damaged("a series"));
            }
            each(&key, &series)?;
        }
        Ok(())
    }

    /// Bytes of each kind of memory.
    ///
    /// # Errors
    /// The disk's.
    pub fn memory_sizes(&self) -> Result<Vec<(u8, u64)>, Fault> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let mut statement = connection.prepare("SELECT kind, sum(length(blob)) FROM memory GROUP BY kind")?;
        let sizes = statement.query_map((), |row| Ok((row.get(0)?, bits(row.get(1)?))))?;
        Ok(sizes.collect::<Result<_, _>>()?)
    }

    /// Reads every memory, the oldest first: its kind, engine time and bytes. Damaged ones are left out; how many.
    ///
    /// # Errors
    /// The disk's.
    pub fn memories(&self, mut each: impl FnMut(u8, u64, &[u8])) -> Result<u64, Fault> {
        let Some(connection) = &self.connection else { return Ok(0) };
        let mut statement = connection.prepare("SELECT kind, at, sum, blob FROM memory ORDER BY id")?;
        let (mut rows, mut damaged) = (statement.query(())?, 0);
        while let Some(row) = rows.next()? {
            let blob = row.get_ref(3)?.as_blob().unwrap_or_default();
            if sum(blob) == row.get::<_, u32>(2)? {
                each(row.get(0)?, bits(row.get(1)?), blob);
            } else {
                damaged += 1;
            }
        }
        Ok(damaged)
    }

    /// Reads every row of the ledger; the first hour that it knew and the last day it closed, where there is one.
    ///
    /// # Errors
    /// The disk's.
    pub fn ledger(&self, mut each: impl FnMut(&KeptRow)) -> Result<Option<(u32, u32)>, Fault> {
        self.connection.as_ref().map_or(Ok(None), |connection| read_ledger(connection, &mut each))
    }

    /// Changes the ledger, and leaves nothing of what was there before in the file.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn change_ledger(&mut self, changes: &LedgerChanges) -> Result<(), Fault> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let transaction = connection.unchecked_transaction()?;
        save_ledger(&transaction, changes)?;
        transaction.commit()?;
        scrub(connection)
    }

    /// Keeps a snapshot, in one commit.
    ///
    /// # Errors
    /// Nothing of it is kept.
    pub fn save(&mut self, kept: &Kept) -> Result<(), Fault> {
        let open = match self.connection.take() {
            Some(open) => open,
            None => file::reopen_after_fault(&self.path, KIND)?,
        };
        if let Err(error) = save(&open, kept) {
            file::abandon(open);
            return Err(error.into());
        }
        self.snapshot = Some(kept.snapshot.clone());
        if kept.ledger.scrub {
            scrub(&open)?;
        }
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let is_long = std::fs::metadata(&log).is_ok_and(|log| log.len() > LONG_LOG);
        // One that fails costs nothing: what it would have brought into the file stays in the log.
        match is_long.then(|| checkpoint(&open, "TRUNCATE")) {
            Some(Err(_)) => file::abandon(open),
            None | Some(Ok(())) => self.connection = Some(open),
        }
        Ok(())
    }
}

fn read_snapshot(connection: &Connection) -> Result<Option<Snapshot>, Fault> {
    let found = connection
        .query_row("SELECT * FROM snapshot", (), |row| {
            let snapshot = Snapshot {
                number: bits(row.get(1)?),
                instance: row.get(2)?,
                is_backup: row.get(3)?,
                taken: row.get(4)?,
                now: bits(row.get(5)?),
                place: Place { batches: bits(row.get(6)?), records: bits(row.get(7)?) },
                label_names: row.get(8)?,
                waiting: row.get(9)?,
                state: row.get(10)?,
            };
            Ok((snapshot, row.get::<_, u32>(11)?))
        })
        .optional()?;
    match found {
        Some((snapshot, known)) if snapshot_sum(&snapshot) != known => Err(Fault::damaged("the snapshot")),
        found => Ok(found.map(|(snapshot, _)| snapshot)),
    }
}

fn snapshot_sum(snapshot: &Snapshot) -> u32 {
    sum(&[&snapshot.waiting[..], &snapshot.state].concat())
}

fn save(connection: &Connection, kept: &Kept) -> Result<(), rusqlite::Error> {
    let transaction = connection.unchecked_transaction()?;
    if kept.series_afresh {
        transaction.execute("DELETE FROM series", ())?;
    }
    if kept.memories_afresh {
        transaction.execute("DELETE FROM memory", ())?;
    }
    // One that went may have come back since.
    let mut drop = transaction.prepare_cached("DELETE FROM series WHERE key = ?1")?;
    for key in &kept.gone {
        drop.execute(params![&key[..]])?;
    }
    let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO series VALUES (?1, ?2, ?3, ?4)")?;
    for (key, labels, series) in &kept.series {
        put.execute(params![&key[..], labels, sum(series), series])?;
    }
    let mut add =
        transaction.prepare_cached("INSERT INTO memory (kind, at, sum, blob) VALUES (?1, ?2, ?3, ?4)")?;
    for (kind, blob) in &kept.memories {
        add.execute(params![kind, number(kept.snapshot.now), sum(blob), blob])?;
    }
    for (kind, (nanos, bytes)) in (0_u8..).zip(&kept.bounds) {
        forget(&transaction, kind, kept.snapshot.now.saturating_sub(*nanos), *bytes)?;
    }
    save_ledger(&transaction, &kept.ledger)?;
    let snapshot = &kept.snapshot;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO snapshot VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            number(snapshot.number),
            snapshot.instance,
            snapshot.is_backup,
            snapshot.taken,
            number(snapshot.now),
            number(snapshot.place.batches),
            number(snapshot.place.records),
            snapshot.label_names,
            snapshot.waiting,
            snapshot.state,
            snapshot_sum(snapshot),
        ])?;
    std::mem::drop((put, drop, add));
    transaction.commit()
}

/// Opens one to read it, whoever writes it meanwhile.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Fault> {
    file::open_known_to_read(path, KIND)
}

/// See [`Snapshots::ledger`].
pub(super) fn read_ledger(
    connection: &Connection,
    each: &mut dyn FnMut(&KeptRow),
) -> Result<Option<(u32, u32)>, Fault> {
    read_rows(connection, "ledger_row", false, each)?;
    let newer = "SELECT count(*) FROM sqlite_master WHERE name = 'ledger_session'";
    if connection.query_row(newer, (), |row| row.get::<_, u32>(0))? > 0 {
        read_rows(connection, "ledger_session", true, each)?;
    }
    let about = "SELECT since_hour, closed_day FROM ledger_about";
    Ok(connection.query_row(about, (), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn read_rows(
    connection: &Connection,
    table: &str,
    by_session: bool,
    each: &mut dyn FnMut(&KeptRow),
) -> Result<(), Fault> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY hour"))?;
    let (texts, mut rows) = (2..2 + kept::names().count(), statement.query(())?);
    let last = texts.end + kept::numbers().len();
    while let Some(row) = rows.next()? {
        each(&KeptRow {
            hour: row.get(0)?,
            hours: row.get(1)?,
            names: texts.clone().map(|at| row.get(at)).collect::<Result<_, _>>()?,
            numbers: (texts.end..last).map(|at| row.get(at)).collect::<Result<_, _>>()?,
            by_session,
        });
    }
    Ok(())
}

fn save_ledger(connection: &Connection, changes: &LedgerChanges) -> Result<(), rusqlite::Error> {
    let mut drop = connection.prepare_cached("DELETE FROM ledger_row WHERE hour >= ?1 AND hour < ?2")?;
    for day in &changes.days {
        drop.execute(params![day * DAY, (day + 1) * DAY])?;
    }
    let mut drop = connection.prepare_cached("DELETE FROM ledger_session WHERE hour >= ?1 AND hour < ?2")?;
    for day in &changes.session_days {
        drop.execute(params![day * DAY, (day + 1) * DAY])?;
    }
    for (by_session, table) in [(false, "ledger_row"), (true, "ledger_session")] {
        let rows = changes.rows.iter().filter(|row| row.by_session == by_session);
        put_rows(connection, &format!("INSERT OR REPLACE INTO {table}"), rows.map(|row| (None, row)))?;
    }
    let former = changes.former.iter().map(|(at, row)| (Some(*at), row));
    put_rows(connection, "INSERT INTO ledger_former", former)?;
    if !changes.days.is_empty() {
        let rows = "SELECT min(hour) FROM ledger_row";
        connection.execute(&format!("DELETE FROM ledger_former WHERE hour < ({rows})"), ())?;
    }
    for (column, name, other, before) in &changes.forgotten {
        let forget =
            format!("UPDATE ledger_former SET \"{column}\" = ?1 WHERE \"{column}\" = ?2 AND hour < ?3");
        connection.execute(&forget, params![other, name, before])?;
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO ledger_about VALUES (1, ?1, ?2)")?
        .execute(params![changes.since_hour, changes.closed_day])?;
    Ok(())
}

/// Writes rows of the ledger; some with a moment before their other columns.
fn put_rows<'a>(
    connection: &Connection,
    statement: &str,
    rows: impl Iterator<Item = (Option<i64>, &'a KeptRow)>,
) -> Result<(), rusqlite::Error> {
    let mut prepared = None;
    for (at, row) in rows {
        let hours = [row.hour, row.hours].map(|hour| Value::from(i64::from(hour)));
        let names = row.names.iter().cloned().map(Value::from);
        let numbers = row.numbers.iter().copied().map(Value::from);
        let values: Vec<Value> =
            at.map(Value::from).into_iter().chain(hours).chain(names).chain(numbers).collect();
        let put = match &mut prepared {
            Some(put) => put,
            none => {
                let places = vec!["?"; values.len()].join(",");
                none.insert(connection.prepare_cached(&format!("{statement} VALUES ({places})"))?)
            }
        };
        put.execute(params_from_iter(values))?;
    }
    Ok(())
}

/// Drops memories of a kind that are too old, and the oldest of those that are too many.
fn forget(connection: &Connection, kind: u8, before: u64, most: u64) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("DELETE FROM memory WHERE kind = ?1 AND at < ?2")?
        .execute(params![kind, number(before)])?;
    let mut sizes =
        connection.prepare_cached("SELECT id, length(blob) FROM memory WHERE kind = ?1 ORDER BY id DESC")?;
    let (mut rows, mut sum) = (sizes.query(params![kind])?, 0);
    while let Some(row) = rows.next()? {
        sum += bits(row.get(1)?);
        if sum > most {
            let last: i64 = row.get(0)?;
            connection
                .prepare_cached("DELETE FROM memory WHERE kind = ?1 AND id <= ?2")?
                .execute(params![kind, last])?;
            break;
        }
    }
    Ok(())
}

/// See [`super::backup`].
pub(super) fn backup(path: &Path, to: &Path) -> Result<(), Opening> {
    let source = file::open_to_read(path).map_err(|fault| Opening::of(path, fault))?;
    if to.exists() {
        return Err(Opening(format!("{} exists; a new name would be right", to.display())));
    }
    private_file(to).map_err(|error| Opening(format!("{}: {error}", to.display())))?;
    let copied = || -> Result<(), rusqlite::Error> {
        let mut target = Connection::open(to)?;
        Backup::new(&source, &mut target)?.run_to_completion(
            256,
            std::time::Duration::from_millis(5),
            None,
        )?;
        target.execute_batch("UPDATE snapshot SET is_backup = 1; PRAGMA journal_mode = DELETE;")
    };
    copied().map_err(|error| Opening(format!("{}: {error}", to.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: u64, now: u64, series: &[(&str, &str)]) -> Kept {
        let row = |(key, value): &(&str, &str)| {
            (key.as_bytes().into(), format!("labels of {key}"), value.as_bytes().into())
        };
        Kept {
            snapshot: Snapshot {
                number,
                now,
                instance: "a".to_owned(),
                state: vec![1, 2],
                ..Snapshot::default()
            },
            series: series.iter().map(row).collect(),
            memories: vec![(0, vec![number as u8; 10]), (1, vec![9; 10])],
            bounds: vec![(100, 1_000), (1_000, 25)],
            ..Kept::default()
        }
    }

    fn series(snapshots: &Snapshots) -> Vec<(String, String)> {
        let (mut all, text) = (Vec::new(), |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap());
        let mut add = |key: &[u8], series: &[u8]| {
            all.push((text(key), text(series)));
            Ok(())
        };
        snapshots.series(&mut add).unwrap();
        all
    }

    fn memories(snapshots: &Snapshots) -> Vec<(u8, u64)> {
        let mut all = Vec::new();
        assert_eq!(snapshots.memories(|kind, at, _| all.push((kind, at))).unwrap(), 0);
        all
    }

    /// Guarantees: each snapshot adds to the one before, drops what is gone, and keeps memories within time and size; a
    /// copy is whole, says that it is one, and does not replace a file.
    #[test]
    fn snapshots_add_up() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut aside) = (folder.path().join("tollgate.db"), Vec::new());
        let mut snapshots = Snapshots::open(&path, &mut aside).unwrap();
        assert!(snapshots.snapshot().is_none());
        snapshots.save(&kept(1, 1_000, &[("a", "1"), ("b", "1")])).unwrap();
        snapshots.save(&kept(2, 1_050, &[("a", "2")])).unwrap();
        let gone = vec![b"b"[..].into(), b"c"[..].into()];
        let third = Kept { gone, ..kept(3, 1_101, &[("c", "1")]) };
        snapshots.save(&third).unwrap();
        let copy = folder.path().join("copy.db");
        backup(&path, &copy).unwrap();
        assert!(backup(&path, &copy).unwrap_err().to_string().contains("exists"));
        drop(snapshots);
        let back = Snapshots::open(&path, &mut aside).unwrap();
        assert_eq!(back.snapshot(), Some(&third.snapshot));
        assert_eq!(series(&back), [("a".into(), "2".into()), ("c".into(), "1".into())]);
        assert_eq!(back.memory_sizes().unwrap(), [(0, 20), (1, 20)]);
        assert_eq!(memories(&back), [(0, 1_050), (1, 1_050), (0, 1_101), (1, 1_101)]);
        let restored = Snapshots::open(&copy, &mut aside).unwrap();
        assert_eq!((series(&restored), restored.snapshot().unwrap().is_backup), (series(&back), true));
        assert!(aside.is_empty());
    }

    /// Guarantees: a file of a newer format is not read either, and says which it is.
    #[test]
    fn a_newer_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tollgate.db");
        Snapshots::open(&path, &mut Vec::new()).unwrap();
        assert!(open_to_read(&path).is_ok());
        let newer = file::reopen(&path, KIND).unwrap();
        newer.pragma_update(None, "user_version", KIND.version + 1).unwrap();
        drop(newer);
        let words = open_to_read(&path).unwrap_err().words;
        assert!(words.contains(&format!("newer Tollgate (format {})", KIND.version + 1)), "{words}");
    }

    /// Guarantees: a series whose bytes have changed costs the file, not the process; a changed memory only itself.
    #[test]
    fn changed_bytes_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut aside) = (folder.path().join("tollgate.db"), Vec::new());
        Snapshots::open(&path, &mut aside).unwrap().save(&kept(1, 1_000, &[("a", "1")])).unwrap();
        let other = file::reopen(&path, KIND).unwrap();
        other.execute("UPDATE memory SET blob = x'00' WHERE kind = 1", ()).unwrap();
        let back = Snapshots::open(&path, &mut aside).unwrap();
        let mut read = Vec::new();
        assert_eq!(back.memories(|kind, _, _| read.push(kind)).unwrap(), 1);
        assert_eq!(read, [0]);
        other.execute("UPDATE series SET series = x'00'", ()).unwrap();
        drop((other, back));
        assert!(Snapshots::open(&path, &mut aside).unwrap().snapshot().is_none());
        assert!(aside[0].contains("tollgate.db is damaged"), "{aside:?}");
    }
}
