//! What is remembered of spans that came and of calls that were counted, and what follows for those who come later.
//!
//! In: spans as they come, groups as they are settled. Out: whether a span came before, who is above it, whether its
//! call was counted. Three memories: keys of spans, the longest; parents and what was counted below them; answers.

use super::SettleSettings;
use super::held::{ANSWER, Hashes, Held};
use super::look::SLACK_NANOS;
use super::memory::{Recall, Secret};
use super::rules::HOUR_NANOS;
use crate::facts::{Link, Role, SpanKey};
use crate::record::Record;

/// How far up a trace is looked.
const ANCESTORS: usize = 64;
/// Traces that may share an answer; an id that more name is no identity.
pub(super) const TRACES: usize = 8;
/// How long answers and ancestors are remembered, if there is room.
pub(super) const KEEP_NANOS: u64 = 2 * HOUR_NANOS;

/// See the module.
#[derive(Debug)]
pub(super) struct Past {
    secret: Secret,
    /// Spans that came.
    pub(super) seen: Recall<(), 8>,
    pub(super) kin: Recall<Kin, 4>,
    pub(super) answers: Recall<Answer, 3>,
}

/// What is remembered of a span, be it one of no call: who is above it, and what was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kin {
    /// All zero when it is not known, or when there is none.
    pub(super) parent: [u8; 8],
    pub(super) cover: Cover,
}

/// What is remembered of a span that was counted, or that is above one that was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cover {
    /// The kind of the response id of the call inside; 0 when it has none.
    pub(super) answer_kind: u32,
    /// The span itself was counted, or left out for a call that was.
    pub(super) counted: bool,
    /// A counted call lies inside it.
    pub(super) covers: bool,
    /// That is an agent that alone had usage.
    pub(super) by_agent: bool,
    /// It failed: a span above that states usage tells of a later attempt.
    pub(super) failed: bool,
    /// It was a request by itself: the call that it was made for was not seen yet.
    pub(super) bare: bool,
    /// When the first call inside began, milliseconds, coming round.
    pub(super) start: u32,
}

/// What is remembered of an answer that was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answer {
    /// Traces that named it, by hash; 0 is none.
    pub(super) traces: [u16; TRACES],
    /// Prompt and answer, all tokens of each; `u32::MAX` when not stated.
    pub(super) usage: (u32, u32),
    /// When it ended, seconds since the Unix epoch.
    pub(super) end_seconds: u32,
    /// It is no identity: a mock's, a cache's, a constant.
    pub(super) everybodys: bool,
}

/// What is known of a span's answer when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nobody named it.
    New,
    /// It was counted.
    Counted,
    /// It names nothing.
    Everybodys,
}

impl Past {
    /// Nothing came yet.
    pub(super) fn new(settings: &SettleSettings) -> Self {
        Self {
            secret: settings.secret.clone(),
            seen: Recall::new(settings.remember_nanos, settings.remember_bytes),
            kin: Recall::new(KEEP_NANOS, 2 * settings.answer_bytes),
            answers: Recall::new(KEEP_NANOS, settings.answer_bytes),
        }
    }

    /// Moves on to this time.
    pub(super) fn pass(&mut self, now: u64) {
        self.seen.pass(now);
        self.kin.pass(now);
        self.answers.pass(now);
    }

    /// Bytes held.
    pub(super) const fn size(&self) -> usize {
        self.seen.size() + self.kin.size() + self.answers.size()
    }

    /// What was forgotten although it was young.
    pub(super) const fn forgotten(&self) -> u64 {
        self.seen.forgotten() + self.kin.forgotten() + self.answers.forgotten()
    }

    /// How far back every span that is sent again is recognised, nanoseconds.
    pub(super) const fn reach_nanos(&self) -> u64 {
        self.seen.reach_nanos()
    }

    // --- spans that come ---

    /// Loads what will be asked about a span that comes.
    pub(super) fn touch_coming(&self, hashes: &Hashes) -> u64 {
        self.seen.touch(hashes.span) ^ self.kin.touch(hashes.span) ^ self.touch_answer(hashes)
    }

    /// Loads what will be asked about a span that is settled.
    pub(super) fn touch_going(&self, hashes: &Hashes) -> u64 {
        let parent = if hashes.parent == 0 { 0 } else { self.kin.touch(hashes.parent) };
        self.kin.touch(hashes.span) ^ parent ^ self.touch_answer(hashes)
    }

