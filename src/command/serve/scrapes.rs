//! The metrics port, on a thread of its own: no request that is being read can keep a scrape or a probe waiting.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::expose::http::{self, MetricsDoor, MetricsSource};
use crate::receive::listen::Bound;
use crate::receive::socket::Listener;

/// Serves until told to stop. What it returns ends when the last answer is sent.
pub(super) fn serve<S: MetricsSource>(
    bound: Bound,
    source: Arc<S>,
    door: MetricsDoor,
    until: CancellationToken,
) -> io::Result<impl Future<Output = Result<(), oneshot::error::RecvError>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _within = runtime.enter();
        Listener::open(bound)?
    };
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        runtime.block_on(http::serve(listener, source, door, until.cancelled_owned()));
        // Who waits for it may have gone.
        let _ = ended.send(());
    })?;
    Ok(end)
}
