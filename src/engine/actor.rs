//! The engine's own thread, and the handle by which everybody talks to it.
//!
//! In: requests (decoded on the caller's thread, which is the heavy part), reloads. Out: views.
//! A bounded queue stands between; when it is full the sender is asked to come again. What was
//! accepted is in the queue, and the queue is emptied before the end: nothing acknowledged is lost.
//!
//! A turn is one message or one tick. Who wants a view says so beside the queue, and the engine takes one at
//! the end of its turn; where the turn is long, the view before is what there is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::pulse::Pulse;
use super::{Engine, EngineSettings, Reader};
use crate::clock;
use crate::dialect::Vocabulary;
use crate::expose::view::View;
use crate::facts::Unread;
use crate::otlp::Fault;
use crate::receive::{Accepted, Encoding, Intake, Payload, Refused};
use crate::record::RecordBatch;
use crate::telemetry::{self, Event, emit};

/// Requests that may wait for the engine.
const QUEUE: usize = 4096;
/// How often waiting spans are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long a sender is asked to wait when the queue is full.
const COME_AGAIN: Duration = Duration::from_secs(1);
/// How long one view serves all who come.
const SHARED: Duration = Duration::from_secs(1);
/// How long a reader waits for a new view before it takes the one before.
const PATIENCE: Duration = Duration::from_millis(500);
/// What is older than this tells nothing of now.
const STALE: Duration = Duration::from_secs(60);

/// What the engine can be asked.
enum Message {
    Batch(Box<RecordBatch>, u64),
    /// Nothing but the end of a turn.
    Turn,
    Reload(Box<EngineSettings>),
    Finish(oneshot::Sender<()>),
    #[cfg(test)]
    BreakDown,
}

/// What a status page shows without asking the engine.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Date of the price data.
    pub catalogue_date: String,
    /// `embedded` or `file`.
    pub catalogue_source: String,
    /// Label tuples that may be kept.
    pub call_series_limit: usize,
}

/// Talks to the engine from anywhere.
#[derive(Debug)]
pub struct EngineHandle {
    sender: SyncSender<Message>,
    vocabulary: Vocabulary,
    reader: Reader,
    queue: Arc<Queue>,
    most_queued_bytes: u64,
    stopping: AtomicBool,
    glance: Arc<Mutex<Glance>>,
    pulse: Arc<Pulse>,
    views: watch::Receiver<Option<Published>>,
}

/// The last view.
#[derive(Clone, Debug)]
struct Published {
    view: Arc<View>,
    /// When it was taken, on the engine's pulse.
    at: Duration,
}

#[derive(Debug, Default)]
struct Queue {
    requests: AtomicU64,
    bytes: AtomicU64,
    call_series: AtomicUsize,
}

/// Starts an engine.
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(
    vocabulary: Vocabulary,
    settings: EngineSettings,
    most_queued_bytes: u64,
) -> std::io::Result<EngineHandle> {
    emit(&Event::QueueLimits { requests: QUEUE as u64, bytes: most_queued_bytes });
    let (handle, own, receiver) = connected(vocabulary, settings, most_queued_bytes);
    std::thread::Builder::new().name("engine".to_owned()).spawn(move || own.run_guarded(&receiver))?;
    Ok(handle)
}

/// Both ends of an engine that does not run yet.
fn connected(
    vocabulary: Vocabulary,
    settings: EngineSettings,
    most_queued_bytes: u64,
) -> (EngineHandle, Owner, Receiver<Message>) {
    let (sender, receiver) = sync_channel(QUEUE);
    let queue = Arc::new(Queue::default());
    let glance = Arc::new(Mutex::new(Glance::default()));
    let pulse = Arc::new(Pulse::new());
    let (publish, views) = watch::channel(None);
    let own = Owner {
        engine: Engine::new(settings),
        clock: clock::SteadyClock::start(),
        queue: Arc::clone(&queue),
        glance: Arc::clone(&glance),
        pulse: Arc::clone(&pulse),
        publish,
    };
    let stopping = AtomicBool::new(false);
    let handle = EngineHandle {
        sender,
        vocabulary,
        reader: Reader::default(),
        queue,
        most_queued_bytes,
        stopping,
        glance,
        pulse,
        views,
    };
    (handle, own, receiver)
}

