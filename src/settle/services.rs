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
    waiting: u32,
    /// The last that came.
    last: Number,
    mixed: bool,
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
            let service = Service { writer, waiting: 1, last: number, mixed: false };
            self.known.insert(held.shape.service, service);
            return Entered::Alone(None);
        };
        service.waiting += 1;
        let before = std::mem::replace(&mut service.last, number);
        if service.mixed {
            Entered::Mixed
        } else if service.writer == writer {
            Entered::Alone(Some(before))
        } else {
            service.mixed = true;
            Entered::Second(before)
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
        look::looks(held) && self.known.get(&held.shape.service).is_some_and(|service| service.mixed)
    }
}
