//! Series out: the metric catalogue, the two text formats and the HTTP server of the scraper.
//!
//! In: a [`crate::aggregate::CallTable`] and other [`text::Source`]s. Out: Prometheus text 0.0.4 and
//! OpenMetrics 1.0 on `/metrics`, beside `/healthz`, `/readyz` and a page for people. It knows
//! neither spans nor prices.

mod calls;
pub mod catalogue;
pub mod http;
mod negotiate;
pub mod status;
pub mod text;
