//! Feeds the ledger: one entry a call, where the call is told.
//!
//! In: a call, its verdict, the names of its labels. Out: one entry of the shared ledger. Short hashes of accounts and
//! keys are remembered, as they are the same for many calls.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::RwLock;

use super::ledger_rows::LedgerRows;
use crate::call::{CallRecord, Tokens};
use crate::judge::Verdict;
use crate::ledger::attribution::Owner;
use crate::ledger::kept::{KeptRow, LedgerChanges};
use crate::ledger::{Column, Entry, Ledger, LedgerSettings, Shared, Spot, Sums, When, entry};
use crate::limits::{LimitsConfig, account_hash};
use crate::settle::LlmCall;

/// Hashes that are remembered. Beyond it all are forgotten.
const HASHES: usize = 4096;
/// Places of calls that the ledger was not told of whose memory is kept from one turn to the next.
const UNTOLD: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(super) struct Account {
    ledger: Shared,
    /// Where owners begin among the dimensions of a call.
    first_owner: usize,
    hashes: HashMap<Box<str>, Arc<str>, RandomState>,
    price_key: String,
    /// What one call adds, for its memory.
    sums: Sums,
    /// What plain calls add that the ledger was not told yet: so many of these.
    untold: Vec<Untold>,
    count: usize,
    /// How often it was told.
    turn: u64,
    /// Of the names that have numbers.
    generation: u64,
}

/// What plain calls of the same names, hour and minute add.
#[derive(Debug)]
struct Untold {
    spot: Spot,
    when: When,
    sums: Sums,
}

/// Where plain calls of the same names are added.
#[derive(Debug)]
pub(super) struct Place {
    spot: Spot,
    turn: u64,
    at: usize,
}

/// Names that the metrics give a call, too.
pub(super) struct Names<'a> {
    pub(super) service: &'a str,
    pub(super) environment: &'a str,
}

impl Account {
    pub(super) fn new(settings: LedgerSettings, first_owner: usize) -> Self {
        let ledger = Arc::new(RwLock::new(Ledger::new(settings)));
        let (hashes, price_key) = (HashMap::default(), String::new());
        let (sums, untold) = (Sums::default(), Vec::new());
        Self { ledger, first_owner, hashes, price_key, sums, untold, count: 0, turn: 1, generation: 0 }
    }

    /// Adds a judged call; where.
    pub(super) fn tell(
        &mut self,
        call: &LlmCall<'_>,
        verdict: &Verdict<'_>,
        names: &Names<'_>,
        limits: &LimitsConfig,
        arrived_unix_nano: u64,
    ) -> Place {
        let mut row = [""; Column::COUNT];
        for owner in Owner::ALL {
            row[Column::Of(owner).index()] = call.dimension(self.first_owner + owner as usize);
        }
        let (mut price_key, mut sums) = (std::mem::take(&mut self.price_key), std::mem::take(&mut self.sums));
        let key = std::mem::take(&mut row[Column::Of(Owner::ApiKey).index()]);
        let key = self.hash(key);
        let account = self.hash(call.account.unwrap_or_default());
        let [key, account] = [&key, &account].map(|hash| hash.as_deref().unwrap_or_default());
        for (column, name) in [
            (Column::Service, names.service),
            (Column::Environment, names.environment),
            (Column::Provider, call.provider),
            (Column::Model, verdict.model(call)),
            (Column::Operation, call.operation),
            (Column::Account, limits.account_name(account).unwrap_or(account)),
            (Column::PriceSource, verdict.price_source().label()),
            (Column::PriceKey, entry::price_key(call, verdict.priced.regional, &mut price_key)),
            (Column::Of(Owner::ApiKey), key),
        ] {
            row[column.index()] = name;
        }
        entry::add_up(&mut sums, call, verdict);
        let when = When { end_unix_nano: call.end_unix_nano, arrived_unix_nano };
        let spot = self.write(|ledger| ledger.tell(&Entry { when, names: row, sums: &sums }));
        (self.price_key, self.sums) = (price_key, sums);
        Place { spot, turn: 0, at: 0 }
    }

    /// Values of owners that are off.
    pub(super) fn see(&self, seen: &[(u8, u64)]) {
        if seen.is_empty() {
            return;
        }
        let mut ledger = self.ledger.write();
        for (number, value) in seen {
            let owner = usize::from(*number).checked_sub(1).and_then(|at| Owner::ALL.get(at));
            owner.into_iter().for_each(|owner| ledger.see(*owner, *value));
        }
    }

