//! Calls of one span that say nothing rare: counted by what is known of their shape, without being judged again.
//!
//! In: a span. Out: it is counted in the row of the series table and at the price that calls of its shape have, or it
//! is said that this is not known, and the call is judged. What is known is learned from calls that were judged, and
//! holds until prices, the model behind a name, or the table say otherwise; a reload forgets it.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::account::Account;
use super::record::{self, Numbers};
use super::tally::AdviceTally;
use crate::advice::AdviceSet;
use crate::aggregate::{CallTable, RowId};
use crate::call::{CallRecord, PriceSource, TokenType};
use crate::exact::Exact;
use crate::facts::Role;
use crate::judge::{Judge, Lesson};
use crate::ledger::{Spot, entry};
use crate::price::Tariff;
use crate::record::{Flags, Name, Record, Shape};
use crate::settle::{Held, LlmCall};

/// Shapes that are known; beyond it all are forgotten and learned anew.
const SHAPES: usize = 1 << 14;
/// Tariffs of one shape: prompts of several sizes, spans from before and after a change of prices.
const TARIFFS: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Plain {
    shapes: HashMap<u64, Known, RandomState>,
}

/// What calls of one shape have in common.
#[derive(Debug)]
struct Known {
    shape: Arc<Shape>,
    row: RowId,
    lesson: Option<Lesson>,
    tariffs: Vec<Tariff>,
    /// Where the ledger adds them, by price source and size step of the prompt.
    spots: Vec<(PriceSource, &'static str, Spot)>,
    service: Box<str>,
    /// What calls lack that stream or do not, and state tokens or do not; and how many were counted since it was told.
    advice: [(Option<AdviceSet>, u64); 4],
}

impl Plain {
    /// True for a span of which nothing but its shape and its numbers can matter.
    pub(super) fn is_plain(held: &Held) -> bool {
        let rare = [Flags::FAILED, Flags::HEADERS, Flags::ABSURD_TOKENS, Flags::ABSURD_TIME];
        held.shape.number != 0
            && held.role == Role::Call
            && held.evidence.is_none()
            && !rare.into_iter().any(|flag| held.flags.has(flag))
    }

    /// Counts a plain call; false when too little is known of its shape.
    pub(super) fn count(
        &mut self,
        held: &Held,
        judge: &mut Judge,
        (table, account): (&mut CallTable, &mut Account),
        estimates: bool,
        (now, unix_nano): (u64, u64),
    ) -> bool {
        let Some(known) = self.shapes.get_mut(&held.shape.number) else { return false };
        let numbers = Numbers::of_record(held);
        let (Some(_), told) = &mut known.advice[combination(held)] else { return false };
        if !judge.repeats(known.lesson.as_ref()) {
            return false;
        }
        let mut lines = [(TokenType::Input, Exact::ZERO); TokenType::ALL.len()];
        let at = (held.start_unix_nano / 1_000_000_000) as i64;
        let (cost, price_source) = match &numbers.tokens {
            None => (None, PriceSource::UnknownUsage),
            Some(tokens) => {
                let tariff = known.tariffs.iter().find(|tariff| tariff.holds(tokens, at));
                let Some(tariff) = tariff else { return false };
                (Some(tariff.cost(tokens, &mut lines)), tariff.source)
            }
        };
        let tokens = numbers.tokens;
        let step = entry::step(tokens.map_or(0, |tokens| tokens.input_total()));
        let spot = known.spots.iter().find(|spot| (spot.0, spot.1) == (price_source, step));
        let Some((_, _, spot)) = spot.filter(|spot| table.has(known.row) && account.knows(&spot.2)) else {
            return false;
        };
        let call = CallRecord { cost, price_source, ..record::of_record(held, numbers, estimates) };
        account.tell_at(spot, tokens.as_ref(), &call, unix_nano);
        let counted = table.record_in(known.row, &call, now);
        *told += u64::from(counted);
        counted
    }

    /// Learns from a plain call that was judged and counted.
    pub(super) fn learn(
        &mut self,
        held: &Held,
        call: &LlmCall<'_>,
        judge: &mut Judge,
        (row, service, advice): (RowId, &str, AdviceSet),
        (source, spot): (PriceSource, Spot),
    ) {
        if self.shapes.len() >= SHAPES && !self.shapes.contains_key(&held.shape.number) {
            return;
        }
        let lesson = judge.lesson(call);
        let known = self.shapes.entry(held.shape.number).or_insert_with(|| Known {
            shape: Arc::clone(&held.shape),
            row,
            lesson: None,
            tariffs: Vec::new(),
            spots: Vec::new(),
            service: service.into(),
            advice: Default::default(),
        });
        if known.lesson != lesson {
            known.tariffs.clear();
        }
        (known.row, known.lesson) = (row, lesson);
        let step = entry::step(call.tokens.map_or(0, |tokens| tokens.input_total()));
        known.spots.retain(|known| (known.0, known.1) != (source, step));
        known.spots.push((source, step, spot));
        known.advice[combination(held)].0 = Some(advice);
        if let Some(tariff) = judge.tariff(call)
            && !known.tariffs.contains(&tariff)
        {
            known.tariffs.truncate(TARIFFS - 1);
            known.tariffs.insert(0, tariff);
        }
    }

    /// Hands over what calls lacked; what is no longer worth its room is forgotten.
    pub(super) fn tell(&mut self, tally: &mut AdviceTally) {
        for known in self.shapes.values_mut() {
            for (set, count) in &mut known.advice {
                let count = std::mem::take(count);
                tally.count((&known.service, known.shape.text(Name::Scope)), set.unwrap_or_default(), count);
            }
        }
        if self.shapes.len() >= SHAPES {
            self.shapes.clear();
        }
    }

    /// Forgets everything: prices or labels have changed.
    pub(super) fn forget(&mut self, tally: &mut AdviceTally) {
        self.tell(tally);
        self.shapes.clear();
    }
}

/// Advice depends on it.
fn combination(record: &Record) -> usize {
    usize::from(record.streaming() == Some(true)) << 1 | usize::from(record.has_tokens())
}
