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

    /// Nanoseconds that would have passed since the Unix epoch, had nobody set the wall clock since the start.
    #[must_use]
    pub fn now(&self) -> u64 {
        let passed = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.began_unix_nano.saturating_add(passed)
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
