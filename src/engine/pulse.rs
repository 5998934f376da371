//! Signs of life: what anybody may know of the engine without asking it.

use std::any::Any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Stopwatch;

/// Written by the engine's thread, read by all others.
#[derive(Debug)]
pub(super) struct Pulse {
    running: Stopwatch,
    turned_nanos: AtomicU64,
    wanted: AtomicBool,
    going: AtomicBool,
    failed: CancellationToken,
    cause: OnceLock<String>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            running: Stopwatch::start(),
            turned_nanos: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            going: AtomicBool::new(false),
            failed: CancellationToken::new(),
            cause: OnceLock::new(),
        }
    }

    /// Time since the engine was started; runs forward only.
    pub(super) fn now(&self) -> Duration {
        self.running.elapsed()
    }

    /// Age of the engine's last turn.
    pub(super) fn lag(&self) -> Duration {
        self.now().saturating_sub(Duration::from_nanos(self.turned_nanos.load(Ordering::Relaxed)))
    }

    /// The engine has finished a turn.
    pub(super) fn turned(&self) {
        let nanos = u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX);
        self.turned_nanos.store(nanos, Ordering::Relaxed);
    }

    /// What was kept has been read, and there is a first view.
    pub(super) fn go(&self) {
        self.going.store(true, Ordering::Release);
    }

    /// True until then.
    pub(super) fn is_starting(&self) -> bool {
        !self.going.load(Ordering::Acquire)
    }

    /// Somebody wants a view.
    pub(super) fn want_view(&self) {
        self.wanted.store(true, Ordering::Release);
    }

    /// True once for any number of wishes.
    pub(super) fn takes_view(&self) -> bool {
        self.wanted.swap(false, Ordering::Acquire)
    }

    /// The engine has ended by a panic.
    pub(super) fn fail(&self, panic: &(dyn Any + Send)) {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let _ = self.cause.set(text.unwrap_or("a panic without words").to_owned());
        self.failed.cancel();
    }

    /// True when it has.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Waits for that, and tells what it said.
    pub(super) async fn failed(&self) -> &str {
        self.failed.cancelled().await;
        self.cause.get().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: what a panicking thread said is known to those who wait for it.
    #[tokio::test]
    async fn a_panic_is_told() {
        let pulse = std::sync::Arc::new(Pulse::new());
        let own = std::sync::Arc::clone(&pulse);
        let thread = std::thread::spawn(move || {
            let ended = std::panic::catch_unwind(|| panic!("row {} is gone", 7));
            own.fail(&*ended.unwrap_err());
        });
        assert_eq!(pulse.failed().await, "row 7 is gone");
        thread.join().unwrap();
    }

    /// Guarantees: lag grows until a turn ends, and a wish for a view is taken once.
    #[test]
    fn lag_is_the_age_of_the_last_turn() {
        let pulse = Pulse::new();
        std::thread::sleep(Duration::from_millis(2));
        let before = pulse.lag();
        pulse.turned();
        assert!(before >= Duration::from_millis(2) && pulse.lag() < before);
        pulse.want_view();
        pulse.want_view();
        assert!(pulse.takes_view() && !pulse.takes_view());
    }
}
