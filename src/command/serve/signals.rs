//! Signals of the operating system.
//!
//! In: nothing. Out: a token that is cancelled by the first SIGINT or SIGTERM, and a stream of SIGHUPs. The second
//! interrupt ends the process at once, with exit code 130.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that was interrupted: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Signals that come this close together are one wish.
const ONE_WISH: Duration = Duration::from_millis(500);

/// A token that the first SIGINT or SIGTERM cancels.
pub(super) fn stop_token() -> io::Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        stopping.cancel();
        // One wish to stop may arrive twice: `timeout` and some supervisors signal the process and its group.
        let twice = async {
            loop {
                either(&mut interrupt, &mut terminate).await;
            }
        };
        let _ = tokio::time::timeout(ONE_WISH, twice).await;
        either(&mut interrupt, &mut terminate).await;
        #[expect(clippy::exit, reason = "the second interrupt asks for exactly that")]
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}

/// SIGHUPs: read the configuration again.
pub(super) fn reloads() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
