//! One call, many spans: which spans tell of the same call, and which tell of none.
//!
//! In: records of spans, in any order, over any number of requests and traces, and engine time. Out: one [`Outcome`]
//! per span: it is a call, or it is left out for a reason. It knows nothing of prices, limits or metrics.
//!
//! Every span waits up to `settle_seconds` for others that may explain it. Keys gather: a span meets others only in its
//! trace, by its answer, and, where two instrumentations write for one service, by its look. When its time is up, all
//! that met are judged at once (`company`, `rules`), as a sorted set, so that the order of arrival does not matter; one
//! that met nobody is counted by itself. What is gone is remembered by key (`memory`): whoever comes later and belongs
//! to a counted call is left out as late, never counted twice.
//!
//! | file | does |
//! |---|---|
//! | `held` | the spans that wait, in lists by key |
//! | `look` | the keys, and what two spans must have in common |
//! | `company` | the spans at hand, who is above whom, sums of groups |
//! | `rules` | which of them tell of one call |
//! | `lend` | what a call leaves open and a span around it tells |
//! | `loops` | libraries that state the sum of a tool loop on each of its calls |
//! | `accounts` | spans that only repeat the usage of a call, and come before it or after |
//! | `merge` | several spans become one call |
//! | `memory` | what is remembered of those that are gone |

mod accounts;
mod company;
mod held;
mod lend;
mod look;
mod loops;
mod memory;
mod merge;
mod pairs;
mod rules;

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

pub use held::Held;
pub use memory::{Recall, Secret};
pub use merge::LlmCall;

use crate::facts::{Link, Role, SpanKey};
use crate::record::{Name, Record, RecordBatch};
use accounts::Accounts;
use company::Company;
use held::{ANSWER, Number, TRACE, Waiting};
use loops::Loops;
use rules::{Group, Judgement};

/// How far up a trace is looked.
const ANCESTORS: usize = 64;
/// Most spans that are judged at once: beyond it a trace is settled in parts.
const COMPANY: usize = 512;
/// Spans of one list that are looked at.
const LISTED: usize = 64;
/// Traces that may share an answer; an id that more name is no identity.
const TRACES: u32 = 8;
/// Times that a span is judged at most with others whose time is up.
const TURNS: u8 = 32;
/// How long answers and ancestors are remembered, if there is room.
const KEEP_NANOS: u64 = 2 * rules::HOUR_NANOS;

/// How long and how much is held.
#[derive(Clone, Debug)]
pub struct SettleSettings {
    /// Longest wait, nanoseconds.
    pub wait_nanos: u64,
    /// Most bytes of waiting spans.
    pub most_bytes: usize,
    /// How long a span that is sent again is recognised, nanoseconds.
    pub remember_nanos: u64,
    /// Bytes for that.
    pub remember_bytes: usize,
    /// Bytes for answers, as many for ancestors, and as many for who is whose parent.
    pub answer_bytes: usize,
    /// What keys are hashed with.
    pub secret: Secret,
}

impl Default for SettleSettings {
    fn default() -> Self {
        Self {
            wait_nanos: 5_000_000_000,
            most_bytes: 64 << 20,
            remember_nanos: 900_000_000_000,
            remember_bytes: 320 << 20,
            answer_bytes: 32 << 20,
            secret: Secret::default(),
        }
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
        /// The call that it belongs to, if that is still known.
        of: Option<SpanKey>,
        /// It came after that call was counted.
        late: bool,
    },
}

/// What is going on inside, for the receiver's own metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettleState {
    /// Spans that wait.
    pub held: usize,
    /// Bytes that they hold.
    pub held_bytes: usize,
    /// Bytes of the memory of what was counted.
    pub memory_bytes: usize,
    /// Spans settled before their time because of a bound.
    pub early: u64,
    /// Service and scope of the last of them.
    pub early_of: Option<(String, String)>,
    /// Keys that the bound of the memory has dropped.
    pub forgotten: u64,
    /// How far back every span that is sent again is recognised, nanoseconds.
    pub reach_nanos: u64,
    /// How far back it should be, nanoseconds.
    pub wanted_nanos: u64,
}

