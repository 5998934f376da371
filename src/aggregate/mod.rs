//! Calls in, series out: the table of everything that Tollgate counts.
//!
//! In: one [`crate::call::CallRecord`] per finished call, and the time. Out: series, read by
//! [`crate::expose`]. It knows no span, no price and no clock. One owner writes it and takes
//! views of it, which anybody may read.
//!
//! | part | does |
//! |---|---|
//! | [`CallTable`] | one lookup per call, the bound on label tuples, expiry |
//! | [`CallView`] | the table at one moment |
//! | [`series`] | all metrics of one label tuple |
//! | [`measure`] | what is measured, by name |
//! | [`point`] | counters and histograms that read 0 first |
//! | [`cardinality`] | what may become a label value |
//! | `kept` | the table as it is kept on disk |

pub mod cardinality;
mod kept;
pub mod measure;
pub mod point;
pub mod series;
mod table;
mod view;

pub use kept::TableChanges;
pub use table::{AggregateOptions, CallTable, Dimension, RowId};
pub use view::{CallView, Replaced, TableState};
