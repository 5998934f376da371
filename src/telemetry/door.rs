//! Counters of the door for spans: what [`crate::receive`] tells.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::event::Listener;
use super::registry::{counter, gauge, histogram};
use super::{Event, emit};
use crate::metric::ReceiverMetric as M;
use crate::receive::{Encoding, Observer, Outcome, ReceiveEvent, RefusalReason, RequestEvent, Transport};

const TRANSPORTS: [Transport; 2] = [Transport::Grpc, Transport::Http];
const ENCODINGS: [&str; 3] = [Encoding::Protobuf.label(), Encoding::Json.label(), "unknown"];
const RESULTS: [&str; 3] = ["accepted", "partial", "refused"];

/// Passes on to the telemetry what happens at the door.
#[derive(Clone, Copy, Debug)]
pub struct DoorObserver;

impl Observer for DoorObserver {
    fn observe(&self, event: &ReceiveEvent) {
        emit(&Event::Receive(event));
    }
}

/// A counter whose value can be read back, for the status page.
pub(super) struct ReadableCounter {
    counter: Counter,
    value: AtomicU64,
}

impl ReadableCounter {
    pub(super) fn new(counter: Counter) -> Self {
        Self { counter, value: AtomicU64::new(0) }
    }

    pub(super) fn add(&self, amount: u64) {
        self.counter.increment(amount);
        self.value.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// Counters by transport, in the order of [`TRANSPORTS`].
type ByTransport<T> = [T; TRANSPORTS.len()];

/// Everything that is counted at the door.
pub(super) struct Door {
    requests: ByTransport<[[ReadableCounter; RESULTS.len()]; ENCODINGS.len()]>,
    wire_bytes: ByTransport<Counter>,
    body_bytes: ByTransport<Counter>,
    duration: ByTransport<Histogram>,
    refusals: [Counter; RefusalReason::ALL.len()],
    connections: [Gauge; Listener::ALL.len()],
    refused_connections: Counter,
    idle_connections: Counter,
    evicted_connections: Counter,
    failed_handshakes: Counter,
}

impl Door {
    pub(super) fn new(recorder: &PrometheusRecorder) -> Self {
        let one = |metric, name, value| counter(recorder, metric, &[(name, value)]);
        Self {
            requests: TRANSPORTS.map(|transport| {
                ENCODINGS.map(|encoding| RESULTS.map(|result| request(recorder, transport, encoding, result)))
            }),
            wire_bytes: TRANSPORTS.map(|it| one(M::WireBytes, "transport", it.label())),
            body_bytes: TRANSPORTS.map(|it| one(M::BodyBytes, "transport", it.label())),
            duration: TRANSPORTS
                .map(|it| histogram(recorder, M::RequestDuration, &[("transport", it.label())])),
            refusals: RefusalReason::ALL.map(|it| one(M::RefusedRequests, "reason", it.label())),
            connections: Listener::ALL.map(|it| gauge(recorder, M::Connections, &[("listener", it.label())])),
            refused_connections: one(M::ClosedConnections, "reason", "too_many"),
            idle_connections: one(M::ClosedConnections, "reason", "idle"),
            evicted_connections: one(M::ClosedConnections, "reason", "evicted"),
            failed_handshakes: one(M::ClosedConnections, "reason", "handshake"),
        }
    }

    /// Counts what happened; true when a histogram took a sample.
    pub(super) fn count(&self, event: &ReceiveEvent) -> bool {
        match event {
            ReceiveEvent::Request(request) => self.request(request),
            ReceiveEvent::ConnectionOpened => self.opened(Listener::Otlp),
            ReceiveEvent::ConnectionClosed => self.closed(Listener::Otlp),
            ReceiveEvent::ConnectionRefused { .. } => self.refused_connections.increment(1),
            ReceiveEvent::ConnectionIdle => self.idle_connections.increment(1),
            ReceiveEvent::ConnectionEvicted => self.evicted_connections.increment(1),
            ReceiveEvent::HandshakeFailed => self.failed_handshakes.increment(1),
            ReceiveEvent::AcceptFailed { .. } => {}
        }
        matches!(event, ReceiveEvent::Request(_))
    }

    pub(super) fn opened(&self, listener: Listener) {
        self.connections[listener as usize].increment(1.0);
    }

    pub(super) fn closed(&self, listener: Listener) {
        self.connections[listener as usize].decrement(1.0);
    }

    pub(super) fn accepted(&self) -> u64 {
        self.sum(0) + self.sum(1)
    }

    pub(super) fn refused(&self) -> u64 {
        self.sum(2)
    }

    fn sum(&self, result: usize) -> u64 {
        self.requests.iter().flatten().map(|of_encoding| of_encoding[result].get()).sum()
    }

    fn request(&self, request: &RequestEvent) {
        let transport = match request.transport {
            Transport::Grpc => 0,
            Transport::Http => 1,
        };
        let encoding = match request.encoding {
            Some(Encoding::Protobuf) => 0,
            Some(Encoding::Json) => 1,
            None => 2,
        };
        let result = match &request.outcome {
            Outcome::Accepted(accepted) => usize::from(accepted.malformed_spans > 0),
            Outcome::Refused { reason, .. } => {
                if let Some(at) = RefusalReason::ALL.iter().position(|known| known == reason) {
                    self.refusals[at].increment(1);
                }
                2
            }
        };
        self.requests[transport][encoding][result].add(1);
        self.wire_bytes[transport].increment(request.wire_bytes);
        self.body_bytes[transport].increment(request.inflated_bytes);
        self.duration[transport].record(request.seconds);
    }
}

fn request(
    recorder: &PrometheusRecorder,
    transport: Transport,
    encoding: &'static str,
    result: &'static str,
) -> ReadableCounter {
    let labels = [("transport", transport.label()), ("encoding", encoding), ("result", result)];
    ReadableCounter::new(counter(recorder, M::Requests, &labels))
}
