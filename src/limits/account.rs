//! What a limit belongs to, without telling: a short hash of an organisation, key or deployment.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Begins an identity of which only the hash is kept.
const HASHED: char = '\u{1}';

/// An identity as it may be kept: [`account_hash`] says the same of it.
pub(crate) fn hidden_identity(identity: &str) -> String {
    account_hash(identity).map_or_else(String::new, |hash| format!("{HASHED}{hash}"))
}

/// Ten hexadecimal digits of the SHA-256 of what identifies an account; `None` for nothing. The raw
/// value never becomes a label: hashes of random ids cannot be turned back.
#[must_use]
pub fn account_hash(identity: &str) -> Option<String> {
    if identity.trim().is_empty() {
        return None;
    }
    if let Some(known) = identity.strip_prefix(HASHED).filter(|known| is_account_hash(known)) {
        return Some(known.to_owned());
    }
    let digest = Sha256::digest(identity.trim().as_bytes());
    let mut short = String::with_capacity(10);
    for byte in digest.iter().take(5) {
        let _infallible = write!(short, "{byte:02x}");
    }
    Some(short)
}

/// True for a text that [`account_hash`] can answer.
#[must_use]
pub fn is_account_hash(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
