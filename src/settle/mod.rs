//! One call, many spans: which spans tell of the same call, and which tell of none.
//!
//! In: facts of spans, in any order, over any number of requests and traces, and the time. Out: one
//! [`Outcome`] per span: it is a call, or it is left out for a reason. It knows nothing of prices,
//! limits or metrics.
//!
//! Every span waits up to `settle_seconds` for others that may explain it. When one's time is up, it and
//! all that might belong to it are compared at once (`resolve`), so that the order of arrival
//! does not matter. What can no longer wait is remembered by key: whoever comes later and belongs to a
//! counted call is left out as late, never counted twice. A span that speaks for itself is counted at
//! once and goes on waiting, as a ghost, for the others to be left out.

mod held;
mod memory;
mod merge;
mod resolve;
mod table;
mod twins;

use std::sync::Arc;

pub use held::Held;
pub use memory::{Lineage, Remembered};
pub use merge::LlmCall;

use crate::facts::{Role, SpanKey};
use crate::record::RecordBatch;
use held::{Number, Waiting};
use memory::hash_key;
use resolve::Group;

/// How far up a trace is looked.
const ANCESTORS: usize = 64;

/// How long and how much is held.
#[derive(Clone, Copy, Debug)]
pub struct SettleSettings {
    /// Longest wait, nanoseconds.
    pub wait_nanos: u64,
    /// Most bytes of waiting facts.
    pub most_bytes: usize,
    /// Spans, answers and ancestors that are remembered after they were counted, each. A hash table is
    /// full at seven eighths of a power of two: just above, it takes twice the memory.
    pub remembered: usize,
    /// Places for parents of spans that are no calls, 16 bytes each.
    pub lineage_places: usize,
}

impl Default for SettleSettings {
    fn default() -> Self {
        Self { wait_nanos: 5_000_000_000, most_bytes: 64 << 20, remembered: 7 << 15, lineage_places: 1 << 18 }
    }
}

/// Why a span is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another span tells of the same call.
    Duplicate,
    /// It repeats what calls inside it say.
    Aggregate,
    /// It is no call.
    NotACall,
}

impl Reason {
    /// The value in `explain` and of the `result` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Aggregate => "aggregate",
            Self::NotACall => "not_a_call",
        }
    }
}

/// What became of spans.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// A call.
    Call(LlmCall<'a>),
    /// A span that came after its call was counted, and what its headers add.
    Late(LlmCall<'a>),
    /// A span that is left out.
    Skipped {
        /// The span.
        span: &'a Held,
        /// Why.
        reason: Reason,
        /// The call that it belongs to.
        of: Option<SpanKey>,
        /// It came after that call was counted.
        late: bool,
    },
}

/// What is going on inside, for the receiver's own metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettleState {
    /// Spans that wait.
    pub held: usize,
    /// Bytes that they hold.
    pub held_bytes: usize,
    /// Bytes of the memory of what was counted.
    pub memory_bytes: usize,
    /// Spans settled before their time because of the bound.
    pub early: u64,
    /// Keys that the bound of the memory has dropped.
    pub forgotten: u64,
}

/// What is remembered of a call for the spans above it.
#[derive(Clone, Copy, Debug)]
struct Cover {
    of: SpanKey,
    /// The kind of its response id; 0 when it has none.
    answer_kind: u32,
    /// It is an agent that alone had usage.
    by_agent: bool,
    /// It failed: a span above that states usage tells of a later attempt.
    failed: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Settler {
    settings: SettleSettings,
    waiting: Waiting,
    lineage: Lineage,
    /// Spans that were counted or left out: the call they belong to.
    spans: Remembered<SpanKey>,
    /// Answers that were counted: the call that they are.
    answers: Remembered<SpanKey>,
    /// Spans above a counted call, and that call.
    covered: Remembered<Cover>,
    early: u64,
}

impl Settler {
    /// An empty one.
    #[must_use]
    pub fn new(settings: SettleSettings) -> Self {
        Self {
            settings,
            waiting: Waiting::default(),
            lineage: Lineage::new(settings.lineage_places),
            spans: Remembered::new(settings.remembered),
            answers: Remembered::new(settings.remembered),
            covered: Remembered::new(settings.remembered),
            early: 0,
        }
    }

    /// Takes in a batch. What is known at once goes to `tell`.
    pub fn offer(&mut self, batch: RecordBatch, now: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        for link in batch.links {
            self.lineage.note(link.span, link.parent_span_id);
            self.pass_cover_on(link.span, link.parent_span_id);
        }
        for record in batch.records {
            let shape = Arc::clone(&batch.shapes[record.shape as usize]);
            self.add(Held { record, shape, arrived: now }, tell);
        }
        while self.waiting.bytes() > self.settings.most_bytes {
            let Some((oldest, _)) = self.waiting.oldest() else { break };
            self.early += 1;
            self.resolve_around(oldest, u64::MAX, tell);
        }
    }

