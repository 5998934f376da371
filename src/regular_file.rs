//! A file that is read whole, and neither holds its reader nor fills the memory.
//!
//! In: a path. Out: its bytes, or why not, in words with the path and without a byte of them.

use std::{fs::File, io::Read, path::Path};

/// Longer, a secret or a certificate is not what it should be.
const LONGEST: u64 = 1024 * 1024;

/// Reads a small file.
///
/// # Errors
/// In words, with the path.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, String> {
    let path = path.as_ref();
    read_up_to(LONGEST, path).map_err(|problem| format!("`{}` cannot be read: {problem}", path.display()))
}

/// Reads a regular file: a pipe would hold its reader for as long as nobody writes.
///
/// # Errors
/// In words, without the path.
pub(crate) fn read_up_to(longest: u64, path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(longest + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > longest {
        return Err(format!("it is longer than {} MiB", longest >> 20));
    }
    Ok(bytes)
}