    fn touch_answer(&self, hashes: &Hashes) -> u64 {
        if hashes.answer == 0 { 0 } else { self.answers.touch(hashes.answer) }
    }

    /// Notes that a span came, and whose child it is; false when it came before.
    pub(super) fn see(&mut self, held: &Held) -> bool {
        if held.parent_span_id != [0; 8] {
            self.kin.entry(held.hashes.span).0.parent = held.parent_span_id;
        }
        self.seen.insert(held.hashes.span, ())
    }

    /// A span that turns out to be above a counted call hands that on to its own parent.
    pub(super) fn note_link(&mut self, link: &Link, hash: u64) {
        let (kin, _) = self.kin.entry(hash);
        kin.parent = link.parent_span_id;
        let cover = kin.cover;
        if cover.covers {
            let parent = SpanKey { trace_id: link.span.trace_id, span_id: link.parent_span_id };
            self.cover(parent, self.secret.hash(parent), cover);
        }
    }

    /// What is known of the answer that a span names; it names it from now on.
    pub(super) fn name(&mut self, held: &Held) -> Named {
        let hash = held.hashes.answer;
        if self.answers.get(hash).is_none() {
            return Named::New;
        }
        let trace = self.trace_tag(held);
        let (known, _) = self.answers.entry(hash);
        known.everybodys |= !known.is_in(trace) || !known.is_of(held);
        if known.everybodys { Named::Everybodys } else { Named::Counted }
    }

    /// More traces name an answer than one call can be in: it is nobody's, as long as it is remembered.
    pub(super) fn give_up(&mut self, answer: u64) {
        let hash = self.secret.hash(answer);
        self.answers.insert(hash, Answer { everybodys: true, ..Answer::default() });
    }

    // --- questions ---

