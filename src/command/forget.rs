//! `tollgate forget user=alice`: her rows are put down to `forgotten`, sums stay.
//!
//! In: an owner and a name. Out: a ledger without the name, in memory and in both files, whether Tollgate runs or not.

use clap::Args;

use super::order::give;
use super::{ConfigArguments, Failure};
use crate::ledger::attribution::Owner;

/// Arguments of `forget`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
    /// Whom: `user=alice`; other owners are team, feature, agent, `api_key`, prompt, session
    #[arg(value_name = "OWNER=NAME")]
    pub whom: String,
    /// Only rows of before: 2026-11-01, or any time that `spend --from` takes
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub before: String,
    /// A running Tollgate; without it that of the configuration, or else its `data_dir`
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When nobody answers and there is no `data_dir`, spans wait in it, or the question is wrong.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.load()?;
    let (owner, name) = whom(&arguments.whom)?;
    let pairs = [(owner.label(), name), ("before", arguments.before.as_str())];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    give(&settings, arguments.url.as_deref(), "forget", &pairs)
}

fn whom(text: &str) -> Result<(Owner, &str), Failure> {
    let (label, name) = text.split_once('=').filter(|(_, name)| !name.is_empty()).unwrap_or((text, ""));
    let owner = Owner::ALL.into_iter().find(|owner| owner.label() == label);
    owner.filter(|_| !name.is_empty()).map(|owner| (owner, name)).ok_or_else(|| {
        let known: Vec<&str> = Owner::ALL.into_iter().map(Owner::label).collect();
        Failure::Input(format!("`{text}` is not OWNER=NAME; owners are {}", known.join(", ")))
    })
}
