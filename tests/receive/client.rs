//! Clients that send exactly what a test says, well-formed or not, and the payloads they send.

use std::{
    collections::HashMap,
    convert::Infallible,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;

/// For an answer that comes at once on an idle machine: long enough for one that does everything else besides, short
/// enough that a test that waits for nothing ends and is named.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// The gRPC method for traces.
pub(crate) const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// An HTTP/1.1 answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What came back of a gRPC call, wherever it was: in headers or in trailers.
#[derive(Debug)]
pub(crate) struct GrpcAnswer {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) fields: HeaderMap,
    pub(crate) data: Bytes,
}

/// A request of `spans` good spans.
pub(crate) fn request(spans: usize) -> ExportTraceServiceRequest {
    let span =
        Span { trace_id: vec![1; 16], span_id: vec![2; 8], name: "chat".to_owned(), ..Span::default() };
    let scope = ScopeSpans { spans: vec![span; spans], ..ScopeSpans::default() };
    let resource = ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource] }
}

/// A request of one good span and one without a trace id.
pub(crate) fn half_bad() -> ExportTraceServiceRequest {
    let mut request = request(2);
    request.resource_spans[0].scope_spans[0].spans[1].trace_id.clear();
    request
}

pub(crate) fn protobuf(spans: usize) -> Vec<u8> {
    request(spans).encode_to_vec()
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

// === HTTP/1.1, by hand ===

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The head of a POST to `/v1/traces` with these headers.
pub(crate) fn head(headers: &[(&str, &str)], length: usize) -> String {
    head_of("POST", "/v1/traces", headers, length)
}

pub(crate) fn head_of(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// Sends a whole request and reads its answer.
pub(crate) fn post(address: SocketAddr, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    send(address, "POST", "/v1/traces", headers, body)
}

pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = connect(address);
    stream.write_all(head_of(method, path, headers, body.len()).as_bytes()).unwrap();
    // The server may have answered and closed before all was sent.
    let _ = stream.write_all(body);
    read_answer(&mut stream)
}

/// Reads one answer, and not a byte more.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "closed within the head: {head:?}");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HashMap<_, _> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    Answer { status, headers, body }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.headers["content-type"], "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }
}

// === gRPC, by hand ===

/// Frames one gRPC message.
pub(crate) fn frame(compressed: bool, message: &[u8]) -> Vec<u8> {
    let mut framed = vec![u8::from(compressed)];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend(message);
    framed
}

/// Makes one gRPC call with exactly this body.
pub(crate) async fn call(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> GrpcAnswer {
    let mut request = Request::post(format!("http://{address}{path}")).body(Full::from(body)).unwrap();
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (response, data) = over_http2(address, request).await;
    assert_eq!(response.status, 200, "gRPC errors are said in grpc-status");
    let field = |name: &str| response.fields.get(name).map(|value| value.to_str().unwrap());
    GrpcAnswer {
        code: field("grpc-status").expect("a grpc-status").parse().unwrap(),
        message: field("grpc-message").unwrap_or_default().replace("%20", " "),
        fields: response.fields.clone(),
        data,
    }
}

/// Status, and headers and trailers together.
#[derive(Debug)]
pub(crate) struct Http2Head {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
}

/// Opens a connection of HTTP/2 without TLS, as gRPC does. It stays open while the sender lives.
pub(crate) async fn connect_http2<B>(address: SocketAddr) -> http2::SendRequest<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Sends one request over a connection of its own.
pub(crate) async fn over_http2(address: SocketAddr, request: Request<Full<Bytes>>) -> (Http2Head, Bytes) {
    let (head, body) = connect_http2(address).await.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap();
    let mut fields = head.headers;
    fields.extend(body.trailers().cloned().unwrap_or_default());
    (Http2Head { status: head.status.as_u16(), fields }, body.to_bytes())
}
