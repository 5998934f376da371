//! Answers: one verdict, said in the words of HTTP and of gRPC.
//!
//! In: what became of a request. Out: an HTTP response. The table [`RefusalReason::row`] is the whole
//! policy; status codes are those of the OTLP specification, "OTLP/HTTP Response" and "OTLP/gRPC
//! Response". It knows no request.

use std::{
    borrow::Cow,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use prost::Message;
use serde_json::json;
use tonic::{Code, Status};

use super::{
    Accepted, Encoding, RefusalReason, Refused,
    proto::{
        status::{Any, BadRequest, Duration as ProtoDuration, RetryInfo, Status as RpcStatus, bad_request},
        trace::{ExportTracePartialSuccess, ExportTraceServiceResponse},
    },
};

/// What OTLP/HTTP reads.
pub(super) const CONTENT_TYPES: &str = "application/x-protobuf, application/json";
/// What both transports inflate.
pub(super) const COMPRESSIONS: &str = "identity,gzip,zstd,deflate";

const GRPC_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
/// Wait at shutdown, in seconds: about as long as a restart takes.
const RESTART_SECONDS: u64 = 5;
/// A gRPC message is preceded by a compression flag and four bytes of length.
const GRPC_PREFIX: usize = 5;

/// Why a request is refused, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: RefusalReason,
    pub(super) message: Cow<'static, str>,
    /// When the same request may be sent again; `None` when never.
    pub(super) retry_after: Option<Duration>,
}

/// A body of at most one frame of data and one of trailers.
#[derive(Debug, Default)]
pub(super) struct Reply {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

/// What a refusal is called in either protocol.
struct Row {
    http: StatusCode,
    grpc: Code,
}

// === impl RefusalReason ===

impl RefusalReason {
    const fn row(self) -> Row {
        let (http, grpc) = match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
            // Not OUT_OF_RANGE, which OTLP clients retry; without RetryInfo they do not retry this.
            Self::TooLarge | Self::InflatedTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted)
            }
            Self::QueueFull => (StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted),
            Self::ShuttingDown | Self::NotKept => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Internal),
            Self::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Unimplemented),
            Self::WrongSignal | Self::WrongPath => (StatusCode::NOT_FOUND, Code::Unimplemented),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, Code::Internal),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded),
            Self::Disconnected => (StatusCode::BAD_REQUEST, Code::Cancelled),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
        };
        Row { http, grpc }
    }
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn new(reason: RefusalReason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, message: message.into(), retry_after: None }
    }

    pub(super) fn busy(retry_after: Duration) -> Self {
        let message = "Tollgate has no room for this request now; send it again later (receive.max_in_flight_bytes bounds \
                       what is held)";
        Self { retry_after: Some(retry_after), ..Self::new(RefusalReason::QueueFull, message) }
    }

    pub(super) fn shutting_down() -> Self {
        let message = "Tollgate is starting or shutting down; send this again later";
        let retry_after = Some(Duration::from_secs(RESTART_SECONDS));
        Self { retry_after, ..Self::new(RefusalReason::ShuttingDown, message) }
    }

    pub(super) fn not_kept(retry_after: Duration) -> Self {
        let message = "Tollgate cannot keep this request now, its log and tollgate_journal_errors_total say why; send it \
                       again later";
        Self { retry_after: Some(retry_after), ..Self::new(RefusalReason::NotKept, message) }
    }

    /// No client sends such a request again, or it would do the same again.
    pub(super) fn failed() -> Self {
        let message = "Tollgate failed on this request, and nothing of it was counted; this is a fault of \
                       Tollgate: please report it with what its log says";
        Self::new(RefusalReason::Internal, message)
    }

    fn details(&self) -> Vec<Any> {
        if let Some(wait) = self.retry_after {
            return vec![any("RetryInfo", &RetryInfo { retry_delay: Some(proto_duration(wait)) })];
        }
        match self.reason {
            RefusalReason::Malformed => vec![any("BadRequest", &self.bad_request())],
            RefusalReason::TooLarge
            | RefusalReason::InflatedTooLarge
            | RefusalReason::QueueFull
            | RefusalReason::ShuttingDown
            | RefusalReason::UnsupportedMediaType
            | RefusalReason::UnsupportedEncoding
            | RefusalReason::WrongSignal
            | RefusalReason::WrongPath
            | RefusalReason::WrongMethod
            | RefusalReason::Timeout
            | RefusalReason::Unauthenticated
            | RefusalReason::Disconnected
            | RefusalReason::NotKept
            | RefusalReason::Internal => Vec::new(),
        }
    }

    fn bad_request(&self) -> BadRequest {
        let violation =
            bad_request::FieldViolation { field: "body".to_owned(), description: self.message.to_string() };
        BadRequest { field_violations: vec![violation] }
    }

    fn rpc_status(&self) -> RpcStatus {
        RpcStatus {
            code: self.reason.row().grpc as i32,
            message: self.message.to_string(),
            details: self.details(),
        }
    }

    /// `google.rpc.Status` in protobuf's JSON mapping.
    fn json(&self) -> serde_json::Value {
        let details = if let Some(wait) = self.retry_after {
            let delay = format!("{}.{:09}s", wait.as_secs(), wait.subsec_nanos());
            json!([{"@type": type_url("RetryInfo"), "retryDelay": delay}])
        } else if self.reason == RefusalReason::Malformed {
            let violation = json!({"field": "body", "description": self.message});
            json!([{"@type": type_url("BadRequest"), "fieldViolations": [violation]}])
        } else {
            json!([])
        };
        json!({"code": self.reason.row().grpc as i32, "message": self.message, "details": details})
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Malformed(message) => Self::new(RefusalReason::Malformed, message),
            Refused::Busy { retry_after } => Self::busy(retry_after),
            Refused::ShuttingDown => Self::shutting_down(),
            Refused::NotKept { retry_after } => Self::not_kept(retry_after),
        }
    }
}

