//! The table as it was at one moment.
//!
//! Readers hold views and render them in their own time; the table goes on meanwhile.

use std::sync::Arc;

use super::cardinality::Replacement;
use super::series::CallSeries;

/// Everything that is counted of calls, at one moment.
#[derive(Clone, Debug)]
pub struct CallView {
    /// Every label tuple.
    pub series: Vec<Arc<CallSeries>>,
    /// Series that began no later than this show their value, later ones 0.
    pub opened_unix_nano: u64,
    /// How full the table was.
    pub state: TableState,
    /// Values that were not exposed as they came, by label.
    pub replaced: Vec<Replaced>,
}

/// Calls of which one label was replaced.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// The label.
    pub label: String,
    /// By [`Replacement`], in its order.
    pub calls: [u64; Replacement::ALL.len()],
}

/// How full the table is, for a status page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableState {
    /// Label tuples kept.
    pub call_series: usize,
    /// Label tuples that may be kept.
    pub call_series_limit: usize,
    /// Calls counted in the overflow tuple.
    pub overflow_calls: u64,
    /// Label tuples dropped as idle.
    pub expired_call_series: u64,
}