    /// A span and what is known of the spans above it.
    pub(super) fn ancestors(&self, from: SpanKey) -> impl Iterator<Item = SpanKey> + '_ {
        let above = |key: &SpanKey| self.kin(*key).and_then(|kin| kin.parent_of(*key));
        std::iter::successors(Some(from), above).take(ANCESTORS)
    }

    /// The call that a span belongs to was counted, or the span itself was.
    pub(super) fn is_counted(&self, key: SpanKey) -> bool {
        self.kin(key).is_some_and(|kin| kin.cover.counted)
    }

    /// A counted call lies inside this span, unless their ids say that they are two.
    pub(super) fn wraps_counted(&self, held: &Held) -> bool {
        self.inside(held).is_some_and(|cover| {
            let two = held.answer != 0 && cover.answer_kind == held.answer_kind;
            let later_attempt = cover.failed && held.has_tokens();
            // A stream may end long after its request was counted: better one request too many than its tokens lost.
            let ends_late = cover.bare && held.has_tokens();
            !two && !later_attempt && !ends_late
        })
    }

    /// Counted calls lie inside this agent, and it repeats them.
    pub(super) fn repeats_counted(&self, held: &Held, own_usage: bool) -> bool {
        self.inside(held).is_some_and(|cover| !(cover.bare || cover.by_agent && own_usage))
    }

    /// A counted call has given an answer that these spans name.
    pub(super) fn has_counted_answer(&self, members: &[Held]) -> bool {
        let known = |held: &Held| self.answers.get(held.hashes.answer);
        members
            .iter()
            .filter(|held| held.answer != 0)
            .any(|held| known(held).is_some_and(|answer| !answer.everybodys && answer.is_of(held)))
    }

    /// An answer that names nothing.
    pub(super) fn is_everybodys(&self, answer: u64) -> bool {
        self.answers.get(self.secret.hash(answer)).is_some_and(|answer| answer.everybodys)
    }

    fn kin(&self, key: SpanKey) -> Option<Kin> {
        self.kin.get(self.secret.hash(key))
    }

    /// The counted calls inside a span; what began after it had ended is nothing of it.
    fn inside(&self, held: &Held) -> Option<Cover> {
        let end = Record::milliseconds(held.end_unix_nano.saturating_add(SLACK_NANOS));
        self.cover_of(held).filter(|cover| (end.wrapping_sub(cover.start) as i32) >= 0)
    }

    fn cover_of(&self, held: &Held) -> Option<Cover> {
        self.kin.get(held.hashes.span).map(|kin| kin.cover).filter(|cover| cover.covers)
    }

    // --- groups that are settled ---

    /// A call was counted that these spans tell of.
    pub(super) fn remember(&mut self, members: &[Held]) {
        let named = members.iter().find(|held| held.answer != 0);
        let first = members.first();
        let cover = Cover {
            answer_kind: named.map_or(0, |held| held.answer_kind),
            counted: false,
            covers: true,
            by_agent: first.is_some_and(|held| held.role == Role::Aggregate),
            failed: first.is_some_and(|held| held.failed() && !held.has_tokens()),
            bare: members
                .iter()
                .all(|held| matches!(held.role, Role::Http | Role::Companion) && !held.has_tokens()),
            start: first.map_or(0, |held| Record::milliseconds(held.start_unix_nano)),
        };
        for held in members {
            self.remember_counted(held);
            self.remember_answer(held);
            self.cover_above(held, cover);
        }
    }

    /// A span was counted, or left out for a call that was.
    pub(super) fn remember_counted(&mut self, held: &Held) {
        self.kin.entry(held.hashes.span).0.cover.counted = true;
    }

    /// Wrappers that repeat a counted call hand that on to those above them.
    pub(super) fn pass_cover_on(&mut self, members: &[Held]) {
        for held in members {
            if let Some(cover) = self.cover_of(held) {
                self.cover_above(held, cover);
            }
        }
    }

    fn cover_above(&mut self, held: &Held, cover: Cover) {
        if let Some(parent) = held.parent_key() {
            self.cover(parent, held.hashes.parent, cover);
        }
    }

    fn cover(&mut self, from: SpanKey, hash: u64, cover: Cover) {
        let (mut next, mut hash) = (Some(from), hash);
        for _ in 0..ANCESTORS {
            let Some(ancestor) = next else { break };
            let (kin, _) = self.kin.entry(hash);
            let known = kin.cover;
            // An attempt that failed does not take the place of one that succeeded, in whatever order they come.
            if !cover.failed || !known.covers || known.failed {
                let earlier = known.covers && (known.start.wrapping_sub(cover.start) as i32) < 0;
                let start = if earlier { known.start } else { cover.start };
                let bare = cover.bare && (known.bare || !known.covers);
                kin.cover = Cover { counted: known.counted, covers: true, bare, start, ..cover };
            }
            next = kin.parent_of(ancestor);
            hash = next.map_or(0, |next| self.secret.hash(next));
        }
    }

    fn remember_answer(&mut self, held: &Held) {
        if held.answer == 0 {
            return;
        }
        let trace = self.trace_tag(held);
        let (answer, known) = self.answers.entry(held.hashes.answer);
        if !known || answer.usage.0 == u32::MAX {
            *answer = Answer { traces: answer.traces, everybodys: answer.everybodys, ..Answer::of(held) };
        }
        answer.everybodys |= !answer.is_in(trace);
    }

    fn trace_tag(&self, held: &Held) -> u16 {
        self.secret.hash((ANSWER, held.trace_id)) as u16 | 1
    }
}

impl Kin {
    fn parent_of(&self, key: SpanKey) -> Option<SpanKey> {
        (self.parent != [0; 8]).then_some(SpanKey { span_id: self.parent, ..key })
    }
}

impl Answer {
    fn of(held: &Held) -> Self {
        let number = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
        Self {
            usage: held.usage().map_or((u32::MAX, u32::MAX), |usage| (number(usage.0), number(usage.1))),
            end_seconds: (held.end_unix_nano / 1_000_000_000) as u32,
            ..Self::default()
        }
    }

    /// Notes that a trace names it; false when more do than one call can be in.
    fn is_in(&mut self, trace: u16) -> bool {
        let place = self.traces.iter_mut().find(|known| **known == trace || **known == 0);
        place.map(|place| *place = trace).is_some()
    }

    /// True when a span may tell of the same answer.
    fn is_of(&self, held: &Held) -> bool {
        let other = Self::of(held);
        let unknown = self.usage.0 == u32::MAX || other.usage.0 == u32::MAX;
        let same = unknown || self.usage.0 == other.usage.0 || self.usage.1 == other.usage.1;
        let apart = u64::from(self.end_seconds.abs_diff(other.end_seconds)) * 1_000_000_000;
        same && apart <= HOUR_NANOS
    }
}
