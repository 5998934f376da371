//! A receiver on a free port, before an intake that decodes with the oracle (prost) and remembers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot, task::JoinHandle};
use tollgate::receive::{
    Accepted, Encoding, Ended, Intake, Observer, Outcome, Payload, ReceiveEvent, ReceiveSettings, Refused,
    RequestEvent, serve,
};

/// A running receiver.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    pub(crate) intake: Arc<Recorder>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Ended>>,
}

/// Takes what prost can decode; a span without a trace id counts as malformed.
#[derive(Default)]
pub(crate) struct Recorder {
    /// What to answer instead, if set.
    pub(crate) refusal: Mutex<Option<Refused>>,
    /// False at start and shutdown.
    pub(crate) away: Mutex<bool>,
    /// Spans taken so far.
    pub(crate) spans: Mutex<u64>,
    events: Mutex<Vec<ReceiveEvent>>,
}

impl Intake for Recorder {
    fn accept(&self, payload: Payload<'_>) -> Result<Accepted, Refused> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        let request = match payload.encoding {
            Encoding::Protobuf => {
                ExportTraceServiceRequest::decode(payload.bytes).map_err(|error| error.to_string())
            }
            Encoding::Json => serde_json::from_slice(payload.bytes).map_err(|error| error.to_string()),
        };
        let accepted = count(&request.map_err(Refused::Malformed)?);
        *self.spans.lock().unwrap() += accepted.spans;
        Ok(accepted)
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

fn count(request: &ExportTraceServiceRequest) -> Accepted {
    let mut accepted = Accepted::default();
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    for span in scopes.flat_map(|scope| &scope.spans) {
        if span.trace_id.len() == 16 {
            accepted.spans += 1;
        } else {
            accepted.malformed_spans += 1;
            accepted.reason = Some("trace_id must be 16 bytes".into());
        }
    }
    accepted
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

    /// Waits for an event that `wanted` accepts; panics with all events after ten seconds.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&ReceiveEvent) -> bool) -> ReceiveEvent {
        for _ in 0..1000 {
            if let Some(event) = self.events().into_iter().find(&wanted) {
                return event;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no event: {what}; there were {:?}", self.events());
    }

    /// The events of requests, in order.
    pub(crate) fn requests(&self) -> Vec<RequestEvent> {
        let requests = self.events().into_iter().filter_map(|event| match event {
            ReceiveEvent::Request(request) => Some(request),
            ReceiveEvent::ConnectionOpened
            | ReceiveEvent::ConnectionClosed
            | ReceiveEvent::ConnectionRefused { .. }
            | ReceiveEvent::ConnectionIdle
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
