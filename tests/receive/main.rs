//! The receiver, over real sockets: every answer that a client can get, and every way to misbehave.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod client;
mod exporter;
mod grpc;
mod hostile;
mod http;
mod proto;
mod server;
mod shutdown;
