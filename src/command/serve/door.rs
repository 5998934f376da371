//! The engine as the listeners see it.
//!
//! In: settings. Out: a running engine behind the two traits of the listeners. It counts nothing itself. What was kept
//! is opened beside the listeners, which answer meanwhile: it may be long, or another process may still have it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::aggregate::{AggregateOptions, Dimension};
use crate::clock;
use crate::command::order::forgotten;
use crate::command::{Failure, price_book};
use crate::config::{Listen, Sampling, Settings};
use crate::dialect::Vocabulary;
use crate::engine::{EngineHandle, EngineSettings, spawn};
use crate::expose::http::{MetricsSource, Unavailable};
use crate::expose::scrapers::Visit;
use crate::expose::status::{Readiness, Status};
use crate::expose::view::View;
use crate::ledger::Shared;
use crate::ledger::order::Order;
use crate::receive::{Intake, Payload, Receipt, Refused};
use crate::settle::SettleSettings;
use crate::store::{Durability, Store, StoreSettings};
use crate::telemetry::{self, Event, emit};

/// An engine whose last turn is older than this keeps up with nothing.
const NOT_READY: Duration = Duration::from_secs(5);
/// How long one view is shown.
const SHARED: Duration = Duration::from_secs(1);
/// So many views later, the one that was asked for is on disk: one may be on its way, one is shared.
const VIEWS: usize = 3;
/// How much longer than they must a call's spans wait, about.
const SETTLED: Duration = Duration::from_secs(2);
/// And this old, it will not come back.
const STUCK: Duration = Duration::from_secs(60);

/// What is not there yet.
const STARTING: &str = "starting: what was kept is being read";

/// A running engine, or one that is about to run.
#[derive(Debug)]
pub(super) struct EngineDoor {
    engine: OnceLock<EngineHandle>,
    /// Why there will be none.
    refused: Mutex<Option<Failure>>,
    /// One of the two is known.
    opened: CancellationToken,
    addresses: Listen,
    /// Those that are in force.
    settings: RwLock<Settings>,
}

impl EngineDoor {
    /// Starts one: at once where nothing is kept, else on a thread of its own.
    pub(super) fn open(settings: &Settings, addresses: Listen) -> Result<Arc<Self>, Failure> {
        let (refused, opened) = (Mutex::new(None), CancellationToken::new());
        let in_force = RwLock::new(settings.clone());
        let door = Arc::new(Self { engine: OnceLock::new(), refused, opened, addresses, settings: in_force });
        if settings.data.folder.is_none() {
            emit(&Event::NothingKept);
            door.start(settings)?;
        } else {
            let (own, settings) = (Arc::clone(&door), settings.clone());
            std::thread::Builder::new().name("opening".to_owned()).spawn(move || {
                if let Err(failure) = own.start(&settings) {
                    *own.refused.lock() = Some(failure);
                    own.opened.cancel();
                }
            })?;
        }
        Ok(door)
    }

    fn start(&self, settings: &Settings) -> Result<(), Failure> {
        let most_queued = settings.receive.max_in_flight_bytes;
        let store = store_settings(settings).map(|wanted| open_store(&wanted)).transpose()?;
        let engine = spawn(vocabulary(settings), engine_settings(settings)?, most_queued, store)?;
        // It is set once, here.
        let _ = self.engine.set(engine);
        self.opened.cancel();
        Ok(())
    }

    /// Waits for it; none where it is refused.
    pub(super) async fn engine(&self) -> Option<&EngineHandle> {
        self.opened.cancelled().await;
        self.engine.get()
    }

    fn running(&self) -> Option<&EngineHandle> {
        self.engine.get().filter(|engine| !engine.is_starting())
    }
}

/// What outlives the process under these settings.
pub(crate) fn store_settings(settings: &Settings) -> Option<StoreSettings> {
    let data = &settings.data;
    let (most_bytes, durability) = (data.max_bytes, data.durability);
    Some(StoreSettings { folder: data.folder.clone()?, most_bytes, durability })
}

fn open_store(wanted: &StoreSettings) -> Result<(Store, Durability), Failure> {
    let store = Store::open(wanted).map_err(|opening| Failure::Input(opening.to_string()))?;
    Ok((store, wanted.durability))
}

