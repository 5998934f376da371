//! What outlives the process: two `SQLite` files in `data_dir`.
//!
//! In: batches of records before they are acknowledged; once a second, what the engine has come to know. Out: the same
//! after a restart. It knows files, not what is in them.
//!
//! # Why it is built so
//!
//! `journal.db` keeps what was **acknowledged**: every batch of records, in the order in which the engine takes them,
//! many in one blob and one commit. `tollgate.db` keeps what is **known**: series, limits, names, what settle
//! remembers, and up to which batch. A scrape, a push and an answer of the API show the engine as it was at the last
//! snapshot that is on disk, and nothing later. So:
//!
//! * What was acknowledged is in the journal, or in a snapshot that contains it. Nothing is lost by a kill.
//! * What was shown is in a snapshot. What a replay finds out was never shown, so it can never come back lower.
//! * Dollars of a counted call are kept as the sum that they were added to. A replay takes calls that nobody has
//!   priced or shown yet, and reads nothing anew: records say what texts and headers said when they came.
//!
//! Outcomes need not be journaled for that, and spans that wait need not be in a snapshot: they are in the journal, and a
//! snapshot says which of its records still wait. What no record waits in any more is dropped from the journal.
//!
//! A batch is offered to the engine after its commit, also with `durability: relaxed`; that only answers earlier.
//!
//! | file | does |
//! |---|---|
//! | `folder` | the directory: who has it, on what it lies, how much room there is |
//! | `file` | opens one file: version, damage, settings of `SQLite` |
//! | `journal` | `journal.db` |
//! | `snapshots` | `tollgate.db` |
//! | `fault` | what can go wrong, in words |

mod fault;
mod file;
mod folder;
mod journal;
mod snapshots;

pub use fault::{Fault, Opening, Reason};
pub use folder::{Folder, network_file_system, owner_key, random_key, unusable};
pub use journal::{Checkpoints, Entry, Identity, Journal, Note};
pub use snapshots::{Kept, Place, Snapshot, Snapshots};

use std::path::{Path, PathBuf};

use crate::ledger::kept::{KeptRow, LedgerChanges};

/// Where and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// The directory.
    pub folder: PathBuf,
    /// Most bytes of all files together.
    pub most_bytes: u64,
    /// When a request is answered.
    pub durability: Durability,
}

/// When a request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on disk.
    #[default]
    Acknowledged,
    /// At once; it is on disk within a second.
    Relaxed,
}

impl Durability {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Acknowledged, Self::Relaxed];

    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Relaxed => "relaxed",
        }
    }
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    /// The directory, which is ours until this is dropped.
    pub folder: Folder,
    /// `journal.db`.
    pub journal: Journal,
    /// `tollgate.db`.
    pub snapshots: Snapshots,
    /// Whether what is known is all that was shown.
    pub standing: Standing,
    /// What was wrong with files that were set aside, in words.
    pub set_aside: Vec<String>,
}

/// Whether what is known is all that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There was nothing before.
    New,
    /// Both files belong together, and the snapshot is the last that was shown.
    Continues,
    /// The snapshot may be older than what was shown: a backup, or a journal that is lost. Series begin anew.
    Anew(&'static str),
}

impl Store {
    /// Opens the directory and both files, or makes them.
    ///
    /// # Errors
    /// In words: somebody else has it, it lies on a network, a file is newer than this Tollgate, or the system refuses.
    pub fn open(settings: &StoreSettings) -> Result<Self, Opening> {
        let folder = Folder::open(&settings.folder, settings.most_bytes)?;
        let mut set_aside = Vec::new();
        let journal = Journal::open(&settings.folder.join("journal.db"), &mut set_aside)?;
        let snapshots = Snapshots::open(&settings.folder.join("tollgate.db"), &mut set_aside)?;
        let standing = standing(journal.identity(), snapshots.snapshot(), journal.is_new());
        Ok(Self { folder, journal, snapshots, standing, set_aside })
    }
}

