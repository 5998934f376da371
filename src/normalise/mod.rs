//! One spelling for everything: provider, operation and token counts as the contract names them.
//!
//! In: what was written. Out: the newest convention's names, and [`Tokens`](crate::call::Tokens) as a
//! partition of what is billed. Pure tables and arithmetic; knows no span relations and no prices.

mod index;
mod operation;
mod provider;
mod usage;

pub use operation::operation;
pub use provider::{HOSTS, hidden_provider, provider, provider_names, provider_of_host, provider_of_model};
pub use usage::{UsageInput, UsageSum, tokens};
