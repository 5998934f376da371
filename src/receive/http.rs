//! OTLP/HTTP: `POST /v1/traces`, protobuf or JSON.
//!
//! In: an HTTP request that is not gRPC. Out: the intake's verdict on it, or a refusal. The answer itself
//! is written by `reply`.

use ::http::{HeaderMap, Method, Request, Version, header, request::Parts};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{
    Accepted, Compression, Encoding, RefusalReason, body,
    exchange::{Arrival, Receiver, wrong_signal},
    guard::Guard,
    reply::{COMPRESSIONS, CONTENT_TYPES, Refusal},
};

/// The path of traces in the OTLP specification.
const TRACES: &str = "/v1/traces";

/// The other signals: path, name, and how to switch the export off. The variables are those of the
/// OpenTelemetry specification, "Environment Variable Specification: Exporter Selection".
const OTHER_SIGNALS: [(&str, &str, &str); 3] = [
    ("/v1/metrics", "metrics", "Set OTEL_METRICS_EXPORTER=none in the application"),
    ("/v1/logs", "logs", "Set OTEL_LOGS_EXPORTER=none in the application"),
    ("/v1development/profiles", "profiles", "Switch their export off in the application"),
];

pub(super) async fn receive(
    receiver: &Receiver,
    guard: &Guard,
    request: Request<Incoming>,
    arrival: &mut Arrival,
) -> Result<Accepted, Refusal> {
    let (head, mut body) = request.into_parts();
    let verdict = match check(&head, arrival).and_then(|known| admit(guard, &head).map(|()| known)) {
        Ok((encoding, compression)) => take(receiver, &mut body, encoding, compression, arrival).await,
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = &verdict
        && must_drain(&head, refusal.reason)
    {
        let rest = body::discard(&mut body, receiver.settings.max_inflated_bytes);
        // Out of time or over the limit: the answer goes out all the same, and the connection closes.
        let _ = timeout(receiver.settings.request_timeout, rest).await;
    }
    verdict
}

/// May this request pass?
pub(super) fn admit(guard: &Guard, head: &Parts) -> Result<(), Refusal> {
    if guard.admit(&head.headers) {
        return Ok(());
    }
    // Without an example: in the log one would look like a secret.
    let message = "a token of this listener is needed in the header `authorization`, which an SDK takes from \
                   OTEL_EXPORTER_OTLP_HEADERS; docs/security.md shows how";
    Err(Refusal::new(RefusalReason::Unauthenticated, message))
}

async fn take(
    receiver: &Receiver,
    body: &mut Incoming,
    encoding: Encoding,
    compression: Compression,
    arrival: &mut Arrival,
) -> Result<Accepted, Refusal> {
    receiver.check_ready()?;
    let share = receiver.share(arrival);
    let packed = receiver.read(body, receiver.settings.max_request_bytes, arrival, &share).await?;
    receiver.deliver(packed, encoding, compression, arrival, &share).await
}

/// Checks the head of a request, in the order in which a person would look for the fault.
fn check(head: &Parts, arrival: &mut Arrival) -> Result<(Encoding, Compression), Refusal> {
    let encoding = encoding(&head.headers);
    // Known from here on, so that a refusal is written in the client's own encoding.
    arrival.encoding = encoding;
    check_path(head.uri.path())?;
    if head.method != Method::POST {
        return Err(Refusal::new(RefusalReason::WrongMethod, format!("{TRACES} takes POST only")));
    }
    let encoding = encoding.ok_or_else(|| unknown_content_type(&head.headers))?;
    let compression = compression(&head.headers)?;
    arrival.compression = Some(compression);
    Ok((encoding, compression))
}

fn check_path(path: &str) -> Result<(), Refusal> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path == TRACES {
        return Ok(());
    }
    if let Some((_, signal, remedy)) = OTHER_SIGNALS.iter().find(|(other, ..)| *other == path) {
        return Err(wrong_signal(signal, remedy));
    }
    let message = "OTLP/HTTP traces go to /v1/traces. OTEL_EXPORTER_OTLP_ENDPOINT has this path appended \
                   by the SDK; OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be written with it";
    Err(Refusal::new(RefusalReason::WrongPath, message))
}

/// The encoding, whatever parameters (charset) follow it.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-protobuf")
        || media_type.eq_ignore_ascii_case("application/protobuf")
    {
        Some(Encoding::Protobuf)
    } else if media_type.eq_ignore_ascii_case("application/json") {
        Some(Encoding::Json)
    } else {
        None
    }
}

fn unknown_content_type(headers: &HeaderMap) -> Refusal {
    let found = match headers.get(header::CONTENT_TYPE) {
        Some(_) => "this content-type is not one of OTLP/HTTP",
        None => "the request has no content-type",
    };
    Refusal::new(RefusalReason::UnsupportedMediaType, format!("{found}; accepted: {CONTENT_TYPES}"))
}

fn compression(headers: &HeaderMap) -> Result<Compression, Refusal> {
    let unknown = || {
        let message = format!("this content-encoding is not known; accepted: {COMPRESSIONS}, one at a time");
        Refusal::new(RefusalReason::UnsupportedEncoding, message)
    };
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(Compression::Identity) };
    if values.next().is_some() {
        return Err(unknown());
    }
    Compression::from_header(value.as_bytes()).ok_or_else(unknown)
}

/// Whether the client may still be sending what was not read. HTTP/2 resets the stream instead, and a
/// client that asked with `Expect: 100-continue` has not begun.
fn must_drain(head: &Parts, reason: RefusalReason) -> bool {
    if head.version >= Version::HTTP_2 || head.headers.contains_key(header::EXPECT) {
        return false;
    }
    match reason {
        RefusalReason::Timeout | RefusalReason::Disconnected => false,
        RefusalReason::Malformed
        | RefusalReason::TooLarge
        | RefusalReason::InflatedTooLarge
        | RefusalReason::QueueFull
        | RefusalReason::ShuttingDown
        | RefusalReason::UnsupportedMediaType
        | RefusalReason::UnsupportedEncoding
        | RefusalReason::WrongSignal
        | RefusalReason::WrongPath
        | RefusalReason::WrongMethod
        | RefusalReason::Unauthenticated
        | RefusalReason::NotKept
        | RefusalReason::Internal => true,
    }
}

impl Compression {
    /// The compression that `content-encoding` or `grpc-encoding` names.
    pub(super) fn from_header(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let names: [(&[u8], Self); 6] = [
            (b"", Self::Identity),
            (b"identity", Self::Identity),
            (b"gzip", Self::Gzip),
            (b"x-gzip", Self::Gzip),
            (b"zstd", Self::Zstd),
            (b"deflate", Self::Deflate),
        ];
        names.iter().find(|(name, _)| value.eq_ignore_ascii_case(name)).map(|(_, known)| *known)
    }
}
