//! Bearer tokens of a listener, from a file of one token a line.
//!
//! In: the head of a request. Out: may it pass? Tokens are kept as digests, compared all and each in full, so that
//! the time tells nothing; a browser gives one as the password of HTTP Basic.

use std::{fmt, path::PathBuf};

use ::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use parking_lot::RwLock;
use sha2::{Digest, Sha256};

use crate::regular_file;

/// A shorter token could be guessed.
const LEAST_LENGTH: usize = 16;

pub(super) struct Tokens {
    file: PathBuf,
    digests: RwLock<Vec<[u8; 32]>>,
}

// === impl Tokens ===

impl Tokens {
    pub(super) fn load(file: PathBuf) -> Result<Self, String> {
        let digests = RwLock::new(read(&file)?);
        Ok(Self { file, digests })
    }

    /// Reads the file again. True when it holds something else, and that is in use now.
    pub(super) fn refresh(&self) -> Result<bool, String> {
        let digests = read(&self.file)?;
        let changed = digests != *self.digests.read();
        if changed {
            *self.digests.write() = digests;
        }
        Ok(changed)
    }

    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        headers.get(AUTHORIZATION).and_then(|value| presented(value.as_bytes())).is_some_and(|token| {
            let digest = digest(&token);
            let same = |known: &[u8; 32]| known.iter().zip(digest).fold(0, |all, (a, b)| all | (a ^ b)) == 0;
            self.digests.read().iter().fold(false, |any, known| any | same(known))
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tokens").field("file", &self.file).finish_non_exhaustive()
    }
}

/// The token of `Bearer …`, or the password of `Basic …`.
fn presented(value: &[u8]) -> Option<Vec<u8>> {
    let blank = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, credentials) = (&value[..blank], value[blank..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(credentials.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = BASE64_STANDARD.decode(credentials).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn read(file: &PathBuf) -> Result<Vec<[u8; 32]>, String> {
    let bytes = regular_file::read(file)?;
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let tokens: Vec<&[u8]> = lines.filter(|line| !line.is_empty() && line[0] != b'#').collect();
    if tokens.is_empty() {
        return Err(format!("`{}` holds no token; one a line would be right", file.display()));
    }
    if let Some(at) = tokens.iter().position(|token| token.len() < LEAST_LENGTH) {
        return Err(format!(
            "`{}`: token {} is shorter than {LEAST_LENGTH} characters; `openssl rand -hex 32` makes a good one",
            file.display(),
            at + 1
        ));
    }
    Ok(tokens.into_iter().map(digest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn any_of_the_tokens_passes_as_bearer_or_as_password_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        std::fs::write(&file, "# of the agents\n0123456789abcdef\r\n\nfedcba9876543210\n").unwrap();
        let tokens = Tokens::load(file.clone()).unwrap();
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        for (value, passes) in [
            ("Bearer 0123456789abcdef", true),
            ("bearer  fedcba9876543210", true),
            (&*basic("anyone:0123456789abcdef"), true),
            (&*basic(":fedcba9876543210"), true),
            (&*basic("0123456789abcdef:"), false),
            ("Bearer 0123456789abcde", false),
            ("Bearer # of the agents", false),
            ("Bearer ", false),
            ("0123456789abcdef", false),
            ("Basic !!!", false),
        ] {
            assert_eq!(tokens.admit(&headers(value)), passes, "{value}");
        }
        assert!(!tokens.admit(&HeaderMap::new()));

        std::fs::write(&file, "another-token-of-today\n").unwrap();
        assert_eq!(tokens.refresh(), Ok(true));
        assert!(!tokens.admit(&headers("Bearer 0123456789abcdef")));
        std::fs::write(&file, "short\n").unwrap();
        assert!(tokens.refresh().unwrap_err().contains("shorter than 16"));
        assert!(tokens.admit(&headers("Bearer another-token-of-today")), "what was in use stays");
    }
}
