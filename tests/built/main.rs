//! The built binary from outside: what it must never tell, and what it answers to bad input.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::float_cmp, reason = "counts are whole")]

mod bad_input;
mod doors;
mod planted;
mod secrets;
mod server;