// === the engine's side ===

struct Owner {
    engine: Engine,
    clock: clock::SteadyClock,
    queue: Arc<Queue>,
    glance: Arc<Mutex<Glance>>,
    pulse: Arc<Pulse>,
    publish: watch::Sender<Option<Published>>,
}

impl Owner {
    /// A panic ends the engine and is told; nothing of it is used any more.
    fn run_guarded(self, receiver: &Receiver<Message>) {
        let pulse = Arc::clone(&self.pulse);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run(receiver))) {
            pulse.fail(&*panic);
        }
    }

    fn run(mut self, receiver: &Receiver<Message>) {
        self.tell_catalogue();
        let mut ticked = clock::Stopwatch::start();
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if ticked.elapsed() >= TICK {
                self.tick();
                self.forget_old_parts();
                ticked = clock::Stopwatch::start();
            }
            if self.pulse.takes_view() {
                self.publish();
            }
            self.pulse.turned();
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Batch(batch, bytes) => {
                self.engine.set_wall_clock(self.clock.now(), clock::now_unix_nano());
                self.engine.offer(*batch, self.clock.now(), &mut emit);
                self.queue.requests.fetch_sub(1, Ordering::Relaxed);
                self.queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
            Message::Turn => {}
            Message::Reload(settings) => {
                self.engine.reload(*settings);
                self.tell_catalogue();
            }
            #[cfg(test)]
            Message::BreakDown => panic!("broken for a test"),
            Message::Finish(done) => {
                self.engine.finish(self.clock.now(), &mut emit);
                self.publish();
                // Who asked may have gone.
                let _ = done.send(());
            }
        }
    }

    fn tick(&mut self) {
        self.engine.set_wall_clock(self.clock.now(), clock::now_unix_nano());
        self.engine.tick(self.clock.now(), &mut emit);
        self.queue.call_series.store(self.engine.table().state().call_series, Ordering::Relaxed);
        emit(&Event::Queue {
            requests: self.queue.requests.load(Ordering::Relaxed),
            bytes: self.queue.bytes.load(Ordering::Relaxed),
        });
    }

    /// Takes a view of this moment. What the receiver tells of itself is of the same moment, so that in one
    /// document spans and calls agree.
    fn publish(&mut self) {
        self.tick();
        let view = self.engine.view(self.clock.now(), telemetry::snapshot());
        self.publish.send_replace(Some(Published { view: Arc::new(view), at: self.pulse.now() }));
    }

    fn forget_old_parts(&self) {
        if let Some(last) = &*self.publish.borrow()
            && self.pulse.now().saturating_sub(last.at) > SHARED
        {
            last.view.forget();
        }
    }

    fn tell_catalogue(&self) {
        let catalogue = self.engine.book().catalogue();
        let (date, source) = (catalogue.about().date.to_string(), self.engine.catalogue_source());
        let unix_seconds = date
            .parse::<jiff::civil::Date>()
            .ok()
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
            .map_or(0, |moment| u64::try_from(moment.timestamp().as_second()).unwrap_or(0));
        emit(&Event::CatalogueLoaded {
            date: &date,
            unix_seconds,
            source,
            models: catalogue.model_count() as u64,
        });
        let mut glance = self.glance.lock();
        glance.call_series_limit = self.engine.table().state().call_series_limit;
        (glance.catalogue_date, glance.catalogue_source) = (date, source.to_owned());
    }
}

// === everybody else's side ===

impl EngineHandle {
    /// What a status page shows.
    #[must_use]
    pub fn glance(&self) -> Glance {
        self.glance.lock().clone()
    }

    /// Label tuples kept.
    #[must_use]
    pub fn call_series(&self) -> usize {
        self.queue.call_series.load(Ordering::Relaxed)
    }

