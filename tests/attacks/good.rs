//! Good traffic: a small request and a scrape, again and again, each over the connection it has.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tollgate::clock::Stopwatch;

use crate::PATIENCE;
use crate::bodies;
use crate::target::Target;

/// The good client's own address.
const GOOD: [u8; 4] = [127, 0, 0, 2];
/// Between two requests.
const PACE: Duration = Duration::from_millis(20);

/// What it saw.
#[derive(Debug, Default)]
pub(crate) struct Good {
    /// Seconds each.
    pub(crate) sends: Vec<f64>,
    pub(crate) scrapes: Vec<f64>,
    pub(crate) refused: usize,
}

impl Good {
    pub(crate) fn until(target: &Target, ended: &AtomicBool) -> Self {
        let mut good = Self::default();
        let (mut otlp, mut metrics) = (None, None);
        while !ended.load(Ordering::Relaxed) {
            let (status, seconds) = timed(|| send(&mut otlp, target));
            good.sends.push(seconds);
            good.refused += usize::from(status != 200);
            let (status, seconds) = timed(|| scrape(&mut metrics, target));
            good.scrapes.push(seconds);
            good.refused += usize::from(status != 200);
            std::thread::sleep(PACE);
        }
        good
    }
}

pub(crate) fn send_once(target: &Target) -> u16 {
    send(&mut None, target)
}

/// The value below which so many of a hundred are.
pub(crate) fn percentile(times: &[f64], of_hundred: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * of_hundred / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn timed(ask: impl FnOnce() -> u16) -> (u16, f64) {
    let stopwatch = Stopwatch::start();
    (ask(), stopwatch.seconds())
}

fn send(connection: &mut Option<TcpStream>, target: &Target) -> u16 {
    let body = bodies::one_call();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    ask(connection, target.otlp, &[head.as_bytes(), &body].concat())
}

fn scrape(connection: &mut Option<TcpStream>, target: &Target) -> u16 {
    ask(connection, target.metrics, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
}

/// Asks over the connection there is; once more over a new one when that was closed between two requests.
fn ask(connection: &mut Option<TcpStream>, address: SocketAddr, request: &[u8]) -> u16 {
    if let Some(stream) = connection
        && let Ok(status) = exchange(stream, request)
    {
        return status;
    }
    let stream = connection.insert(connect(address));
    exchange(stream, request).unwrap_or(0)
}

fn connect(address: SocketAddr) -> TcpStream {
    connect_from(GOOD, address)
}

/// From this one of the machine's own addresses.
pub(crate) fn connect_from(own: [u8; 4], address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((own, 0)).into()).expect("this machine has it");
    socket.connect(&address.into()).expect("accepted");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream.set_nodelay(true).expect("set");
    stream
}

/// The status of the answer, read to its end.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<u16> {
    stream.write_all(request)?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let (mut length, mut chunked) = (0, false);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(|_| broken())?,
            "transfer-encoding" => chunked = true,
            _ => {}
        }
    }
    while chunked {
        line.clear();
        reader.read_line(&mut line)?;
        length = usize::from_str_radix(line.trim_end(), 16).map_err(|_| broken())?;
        chunked = length > 0;
        skip(&mut reader, length + 2)?;
        length = 0;
    }
    skip(&mut reader, length)?;
    Ok(status)
}

fn skip(reader: &mut impl Read, length: usize) -> std::io::Result<()> {
    std::io::copy(&mut reader.take(length as u64), &mut std::io::sink()).map(drop)
}
