//! `tollgate metrics`: every metric, from the one table that also writes them.
//!
//! In: nothing. Out: the catalogue as Markdown or JSON.

use clap::{Args, ValueEnum};

use super::{Failure, print};
use crate::metric;

/// Arguments of `metrics`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// The shape of the list
    #[arg(long, value_enum, default_value_t = Format::Md)]
    pub format: Format,
}

/// The shape of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A Markdown table.
    Md,
    /// One JSON object.
    Json,
}

/// Runs the command.
///
/// # Errors
/// When the output cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.format {
        Format::Md => print(&metric::markdown()),
        Format::Json => print(&format!("{}\n", metric::json())),
    }
}
