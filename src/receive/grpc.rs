//! OTLP/gRPC: the unary call `TraceService/Export`, its message handed on as bytes.
//!
//! In: a request with a gRPC content type. Out: the intake's verdict on it, or a refusal.
//!
//! tonic gives the status codes and writes the trailers; the one message of a unary call is unframed
//! here. tonic's own `Streaming` would answer a message over the cap with `OUT_OF_RANGE`, which OTLP
//! clients retry for ever, has one cap for both sides of a compression, reserves what the client
//! declares, and knows no budget across requests.

use ::http::{HeaderMap, Method, Request};
use bytes::{Buf, Bytes};
use hyper::body::Incoming;

use super::{
    Accepted, Compression, Encoding, RefusalReason,
    exchange::{Arrival, Receiver, wrong_signal},
    guard::Guard,
    http,
    reply::{COMPRESSIONS, Refusal},
};

/// The method that takes traces.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The services of the other signals: how their path begins, their name, and how to switch them off.
const OTHER_SIGNALS: [(&str, &str, &str); 3] = [
    (
        "/opentelemetry.proto.collector.metrics.",
        "metrics",
        "Set OTEL_METRICS_EXPORTER=none in the application",
    ),
    ("/opentelemetry.proto.collector.logs.", "logs", "Set OTEL_LOGS_EXPORTER=none in the application"),
    ("/opentelemetry.proto.collector.profiles.", "profiles", "Switch their export off in the application"),
];

/// A message is preceded by a compression flag and four bytes of length.
const PREFIX: usize = 5;

pub(super) async fn receive(
    receiver: &Receiver,
    guard: &Guard,
    request: Request<Incoming>,
    arrival: &mut Arrival,
) -> Result<Accepted, Refusal> {
    let (head, mut body) = request.into_parts();
    arrival.encoding = Some(Encoding::Protobuf);
    check_path(head.uri.path())?;
    http::admit(guard, &head)?;
    if head.method != Method::POST {
        return Err(Refusal::new(RefusalReason::WrongMethod, "gRPC calls are POST requests"));
    }
    let declared = compression(&head.headers)?;
    arrival.compression = Some(declared);
    receiver.check_ready()?;

    let share = receiver.share(arrival);
    let cap = receiver.settings.max_request_bytes.saturating_add(PREFIX);
    let framed = receiver.read(&mut body, cap, arrival, &share).await?;
    let (compressed, message) = unframe(framed)?;
    if compressed && declared == Compression::Identity {
        let message = "the gRPC message is flagged as compressed, and no grpc-encoding says how";
        return Err(Refusal::new(RefusalReason::UnsupportedMediaType, message));
    }
    let compression = if compressed { declared } else { Compression::Identity };
    receiver.deliver(message, Encoding::Protobuf, compression, arrival, &share).await
}

fn check_path(path: &str) -> Result<(), Refusal> {
    if path == EXPORT {
        return Ok(());
    }
    if let Some((_, signal, remedy)) = OTHER_SIGNALS.iter().find(|(service, ..)| path.starts_with(service)) {
        return Err(wrong_signal(signal, remedy));
    }
    Err(Refusal::new(RefusalReason::WrongPath, format!("the only gRPC method here is {EXPORT}")))
}

fn compression(headers: &HeaderMap) -> Result<Compression, Refusal> {
    let Some(value) = headers.get("grpc-encoding") else { return Ok(Compression::Identity) };
    Compression::from_header(value.as_bytes()).ok_or_else(|| {
        let message = format!("this grpc-encoding is not known; accepted: {COMPRESSIONS}");
        Refusal::new(RefusalReason::UnsupportedEncoding, message)
    })
}

/// Takes the one message of a unary call out of its frame.
fn unframe(mut framed: Bytes) -> Result<(bool, Bytes), Refusal> {
    let malformed = |message: &'static str| Err(Refusal::new(RefusalReason::Malformed, message));
    if framed.len() < PREFIX {
        return malformed("the gRPC message is missing or cut short");
    }
    let flag = framed.get_u8();
    let length = framed.get_u32() as usize;
    if framed.len() < length {
        return malformed("the gRPC message is cut short");
    }
    if framed.len() > length {
        return malformed("Export takes one gRPC message, and there is more after it");
    }
    match flag {
        0 => Ok((false, framed)),
        1 => Ok((true, framed)),
        _ => malformed("the compression flag of a gRPC message must be 0 or 1"),
    }
}