    /// Settles what has waited long enough at `now`.
    pub fn settle(&mut self, now: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        while let Some((oldest, held)) = self.waiting.oldest() {
            if now.saturating_sub(held.arrived) < self.settings.wait_nanos {
                break;
            }
            self.resolve_around(oldest, now, tell);
        }
    }

    /// Settles everything.
    pub fn finish(&mut self, tell: &mut dyn FnMut(Outcome<'_>)) {
        while let Some((oldest, _)) = self.waiting.oldest() {
            self.resolve_around(oldest, u64::MAX, tell);
        }
    }

    /// Changes how long spans wait.
    pub const fn set_wait(&mut self, nanos: u64) {
        self.settings.wait_nanos = nanos;
    }

    /// What is going on.
    #[must_use]
    pub fn state(&self) -> SettleState {
        SettleState {
            held: self.waiting.len(),
            held_bytes: self.waiting.bytes(),
            memory_bytes: self.spans.size() + self.answers.size() + self.covered.size() + self.lineage.size(),
            early: self.early,
            forgotten: self.spans.forgotten() + self.answers.forgotten() + self.covered.forgotten(),
        }
    }
}

// === arrival ===

impl Settler {
    fn add(&mut self, held: Held, tell: &mut dyn FnMut(Outcome<'_>)) {
        if held.parent_span_id != [0; 8] {
            self.lineage.note(held.key(), held.parent_span_id);
        }
        match self.known_already(&held) {
            Some((of, late)) => self.leave_out_late(&held, of, late, tell),
            None => {
                self.waiting.add(held);
            }
        }
    }

    /// The call that a span belongs to, when that is decided already; true when it comes late.
    fn known_already(&self, held: &Held) -> Option<(SpanKey, bool)> {
        let facts = held;
        let key = facts.key();
        if self.waiting.by_key(&key).is_some() {
            return Some((key, false));
        }
        if let Some(of) = self.spans.get(hash_key(key)) {
            return Some((of, false));
        }
        if facts.role == Role::Other {
            return None;
        }
        let answer = held.answer;
        if answer != 0
            && let Some(of) = self.answers.get(answer)
        {
            return Some((of, true));
        }
        let attached = matches!(facts.role, Role::Http | Role::Companion);
        let parent = facts.parent_key().filter(|_| attached)?;
        let of = self.ancestors(parent).find_map(|key| self.spans.get(hash_key(key)))?;
        Some((of, true))
    }

    fn leave_out_late(&mut self, held: &Held, of: SpanKey, late: bool, tell: &mut dyn FnMut(Outcome<'_>)) {
        self.spans.insert(hash_key(held.key()), of);
        if late && held.role == Role::Http {
            tell(Outcome::Late(merge::alone(held)));
        }
        let reason = if held.role == Role::Http { Reason::NotACall } else { Reason::Duplicate };
        tell(Outcome::Skipped { span: held, reason, of: Some(of), late });
    }

    /// A span that turns out to be above a counted call hands that on to its own parent.
    fn pass_cover_on(&mut self, span: SpanKey, parent_span_id: [u8; 8]) {
        if self.covered.is_empty() {
            return;
        }
        if let Some(cover) = self.covered.get(hash_key(span)) {
            self.cover(SpanKey { trace_id: span.trace_id, span_id: parent_span_id }, cover);
        }
    }

    fn cover(&mut self, from: SpanKey, cover: Cover) {
        let mut next = Some(from);
        for _ in 0..ANCESTORS {
            let Some(ancestor) = next else { break };
            let key = hash_key(ancestor);
            // An attempt that failed does not take the place of one that succeeded, in whatever order they come.
            if !cover.failed || self.covered.get(key).is_none_or(|known| known.failed) {
                self.covered.insert(key, cover);
            }
            next = self.parent_of(ancestor);
        }
    }

    /// A span and what is known of the spans above it.
    fn ancestors(&self, from: SpanKey) -> impl Iterator<Item = SpanKey> + '_ {
        std::iter::successors(Some(from), |key| self.parent_of(*key)).take(ANCESTORS)
    }

    fn parent_of(&self, key: SpanKey) -> Option<SpanKey> {
        let waiting = self.waiting.by_key(&key).and_then(|number| self.waiting.get(number));
        match waiting {
            Some(held) => held.parent_key(),
            None => self.lineage.parent(key).filter(|parent| parent.span_id != [0; 8]),
        }
    }
}

// === settlement ===

impl Settler {
    /// Compares a span whose time is up with all that may belong to it, and settles what is ripe.
    fn resolve_around(&mut self, number: Number, now: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        let component = resolve::component(self, number);
        // What the rules have just compared, they have judged: only calls counted before make a wrapper late.
        let groups: Vec<_> = resolve::groups(self, &component)
            .into_iter()
            .map(|group| (self.covered_call(&group), group))
            .collect();
        for (covered, group) in &groups {
            if group.members().any(|member| self.is_ripe(member, now)) {
                self.settle_group(group, *covered, tell);
            }
        }
        // Whatever the rules did with it, a span whose time is up does not stay.
        if self.waiting.get(number).is_some() {
            self.settle_group(&Group::left_out(number, Reason::NotACall), None, tell);
        }
    }

