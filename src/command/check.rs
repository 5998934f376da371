//! `tollgate check`: is the configuration sound?
//!
//! In: a file and the environment. Out: one line, or every fault with file, line, column and key.

use super::{ConfigArguments, Failure, environment, print};
use crate::config;

/// Runs the command.
///
/// # Errors
/// [`Failure::Configuration`] with every fault.
pub fn run(arguments: &ConfigArguments) -> Result<(), Failure> {
    let settings = arguments.load()?;
    super::serve::load_guards(&settings.guards)?;
    for (variable, right) in config::suspicious_variables(&environment()) {
        print(&format!("note: {variable} is set and means nothing; did you mean {right}?\n"))?;
    }
    match &arguments.config {
        Some(path) => print(&format!("{}: no faults\n", path.display())),
        None => print("no file given; defaults and environment: no faults\n"),
    }
}
