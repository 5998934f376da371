//! The memory that all requests together may hold, who holds it, and who gives way.
//!
//! In: who wants how many bytes. Out: a [`Share`], given back when dropped. Charged is what is there: bytes
//! that came, what they inflate to, what they become. While others are connected, one peer has at most a
//! quarter. When there is no room, a body that has not moved for a while gives way to one that is coming.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Room, body::BodyFault};
use crate::clock::Stopwatch;

/// A body that got nothing for so long may have to give way.
const STALLED: Duration = Duration::from_millis(100);
/// And one that is not whole after so long, however steadily it drips.
const SLOW: Duration = Duration::from_secs(1);
/// How often, and how many times, a body that finds no room looks again: a second in all.
const TURN: Duration = Duration::from_millis(20);
const TURNS: usize = 50;

/// Bytes that all requests together may hold.
#[derive(Debug)]
pub(super) struct Budget {
    total: usize,
    /// What one peer may hold while others are there.
    quarter: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: usize,
    peers: HashMap<IpAddr, Peer>,
    /// Bodies that are still coming, by their number.
    coming: BTreeMap<u64, Coming>,
    next: u64,
}

#[derive(Debug, Default)]
struct Peer {
    connections: usize,
    held: usize,
}

#[derive(Debug)]
struct Coming {
    peer: IpAddr,
    held: usize,
    since: Stopwatch,
    moved: Stopwatch,
    give_way: CancellationToken,
}

/// A part of the [`Budget`], given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    peer: IpAddr,
    number: u64,
    held: AtomicUsize,
    give_way: CancellationToken,
}

/// A peer that is connected.
#[derive(Debug)]
pub(super) struct Presence {
    budget: Arc<Budget>,
    peer: IpAddr,
}

// === impl Budget ===

impl Budget {
    /// `longest` is what one request may need: a peer may always hold that.
    pub(super) fn new(total: usize, longest: usize) -> Arc<Self> {
        let total = total.max(longest);
        Arc::new(Self { total, quarter: (total / 4).max(longest), state: Mutex::default() })
    }

    /// Somebody has connected.
    pub(super) fn arrive(self: &Arc<Self>, peer: IpAddr) -> Presence {
        let peer = network(peer);
        self.state.lock().peers.entry(peer).or_default().connections += 1;
        Presence { budget: Arc::clone(self), peer }
    }

    /// The share of a request that begins to come.
    pub(super) fn share(self: &Arc<Self>, peer: IpAddr) -> Share {
        let (peer, give_way) = (network(peer), CancellationToken::new());
        let mut state = self.state.lock();
        let number = state.next;
        state.next += 1;
        let (since, moved) = (Stopwatch::start(), Stopwatch::start());
        state.coming.insert(number, Coming { peer, held: 0, since, moved, give_way: give_way.clone() });
        Share { budget: Arc::clone(self), peer, number, held: AtomicUsize::new(0), give_way }
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.total - self.state.lock().held
    }
}

// === impl State ===

impl State {
    fn hold(&mut self, budget: &Budget, peer: IpAddr, bytes: usize) -> bool {
        let others = self.peers.keys().any(|other| *other != peer);
        let of_peer = self.peers.entry(peer).or_default();
        let fits = self.held.saturating_add(bytes) <= budget.total
            && (!others || of_peer.held.saturating_add(bytes) <= budget.quarter);
        if fits {
            self.held += bytes;
            of_peer.held += bytes;
        }
        fits
    }

    fn release(&mut self, peer: IpAddr, bytes: usize) {
        self.held -= bytes;
        if let Some(of_peer) = self.peers.get_mut(&peer) {
            of_peer.held -= bytes;
        }
        self.forget(peer);
    }

    fn forget(&mut self, peer: IpAddr) {
        if self.peers.get(&peer).is_some_and(|it| it.connections == 0 && it.held == 0) {
            self.peers.remove(&peer);
        }
    }

    /// Asks the body that has not moved for longest to give way: one of the same peer if that alone stands in
    /// the way.
    fn make_room(&mut self, budget: &Budget, number: u64, peer: IpAddr, bytes: usize) {
        let of_same_peer = self.held.saturating_add(bytes) <= budget.total;
        let stuck = self.coming.iter().filter(|(other, coming)| {
            **other != number
                && coming.held > 0
                && (!of_same_peer || coming.peer == peer)
                && (coming.moved.elapsed() >= STALLED || coming.since.elapsed() >= SLOW)
        });
        let longest = stuck.max_by_key(|(_, coming)| (coming.moved.elapsed(), coming.since.elapsed()));
        if let Some((&number, _)) = longest
            && let Some(coming) = self.coming.remove(&number)
        {
            coming.give_way.cancel();
        }
    }
}

