//! How full each rate limit is: headers and texts of one response in, the state of every limit out.
//!
//! [`read()`] turns what one call carries into [`RateLimit`](crate::call::RateLimit)s, by one table
//! of header names per provider. It does not know spans, and it reads no clock: time is passed in.

mod account;
mod headers;
mod moment;
mod read;
mod scope;
mod tables;
mod text;

pub use account::account_hash;
pub use read::{LimitEvidenceInput, read};
pub use scope::shared_by;
pub use tables::{HeaderSet, ProviderLimits, TABLES};
