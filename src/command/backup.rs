//! `tollgate backup FILE`: a copy of what is known.
//!
//! In: the configuration, for `data_dir`. Out: one file, made by `SQLite`'s own backup, while Tollgate runs or not. It
//! says that it is a copy, so that a Tollgate which is given it as `tollgate.db` begins its series anew.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArguments, Failure, print};
use crate::store;

/// Arguments of `backup`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Name of the copy; there must be no such file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When there is no `data_dir`, nothing in it, or the copy cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.load()?;
    let Some(folder) = &settings.data.folder else {
        return Err(Failure::Input("data_dir is not set, so there is nothing to copy".to_owned()));
    };
    store::backup(folder, &arguments.file).map_err(|opening| Failure::Input(opening.to_string()))?;
    print(&format!("copied to {}\n", arguments.file.display()))
}
