//! The directory of the store: one process has it, it lies on a disk of this machine, and it has room.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, statvfs};

use super::fault::{Fault, Opening, Reason};

/// How long a second process waits for the first to end.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
/// The file of the key with which names are hashed.
const OWNER_KEY: &str = "owners.key";
/// One part of so many must be free.
const FREE_PARTS: u64 = 20;
/// File systems of other machines: their locks and their word that something is on disk are not to be relied on.
const NETWORK: [&str; 19] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "beegfs",
    "gpfs",
    "ocfs2",
    "gfs2",
    "ncpfs",
    "coda",
    "davfs",
    "orangefs",
    "virtiofs",
];
/// The same, as FUSE calls them.
const NETWORK_FUSE: [&str; 8] =
    ["sshfs", "s3fs", "glusterfs", "ceph", "gcsfuse", "rclone", "juicefs", "blobfuse"];

/// The directory, locked for this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    most_bytes: u64,
    /// Held for as long as this lives.
    _lock: File,
}

impl Folder {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it where it is missing, and locks it.
    ///
    /// # Errors
    /// In words.
    pub fn open(path: &Path, most_bytes: u64) -> Result<Self, Opening> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| Opening::of(path, format_args!("cannot be made: {error}")))?;
        let path = path.canonicalize().map_err(|error| Opening::of(path, error))?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        if let Some(kind) = network_file_system(&mounts, &path) {
            return Err(Opening::of(&path, on_network(kind)));
        }
        let lock = lock(&path.join("lock"), PATIENCE)?;
        Ok(Self { path, most_bytes, _lock: lock })
    }

    /// Whether more may be written.
    ///
    /// # Errors
    /// Why not.
    pub fn has_room(&self) -> Result<(), Fault> {
        let file_system = statvfs(&self.path).map_err(std::io::Error::from)?;
        let (free, all) = (file_system.f_bavail, file_system.f_blocks);
        if free < all / FREE_PARTS {
            let words = format!("less than 5 % of the file system of {} is free", self.path.display());
            return Err(Fault::new(Reason::LowSpace, words));
        }
        let bytes = self.bytes();
        if bytes > self.most_bytes {
            let words = format!(
                "the files in {} have {bytes} bytes, and data_max_bytes is {}",
                self.path.display(),
                self.most_bytes
            );
            return Err(Fault::new(Reason::MaxBytes, words));
        }
        Ok(())
    }

    /// The key with which names of owners are hashed: the same for as long as its file is there.
    #[must_use]
    pub fn owner_key(&self) -> [u8; 32] {
        let path = self.path.join(OWNER_KEY);
        read_key(&path).unwrap_or_else(|| {
            let key = random_key();
            // A key that cannot be kept is one of this process.
            let _ =
                private_file(&path).and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()));
            key
        })
    }

    /// Bytes of all its files, those that were set aside too.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let files = fs::read_dir(&self.path).into_iter().flatten().flatten();
        files
            .filter_map(|file| file.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|file| file.len())
            .sum()
    }
}

fn read_key(path: &Path) -> Option<[u8; 32]> {
    fs::read(path).ok()?.try_into().ok()
}

/// The key of a directory with which names of owners are hashed, if it has one.
#[must_use]
pub fn owner_key(folder: &Path) -> Option<[u8; 32]> {
    read_key(&folder.join(OWNER_KEY))
}

/// A key that nobody can guess.
#[must_use]
pub fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key));
    if read.is_err() {
        // In a root without devices: the seeds of the standard library come from the system.
        use std::hash::BuildHasher as _;
        for part in key.chunks_mut(8) {
            let random =
                std::collections::hash_map::RandomState::new().hash_one(crate::clock::now_unix_nano());
            part.copy_from_slice(&random.to_le_bytes());
        }
    }
    key
}

