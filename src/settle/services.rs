//! The services whose calls wait, and how many instrumentations write for each.
//!
//! In: spans that may have look-alikes. Out: whether a service has several writers: only there anybody looks for them.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::held::{Held, Number};
use super::look;

/// The calls of one service that wait.
#[derive(Clone, Copy, Debug)]
struct Service {
    writer: u64,
    /// The second that came; 0 is none.
    second: u64,
    /// A third came.
    more: bool,
    waiting: u32,
    /// The last that came.
    last: Number,
}

/// What a span finds at its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// One instrumentation writes there; the span that came before, if one waits.
    Alone(Option<Number>),
    /// It is the second; the last span of the first.
    Second(Number),
    /// Several do.
    Mixed,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Services {
    known: HashMap<u64, Service, RandomState>,
}

impl Services {
    /// A span of this number enters its service.
    pub(super) fn enter(&mut self, held: &Held, number: Number) -> Entered {
        if !look::looks(held) {
            return Entered::Alone(None);
        }
        let writer = look::writer(held);
        let Some(service) = self.known.get_mut(&held.shape.service) else {
            let service = Service { writer, second: 0, more: false, waiting: 1, last: number };
            self.known.insert(held.shape.service, service);
            return Entered::Alone(None);
        };
        service.waiting += 1;
        let before = std::mem::replace(&mut service.last, number);
        match (service.writer == writer, service.second) {
            (true, 0) => Entered::Alone(Some(before)),
            (false, 0) => {
                service.second = writer;
                Entered::Second(before)
            }
            (own, second) => {
                service.more |= !own && writer != second;
                Entered::Mixed
            }
        }
    }

    /// A span leaves.
    pub(super) fn leave(&mut self, held: &Held) {
        if !look::looks(held) {
            return;
        }
        let Some(service) = self.known.get_mut(&held.shape.service) else { return };
        service.waiting -= 1;
        if service.waiting == 0 {
            self.known.remove(&held.shape.service);
        }
    }

    /// True when several instrumentations write for a span's service.
    pub(super) fn is_mixed(&self, held: &Held) -> bool {
        look::looks(held) && self.known.get(&held.shape.service).is_some_and(|service| service.second != 0)
    }

    /// True when these two are of one service, by its two writers, and no third writes there.
    pub(super) fn have_no_other(&self, one: &Held, other: &Held) -> bool {
        let writers = [look::writer(one), look::writer(other)];
        one.shape.service == other.shape.service
            && self.known.get(&one.shape.service).is_some_and(|service| {
                let [first, second] = writers;
                !service.more
                    && ([service.writer, service.second] == [first, second]
                        || [service.second, service.writer] == [first, second])
            })
    }
}
