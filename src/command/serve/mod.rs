//! `tollgate serve`: receive traces, serve metrics.
//!
//! In: settings. Out: a running process, until it is told to stop. The order of things: bind all addresses, tell
//! them, serve; on a signal stop taking requests, finish those that have begun, count everything that waits, and only
//! then close `/metrics`. An engine that fails is such a signal, with nothing left to count; one that is stuck is
//! not waited for.
//!
//! | file | does |
//! |---|---|
//! | `doors` | binds the three addresses |
//! | `door` | the engine as the listeners see it |
//! | `scrapes` | the metrics port, on a thread of its own |
//! | `guards` | reads certificates and tokens again |
//! | `files` | how many connections the system allows |
//! | `signals` | stop and reload |

mod door;
mod doors;
mod files;
mod guards;
mod scrapes;
mod signals;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::Signal;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{ConfigArguments, Failure, environment, print};
use crate::config::{self, Receive, Settings};
use crate::expose::http::{MetricsDoor, MetricsSource};
use crate::push::{self, encode::Identity, settings::PushSettings};
use crate::receive::listen::Purpose;
use crate::receive::{self, Intake, ReceiveSettings};
use crate::telemetry::{self, Event, Listener, emit};
use crate::{clock, demo};
use door::EngineDoor;
pub(crate) use door::{engine_settings, settle_settings, store_settings, vocabulary};
pub(crate) use doors::guard_problems;
use doors::{Doors, banner};

/// How often it is looked whether the last values were read.
const LOOK: Duration = Duration::from_millis(100);

/// Arguments of `serve`.
#[derive(Clone, Debug, Default, Args)]
pub struct Arguments {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigArguments,
}

/// What stands behind the addresses: takes requests, renders metrics.
pub(super) trait Engine: Intake + MetricsSource {
    /// Takes over what may change while running.
    fn reload(&self, settings: &Settings) -> impl Future<Output = ()> + Send;
    /// Counts everything that waits; gives up when nothing moves for so long. No request comes any more.
    fn finish(&self, patience: Duration) -> impl Future<Output = Result<(), Failure>> + Send;
    /// True when every regular scraper has read what was counted at the end, or comes no more.
    fn is_read(&self) -> bool;
    /// Waits until it fails by a fault of its own, which is for ever when all is well.
    fn failed(&self) -> impl Future<Output = Failure> + Send;
}

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong or an address is taken.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = arguments.config.load()?;
    block_on(serve(&arguments.config, settings, None))
}

/// Runs a server to its end on a runtime of its own.
///
/// # Errors
/// What the future says, or the system when it has no threads to give.
pub(super) fn block_on(server: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(server)
}

/// Serves until a signal comes; with `feed`, feeds itself meanwhile.
///
/// # Errors
/// When an address is taken or signals cannot be listened to.
pub(super) async fn serve(
    arguments: &ConfigArguments,
    settings: Settings,
    feed: Option<demo::Options>,
) -> Result<(), Failure> {
    telemetry::logs::install(settings.log.level.word(), settings.log.format == config::LogFormat::Json);
    telemetry::install();
    let doors = Doors::bind(&settings.listen, &settings.guards)?;
    let (stop, reloads) = (signals::stop_token()?, signals::reloads()?);
    print(&banner(&doors.addresses, &doors.guards()))?;
    announce(&doors);
    let reread = Arc::new(Notify::new());
    let rereads = Arc::clone(&reread);
    let engine = EngineDoor::open(&settings, doors.addresses.clone())?;
    let feeding = feed.map(|options| {
        let endpoint = doors.addresses.grpc.reachable().url("http");
        tokio::spawn(demo::run(endpoint, options, clock::now_unix_nano, stop.clone()))
    });
    let watching = tokio::spawn(guards::watch(doors.guards(), rereads));
    let reloading = tokio::spawn(reload_on_signal(
        arguments.clone(),
        settings.clone(),
        Arc::clone(&engine),
        reloads,
        reread,
    ));
    let pushing = settings.push.clone().map(|push| Pushing::start(push, &engine));
    let ended = attend(&settings, doors, engine, stop, pushing).await;
    reloading.abort();
    watching.abort();
    if let Some(feeding) = feeding {
        feeding.abort();
    }
    if ended.is_ok() {
        emit(&Event::Stopped);
    }
    ended
}

/// Serves all three addresses. `/metrics` is the first to open and the last to close.
async fn attend<E: Engine>(
    wanted: &Settings,
    doors: Doors,
    engine: Arc<E>,
    stop: CancellationToken,
    pushing: Option<Pushing>,
) -> Result<(), Failure> {
    let mut settings = receive_settings(&wanted.receive);
    let connections = files::connections(settings.max_connections);
    settings.max_connections = connections.otlp;
    let (patience, counted) = (settings.shutdown_grace, CancellationToken::new());
    let metrics_door = MetricsDoor {
        connections: connections.metrics,
        guard: doors.metrics_guard,
        local: doors.addresses.metrics.tcp().is_some_and(|address| address.ip().is_loopback()),
        hosts: wanted.guards.hosts.clone(),
        ..MetricsDoor::default()
    };
    let scrapes = scrapes::serve(doors.metrics, Arc::clone(&engine), metrics_door, counted.clone())?;
    let mut failure = None;
    receive::serve(
        settings,
        vec![doors.grpc, doors.http],
        Arc::clone(&engine) as Arc<dyn Intake>,
        Arc::new(telemetry::DoorObserver),
        async {
            tokio::select! {
                () = stop.cancelled() => emit(&Event::ShuttingDown),
                failed = engine.failed() => failure = Some(failed),
            }
        },
    )
    .await;
    let ended = match failure {
        Some(failure) => Err(failure),
        None => engine.finish(patience).await,
    };
    if let Some(pushing) = pushing {
        pushing.finish().await;
    }
    if ended.is_ok() && wanted.data.folder.is_none() {
        linger(&*engine, wanted.linger_seconds).await;
    }
    counted.cancel();
    // It can only fail by a panic, which has been told already.
    let _ = scrapes.await;
    ended
}

