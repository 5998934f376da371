//! One made-up call.

use super::failures::Failure;
use super::traffic::{Model, Service};

/// One call, as it went.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) service: &'static Service,
    pub(super) service_name: String,
    pub(super) model: &'static Model,
    pub(super) operation: &'static str,
    pub(super) streaming: bool,
    pub(super) user: Option<&'static str>,
    pub(super) duration_seconds: f64,
    pub(super) first_token_seconds: Option<f64>,
    /// `None`: the span does not tell.
    pub(super) usage: Option<Usage>,
    pub(super) failure: Option<&'static Failure>,
    /// Attempts before this one that got a 429.
    pub(super) retries: u64,
    /// Used part of the provider's limits. A 429 of ordinary traffic is one of a single busy second, as providers
    /// judge it: the minute that the headers speak of has room left.
    pub(super) fill: f64,
}

/// Tokens of one call, a partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    pub(super) output: u64,
    pub(super) reasoning: u64,
}