// === impl Share ===

impl Share {
    /// Holds `bytes` in all, or fails and holds what it held.
    pub(super) fn grow_to(&self, bytes: usize) -> Result<(), BodyFault> {
        let more = bytes.saturating_sub(self.held());
        let mut state = self.budget.state.lock();
        if !state.hold(&self.budget, self.peer, more) {
            return Err(BodyFault::Busy);
        }
        let held = self.held.fetch_add(more, Ordering::Relaxed) + more;
        if let Some(coming) = state.coming.get_mut(&self.number) {
            (coming.held, coming.moved) = (held, Stopwatch::start());
        }
        Ok(())
    }

    /// The same, waiting a moment for others to finish or give way.
    pub(super) async fn grow_in_time(&self, bytes: usize) -> Result<(), BodyFault> {
        for _ in 0..TURNS {
            if self.grow_to(bytes).is_ok() {
                return Ok(());
            }
            let more = bytes.saturating_sub(self.held());
            self.budget.state.lock().make_room(&self.budget, self.number, self.peer, more);
            sleep(TURN).await;
        }
        Err(BodyFault::Busy)
    }

    /// Something came.
    pub(super) fn moved(&self) {
        if let Some(coming) = self.budget.state.lock().coming.get_mut(&self.number) {
            coming.moved = Stopwatch::start();
        }
    }

    /// The body is whole: it gives way to nobody any more.
    pub(super) fn whole(&self) {
        self.budget.state.lock().coming.remove(&self.number);
    }

    /// Ends when this body has to give way.
    pub(super) async fn must_give_way(&self) {
        self.give_way.cancelled().await;
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Room for Share {
    fn take(&self, bytes: usize) -> bool {
        self.grow_to(self.held().saturating_add(bytes)).is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.budget.state.lock();
        state.coming.remove(&self.number);
        state.release(self.peer, self.held());
    }
}

// === impl Presence ===

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.budget.state.lock();
        if let Some(peer) = state.peers.get_mut(&self.peer) {
            peer.connections -= 1;
        }
        state.forget(self.peer);
    }
}

/// Who counts as one: an address of IPv4, a network of 64 bits of IPv6, which is what one customer gets.
pub(super) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn a_peer_has_all_while_alone_and_a_quarter_while_others_are_there() {
        let budget = Budget::new(1000, 10);
        let _one = budget.arrive(ONE);
        let share = budget.share(ONE);
        assert_eq!(share.grow_to(900), Ok(()));
        drop(share);
        let two = budget.arrive(TWO);
        let share = budget.share(ONE);
        assert_eq!(share.grow_to(250), Ok(()));
        assert_eq!(share.grow_to(251), Err(BodyFault::Busy));
        assert_eq!(budget.share(TWO).grow_to(250), Ok(()));
        drop(two);
        assert_eq!(share.grow_to(251), Ok(()));
        drop(share);
        assert_eq!(budget.free(), 1000);
    }

    #[test]
    fn a_request_within_the_caps_fits_whatever_the_quarter() {
        let budget = Budget::new(100, 400);
        let (_one, _two) = (budget.arrive(ONE), budget.arrive(TWO));
        assert_eq!(budget.share(ONE).grow_to(400), Ok(()));
    }

    /// Guarantees: who stalls gives way to who comes, and only then.
    #[tokio::test]
    async fn a_stalled_body_gives_way() {
        let budget = Budget::new(1000, 10);
        let (stalled, coming) = (budget.share(ONE), budget.share(ONE));
        stalled.grow_to(900).unwrap();
        let holder = async move {
            stalled.must_give_way().await;
            drop(stalled);
        };
        let (given, ()) = tokio::join!(coming.grow_in_time(500), holder);
        assert_eq!(given, Ok(()));
        assert_eq!(budget.free(), 500);
    }

    #[tokio::test]
    async fn a_whole_body_gives_way_to_nobody() {
        let budget = Budget::new(1000, 10);
        let (whole, coming) = (budget.share(ONE), budget.share(ONE));
        whole.grow_to(900).unwrap();
        whole.whole();
        assert_eq!(coming.grow_in_time(500).await, Err(BodyFault::Busy));
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("2001:db8:0:1::5"), at("2001:db8:0:1:ffff::6"));
        assert_ne!(at("2001:db8:0:1::5"), at("2001:db8:0:2::5"));
        assert_eq!(at("::ffff:10.0.0.1"), ONE);
    }
}
