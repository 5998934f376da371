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
        Self { ledger, first_owner, hashes, price_key, sums: Sums::default() }
    }

    /// Adds a judged call; where.
    pub(super) fn tell(
        &mut self,
        call: &LlmCall<'_>,
        verdict: &Verdict<'_>,
        names: &Names<'_>,
        limits: &LimitsConfig,
        arrived_unix_nano: u64,
    ) -> Spot {
        let mut row = [""; Column::COUNT];
        for owner in Owner::ALL {
            row[Column::Of(owner).index()] = call.dimension(self.first_owner + owner as usize);
        }
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
            (Column::PriceKey, entry::price_key(call, verdict.priced.regional, &mut self.price_key)),
            (Column::Of(Owner::ApiKey), key),
        ] {
            row[column.index()] = name;
        }
        entry::add_up(&mut self.sums, call, verdict);
        let when = When { end_unix_nano: call.end_unix_nano, arrived_unix_nano };
        self.ledger.write().tell(&Entry { when, names: row, sums: &self.sums })
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

    /// True while the names of a spot have their numbers.
    pub(super) fn knows(&self, spot: &Spot) -> bool {
        self.ledger.read().knows(spot)
    }

    /// Adds a plain call where others of its names are.
    pub(super) fn tell_at(
        &mut self,
        spot: &Spot,
        tokens: Option<&Tokens>,
        call: &CallRecord<'_>,
        arrived_unix_nano: u64,
    ) {
        entry::add_up_plain(&mut self.sums, tokens, call.cost.as_ref(), call.price_source);
        let when = When { end_unix_nano: call.end_unix_nano, arrived_unix_nano };
        self.ledger.write().tell_at(spot, when, &self.sums);
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
        self.ledger.read().has_changed()
    }

    /// What has changed since the last time.
    pub(super) fn changes(&self) -> LedgerChanges {
        self.ledger.write().changes()
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
    pub(super) fn reconfigure(&self, settings: LedgerSettings) {
        self.ledger.write().reconfigure(settings);
    }

    /// Time has come to this moment of the wall clock.
    pub(super) fn pass(&self, unix_nano: u64) {
        let seconds = i64::try_from(unix_nano / 1_000_000_000).unwrap_or(0);
        if !self.ledger.read().has_come_to(seconds) {
            self.ledger.write().pass(seconds);
        }
    }

    /// Rows of the document.
    pub(super) fn rows(&self, unix_nano: u64) -> LedgerRows {
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
