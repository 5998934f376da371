//! A small file that holds a secret, or what it needs.
//!
//! In: a path. Out: its bytes, or why not, without a byte of them.

use std::{fs::File, io::Read, path::Path};

/// Longer, it is not what it should be.
const LONGEST: u64 = 1024 * 1024;

/// Reads a regular file: a pipe would hold its reader for as long as nobody writes.
///
/// # Errors
/// In words, with the path.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, String> {
    let path = path.as_ref();
    let cannot = |error: &dyn std::fmt::Display| format!("`{}` cannot be read: {error}", path.display());
    let metadata = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if !metadata.is_file() {
        return Err(cannot(&"it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| cannot(&error))?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(cannot(&"it is longer than a mebibyte"));
    }
    Ok(bytes)
}
