//! The everyday case of two instrumentations: a call and the call around it, and nothing else in their trace.
//!
//! In: a span whose time is up. Out: it and the other, when the rules would make one call of them and of nothing else:
//! then nobody needs to be gathered. The rules say the same (`rules`, 2), and this is never more than a short cut.

use super::held::{ANSWER, Held, Number, TRACE};
use super::look::{SLACK_NANOS, different_answers};
use super::{LISTED, Settler};
use crate::facts::Role;

impl Settler {
    /// The two, the nearest to the wire first.
    pub(super) fn wrapped(&self, number: Number) -> Option<[Number; 2]> {
        let trace = self.waiting.keys(number)[TRACE];
        // Keys are short: another trace may have the same.
        let own = self.waiting.get(number)?.trace_id;
        let same = |&other: &Number| self.waiting.get(other).is_some_and(|held| held.trace_id == own);
        let mut spans = self.waiting.listed(TRACE, trace).take(LISTED).filter(same);
        let (one, other, None) = (spans.next()?, spans.next()?, spans.next()) else { return None };
        let held = |number| self.waiting.get(number);
        let is_inner = held(one)?.parent_key() == Some(held(other)?.key());
        let (inner, outer) = if is_inner { (one, other) } else { (other, one) };
        let (within, around) = (held(inner)?, held(outer)?);
        let fits = are_one(within, around)
            && self.services.have_no_other(within, around)
            && [(inner, around), (outer, within)]
                .iter()
                .all(|&(span, other)| self.answers_alone(span, other))
            && ![within, around].iter().any(|held| self.past.wraps_counted(held));
        let near = if around.layer < within.layer { [outer, inner] } else { [inner, outer] };
        fits.then_some(near)
    }

    /// No third span names the answer of this one.
    fn answers_alone(&self, number: Number, other: &Held) -> bool {
        let Some(held) = self.waiting.get(number).filter(|held| held.answer != 0) else { return true };
        let shared = usize::from(held.answer == other.answer);
        let same = |&other: &Number| self.waiting.get(other).is_some_and(|other| other.answer == held.answer);
        let listed = self.waiting.listed(ANSWER, self.waiting.keys(number)[ANSWER]);
        listed.take(LISTED).filter(same).count() == 1 + shared
    }
}

fn are_one(within: &Held, around: &Held) -> bool {
    within.role == Role::Call
        && around.role == Role::Call
        && within.parent_key() == Some(around.key())
        && around.parent_span_id != within.span_id
        && within.start_unix_nano <= around.end_unix_nano.saturating_add(SLACK_NANOS)
        && !different_answers(within, around)
}
