//! The HTTP server of the scraper: `/metrics`, `/healthz`, `/readyz` and `/`.
//!
//! In: a bound listener, a [`MetricsSource`], a future that ends it. Out: answers. It knows neither
//! how series are kept nor who feeds them.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER,
    USER_AGENT, VARY, WWW_AUTHENTICATE,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::account;
use super::document::Document;
use super::negotiate;
use super::page;
use super::scrapers::Visit;
use super::status::{Readiness, Status};
use super::view::View;
use crate::clock;
use crate::ledger::Shared;
use crate::ledger::order::Order;
use crate::receive::guard::Guard;
use crate::receive::patient::Patient;
use crate::receive::seats::{Seat, Seats};
use crate::receive::socket::{self, Socket};
use crate::telemetry::{Event, Listener, emit};

/// Connections at one time, if the system has so many; for one more, the longest silent one leaves.
pub const MAX_CONNECTIONS: usize = 64;
/// For the head of a request, and between requests of one connection: longer than scrapers pause, as their connections
/// tell two of them apart.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// What Prometheus and its kin say.
const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
/// What programs send with an order.
const COMMAND: HeaderName = HeaderName::from_static("x-tollgate-command");
/// Where orders to the ledger are taken.
const ORDERS: &str = "/api/v1/ledger/";
/// Connections are numbered, over all listeners.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
/// Longest head of a request, and the buffer of its connection, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Reports that are made at one time.
static REPORTS: Semaphore = Semaphore::const_new(1);
/// Longest form.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// For an answer under way when its connection is to end.
const GRACE: Duration = Duration::from_secs(5);
/// After this pause, an exhausted system is asked for connections again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whoever owns the series.
pub trait MetricsSource: Send + Sync + 'static {
    /// Everything as it is now, or was less than a second ago. Must not wait long.
    fn view(&self) -> impl Future<Output = Result<Arc<View>, Unavailable>> + Send;
    /// Who spent what; none where nobody keeps it, or it is not read yet.
    fn ledger(&self) -> Option<Shared> {
        None
    }
    /// Does something to the ledger; what was done, in words.
    fn carry_out(&self, _order: Order) -> impl Future<Output = Result<String, String>> + Send {
        std::future::ready(Err("no ledger is kept here".to_owned()))
    }
    /// What the status page shows. Must not wait.
    fn status(&self) -> Status;
    /// Somebody has read all of a view.
    fn visited(&self, _visit: &Visit, _view: &View) {}
    /// A connection has ended.
    fn left(&self, _connection: u64) {}
}

/// Why there is no view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// Who may come in, and how many.
#[derive(Debug)]
pub struct MetricsDoor {
    /// Connections at one time.
    pub connections: usize,
    /// A connection older than this is closed, so that what it was allowed once is asked for again. (A reader that
    /// does not read is closed by `Patient`.)
    pub max_age: Duration,
    /// TLS and tokens. Probes need no token: they tell nothing.
    pub guard: Arc<Guard>,
    /// The listener is on loopback: only this machine's browsers reach it, and a page of somebody else may try
    /// to use one of them, under a name that resolves to us.
    pub local: bool,
    /// Names for which it is one of ours, besides addresses and `localhost`.
    pub hosts: Vec<String>,
}

impl Default for MetricsDoor {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            max_age: Duration::from_secs(3600),
            guard: Arc::default(),
            local: false,
            hosts: Vec::new(),
        }
    }
}

impl MetricsDoor {
    fn refuses(&self, path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
        if matches!(path, "/healthz" | "/-/healthy" | "/readyz" | "/-/ready") {
            return None;
        }
        if !self.guard.admit(headers) {
            let mut response = plain(StatusCode::UNAUTHORIZED, "a token is needed\n");
            // A line each: Chromium reads the first way of a line, and gives up at one that it does not know.
            for way in ["Basic realm=\"Tollgate\"", "Bearer realm=\"Tollgate\""] {
                response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
            }
            return Some(response);
        }
        let foreign = self.local && path != "/metrics" && !self.is_ours(headers);
        foreign.then(|| {
            let text = "this host name is not one of Tollgate's; listen.metrics.hosts adds names\n";
            plain(StatusCode::FORBIDDEN, text)
        })
    }

    /// Persons are shown on loopback, and where a token or a certificate was asked for.
    fn shows_persons(&self) -> bool {
        self.local || !self.guard.is_open()
    }

    fn is_ours(&self, headers: &HeaderMap) -> bool {
        // A browser always says where it thinks it is.
        headers.get_all(HOST).iter().all(|host| self.knows(host.to_str().unwrap_or_default()))
    }

