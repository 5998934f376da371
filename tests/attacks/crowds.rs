//! Connections: many, silent, stalled, deaf.

use std::convert::Infallible;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{MIB, bodies, good, hold, target::Target, whole};

/// How long an attack goes on once it stands.
fn lasting() -> Duration {
    Duration::from_secs(if whole() { 15 } else { 2 })
}

fn many(whole_size: usize, short_size: usize) -> usize {
    if whole() { whole_size } else { short_size }
}

/// The files that the attacker needs.
fn raise_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("may be raised");
}

/// So many connections that said this, and nothing more.
fn crowd(address: SocketAddr, count: usize, said: &[u8]) -> Vec<TcpStream> {
    raise_files();
    let one = || {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_write_timeout(Some(Duration::from_millis(200))).ok()?;
        // A server that has closed it, or takes no more, is right.
        let _ = stream.write_all(said);
        Some(stream)
    };
    (0..count).filter_map(|_| one()).collect()
}

fn stay(crowd: &[TcpStream]) {
    println!("  {} connected", crowd.len());
    std::thread::sleep(lasting());
}

#[test]
fn silent_connections_keep_no_scraper_out() {
    const FORM: &[u8] =
        b"POST /api/v1/budgets/x/check HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9999\r\n\r\n";
    for (count, said) in [(64, &b""[..]), (1200, b""), (1200, b"GET /metr"), (64, FORM), (1200, FORM)] {
        let target = Target::start();
        let count = many(count, count.min(300));
        hold(
            &format!("{count} silent at the metrics port after {} bytes", said.len()),
            &target,
            60,
            |target| {
                stay(&crowd(target.metrics, count, said));
            },
        );
    }
}

/// Requests that are not read are not kept: what is shared is the document, and a reader who does not read leaves.
#[test]
fn readers_who_do_not_read() {
    let target = Target::start();
    for _ in 0..100 {
        assert_eq!(good::send_once(&target), 200);
    }
    let asked = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(200);
    hold("64 scrapers who do not read", &target, 120, |target| stay(&crowd(target.metrics, 64, &asked)));
    let target = Target::start();
    let asked = b"GET /v1/traces HTTP/1.1\r\nhost: x\r\n\r\n".repeat(4000);
    let count = many(500, 100);
    hold(&format!("{count} senders who do not read"), &target, 200, |target| {
        stay(&crowd(target.otlp, count, &asked));
    });
}

#[test]
fn silent_connections_at_the_otlp_port() {
    for said in [&b""[..], b"POST /v1/traces HTTP/1.1\r\nhost: x\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let target = Target::start();
        let count = many(4200, 600);
        hold(&format!("{count} silent after {} bytes", said.len()), &target, 250, |target| {
            stay(&crowd(target.otlp, count, said));
        });
    }
}

/// Guarantees: bodies that do not come are given up for those that do.
#[test]
fn stalled_senders() {
    let target = Target::start();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        20 * MIB
    );
    let said = [head.as_bytes(), &vec![0x0a; 4 * MIB]].concat();
    let count = many(130, 80);
    hold(&format!("{count} stalled after 4 MiB"), &target, 420, |target| {
        stay(&crowd(target.otlp, count, &said));
    });
}

/// Guarantees: a low limit of files is shared out, and scrapers keep theirs.
#[test]
fn few_files() {
    let target = Target::with_files(64);
    hold("200 silent at each port, 64 files", &target, 60, |target| {
        let (otlp, metrics) = (crowd(target.otlp, 200, b""), crowd(target.metrics, 200, b""));
        println!("  {} and {} connected", otlp.len(), metrics.len());
        stay(&otlp);
    });
}

type Http2 = http2::SendRequest<Full<Bytes>>;

/// A connection of HTTP/2 on which answers may have no bodies, for ever.
async fn deaf(address: SocketAddr) -> Option<Http2> {
    let stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(0);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// Guarantees: answers that nobody lets through are small, and hold nothing of what was asked.
#[test]
fn windows_of_nothing() {
    raise_files();
    let target = Target::start();
    let (connections, streams) = (many(200, 20), 200);
    hold(&format!("{connections} x {streams} streams with windows of 0"), &target, 250, |target| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (mut open, mut answers) = (Vec::new(), Vec::new());
            for _ in 0..connections {
                let Some(mut sender) = deaf(target.otlp).await else { continue };
                for _ in 0..streams {
                    let request = Request::post(format!("http://{}/v1/traces", target.otlp))
                        .header("content-type", "application/x-protobuf")
                        .body(Full::from(bodies::one_call()))
                        .expect("a request");
                    let _ = sender.ready().await;
                    answers.push(tokio::spawn(sender.send_request(request)));
                }
                open.push(sender);
            }
            tokio::time::sleep(lasting()).await;
            let answered = answers.iter().filter(|answer| answer.is_finished()).count();
            println!("  {} connected, {answered} heads of {} answers", open.len(), answers.len());
        });
    });
}

/// A body that is sent as fast as the windows let it, and never ends.
struct Endless(usize);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        // A waker is never kept: after its bytes it stalls for ever.
        let Some(left) = self.0.checked_sub(16_384) else { return std::task::Poll::Pending };
        self.0 = left;
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&[0x0a; 16_384])))))
    }
}

/// Guarantees: what waits in the windows of HTTP/2, before anybody has charged it, is bounded too.
#[test]
fn full_windows() {
    raise_files();
    let target = Target::start();
    let (connections, streams) = (many(600, 60), 4);
    hold(&format!("{connections} x {streams} streams stalled in HTTP/2"), &target, 600, |target| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut open = Vec::new();
            for _ in 0..connections {
                let Ok(stream) = tokio::net::TcpStream::connect(target.otlp).await else { continue };
                let begun = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
                let Ok((mut sender, connection)) = begun else { continue };
                tokio::spawn(connection);
                for _ in 0..streams {
                    let request = Request::post(format!("http://{}/v1/traces", target.otlp))
                        .header("content-type", "application/x-protobuf")
                        .body(Endless(4 * MIB))
                        .expect("a request");
                    tokio::spawn(sender.send_request(request));
                }
                open.push(sender);
            }
            tokio::time::sleep(lasting()).await;
            println!("  {} connected", open.len());
        });
    });
}
