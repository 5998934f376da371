//! `tollgate demo`: serve, and feed itself.
//!
//! In: a speed and a scenario. Out: a running process whose `/metrics` fills within ten seconds.

use clap::Args;

use super::{ConfigArguments, Failure};

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
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
    Err(Failure::Input("demo is not built yet".to_owned()))
}
