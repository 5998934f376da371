//! The spans that wait, and the ways to find them.
//!
//! In: facts as they arrive. Out: look-ups by span, trace, response id and service. Knows no rules.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::call::Tokens;
use crate::facts::{Batch, Role, SpanFacts, SpanKey, Text, part};
use crate::normalise::{self, UsageInput};
use crate::recognise::hash;

/// How long after the end of a call the report of its stream may begin: see `twins`.
const REACH_NANOS: u64 = 5_000_000_000;

/// What the indexes of [`Waiting`] keep of a span, bytes, about.
const INDEX_BYTES: usize = 256;

/// A waiting span's number: they are given in order of arrival and never used again.
pub(super) type Number = u64;

/// One span that waits.
#[derive(Clone, Debug)]
pub struct Held {
    /// The batch that has its facts.
    pub batch: Arc<Batch>,
    /// Its place there.
    pub index: u32,
    /// When it came, nanoseconds on the clock of [`super::Settler`].
    pub arrived: u64,
    /// The call it was counted as, when it was counted before its time was up.
    pub counted: Option<SpanKey>,
    /// What it states to be billed.
    pub tokens: Option<Tokens>,
    /// Names its answer among all; 0 when it has no id that does.
    pub answer: u64,
    /// Names its service.
    pub service: u64,
}

impl Held {
    /// A span that has just come.
    #[must_use]
    pub fn new(batch: &Arc<Batch>, index: u32, arrived: u64) -> Self {
        let mut held = Self {
            batch: Arc::clone(batch),
            index,
            arrived,
            counted: None,
            tokens: None,
            answer: 0,
            service: 0,
        };
        let id = held.text(held.facts().response_id);
        held.answer = if names_one_answer(id) { hash(id) } else { 0 };
        held.service = hash(held.service_name());
        held.tokens = held.stated_tokens();
        held
    }

    fn stated_tokens(&self) -> Option<Tokens> {
        let facts = self.facts();
        if facts.readings.is_empty() {
            return None;
        }
        let models = [facts.response_model, facts.request_model].map(|model| self.text(model));
        let by_model = || models.iter().find_map(|model| normalise::provider_of_model(model));
        normalise::tokens(&UsageInput {
            readings: part(&self.batch.readings, &facts.readings),
            profile: facts.profile,
            provider: counting_provider(self.provider().or_else(by_model).unwrap_or(""), &models),
            failed: facts.failed(),
            streaming: facts.streaming,
        })
    }

    /// Its share of what its batch holds, and of the indexes of what waits; bytes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.batch.size() / self.batch.spans.len().max(1) + size_of::<Self>() + INDEX_BYTES
    }

    /// Its facts.
    #[must_use]
    pub fn facts(&self) -> &SpanFacts {
        &self.batch.spans[self.index as usize]
    }

    /// A text of its facts.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        self.batch.text(text)
    }

    /// Its service.
    #[must_use]
    pub fn service_name(&self) -> &str {
        self.batch
            .resources
            .get(self.facts().resource as usize)
            .map_or("", |r| self.batch.text(r.service_name))
    }

    /// Its environment.
    #[must_use]
    pub fn environment(&self) -> &str {
        self.batch
            .resources
            .get(self.facts().resource as usize)
            .map_or("", |r| self.batch.text(r.environment))
    }

    /// The convention's name of its provider, as far as this span tells.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        let facts = self.facts();
        normalise::provider(self.text(facts.provider), self.text(facts.server_address))
    }
}

/// Whose way of counting an answer follows: Claude counts alike wherever it is hosted.
fn counting_provider<'a>(provider: &'a str, models: &[&str]) -> &'a str {
    let claude = provider == "gcp.vertex_ai" && models.iter().any(|model| model.contains("claude"));
    if claude { "anthropic" } else { provider }
}

/// True for an id with enough letters that two answers do not share it by chance. Request ids are not
/// ids of answers (Claude Code writes `req_...`), and Ollama's `chatcmpl-123` has three digits.
#[must_use]
pub(super) fn names_one_answer(id: &str) -> bool {
    id.len() >= 16 && !id.starts_with("req_") && id.bytes().filter(u8::is_ascii_alphanumeric).count() >= 16
}

type Index<K> = HashMap<K, VecDeque<Number>, FixedState>;

/// Who wrote a span; who reports the ends of streams counts as another.
fn writer(facts: &SpanFacts) -> u64 {
    facts.scope_hash ^ u64::from(facts.role == Role::Continuation)
}

/// The calls of one service, and how many of them each instrumentation wrote.
#[derive(Debug, Default)]
struct Service {
    by_start: BTreeSet<(u64, Number)>,
    scopes: Vec<(u64, usize)>,
}

impl Service {
    fn add(&mut self, number: Number, facts: &SpanFacts) {
        self.by_start.insert((facts.start_unix_nano, number));
        match self.scopes.iter_mut().find(|(known, _)| *known == writer(facts)) {
            Some((_, count)) => *count += 1,
            None => self.scopes.push((writer(facts), 1)),
        }
    }

    fn remove(&mut self, number: Number, facts: &SpanFacts) {
        if !self.by_start.remove(&(facts.start_unix_nano, number)) {
            return;
        }
        if let Some(at) = self.scopes.iter().position(|(known, _)| *known == writer(facts)) {
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
        let (key, answer, service) = (held.facts().key(), held.answer, held.service);
        self.by_key.insert(key, number);
        self.by_trace.entry(key.trace_id).or_default().push_back(number);
        if answer != 0 {
            self.by_answer.entry(answer).or_default().push_back(number);
        }
        if matches!(held.facts().role, Role::Call | Role::Http | Role::Continuation) {
            self.by_service.entry(service).or_default().add(number, held.facts());
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
        let (key, answer, service) = (held.facts().key(), held.answer, held.service);
        if self.by_key.get(&key) == Some(&number) {
            self.by_key.remove(&key);
        }
        unlist(&mut self.by_trace, &key.trace_id, number);
        unlist(&mut self.by_answer, &answer, number);
        self.leave_service(service, number, held.facts());
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

    /// The same, to change.
    pub(super) fn get_mut(&mut self, number: Number) -> Option<&mut Held> {
        self.spans.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)?.as_mut()
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
        let (start, end) = (held.facts().start_unix_nano, held.facts().end_unix_nano);
        let service = self.by_service.get(&held.service).filter(|service| service.scopes.len() > 1);
        service.into_iter().flat_map(move |service| {
            let before = service.by_start.range(..(start, 0)).rev().take(REACH);
            let after = service
                .by_start
                .range((start, 0)..)
                .take_while(move |(other, _)| *other <= end.saturating_add(REACH_NANOS));
            before.chain(after.take(REACH)).map(|(_, number)| *number)
        })
    }

    fn leave_service(&mut self, service: u64, number: Number, facts: &SpanFacts) {
        if let Some(found) = self.by_service.get_mut(&service) {
            found.remove(number, facts);
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
