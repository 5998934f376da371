//! How full each rate limit is: headers and texts of one response in, the state of every limit out.
//!
//! [`read()`] turns what one call carries into [`RateLimit`](crate::call::RateLimit)s, by one table
//! of header names per provider. [`LimitStore`] holds the newest state of each limit and says what
//! is true at a moment. [`Configured`] counts calls against limits from the configuration where a
//! provider sends nothing. It does not know spans, and it reads no clock: time is passed in.

mod account;
mod configured;
mod headers;
mod kept;
mod moment;
mod read;
mod scope;
mod settings;
mod state;
mod store;
mod tables;
mod text;

pub(crate) use account::hidden_identity;
pub use account::{account_hash, is_account_hash};
pub use configured::{Configured, CountedCall};
pub use read::{LimitEvidenceInput, organization, read};
pub(crate) use scope::scope_named;
pub use scope::shared_by;
pub use settings::{AccountName, ConfiguredLimit, LimitsConfig, LimitsFault, TIERS, Tier, fits};
pub use store::{LimitChange, LimitSample, LimitSource, LimitStore, Observation};
pub use tables::{HeaderSet, ProviderLimits, TABLES};