/// The keys that matter under these settings.
pub(crate) fn vocabulary(settings: &Settings) -> Vocabulary {
    let dimensions = settings.dimensions.iter().map(|dimension| dimension.attributes.clone());
    let keys: Vec<Vec<String>> = dimensions.chain(settings.ledger.attribution.keys()).collect();
    // What was checked is fine; a section that is not teaches nothing.
    let taught = settings.vocabulary.teach().ok().filter(|_| !settings.vocabulary.is_empty());
    Vocabulary::with(&keys, taught.map(Arc::new)).counting(&settings.ledger.attribution.counted())
}

/// How spans wait under these settings.
pub(crate) fn settle_settings(settings: &Settings) -> SettleSettings {
    SettleSettings {
        wait_nanos: nanos(settings.settle.seconds),
        most_bytes: usize::try_from(settings.settle.max_bytes).unwrap_or(usize::MAX),
        remember_nanos: nanos(settings.settle.remember_seconds),
        remember_bytes: usize::try_from(settings.settle.remember_max_bytes).unwrap_or(usize::MAX),
        ..SettleSettings::default()
    }
}

/// What an engine is made of under these settings.
pub(crate) fn engine_settings(settings: &Settings) -> Result<EngineSettings, Failure> {
    let dimensions = settings.dimensions.iter().map(|dimension| Dimension {
        name: dimension.label.clone(),
        max_values: usize::try_from(dimension.max_values).unwrap_or(usize::MAX),
    });
    Ok(EngineSettings {
        settle: settle_settings(settings),
        aggregate: AggregateOptions {
            max_call_series: usize::try_from(settings.series.max).unwrap_or(usize::MAX),
            hold_nanos: settings.series.hold_seconds.map(nanos),
            idle_expiry_nanos: nanos(settings.series.idle_seconds),
            estimates_sampled: settings.sampling == Sampling::Estimate,
            dimensions: dimensions.collect(),
        },
        book: price_book(settings)?,
        catalogue_source: if settings.prices.catalogue_file.is_some() { "file" } else { "embedded" },
        limits: settings.limits.clone(),
        default_service: settings.default_service.clone(),
        default_environment: settings.default_environment.clone(),
        estimate_missing_usage: settings.estimate_missing_usage,
        ledger: settings.ledger.clone(),
    })
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

impl Intake for EngineDoor {
    fn accept(&self, payload: Payload<'_>) -> Result<Receipt, Refused> {
        self.engine.get().map_or(Err(Refused::ShuttingDown), |engine| engine.accept(payload))
    }

    fn ready(&self) -> bool {
        self.engine.get().is_some_and(EngineHandle::ready)
    }
}

impl MetricsSource for EngineDoor {
    async fn view(&self) -> Result<Arc<View>, Unavailable> {
        let engine = self.running().ok_or_else(|| Unavailable(STARTING.to_owned()))?;
        Ok(engine.view().await)
    }

    fn visited(&self, visit: &Visit, view: &View) {
        if let Some(engine) = self.engine.get() {
            engine.visited(visit, view);
        }
    }

    fn left(&self, connection: u64) {
        if let Some(engine) = self.engine.get() {
            engine.left(connection);
        }
    }

    /// While it is read, half of it would say that little was spent.
    fn ledger(&self) -> Option<Shared> {
        self.running().map(|engine| Arc::clone(engine.ledger()))
    }

    async fn carry_out(&self, order: Order) -> Result<String, String> {
        let engine = self.running().ok_or(STARTING)?;
        let ledger = engine.ledger();
        let said = match order {
            // What changes nothing need not be waited for.
            Order::Reprice { hours, apply: false } => return self.reprice(ledger, hours, false),
            Order::Reprice { hours, apply: true } => self.reprice(ledger, hours, true)?,
            Order::Forget { owner, name, before } => {
                let first = ledger.write().forget(owner, &name, before);
                // Spans that wait now name whom they are of, in the journal too.
                let waits = self.settings.read().settle.seconds;
                tokio::time::sleep(Duration::from_secs_f64(waits) + SETTLED).await;
                let again = ledger.write().forget(owner, &name, before);
                forgotten(owner, &name, first.max(again))
            }
        };
        wait_for_disk(engine).await;
        Ok(said)
    }

    fn status(&self) -> Status {
        let engine = self.engine.get();
        let glance = engine.map(EngineHandle::glance).unwrap_or_default();
        let lag = engine.map_or(Duration::ZERO, EngineHandle::lag);
        Status {
            readiness: readiness(self.ready(), engine.is_none_or(EngineHandle::is_starting), lag),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            grpc_address: self.addresses.grpc.to_string(),
            http_address: self.addresses.http.to_string(),
            totals: telemetry::totals(),
            call_series: engine.map_or(0, EngineHandle::call_series),
            call_series_limit: glance.call_series_limit,
            catalogue_date: glance.catalogue_date,
            catalogue_source: glance.catalogue_source,
            advice: telemetry::advice(),
            unread: telemetry::unread(),
        }
    }
}

impl EngineDoor {
    fn reprice(&self, ledger: &Shared, hours: (u32, u32), apply: bool) -> Result<String, String> {
        let mut book = price_book(&self.settings.read()).map_err(|failure| failure.to_string())?;
        if !apply {
            return Ok(ledger.read().repriced(&mut book, hours).text());
        }
        let mut ledger = ledger.write();
        let mut repricing = ledger.repriced(&mut book, hours);
        ledger.take_over(&mut repricing, (clock::now_unix_nano() / 1_000_000_000) as i64);
        Ok(repricing.text())
    }
}

/// Until what was changed is on disk: a view is shown when its snapshot is.
async fn wait_for_disk(engine: &EngineHandle) {
    for _ in 0..VIEWS {
        tokio::time::sleep(SHARED).await;
        engine.view().await;
    }
}

impl Engine for EngineDoor {
    async fn reload(&self, settings: &Settings) {
        self.settings.write().clone_from(settings);
        let Some(engine) = self.engine().await else { return };
        engine.teach(vocabulary(settings));
        match engine_settings(settings) {
            Ok(settings) => engine.reload(settings).await,
            Err(failure) => emit(&Event::CatalogueRejected { error: &failure.to_string() }),
        }
    }

    async fn finish(&self, patience: Duration) -> Result<(), Failure> {
        // One that is not open yet has taken nothing.
        let Some(engine) = self.engine.get() else { return Ok(()) };
        if engine.finish(patience).await {
            return Ok(());
        }
        // A thread that panics lets go of its callers a moment before it is told.
        if let Ok(failure) = tokio::time::timeout(Duration::from_millis(100), self.failed()).await {
            return Err(failure);
        }
        let (seconds, requests) = (engine.lag().as_secs_f64(), engine.queued_requests());
        emit(&Event::EngineStuck { seconds, requests });
        Err(Failure::Engine(format!(
            "the engine did not finish within {seconds:.0} s: {requests} accepted requests are not counted"
        )))
    }

    fn is_read(&self) -> bool {
        self.engine.get().is_none_or(EngineHandle::is_read)
    }

    async fn failed(&self) -> Failure {
        let ours = || {
            Failure::Engine("the engine failed, its log says where; this is a fault of Tollgate".to_owned())
        };
        let Some(engine) = self.engine().await else {
            return self.refused.lock().take().unwrap_or_else(ours);
        };
        let cause = engine.failed().await;
        emit(&Event::EngineFailed { cause: &cause, requests: engine.queued_requests() });
        ours()
    }
}

fn readiness(taking: bool, starting: bool, lag: Duration) -> Readiness {
    let late = || format!("the engine has not finished a turn for {:.0} s", lag.as_secs_f64());
    if lag > STUCK {
        Readiness::Stuck(late())
    } else if lag > NOT_READY {
        Readiness::NotReady(late())
    } else if starting {
        Readiness::NotReady(STARTING.to_owned())
    } else if !taking {
        Readiness::NotReady("shutting down: no more spans are taken".to_owned())
    } else {
        Readiness::Ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: 5 s without a turn is not ready, 60 s is stuck, shutting down is neither.
    #[test]
    fn readiness_follows_the_last_turn() {
        let at = |seconds| readiness(true, false, Duration::from_secs(seconds));
        assert_eq!(at(0), Readiness::Ready);
        assert_eq!(at(5), Readiness::Ready);
        assert!(matches!(at(6), Readiness::NotReady(reason) if reason.contains("6 s")));
        assert!(matches!(at(60), Readiness::NotReady(_)));
        assert!(matches!(at(61), Readiness::Stuck(_)));
        assert!(matches!(readiness(false, false, Duration::ZERO), Readiness::NotReady(_)));
        let starting = readiness(false, true, Duration::ZERO);
        assert!(matches!(starting, Readiness::NotReady(reason) if reason.contains("starting")));
    }
}
