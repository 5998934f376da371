//! One `SQLite` file: opened, checked, set aside when it is damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::{Fault, Opening, Reason};
use super::folder::private_file;
use crate::clock::now_unix_nano;

/// For a checkpoint or a backup to let go.
const BUSY: Duration = Duration::from_secs(10);

/// What a file is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// `PRAGMA user_version`.
    pub(super) version: u32,
    /// Its tables.
    pub(super) schema: &'static str,
    /// Steps from each version before, the first from 1 to 2.
    pub(super) migrations: &'static [&'static str],
}

/// Opens a file, or makes it. A damaged one is set aside, which is told.
pub(super) fn open(path: &Path, kind: Kind, set_aside: &mut Vec<String>) -> Result<Connection, Opening> {
    private_file(path).map_err(|error| Opening::of(path, error))?;
    match try_open(path, kind) {
        Ok(connection) => Ok(connection),
        Err(Refusal::Damaged(fault)) => {
            set_aside.push(put_away(path, &fault)?);
            private_file(path).map_err(|error| Opening::of(path, error))?;
            try_open(path, kind).map_err(|refusal| Opening::of(path, refusal.words()))
        }
        Err(refusal @ (Refusal::Newer(_) | Refusal::Failed(_))) => Err(Opening::of(path, refusal.words())),
    }
}

/// Opens a file and reads what is in it; what only reading shows to be damaged is set aside as well.
pub(super) fn open_and_read<T>(
    path: &Path,
    kind: Kind,
    set_aside: &mut Vec<String>,
    read: impl Fn(&Path, Connection) -> Result<T, Fault>,
) -> Result<T, Opening> {
    let read_again = match read(path, open(path, kind, set_aside)?) {
        Err(fault) if fault.reason == Reason::Damaged => {
            set_aside.push(put_away(path, &fault)?);
            read(path, open(path, kind, set_aside)?)
        }
        first => first,
    };
    read_again.map_err(|fault| Opening::of(path, fault))
}

/// Opens one again whose last commit failed. Its log may have a hole on disk that the system does not show, and what is
/// written behind a hole is lost with the power: so all of the log goes into the file first, and is synced there.
pub(super) fn reopen_after_fault(path: &Path, kind: Kind) -> Result<Connection, Fault> {
    let connection = reopen(path, kind)?;
    let into_file = |connection: &Connection| -> Result<bool, rusqlite::Error> {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))
    };
    let fault = match into_file(&connection) {
        Ok(false) => return Ok(connection),
        Ok(true) => Fault::new(Reason::Other, format!("{} is read by somebody else", path.display())),
        Err(error) => error.into(),
    };
    abandon(connection);
    Err(fault)
}

/// Opens one that exists, as [`open`] does.
pub(super) fn reopen(path: &Path, kind: Kind) -> Result<Connection, Fault> {
    private_file(path)?;
    try_open(path, kind).map_err(|refusal| match refusal {
        Refusal::Damaged(fault) | Refusal::Failed(fault) => fault,
        Refusal::Newer(_) => Fault::new(Reason::Other, refusal.words()),
    })
}

/// Closes one that failed. As the last one it would sync once more, and be told that all is well: the system forgets what
/// it could not write.
pub(super) fn abandon(connection: Connection) {
    // Where it cannot be set, the file was never opened well.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    drop(connection);
}

/// Opens one to read it.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// The same; one of a newer format is refused, as what it means is not known.
pub(super) fn open_known_to_read(path: &Path, kind: Kind) -> Result<Connection, Fault> {
    let connection = open_to_read(path)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > kind.version {
        return Err(Fault::new(Reason::Other, Refusal::Newer(version).words()));
    }
    Ok(connection)
}

/// Leaves nothing in a file of what was deleted from it.
pub(super) fn scrub(connection: &Connection) -> Result<(), Fault> {
    connection.execute_batch("VACUUM")?;
    checkpoint(connection, "TRUNCATE")
}

/// Brings a write-ahead log into its file.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> Result<(), Fault> {
    Ok(connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), (), |_| Ok(()))?)
}

enum Refusal {
    Damaged(Fault),
    Newer(u32),
    Failed(Fault),
}

