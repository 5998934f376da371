//! What the page shows of the receiver, and whether a load balancer may send work.
//!
//! Addresses and counts, no content of spans and no configuration values.

use crate::telemetry::Totals;

/// Whether Tollgate can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It takes spans.
    Ready,
    /// It does not, and this is why.
    NotReady(String),
    /// It does not, and only a restart helps.
    Stuck(String),
}

/// What the status page shows.
#[derive(Clone, Debug)]
pub struct Status {
    /// Whether it takes spans.
    pub readiness: Readiness,
    /// Version of Tollgate.
    pub version: String,
    /// `host:port` of OTLP/gRPC as an application can reach it.
    pub grpc_address: String,
    /// `host:port` of OTLP/HTTP as an application can reach it.
    pub http_address: String,
    /// Requests and spans since the start.
    pub totals: Totals,
    /// Label tuples kept.
    pub call_series: usize,
    /// Label tuples that may be kept.
    pub call_series_limit: usize,
    /// Date of the price data.
    pub catalogue_date: String,
    /// `embedded` or the file's name.
    pub catalogue_source: String,
    /// What calls lack, by service, scope and code; the most frequent first.
    pub advice: Vec<([String; 3], u64)>,
    /// Spans that look like LLM traffic and were not read, by scope and reason.
    pub unread: Vec<([String; 2], u64)>,
}
