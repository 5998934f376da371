//! Who reads the series regularly, and what all of them have seen.
//!
//! In: visits to `/metrics` and pushes, each with the moment of the view that it was given. Out: the moment up to which
//! every regular reader has seen what there was, so that a series which began before it has been read as 0 by all and may
//! show its value. A series that was not is a loss: `increase()` takes the first value that it sees for the start.
//!
//! A scraper of the Prometheus family says so (`X-Prometheus-Scrape-Timeout-Seconds`) and is regular with its first visit.
//! Of others, two visits make one regular, while none is known that says so. A person (curl, a browser) is no scraper:
//! they see true values, and nobody waits for them. Two servers behind one address are told apart by their connections,
//! which they keep from scrape to scrape, and by their time-outs.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use crate::compact::{Damaged, Reader, Writer};

/// What was seen counts at the latest after this; who has not come for so long is no regular reader.
pub const LONGEST: Duration = Duration::from_secs(75);
/// Readers that are kept apart.
const MOST: usize = 64;
/// Longest agent that is told apart.
const AGENT: usize = 100;
/// Who comes as late as this after their time does not come any more.
const SLACK: Duration = Duration::from_secs(2);

/// Agents of people.
const PEOPLE: [&str; 5] = ["Mozilla/", "curl/", "Wget/", "HTTPie/", "Lynx/"];

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// `User-Agent`, cut.
    agent: String,
    /// What the scraper says of its time-out, milliseconds.
    timeout_millis: Option<u32>,
    /// None for a push.
    peer: Option<IpAddr>,
    /// Connections are numbered from 1; 0 when it has ended.
    connection: u64,
}

/// A regular reader, or one who may become that.
#[derive(Clone, Debug)]
struct Reading {
    visit: Visit,
    visits: u32,
    /// Time of the last visit, since the process began.
    last: Duration,
    /// Between the last two.
    interval: Option<Duration>,
    /// Moment of the last view.
    seen: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Scrapers(Mutex<Vec<Reading>>);

impl Visit {
    /// Of a request with these headers.
    #[must_use]
    pub fn new(agent: &str, timeout_seconds: Option<&str>, peer: IpAddr, connection: u64) -> Self {
        let end = (0..=AGENT.min(agent.len())).rev().find(|end| agent.is_char_boundary(*end)).unwrap_or(0);
        let seconds = timeout_seconds.and_then(|text| text.parse::<f64>().ok());
        let timeout_millis =
            seconds.filter(|it| (0.0..1e6).contains(it)).map(|seconds| (seconds * 1e3) as u32);
        Self { agent: agent[..end].to_owned(), timeout_millis, peer: Some(peer), connection }
    }

    /// Of whoever Tollgate pushes to.
    #[must_use]
    pub fn push(interval: Duration) -> Self {
        let timeout_millis = u32::try_from(interval.as_millis()).ok().map(|millis| millis / 2);
        Self { agent: "push".to_owned(), timeout_millis, peer: None, connection: 0 }
    }

    /// True for curl and browsers.
    #[must_use]
    pub fn is_person(&self) -> bool {
        self.timeout_millis.is_none() && PEOPLE.iter().any(|agent| self.agent.starts_with(agent))
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.agent, self.timeout_millis, self.peer) == (&other.agent, other.timeout_millis, other.peer)
    }

    fn timeout(&self) -> Duration {
        self.timeout_millis.map_or(Duration::ZERO, |millis| Duration::from_millis(millis.into()))
    }
}

impl Reading {
    fn is_here(&self, now: Duration) -> bool {
        now.saturating_sub(self.last) <= LONGEST
    }

    /// Who comes more rarely than [`LONGEST`] is not waited for.
    fn is_regular(&self, said: bool, now: Duration) -> bool {
        let rare = self.interval.is_some_and(|interval| interval > LONGEST);
        let known = self.visit.timeout_millis.is_some() || self.visits > 1 && !said;
        self.is_here(now) && !rare && known
    }

    /// When the next visit is late.
    fn due(&self) -> Duration {
        let interval = self.interval.unwrap_or(LONGEST).min(LONGEST);
        self.last + interval + interval / 4 + SLACK
    }
}

