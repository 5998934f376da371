//! Names that are kept as a keyed hash: `attribution: {user: {hash: true}}`.
//!
//! In: a key and a name. Out: `hmac-` and twelve hexadecimal digits, the same for the same name and key. Who has the
//! ledger and not the key cannot try names out.

use std::borrow::Cow;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::attribution::Owner;
use super::entry::Column;
use super::settings::AttributionConfig;

/// What hashes begin with.
const PREFIX: &str = "hmac-";
/// Bytes of a hash that are kept: two of a million names are the same about once in five hundred ledgers.
const KEPT: usize = 6;

/// Hashes the names of the owners for which that is wanted.
#[derive(Clone, Default)]
pub struct OwnerHash {
    key: [u8; 32],
    on: [bool; Owner::COUNT],
}

impl std::fmt::Debug for OwnerHash {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OwnerHash").field("on", &self.on).finish_non_exhaustive()
    }
}

impl OwnerHash {
    /// With this key.
    #[must_use]
    pub fn new(key: [u8; 32], attribution: &AttributionConfig) -> Self {
        Self { key, on: Owner::ALL.map(|owner| attribution.of(owner).hash) }
    }

    /// True when some owner's names are hashed.
    #[must_use]
    pub fn is_wanted(attribution: &AttributionConfig) -> bool {
        Owner::ALL.into_iter().any(|owner| attribution.is_on(owner) && attribution.of(owner).hash)
    }

    /// A name as it is kept; one that is a hash already stays.
    #[must_use]
    pub fn kept<'n>(&self, owner: Owner, name: &'n str) -> Cow<'n, str> {
        if !self.on[owner as usize] || name.is_empty() || is_hash(name) || name == super::FORGOTTEN {
            return Cow::Borrowed(name);
        }
        let mut text = PREFIX.to_owned();
        for byte in &self.digest(name)[..KEPT] {
            let _infallible = write!(text, "{byte:02x}");
        }
        Cow::Owned(text)
    }

    fn digest(&self, name: &str) -> [u8; 32] {
        // A key shorter than a block is one with zeros behind it.
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(name.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The same for a column.
    #[must_use]
    pub fn kept_in<'n>(&self, column: Column, name: &'n str) -> Cow<'n, str> {
        match column {
            Column::Of(owner) => self.kept(owner, name),
            Column::Service
            | Column::Environment
            | Column::Provider
            | Column::Model
            | Column::Operation
            | Column::Account
            | Column::PriceSource
            | Column::PriceKey => Cow::Borrowed(name),
        }
    }
}

/// True for a name that is such a hash.
pub(super) fn is_hash(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == 2 * KEPT && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::settings::OwnerConfig;
    use super::*;

    #[test]
    fn it_is_hmac_with_sha_256() {
        // Computed with Python's hmac.new(b"k" * 32, b"alice", "sha256").
        let digest = OwnerHash { key: [b'k'; 32], ..OwnerHash::default() }.digest("alice");
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "6664a42048c6d6d7fe3657e39b14155c099246385212db085614c81f5b9c938d");
    }

    #[test]
    fn only_wanted_owners_are_hashed_and_a_hash_stays() {
        let user = OwnerConfig { hash: true, ..OwnerConfig::default() };
        let hash = OwnerHash::new([7; 32], &AttributionConfig { user, ..AttributionConfig::default() });
        let alice = hash.kept(Owner::User, "alice").into_owned();
        assert!(is_hash(&alice) && alice != hash.kept(Owner::User, "bob"));
        assert_eq!(hash.kept(Owner::User, &alice), alice);
        assert_eq!(hash.kept(Owner::Team, "alice"), "alice");
        assert_eq!(hash.kept(Owner::User, ""), "");
        let other = OwnerHash::new(
            [8; 32],
            &AttributionConfig {
                user: OwnerConfig { hash: true, ..OwnerConfig::default() },
                ..AttributionConfig::default()
            },
        );
        assert_ne!(other.kept(Owner::User, "alice"), alice);
    }
}
