//! What `forget` and `reprice` share: an order to a running Tollgate, else to the ledger of a `data_dir` that nobody uses.
//!
//! In: the order as an address has it, the configuration. Out: what was done, in words.

use super::ask::{own_address, post};
use super::serve::store_settings;
use super::{Failure, price_book, print};
use crate::clock;
use crate::config::Settings;
use crate::expose::percent;
use crate::ledger::attribution::Owner;
use crate::ledger::hash::OwnerHash;
use crate::ledger::order::Order;
use crate::ledger::{FORGOTTEN, Ledger};
use crate::store::{Store, StoreSettings, owner_key};

/// Gives an order to a running Tollgate: to this one, or to that of the configuration, if it answers. Else does it under
/// the lock of `data_dir`.
pub(super) fn give(
    settings: &Settings,
    url: Option<&str>,
    name: &str,
    pairs: &[(String, String)],
) -> Result<(), Failure> {
    let own = own_address(settings);
    let form: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    let address = url.map_or(own.as_str(), |url| url.trim_end_matches('/'));
    match post(address, &format!("/api/v1/ledger/{name}"), &form.join("&")) {
        Ok((200, said)) => print(&said),
        Ok((status, said)) => Err(Failure::Input(format!("{address} answered {status}: {}", said.trim()))),
        Err(nobody) if url.is_some() => Err(nobody),
        Err(nobody) => match store_settings(settings) {
            Some(wanted) => print(&carry_out(settings, &wanted, name, pairs)?),
            None => Err(Failure::Input(format!(
                "no Tollgate answers ({nobody}), and data_dir is not set, so nothing outlives the process"
            ))),
        },
    }
}

/// Does it to files that nobody else uses meanwhile.
fn carry_out(
    settings: &Settings,
    wanted: &StoreSettings,
    name: &str,
    pairs: &[(String, String)],
) -> Result<String, Failure> {
    let words = |words: &dyn std::fmt::Display| Failure::Input(words.to_string());
    let mut ledger = Ledger::new(settings.ledger.clone());
    let now = i64::try_from(clock::now_unix_nano() / 1_000_000_000).unwrap_or(i64::MAX);
    let order = Order::read(name, pairs, ledger.calendar(), now).map_err(Failure::Input)?;
    let mut store = Store::open(wanted).map_err(|opening| words(&opening))?;
    if !store.set_aside.is_empty() {
        return Err(Failure::Input(store.set_aside.join("\n")));
    }
    if let Some(key) = owner_key(&wanted.folder) {
        ledger.hash_names(OwnerHash::new(key, &settings.ledger.attribution));
    }
    let known = store.snapshots.ledger(|row| ledger.restore(row)).map_err(|fault| words(&fault))?;
    let (since, closed) = known.unwrap_or((0, 0));
    ledger.keep();
    let said = match order {
        Order::Reprice { hours, apply } => {
            let mut repricing = ledger.repriced(&mut price_book(settings)?, hours);
            if !apply {
                return Ok(repricing.text());
            }
            ledger.take_over(&mut repricing, now);
            repricing.text()
        }
        Order::Forget { owner, name, before } => {
            let count = ledger.forget(owner, &name, before);
            forgotten(owner, &name, count)
        }
    };
    let mut changes = ledger.changes();
    (changes.since_hour, changes.closed_day) = (since, closed);
    store.change_ledger(&changes).map_err(|opening| words(&opening))?;
    Ok(said)
}

/// What was done, in words.
pub(crate) fn forgotten(owner: Owner, name: &str, rows: usize) -> String {
    format!("{rows} rows of {}={name} are put down to `{FORGOTTEN}` now; their sums stay\n", owner.label())
}