/// What is remembered of a span that was counted, or that is above one that was.
#[derive(Clone, Copy, Debug, Default)]
struct Cover {
    /// The kind of the response id of the call inside; 0 when it has none.
    answer_kind: u32,
    /// The span itself was counted, or left out for a call that was.
    counted: bool,
    /// A counted call lies inside it.
    covers: bool,
    /// That is an agent that alone had usage.
    by_agent: bool,
    /// It failed: a span above that states usage tells of a later attempt.
    failed: bool,
    /// It was a request by itself: the call that it was made for was not seen yet.
    bare: bool,
    /// When the first call inside began, milliseconds, coming round.
    start: u32,
}

/// What is remembered of an answer that was counted.
#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    /// Traces that named it, a bit each by hash.
    traces: u64,
    /// Prompt and answer, all tokens of each; `u32::MAX` when not stated.
    usage: (u32, u32),
    /// When it ended, seconds since the Unix epoch.
    end_seconds: u32,
    /// It is no identity: a mock's, a cache's, a constant.
    everybodys: bool,
}

/// The calls of one service that wait.
#[derive(Clone, Copy, Debug)]
struct Service {
    writer: u64,
    waiting: u32,
    /// More than one instrumentation writes there.
    mixed: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Settler {
    settings: SettleSettings,
    waiting: Waiting,
    services: HashMap<u64, Service, RandomState>,
    /// Who is whose parent, spans of no call too.
    parents: Recall<[u8; 8]>,
    /// Spans that came.
    seen: Recall<()>,
    answers: Recall<Answer>,
    covers: Recall<Cover>,
    loops: Loops,
    accounts: Accounts,
    gathered: Vec<Number>,
    /// Not all that met could be gathered.
    cut: bool,
    now: u64,
    early: u64,
    early_of: Option<(String, String)>,
}

impl Settler {
    /// An empty one.
    #[must_use]
    pub fn new(settings: SettleSettings) -> Self {
        Self {
            waiting: Waiting::default(),
            services: HashMap::default(),
            parents: Recall::new(KEEP_NANOS, settings.answer_bytes),
            seen: Recall::new(settings.remember_nanos, settings.remember_bytes),
            answers: Recall::new(KEEP_NANOS, settings.answer_bytes),
            covers: Recall::new(KEEP_NANOS, settings.answer_bytes),
            loops: Loops::new(settings.remember_nanos),
            accounts: Accounts::new(settings.remember_nanos),
            gathered: Vec::new(),
            cut: false,
            now: 0,
            early: 0,
            early_of: None,
            settings,
        }
    }

    /// Takes in a batch. What is known at once goes to `tell`.
    pub fn offer(&mut self, batch: RecordBatch, now: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        self.pass(now);
        for link in &batch.links {
            self.note_link(link);
        }
        for record in batch.records {
            let shape = Arc::clone(&batch.shapes[record.shape as usize]);
            self.take(Held { record, shape }, tell);
        }
        while self.waiting.bytes() > self.settings.most_bytes {
            let Some((oldest, _)) = self.waiting.oldest() else { break };
            self.early += 1;
            self.name_early(oldest);
            self.resolve(oldest, true, tell);
        }
    }

    /// Settles what has waited long enough at `now`.
    pub fn settle(&mut self, now: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        self.pass(now);
        while let Some((oldest, held)) = self.waiting.oldest() {
            if held.waited_nanos(self.now) < self.settings.wait_nanos {
                break;
            }
            self.resolve(oldest, false, tell);
        }
    }

