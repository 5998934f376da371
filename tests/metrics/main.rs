//! From finished calls to what a scraper reads.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, which floats hold exactly")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod allocations; // counting a call on existing series takes nothing from the heap
mod bounds; // overflow, dimensions, secrets, expiry
mod call; // calls to count, and numbers read back from a document
mod catalogue; // every metric has its row, and the rows follow the rules
mod document; // both text formats, held to golden files, promtool and the contract
mod own; // the receiver's own telemetry
mod server; // the HTTP server over real sockets
mod zero_first; // increase() loses nothing, whoever scrapes
