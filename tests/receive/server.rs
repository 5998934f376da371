//! A receiver on a free port, before an intake that decodes and remembers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::client::PATIENCE;

use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};
use tollgate::otlp::{Attribute, Fault, JsonRequest, SpanHeader, Value, Visitor, walk};
use tollgate::receive::{
    Accepted, Encoding, Ended, Intake, Observer, Outcome, Payload, Receipt, ReceiveEvent, ReceiveSettings,
    Refused, RequestEvent, serve,
};

/// A running receiver.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    pub(crate) intake: Arc<Recorder>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Ended>>,
}

/// Takes what is OTLP, and counts it.
#[derive(Default)]
pub(crate) struct Recorder {
    /// What to answer instead, if set.
    pub(crate) refusal: Mutex<Option<Refused>>,
    /// True for an intake with a fault.
    pub(crate) panics: Mutex<bool>,
    /// False at start and shutdown.
    pub(crate) away: Mutex<bool>,
    /// Spans taken so far.
    pub(crate) spans: Mutex<u64>,
    events: Mutex<Vec<ReceiveEvent>>,
}

impl Intake for Recorder {
    fn accept(&self, payload: Payload<'_>) -> Result<Receipt, Refused> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        assert!(!std::mem::take(&mut *self.panics.lock().unwrap()), "a fault of the intake");
        let mut tally = Tally::default();
        let read = match payload.encoding {
            Encoding::Protobuf => walk(payload.bytes, &mut tally),
            Encoding::Json => JsonRequest::parse(payload.bytes).map(|request| request.drive(&mut tally)),
        };
        read.map_err(|fault| Refused::Malformed(fault.to_string()))?;
        let accepted = tally.0;
        *self.spans.lock().unwrap() += accepted.spans;
        Ok(accepted.into())
    }

    fn ready(&self) -> bool {
        !*self.away.lock().unwrap()
    }
}

impl Observer for Recorder {
    fn observe(&self, event: &ReceiveEvent) {
        self.events.lock().unwrap().push(event.clone());
    }
}

/// Counts spans, good and bad.
#[derive(Default)]
struct Tally(Accepted);

impl<'a> Visitor<'a> for Tally {
    fn resource(&mut self) {}
    fn resource_attribute(&mut self, _: &'a str, _: Value<'a>) {}
    fn scope(&mut self, _: &'a str, _: &'a str) {}
    fn span_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        attribute.text_key().and(attribute.value()).map(drop)
    }
    fn event(&mut self, _: &'a str, _: u64) -> bool {
        true
    }
    fn event_attribute(&mut self, attribute: Attribute<'a>) -> Result<(), Fault> {
        attribute.text_key().and(attribute.value()).map(drop)
    }
    fn span(&mut self, _: &SpanHeader<'a>) {
        self.0.spans += 1;
    }
    fn malformed_span(&mut self, fault: Fault) {
        self.0.malformed_spans += 1;
        self.0.reason = Some(fault.to_string().into());
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(ReceiveSettings::default())
    }

    pub(crate) fn with(settings: ReceiveSettings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let intake = Arc::new(Recorder::default());
        let (stop, stopped) = oneshot::channel();
        let serving = runtime.spawn(serve(settings, vec![listener], intake.clone(), intake.clone(), async {
            let _ = stopped.await;
        }));
        Self { address, runtime, intake, stop: Some(stop), serving: Some(serving) }
    }

    /// Asks it to stop, without waiting.
    pub(crate) fn ask_to_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until it has stopped.
    pub(crate) fn ended(&mut self) -> Ended {
        self.runtime.block_on(self.serving.take().unwrap()).unwrap()
    }

    pub(crate) fn spans(&self) -> u64 {
        *self.intake.spans.lock().unwrap()
    }

    pub(crate) fn events(&self) -> Vec<ReceiveEvent> {
        self.intake.events.lock().unwrap().clone()
    }

    /// Waits for an event that `wanted` accepts.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&ReceiveEvent) -> bool) -> ReceiveEvent {
        self.wait_until(what, || self.events().iter().any(&wanted));
        self.events().into_iter().find(wanted).unwrap()
    }

    /// Waits until it is so; panics with all events when it never is.
    pub(crate) fn wait_until(&self, what: &str, done: impl Fn() -> bool) {
        let pause = Duration::from_millis(10);
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            if done() {
                return;
            }
            std::thread::sleep(pause);
        }
        panic!("never: {what}; there were {:?}", self.events());
    }

    /// The events of requests, in order.
    pub(crate) fn requests(&self) -> Vec<RequestEvent> {
        let requests = self.events().into_iter().filter_map(|event| match event {
            ReceiveEvent::Request(request) => Some(request),
            ReceiveEvent::ConnectionOpened
            | ReceiveEvent::ConnectionClosed
            | ReceiveEvent::ConnectionRefused { .. }
            | ReceiveEvent::ConnectionIdle
            | ReceiveEvent::ConnectionEvicted
            | ReceiveEvent::HandshakeFailed
            | ReceiveEvent::AcceptFailed { .. } => None,
        });
        requests.collect()
    }

    /// The reasons of the refusals so far, as labels.
    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        let refusals = self.requests().into_iter().filter_map(|request| match request.outcome {
            Outcome::Refused { reason, .. } => Some(reason.label()),
            Outcome::Accepted(_) => None,
        });
        refusals.collect()
    }
}
