//! Places for connections: as many as there may be, and who leaves when one more comes.
//!
//! In: connections, and when they are asked something. Out: a [`Seat`] each. Who has never asked anything
//! leaves first, then who has been silent for longest, then who has kept a request open for longest.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::Stopwatch;

/// A connection within a request keeps its place for so long at least.
const BUSY: Duration = Duration::from_secs(1);

/// The places of one listener, or of several together.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    sitting: BTreeMap<u64, Sitting>,
}

#[derive(Debug)]
struct Sitting {
    asked: bool,
    requests: usize,
    /// Since the last request began or ended, or since it came.
    quiet: Stopwatch,
    leave: CancellationToken,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    leave: CancellationToken,
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Asking<'a>(&'a Seat);

// === impl Seats ===

impl Seats {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), taken: Mutex::default() })
    }

    /// A place, if there is one or somebody can leave. True beside it: somebody had to.
    pub(crate) fn take(self: &Arc<Self>) -> Option<(Seat, bool)> {
        let mut taken = self.taken.lock();
        let full = taken.sitting.len() >= self.most;
        if full {
            let number = taken.who_leaves()?;
            if let Some(sitting) = taken.sitting.remove(&number) {
                sitting.leave.cancel();
            }
        }
        let (number, leave) = (taken.next, CancellationToken::new());
        taken.next += 1;
        let sitting = Sitting { asked: false, requests: 0, quiet: Stopwatch::start(), leave: leave.clone() };
        taken.sitting.insert(number, sitting);
        Some((Seat { seats: Arc::clone(self), number, leave }, full))
    }
}

impl Taken {
    fn who_leaves(&self) -> Option<u64> {
        let may_leave = |sitting: &Sitting| sitting.requests == 0 || sitting.quiet.elapsed() >= BUSY;
        let rank = |sitting: &Sitting| {
            let quiet = sitting.quiet.elapsed();
            (sitting.requests == 0, !sitting.asked && quiet >= BUSY, quiet)
        };
        let leaving = self.sitting.iter().filter(|(_, sitting)| may_leave(sitting));
        leaving.max_by_key(|(_, sitting)| rank(sitting)).map(|(number, _)| *number)
    }
}

// === impl Seat ===

impl Seat {
    /// A request begins, until what this returns is dropped.
    pub(crate) fn asked(&self) -> Asking<'_> {
        self.change(|sitting| {
            sitting.asked = true;
            sitting.requests += 1;
        });
        Asking(self)
    }

    /// Ends when this connection has to leave.
    pub(crate) async fn must_leave(&self) {
        self.leave.cancelled().await;
    }

    fn change(&self, change: impl FnOnce(&mut Sitting)) {
        if let Some(sitting) = self.seats.taken.lock().sitting.get_mut(&self.number) {
            change(sitting);
            sitting.quiet = Stopwatch::start();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.lock().sitting.remove(&self.number);
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.change(|sitting| sitting.requests = sitting.requests.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_silent_leaves_and_one_within_a_request_stays() {
        let seats = Seats::new(3);
        let seat = || seats.take().map(|(seat, _)| seat);
        let (first, second, third) = (seat().unwrap(), seat().unwrap(), seat().unwrap());
        drop(second.asked());
        let asking = third.asked();
        let (fourth, somebody_left) = seats.take().unwrap();
        assert!(somebody_left);
        first.must_leave().await;
        let fifth = seat().unwrap();
        second.must_leave().await;
        let (_asking_too, _asking_as_well) = (fifth.asked(), fourth.asked());
        assert!(seat().is_none(), "all are within requests");
        drop(asking);
        assert!(seat().is_some());
    }

    #[test]
    fn a_seat_that_is_left_is_free() {
        let seats = Seats::new(1);
        drop(seats.take());
        assert!(seats.take().is_some_and(|(_, somebody_left)| !somebody_left));
    }
}
