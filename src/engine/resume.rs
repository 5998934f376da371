//! A new engine goes on where another ended: the last snapshot, and what the journal has after it.
//!
//! In: an open store. Out: an engine that knows what that one knew. Nothing is read, classified or priced anew that
//! was before: records say what texts said, series have their sums. What came after the snapshot was never shown.

use super::Engine;
use super::kept::{is_in, runs};
use crate::clock::{SinceBoot, SteadyClock};
use crate::compact::{Damaged, Reader};
use crate::ledger::attribution::Owner;
use crate::record::kept::read_batches;
use crate::record::{Name, Shapes};
use crate::settle::Memory;
use crate::store::{Fault, Place, Snapshot, Standing, Store};
use crate::telemetry::emit;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Resumed {
    /// Spans that are remembered.
    pub(super) remembered: u64,
    /// Batches that came after the last snapshot.
    pub(super) batches: u64,
    /// What is known of scrapers.
    pub(super) scrapers: Vec<u8>,
    /// The series, and the memories, that are in the file are not these.
    pub(super) afresh: (bool, bool),
}

/// Reads everything. `alive` is called now and then.
pub(super) fn resume(
    engine: &mut Engine,
    store: &mut Store,
    shapes: &Shapes,
    clock: &mut SteadyClock,
    alive: &dyn Fn(),
) -> Result<Resumed, Fault> {
    let mut found = Resumed::default();
    let snapshot = store.snapshots.snapshot().cloned();
    if let Some(snapshot) = &snapshot {
        *clock = clock.go_on(snapshot.now, &since_boot(snapshot)?);
        remember(engine, store, snapshot, &mut found, alive)?;
    }
    if let Some((since_hour, closed_day)) = store.snapshots.ledger(|row| engine.restore_ledger(row))? {
        engine.go_on_ledger(since_hour, closed_day);
    }
    engine.keep();
    let continues = snapshot.as_ref().filter(|_| store.standing == Standing::Continues);
    if let Some(snapshot) = &snapshot {
        restore(engine, store, snapshot, &mut found)?;
    }
    let place = continues.map_or(
        Place { batches: store.journal.identity().batches, records: store.journal.next().1 },
        |snapshot| snapshot.place,
    );
    if matches!(store.standing, Standing::Anew(_)) {
        engine.begin_anew(clock.now(), place);
        found.afresh.0 = true;
    }
    store.journal.go_on_from((place.batches + 1, place.records));
    let waiting = continues.map_or(Ok(Vec::new()), |snapshot| runs(&snapshot.waiting))?;
    let last = replay(engine, store, shapes, &mut found, (place.batches, &waiting), alive)?;
    *clock = clock.not_before(last);
    Ok(found)
}

/// When it was taken, on a clock that nobody can set.
fn since_boot(snapshot: &Snapshot) -> Result<SinceBoot, Fault> {
    let mut parts = Reader::new(&snapshot.state);
    for _ in 0..3 {
        parts.bytes()?;
    }
    Ok(SinceBoot { boot: parts.text()?.to_owned(), nanos: parts.number()? })
}

fn remember(
    engine: &mut Engine,
    store: &Store,
    snapshot: &Snapshot,
    found: &mut Resumed,
    alive: &dyn Fn(),
) -> Result<(), Fault> {
    // Hashes of another secret mean nothing.
    if snapshot.instance != store.journal.identity().instance {
        found.afresh.1 = true;
        return Ok(());
    }
    let memory_of = |kind: u8| Memory::ALL.get(usize::from(kind)).copied();
    for (kind, bytes) in store.snapshots.memory_sizes()? {
        if let Some(memory) = memory_of(kind) {
            engine.expect(memory, bytes);
        }
    }
    store.snapshots.memories(|kind, at, bytes| {
        let memory = memory_of(kind);
        // What is cut off costs what it would have remembered.
        if let Some(memory) = memory
            && engine.remember_again(memory, at, bytes).is_ok()
            && memory == Memory::Seen
        {
            found.remembered += bytes.len() as u64 / 8;
        }
        alive();
    })?;
    Ok(())
}

fn restore(
    engine: &mut Engine,
    store: &Store,
    snapshot: &Snapshot,
    found: &mut Resumed,
) -> Result<(), Fault> {
    let mut parts = Reader::new(&snapshot.state);
    let (state, table, scrapers) = (parts.bytes()?, parts.bytes()?, parts.bytes()?);
    engine.restore(snapshot.place, state)?;
    found.scrapers = scrapers.to_vec();
    if snapshot.label_names != engine.label_names() {
        // Other labels are other series.
        found.afresh.0 = true;
        return Ok(());
    }
    engine.restore_table(table)?;
    store.snapshots.series(|key, series| {
        // One that cannot be read begins anew with its next call.
        let _: Result<(), Damaged> = engine.restore_series(key, series);
        Ok(())
    })
}

/// The engine time of the last entry.
fn replay(
    engine: &mut Engine,
    store: &mut Store,
    shapes: &Shapes,
    found: &mut Resumed,
    (known, waiting): (u64, &[(u64, u64)]),
    alive: &dyn Fn(),
) -> Result<u64, Fault> {
    let mut last = 0;
    let same_labels = store.snapshots.snapshot().is_none_or(|it| it.label_names == engine.label_names());
    let texts = if same_labels { Name::COUNT + engine.dimensions() + Owner::COUNT } else { Name::COUNT };
    store.journal.entries(|_, entry| {
        last = last.max(entry.at);
        let (mut number, mut first) = (entry.batch, entry.record);
        for batch in read_batches(&entry.blob, shapes, texts)? {
            let records = batch.records.len() as u64;
            if number > known {
                engine.offer_kept(batch, (number, first), entry.at, &mut emit);
                found.batches += 1;
            } else {
                engine.wait_again(batch, first, entry.at, &mut |number| is_in(waiting, number));
            }
            (number, first) = (number + 1, first + records);
        }
        alive();
        Ok(())
    })?;
    Ok(last)
}