/// Keeps `/metrics` until every regular scraper has read the last values, and says how many seconds that may take.
async fn linger<E: Engine>(engine: &E, most_seconds: f64) {
    let began = clock::Stopwatch::start();
    if engine.is_read() {
        return;
    }
    emit(&Event::Lingering { seconds: most_seconds });
    while !engine.is_read() && began.seconds() < most_seconds {
        tokio::time::sleep(LOOK).await;
    }
}

/// The task that pushes metrics.
struct Pushing {
    counted: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Pushing {
    fn start(settings: PushSettings, engine: &Arc<EngineDoor>) -> Self {
        let (counted, now) = (CancellationToken::new(), clock::now_unix_nano());
        let (until, engine) = (counted.clone(), Arc::clone(engine));
        let task = tokio::spawn(async move {
            // Who this is, is kept too.
            let Some(Some(opened)) = until.run_until_cancelled(engine.engine()).await else { return };
            let identity = opened.instance();
            let identity = identity.map_or_else(|| Identity::of_process(now), |it| Identity::kept(it, now));
            push::run(settings, identity, Arc::clone(&engine), until).await;
        });
        Self { counted, task }
    }

    /// Pushes a last time. It can only fail by a panic, which has been told already.
    async fn finish(self) {
        self.counted.cancel();
        let _ = self.task.await;
    }
}

/// Reads the configuration again at each SIGHUP. A broken one changes nothing.
async fn reload_on_signal<E: Engine>(
    arguments: ConfigArguments,
    mut running: Settings,
    engine: Arc<E>,
    mut reloads: Signal,
    reread: Arc<Notify>,
) {
    while reloads.recv().await.is_some() {
        reread.notify_one();
        match arguments.load() {
            Err(faults) => emit(&Event::ConfigRejected { error: &faults.to_string() }),
            Ok(wanted) => {
                let waiting = config::needs_restart(&running, &wanted);
                if !waiting.is_empty() {
                    emit(&Event::ConfigNeedsRestart { keys: &waiting.join(", ") });
                }
                running = config::reloaded(&running, &wanted);
                telemetry::logs::set_level(running.log.level.word());
                engine.reload(&running).await;
                emit(&Event::ConfigLoaded { unix_nano: clock::now_unix_nano(), reload: true });
            }
        }
    }
}

fn announce(doors: &Doors) {
    let now = clock::now_unix_nano();
    emit(&Event::Started { version: env!("CARGO_PKG_VERSION"), unix_nano: now });
    emit(&Event::ConfigLoaded { unix_nano: now, reload: false });
    let addresses = &doors.addresses;
    for (listener, address) in [
        (Listener::Otlp, &addresses.grpc),
        (Listener::Otlp, &addresses.http),
        (Listener::Metrics, &addresses.metrics),
    ] {
        emit(&Event::Listening { listener, address: &address.to_string() });
    }
    for (purpose, guard) in doors.guards() {
        let address = match purpose {
            Purpose::Grpc => &addresses.grpc,
            Purpose::Http => &addresses.http,
            Purpose::Metrics => &addresses.metrics,
        };
        if !address.is_local() && guard.is_open() {
            emit(&Event::OpenToAll { key: purpose.key(), address: &address.to_string() });
        }
    }
    for (variable, right) in config::suspicious_variables(&environment()) {
        emit(&Event::UnknownVariable { variable: &variable, right: &right });
    }
}

fn receive_settings(settings: &Receive) -> ReceiveSettings {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let time = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    ReceiveSettings {
        max_request_bytes: size(settings.max_request_bytes),
        max_inflated_bytes: size(settings.max_inflated_bytes),
        max_in_flight_bytes: size(settings.max_in_flight_bytes),
        max_connections: size(settings.max_connections),
        request_timeout: time(settings.request_timeout_seconds),
        idle_timeout: time(settings.idle_timeout_seconds),
        shutdown_grace: time(settings.shutdown_seconds),
        ..ReceiveSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receive::listen::Address;

    /// Scenario: the engine panics while all three ports are open. Guarantees: the OTLP ports close, and the
    /// process ends with a failure of its own kind.
    #[tokio::test]
    async fn a_broken_engine_closes_the_doors_and_ends_the_process() {
        let free = || Address::local(0);
        let settings = config::load(None, &[]).unwrap();
        let listen = config::Listen { grpc: free(), http: free(), metrics: free() };
        let doors = Doors::bind(&listen, &settings.guards).unwrap();
        let [grpc, http] = [&doors.addresses.grpc, &doors.addresses.http].map(|it| it.tcp().unwrap());
        let engine = EngineDoor::open(&settings, doors.addresses.clone()).unwrap();
        let serving = attend(&settings, doors, Arc::clone(&engine), CancellationToken::new(), None);
        let breaking = async {
            assert!(tokio::net::TcpStream::connect(grpc).await.is_ok());
            engine.engine().await.unwrap().break_down().await;
        };
        let (ended, ()) = tokio::join!(serving, breaking);
        assert!(matches!(ended, Err(Failure::Engine(_))), "{ended:?}");
        for address in [grpc, http] {
            assert!(tokio::net::TcpStream::connect(address).await.is_err());
        }
    }
}
