//! `tollgate forget user=alice`: her rows are put down to `forgotten`, sums stay.
//!
//! In: an owner and a name, the configuration for `data_dir`, which nobody else may use meanwhile. Out: both files
//! without the name.

use clap::Args;

use super::serve::store_settings;
use super::{ConfigArguments, Failure, print};
use crate::clock;
use crate::ledger::attribution::Owner;
use crate::ledger::{FORGOTTEN, Ledger};
use crate::store::Store;

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
}

/// Runs the command.
///
/// # Errors
/// When there is no `data_dir`, somebody uses it, or the question is wrong.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.load()?;
    let (owner, name) = whom(&arguments.whom)?;
    let Some(wanted) = store_settings(&settings) else {
        return Err(Failure::Input("data_dir is not set, so nothing outlives the process".to_owned()));
    };
    let mut ledger = Ledger::new(settings.ledger.clone());
    let now = i64::try_from(clock::now_unix_nano() / 1_000_000_000).unwrap_or(i64::MAX);
    let before = ledger.calendar().hour_of(&arguments.before, now).map_err(Failure::Input)?;
    let mut store = Store::open(&wanted).map_err(|opening| Failure::Input(opening.to_string()))?;
    let known = store.snapshots.ledger(|row| ledger.restore(row));
    let (since, closed) = known.map_err(|fault| Failure::Input(fault.words))?.unwrap_or((0, 0));
    ledger.keep();
    let count = ledger.forget(owner, name, before);
    let mut changes = ledger.changes();
    (changes.since_hour, changes.closed_day) = (since, closed);
    store.change_ledger(&changes).map_err(|opening| Failure::Input(opening.to_string()))?;
    print(&format!("{count} rows of {} are put down to `{FORGOTTEN}` now; their sums stay\n", arguments.whom))
}

fn whom(text: &str) -> Result<(Owner, &str), Failure> {
    let (label, name) = text.split_once('=').filter(|(_, name)| !name.is_empty()).unwrap_or((text, ""));
    let owner = Owner::ALL.into_iter().find(|owner| owner.label() == label);
    owner.filter(|_| !name.is_empty()).map(|owner| (owner, name)).ok_or_else(|| {
        let known: Vec<&str> = Owner::ALL.into_iter().map(Owner::label).collect();
        Failure::Input(format!("`{text}` is not OWNER=NAME; owners are {}", known.join(", ")))
    })
}
