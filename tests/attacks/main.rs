//! Who reaches the ports takes nothing away: each attack on the built binary with its bound, beside good traffic.
//!
//! Short by default, with bounds that a busy machine keeps: memory, answers, recovery. `TOLLGATE_ATTACKS=whole` is the
//! real size, and holds good traffic beside it to a second (`make proof`, with a release build). Peak memory is the
//! kernel's own figure of the process under attack, and each attack has a process of its own, to which the kernel gives no more
//! data than the shipped unit allows (1 GiB). The good client has an
//! address of its own, 127.0.0.2: while others are connected, one peer has a quarter of the memory.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures are worth reading")]

mod bodies;
mod bombs;
mod crowds;
mod good;
mod target;
mod texts;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tollgate::clock::Stopwatch;

use good::Good;
use target::Target;

pub(crate) const MIB: usize = 1 << 20;
/// For what happens within a second on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// The real sizes, with bounds of time.
pub(crate) fn whole() -> bool {
    std::env::var_os("TOLLGATE_ATTACKS").is_some_and(|how| how == "whole")
}

/// Attacks, with good traffic beside, and holds what was seen to the bounds. `most` is of memory, in MiB above the start.
pub(crate) fn hold(name: &str, target: &Target, most: usize, attack: impl FnOnce(&Target) + Send) {
    let (start, cpu) = (target.peak() / MIB, target.cpu_seconds());
    let ended = AtomicBool::new(false);
    let good = std::thread::scope(|scope| {
        let good = scope.spawn(|| Good::until(target, &ended));
        attack(target);
        ended.store(true, Ordering::Relaxed);
        good.join().expect("good traffic is served")
    });
    let recovering = Stopwatch::start();
    assert_eq!(good::send_once(target), 200, "{name}: taken at once when it is over");
    let recovered = recovering.elapsed();
    let (grown, cpu) = (target.peak() / MIB - start, target.cpu_seconds() - cpu);
    println!(
        "{name}: {grown} MiB above {start}, {cpu:.1} s of CPU; beside it {} requests p50 {:.0} ms p99 {:.0} ms, \
         {} scrapes p99 {:.0} ms; served again after {:.0} ms",
        good.sends.len(),
        good::percentile(&good.sends, 50) * 1e3,
        good::percentile(&good.sends, 99) * 1e3,
        good.scrapes.len(),
        good::percentile(&good.scrapes, 99) * 1e3,
        recovered.as_secs_f64() * 1e3,
    );
    assert_eq!(good.refused, 0, "{name}: good requests were refused");
    assert!(grown < most, "{name}: {grown} MiB, {most} at most");
    if whole() {
        for (what, times) in [("requests", &good.sends), ("scrapes", &good.scrapes)] {
            assert!(good::percentile(times, 99) < 1.0, "{name}: p99 of {what}");
        }
        assert!(recovered < Duration::from_secs(2), "{name}: served again after {recovered:?}");
    }
}
