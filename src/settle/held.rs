//! The spans that wait, in order of arrival, and the lists of those that share a key.
//!
//! In: records as they arrive. Out: look-ups by age, by trace, by answer and by look. Knows no rules: `look` says what a
//! span is listed under. Most spans share no key with another: of those only the last that came under a key is known
//! (`latest`), and nothing is undone when they leave. A list is made when two share a key; it runs through the spans
//! themselves, so that entering and leaving is constant.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashTable;

use super::latest::Latest;
use super::links::{AllLinks, Links};
use super::look;
use super::memory::Secret;
use crate::record::{Name, Record, Shape};

/// Lists that a span may be in.
pub(super) const LISTS: usize = 5;
/// What a waiting span takes beside its place: it is known under two keys, in a table that is half full.
const KEY_BYTES: usize = 2 * 24;

/// A waiting span's number. Numbers are given in order of arrival, from 1, and come round after four thousand million.
pub(super) type Number = u32;

/// One span that waits: its record and its shape.
#[derive(Clone, Debug)]
pub struct Held {
    /// What is its own.
    pub record: Record,
    /// What it shares.
    pub shape: Arc<Shape>,
    /// What its ids lead to.
    pub(super) hashes: Hashes,
}

/// What the ids of a span hash to: found once, asked for from when it comes until it is told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hashes {
    /// The span.
    pub(super) span: u64,
    /// The span above it, if it has one.
    pub(super) parent: u64,
    /// Its answer, if it has one.
    pub(super) answer: u64,
    /// What it is listed under by its ids.
    pub(super) lists: [Key; 2],
}

/// What a list is found by: 37 bits of a hash and, so that no list is taken for another, which one it is.
pub(super) type Key = u64;
/// Bits of a key.
pub(super) const KEY_BITS: u32 = 40;

/// What a span is listed under; 0 for nothing.
pub(super) type Keys = [Key; LISTS];

/// The list of a trace.
pub(super) const TRACE: usize = 0;
/// The list of an answer.
pub(super) const ANSWER: usize = 1;

#[derive(Debug)]
struct Place {
    held: Option<Held>,
    /// Where its links are; 0 for one that has none.
    links: u32,
    /// The span of its service that came before it; its own number if there was none.
    before: Number,
    /// The last gathering that found it.
    mark: u32,
    /// How often it was judged.
    turns: u8,
    /// It shares a key, or its service has several writers.
    met: bool,
}

/// A list of more than one span, or what is left of it.
#[derive(Clone, Copy, Debug)]
struct Head {
    key: Key,
    first: Number,
    last: Number,
    count: u32,
}

/// All waiting spans.
#[derive(Debug)]
pub(super) struct Waiting {
    first: Number,
    places: VecDeque<Place>,
    latest: Latest,
    heads: HashTable<Head>,
    links: AllLinks,
    count: usize,
    more_bytes: usize,
    mark: u32,
}

// === impl Held ===

impl std::ops::Deref for Held {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl Hashes {
    pub(super) fn of(record: &Record, secret: &Secret) -> Self {
        Self {
            span: secret.hash(record.key()),
            parent: record.parent_key().map_or(0, |parent| secret.hash(parent)),
            answer: if record.answer == 0 { 0 } else { secret.hash(record.answer) },
            lists: look::keys_of_ids(secret, record),
        }
    }
}

impl Held {
    pub(super) fn new(record: Record, shape: Arc<Shape>, secret: &Secret) -> Self {
        let hashes = Hashes::of(&record, secret);
        Self { record, shape, hashes }
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

    /// Its answer names nothing.
    pub(super) const fn forget_answer(&mut self) {
        (self.record.answer, self.record.answer_kind) = (0, 0);
        (self.hashes.answer, self.hashes.lists[ANSWER]) = (0, 0);
    }

    /// What it holds beside its place.
    fn more_bytes(&self) -> usize {
        let own = if self.shape.number == 0 { self.shape.size() } else { 0 };
        own + self.evidence.as_ref().map_or(0, |evidence| evidence.size())
    }
}

// === impl Waiting ===

impl Default for Waiting {
    fn default() -> Self {
        Self {
            first: 1,
            places: VecDeque::new(),
            latest: Latest::default(),
            heads: HashTable::new(),
            links: AllLinks::default(),
            count: 0,
            more_bytes: 0,
            mark: 0,
        }
    }
}

impl Waiting {
    /// The number of the next span.
    pub(super) fn next(&self) -> Number {
        self.first.wrapping_add(self.places.len() as u32)
    }

    /// Loads what will be asked about a span that comes.
    pub(super) fn touch(&self, hashes: &Hashes) -> u64 {
        hashes.lists.iter().fold(0, |all, &key| all ^ self.latest.touch(key))
    }

