//! One request, one answer: what OTLP/HTTP and OTLP/gRPC have in common.
//!
//! In: a request of either. Out: its answer, and an event. Reading is bounded in bytes and in time, and
//! everything after it is synchronous: a short body is decoded where it was read, a longer one leaves its worker to
//! the other requests; as many as there are cores are decoded at a time, and the longest ones wait apart.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{borrow::Cow, net::IpAddr, sync::Arc};

use ::http::{Request, Response, header};
use bytes::Bytes;
use hyper::body::Incoming;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::{select, time::timeout};

use crate::clock::Stopwatch;

use super::{
    Accepted, Compression, Encoding, Intake, Observer, Outcome, Payload, ReceiveEvent, ReceiveSettings,
    RefusalReason, RequestEvent, Transport,
    body::{self, BodyFault},
    budget::{Budget, Presence, Share},
    grpc,
    guard::Guard,
    http,
    reply::{Refusal, Reply},
};

/// What a request may hold beside the bytes of its body, on the wire and inflated.
const SLACK: usize = 256 * 1024;
/// A body that is no longer is decoded within a millisecond or so.
const SHORT: usize = 128 * 1024;
/// And one that is no longer, within some tens of them: it does not wait behind those that take seconds.
const MIDDLE: usize = 2 * 1024 * 1024;

/// What every request is served with.
pub(super) struct Receiver {
    pub(super) settings: ReceiveSettings,
    intake: Arc<dyn Intake>,
    observer: Arc<dyn Observer>,
    budget: Arc<Budget>,
    /// Places for bodies that are being decoded, and for those that are being inflated.
    middle: Semaphore,
    /// Places for the longest ones.
    long: Semaphore,
}

/// What is known of a request so far.
#[derive(Debug)]
pub(super) struct Arrival {
    peer: IpAddr,
    pub(super) encoding: Option<Encoding>,
    pub(super) compression: Option<Compression>,
    wire_bytes: usize,
    inflated_bytes: usize,
}

// === impl Receiver ===

impl Receiver {
    pub(super) fn new(
        settings: ReceiveSettings,
        intake: Arc<dyn Intake>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        // A request within the caps must fit, or its client would be told to come again for ever.
        // As sent, inflated, and the inflated once more: JSON is made into protobuf.
        let inflated = settings.max_inflated_bytes.saturating_mul(2);
        let longest = settings.max_request_bytes.saturating_add(inflated).saturating_add(SLACK);
        let budget = Budget::new(settings.max_in_flight_bytes, longest);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let [middle, long] = [Semaphore::new(cores), Semaphore::new(cores)];
        Self { settings, intake, observer, budget, middle, long }
    }

    pub(super) fn observe(&self, event: &ReceiveEvent) {
        self.observer.observe(event);
    }

