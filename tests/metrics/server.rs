//! The HTTP server of the scraper over real sockets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::oneshot;
use tollgate::expose::http::{MetricsDoor, MetricsSource, Unavailable, serve};
use tollgate::expose::status::{Readiness, Status};
use tollgate::expose::view::View;
use tollgate::telemetry::{self, Totals};

#[derive(Default)]
struct Engine {
    stopping: AtomicBool,
    stuck: AtomicBool,
    view: OnceLock<Arc<View>>,
}

impl MetricsSource for Engine {
    async fn view(&self) -> Result<Arc<View>, Unavailable> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Unavailable("shutting down".to_owned()));
        }
        Ok(Arc::clone(self.view.get_or_init(|| Arc::new(View::new(Vec::new(), telemetry::snapshot())))))
    }

    fn status(&self) -> Status {
        let readiness = if self.stuck.load(Ordering::Relaxed) {
            Readiness::Stuck("no turn for 61 s".to_owned())
        } else if self.stopping.load(Ordering::Relaxed) {
            Readiness::NotReady("shutting down".to_owned())
        } else {
            Readiness::Ready
        };
        Status {
            readiness,
            version: "1.2.3".to_owned(),
            grpc_address: "127.0.0.1:4317".to_owned(),
            http_address: "127.0.0.1:4318".to_owned(),
            totals: Totals::default(),
            call_series: 0,
            call_series_limit: 20_000,
            catalogue_date: "2026-01-01".to_owned(),
            catalogue_source: "<script>".to_owned(),
            advice: vec![(["<b>".to_owned(), "acme".to_owned(), "no_usage".to_owned()], 3)],
            unread: Vec::new(),
        }
    }
}

/// A running server, stopped when dropped.
struct Server {
    address: SocketAddr,
    engine: Arc<Engine>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn start() -> Self {
        Self::with(MetricsDoor::default())
    }

    fn with(door: MetricsDoor) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let engine = Arc::new(Engine::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let source = engine.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                serve(listener, source, door, async { drop(stopped.await) }).await;
            });
        });
        Self { address, engine, stop: Some(stop), thread: Some(thread) }
    }

    fn ask(&self, request: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        let body = &answer[end + 4..];
        let body = if head.contains("transfer-encoding: chunked") { joined(body) } else { body.to_vec() };
        (head, body)
    }

    fn get(&self, path: &str, headers: &str) -> (String, Vec<u8>) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"))
    }
}

/// A body that came in chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&chunks[end + 2..end + 2 + length]);
        chunks = &chunks[end + 2 + length + 2..];
    }
    body
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Guarantees: a connection that is kept ends when it is old.
#[test]
fn a_connection_ends_when_it_is_old() {
    let server = Server::with(MetricsDoor { max_age: Duration::from_secs(5), ..MetricsDoor::default() });
    let (head, _) = server.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("http/1.1 200") && !head.contains("connection: close"), "{head}");
}

/// Guarantees: each scraper gets the format that it asks for, under its content type.
#[test]
fn formats_follow_the_accept_header() {
    let server = Server::start();
    let (head, body) = server.get("/metrics", "");
    assert!(
        head.starts_with("http/1.1 200")
            && head.contains("content-type: text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(body.starts_with(b"# TYPE llm_requests_total counter\n"));
    let (head, body) = server.get(
        "/metrics",
        "Accept: application/openmetrics-text;version=1.0.0\r\nAccept: text/plain;q=0.5\r\n",
    );
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(body.starts_with(b"# TYPE llm_requests counter\n") && body.ends_with(b"# EOF\n"));
}

/// Guarantees: gzip on request, and the same document in it.
#[test]
fn gzip_is_sent_to_those_who_take_it() {
    let server = Server::start();
    let (head, body) = server.get("/metrics", "Accept-Encoding: gzip\r\n");
    assert!(
        head.contains("content-encoding: gzip") && head.contains("vary: accept, accept-encoding"),
        "{head}"
    );
    let mut plain = Vec::new();
    let mut decoder = flate2::write::GzDecoder::new(&mut plain);
    decoder.write_all(&body).unwrap();
    decoder.finish().unwrap();
    assert!(plain == server.get("/metrics", "").1);
}

/// Guarantees: alive as long as it answers; ready only while it takes spans, with the reason.
#[test]
fn readiness_tells_why_not() {
    let server = Server::start();
    assert!(server.get("/healthz", "").0.starts_with("http/1.1 200"));
    assert!(server.get("/readyz", "").0.starts_with("http/1.1 200"));
    server.engine.stopping.store(true, Ordering::Relaxed);
    let (head, body) = server.get("/readyz", "");
    assert!(head.starts_with("http/1.1 503"));
    assert_eq!(body, b"not ready: shutting down\n");
    assert!(server.get("/healthz", "").0.starts_with("http/1.1 200"));
    server.engine.stuck.store(true, Ordering::Relaxed);
    assert!(server.get("/healthz", "").0.starts_with("http/1.1 503"));
    assert!(server.get("/readyz", "").0.starts_with("http/1.1 503"));
    let (head, _) = server.get("/metrics", "");
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after"));
}

/// Guarantees: a person who opens the port learns what to set; nothing on the page comes from
/// elsewhere, and no value becomes markup.
#[test]
fn the_page_tells_what_to_set() {
    let server = Server::start();
    let (head, body) = server.get("/", "");
    let page = String::from_utf8(body).unwrap();
    assert!(head.contains("content-type: text/html"));
    assert!(page.contains("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"));
    assert!(!page.contains("<script>") && !page.contains("https://"));
    let loaded: Vec<&str> = page.split("src=").chain(page.split("rel=stylesheet href=")).skip(1).collect();
    assert!(loaded.iter().filter(|part| !part.starts_with("<!doctype")).all(|part| part.starts_with('/')));
    for (path, kind) in [("/page.js", "text/javascript"), ("/page.css", "text/css")] {
        let (head, _) = server.get(path, "");
        assert!(head.starts_with("http/1.1 200") && head.contains(kind), "{head}");
    }
    assert!(
        head.contains("content-security-policy: default-src 'none'; style-src 'self'; script-src 'self';")
    );
}

/// Guarantees: wrong paths and methods get a sentence that helps; HEAD gets no body.
#[test]
fn mistakes_are_answered() {
    let server = Server::start();
    assert!(server.get("/metric", "").0.starts_with("http/1.1 404"));
    let (head, body) = server.get("/v1/traces", "");
    assert!(head.starts_with("http/1.1 404") && String::from_utf8(body).unwrap().contains("4318"));
    let (head, _) =
        server.ask("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert!(head.starts_with("http/1.1 405") && head.contains("allow: get, head"));
    let (head, body) = server.ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(head.starts_with("http/1.1 200") && body.is_empty());
    assert!(server.ask("NONSENSE\r\n\r\n").0.starts_with("http/1.1 400"));
}

/// Scenario: a connection is open and idle when the server stops. Guarantees: it stops all the same.
#[test]
fn stopping_does_not_wait_for_idle_connections() {
    let server = Server::start();
    let idle = TcpStream::connect(server.address).unwrap();
    server.get("/healthz", "");
    drop(server);
    drop(idle);
}
