//! Certificates and tokens, read again while serving.
//!
//! In: the guards of all listeners, and a wish (SIGHUP). Out: guards that hold what the files hold, events when they
//! do not. Contents are compared, not times: Kubernetes swaps links.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock;
use crate::receive::guard::Guard;
use crate::receive::listen::Purpose;
use crate::telemetry::{Event, emit};

/// How often the files are read.
const EVERY: Duration = Duration::from_secs(10);

/// Watches for ever.
pub(super) async fn watch(guards: [(Purpose, Arc<Guard>); 3], wished: Arc<Notify>) {
    let mut known: [Option<String>; 3] = Default::default();
    loop {
        for ((purpose, guard), known) in guards.iter().zip(&mut known) {
            let key = purpose.key();
            match guard.refresh(clock::now_unix_nano()) {
                Ok(changed) => {
                    if changed {
                        emit(&Event::GuardReloaded { key });
                    }
                    *known = None;
                }
                // Each problem is told once, not every ten seconds.
                Err(problem) => {
                    if known.as_ref() != Some(&problem) {
                        emit(&Event::GuardRejected { key, error: &problem });
                        *known = Some(problem);
                    }
                }
            }
            if let Some(unix_seconds) = guard.expires_unix_seconds() {
                emit(&Event::CertificateExpiry { listener: purpose.label(), unix_seconds });
            }
        }
        let _ = tokio::time::timeout(EVERY, wished.notified()).await;
    }
}
