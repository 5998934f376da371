//! What the receiver's door tells, in the words of the telemetry.
//!
//! In: [`ReceiveEvent`]s. Out: [`Event`]s. It decides nothing.

use crate::receive::{
    Encoding, Observer, Outcome, ReceiveEvent, RefusalReason, RequestEvent, Transport as Protocol,
};
use crate::telemetry::{Event, Listener, Refusal, Transport, emit};

/// Passes every event on to the telemetry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telemetry;

impl Observer for Telemetry {
    fn observe(&self, event: &ReceiveEvent) {
        match event {
            ReceiveEvent::Request(request) => observe_request(request),
            ReceiveEvent::ConnectionOpened => emit(&Event::ConnectionOpened(Listener::Otlp)),
            ReceiveEvent::ConnectionClosed => emit(&Event::ConnectionClosed(Listener::Otlp)),
            ReceiveEvent::ConnectionIdle => {}
            ReceiveEvent::ConnectionRefused { .. } => emit(&Event::RequestRefused {
                transport: Transport::Grpc,
                reason: Refusal::TooManyConnections,
                detail: "receive.max_connections are open",
            }),
            ReceiveEvent::AcceptFailed { message } => {
                emit(&Event::AcceptFailed { listener: Listener::Otlp, error: message });
            }
        }
    }
}

fn observe_request(request: &RequestEvent) {
    let transport = match (request.transport, request.encoding) {
        (Protocol::Grpc, _) => Transport::Grpc,
        (Protocol::Http, Some(Encoding::Json)) => Transport::HttpJson,
        (Protocol::Http, Some(Encoding::Protobuf) | None) => Transport::HttpProtobuf,
    };
    match &request.outcome {
        Outcome::Accepted(accepted) => emit(&Event::RequestAccepted {
            transport,
            wire_bytes: request.wire_bytes,
            body_bytes: request.inflated_bytes,
            malformed_spans: accepted.malformed_spans,
        }),
        Outcome::Refused { reason, message } => {
            emit(&Event::RequestRefused { transport, reason: refusal(*reason), detail: message });
        }
    }
}

const fn refusal(reason: RefusalReason) -> Refusal {
    match reason {
        RefusalReason::Malformed => Refusal::Malformed,
        RefusalReason::TooLarge => Refusal::TooLarge,
        RefusalReason::InflatedTooLarge => Refusal::InflatedTooLarge,
        RefusalReason::QueueFull => Refusal::QueueFull,
        RefusalReason::ShuttingDown => Refusal::ShuttingDown,
        RefusalReason::UnsupportedMediaType => Refusal::UnsupportedMediaType,
        RefusalReason::UnsupportedEncoding => Refusal::UnsupportedEncoding,
        RefusalReason::WrongSignal => Refusal::WrongSignal,
        RefusalReason::WrongPath => Refusal::WrongPath,
        RefusalReason::WrongMethod => Refusal::WrongMethod,
        RefusalReason::Timeout => Refusal::Timeout,
        RefusalReason::Disconnected => Refusal::Disconnected,
    }
}