    fn knows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        name.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

type Body = Either<Full<Bytes>, Document>;

/// Serves until `shutdown` ends, then finishes the answers under way.
pub async fn serve<S: MetricsSource>(
    listener: impl Into<socket::Listener>,
    source: Arc<S>,
    door: MetricsDoor,
    shutdown: impl Future<Output = ()> + Send,
) {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let accepting = accept(listener.into(), source, Arc::new(door), &stop, &tasks);
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    stop.cancel();
    tasks.close();
    let _ = tokio::time::timeout(2 * GRACE, tasks.wait()).await;
}

async fn accept<S: MetricsSource>(
    listener: socket::Listener,
    source: Arc<S>,
    door: Arc<MetricsDoor>,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) {
    let seats = Seats::new(door.connections);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let peer = (peer, CONNECTIONS.fetch_add(1, Ordering::Relaxed));
                // With all seats within requests, which end within seconds, the newcomer is let go.
                let Some((seat, _)) = seats.take(peer.0) else { continue };
                let (source, number) = (source.clone(), peer.1);
                let connection = connection((stream, peer), seat, door.clone(), source.clone(), stop.clone());
                tasks.spawn(async move {
                    emit(&Event::ConnectionOpened(Listener::Metrics));
                    connection.await;
                    source.left(number);
                    emit(&Event::ConnectionClosed(Listener::Metrics));
                });
            }
            Err(error) => {
                emit(&Event::AcceptFailed { listener: Listener::Metrics, error: &error.to_string() });
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, until its end, its age or the server's stop; an answer under way is finished.
async fn connection<S: MetricsSource>(
    (stream, peer): (Socket, (IpAddr, u64)),
    seat: Seat,
    door: Arc<MetricsDoor>,
    source: Arc<S>,
    stop: CancellationToken,
) {
    let greeted = tokio::select! {
        greeted = door.guard.greet(stream) => greeted,
        () = seat.must_leave() => return,
        () = stop.cancelled() => return,
    };
    // What breaks a handshake concerns the scraper as well.
    let Ok(stream) = greeted else { return };
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    let service = hyper::service::service_fn(|request: Request<hyper::body::Incoming>| {
        let (source, seat, door) = (source.clone(), &seat, &door);
        async move {
            let _asking = seat.asked();
            Ok::<_, Infallible>(answer(&source, door, request, peer).await)
        }
    });
    let mut connection =
        std::pin::pin!(builder.serve_connection(TokioIo::new(Patient::new(stream)), service));
    // What breaks a connection concerns the scraper, which tells it as `up == 0`.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = seat.must_leave() => return,
        () = stop.cancelled() => {}
        () = tokio::time::sleep(door.max_age) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(GRACE, connection).await;
}

async fn answer<S: MetricsSource>(
    source: &Arc<S>,
    door: &MetricsDoor,
    request: Request<hyper::body::Incoming>,
    peer: (IpAddr, u64),
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let (path, headers) = (head.uri.path(), &head.headers);
    let orders = path.starts_with(ORDERS);
    let posts = head.method == Method::POST && (orders || path.starts_with("/api/v1/budgets/"));
    if head.method != Method::GET && head.method != Method::HEAD && !posts {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD only\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if let Some(refusal) = door.refuses(path, headers) {
        return refusal;
    }
    if orders {
        let form = if posts { form(body).await } else { String::new() };
        return order(&**source, door, &head, &form).await;
    }
    if account::is_path(path) {
        let form = if posts { form(body).await } else { String::new() };
        let query = format!("{}&{form}", head.uri.query().unwrap_or_default());
        return spent(&**source, door, path.to_owned(), query).await;
    }
    match path {
        "/metrics" => metrics(source, headers, peer).await,
        "/healthz" | "/-/healthy" => match source.status().readiness {
            Readiness::Ready | Readiness::NotReady(_) => plain(StatusCode::OK, "alive\n"),
            Readiness::Stuck(reason) => refusal(&format!("stuck: {reason}\n")),
        },
        "/readyz" | "/-/ready" => match source.status().readiness {
            Readiness::Ready => plain(StatusCode::OK, "ready\n"),
            Readiness::NotReady(reason) | Readiness::Stuck(reason) => {
                refusal(&format!("not ready: {reason}\n"))
            }
        },
        "/" => home(&**source).await,
        "/page.css" => typed(StatusCode::OK, "text/css; charset=utf-8", page::STYLE),
        "/page.js" => typed(StatusCode::OK, "text/javascript; charset=utf-8", page::SCRIPT),
        "/v1/traces" => plain(
            StatusCode::NOT_FOUND,
            "this port is for scraping; OTLP/HTTP listens on 4318, unless configured otherwise\n",
        ),
        _ => plain(
            StatusCode::NOT_FOUND,
            "not found; there are /metrics, /healthz, /readyz, /spend, /api/v1/spend and /\n",
        ),
    }
}

/// The page of what is going on now.
async fn home<S: MetricsSource>(source: &S) -> Response<Body> {
    let limits = source.view().await.map(|view| page::home::Tightest::of(&view)).unwrap_or_default();
    let (status, ledger, now) = (source.status(), source.ledger(), now());
    let page = apart(move || {
        let ledger = ledger.as_ref().map(|ledger| ledger.read());
        page::home::page(&status, ledger.as_deref().map(|ledger| (ledger, now)), &limits)
    });
    page.await.map_or_else(busy, html)
}

/// What the ledger says.
async fn spent<S: MetricsSource>(
    source: &S,
    door: &MetricsDoor,
    path: String,
    query: String,
) -> Response<Body> {
    let Some(ledger) = source.ledger() else { return come_again("no ledger now\n") };
    let asking = account::Asking { now: now(), persons: door.shows_persons() };
    let is_short = account::is_short(&path);
    let answer = move || account::answer(&ledger.read(), &path, &query, asking, env!("CARGO_PKG_VERSION"));
    // A proxy asks for budgets at every request of its own.
    let said = if is_short { Some(answer()) } else { apart(answer).await };
    let Some(said) = said else { return busy() };
    let mut response = if said.content_type.starts_with("text/html") {
        html(said.body)
    } else {
        typed(said.status, said.content_type, said.body)
    };
    let reason = said.reason.and_then(|reason| HeaderValue::from_str(&reason).ok());
    if let Some(reason) = reason {
        response.headers_mut().insert(HeaderName::from_static("x-tollgate-reason"), reason);
    }
    response
}

/// Does something to the ledger. Only a program of somebody who may see persons can ask for it: a page of somebody else
/// cannot send this header.
async fn order<S: MetricsSource>(
    source: &S,
    door: &MetricsDoor,
    head: &http::request::Parts,
    form: &str,
) -> Response<Body> {
    if !door.shows_persons() {
        let text =
            "this changes the ledger: it is done on loopback, or with a token (listen.metrics.tokens_file)\n";
        return plain(StatusCode::FORBIDDEN, text);
    }
    if head.method != Method::POST || !head.headers.contains_key(COMMAND) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "POST with the header `X-Tollgate-Command: 1` only\n");
    }
    let Some(ledger) = source.ledger() else { return come_again("no ledger now\n") };
    let name = head.uri.path().strip_prefix(ORDERS).unwrap_or_default();
    let order = Order::read(name, &account::pairs(form), ledger.read().calendar(), now());
    match order {
        Err(problem) => plain(StatusCode::BAD_REQUEST, format!("{problem}\n")),
        Ok(order) => match source.carry_out(order).await {
            Ok(done) => plain(StatusCode::OK, done),
            Err(problem) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{problem}\n")),
        },
    }
}

/// Makes a report on a thread of its own, so that nobody who scrapes or probes waits behind it, and one at a time, as the
/// ledger is the engine's too. None when there was no turn within [`GRACE`].
async fn apart<T: Send + 'static>(make: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let turn = tokio::time::timeout(GRACE, REPORTS.acquire()).await.ok()?.ok()?;
    let made = tokio::task::spawn_blocking(move || {
        let made = make();
        // Also when who asked has gone meanwhile.
        drop(turn);
        made
    });
    made.await.ok()
}

