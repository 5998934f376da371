//! What the wall clock said when a span came, seen from engine time.
//!
//! In: readings of both clocks. Out: moments that spans state, as engine time. Spans are dated by wall clocks, and
//! those can be set; everything that waits, idles or goes stale here is measured on a clock that only runs forward.

use crate::settle::LlmCall;

/// A difference that is more than drift.
const STEP_NANOS: i128 = 1_000_000_000;

/// How far the wall clock is from engine time, and was before it was last set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WallClock {
    ahead: i128,
    before: i128,
    set_at: u64,
}

impl WallClock {
    /// Takes a reading of both clocks.
    pub(super) fn read(&mut self, now: u64, unix_nano: u64) {
        let ahead = i128::from(unix_nano) - i128::from(now);
        if (ahead - self.ahead).abs() > STEP_NANOS {
            (self.before, self.set_at) = (self.ahead, now);
        }
        self.ahead = ahead;
    }

    /// What the wall clock says when engine time is `now`.
    pub(super) fn unix_nano(&self, now: u64) -> u64 {
        u64::try_from(i128::from(now) + self.ahead).unwrap_or(0)
    }

    /// The end of a call in engine time.
    pub(super) fn end_of(&self, call: &LlmCall<'_>, now: u64) -> u64 {
        let waited = call.members.first().map_or(0, |held| held.waited_nanos(now));
        self.engine_time(call.end_unix_nano, now.saturating_sub(waited))
    }

    /// A moment that a span states which came when engine time was `arrived`.
    fn engine_time(&self, unix_nano: u64, arrived: u64) -> u64 {
        let ahead = if arrived < self.set_at { self.before } else { self.ahead };
        u64::try_from(i128::from(unix_nano) - ahead).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * SECOND;

    #[test]
    fn a_step_of_a_day_moves_no_moment() {
        for (before, after) in [(10 * DAY, 11 * DAY), (10 * DAY, 9 * DAY)] {
            let mut wall = WallClock::default();
            wall.read(10 * DAY, before);
            wall.read(10 * DAY + SECOND, after + SECOND);
            assert_eq!(wall.engine_time(before, 10 * DAY), 10 * DAY);
            assert_eq!(wall.engine_time(after + SECOND, 10 * DAY + SECOND), 10 * DAY + SECOND);
        }
    }
}