fn type_url(name: &str) -> String {
    format!("type.googleapis.com/google.rpc.{name}")
}

fn any(name: &str, message: &impl Message) -> Any {
    Any { type_url: type_url(name), value: message.encode_to_vec() }
}

fn proto_duration(duration: Duration) -> ProtoDuration {
    ProtoDuration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: duration.subsec_nanos().cast_signed(),
    }
}

// === OTLP/HTTP ===

/// The answer of OTLP/HTTP, in the encoding of the request (JSON where that is not known: a person reads it).
pub(super) fn http(encoding: Option<Encoding>, verdict: &Result<Accepted, Refusal>) -> Response<Reply> {
    let encoding = encoding.unwrap_or(Encoding::Json);
    match verdict {
        Ok(accepted) => {
            let body = match encoding {
                Encoding::Protobuf => export_response(accepted).encode_to_vec(),
                Encoding::Json => accepted_json(accepted).to_string().into_bytes(),
            };
            http_response(StatusCode::OK, encoding, body)
        }
        Err(refusal) => {
            let body = match encoding {
                Encoding::Protobuf => refusal.rpc_status().encode_to_vec(),
                Encoding::Json => refusal.json().to_string().into_bytes(),
            };
            let mut response = http_response(refusal.reason.row().http, encoding, body);
            explain(refusal, response.headers_mut());
            response
        }
    }
}

fn http_response(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response<Reply> {
    let content_type = match encoding {
        Encoding::Protobuf => HeaderValue::from_static("application/x-protobuf"),
        Encoding::Json => HeaderValue::from_static("application/json"),
    };
    let mut response = Response::new(Reply { data: Some(body.into()), trailers: None });
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// The headers that say to a client what would be right.
fn explain(refusal: &Refusal, headers: &mut HeaderMap) {
    if let Some(wait) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, whole_seconds(wait).into());
    }
    match refusal.reason {
        RefusalReason::WrongMethod => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        RefusalReason::UnsupportedEncoding => {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(COMPRESSIONS));
        }
        RefusalReason::UnsupportedMediaType => {
            headers.insert(header::ACCEPT, HeaderValue::from_static(CONTENT_TYPES));
        }
        RefusalReason::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Tollgate\""));
        }
        // The rest of the body will not come, so no further request can either.
        RefusalReason::Timeout => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        RefusalReason::Malformed
        | RefusalReason::TooLarge
        | RefusalReason::InflatedTooLarge
        | RefusalReason::QueueFull
        | RefusalReason::ShuttingDown
        | RefusalReason::WrongSignal
        | RefusalReason::WrongPath
        | RefusalReason::Disconnected
        | RefusalReason::NotKept
        | RefusalReason::Internal => {}
    }
}

/// `Retry-After` knows whole seconds only; at least one, since 0 reads as "at once".
fn whole_seconds(wait: Duration) -> u64 {
    let seconds = if wait.subsec_nanos() == 0 { wait.as_secs() } else { wait.as_secs().saturating_add(1) };
    seconds.max(1)
}

fn export_response(accepted: &Accepted) -> ExportTraceServiceResponse {
    let partial_success = is_partial(accepted).then(|| ExportTracePartialSuccess {
        rejected_spans: i64::try_from(accepted.malformed_spans).unwrap_or(i64::MAX),
        error_message: reason(accepted).to_owned(),
    });
    ExportTraceServiceResponse { partial_success }
}

fn accepted_json(accepted: &Accepted) -> serde_json::Value {
    if !is_partial(accepted) {
        return json!({});
    }
    // Protobuf's JSON mapping writes 64-bit integers as strings.
    let rejected = accepted.malformed_spans.to_string();
    json!({"partialSuccess": {"rejectedSpans": rejected, "errorMessage": reason(accepted)}})
}

/// OTLP: `partial_success` is unset on full success, and its message is never empty.
const fn is_partial(accepted: &Accepted) -> bool {
    accepted.malformed_spans > 0 || accepted.reason.is_some()
}

fn reason(accepted: &Accepted) -> &str {
    accepted.reason.as_deref().unwrap_or("some spans are not valid OTLP and were left out")
}

// === OTLP/gRPC ===

/// The answer of OTLP/gRPC.
pub(super) fn grpc(verdict: &Result<Accepted, Refusal>) -> Response<Reply> {
    match verdict {
        Ok(accepted) => {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
            let data = Some(grpc_frame(&export_response(accepted)));
            let mut response = Response::new(Reply { data, trailers: Some(trailers) });
            response.headers_mut().insert(header::CONTENT_TYPE, GRPC_CONTENT_TYPE);
            response
        }
        Err(refusal) => grpc_refusal(refusal),
    }
}

/// Errors are "trailers only": the status is in the headers, and there is no body.
fn grpc_refusal(refusal: &Refusal) -> Response<Reply> {
    let code = refusal.reason.row().grpc;
    let status = refusal.rpc_status();
    let details = if status.details.is_empty() { Bytes::new() } else { status.encode_to_vec().into() };
    let mut response: Response<Reply> =
        Status::with_details(code, refusal.message.clone(), details).into_http();
    if refusal.reason == RefusalReason::UnsupportedEncoding {
        let accepted = HeaderValue::from_static(COMPRESSIONS);
        response.headers_mut().insert("grpc-accept-encoding", accepted);
    }
    response
}

fn grpc_frame(message: &ExportTraceServiceResponse) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(GRPC_PREFIX + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    frame.extend_from_slice(&message.encode_to_vec());
    frame.freeze()
}

// === impl Reply ===

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}