impl Refusal {
    fn words(&self) -> String {
        match self {
            Self::Damaged(fault) | Self::Failed(fault) => fault.words.clone(),
            Self::Newer(version) => format!(
                "was written by a newer Tollgate (format {version}); {} reads older formats only. Start the newer one \
                 again, or give this one another data_dir",
                env!("CARGO_PKG_VERSION")
            ),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        if fault.reason == Reason::Damaged { Self::Damaged(fault) } else { Self::Failed(fault) }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Fault::from(error).into()
    }
}

fn try_open(path: &Path, kind: Kind) -> Result<Connection, Refusal> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Every commit is on disk before it is told.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A thread of its own does that.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        0 => {
            let version = kind.version;
            connection.execute_batch(&format!(
                "BEGIN;\n{}\nPRAGMA user_version = {version};\nCOMMIT;",
                kind.schema
            ))?;
        }
        version if version > kind.version => return Err(Refusal::Newer(version)),
        version if version < kind.version => migrate(&connection, path, version, kind)?,
        _ => {}
    }
    Ok(connection)
}

/// Makes an older file one of today, after a copy of it.
fn migrate(connection: &Connection, path: &Path, from: u32, kind: Kind) -> Result<(), Refusal> {
    let copy = beside(path, &format!("version-{from}"));
    connection.backup("main", &copy, None::<fn(rusqlite::backup::Progress)>)?;
    for (step, sql) in kind.migrations.iter().enumerate().skip(from as usize - 1) {
        let version = step + 2;
        connection.execute_batch(&format!("BEGIN;\n{sql}\nPRAGMA user_version = {version};\nCOMMIT;"))?;
    }
    Ok(())
}

/// Gives a damaged file another name, with what belongs to it; what happened, in words.
pub(super) fn put_away(path: &Path, fault: &Fault) -> Result<String, Opening> {
    let aside = beside(path, &format!("damaged-{}", now_unix_nano() / 1_000_000_000));
    fs::rename(path, &aside).map_err(|error| Opening::of(path, error))?;
    for suffix in ["-wal", "-shm"] {
        // There may be none.
        let _ = fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix));
    }
    let (path, aside) = (path.display(), aside.display());
    Ok(format!("{path} is damaged ({fault}); it is set aside as {aside}, and a new one begins"))
}

fn beside(path: &Path, what: &str) -> PathBuf {
    with_suffix(path, &format!(".{what}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Kind = Kind { version: 1, schema: "CREATE TABLE a (x);", migrations: &[] };
    const NEW: Kind = Kind {
        version: 3,
        schema: "CREATE TABLE a (x, y, z);",
        migrations: &["ALTER TABLE a ADD COLUMN y;", "ALTER TABLE a ADD COLUMN z;"],
    };

    /// Guarantees: an older file is made one of today, and a copy of it is kept; a newer one is refused with its
    /// version; files are their owner's alone.
    #[test]
    fn older_files_are_migrated_and_newer_ones_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, mut aside) = (folder.path().join("a.db"), Vec::new());
        let old = open(&path, OLD, &mut aside).unwrap();
        old.execute("INSERT INTO a VALUES (7)", ()).unwrap();
        drop(old);
        let new = open(&path, NEW, &mut aside).unwrap();
        let row: (u32, Option<u32>) =
            new.query_row("SELECT x, z FROM a", (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(row, (7, None));
        drop(new);
        assert!(folder.path().join("a.db.version-1").exists());
        let refused = open(&path, OLD, &mut aside).unwrap_err().to_string();
        assert!(refused.contains("newer Tollgate (format 3)"), "{refused}");
        assert!(aside.is_empty());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    /// Guarantees: a file that is none is set aside and named, and the store begins anew beside it.
    #[test]
    fn a_damaged_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut aside) = (folder.path().join("a.db"), Vec::new());
        fs::write(&path, "not a database, whatever its name says".repeat(100)).unwrap();
        open(&path, OLD, &mut aside).unwrap();
        assert_eq!(aside.len(), 1);
        assert!(aside[0].contains("a.db is damaged") && aside[0].contains("a.db.damaged-"), "{}", aside[0]);
        let names = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        assert!(names.into_iter().any(|name| name.to_string_lossy().contains(".damaged-")));
    }
}