    fn is_ripe(&self, number: Number, now: u64) -> bool {
        now == u64::MAX
            || self
                .waiting
                .get(number)
                .is_some_and(|held| now.saturating_sub(held.arrived) >= self.settings.wait_nanos)
    }

    fn settle_group(&mut self, group: &Group, covered: Option<SpanKey>, tell: &mut dyn FnMut(Outcome<'_>)) {
        let members: Vec<Held> = group.members().filter_map(|member| self.waiting.remove(member)).collect();
        if members.is_empty() {
            return;
        }
        let of = self.tell_call(group, covered, &members, tell);
        Self::tell_skipped(group, &members, of, tell);
        if let Some(of) = of {
            self.remember(&members, of);
        }
    }

    fn tell_call(
        &self,
        group: &Group,
        covered: Option<SpanKey>,
        members: &[Held],
        tell: &mut dyn FnMut(Outcome<'_>),
    ) -> Option<SpanKey> {
        if !group.is_call {
            return group.of;
        }
        let key = members.first()?.key();
        // Above a call that was counted and is gone: the same call, told by a wrapper.
        match self.counted_answer(group, members).or(covered) {
            Some(of) => Some(of),
            None => {
                tell(Outcome::Call(merge::merge(members, group.calls, group.retries)));
                Some(key)
            }
        }
    }

    /// The counted call that gave the answer which these spans name.
    fn counted_answer(&self, group: &Group, members: &[Held]) -> Option<SpanKey> {
        let answers = members[..group.calls].iter().map(|held| held.answer).filter(|&answer| answer != 0);
        answers.into_iter().find_map(|answer| self.answers.get(answer))
    }

    /// The counted call that lies inside one of these spans.
    fn covered_call(&self, group: &Group) -> Option<SpanKey> {
        let telling = group.members().take(group.calls).filter_map(|number| self.waiting.get(number));
        telling.into_iter().find_map(|held| self.wraps_counted(held))
    }

    /// The counted call that lies inside this span, unless their ids say that they are two.
    fn wraps_counted(&self, held: &Held) -> Option<SpanKey> {
        let cover = self.covered.get(hash_key(held.key()))?;
        let two = held.answer != 0 && cover.answer_kind == held.answer_kind;
        let later_attempt = cover.failed && held.has_tokens();
        (!two && !later_attempt).then_some(cover.of)
    }

    fn tell_skipped(group: &Group, members: &[Held], of: Option<SpanKey>, tell: &mut dyn FnMut(Outcome<'_>)) {
        let first_key = members.first().map(|held| held.key());
        for (place, held) in members.iter().enumerate() {
            let itself = group.is_call && place == 0 && of == first_key;
            if itself {
                continue;
            }
            let reason = match held.role {
                Role::Call | Role::Companion | Role::Continuation if group.is_call => Reason::Duplicate,
                Role::Http | Role::Other => Reason::NotACall,
                _ => group.reason,
            };
            tell(Outcome::Skipped { span: held, reason, of, late: false });
        }
    }

    fn remember(&mut self, members: &[Held], of: SpanKey) {
        let named = members.iter().find(|held| held.answer != 0);
        let cover = Cover {
            of,
            answer_kind: named.map_or(0, |held| held.answer_kind),
            by_agent: members.first().is_some_and(|held| held.role == Role::Aggregate),
            failed: members.first().is_some_and(|held| held.failed() && !held.has_tokens()),
        };
        for held in members {
            self.spans.insert(hash_key(held.key()), of);
            let answer = held.answer;
            if answer != 0 {
                self.answers.insert(answer, of);
            }
            if let Some(parent) = held.parent_key() {
                self.cover(parent, cover);
            }
        }
    }
}