    /// Adds a plain call where others of its names are; false when those names no longer have their numbers. The
    /// ledger hears of it with all others of the turn.
    pub(super) fn tell_at(
        &mut self,
        place: &mut Place,
        tokens: Option<&Tokens>,
        call: &CallRecord<'_>,
        arrived_unix_nano: u64,
    ) -> bool {
        if !place.spot.is_of(self.generation) {
            return false;
        }
        let when = When { end_unix_nano: call.end_unix_nano, arrived_unix_nano };
        let is_same = |at: When| at.hour() == when.hour() && at.minute() == when.minute();
        let untold = &self.untold[..self.count];
        let known =
            untold.get(place.at).filter(|_| place.turn == self.turn).is_some_and(|at| is_same(at.when));
        if !known {
            (place.turn, place.at) = (self.turn, self.count);
            self.begin(place.spot, when);
        }
        let sums = &mut self.untold[place.at].sums;
        entry::add_plain(sums, tokens, call.cost.as_ref(), call.price_source);
        true
    }

    fn begin(&mut self, spot: Spot, when: When) {
        if self.count == self.untold.len() {
            self.untold.push(Untold { spot, when, sums: Sums::default() });
        }
        let next = &mut self.untold[self.count];
        (next.spot, next.when) = (spot, when);
        next.sums.clear();
        self.count += 1;
    }

    /// The ledger hears what it was not told yet.
    pub(super) fn tell_rest(&mut self) {
        if self.count > 0 {
            self.write(|_| ());
        }
    }

    /// Changes the ledger, once it knows all that came before.
    fn write<T>(&mut self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledger = self.ledger.write();
        let untold = self.untold[..self.count].iter();
        ledger.tell_all(untold.map(|untold| (&untold.spot, untold.when, &untold.sums)));
        (self.turn, self.count) = (self.turn + 1, 0);
        self.untold.truncate(UNTOLD);
        let done = change(&mut ledger);
        self.generation = ledger.generation();
        done
    }

    /// The ledger, for whoever asks.
    pub(super) fn ledger(&self) -> Shared {
        Arc::clone(&self.ledger)
    }

    /// From now on notes what is to be kept on disk.
    pub(super) fn keep(&self) {
        self.ledger.write().keep();
    }

    /// True when something is to be kept on disk.
    pub(super) fn has_changed(&self) -> bool {
        self.count > 0 || self.ledger.read().has_changed()
    }

    /// What has changed since the last time.
    pub(super) fn changes(&mut self) -> LedgerChanges {
        self.write(Ledger::changes)
    }

    /// Takes a row back.
    pub(super) fn restore(&self, row: &KeptRow) {
        self.ledger.write().restore(row);
    }

    /// Goes on where another was.
    pub(super) fn go_on(&self, since_hour: u32, closed_day: u32) {
        self.ledger.write().go_on(since_hour, closed_day);
    }

    /// Takes over what may change while running.
    pub(super) fn reconfigure(&mut self, settings: LedgerSettings) {
        self.write(|ledger| ledger.reconfigure(settings));
    }

    /// Time has come to this moment of the wall clock.
    pub(super) fn pass(&mut self, unix_nano: u64) {
        let seconds = i64::try_from(unix_nano / 1_000_000_000).unwrap_or(0);
        if !self.ledger.read().has_come_to(seconds) {
            self.write(|ledger| ledger.pass(seconds));
        }
    }

    /// Rows of the document.
    pub(super) fn rows(&mut self, unix_nano: u64) -> LedgerRows {
        self.tell_rest();
        LedgerRows::new(&self.ledger.read(), i64::try_from(unix_nano / 1_000_000_000).unwrap_or(0))
    }

    /// A short hash of what identifies an account or a key; none for nothing.
    fn hash(&mut self, identity: &str) -> Option<Arc<str>> {
        if identity.is_empty() {
            return None;
        }
        if let Some(known) = self.hashes.get(identity) {
            return Some(Arc::clone(known));
        }
        if self.hashes.len() >= HASHES {
            self.hashes.clear();
        }
        let hash: Arc<str> = account_hash(identity).unwrap_or_default().into();
        self.hashes.insert(identity.into(), Arc::clone(&hash));
        Some(hash)
    }
}