impl Scrapers {
    /// Somebody has read a view of the moment `seen`.
    pub fn visited(&self, visit: &Visit, seen: u64, now: Duration) {
        if visit.is_person() {
            return;
        }
        let mut all = self.0.lock();
        all.retain(|reading| reading.is_here(now));
        if let Some(reading) = Self::same(&mut all, visit, now) {
            reading.interval = Some(now.saturating_sub(reading.last));
            (reading.last, reading.seen) = (now, reading.seen.max(seen));
            reading.visits = reading.visits.saturating_add(1);
            reading.visit.connection = visit.connection;
            return;
        }
        if all.len() >= MOST {
            // The one that came least recently.
            let oldest = (0..all.len()).min_by_key(|at| all[*at].last).unwrap_or(0);
            all.swap_remove(oldest);
        }
        all.push(Reading { visit: visit.clone(), visits: 1, last: now, interval: None, seen });
    }

    /// A connection has ended: its reader comes back on another.
    pub fn left(&self, connection: u64) {
        let mut all = self.0.lock();
        let here = all.iter_mut().filter(|reading| reading.visit.connection == connection);
        here.for_each(|reading| reading.visit.connection = 0);
    }

    /// The reader of this visit: on its connection, else the one of this kind without a connection whose time it is.
    fn same<'a>(all: &'a mut [Reading], visit: &Visit, now: Duration) -> Option<&'a mut Reading> {
        let on_connection = |reading: &Reading| {
            visit.connection != 0
                && reading.visit.connection == visit.connection
                && reading.visit.is_of(visit)
        };
        if let Some(at) = all.iter().position(on_connection) {
            return Some(&mut all[at]);
        }
        all.iter_mut()
            .filter(|reading| {
                let pause = now.saturating_sub(reading.last);
                let least = reading.interval.map_or(Duration::ZERO, |interval| interval / 10 * 9);
                let gone = reading.visit.connection == 0 && reading.visit.is_of(visit);
                gone && pause >= reading.visit.timeout().max(least.min(LONGEST))
            })
            .min_by_key(|reading| reading.last)
    }

    /// The moment up to which every regular reader has seen what there was; none without such a reader.
    #[must_use]
    pub fn seen_by_all(&self, now: Duration) -> Option<u64> {
        let all = self.0.lock();
        let said = all.iter().any(|it| it.visit.timeout_millis.is_some() && it.is_here(now));
        all.iter().filter(|reading| reading.is_regular(said, now)).map(|reading| reading.seen).min()
    }

    /// True when nobody is to be waited for: every regular reader has seen the moment, or is late.
    #[must_use]
    pub fn have_seen(&self, moment: u64, now: Duration) -> bool {
        let all = self.0.lock();
        let said = all.iter().any(|it| it.visit.timeout_millis.is_some() && it.is_here(now));
        let waits =
            |reading: &Reading| reading.is_regular(said, now) && reading.seen < moment && reading.due() > now;
        !all.iter().any(waits)
    }

    /// As it is kept on disk.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        for reading in &*self.0.lock() {
            out.text(&reading.visit.agent);
            out.option(reading.visit.timeout_millis, |out, millis| out.number(millis.into()));
            out.option(reading.visit.peer.map(|peer| peer.to_string()).as_deref(), Writer::text);
            out.number(reading.visits.into());
            out.option(reading.interval, |out, interval| out.number(interval.as_millis() as u64));
            out.number(reading.seen);
        }
        out.into_bytes()
    }

    /// Takes it back: all of them came just now, as far as anybody knows.
    ///
    /// # Errors
    /// It is something else.
    pub fn restore(&self, bytes: &[u8]) -> Result<(), Damaged> {
        let (mut from, mut all) = (Reader::new(bytes), self.0.lock());
        while !from.is_at_end() {
            let agent = from.text()?.to_owned();
            let timeout_millis = from.option(Reader::small)?;
            let peer = from.option(Reader::text)?.and_then(|peer| peer.parse().ok());
            let visits = from.small()?;
            let interval = from.option(Reader::number)?.map(Duration::from_millis);
            let (seen, visit) = (from.number()?, Visit { agent, timeout_millis, peer, connection: 0 });
            all.push(Reading { visit, visits, last: Duration::ZERO, interval, seen });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMETHEUS: &str = "Prometheus/2.42.0";

    fn visit(agent: &str, timeout: Option<&str>, connection: u64) -> Visit {
        Visit::new(agent, timeout, IpAddr::from([10, 0, 0, 7]), connection)
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Scenario: two servers behind one address, every 15 and every 60 s, on connections of their own. Guarantees: what
    /// only one of them has seen is not seen by all.
    #[test]
    fn two_servers_behind_one_address_are_two() {
        let scrapers = Scrapers::default();
        let (fast, slow) = (visit(PROMETHEUS, Some("10"), 1), visit(PROMETHEUS, Some("10"), 2));
        scrapers.visited(&slow, 100, at(0));
        for scrape in 0..3 {
            scrapers.visited(&fast, 101 + scrape, at(5 + scrape * 15));
            assert_eq!(scrapers.seen_by_all(at(6 + scrape * 15)), Some(100));
        }
        scrapers.visited(&slow, 160, at(60));
        assert_eq!(scrapers.seen_by_all(at(60)), Some(103));
    }

    /// Scenario: a server without lasting connections. Guarantees: it stays one; a second one that comes before its
    /// time-out has passed is another.
    #[test]
    fn a_server_on_new_connections_stays_one() {
        let scrapers = Scrapers::default();
        for scrape in 1..5 {
            scrapers.visited(&visit(PROMETHEUS, Some("10"), scrape), scrape - 1, at((scrape - 1) * 15));
            scrapers.left(scrape);
        }
        assert_eq!(scrapers.seen_by_all(at(46)), Some(3));
        scrapers.visited(&visit(PROMETHEUS, Some("10"), 9), 9, at(47));
        assert_eq!(scrapers.seen_by_all(at(47)), Some(3));
    }

    /// Guarantees: a person neither counts nor costs; others become regular with their second visit, while nobody is
    /// known who says that they are; who does not come any more is not waited for.
    #[test]
    fn who_is_regular() {
        let scrapers = Scrapers::default();
        assert!(visit("curl/8.5.0", None, 1).is_person() && visit("Mozilla/5.0 (X11)", None, 1).is_person());
        assert!(!visit("Telegraf/1.30", None, 1).is_person());
        scrapers.visited(&visit("curl/8.5.0", None, 1), 5, at(0));
        scrapers.visited(&visit("Telegraf/1.30", None, 2), 6, at(0));
        scrapers.left(2);
        assert_eq!(scrapers.seen_by_all(at(0)), None);
        scrapers.visited(&visit("Telegraf/1.30", None, 3), 7, at(10));
        assert_eq!(scrapers.seen_by_all(at(10)), Some(7));
        scrapers.visited(&visit(PROMETHEUS, Some("10"), 4), 8, at(11));
        assert_eq!(scrapers.seen_by_all(at(11)), Some(8));
        assert_eq!(scrapers.seen_by_all(at(11) + LONGEST), Some(8));
        assert_eq!(scrapers.seen_by_all(at(12) + LONGEST), None);
    }

    /// Guarantees: at the end, everybody who still comes is waited for, nobody who is late, and nobody twice.
    #[test]
    fn the_end_waits_for_regular_readers() {
        let scrapers = Scrapers::default();
        let prometheus = visit(PROMETHEUS, Some("10"), 1);
        scrapers.visited(&prometheus, 5, at(0));
        scrapers.visited(&prometheus, 6, at(15));
        assert!(!scrapers.have_seen(7, at(16)));
        assert!(scrapers.have_seen(7, at(40)), "it did not come");
        scrapers.visited(&prometheus, 7, at(30));
        assert!(scrapers.have_seen(7, at(30)));
    }

    /// Guarantees: after a restart the same readers are waited for, on whatever connections they come.
    #[test]
    fn readers_outlive_a_restart() {
        let before = Scrapers::default();
        before.visited(&visit(PROMETHEUS, Some("10"), 1), 50, at(900));
        before.visited(&Visit::push(at(60)), 60, at(901));
        let after = Scrapers::default();
        after.restore(&before.to_bytes()).unwrap();
        assert_eq!(after.seen_by_all(at(1)), Some(50));
        after.visited(&visit(PROMETHEUS, Some("10"), 3), 70, at(12));
        assert_eq!(after.seen_by_all(at(12)), Some(60));
    }
}