    /// Somebody has connected; what this returns is dropped when the connection ends.
    pub(super) fn arrive(&self, peer: IpAddr) -> Presence {
        self.budget.arrive(peer)
    }

    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        guard: &Guard,
    ) -> Response<Reply> {
        let started = Stopwatch::start();
        let mut arrival =
            Arrival { peer, encoding: None, compression: None, wire_bytes: 0, inflated_bytes: 0 };
        let (transport, response, verdict) = if is_grpc(&request) {
            let verdict = grpc::receive(self, guard, request, &mut arrival).await;
            (Transport::Grpc, super::reply::grpc(&verdict), verdict)
        } else {
            let verdict = http::receive(self, guard, request, &mut arrival).await;
            (Transport::Http, super::reply::http(arrival.encoding, &verdict), verdict)
        };
        self.observe(&ReceiveEvent::Request(RequestEvent {
            transport,
            encoding: arrival.encoding,
            compression: arrival.compression,
            wire_bytes: arrival.wire_bytes as u64,
            inflated_bytes: arrival.inflated_bytes as u64,
            seconds: started.seconds(),
            outcome: outcome(verdict),
        }));
        response
    }

    /// A share of the memory budget, held until the request is done with.
    pub(super) fn share(&self, arrival: &Arrival) -> Share {
        self.budget.share(arrival.peer)
    }

    /// Refuses early what would be refused after reading as well.
    pub(super) fn check_ready(&self) -> Result<(), Refusal> {
        if self.intake.ready() { Ok(()) } else { Err(Refusal::shutting_down()) }
    }

    /// Reads a body as it is on the wire.
    pub(super) async fn read(
        &self,
        body: &mut Incoming,
        cap: usize,
        arrival: &mut Arrival,
        share: &Share,
    ) -> Result<Bytes, Refusal> {
        let limit = self.settings.request_timeout;
        let read = async {
            select! {
                read = body::read(body, cap, share, &mut arrival.wire_bytes) => read,
                () = share.must_give_way() => Err(BodyFault::Busy),
            }
        };
        let read = timeout(limit, read).await;
        share.whole();
        match read {
            Ok(read) => read.map_err(|fault| self.refusal(&fault, Compression::Identity)),
            Err(_) => {
                let seconds = limit.as_secs_f64();
                let message = format!("the body of the request did not arrive within {seconds} s");
                Err(Refusal::new(RefusalReason::Timeout, message))
            }
        }
    }

    /// Inflates a body and hands it to the intake. A panic of either costs this request and nothing else.
    pub(super) async fn deliver(
        &self,
        packed: Bytes,
        encoding: Encoding,
        compression: Compression,
        arrival: &mut Arrival,
        share: &Share,
    ) -> Result<Accepted, Refusal> {
        let bytes = self.inflate(packed, compression, share).await?;
        arrival.inflated_bytes = bytes.len();
        let lane = if bytes.len() <= SHORT {
            None
        } else if bytes.len() <= MIDDLE {
            Some(&self.middle)
        } else {
            Some(&self.long)
        };
        let payload = Payload { encoding, bytes: &bytes, room: share };
        let receipt = apart(lane, || self.intake.accept(payload).map_err(Refusal::from)).await?;
        if let Some(keeping) = receipt.keeping {
            keeping.wait().await?;
        }
        Ok(receipt.accepted)
    }

    /// What is short stays where it is; whether it is short shows when it is inflated.
    async fn inflate(
        &self,
        packed: Bytes,
        compression: Compression,
        share: &Share,
    ) -> Result<Bytes, Refusal> {
        let up_to = |cap: usize| body::inflate(compression, packed.clone(), cap, share);
        let cap = self.settings.max_inflated_bytes;
        let refused = |fault: BodyFault| self.refusal(&fault, compression);
        if compression == Compression::Identity {
            return Ok(packed);
        }
        if packed.len() <= SHORT {
            match apart(None, || Ok(up_to(SHORT.min(cap)))).await? {
                Err(BodyFault::TooLongInflated) if SHORT < cap => {}
                inflated => return inflated.map_err(refused),
            }
        }
        apart(Some(&self.middle), || up_to(cap).map_err(refused)).await
    }

    fn refusal(&self, fault: &BodyFault, compression: Compression) -> Refusal {
        let settings = &self.settings;
        match fault {
            BodyFault::TooLong => too_large(
                RefusalReason::TooLarge,
                settings.max_request_bytes,
                "on the wire",
                "max_request_bytes",
            ),
            BodyFault::TooLongInflated => too_large(
                RefusalReason::InflatedTooLarge,
                settings.max_inflated_bytes,
                "once inflated",
                "max_inflated_bytes",
            ),
            BodyFault::Busy => Refusal::busy(settings.retry_after),
            BodyFault::Disconnected => {
                Refusal::new(RefusalReason::Disconnected, "the body of the request ended before its end")
            }
            BodyFault::Corrupt => {
                let name = compression.label();
                let message = format!("the body is said to be {name}, but does not inflate as {name}");
                Refusal::new(RefusalReason::Malformed, message)
            }
        }
    }
}

/// Does it here, or, with a lane, on a thread that no other request waits for. What a panic leaves half done is its
/// own share and arrival, and they are read no more.
async fn apart<T>(lane: Option<&Semaphore>, work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    let work = || catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Refusal::failed()));
    let flavour = Handle::current().runtime_flavor();
    let Some(lane) = lane.filter(|_| flavour != RuntimeFlavor::CurrentThread) else { return work() };
    // Nobody closes it; without a place it would only be slower.
    let _place = lane.acquire().await;
    tokio::task::block_in_place(work)
}

fn too_large(reason: RefusalReason, cap: usize, place: &str, key: &str) -> Refusal {
    let message = format!(
        "the request is longer than {cap} bytes {place}; send smaller batches \
         (OTEL_BSP_MAX_EXPORT_BATCH_SIZE in an SDK, send_batch_max_size in a Collector), or raise \
         receive.{key} of Tollgate"
    );
    Refusal::new(reason, message)
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    // gRPC-Web is another protocol; over HTTP it is answered 415.
    content_type.is_some_and(|value| {
        let value = value.as_bytes();
        value.starts_with(b"application/grpc") && !value.starts_with(b"application/grpc-web")
    })
}

fn outcome(verdict: Result<Accepted, Refusal>) -> Outcome {
    match verdict {
        Ok(accepted) => Outcome::Accepted(accepted),
        Err(Refusal { reason, message, .. }) => Outcome::Refused { reason, message },
    }
}

/// What to tell a client that sends a signal other than traces.
pub(super) fn wrong_signal(signal: &str, remedy: &str) -> Refusal {
    let message: Cow<'static, str> = format!(
        "Tollgate takes traces only, not {signal}. {remedy}, or send only the traces pipeline of the Collector here"
    )
    .into();
    Refusal::new(RefusalReason::WrongSignal, message)
}
