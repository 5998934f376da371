//! The signs by which a call is known, and what each weighs: one table instead of an order of questions.
//!
//! In: which signs a span shows. Out: their sum, and the signs themselves for `explain`. What a sign is worth is
//! judged here and nowhere else; how it is seen is the business of `draft` and `role`.
//!
//! A span is a call when its signs weigh [`ENOUGH`] or more. A failed call keeps the least of them, so the
//! signs that failures keep (a marker, a model, a client's kind) are enough in pairs. What is *not* a call is a
//! closed list and outweighs all else; a word that nobody knows says nothing.

/// What the signs of a call must weigh together.
pub(crate) const ENOUGH: i16 = 4;

/// Something about a span that speaks for a call, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sign {
    /// A vendor's marker says that it is a call.
    Marker,
    /// A marker of nobody known says so.
    ForeignMarker,
    /// The operation is one of the convention's calls.
    Operation,
    /// The operation, outside the convention, is a word for a call.
    OperationWord,
    /// Its name is one that a library gives to nothing but calls.
    Name,
    /// Its name is a word for a call.
    NameWord,
    /// Usage is stated.
    Usage,
    /// A model is named.
    Model,
    /// A provider is named.
    Provider,
    /// It is a client's span.
    Client,
    /// An instrumentation of one SDK wrote it.
    Instrumentor,
    /// It is the client of such an SDK, failed, and says nothing else.
    LoneFailure,
    /// Its name is that of a component that makes calls.
    Component,
    /// An event of its library tells of a call.
    Event,
    /// The operation is in the list of what is no call.
    NoCallOperation,
    /// A vendor's marker says that it is something else.
    NoCallMarker,
    /// A marker of nobody known says so.
    ForeignNoCallMarker,
    /// Traceloop's kind of entity.
    Entity,
    /// A helper that only builds a request.
    Helper,
    /// A tool or an agent: a call below it is another call than one above it.
    Barrier,
    /// The user's vocabulary says that spans of its scope are calls.
    TaughtCall,
    /// The user's vocabulary says that they are none.
    TaughtNoCall,
}

/// A row of the table.
#[derive(Debug)]
pub struct Weight {
    /// The sign.
    pub sign: Sign,
    /// What it weighs, for a call or against it.
    pub weight: i16,
    /// The sign in words.
    pub words: &'static str,
}

const fn row(sign: Sign, weight: i16, words: &'static str) -> Weight {
    Weight { sign, weight, words }
}

/// The table, in the order of [`Sign`].
pub const WEIGHTS: &[Weight] = &[
    row(Sign::Marker, 12, "a marker says call"),
    row(Sign::ForeignMarker, 2, "a marker of an unknown vendor says call"),
    row(Sign::Operation, 12, "the operation is a call"),
    row(Sign::OperationWord, 2, "the operation is a word for a call"),
    row(Sign::Name, 4, "the span's name is a call's"),
    row(Sign::NameWord, 2, "the span's name is a word for a call"),
    row(Sign::Usage, 3, "usage is stated"),
    row(Sign::Model, 2, "a model is named"),
    row(Sign::Provider, 2, "a provider is named"),
    row(Sign::Client, 2, "a client's span"),
    row(Sign::Instrumentor, 1, "written by an instrumentation of one SDK"),
    row(Sign::LoneFailure, 4, "a failure of an instrumented SDK"),
    row(Sign::Component, 2, "the name of a component that makes calls"),
    row(Sign::Event, 4, "an event tells of a call"),
    row(Sign::NoCallOperation, -30, "the operation is no call"),
    row(Sign::NoCallMarker, -30, "a marker says no call"),
    row(Sign::ForeignNoCallMarker, -4, "a marker of an unknown vendor says no call"),
    row(Sign::Entity, -9, "a workflow, task, agent or tool"),
    row(Sign::Helper, -30, "a helper that makes no request"),
    row(Sign::Barrier, -30, "a tool or an agent"),
    row(Sign::TaughtCall, 12, "your vocabulary says call"),
    row(Sign::TaughtNoCall, -60, "your vocabulary says no call"),
];

/// A set of signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs(u32);

// === impl Signs ===

impl Signs {
    /// Adds a sign.
    #[inline]
    pub(crate) const fn add(&mut self, sign: Sign) {
        self.0 |= 1 << sign as u8;
    }

    /// Adds a sign where it is seen.
    #[inline]
    pub(crate) const fn add_if(&mut self, seen: bool, sign: Sign) {
        self.0 |= (seen as u32) << sign as u8;
    }

    /// True when the sign is among them.
    #[inline]
    #[must_use]
    pub const fn has(self, sign: Sign) -> bool {
        self.0 >> sign as u8 & 1 == 1
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What they weigh together.
    #[must_use]
    pub fn weight(self) -> i16 {
        let (mut rest, mut sum) = (self.0, 0);
        while rest != 0 {
            sum += WEIGHTS[rest.trailing_zeros() as usize].weight;
            rest &= rest - 1;
        }
        sum
    }

    /// Their rows, in the table's order.
    pub fn rows(self) -> impl Iterator<Item = &'static Weight> {
        WEIGHTS.iter().filter(move |row| self.has(row.sign))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_has_its_row() {
        for (place, row) in WEIGHTS.iter().enumerate() {
            assert_eq!(row.sign as usize, place, "{:?}", row.sign);
        }
    }

    #[test]
    fn what_failures_keep_is_enough_in_pairs() {
        for pair in [
            [Sign::ForeignMarker, Sign::Model],
            [Sign::Provider, Sign::Model],
            [Sign::Provider, Sign::Client],
            [Sign::Model, Sign::Client],
            [Sign::Usage, Sign::Model],
        ] {
            let mut signs = Signs::default();
            pair.into_iter().for_each(|sign| signs.add(sign));
            assert!(signs.weight() >= ENOUGH, "{pair:?}");
        }
        for sign in [Sign::Model, Sign::Provider, Sign::Client, Sign::Usage, Sign::ForeignMarker] {
            let mut signs = Signs::default();
            signs.add(sign);
            assert!(signs.weight() < ENOUGH, "{sign:?}");
        }
    }
}
