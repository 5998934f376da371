//! Over loopback: the server's CPU for a span, against a server that only takes the bytes.
//!
//! Load and server have a core each; every id is fresh; the server's CPU is read when all that waits is settled.

use std::future::{Ready, ready};
use std::io::{BufRead as _, BufReader};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use tollgate::clock::Stopwatch;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{NamedService, UnaryService};
use tonic::{Request, Response, Status};

use super::workload::{SPANS, Shape, Story, Traffic};
use super::{median, pinned, tell, unless_short};

const LOAD_SECONDS: f64 = 8.0;
const ROUNDS: usize = 3;
/// Of the kernel's clock of CPU times; it is 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// One row: both servers in turn.
pub(crate) fn row(shape: &str, spans: usize) {
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..unless_short(ROUNDS, 1) {
        floor.push(nanos_a_span(&mut Server::sink(), shape, spans));
        ours.push(nanos_a_span(&mut Server::tollgate(), shape, spans));
    }
    let name = if spans == 1 { "one-span requests".to_owned() } else { format!("gRPC {shape}") };
    let (floor, ours) = (median(&mut floor), median(&mut ours));
    tell(&format!("{name}: M spans/s a core, bytes only"), format!("{:.3}", 1e3 / floor));
    tell(&format!("{name}: M spans/s a core"), format!("{:.3}", 1e3 / ours));
    tell(&format!("{name}: share of bytes only"), format!("{:.0} %", 100.0 * floor / ours));
}

/// Nanoseconds of the server's CPU for each accepted span.
fn nanos_a_span(server: &mut Server, shape: &str, spans: usize) -> f64 {
    let before = server.cpu_seconds();
    let program = std::env::current_exe().expect("a path");
    let spans = spans.to_string();
    let output = pinned("1", &program).args(["load", &server.address, shape, &spans]).output().expect("runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let accepted: f64 =
        text.trim().parse().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    server.wait_until_settled();
    (server.cpu_seconds() - before) * 1e9 / accepted
}

struct Server {
    child: Child,
    address: String,
    metrics: Option<String>,
}

impl Server {
    /// Takes the bytes and answers.
    fn sink() -> Self {
        let mut command = pinned("0", &std::env::current_exe().expect("a path"));
        command.arg("sink");
        let (child, lines) = started(command, 1);
        Self { child, address: lines[0].clone(), metrics: None }
    }

    fn tollgate() -> Self {
        let mut command = pinned("0", env!("CARGO_BIN_EXE_tollgate").as_ref());
        for port in ["GRPC", "HTTP", "METRICS"] {
            command.env(format!("TOLLGATE_LISTEN_{port}"), "127.0.0.1:0");
        }
        command.env("TOLLGATE_SETTLE_MAX_BYTES", "8GiB").env("TOLLGATE_LOG_LEVEL", "error");
        let (child, lines) = started(command, 4);
        let last = |line: &str| line.split_whitespace().last().unwrap_or_default().to_owned();
        Self { child, address: last(&lines[1]), metrics: Some(last(&lines[3])) }
    }

    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |field: usize| fields[field].parse::<f64>().expect("ticks");
        (ticks(11) + ticks(12)) / TICKS_PER_SECOND
    }

    /// Nothing queued, nothing held, nothing early.
    fn wait_until_settled(&self) {
        let Some(url) = &self.metrics else { return };
        let waited = Stopwatch::start();
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let document = ureq::get(url)
                .call()
                .expect("answers")
                .body_mut()
                .with_config()
                .limit(1 << 30)
                .read_to_string();
            let document = document.expect("text");
            let value = |name: &str| {
                let line = document.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|rest| rest.trim().parse::<f64>().ok())
            };
            if value("tollgate_settle_held_spans ") == Some(0.0)
                && value("tollgate_queue_requests ") == Some(0.0)
            {
                assert_eq!(
                    value("tollgate_settle_spans_total{outcome=\"early\"}"),
                    Some(0.0),
                    "settled early"
                );
                return;
            }
            assert!(waited.seconds() < 120.0, "does not settle");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child and its first lines.
fn started(mut command: Command, lines: usize) -> (Child, Vec<String>) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let reader = BufReader::new(child.stdout.take().expect("a pipe"));
    let lines = reader.lines().take(lines).map(|line| line.expect("a line")).collect();
    (child, lines)
}

// === the load ===

/// Sends for some seconds from as many connections as the row asks for; prints the spans that were accepted.
pub(crate) fn load(address: &str, shape: &str, spans: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let connections = if spans == SPANS { 8 } else { 100 };
    let accepted = runtime.block_on(async {
        let senders = (1..=connections).map(|stream| {
            let traffic =
                Traffic::sized(Shape::named(shape), &Story::default(), spans).starting_at(stream << 40);
            tokio::spawn(send(format!("http://{address}"), traffic))
        });
        let mut accepted = 0;
        for sender in senders.collect::<Vec<_>>() {
            accepted += sender.await.expect("it ends");
        }
        accepted
    });
    println!("{accepted}");
}

async fn send(url: String, mut traffic: Traffic) -> usize {
    let endpoint = tonic::transport::Endpoint::from_shared(url).expect("an address");
    let mut client = tonic::client::Grpc::new(endpoint.connect().await.expect("it connects"));
    let (stopwatch, mut accepted) = (Stopwatch::start(), 0);
    while stopwatch.seconds() < unless_short(LOAD_SECONDS, 1.0) {
        let request = Request::new(Bytes::copy_from_slice(traffic.next()));
        client.ready().await.expect("ready");
        match client.unary(request, http::uri::PathAndQuery::from_static(EXPORT), BytesCodec).await {
            Ok(_) => accepted += traffic.spans(),
            // Full: what is refused is not counted on either side.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    accepted
}

// === the server that only takes bytes ===

pub(crate) fn sink() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tonic::transport::Server::builder()
            .add_service(Sink)
            .serve_with_incoming(incoming)
            .await
            .expect("serves");
    });
}

#[derive(Clone)]
struct Sink;

impl NamedService for Sink {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl tower::Service<http::Request<Body>> for Sink {
    type Response = http::Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async {
            let mut grpc = tonic::server::Grpc::new(BytesCodec).max_decoding_message_size(64 << 20);
            Ok(grpc.unary(Self, request).await)
        })
    }
}

impl UnaryService<Bytes> for Sink {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        std::hint::black_box(request.get_ref().len());
        ready(Ok(Response::new(Bytes::new())))
    }
}

#[derive(Clone, Copy, Default)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
