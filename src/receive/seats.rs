//! Places for connections: as many as there may be, and who leaves when one more comes.
//!
//! In: connections, and when they are asked something. Out: a [`Seat`] each. Of those without a request one of a peer
//! that has more than a quarter of the places leaves first, then who has never asked anything, then who has been
//! silent for longest; then who has kept a request open for longest: at once, where that peer has more places than the
//! newcomer's has and will have.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::budget::network;
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
    /// How many places each peer has.
    peers: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Sitting {
    peer: IpAddr,
    asked: bool,
    requests: usize,
    /// Since the last request began or ended, or since it came.
    quiet: Stopwatch,
    /// The same as a number: the lower, the longer ago.
    order: u64,
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
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<(Seat, bool)> {
        let (mut taken, peer) = (self.taken.lock(), network(peer));
        let full = taken.sitting.len() >= self.most;
        if full {
            let number = taken.who_leaves(self.most / 4, peer)?;
            if let Some(sitting) = taken.remove(number) {
                sitting.leave.cancel();
            }
        }
        *taken.peers.entry(peer).or_default() += 1;
        let (number, leave) = (taken.next, CancellationToken::new());
        taken.next += 1;
        let sitting = Sitting {
            peer,
            asked: false,
            requests: 0,
            quiet: Stopwatch::start(),
            order: number,
            leave: leave.clone(),
        };
        taken.sitting.insert(number, sitting);
        Some((Seat { seats: Arc::clone(self), number, leave }, full))
    }
}

impl Taken {
    fn remove(&mut self, number: u64) -> Option<Sitting> {
        let sitting = self.sitting.remove(&number)?;
        if let Some(places) = self.peers.get_mut(&sitting.peer) {
            *places -= 1;
            if *places == 0 {
                self.peers.remove(&sitting.peer);
            }
        }
        Some(sitting)
    }

    fn who_leaves(&self, quarter: usize, newcomer: IpAddr) -> Option<u64> {
        let places = |peer: &IpAddr| self.peers.get(peer).copied().unwrap_or_default();
        let fair = places(&newcomer) + 1;
        let may_leave = |sitting: &Sitting| {
            sitting.requests == 0 || sitting.quiet.elapsed() >= BUSY || places(&sitting.peer) > fair
        };
        let rank = |sitting: &Sitting| {
            let (quiet, crowd) = (sitting.quiet.elapsed(), places(&sitting.peer) > quarter);
            (sitting.requests == 0, crowd, !sitting.asked && quiet >= BUSY, Reverse(sitting.order))
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
        let mut taken = self.seats.taken.lock();
        let order = taken.next;
        taken.next += 1;
        if let Some(sitting) = taken.sitting.get_mut(&self.number) {
            change(sitting);
            (sitting.quiet, sitting.order) = (Stopwatch::start(), order);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.lock().remove(self.number);
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

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[tokio::test]
    async fn the_longest_silent_leaves_and_one_within_a_request_stays() {
        let seats = Seats::new(3);
        let seat = || seats.take(ONE).map(|(seat, _)| seat);
        let (first, second, third) = (seat().unwrap(), seat().unwrap(), seat().unwrap());
        drop(second.asked());
        let asking = third.asked();
        let (fourth, somebody_left) = seats.take(ONE).unwrap();
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
        drop(seats.take(ONE));
        assert!(seats.take(ONE).is_some_and(|(_, somebody_left)| !somebody_left));
    }

    /// Guarantees: a crowd of one peer drives out its own, not who has been silent for longer.
    #[tokio::test]
    async fn a_crowd_makes_room_among_itself() {
        let seats = Seats::new(8);
        let scraper = seats.take(TWO).unwrap().0;
        let crowd: Vec<Seat> = (0..7).map(|_| seats.take(ONE).unwrap().0).collect();
        let mut newcomers = Vec::new();
        for one in &crowd {
            newcomers.push(seats.take(ONE).unwrap());
            one.must_leave().await;
        }
        assert!(!scraper.leave.is_cancelled());
        // All of them within requests: one of somebody else comes in at once.
        let asking: Vec<Asking<'_>> = newcomers.iter().map(|(seat, _)| seat.asked()).collect();
        let scraping = scraper.asked();
        let probe = seats.take(TWO).unwrap();
        newcomers[0].0.must_leave().await;
        assert!(!scraper.leave.is_cancelled());
        drop((asking, scraping, probe));
        drop((crowd, newcomers, scraper));
        assert!(seats.taken.lock().peers.is_empty());
    }
}
