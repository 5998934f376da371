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
//! | `arrival` | a span comes: again, late, or to wait |
//! | `held`, `latest`, `links` | the spans that wait, in lists by key |
//! | `services` | which services have several writers |
//! | `look` | the keys, and what two spans must have in common |
//! | `settlement` | those whose time is up are judged and told |
//! | `wrapped` | a call and the call around it, alone in their trace |
//! | `company` | the spans at hand, who is above whom, sums of groups |
//! | `rules` | which of them tell of one call |
//! | `lend` | what a call leaves open and a span around it tells |
//! | `lineage` | what spans above a call say of whose it is |
//! | `loops` | libraries that state the sum of a tool loop on each of its calls |
//! | `accounts` | spans that only repeat the usage of a call, and come before it or after |
//! | `early` | look-alikes of calls that were told before their time |
//! | `merge` | several spans become one call |
//! | `past` | what is remembered of those that are gone |
//! | `memory`, `lines` | how: by hash, in bounded memory |
//! | `kept` | that, and who waits, as it is kept on disk |

mod accounts;
mod arrival;
mod company;
mod early;
mod held;
mod kept;
mod latest;
mod lend;
mod lineage;
mod lines;
mod links;
mod look;
mod loops;
mod memory;
mod merge;
mod pairs;
mod past;
mod rules;
mod services;
mod settlement;
mod wrapped;

use std::hint::black_box;
use std::sync::Arc;

pub use held::Held;
pub use kept::{Memory, bounds};
pub use memory::Secret;
pub use merge::{LlmCall, Members};

use crate::facts::{Link, SpanKey};
use crate::record::{Name, Record, RecordBatch};
use accounts::Accounts;
use early::Early;
use held::{Hashes, Number, Waiting};
use lineage::Lineage;
use loops::Loops;
use past::Past;
use services::Services;

/// Most spans that are judged at once: beyond it a trace is settled in parts.
const COMPANY: usize = 512;
/// Spans of one list that are looked at.
const LISTED: usize = 64;
/// Times that a span is judged at most with others whose time is up.
const TURNS: u8 = 32;
/// Spans whose memory is loaded ahead of their turn, all at once.
const AHEAD: usize = 32;

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
    Call(Members<'a>),
    /// A span that came after its call was counted, and what its headers add.
    Late(Members<'a>),
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

/// See the module.
#[derive(Debug)]
pub struct Settler {
    settings: SettleSettings,
    waiting: Waiting,
    services: Services,
    past: Past,
    loops: Loops,
    accounts: Accounts,
    lineage: Lineage,
    told_early: Early,
    /// Spans are being settled before their time.
    is_early: bool,
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
            services: Services::default(),
            past: Past::new(&settings),
            loops: Loops::new(settings.remember_nanos),
            accounts: Accounts::new(settings.remember_nanos),
            lineage: Lineage::default(),
            told_early: Early::new(settings.wait_nanos),
            is_early: false,
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
        for links in batch.links.chunks(AHEAD) {
            self.note_links(links);
        }
        let mut coming = batch.records.into_iter();
        while !coming.as_slice().is_empty() {
            let hashes = self.touch_coming(coming.as_slice());
            for (record, hashes) in coming.by_ref().zip(hashes).take(AHEAD) {
                let shape = Arc::clone(&batch.shapes[record.shape as usize]);
                self.take(Held { record, shape, hashes }, tell);
            }
        }
        while self.waiting.bytes() > self.settings.most_bytes {
            let Some((oldest, _)) = self.waiting.oldest() else { break };
            self.early += 1;
            self.name_early(oldest);
            self.is_early = true;
            self.resolve(oldest, true, tell);
            self.is_early = false;
        }
    }

    /// Settles what has waited long enough at `now`.
    pub fn settle(&mut self, now: u64, tell: &mut dyn FnMut(Outcome<'_>)) {
        self.pass(now);
        while self.touch_ripe() {
            for _ in 0..AHEAD {
                let Some((oldest, _)) = self.waiting.oldest().filter(|(_, held)| self.is_ripe(held)) else {
                    return;
                };
                self.resolve(oldest, false, tell);
            }
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
            memory_bytes: self.past.size(),
            early: self.early,
            early_of: self.early_of.clone(),
            forgotten: self.past.forgotten(),
            reach_nanos: self.past.reach_nanos(),
            wanted_nanos: self.settings.remember_nanos,
        }
    }

    fn pass(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.past.pass(self.now);
        self.loops.pass(self.now);
        self.accounts.pass(self.now);
        self.told_early.pass(self.now);
    }

    fn is_ripe(&self, held: &Held) -> bool {
        held.waited_nanos(self.now) >= self.settings.wait_nanos
    }

    /// Loads the memory that the next spans will ask for: a hundred waits become one. All that is hashed is hashed
    /// before, so that nothing stands between the loads.
    fn touch_coming(&self, records: &[Record]) -> [Hashes; AHEAD] {
        let mut hashes = [Hashes::default(); AHEAD];
        for (hashes, record) in hashes.iter_mut().zip(records) {
            *hashes = Hashes::of(record, &self.settings.secret);
        }
        let touch = |hashes: &Hashes| self.past.touch_coming(hashes) ^ self.waiting.touch(hashes);
        black_box(hashes.iter().take(records.len()).map(touch).fold(0, |all, one| all ^ one));
        hashes
    }

    fn note_links(&mut self, links: &[Link]) {
        let mut hashes = [0; AHEAD];
        for (hash, link) in hashes.iter_mut().zip(links) {
            *hash = self.settings.secret.hash(link.span);
        }
        black_box(hashes.iter().take(links.len()).fold(0, |all, &hash| all ^ self.past.kin.touch(hash)));
        links.iter().zip(hashes).for_each(|(link, hash)| self.past.note_link(link, hash));
    }

    /// The same for the next spans whose time is up; false when there are none.
    fn touch_ripe(&self) -> bool {
        let ripe = self.waiting.first(AHEAD).take_while(|held| self.is_ripe(held));
        let touched = ripe.map(|held| self.past.touch_going(&held.hashes)).reduce(|all, one| all ^ one);
        black_box(touched).is_some()
    }

    fn name_early(&mut self, number: Number) {
        if let Some(held) = self.waiting.get(number) {
            let text = |name| held.text(name).to_owned();
            self.early_of = Some((text(Name::Service), text(Name::Scope)));
        }
    }
}