    /// Adds a span to its lists. `before` is the one of its service that came before it, if any did.
    pub(super) fn add(&mut self, held: Held, keys: Keys, before: Option<Number>) -> Number {
        let number = self.next();
        self.more_bytes += held.more_bytes();
        self.count += 1;
        let before = before.unwrap_or(number);
        self.places.push_back(Place { held: Some(held), links: 0, before, mark: 0, turns: 0, met: false });
        self.set_looks(number, keys);
        for (list, key) in keys.into_iter().enumerate() {
            self.enter(number, list, key);
        }
        number
    }

    /// Takes a span out.
    pub(super) fn remove(&mut self, number: Number) -> Option<Held> {
        if self.place(number)?.links != 0 {
            (0..LISTS).for_each(|list| self.leave(number, list));
        }
        let place = self.place_mut(number)?;
        let (held, links) = (place.held.take()?, std::mem::take(&mut place.links));
        self.links.give_back(links);
        self.more_bytes -= held.more_bytes();
        self.count -= 1;
        while self.places.front().is_some_and(|place| place.held.is_none()) {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        if self.count == 0 {
            self.places.shrink_to(1024);
            self.links = AllLinks::default();
            self.heads.shrink_to(1024, |head| spread(head.key));
        }
        Some(held)
    }

    /// Lists a span anew: its service has got another writer.
    pub(super) fn relist(&mut self, number: Number, keys: Keys) {
        let known = self.keys(number);
        let changed = || (0..LISTS).filter(|&list| known[list] != keys[list]);
        changed().for_each(|list| self.leave(number, list));
        self.set_looks(number, keys);
        changed().for_each(|list| self.enter(number, list, keys[list]));
        self.meet(number);
    }

    /// This span and those of its service that came before it, as long as they wait; the last first.
    pub(super) fn of_service(&self, last: Number) -> impl Iterator<Item = Number> + '_ {
        let before = |&number: &Number| {
            let before = self.place(number)?.before;
            (before != number && self.place(before).is_some()).then_some(before)
        };
        std::iter::successors(Some(last), before).filter(|&number| self.get(number).is_some())
    }

    /// It is to be judged with others.
    pub(super) fn meet(&mut self, number: Number) {
        self.place_mut(number).into_iter().for_each(|place| place.met = true);
    }

    /// True for one that shares no key with any other.
    pub(super) fn is_alone(&self, number: Number) -> bool {
        self.place(number).is_some_and(|place| !place.met)
    }

    /// The longest-waiting span.
    pub(super) fn oldest(&self) -> Option<(Number, &Held)> {
        self.places.front()?.held.as_ref().map(|held| (self.first, held))
    }

    /// The spans that wait longest.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = &Held> + '_ {
        self.places.iter().take(count).filter_map(|place| place.held.as_ref())
    }

    /// All of them, in order of arrival.
    pub(super) fn all(&self) -> impl Iterator<Item = &Held> + '_ {
        self.places.iter().filter_map(|place| place.held.as_ref())
    }

    /// A span by its number.
    pub(super) fn get(&self, number: Number) -> Option<&Held> {
        self.place(number)?.held.as_ref()
    }

    /// An answer turned out to name nothing.
    pub(super) fn forget_answer(&mut self, number: Number) {
        self.leave(number, ANSWER);
        self.place_mut(number).into_iter().flat_map(|place| &mut place.held).for_each(Held::forget_answer);
    }

    /// What a span is listed under.
    pub(super) fn keys(&self, number: Number) -> Keys {
        let Some(place) = self.place(number) else { return [0; LISTS] };
        let Some([trace, answer]) = place.held.as_ref().map(|held| held.hashes.lists) else {
            return [0; LISTS];
        };
        let [alike, start, silent] = self.links.get(place.links).map_or([0; LISTS - 2], |links| links.looks);
        [trace, answer, alike, start, silent]
    }

    /// How many are listed under this key.
    pub(super) fn count(&self, list: usize, key: Key) -> usize {
        self.ends(list, key).map_or(0, |head| head.count as usize)
    }

