//! Calls of one span, or of two that agree, that say nothing rare: counted by what is known of their shapes, without
//! being judged again.
//!
//! In: the spans of a call. Out: it is counted in the row of the series table and at the price that calls of its shape have, or it
//! is said that this is not known, and the call is judged. What is known is learned from calls that were judged, and
//! holds until prices, the model behind a name, or the table say otherwise; a reload forgets it.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::account::{Account, Place};
use super::record::{self, Numbers};
use super::tally::AdviceTally;
use crate::advice::AdviceSet;
use crate::aggregate::{CallTable, RowId};
use crate::call::{CallRecord, PriceSource, TokenType};
use crate::exact::Exact;
use crate::facts::Role;
use crate::judge::{Judge, Lesson};
use crate::ledger::entry;
use crate::price::Tariff;
use crate::record::{Flags, Name, Shape};
use crate::settle::{Held, LlmCall, Members};

/// Shapes that are known; beyond it all are forgotten and learned anew.
const SHAPES: usize = 1 << 14;
/// Tariffs of one shape: prompts of several sizes, spans from before and after a change of prices.
const TARIFFS: usize = 4;

/// It streamed or not, states tokens or not, and is of a trace of which others may be missing or not.
const COMBINATIONS: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Plain {
    shapes: HashMap<(u64, u64), Known, RandomState>,
}

/// What calls of one shape have in common.
#[derive(Debug)]
struct Known {
    shape: Arc<Shape>,
    row: RowId,
    lesson: Option<Lesson>,
    tariffs: Vec<Tariff>,
    /// Where the ledger adds them, by price source and size step of the prompt.
    spots: Vec<(PriceSource, &'static str, Place)>,
    service: Box<str>,
    /// What calls lack, by what else it depends on; and how many were counted since it was told.
    advice: [(Option<AdviceSet>, u64); COMBINATIONS],
}

/// A call of one or two spans of which nothing but their shapes and numbers can matter.
#[derive(Debug)]
pub(super) struct PlainCall<'a> {
    shapes: (u64, u64),
    first: &'a Held,
    sampled: bool,
    numbers: Numbers,
}

impl<'a> PlainCall<'a> {
    /// The call that these tell of, if it is a plain one.
    pub(super) fn of(members: &Members<'a>) -> Option<Self> {
        let (first, second) = match members.telling()? {
            [only] => (only, None),
            [first, second] => (first, Some(second)),
            _ => return None,
        };
        let fits = is_plain(first) && second.is_none_or(|second| is_plain(second) && agree(first, second));
        fits.then(|| Self {
            shapes: (first.shape.number, second.map_or(0, |second| second.shape.number)),
            first,
            sampled: [Some(first), second].into_iter().flatten().any(|held| held.flags.has(Flags::SAMPLED)),
            numbers: Numbers::of_records(first, second.map(|second| &second.record)),
        })
    }

    /// Advice depends on it.
    fn combination(&self) -> usize {
        usize::from(self.sampled) << 2
            | usize::from(self.numbers.streaming == Some(true)) << 1
            | usize::from(self.numbers.tokens.is_some())
    }
}

fn is_plain(held: &Held) -> bool {
    let rare = [Flags::FAILED, Flags::HEADERS, Flags::ABSURD_TOKENS, Flags::ABSURD_TIME, Flags::CUT];
    held.shape.number != 0
        && held.role == Role::Call
        && held.evidence.is_none()
        && !rare.into_iter().any(|flag| held.flags.has(flag))
}

/// One of them states tokens, or both the same.
fn agree(first: &Held, second: &Held) -> bool {
    !first.has_tokens() || !second.has_tokens() || first.tokens() == second.tokens()
}

impl Plain {
    /// Counts a plain call; false when too little is known of its shape.
    pub(super) fn count(
        &mut self,
        call: &PlainCall<'_>,
        judge: &mut Judge,
        (table, account): (&mut CallTable, &mut Account),
        estimates: bool,
        (now, unix_nano): (u64, u64),
    ) -> bool {
        let Some(known) = self.shapes.get_mut(&call.shapes) else { return false };
        let (Some(_), told) = &mut known.advice[call.combination()] else { return false };
        if !judge.repeats(known.lesson.as_ref()) {
            return false;
        }
        let mut lines = [(TokenType::Input, Exact::ZERO); TokenType::ALL.len()];
        let at = (call.first.start_unix_nano / 1_000_000_000) as i64;
        let (cost, price_source) = match &call.numbers.tokens {
            None => (None, PriceSource::UnknownUsage),
            Some(tokens) => {
                let tariff = known.tariffs.iter().find(|tariff| tariff.holds(tokens, at));
                let Some(tariff) = tariff else { return false };
                (Some(tariff.cost(tokens, &mut lines)), tariff.source)
            }
        };
        let tokens = call.numbers.tokens;
        let step = entry::step(tokens.map_or(0, |tokens| tokens.input_total()));
        let place = known.spots.iter_mut().find(|spot| (spot.0, spot.1) == (price_source, step));
        let Some((_, _, place)) = place.filter(|_| table.has(known.row)) else { return false };
        let record =
            CallRecord { cost, price_source, ..record::of_record(call.first, &call.numbers, estimates) };
        let counted = account.tell_at(place, tokens.as_ref(), &record, unix_nano)
            && table.record_in(known.row, &record, now);
        *told += u64::from(counted);
        counted
    }

    /// Learns from a plain call that was judged and counted.
    pub(super) fn learn(
        &mut self,
        plain: &PlainCall<'_>,
        call: &LlmCall<'_>,
        judge: &mut Judge,
        (row, service, advice): (RowId, &str, AdviceSet),
        (source, place): (PriceSource, Place),
    ) {
        if self.shapes.len() >= SHAPES && !self.shapes.contains_key(&plain.shapes) {
            return;
        }
        let lesson = judge.lesson(call);
        let known = self.shapes.entry(plain.shapes).or_insert_with(|| Known {
            shape: Arc::clone(&plain.first.shape),
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
        known.spots.push((source, step, place));
        known.advice[plain.combination()].0 = Some(advice);
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