impl Store {
    /// Changes the ledger of a directory that nobody else uses; what was there before is in neither file any more.
    ///
    /// # Errors
    /// In words: spans wait in the journal, which names them too; or the disk's.
    pub fn change_ledger(&mut self, changes: &LedgerChanges) -> Result<(), Opening> {
        let mut entries = 0_u64;
        let words = |fault: Fault| Opening(fault.words);
        self.journal
            .entries(|_, _| {
                entries += 1;
                Ok(())
            })
            .map_err(words)?;
        if entries > 0 {
            return Err(Opening(
                "spans wait in journal.db: start Tollgate, end it in good order (SIGTERM), and try again"
                    .to_owned(),
            ));
        }
        self.snapshots.change_ledger(changes).map_err(words)?;
        self.journal.scrub().map_err(words)
    }
}

fn standing(identity: &Identity, snapshot: Option<&Snapshot>, journal_is_new: bool) -> Standing {
    match snapshot {
        None if journal_is_new || identity.snapshot == 0 => Standing::New,
        None => Standing::Anew("tollgate.db is lost"),
        Some(snapshot) if snapshot.is_backup => Standing::Anew("tollgate.db is a backup"),
        Some(_) if journal_is_new => Standing::Anew("journal.db is lost"),
        Some(snapshot) if snapshot.instance != identity.instance => {
            Standing::Anew("tollgate.db and journal.db do not belong together")
        }
        Some(snapshot) if snapshot.number < identity.snapshot => {
            Standing::Anew("tollgate.db is older than journal.db")
        }
        Some(_) => Standing::Continues,
    }
}

/// Copies `tollgate.db` while anybody uses it. The copy says that it is one, so that series which are restored from it
/// begin anew.
///
/// # Errors
/// In words.
pub fn backup(folder: &Path, to: &Path) -> Result<(), Opening> {
    snapshots::backup(&folder.join("tollgate.db"), to)
}

/// Reads the ledger of a directory, whoever uses it meanwhile; the first hour that it knew and the last day it closed.
///
/// # Errors
/// In words.
pub fn read_ledger(folder: &Path, mut each: impl FnMut(&KeptRow)) -> Result<Option<(u32, u32)>, Opening> {
    let path = folder.join("tollgate.db");
    let mut read = || snapshots::read_ledger(&snapshots::open_to_read(&path)?, &mut each);
    read().map_err(|fault| Opening::of(&path, fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(instance: &str, snapshot: u64) -> Identity {
        Identity { instance: instance.to_owned(), seeds: (1, 2), snapshot, batches: 0 }
    }

    fn snapshot(instance: &str, number: u64, is_backup: bool) -> Snapshot {
        Snapshot { instance: instance.to_owned(), number, is_backup, ..Snapshot::default() }
    }

    /// Guarantees: only a snapshot that is the last one shown is gone on with.
    #[test]
    fn what_may_be_older_than_what_was_shown_begins_anew() {
        let standing =
            |identity, snapshot: Option<Snapshot>, new| standing(&identity, snapshot.as_ref(), new);
        assert_eq!(standing(identity("a", 0), None, true), Standing::New);
        assert_eq!(standing(identity("a", 0), None, false), Standing::New);
        assert_eq!(standing(identity("a", 7), Some(snapshot("a", 7, false)), false), Standing::Continues);
        assert_eq!(standing(identity("a", 6), Some(snapshot("a", 7, false)), false), Standing::Continues);
        for (known, kept, new) in [
            (identity("a", 7), None, false),
            (identity("a", 7), Some(snapshot("a", 6, false)), false),
            (identity("a", 7), Some(snapshot("a", 7, true)), false),
            (identity("b", 0), Some(snapshot("a", 7, false)), true),
            (identity("b", 7), Some(snapshot("a", 7, false)), false),
        ] {
            assert!(matches!(standing(known, kept, new), Standing::Anew(_)));
        }
    }
}
