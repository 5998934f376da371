//! The past of the demo's company, told to a ledger that has none.
//!
//! In: the settings of the demo, a seed. Out: rows in its `data_dir`, made by an engine of their own from spans, hour by
//! hour, as if they had come then. Counters know nothing of it: they begin with the demo.

use super::Failure;
use super::serve::{engine_settings, store_settings, vocabulary};
use crate::clock;
use crate::config::Settings;
use crate::demo::{Past, STANDS_FOR};
use crate::engine::{Engine, Reader};
use crate::ledger::calendar::{Calendar, before};
use crate::store::{Standing, Store};

const HOUR_NANOS: u64 = 3_600_000_000_000;

/// Tells the past; how many hours it has. None where the ledger has one already.
pub(super) fn begin(settings: &Settings, seed: u64) -> Result<u32, Failure> {
    let Some(wanted) = store_settings(settings) else { return Ok(0) };
    let words = |words: &dyn std::fmt::Display| Failure::Input(words.to_string());
    let mut store = Store::open(&wanted).map_err(|opening| words(&opening))?;
    let known = store.snapshots.ledger(|_| ()).map_err(|fault| words(&fault))?;
    if store.standing != Standing::New || known.is_some() {
        return Ok(0);
    }
    let now = clock::now_unix_nano();
    let (first, last) = (first_hour(settings, now), (now / HOUR_NANOS) as u32);
    let mut changes = told(settings, seed, first..last)?;
    changes.since_hour = first;
    for number in changes.rows.iter_mut().flat_map(|row| &mut row.numbers) {
        *number = number.saturating_mul(STANDS_FOR as i64);
    }
    store.change_ledger(&changes).map_err(|opening| words(&opening))?;
    Ok(last - first)
}

/// That of the month before.
fn first_hour(settings: &Settings, now: u64) -> u32 {
    let calendar = Calendar::named(&settings.ledger.ledger.time_zone).unwrap_or_default();
    let today = calendar.date((now / HOUR_NANOS) as u32);
    calendar.begin(before(today.first_of_month()).first_of_month())
}

fn told(
    settings: &Settings,
    seed: u64,
    hours: std::ops::Range<u32>,
) -> Result<crate::ledger::kept::LedgerChanges, Failure> {
    let (mut engine, reader) = (Engine::new(engine_settings(settings)?), Reader::default());
    let (vocabulary, mut past) = (vocabulary(settings), Past::new(seed));
    engine.keep();
    for hour in hours.clone() {
        let end = (u64::from(hour) + 1) * HOUR_NANOS;
        engine.set_wall_clock(end, end);
        for request in past.hour(hour, hours.end - hour) {
            // They are our own requests.
            let Ok(batch) = reader.read_protobuf(&vocabulary, &request) else { continue };
            engine.offer(batch, end, &mut |_| ());
        }
        engine.finish(end, &mut |_| ());
    }
    Ok(engine.changes().ledger)
}
