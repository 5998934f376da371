//! What can go wrong with files, in words and as a closed set.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

/// Why something could not be kept: the `reason` label of `tollgate_journal_errors_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The file system is full.
    Full,
    /// Less than a twentieth of the file system is free.
    LowSpace,
    /// `data_max_bytes` is reached.
    MaxBytes,
    /// The disk, or what stands for one, failed.
    Io,
    /// A file is damaged.
    Damaged,
    /// Anything else.
    Other,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Full, Self::LowSpace, Self::MaxBytes, Self::Io, Self::Damaged, Self::Other];

    /// The value of the label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::LowSpace => "low_space",
            Self::MaxBytes => "max_bytes",
            Self::Io => "io",
            Self::Damaged => "damaged",
            Self::Other => "other",
        }
    }
}

/// Something could not be kept or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Fault {
    /// Of which kind.
    pub reason: Reason,
    /// What happened.
    pub words: String,
}

/// A store cannot be opened, in words that say what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Opening(pub String);

impl Fault {
    /// Of this kind.
    pub fn new(reason: Reason, words: impl Into<String>) -> Self {
        Self { reason, words: words.into() }
    }

    /// What was read is not what was written.
    #[must_use]
    pub fn damaged(what: &str) -> Self {
        Self::new(Reason::Damaged, format!("{what} is damaged"))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let reason = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Reason::Full,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => Reason::Io,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Reason::Damaged,
            _ => Reason::Other,
        };
        Self::new(reason, error.to_string())
    }
}

impl From<crate::compact::Damaged> for Fault {
    fn from(error: crate::compact::Damaged) -> Self {
        Self::new(Reason::Damaged, error.to_string())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let reason = if error.kind() == io::ErrorKind::StorageFull { Reason::Full } else { Reason::Io };
        Self::new(reason, error.to_string())
    }
}

impl Opening {
    /// The system refused something of a file.
    pub(super) fn of(path: &Path, error: impl std::fmt::Display) -> Self {
        Self(format!("data_dir: {}: {error}", path.display()))
    }
}
