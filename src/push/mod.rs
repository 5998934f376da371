//! Metrics by OTLP: what `/metrics` shows, pushed at an interval to a Collector or a store.
//!
//! In: views of everything at one moment, the section `otlp_metrics`. Out: OTLP requests, cumulative, under our own
//! names. It counts nothing: what a target did not take is sent again with the next view, whose numbers contain it.
//!
//! | part | does |
//! |---|---|
//! | [`settings`] | what the user writes |
//! | [`encode`] | a view as OTLP requests, a few thousand data points each |
//! | [`semconv`] | the names of the `GenAI` conventions instead of ours |
//! | `transport` | gRPC or HTTP, plain, TLS or a unix socket |
//!
//! Why not the OpenTelemetry SDK: its instruments would be a second account beside the table (with other
//! bounds, no creation time of each series, floats added in another order), and what is pushed would differ from what is
//! scraped. Here both are written from the same view.

pub mod encode;
pub mod semconv;
pub mod settings;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::expose::http::MetricsSource;
use crate::expose::scrapers::Visit;
use crate::expose::view::View;
use crate::telemetry::{Event, emit};
use encode::{Identity, requests};
use settings::PushSettings;
use transport::Transport;

/// Longest wait for the answer to one request.
const ANSWER: Duration = Duration::from_secs(10);

/// Pushes until `stop`, and once more after it: what was counted since then is not lost for who cannot scrape.
pub async fn run<S: MetricsSource>(
    settings: PushSettings,
    identity: Identity,
    source: Arc<S>,
    stop: CancellationToken,
) {
    let mut transport = Transport::new(&settings);
    let visit = Visit::push(settings.interval());
    let mut ticks = interval(settings.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        if let Some(view) = push(&settings, &identity, &*source, &mut transport).await {
            source.visited(&visit, &view);
        }
        if last {
            return;
        }
    }
}

/// Pushes once; what was taken.
async fn push<S: MetricsSource>(
    settings: &PushSettings,
    identity: &Identity,
    source: &S,
    transport: &mut Transport,
) -> Option<Arc<View>> {
    let outcome = match source.view().await {
        Err(unavailable) => Err(unavailable.to_string()),
        Ok(view) => {
            let mut sent = Ok(());
            for request in requests(&view, identity, settings.names, clock::now_unix_nano()) {
                sent = match timeout(ANSWER, transport.send(request)).await {
                    Ok(sent) => sent,
                    Err(_) => Err(format!("no answer within {} s", ANSWER.as_secs())),
                };
                if sent.is_err() {
                    break;
                }
            }
            sent.map(|()| view)
        }
    };
    emit(&Event::Pushed { target: &settings.endpoint, error: outcome.as_ref().err().map(String::as_str) });
    outcome.ok()
}
