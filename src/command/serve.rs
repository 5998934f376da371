//! `tollgate serve`: receive traces, serve metrics.
//!
//! In: settings. Out: a running process, until it is told to stop.

use clap::Args;

use super::{ConfigArguments, Failure};

/// Arguments of `serve`.
#[derive(Clone, Debug, Default, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
}

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong or an address is taken.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.config.load()?;
    Err(Failure::Input("serve is not built yet".to_owned()))
}
