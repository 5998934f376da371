//! The decoder against its oracle, prost, and against the JSON of the same requests.

mod allocations;
mod json;
mod oracle;
mod recorder;
mod requests;
mod rewire;
