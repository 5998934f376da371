//! `tollgate reprice --from 2026-11-01`: what the ledger would say at today's prices, and with `--apply` says from then on.
//!
//! In: a time. Out: what changes and what stays, in words. Counters of `/metrics` never change.

use clap::Args;

use super::order::give;
use super::{ConfigArguments, Failure};

/// Arguments of `reprice`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// From when: 2026-11-01, month, 7d, or any time that `spend --from` takes
    #[arg(long, value_name = "TIME")]
    pub from: String,
    /// Until when
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub to: String,
    /// Write it; without it nothing changes
    #[arg(long)]
    pub apply: bool,
    /// A running Tollgate; without it that of the configuration, or else its `data_dir`
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When nobody answers and there is no `data_dir`, or the question is wrong.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.load()?;
    let apply = arguments.apply.to_string();
    let pairs = [("from", &arguments.from), ("to", &arguments.to), ("apply", &apply)];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.clone()));
    give(&settings, arguments.url.as_deref(), "reprice", &pairs)
}