    /// Settles everything.
    pub fn finish(&mut self, tell: &mut dyn FnMut(Outcome<'_>)) {
        while let Some((oldest, _)) = self.waiting.oldest() {
            self.resolve(oldest, true, tell);
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
            memory_bytes: self.seen.size() + self.answers.size() + self.covers.size() + self.parents.size(),
            early: self.early,
            early_of: self.early_of.clone(),
            forgotten: self.seen.forgotten() + self.answers.forgotten() + self.covers.forgotten(),
            reach_nanos: self.seen.reach_nanos(),
            wanted_nanos: self.settings.remember_nanos,
        }
    }

    fn pass(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.seen.pass(self.now);
        self.answers.pass(self.now);
        self.covers.pass(self.now);
        self.loops.pass(self.now);
        self.accounts.pass(self.now);
        self.parents.pass(self.now);
    }

    fn name_early(&mut self, number: Number) {
        if let Some(held) = self.waiting.get(number) {
            let text = |name| held.text(name).to_owned();
            self.early_of = Some((text(Name::Service), text(Name::Scope)));
        }
    }
}

// === arrival ===

impl Settler {
    fn take(&mut self, mut held: Held, tell: &mut dyn FnMut(Outcome<'_>)) {
        held.record.arrived = Record::milliseconds(self.now);
        let key = held.key();
        let hash = self.settings.secret.hash(key);
        if held.parent_span_id != [0; 8] {
            self.parents.insert(hash, held.parent_span_id);
        }
        if !self.seen.insert(hash, ()) {
            let reason = if held.role == Role::Http { Reason::NotACall } else { Reason::Duplicate };
            return tell(Outcome::Skipped { span: &held, reason, of: Some(key), late: false });
        }
        if self.is_late(&mut held) {
            self.leave_out_late(&held, hash, tell);
        } else {
            self.wait(held);
        }
    }

    fn wait(&mut self, held: Held) {
        let mixed = look::looks(&held) && self.enter_service(&held);
        let keys = look::keys(&self.settings.secret, &held, mixed);
        self.waiting.add(held, keys);
    }

    /// True when more than one instrumentation writes for its service. When the second comes, those that wait are
    /// listed by their looks.
    fn enter_service(&mut self, held: &Held) -> bool {
        let (service, writer) = (held.shape.service, look::writer(held));
        let known = self.services.entry(service).or_insert(Service { writer, waiting: 0, mixed: false });
        known.waiting += 1;
        if known.mixed || known.writer == writer {
            return known.mixed;
        }
        known.mixed = true;
        let key = look::service_key(&self.settings.secret, service);
        let alone: Vec<Number> = self.waiting.listed(look::SERVICE, key).collect();
        for number in alone {
            let keys = self.waiting.get(number).map(|held| look::keys(&self.settings.secret, held, true));
            keys.into_iter().for_each(|keys| self.waiting.relist(number, keys));
        }
        true
    }

    fn leave_service(&mut self, held: &Held) {
        let Some(known) = self.services.get_mut(&held.shape.service).filter(|_| look::looks(held)) else {
            return;
        };
        known.waiting -= 1;
        if known.waiting == 0 {
            self.services.remove(&held.shape.service);
        }
    }

    /// True when the call that a span belongs to is counted and gone. An id that proves to be everybody's is dropped.
    fn is_late(&mut self, held: &mut Held) -> bool {
        if held.role == Role::Other {
            return false;
        }
        if held.answer != 0 && self.is_of_counted_answer(held) {
            return true;
        }
        let attached = matches!(held.role, Role::Http | Role::Companion);
        let Some(parent) = held.parent_key().filter(|_| attached && !self.covers.is_empty()) else {
            return false;
        };
        self.ancestors(parent).any(|key| self.cover_of(key).is_some_and(|cover| cover.counted))
    }

    fn is_of_counted_answer(&mut self, held: &mut Held) -> bool {
        let hash = self.settings.secret.hash(held.answer);
        let Some(mut known) = self.answers.get(hash) else {
            self.count_traces(held, hash);
            return false;
        };
        known.traces |= trace_bit(&self.settings.secret, held);
        known.everybodys |= known.traces.count_ones() > TRACES || !known.is_of(held);
        self.answers.insert(hash, known);
        if known.everybodys {
            (held.record.answer, held.record.answer_kind) = (0, 0);
        }
        !known.everybodys
    }

    /// An answer that more traces name than one call can be in is nobody's, as long as it is remembered.
    fn count_traces(&mut self, held: &mut Held, hash: u64) {
        let key = look::answer_key(&self.settings.secret, held.answer);
        if self.waiting.count(key) < TRACES as usize {
            return;
        }
        let mut traces = vec![held.trace_id];
        for number in self.waiting.listed(ANSWER, key).take(LISTED) {
            let trace = self.waiting.get(number).map(|other| other.trace_id);
            traces.extend(trace.filter(|trace| !traces.contains(trace)));
        }
        if traces.len() > TRACES as usize {
            self.answers.insert(hash, Answer { everybodys: true, ..Answer::default() });
            (held.record.answer, held.record.answer_kind) = (0, 0);
        }
    }

    fn leave_out_late(&mut self, held: &Held, hash: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        self.remember_counted(hash);
        if held.role == Role::Http {
            tell(Outcome::Late(merge::alone(held)));
        }
        let reason = if held.role == Role::Http { Reason::NotACall } else { Reason::Duplicate };
        tell(Outcome::Skipped { span: held, reason, of: None, late: true });
    }

    /// A span that turns out to be above a counted call hands that on to its own parent.
    fn note_link(&mut self, link: &Link) {
        let hash = self.settings.secret.hash(link.span);
        self.parents.insert(hash, link.parent_span_id);
        if self.covers.is_empty() {
            return;
        }
        if let Some(cover) = self.covers.get(hash).filter(|cover| cover.covers) {
            self.cover(SpanKey { trace_id: link.span.trace_id, span_id: link.parent_span_id }, cover);
        }
    }

    fn cover(&mut self, from: SpanKey, cover: Cover) {
        let mut next = Some(from);
        for _ in 0..ANCESTORS {
            let Some(ancestor) = next else { break };
            let hash = self.settings.secret.hash(ancestor);
            let known = self.covers.get(hash).unwrap_or_default();
            // An attempt that failed does not take the place of one that succeeded, in whatever order they come.
            if !cover.failed || !known.covers || known.failed {
                let earlier = known.covers && (known.start.wrapping_sub(cover.start) as i32) < 0;
                let start = if earlier { known.start } else { cover.start };
                let bare = cover.bare && (known.bare || !known.covers);
                self.covers
                    .insert(hash, Cover { counted: known.counted, covers: true, bare, start, ..cover });
            }
            next = self.parent_of(ancestor, hash);
        }
    }

    /// A span and what is known of the spans above it.
    fn ancestors(&self, from: SpanKey) -> impl Iterator<Item = SpanKey> + '_ {
        let above = |key: &SpanKey| self.parent_of(*key, self.settings.secret.hash(*key));
        std::iter::successors(Some(from), above).take(ANCESTORS)
    }

