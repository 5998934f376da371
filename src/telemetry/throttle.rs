//! How many log lines of one kind may be written: a storm is told once and then counted.

use super::lines::Kind;

/// Lines of one kind per [`WINDOW_NANOS`].
const LINES: u32 = 5;
/// One minute.
const WINDOW_NANOS: u64 = 60_000_000_000;

/// What to do with a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Write it.
    pub(super) write: bool,
    /// Lines of this kind that were left out since the last one written, told once a window.
    pub(super) suppressed_before: u64,
}

/// One throttle per kind.
#[derive(Debug)]
pub(super) struct Throttles {
    kinds: [Throttle; Kind::ALL.len()],
}

#[derive(Clone, Copy, Debug, Default)]
struct Throttle {
    window_unix_nano: u64,
    lines: u32,
    suppressed: u64,
}

impl Default for Throttles {
    fn default() -> Self {
        Self { kinds: std::array::from_fn(|_| Throttle::default()) }
    }
}

impl Throttles {
    pub(super) fn admit(&mut self, kind: Kind, now_unix_nano: u64) -> Verdict {
        self.kinds[kind as usize].admit(now_unix_nano)
    }
}

impl Throttle {
    fn admit(&mut self, now_unix_nano: u64) -> Verdict {
        let mut suppressed_before = 0;
        // A clock that is set back begins a new window too, instead of silencing the log.
        if now_unix_nano.wrapping_sub(self.window_unix_nano) >= WINDOW_NANOS {
            suppressed_before = self.suppressed;
            *self = Self { window_unix_nano: now_unix_nano, ..Self::default() };
        }
        let write = self.lines < LINES;
        if write {
            self.lines += 1;
        } else {
            self.suppressed += 1;
        }
        Verdict { write, suppressed_before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: 1,000 refusals a second for two minutes. Guarantees: five lines a minute, and the
    /// next minute tells how many were left out.
    #[test]
    fn a_storm_is_five_lines_a_minute_and_a_count() {
        let mut throttles = Throttles::default();
        let start = 1_800_000_000_000_000_000;
        let verdicts: Vec<Verdict> = (0..120_000)
            .map(|event| throttles.admit(Kind::RequestRefused, start + event * 1_000_000))
            .collect();
        assert_eq!(verdicts.iter().filter(|verdict| verdict.write).count(), 10);
        assert_eq!(verdicts[60_000].suppressed_before, 59_995);
        assert_eq!(verdicts.iter().filter(|verdict| verdict.suppressed_before > 0).count(), 1);
    }

    /// Guarantees: one kind's storm does not silence another kind.
    #[test]
    fn kinds_do_not_silence_each_other() {
        let mut throttles = Throttles::default();
        (0..100).for_each(|_| {
            let _ = throttles.admit(Kind::RequestRefused, WINDOW_NANOS);
        });
        assert!(throttles.admit(Kind::Stopped, WINDOW_NANOS).write);
    }

    /// Guarantees: a clock set back by a day does not silence the log for a day.
    #[test]
    fn a_clock_set_back_opens_a_new_window() {
        let mut throttles = Throttles::default();
        let day = 86_400_000_000_000;
        (0..100).for_each(|_| {
            let _ = throttles.admit(Kind::RequestRefused, 2 * day);
        });
        assert!(throttles.admit(Kind::RequestRefused, day).write);
    }
}