    /// The spans listed under this key, in order of arrival.
    pub(super) fn listed(&self, list: usize, key: Key) -> impl Iterator<Item = Number> + '_ {
        let next = move |&number: &Number| {
            self.around(number, list).map(|(_, after)| after).filter(|&after| after != number)
        };
        std::iter::successors(self.ends(list, key).map(|head| head.first), next)
    }

    /// The spans of a list that came next before and after this one, or the last of it if it is in another list.
    pub(super) fn near(
        &self,
        list: usize,
        key: Key,
        number: Number,
        most: usize,
    ) -> impl Iterator<Item = Number> + '_ {
        let step = move |after: bool| {
            move |&from: &Number| {
                let (back, on) = self.around(from, list)?;
                Some(if after { on } else { back }).filter(|&next| next != from)
            }
        };
        let own = self.keys(number)[list] == key;
        let last = self.ends(list, key).map(|head| head.last);
        let first = if own { step(false)(&number) } else { last };
        let before = std::iter::successors(first, step(false)).take(most / 2);
        let after = if own { step(true)(&number) } else { None };
        before.chain(std::iter::successors(after, step(true)).take(most / 2))
    }

    /// Starts a gathering: nobody is marked.
    pub(super) fn begin_gathering(&mut self) {
        self.mark = self.mark.wrapping_add(1).max(1);
    }

    /// Marks a span as gathered; false when it was before, or has been too often.
    pub(super) fn gather(&mut self, number: Number) -> bool {
        let mark = self.mark;
        let Some(place) = self.place_mut(number) else { return false };
        let new = place.mark != mark;
        place.mark = mark;
        place.turns = place.turns.saturating_add(1);
        new
    }

    /// True for one that this gathering has found.
    pub(super) fn is_gathered(&self, number: Number) -> bool {
        self.place(number).is_some_and(|place| place.mark == self.mark)
    }

    /// How often a span was judged.
    pub(super) fn turns(&self, number: Number) -> u8 {
        self.place(number).map_or(0, |place| place.turns)
    }

    /// How many wait.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Bytes that they hold.
    pub(super) const fn bytes(&self) -> usize {
        self.count * (size_of::<Place>() + KEY_BYTES) + self.links.size() + self.more_bytes
    }

    // --- lists ---

    #[inline]
    fn enter(&mut self, number: Number, list: usize, key: Key) {
        if key == 0 {
            return;
        }
        let (first, next) = (self.first, self.next());
        let before =
            self.latest.put(key, number, |other| other.wrapping_sub(first) < next.wrapping_sub(first));
        let before = before.filter(|&before| before != number && self.is_listed(before, list, key));
        if let Some(before) = before {
            self.append(before, number, list, key);
        }
    }

    /// Notes what it is listed under beside its ids.
    fn set_looks(&mut self, number: Number, [_, _, looks @ ..]: Keys) {
        if looks == [0; LISTS - 2] && self.place(number).is_none_or(|place| place.links == 0) {
            return;
        }
        self.links_mut(number).into_iter().for_each(|links| links.looks = looks);
    }

    /// Two spans share a key.
    #[cold]
    fn append(&mut self, before: Number, number: Number, list: usize, key: Key) {
        match self.heads.find_mut(spread(key), |head| head.key == key) {
            Some(head) => (head.last, head.count) = (number, head.count + 1),
            None => {
                let head = Head { key, first: before, last: number, count: 2 };
                self.heads.insert_unique(spread(key), head, |head| spread(head.key));
            }
        }
        self.set_around(before, list, |around| around.1 = number);
        self.set_around(number, list, |around| around.0 = before);
        self.meet(before);
        self.meet(number);
    }

    fn leave(&mut self, number: Number, list: usize) {
        let key = self.keys(number)[list];
        let Some((before, after)) = self.around(number, list) else { return };
        self.set_around(number, list, |around| *around = (number, number));
        let Ok(mut entry) = self.heads.find_entry(spread(key), |head| head.key == key) else { return };
        let (is_first, is_last) = (before == number, after == number);
        let head = entry.get_mut();
        head.count -= 1;
        if head.count == 0 {
            entry.remove();
            return;
        }
        head.first = if is_first { after } else { head.first };
        head.last = if is_last { before } else { head.last };
        if is_last {
            self.latest.put(key, before, |_| true);
        }
        if !is_first {
            self.set_around(before, list, |around| around.1 = if is_last { before } else { after });
        }
        if !is_last {
            self.set_around(after, list, |around| around.0 = if is_first { after } else { before });
        }
    }

    /// Both ends of a list, be it of one.
    fn ends(&self, list: usize, key: Key) -> Option<Head> {
        if key == 0 {
            return None;
        }
        let head = self.heads.find(spread(key), |head| head.key == key).copied();
        head.or_else(|| {
            let only = self.latest.get(key).filter(|&number| self.is_listed(number, list, key))?;
            Some(Head { key, first: only, last: only, count: 1 })
        })
    }

    fn is_listed(&self, number: Number, list: usize, key: Key) -> bool {
        key != 0 && self.keys(number)[list] == key
    }

    fn set_around(&mut self, number: Number, list: usize, set: impl FnOnce(&mut (Number, Number))) {
        if let Some(links) = self.links_mut(number) {
            set(&mut links.around[list]);
        }
    }

    /// The neighbours of a span in a list; none for one that is in no list with others.
    fn around(&self, number: Number, list: usize) -> Option<(Number, Number)> {
        Some(self.links.get(self.place(number)?.links)?.around[list])
    }

    /// The links of a span that waits, from now on.
    fn links_mut(&mut self, number: Number) -> Option<&mut Links> {
        let at = number.wrapping_sub(self.first) as usize;
        let place = self.places.get_mut(at).filter(|place| place.held.is_some())?;
        if place.links == 0 {
            place.links = self.links.take(number);
        }
        self.links.get_mut(place.links)
    }

    fn place(&self, number: Number) -> Option<&Place> {
        self.places.get(number.wrapping_sub(self.first) as usize)
    }

    fn place_mut(&mut self, number: Number) -> Option<&mut Place> {
        self.places.get_mut(number.wrapping_sub(self.first) as usize)
    }
}

/// A table wants all bits of a hash.
const fn spread(key: Key) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32)
}