    /// Everything as it is now, or was less than a second ago. Where the engine is too busy for that, as it
    /// was when it last had time; where that is more than a minute ago, what the receiver tells of itself.
    pub async fn view(&self) -> Arc<View> {
        emit(&Event::EngineLag { seconds: self.lag().as_secs_f64() });
        let mut views = self.views.clone();
        let last = views.borrow_and_update().clone();
        if let Some(last) = self.published_within(SHARED, last.as_ref()) {
            return Arc::clone(&last.view);
        }
        self.pulse.want_view();
        // A full queue means that the engine is at work, and its turn ends anyway.
        let _ = self.sender.try_send(Message::Turn);
        if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, views.changed()).await
            && let Some(now) = &*views.borrow()
        {
            return Arc::clone(&now.view);
        }
        Arc::new(match self.published_within(STALE, last.as_ref()) {
            Some(last) => last.view.with_receiver(telemetry::snapshot()),
            None => View::new(Vec::new(), telemetry::snapshot()),
        })
    }

    fn published_within<'a>(&self, age: Duration, last: Option<&'a Published>) -> Option<&'a Published> {
        last.filter(|last| self.pulse.now().saturating_sub(last.at) < age)
    }

    /// Age of the engine's last turn.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.pulse.lag()
    }

    /// Waits for a panic of the engine, and tells what it said.
    pub async fn failed(&self) -> String {
        self.pulse.failed().await.to_owned()
    }

    /// Requests that were accepted and are not counted yet.
    #[must_use]
    pub fn queued_requests(&self) -> u64 {
        self.queue.requests.load(Ordering::Relaxed)
    }

    /// Hands over what may change while running.
    pub async fn reload(&self, settings: EngineSettings) {
        self.reader.forget_shapes();
        let _ended = self.send(Message::Reload(Box::new(settings))).await;
    }

    /// Takes no more requests, and waits until everything is counted. False when the engine finishes no turn
    /// for so long, or has failed: then it never will be.
    pub async fn finish(&self, patience: Duration) -> bool {
        self.stopping.store(true, Ordering::Release);
        let counted = async {
            let (sender, done) = oneshot::channel();
            self.send(Message::Finish(sender)).await.is_some() && done.await.is_ok()
        };
        tokio::select! {
            counted = counted => counted,
            () = self.stuck(patience) => false,
        }
    }

    /// Makes the engine panic.
    #[cfg(test)]
    pub(crate) async fn break_down(&self) {
        let _ended = self.send(Message::BreakDown).await;
    }

    async fn stuck(&self, patience: Duration) {
        loop {
            let left = patience.saturating_sub(self.lag());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    /// Queues a message behind what waits; the queue is short, so this takes turns rather than blocks.
    async fn send(&self, mut message: Message) -> Option<()> {
        loop {
            match self.sender.try_send(message) {
                Ok(()) => return Some(()),
                Err(TrySendError::Disconnected(_)) => return None,
                Err(TrySendError::Full(back)) => message = back,
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn read(&self, payload: Payload<'_>) -> Result<RecordBatch, Fault> {
        match payload.encoding {
            Encoding::Protobuf => self.reader.read_protobuf(&self.vocabulary, payload.bytes),
            Encoding::Json => self.reader.read_json(&self.vocabulary, payload.bytes),
        }
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.queue.bytes.load(Ordering::Relaxed).saturating_add(bytes) <= self.most_queued_bytes.max(bytes)
    }
}

impl Intake for EngineHandle {
    fn accept(&self, payload: Payload<'_>) -> Result<Accepted, Refused> {
        if !self.ready() {
            return Err(Refused::ShuttingDown);
        }
        let stopwatch = clock::Stopwatch::start();
        let busy = || Refused::Busy { retry_after: COME_AGAIN };
        // JSON is made into protobuf, which is no longer.
        if payload.encoding == Encoding::Json && !payload.room.take(payload.bytes.len()) {
            return Err(busy());
        }
        let mut batch = self.read(payload).map_err(|fault| Refused::Malformed(fault.to_string()))?;
        if !payload.room.take(batch.size()) {
            return Err(busy());
        }
        let (dropped, dropped_fault) = (batch.dropped, batch.dropped_fault);
        emit(&Event::Decoded { seconds: stopwatch.seconds() });
        let bytes = batch.size() as u64;
        if !self.has_room(bytes) {
            return Err(Refused::Busy { retry_after: COME_AGAIN });
        }
        let (accepted, fault, malformed) = (accepted(&batch), batch.fault, batch.malformed);
        let unread = std::mem::take(&mut batch.unread);
        self.queue.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.queue.requests.fetch_add(1, Ordering::Relaxed);
        match self.sender.try_send(Message::Batch(Box::new(batch), bytes)) {
            Ok(()) => {
                if let Some(fault) = fault {
                    emit(&Event::MalformedSpans { reason: fault.label(), count: malformed });
                }
                if let Some(fault) = dropped_fault {
                    emit(&Event::DroppedValues { reason: fault.label(), count: dropped });
                }
                for Unread { scope, reason, count, keys } in &unread {
                    emit(&Event::UnreadSpans { scope, reason: *reason, count: *count, keys });
                }
                Ok(accepted)
            }
            Err(refusal) => {
                self.queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
                self.queue.requests.fetch_sub(1, Ordering::Relaxed);
                Err(match refusal {
                    TrySendError::Full(_) => Refused::Busy { retry_after: COME_AGAIN },
                    TrySendError::Disconnected(_) => Refused::ShuttingDown,
                })
            }
        }
    }

    fn ready(&self) -> bool {
        !self.stopping.load(Ordering::Acquire) && !self.pulse.has_failed()
    }
}

fn accepted(batch: &RecordBatch) -> Accepted {
    Accepted {
        spans: batch.not_a_call + batch.records.len() as u64,
        malformed_spans: batch.malformed,
        reason: batch.fault.map(|fault| fault.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expose::text::Format;
    use crate::price::PriceBook;

    fn settings() -> EngineSettings {
        EngineSettings::with_book(PriceBook::new(&Default::default()).unwrap())
    }

    fn text(view: &View) -> String {
        String::from_utf8(view.document(Format::Text)).unwrap()
    }

    /// Scenario: an engine that finishes no turn. Guarantees: a reader has what the receiver tells of itself, its
    /// lag included, within a second; the end of the process does not wait for it.
    #[tokio::test]
    async fn nobody_waits_for_a_stuck_engine() {
        let (handle, _own, _receiver) = connected(Vocabulary::new(&[]), settings(), 1 << 20);
        let waited = clock::Stopwatch::start();
        let view = handle.view().await;
        let document = text(&view);
        assert!(waited.elapsed() < 2 * PATIENCE);
        assert!(document.contains("\ntollgate_engine_lag_seconds 0"), "{document}");
        assert!(!document.contains("\ntollgate_call_series "), "nothing is known of the table");
        assert!(!handle.finish(Duration::from_millis(10)).await);
    }

    /// Guarantees: all who come within a second read one view; the last one has everything, and is not waited for.
    #[tokio::test]
    async fn readers_of_a_second_share_a_view() {
        let handle = spawn(Vocabulary::new(&[]), settings(), 1 << 20).unwrap();
        let first = handle.view().await;
        assert!(Arc::ptr_eq(&first, &handle.view().await));
        assert!(text(&first).contains("\ntollgate_call_series 0"));
        assert!(handle.finish(Duration::from_secs(10)).await);
        assert!(!Arc::ptr_eq(&first, &handle.view().await));
    }

    /// Guarantees: a panic of the engine is told with its words; no request is taken after it.
    #[tokio::test]
    async fn a_panic_is_told_and_ends_the_intake() {
        let handle = spawn(Vocabulary::new(&[]), settings(), 1 << 20).unwrap();
        handle.break_down().await;
        assert_eq!(handle.failed().await, "broken for a test");
        let refused = handle.accept(Payload { encoding: Encoding::Json, bytes: b"{}", room: &() });
        assert_eq!(refused, Err(Refused::ShuttingDown));
        assert!(!handle.finish(Duration::from_secs(10)).await);
    }
}