/// A file that only its owner may read.
pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn lock(path: &Path, patience: Duration) -> Result<File, Opening> {
    let mut file = private_file(path).map_err(|error| Opening::of(path, error))?;
    let tries = patience.as_millis() / PAUSE.as_millis() + 1;
    for _ in 0..tries {
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let own = std::process::id().to_string();
            let written =
                file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(own.as_bytes()));
            // Who has it is for people; the lock holds without.
            let _ = written;
            return Ok(file);
        }
        std::thread::sleep(PAUSE);
    }
    let mut other = String::new();
    let _ = file.read_to_string(&mut other);
    let other = if other.is_empty() { "another process".to_owned() } else { format!("process {other}") };
    Err(Opening::of(
        path.parent().unwrap_or(path),
        format_args!(
            "{other} has it, and this process, {}, waited {} s; end the other, or give each a data_dir of its own",
            std::process::id(),
            patience.as_secs()
        ),
    ))
}

/// Why a directory cannot be the store's, as far as that is known without making it.
#[must_use]
pub fn unusable(path: &Path) -> Option<String> {
    // What does not exist yet lies where its nearest ancestor does.
    let there = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok())?;
    if !there.is_dir() {
        return Some(format!("{} is not a directory", there.display()));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kind = network_file_system(&mounts, &there)?;
    Some(on_network(kind))
}

fn on_network(kind: &str) -> String {
    format!(
        "lies on {kind}, a network file system, whose locks and syncs SQLite cannot rely on; a directory on a disk of \
         this machine would be right"
    )
}

/// The kind of file system under a path, if other machines have part in it. `mounts` is `/proc/self/mountinfo`.
#[must_use]
pub fn network_file_system<'m>(mounts: &'m str, path: &Path) -> Option<&'m str> {
    let under = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let mount = PathBuf::from(fields.nth(4)?.replace("\\040", " "));
        let kind = fields.skip_while(|field| *field != "-").nth(1)?;
        path.starts_with(&mount).then(|| (mount.components().count(), kind))
    });
    // Of two mounts on one place the later one is seen.
    let kind = under.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)?;
    let fuse = kind.strip_prefix("fuse.").is_some_and(|name| NETWORK_FUSE.contains(&name));
    (fuse || NETWORK.contains(&kind)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 254:0 / / rw - ext4 /dev/vda rw\n\
        30 22 0:40 / /srv rw,relatime shared:1 - nfs4 files:/srv rw\n\
        31 30 254:1 / /srv/local\\040disk rw - xfs /dev/vdb rw\n\
        32 22 0:41 / /mnt/s rw - fuse.sshfs me@there: rw\n\
        33 22 0:42 / /mnt/zip rw - fuse.archivemount x rw";

    /// Guarantees: what lies on another machine is named; a disk mounted below it is not.
    #[test]
    fn network_file_systems_are_known_by_name() {
        let kind = |path| network_file_system(MOUNTS, Path::new(path));
        assert_eq!(kind("/var/lib/tollgate"), None);
        assert_eq!(kind("/srv/tollgate"), Some("nfs4"));
        assert_eq!(kind("/srv/local disk/tollgate"), None);
        assert_eq!(kind("/mnt/s"), Some("fuse.sshfs"));
        assert_eq!(kind("/mnt/zip/a"), None);
        assert_eq!(kind("/srvant"), None);
    }

    /// Guarantees: a file in place of the directory is told before anything is made.
    #[test]
    fn a_file_is_no_directory() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(unusable(&file.join("data")).unwrap().ends_with("file is not a directory"));
        assert_eq!(unusable(&parent.path().join("a/b")), None);
    }

    /// Guarantees: a second process is told who has the directory; a lock that is let go is free at once.
    #[test]
    fn one_process_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = lock(&path, Duration::ZERO).unwrap();
        let refused = lock(&path, Duration::ZERO).unwrap_err().to_string();
        let id = std::process::id();
        assert!(refused.contains(&format!("process {id} has it, and this process, {id},")), "{refused}");
        drop(first);
        assert!(lock(&path, Duration::ZERO).is_ok());
    }

    /// Guarantees: the bound on bytes is told with both numbers; the directory is its owner's alone.
    #[test]
    fn the_bound_on_bytes_holds() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let folder = Folder::open(&path, 10).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(folder.has_room().is_ok());
        fs::write(path.join("journal.db-wal"), [0; 11]).unwrap();
        let fault = folder.has_room().unwrap_err();
        assert_eq!(fault.reason, Reason::MaxBytes);
        assert!(fault.words.contains("data_max_bytes is 10"), "{fault}");
    }
}
