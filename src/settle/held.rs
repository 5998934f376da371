//! The spans that wait, and the ways to find them.
//!
//! In: facts as they arrive. Out: look-ups by span, trace, response id and service. Knows no rules.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::facts::{Role, SpanKey};
use crate::record::{Name, Record, Shape};

/// How long after the end of a call the report of its stream may begin: see `twins`.
const REACH_NANOS: u64 = 5_000_000_000;

/// What the indexes of [`Waiting`] keep of a span, bytes, about.
const INDEX_BYTES: usize = 256;

/// A waiting span's number: they are given in order of arrival and never used again.
pub(super) type Number = u64;

/// One span that waits: its record and its shape.
#[derive(Clone, Debug)]
pub struct Held {
    /// What is its own.
    pub record: Record,
    /// What it shares.
    pub shape: Arc<Shape>,
    /// When it came, nanoseconds of engine time.
    pub(super) arrived: u64,
}

impl std::ops::Deref for Held {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl Held {
    /// Its share of what is held, and of the indexes of what waits; bytes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let own = if self.shape.number == 0 { self.shape.size() } else { 0 };
        size_of::<Self>() + INDEX_BYTES + own + self.evidence.as_ref().map_or(0, |evidence| evidence.size())
    }

    /// A text of its shape.
    #[must_use]
    pub fn text(&self, name: Name) -> &str {
        self.shape.text(name)
    }

    /// The convention's name of its provider, as far as this span tells.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.shape.provider()
    }
}

type Index<K> = HashMap<K, VecDeque<Number>, FixedState>;

/// Who wrote a span; who reports the ends of streams counts as another.
fn writer(held: &Held) -> u64 {
    held.shape.scope ^ u64::from(held.role == Role::Continuation)
}

/// The calls of one service, and how many of them each instrumentation wrote.
#[derive(Debug, Default)]
struct Service {
    by_start: BTreeSet<(u64, Number)>,
    scopes: Vec<(u64, usize)>,
}

impl Service {
    fn add(&mut self, number: Number, held: &Held) {
        self.by_start.insert((held.start_unix_nano, number));
        match self.scopes.iter_mut().find(|(known, _)| *known == writer(held)) {
            Some((_, count)) => *count += 1,
            None => self.scopes.push((writer(held), 1)),
        }
    }

    fn remove(&mut self, number: Number, held: &Held) {
        if !self.by_start.remove(&(held.start_unix_nano, number)) {
            return;
        }
        if let Some(at) = self.scopes.iter().position(|(known, _)| *known == writer(held)) {
            self.scopes[at].1 -= 1;
            if self.scopes[at].1 == 0 {
                self.scopes.swap_remove(at);
            }
        }
    }
}

static NOBODY: VecDeque<Number> = VecDeque::new();

/// All waiting spans.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    first: Number,
    spans: VecDeque<Option<Held>>,
    by_key: HashMap<SpanKey, Number, FixedState>,
    by_trace: Index<[u8; 16]>,
    by_answer: Index<u64>,
    by_service: HashMap<u64, Service, FixedState>,
    count: usize,
    bytes: usize,
}

impl Waiting {
    /// Adds a span.
    pub(super) fn add(&mut self, held: Held) -> Number {
        let number = self.first + self.spans.len() as u64;
        let (key, answer, service) = (held.key(), held.answer, held.shape.service);
        self.by_key.insert(key, number);
        self.by_trace.entry(key.trace_id).or_default().push_back(number);
        if answer != 0 {
            self.by_answer.entry(answer).or_default().push_back(number);
        }
        if matches!(held.role, Role::Call | Role::Http | Role::Continuation) {
            self.by_service.entry(service).or_default().add(number, &held);
        }
        self.bytes += held.size();
        self.spans.push_back(Some(held));
        self.count += 1;
        number
    }

    /// Takes a span out.
    pub(super) fn remove(&mut self, number: Number) -> Option<Held> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let held = self.spans.get_mut(place)?.take()?;
        let (key, answer, service) = (held.key(), held.answer, held.shape.service);
        if self.by_key.get(&key) == Some(&number) {
            self.by_key.remove(&key);
        }
        unlist(&mut self.by_trace, &key.trace_id, number);
        unlist(&mut self.by_answer, &answer, number);
        self.leave_service(service, number, &held);
        self.count -= 1;
        self.bytes = self.bytes.saturating_sub(held.size());
        while matches!(self.spans.front(), Some(None)) {
            self.spans.pop_front();
            self.first += 1;
        }
        Some(held)
    }

    /// The longest-waiting span.
    #[must_use]
    pub(super) fn oldest(&self) -> Option<(Number, &Held)> {
        self.spans.front()?.as_ref().map(|held| (self.first, held))
    }

    /// A span by its number.
    #[must_use]
    pub(super) fn get(&self, number: Number) -> Option<&Held> {
        self.spans.get(usize::try_from(number.checked_sub(self.first)?).ok()?)?.as_ref()
    }

    /// A span by its name.
    #[must_use]
    pub(super) fn by_key(&self, key: &SpanKey) -> Option<Number> {
        self.by_key.get(key).copied()
    }

    /// The spans of a trace.
    #[must_use]
    pub(super) fn trace(&self, trace_id: &[u8; 16]) -> impl ExactSizeIterator<Item = Number> + '_ {
        let listed = self.by_trace.get(trace_id).map_or(NOBODY.range(..), |list| list.range(..));
        listed.copied()
    }

    /// The spans that name this answer.
    #[must_use]
    pub(super) fn answer(&self, answer: u64) -> impl ExactSizeIterator<Item = Number> + '_ {
        let listed = self.by_answer.get(&answer).map_or(NOBODY.range(..), |list| list.range(..));
        listed.copied()
    }

    /// The calls and HTTP requests of a service that began next to this one's time, the nearest in each
    /// direction, when more than one instrumentation writes there.
    pub(super) fn neighbours(&self, held: &Held) -> impl Iterator<Item = Number> + '_ {
        const REACH: usize = 128;
        let (start, end) = (held.start_unix_nano, held.end_unix_nano);
        let service = self.by_service.get(&held.shape.service).filter(|service| service.scopes.len() > 1);
        service.into_iter().flat_map(move |service| {
            let before = service.by_start.range(..(start, 0)).rev().take(REACH);
            let after = service
                .by_start
                .range((start, 0)..)
                .take_while(move |(other, _)| *other <= end.saturating_add(REACH_NANOS));
            before.chain(after.take(REACH)).map(|(_, number)| *number)
        })
    }

    fn leave_service(&mut self, service: u64, number: Number, held: &Held) {
        if let Some(found) = self.by_service.get_mut(&service) {
            found.remove(number, held);
            if found.by_start.is_empty() {
                self.by_service.remove(&service);
            }
        }
    }

    /// How many wait.
    #[must_use]
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Bytes that they hold, about.
    #[must_use]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn unlist<K: Eq + std::hash::Hash>(index: &mut Index<K>, key: &K, number: Number) {
    if let Some(list) = index.get_mut(key) {
        if let Ok(place) = list.binary_search(&number) {
            list.remove(place);
        }
        if list.is_empty() {
            index.remove(key);
        }
    }
}
