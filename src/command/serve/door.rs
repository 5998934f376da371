//! The engine as the listeners see it.
//!
//! In: settings. Out: a running engine behind the two traits of the listeners. It counts nothing itself.

use bytes::Bytes;

use super::Engine;
use crate::aggregate::{AggregateOptions, Dimension};
use crate::command::{Failure, price_book};
use crate::config::{Listen, Settings};
use crate::dialect::Vocabulary;
use crate::engine::{EngineHandle, EngineSettings, spawn};
use crate::expose::http::{MetricsSource, Unavailable};
use crate::expose::status::{Readiness, Status};
use crate::expose::text::Format;
use crate::receive::{Accepted, Intake, Payload, Refused};
use crate::settle::SettleSettings;
use crate::telemetry::{self, Event, emit};

/// A running engine.
#[derive(Debug)]
pub(super) struct EngineDoor {
    engine: EngineHandle,
    addresses: Listen,
}

impl EngineDoor {
    /// Starts one.
    pub(super) fn open(settings: &Settings, addresses: Listen) -> Result<Self, Failure> {
        let most_queued = settings.receive.max_in_flight_bytes;
        let engine = spawn(vocabulary(settings), engine_settings(settings)?, most_queued)?;
        Ok(Self { engine, addresses })
    }
}

/// The keys that matter under these settings.
pub(crate) fn vocabulary(settings: &Settings) -> Vocabulary {
    let keys: Vec<Vec<String>> =
        settings.dimensions.iter().map(|dimension| dimension.attributes.clone()).collect();
    Vocabulary::new(&keys)
}

/// How spans wait under these settings.
pub(crate) fn settle_settings(settings: &Settings) -> SettleSettings {
    SettleSettings {
        wait_nanos: nanos(settings.settle.seconds),
        most_bytes: usize::try_from(settings.settle.max_bytes).unwrap_or(usize::MAX),
        ..SettleSettings::default()
    }
}

fn engine_settings(settings: &Settings) -> Result<EngineSettings, Failure> {
    let dimensions = settings.dimensions.iter().map(|dimension| Dimension {
        name: dimension.label.clone(),
        max_values: usize::try_from(dimension.max_values).unwrap_or(usize::MAX),
    });
    Ok(EngineSettings {
        settle: settle_settings(settings),
        aggregate: AggregateOptions {
            max_call_series: usize::try_from(settings.series.max).unwrap_or(usize::MAX),
            hold_nanos: nanos(settings.series.hold_seconds),
            idle_expiry_nanos: nanos(settings.series.idle_seconds),
            dimensions: dimensions.collect(),
        },
        book: price_book(settings)?,
        catalogue_source: if settings.prices.catalogue_file.is_some() { "file" } else { "embedded" },
        limits: settings.limits.clone(),
        default_service: settings.default_service.clone(),
        default_environment: settings.default_environment.clone(),
        estimate_missing_usage: settings.estimate_missing_usage,
    })
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

impl Intake for EngineDoor {
    fn accept(&self, payload: Payload<'_>) -> Result<Accepted, Refused> {
        self.engine.accept(payload)
    }

    fn ready(&self) -> bool {
        self.engine.ready()
    }
}

impl MetricsSource for EngineDoor {
    async fn render(&self, format: Format) -> Result<Bytes, Unavailable> {
        let ended = || Unavailable("the engine has stopped; restart Tollgate and read its log".to_owned());
        self.engine.document(format).await.ok_or_else(ended)
    }

    fn status(&self) -> Status {
        let glance = self.engine.glance();
        let readiness = if self.engine.ready() {
            Readiness::Ready
        } else {
            Readiness::NotReady("shutting down: no more spans are taken".to_owned())
        };
        Status {
            readiness,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            grpc_address: self.addresses.grpc.to_string(),
            http_address: self.addresses.http.to_string(),
            totals: telemetry::totals(),
            call_series: self.engine.call_series(),
            call_series_limit: glance.call_series_limit,
            catalogue_date: glance.catalogue_date,
            catalogue_source: glance.catalogue_source,
        }
    }
}

impl Engine for EngineDoor {
    async fn reload(&self, settings: &Settings) {
        match engine_settings(settings) {
            Ok(settings) => self.engine.reload(settings).await,
            Err(failure) => emit(&Event::CatalogueRejected { error: &failure.to_string() }),
        }
    }

    async fn finish(&self) {
        self.engine.finish().await;
    }
}
