//! Traffic to look at: a made-up company whose calls reach Tollgate through a real OTLP exporter.
//!
//! In: an address, [`Options`] and a clock. Out: spans over OTLP/gRPC, until it is stopped. It shares no code with
//! the receiver; what it shows has taken the way that every span takes.
//!
//! | file | has |
//! |---|---|
//! | `traffic` | services, models, weights: data |
//! | `failures` | how calls fail, in the providers' words: data |
//! | `call` | one of them |
//! | `calls` | which calls happen |
//! | `past` | which happened before |
//! | `scenario` | what goes wrong on request |
//! | `spans` | a call as its instrumentation writes it |
//! | `headers` | rate limits as each provider writes them |

mod call;
mod calls;
mod failures;
mod headers;
mod past;
mod random;
mod scenario;
mod spans;
mod traffic;

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio_util::sync::CancellationToken;

pub use calls::Options;
pub use past::{Past, STANDS_FOR};
pub use scenario::Scenario;

use call::Call;
use calls::Calls;
use random::Random;
use spans::Writer;

/// Time between two exports, as the batch processors of the SDKs do it, only faster.
const TICK: Duration = Duration::from_millis(500);
/// Exporters that are kept; `series-overflow` invents services without end.
const MAX_EXPORTERS: usize = 64;

/// Who sends: `service.name` and `deployment.environment.name`.
type Sender = (String, &'static str);

/// Sends traffic to an OTLP/gRPC endpoint such as `http://127.0.0.1:4317` until stopped.
///
/// # Errors
/// When the exporter cannot be made from the endpoint. An endpoint that does not answer is tried again.
pub async fn run(
    endpoint: String,
    options: Options,
    now_unix_nano: fn() -> u64,
    stop: CancellationToken,
) -> Result<(), opentelemetry_otlp::ExporterBuildError> {
    let mut random = Random::new(options.seed.rotate_left(32));
    let mut calls = Calls::new(options);
    let mut exporters: BTreeMap<Sender, SpanExporter> = BTreeMap::new();
    let mut ticks = tokio::time::interval(TICK);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let mut writer = Writer { random: &mut random, end_unix_nano: now_unix_nano() };
        for (sender, spans) in by_sender(&calls.next(TICK.as_secs_f64()), &mut writer) {
            if exporters.len() >= MAX_EXPORTERS && !exporters.contains_key(&sender) {
                exporters.pop_last();
            }
            let exporter = match exporters.entry(sender) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let made = exporter(&endpoint, entry.key())?;
                    entry.insert(made)
                }
            };
            // Lost batches show where they should: in the gap of the metrics.
            let _ = exporter.export(spans).await;
        }
    }
    Ok(())
}

fn by_sender(calls: &[Call], writer: &mut Writer<'_>) -> BTreeMap<Sender, Vec<SpanData>> {
    let mut batches: BTreeMap<Sender, Vec<SpanData>> = BTreeMap::new();
    for call in calls {
        let sender = (call.service_name.clone(), call.service.environment);
        batches.entry(sender).or_default().extend(writer.spans(call));
    }
    batches
}

fn exporter(endpoint: &str, sender: &Sender) -> Result<SpanExporter, opentelemetry_otlp::ExporterBuildError> {
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(Duration::from_secs(5))
        .build()?;
    exporter.set_resource(&resource(sender));
    Ok(exporter)
}

fn resource(sender: &Sender) -> Resource {
    let attributes = [
        KeyValue::new("service.name", sender.0.clone()),
        KeyValue::new("deployment.environment.name", sender.1),
        KeyValue::new("telemetry.sdk.language", "rust"),
    ];
    Resource::builder_empty().with_attributes(attributes).build()
}

#[cfg(test)]
mod tests;