fn busy() -> Response<Body> {
    come_again("too many ask for reports now\n")
}

/// The fields of a form; nothing of a body that is too long or does not come.
async fn form(body: hyper::body::Incoming) -> String {
    let read = Limited::new(body, MAX_FORM_BYTES).collect();
    let read = tokio::time::timeout(GRACE, read).await;
    let bytes = read.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn now() -> i64 {
    i64::try_from(clock::now_unix_nano() / 1_000_000_000).unwrap_or(i64::MAX)
}

fn html(page: String) -> Response<Body> {
    let mut response = typed(StatusCode::OK, "text/html; charset=utf-8", page);
    for (name, value) in [
        ("content-security-policy", page::POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn metrics<S: MetricsSource>(
    source: &Arc<S>,
    headers: &HeaderMap,
    (peer, connection): (IpAddr, u64),
) -> Response<Body> {
    let view = match source.view().await {
        Ok(view) => view,
        Err(Unavailable(reason)) => return unavailable(&reason),
    };
    let format = negotiate::format(&header(headers, &ACCEPT));
    let gzip = negotiate::accepts_gzip(&header(headers, &ACCEPT_ENCODING));
    let timeout = headers.get(SCRAPE_TIMEOUT).and_then(|value| value.to_str().ok());
    let visit = Visit::new(&header(headers, &USER_AGENT), timeout, peer, connection);
    let view = if visit.is_person() { view.unheld() } else { view };
    let (source, read) = (Arc::clone(source), Arc::clone(&view));
    let document = Document::new(view, format, gzip, move || source.visited(&visit, &read));
    let document = Either::Right(document);
    let mut response = answered(StatusCode::OK, format.content_type(), document);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn unavailable(reason: &str) -> Response<Body> {
    come_again(&format!("no metrics now: {reason}\n"))
}

fn come_again(text: &str) -> Response<Body> {
    let mut response = refusal(text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn refusal(text: &str) -> Response<Body> {
    plain(StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
}

/// All values of a header as one list.
fn header(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    typed(status, "text/plain; charset=utf-8", text)
}

fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    answered(status, content_type, Either::Left(Full::new(body.into())))
}

fn answered(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
