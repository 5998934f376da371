//! The engine's own thread, and the handle by which everybody talks to it.
//!
//! In: requests (decoded on the caller's thread, which is the heavy part), scrapes, reloads. Out: answers.
//! A bounded queue stands between; when it is full the sender is asked to come again. What was
//! accepted is in the queue, and the queue is emptied before the end: nothing acknowledged is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Engine, EngineSettings, Reader};
use crate::clock;
use crate::dialect::Vocabulary;
use crate::expose::text::Format;
use crate::facts::Batch;
use crate::otlp::{self, Fault, JsonRequest};
use crate::receive::{Accepted, Encoding, Intake, Payload, Refused};
use crate::recognise::Recogniser;
use crate::record::RecordBatch;
use crate::telemetry::{self, Event, emit};

/// Requests that may wait for the engine.
const QUEUE: usize = 4096;
/// How often waiting spans are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long a sender is asked to wait when the queue is full.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// What the engine can be asked.
enum Message {
    Batch(Box<RecordBatch>, u64),
    Render(Format, oneshot::Sender<Bytes>),
    Reload(Box<EngineSettings>),
    Finish(oneshot::Sender<()>),
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
    let (sender, receiver) = sync_channel(QUEUE);
    let queue = Arc::new(Queue::default());
    let glance = Arc::new(Mutex::new(Glance::default()));
    emit(&Event::QueueLimits { requests: QUEUE as u64, bytes: most_queued_bytes });
    let own = Owner { engine: Engine::new(settings), queue: Arc::clone(&queue), glance: Arc::clone(&glance) };
    std::thread::Builder::new().name("engine".to_owned()).spawn(move || own.run(&receiver))?;
    Ok(EngineHandle {
        sender,
        vocabulary,
        reader: Reader::default(),
        queue,
        most_queued_bytes,
        stopping: AtomicBool::new(false),
        glance,
    })
}

// === the engine's side ===

struct Owner {
    engine: Engine,
    queue: Arc<Queue>,
    glance: Arc<Mutex<Glance>>,
}

impl Owner {
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
                ticked = clock::Stopwatch::start();
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Batch(batch, bytes) => {
                self.engine.offer(*batch, clock::now_unix_nano(), &mut emit);
                self.queue.requests.fetch_sub(1, Ordering::Relaxed);
                self.queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
            }
            Message::Render(format, answer) => {
                self.tick();
                let stopwatch = clock::Stopwatch::start();
                let document = self.engine.render(format, clock::now_unix_nano(), &mut telemetry::snapshot());
                emit(&Event::Scraped {
                    open_metrics: format == Format::OpenMetrics,
                    seconds: stopwatch.seconds(),
                    bytes: document.len() as u64,
                });
                // A scraper that went away needs no answer.
                let _ = answer.send(document.into());
            }
            Message::Reload(settings) => {
                self.engine.reload(*settings);
                self.tell_catalogue();
            }
            Message::Finish(done) => {
                self.engine.finish(clock::now_unix_nano(), &mut emit);
                let _ = done.send(());
            }
        }
    }

    fn tick(&mut self) {
        self.engine.tick(clock::now_unix_nano(), &mut emit);
        self.queue.call_series.store(self.engine.table().state().call_series, Ordering::Relaxed);
        emit(&Event::Queue {
            requests: self.queue.requests.load(Ordering::Relaxed),
            bytes: self.queue.bytes.load(Ordering::Relaxed),
        });
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

    /// One document, or `None` when the engine has ended.
    pub async fn document(&self, format: Format) -> Option<Bytes> {
        let (sender, answer) = oneshot::channel();
        self.send(Message::Render(format, sender)).await?;
        answer.await.ok()
    }

    /// Hands over what may change while running.
    pub async fn reload(&self, settings: EngineSettings) {
        self.reader.forget_shapes();
        let _ended = self.send(Message::Reload(Box::new(settings))).await;
    }

    /// Takes no more requests, and waits until everything is counted.
    pub async fn finish(&self) {
        self.stopping.store(true, Ordering::Release);
        let (sender, done) = oneshot::channel();
        if self.send(Message::Finish(sender)).await.is_some() {
            let _ended = done.await;
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

    fn decode(&self, payload: Payload<'_>) -> Result<Batch, Fault> {
        match payload.encoding {
            Encoding::Protobuf => {
                let mut recogniser = Recogniser::new(&self.vocabulary);
                otlp::walk(payload.bytes, &mut recogniser)?;
                Ok(recogniser.finish())
            }
            Encoding::Json => {
                // What the recogniser borrows must outlive it, and here that is the parsed request.
                let request = JsonRequest::parse(payload.bytes)?;
                let mut recogniser = Recogniser::new(&self.vocabulary);
                request.drive(&mut recogniser);
                Ok(recogniser.finish())
            }
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
        let batch = self.decode(payload).map_err(|fault| Refused::Malformed(fault.to_string()))?;
        let batch = self.reader.read(&batch);
        emit(&Event::Decoded { seconds: stopwatch.seconds() });
        let bytes = batch.size() as u64;
        if !self.has_room(bytes) {
            return Err(Refused::Busy { retry_after: COME_AGAIN });
        }
        let (accepted, fault, malformed) = (accepted(&batch), batch.fault, batch.malformed);
        self.queue.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.queue.requests.fetch_add(1, Ordering::Relaxed);
        match self.sender.try_send(Message::Batch(Box::new(batch), bytes)) {
            Ok(()) => {
                if let Some(fault) = fault {
                    emit(&Event::MalformedSpans { reason: fault.label(), count: malformed });
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
        !self.stopping.load(Ordering::Acquire)
    }
}

fn accepted(batch: &RecordBatch) -> Accepted {
    Accepted {
        spans: batch.not_a_call + batch.records.len() as u64,
        malformed_spans: batch.malformed,
        reason: batch.fault.map(|fault| fault.to_string().into()),
    }
}
