//! The only module that reads the time.
//!
//! In: the operating system's clocks. Out: plain numbers, which everything else takes as arguments,
//! so that every rule about time can be tested without waiting.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch; 0 if the system clock stands before it. Good until 2554.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now_unix_nano() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

/// A clock that only runs forward: it begins where the wall clock stands, and no step of that moves it.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock {
    began_unix_nano: u64,
    since: Stopwatch,
}

impl SteadyClock {
    /// Begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { began_unix_nano: now_unix_nano(), since: Stopwatch::start() }
    }

    /// The clock of another process goes on, whose last word was `shown` at that moment since the machine was started: by
    /// how long that is ago, where nobody has started the machine anew; else by the wall clock, if that is later.
    #[must_use]
    pub fn go_on(self, shown: u64, moment: &SinceBoot) -> Self {
        let own = SinceBoot::now();
        let passed =
            own.nanos.checked_sub(moment.nanos).filter(|_| own.boot == moment.boot && !own.boot.is_empty());
        let wall = self.began_unix_nano;
        match passed.map(|passed| shown.saturating_add(passed)) {
            // A machine that did not know the date at its start knows it now.
            Some(now) if wall < now.saturating_add(YEAR) => Self { began_unix_nano: now, ..self },
            Some(_) | None => self.not_before(shown),
        }
    }

    /// The same clock, that never shows less than this.
    #[must_use]
    pub fn not_before(self, unix_nano: u64) -> Self {
        Self { began_unix_nano: self.began_unix_nano.max(unix_nano), ..self }
    }

    /// Nanoseconds that would have passed since the Unix epoch, had nobody set the wall clock since the start.
    #[must_use]
    pub fn now(&self) -> u64 {
        let passed = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.began_unix_nano.saturating_add(passed)
    }
}

const YEAR: u64 = 366 * 86_400 * 1_000_000_000;

/// How long the machine runs, which nobody can set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinceBoot {
    /// Which start of the machine; empty where it does not tell.
    pub boot: String,
    /// Nanoseconds since then, asleep or not.
    pub nanos: u64,
}

impl SinceBoot {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        // A unit may hide that file; it passes the same on.
        let file = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let boot = file.or_else(|| std::env::var("BOOT_ID").ok()).unwrap_or_default();
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos =
            seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0));
        Self { boot: boot.trim().replace('-', ""), nanos }
    }
}

/// A moment of the monotonic clock, for measuring how long our own work takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.0)
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000_000_000;

    /// Scenario: a process ends, and the next one starts an hour later, with a wall clock that somebody has set.
    /// Guarantees: an hour has passed; after a start of the machine, the wall clock decides, and nothing goes back.
    #[test]
    fn a_step_between_two_processes_moves_nothing() {
        let then = SinceBoot { nanos: SinceBoot::now().nanos.saturating_sub(HOUR), ..SinceBoot::now() };
        let other = SinceBoot { boot: "another".to_owned(), ..then.clone() };
        for shown in [now_unix_nano() - 24 * HOUR, now_unix_nano() + 24 * HOUR] {
            if !then.boot.is_empty() && then.nanos > 0 {
                let passed = SteadyClock::start().go_on(shown, &then).now() - shown;
                assert!((HOUR..HOUR + HOUR / 60).contains(&passed), "{passed}");
            }
            let by_wall = SteadyClock::start().go_on(shown, &other).now();
            assert!(by_wall >= shown.max(now_unix_nano() - HOUR), "{by_wall}");
        }
    }
}
