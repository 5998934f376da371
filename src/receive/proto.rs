//! The messages of `proto/`, as prost makes them.
//!
//! The server encodes its answers with them; it never decodes a request with them.
#![allow(missing_docs, clippy::doc_markdown, clippy::must_use_candidate, reason = "generated code")]

/// OTLP traces.
pub mod trace {
    include!(concat!(env!("OUT_DIR"), "/tollgate.trace.rs"));
}

/// OTLP metrics.
pub mod metrics {
    include!(concat!(env!("OUT_DIR"), "/tollgate.metrics.rs"));
}

/// How OTLP says no.
pub mod status {
    include!(concat!(env!("OUT_DIR"), "/tollgate.status.rs"));
}
