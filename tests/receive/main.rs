//! The receiver, over real sockets: every answer that a client can get, and every way to misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

// The two ends of the wire: exact clients, and a receiver that remembers.
mod client;
mod server;

// Every answer of OTLP/HTTP.
mod http;
// Every answer of OTLP/gRPC.
mod grpc;
// Broken, cut, oversized, slow and crowding clients. (Bombs: tests/bombs.rs.)
mod hostile;
// What happens to requests at shutdown.
mod shutdown;
// The exporter for Rust. (Python and Node: tests/exporters.)
mod exporter;
// proto/ and the oracle.
mod proto;
