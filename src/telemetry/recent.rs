//! Spans of the last five minutes, for the person who asks "does anything arrive?".

use super::event::SpanResult;

const MINUTES: usize = 5;
const MINUTE_NANOS: u64 = 60_000_000_000;

type Counts = [u64; SpanResult::ALL.len()];

/// One bucket a minute, reused in turn.
#[derive(Debug, Default)]
pub(super) struct Recent {
    minutes: [(u64, Counts); MINUTES],
}

impl Recent {
    pub(super) fn add(&mut self, result: SpanResult, count: u64, now_unix_nano: u64) {
        let minute = now_unix_nano / MINUTE_NANOS;
        let bucket = &mut self.minutes[usize::try_from(minute % MINUTES as u64).unwrap_or(0)];
        if bucket.0 != minute {
            *bucket = (minute, Counts::default());
        }
        bucket.1[result as usize] += count;
    }

    /// Of this minute and the four before it.
    pub(super) fn sum(&self, now_unix_nano: u64) -> Counts {
        let now = now_unix_nano / MINUTE_NANOS;
        let fresh = self.minutes.iter().filter(|(minute, _)| now.saturating_sub(*minute) < MINUTES as u64);
        fresh.fold(Counts::default(), |sum, (_, counts)| std::array::from_fn(|at| sum[at] + counts[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: one span a minute for an hour. Guarantees: five are recent, and none ten minutes later.
    #[test]
    fn only_the_last_five_minutes_count() {
        let mut recent = Recent::default();
        (0..60).for_each(|minute| recent.add(SpanResult::Call, 1, minute * MINUTE_NANOS));
        assert_eq!(recent.sum(59 * MINUTE_NANOS)[SpanResult::Call as usize], 5);
        assert_eq!(recent.sum(69 * MINUTE_NANOS)[SpanResult::Call as usize], 0);
    }
}