    fn parent_of(&self, span: SpanKey, hash: u64) -> Option<SpanKey> {
        self.parents.get(hash).map(|span_id| SpanKey { span_id, ..span })
    }

    fn cover_of(&self, key: SpanKey) -> Option<Cover> {
        if self.covers.is_empty() { None } else { self.covers.get(self.settings.secret.hash(key)) }
    }

    fn is_everybodys(&self, answer: u64) -> bool {
        self.answers.get(self.settings.secret.hash(answer)).is_some_and(|answer| answer.everybodys)
    }
}

impl Cover {
    /// Counted calls lie inside this span; what began after it had ended is nothing of it.
    fn is_inside(&self, held: &Held) -> bool {
        let end = Record::milliseconds(held.end_unix_nano.saturating_add(look::SLACK_NANOS));
        self.covers && (end.wrapping_sub(self.start) as i32) >= 0
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

    /// True when a span may tell of the same answer.
    fn is_of(&self, held: &Held) -> bool {
        let other = Self::of(held);
        let unknown = self.usage.0 == u32::MAX || other.usage.0 == u32::MAX;
        let same = unknown || self.usage.0 == other.usage.0 || self.usage.1 == other.usage.1;
        let apart = u64::from(self.end_seconds.abs_diff(other.end_seconds)) * 1_000_000_000;
        same && apart <= rules::HOUR_NANOS
    }
}

fn trace_bit(secret: &Secret, held: &Held) -> u64 {
    1 << (secret.hash((ANSWER, held.trace_id)) & 63)
}

// === settlement ===

impl Settler {
    /// Judges a span whose time is up with all that may belong to it, and settles what is ripe. Others of its company
    /// go along when most of their time is up, so that one span is not judged for every other.
    fn resolve(&mut self, number: Number, all: bool, tell: &mut dyn FnMut(Outcome<'_>)) {
        if self.met_nobody(number) {
            return self.settle_alone(number, tell);
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        self.gather(number, &mut gathered);
        if self.cut {
            self.name_early(number);
        }
        // What the rules have just compared, they have judged: only calls counted before make a wrapper late.
        let groups = rules::groups(Company::new(self, &gathered));
        let groups: Vec<(Group, bool)> = groups
            .into_iter()
            .map(|group| (self.wraps_counted_call(&group), group))
            .map(|(late, group)| (group, late))
            .collect();
        for (group, late) in &groups {
            let lent = group.lenders.iter().map(|lender| lender.number);
            let mut spans = group.members.iter().copied().chain(lent);
            if all || spans.any(|span| span == number || self.goes_along(span)) {
                self.settle_group(group, *late, tell);
            }
        }
        if std::mem::take(&mut self.cut) && !all {
            self.early += 1;
        }
        gathered.clear();
        self.gathered = gathered;
    }

    fn goes_along(&self, number: Number) -> bool {
        self.waiting
            .get(number)
            .is_some_and(|held| held.waited_nanos(self.now) >= self.settings.wait_nanos / 5 * 4)
    }

    /// All spans that may belong to the same calls as this one: its trace, and the traces of its answers and
    /// look-alikes. A trace comes whole or not at all.
    fn gather(&mut self, seed: Number, gathered: &mut Vec<Number>) {
        self.waiting.begin_gathering();
        self.gather_trace(seed, true, gathered);
        let mut next = 0;
        while let Some(&number) = gathered.get(next) {
            next += 1;
            for other in self.met(number) {
                self.gather_trace(other, false, gathered);
            }
        }
    }

    fn gather_trace(&mut self, of: Number, is_seed: bool, gathered: &mut Vec<Number>) {
        let key = self.waiting.keys(of)[TRACE];
        let fits = gathered.len() + self.waiting.count(key) <= COMPANY && self.waiting.turns(of) < TURNS;
        if self.waiting.is_gathered(of) {
            return;
        }
        self.cut |= !fits;
        if !fits && !is_seed {
            return;
        }
        let room = COMPANY - gathered.len();
        let trace: Vec<Number> = self.waiting.listed(TRACE, key).take(room).collect();
        for number in trace {
            if self.waiting.gather(number) {
                gathered.push(number);
            }
        }
        if is_seed && self.waiting.gather(of) {
            gathered.push(of);
        }
    }

    /// Spans of other traces that this one meets.
    fn met(&self, number: Number) -> Vec<Number> {
        let Some(held) = self.waiting.get(number) else { return Vec::new() };
        let mut met = Vec::new();
        let answer = self.waiting.keys(number)[ANSWER];
        if self.waiting.count(answer) > 1 && !self.is_everybodys(held.answer) {
            met.extend(self.waiting.listed(ANSWER, answer).take(LISTED));
        }
        if look::looks(held) && self.services.get(&held.shape.service).is_some_and(|service| service.mixed) {
            for (list, key) in look::lists(&self.settings.secret, held) {
                met.extend(self.waiting.near(list, key, number, LISTED).filter(|&other| {
                    let other = self.waiting.get(other).filter(|other| other.trace_id != held.trace_id);
                    other.is_some_and(|other| {
                        look::within_reach(list, held, other) && look::could_be_one(held, other)
                    })
                }));
            }
        }
        met
    }

    fn settle_group(&mut self, group: &Group, late: bool, tell: &mut dyn FnMut(Outcome<'_>)) {
        let mut members = Vec::with_capacity(group.members.len());
        for &member in &group.members {
            members.extend(self.release(member));
        }
        let lent: Vec<Held> = group.lenders.iter().map(|lender| lender.held.clone()).collect();
        self.conclude(&mut members, &lent, group.judgement, late, tell);
    }

    /// A call that met nobody: no company, no lists.
    fn settle_alone(&mut self, number: Number, tell: &mut dyn FnMut(Outcome<'_>)) {
        let Some(mut held) = self.release(number) else { return };
        let late = self.wraps_counted(&held);
        self.conclude(std::slice::from_mut(&mut held), &[], Judgement::LONE_CALL, late, tell);
    }

    fn met_nobody(&self, number: Number) -> bool {
        let Some(held) = self.waiting.get(number).filter(|held| held.role == Role::Call) else {
            return false;
        };
        let keys = self.waiting.keys(number);
        self.waiting.count(keys[TRACE]) == 1
            && self.waiting.count(keys[ANSWER]) <= 1
            && self.services.get(&held.shape.service).is_none_or(|service| !service.mixed)
    }

    fn release(&mut self, number: Number) -> Option<Held> {
        let held = self.waiting.remove(number)?;
        self.leave_service(&held);
        Some(held)
    }

    /// Tells what became of a group, and remembers it.
    fn conclude(
        &mut self,
        members: &mut [Held],
        lent: &[Held],
        judged: Judgement,
        late: bool,
        tell: &mut dyn FnMut(Outcome<'_>),
    ) {
        if judged.is_call {
            self.loops.take_difference(&self.settings.secret, members);
        }
        let members = &*members;
        let Some(first) = members.first() else { return };
        let told = judged.is_call && self.accounts.is_told(&self.settings.secret, members);
        let late = late || told || judged.is_call && self.has_counted_answer(&members[..judged.calls]);
        let of = Some(first.key()).filter(|_| judged.is_call && !late);
        if of.is_some() {
            tell(Outcome::Call(merge::merge(members, lent, judged.calls, judged.retries)));
        }
        for held in members.iter().skip(usize::from(of.is_some())) {
            let reason = match held.role {
                Role::Call | Role::Companion | Role::Continuation if judged.is_call => Reason::Duplicate,
                Role::Http | Role::Other => Reason::NotACall,
                Role::Call | Role::Companion | Role::Continuation | Role::Aggregate => judged.reason,
            };
            tell(Outcome::Skipped { span: held, reason, of, late });
        }
        if judged.is_call {
            self.remember(members);
        } else {
            self.pass_cover_on(members);
        }
    }

    /// Wrappers that repeat a counted call hand that on to those above them.
    fn pass_cover_on(&mut self, members: &[Held]) {
        for held in members {
            let cover = self.cover_of(held.key()).filter(|cover| cover.covers);
            if let (Some(cover), Some(parent)) = (cover, held.parent_key()) {
                self.cover(parent, cover);
            }
        }
    }

    /// A counted call has given an answer that these spans name.
    fn has_counted_answer(&self, members: &[Held]) -> bool {
        let known = |held: &Held| self.answers.get(self.settings.secret.hash(held.answer));
        members
            .iter()
            .filter(|held| held.answer != 0)
            .any(|held| known(held).is_some_and(|answer| !answer.everybodys && answer.is_of(held)))
    }

    /// A counted call lies inside one of these spans.
    fn wraps_counted_call(&self, group: &Group) -> bool {
        let telling =
            group.members.iter().take(group.judgement.calls).filter_map(|&number| self.waiting.get(number));
        group.judgement.is_call && telling.into_iter().any(|held| self.wraps_counted(held))
    }

    /// A counted call lies inside this span, unless their ids say that they are two.
    fn wraps_counted(&self, held: &Held) -> bool {
        self.cover_of(held.key()).filter(|cover| cover.is_inside(held)).is_some_and(|cover| {
            let two = held.answer != 0 && cover.answer_kind == held.answer_kind;
            let later_attempt = cover.failed && held.has_tokens();
            // A stream may end long after its request was counted: better one request too many than its tokens lost.
            let ends_late = cover.bare && held.has_tokens();
            !two && !later_attempt && !ends_late
        })
    }

    /// Counted calls lie inside this agent, and it repeats them.
    fn repeats_counted(&self, held: &Held, own_usage: bool) -> bool {
        let cover = self.cover_of(held.key()).filter(|cover| cover.is_inside(held));
        cover.is_some_and(|cover| !(cover.bare || cover.by_agent && own_usage))
    }

    fn remember(&mut self, members: &[Held]) {
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
            self.remember_counted(self.settings.secret.hash(held.key()));
            self.remember_answer(held);
            if let Some(parent) = held.parent_key() {
                self.cover(parent, cover);
            }
        }
    }

    fn remember_counted(&mut self, hash: u64) {
        let known = self.covers.get(hash).unwrap_or_default();
        self.covers.insert(hash, Cover { counted: true, ..known });
    }

    fn remember_answer(&mut self, held: &Held) {
        if held.answer == 0 {
            return;
        }
        let hash = self.settings.secret.hash(held.answer);
        let known = self.answers.get(hash);
        let traces = known.map_or(0, |known| known.traces) | trace_bit(&self.settings.secret, held);
        let everybodys = known.is_some_and(|known| known.everybodys);
        let answer = known.filter(|known| known.usage.0 != u32::MAX).unwrap_or_else(|| Answer::of(held));
        self.answers.insert(hash, Answer { traces, everybodys, ..answer });
    }
}
