//! The engine's own thread, and the handle by which everybody talks to it.
//!
//! In: requests (decoded on the caller's thread, which is the heavy part), reloads. Out: views.
//! A bounded queue stands between; when it is full the sender is asked to come again. What was
//! accepted is in the queue, and the queue is emptied before the end: nothing acknowledged is lost.
//!
//! With a store, requests go to the thread of the journal first (`keeping`), and come here once they are on disk; a view is
//! published when the snapshot that it shows is. The store is read (`resume`) before the first turn.
//!
//! A turn is one message or one tick. Who wants a view says so beside the queue, and the engine takes one at
//! the end of its turn; where the turn is long, the view before is what there is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{oneshot, watch};

use super::keeping::{COME_AGAIN as AGAIN_KEPT, Health, Librarian, Save, Scribe, Work, keep_short};
use super::pulse::Pulse;
use super::resume::resume;
use super::{Engine, EngineSettings, Reader};
use crate::clock;
use crate::dialect::Vocabulary;
use crate::expose::scrapers::{Scrapers, Visit};
use crate::expose::view::View;
use crate::facts::Unread;
use crate::ledger::Shared;
use crate::ledger::hash::OwnerHash;
use crate::otlp;
use crate::receive::{Accepted, Encoding, Intake, Keeping, Payload, Receipt, Refused};
use crate::record::RecordBatch;
use crate::settle::{self, Secret};
use crate::store::{self, Durability, Fault, Folder, Standing, Store};
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
/// How long the end waits for the last snapshot.
const LAST_SNAPSHOT: Duration = Duration::from_secs(5);
/// What is older than this tells nothing of now.
const STALE: Duration = Duration::from_secs(60);

/// What the engine can be asked.
pub(super) enum Message {
    Batch(Box<RecordBatch>, u64),
    /// A batch that is on disk: its number, and that of its first record.
    Kept(Box<RecordBatch>, u64, (u64, u64)),
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
    reading: RwLock<Arc<Reading>>,
    queue: Arc<Queue>,
    most_queued_bytes: u64,
    stopping: AtomicBool,
    glance: Arc<Mutex<Glance>>,
    pulse: Arc<Pulse>,
    views: watch::Receiver<Option<Published>>,
    scrapers: Arc<Scrapers>,
    kept: Option<KeptWay>,
    ledger: Shared,
}

/// The way of requests over the journal.
#[derive(Debug)]
struct KeptWay {
    work: SyncSender<Work>,
    health: Arc<Health>,
    relaxed: bool,
    instance: String,
}

/// What keeps, before it has been read.
struct Opening {
    store: Store,
    durability: Durability,
    work: Receiver<Work>,
    way: SyncSender<Work>,
    health: Arc<Health>,
    messages: SyncSender<Message>,
    reader: Reader,
    bounds: [(u64, u64); settle::Memory::ALL.len()],
}

/// How requests are read.
#[derive(Debug)]
struct Reading {
    vocabulary: Vocabulary,
    reader: Reader,
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
    store: Option<(Store, Durability)>,
) -> std::io::Result<EngineHandle> {
    emit(&Event::QueueLimits { requests: QUEUE as u64, bytes: most_queued_bytes });
    let (handle, own, receiver) = connected(vocabulary, settings, most_queued_bytes, store);
    std::thread::Builder::new().name("engine".to_owned()).spawn(move || own.run_guarded(&receiver))?;
    Ok(handle)
}

/// Both ends of an engine that does not run yet.
fn connected(
    vocabulary: Vocabulary,
    mut settings: EngineSettings,
    most_queued_bytes: u64,
    store: Option<(Store, Durability)>,
) -> (EngineHandle, Owner, Receiver<Message>) {
    if let Some((store, _)) = &store {
        let seeds = store.journal.identity().seeds;
        settings.settle.secret = Secret::with_seed(seeds.0, seeds.1);
    }
    let owners = owner_hash(&settings, store.as_ref().map(|(store, _)| &store.folder));
    let mut reader =
        Reader::with_secret(settings.settle.secret.clone()).weighing(settings.aggregate.estimates_sampled);
    if let Some(owners) = &owners {
        reader = reader.hashing(owners.clone(), settings.aggregate.dimensions.len());
    }
    let bounds = settle::bounds(&settings.settle);
    let (sender, receiver) = sync_channel(QUEUE);
    let queue = Arc::new(Queue::default());
    let glance = Arc::new(Mutex::new(Glance::default()));
    let pulse = Arc::new(Pulse::new());
    let (publish, views) = watch::channel(None);
    let scrapers = Arc::new(Scrapers::default());
    let opening = store.map(|(store, durability)| {
        let ((way, work), health, messages) = (sync_channel(QUEUE), Arc::default(), sender.clone());
        Opening { store, durability, work, way, health, messages, reader: reader.clone(), bounds }
    });
    let kept = opening.as_ref().map(|opening| KeptWay {
        work: opening.way.clone(),
        health: Arc::clone(&opening.health),
        relaxed: opening.durability == Durability::Relaxed,
        instance: opening.store.journal.identity().instance.clone(),
    });
    if opening.is_none() {
        pulse.go();
    }
    let engine = Engine::new(settings);
    let ledger = engine.ledger();
    owners.into_iter().for_each(|owners| ledger.write().hash_names(owners));
    let own = Owner {
        engine,
        clock: clock::SteadyClock::start(),
        queue: Arc::clone(&queue),
        glance: Arc::clone(&glance),
        pulse: Arc::clone(&pulse),
        publish: Arc::new(publish),
        scrapers: Arc::clone(&scrapers),
        opening: opening.map(Box::new),
        keeping: None,
    };
    let stopping = AtomicBool::new(false);
    let handle = EngineHandle {
        sender,
        reading: RwLock::new(Arc::new(Reading { vocabulary, reader })),
        queue,
        most_queued_bytes,
        stopping,
        glance,
        pulse,
        views,
        scrapers,
        kept,
        ledger,
    };
    (handle, own, receiver)
}

/// What hashes the names of owners, where that is wanted. Without a directory hashes are those of this process.
fn owner_hash(settings: &EngineSettings, folder: Option<&Folder>) -> Option<OwnerHash> {
    let attribution = &settings.ledger.attribution;
    let key = || folder.map_or_else(store::random_key, Folder::owner_key);
    OwnerHash::is_wanted(attribution).then(|| OwnerHash::new(key(), attribution))
}

// === the engine's side ===

struct Owner {
    engine: Engine,
    clock: clock::SteadyClock,
    queue: Arc<Queue>,
    glance: Arc<Mutex<Glance>>,
    pulse: Arc<Pulse>,
    publish: Arc<watch::Sender<Option<Published>>>,
    scrapers: Arc<Scrapers>,
    opening: Option<Box<Opening>>,
    keeping: Option<Snapshots>,
}

/// The way of snapshots.
struct Snapshots {
    save: SyncSender<Save>,
    /// One is on its way.
    busy: Arc<AtomicBool>,
    label_names: String,
    /// Since the last one was taken.
    taken: clock::Stopwatch,
    /// Set when this ends.
    ended: Arc<AtomicBool>,
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
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
        if let Some(opening) = self.opening.take() {
            match self.resume(*opening) {
                Ok(keeping) => self.keeping = Some(keeping),
                Err(fault) => return self.pulse.fail(&fault.words),
            }
            self.publish();
        }
        let mut ticked = clock::Stopwatch::start();
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(Message::Finish(done)) if self.keeping.is_some() => {
                    self.save_last();
                    // Who asked may have gone.
                    let _ = done.send(());
                    return;
                }
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if ticked.elapsed() >= TICK {
                self.tick();
                self.forget_old_parts();
                ticked = clock::Stopwatch::start();
            }
            if self.pulse.takes_view() || self.is_snapshot_due() {
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
                self.queue.leave(bytes);
            }
            Message::Kept(batch, bytes, place) => {
                self.engine.set_wall_clock(self.clock.now(), clock::now_unix_nano());
                self.engine.offer_kept(*batch, place, self.clock.now(), &mut emit);
                self.queue.leave(bytes);
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
                self.engine.end_holds();
                self.publish();
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
    /// With a store, it is published once it is on disk.
    fn publish(&mut self) {
        if self.keeping.as_ref().is_some_and(|keeping| keeping.busy.load(Ordering::Acquire)) {
            return;
        }
        self.tick();
        if let Some(seen) = self.scrapers.seen_by_all(self.pulse.now()) {
            self.engine.seen_by_all(seen);
        }
        let view = Arc::new(self.engine.view(self.clock.now(), telemetry::snapshot()));
        let (now, published) = (self.clock.now(), Published { view, at: self.pulse.now() });
        let publish = Arc::clone(&self.publish);
        let Some(keeping) = self.keeping.as_mut().filter(|_| self.engine.has_changed()) else {
            publish.send_replace(Some(published));
            return self.pulse.go();
        };
        keeping.busy.store(true, Ordering::Release);
        keeping.taken = clock::Stopwatch::start();
        let (busy, pulse) = (Arc::clone(&keeping.busy), Arc::clone(&self.pulse));
        let save = Save {
            changes: self.engine.changes(),
            now,
            since_boot: clock::SinceBoot::now(),
            label_names: keeping.label_names.clone(),
            scrapers: self.scrapers.to_bytes(),
            then: Box::new(move || {
                publish.send_replace(Some(published));
                pulse.go();
                busy.store(false, Ordering::Release);
            }),
        };
        // It ends only with the process.
        let _ = keeping.save.send(save);
    }

    fn is_snapshot_due(&self) -> bool {
        self.keeping.as_ref().is_some_and(|keeping| {
            keeping.taken.elapsed() >= SHARED
                && !keeping.busy.load(Ordering::Acquire)
                && self.engine.has_changed()
        })
    }

    /// Keeps what is known, for the next process to go on with.
    fn save_last(&mut self) {
        let began = clock::Stopwatch::start();
        for _ in 0..2 {
            let busy = |own: &Self| own.keeping.as_ref().is_some_and(|it| it.busy.load(Ordering::Acquire));
            while busy(self) && began.elapsed() < LAST_SNAPSHOT {
                std::thread::sleep(Duration::from_millis(2));
                self.pulse.turned();
            }
            self.publish();
        }
    }

    /// Reads the store, and starts the threads that keep.
    fn resume(&mut self, opening: Opening) -> Result<Snapshots, Fault> {
        let Opening { mut store, durability, work, way, health, messages, reader, bounds } = opening;
        let stopwatch = clock::Stopwatch::start();
        for words in &store.set_aside {
            emit(&Event::SetAside { words });
        }
        if let Standing::Anew(why) = store.standing {
            emit(&Event::BegunAnew { why });
        }
        let alive = || self.pulse.turned();
        let found = resume(&mut self.engine, &mut store, reader.shapes(), &mut self.clock, &alive)?;
        // Readers that are not known cost a hold.
        let _ = self.scrapers.restore(&found.scrapers);
        if store.standing != Standing::New {
            emit(&Event::Resumed {
                call_series: self.engine.table().state().call_series,
                remembered: found.remembered,
                batches: found.batches,
                seconds: stopwatch.seconds(),
            });
        }
        let Store { folder, journal, snapshots, .. } = store;
        let identity = journal.identity().clone();
        let last = snapshots.snapshot().map_or(0, |snapshot| snapshot.number);
        let librarian = Librarian {
            snapshots,
            journal: way,
            instance: identity.instance,
            number: identity.snapshot.max(last) + 1,
            bounds,
            afresh: found.afresh,
        };
        let (checkpoints, ended) = (journal.checkpoints(), Arc::new(AtomicBool::new(false)));
        let queue = Arc::clone(&self.queue);
        let scribe = Scribe {
            journal,
            folder,
            engine: messages,
            health,
            clock: self.clock,
            relaxed: durability == Durability::Relaxed,
            refused: Box::new(move |bytes| queue.leave(bytes)),
        };
        let (save, saves) = sync_channel(1);
        let until = Arc::clone(&ended);
        start("journal", move || scribe.run(&work))?;
        start("checkpoints", move || keep_short(checkpoints, &until))?;
        start("snapshots", move || librarian.run(&saves))?;
        let (busy, label_names) = (Arc::default(), self.engine.label_names());
        Ok(Snapshots { save, busy, label_names, taken: clock::Stopwatch::start(), ended })
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

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

impl Queue {
    fn enter(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn leave(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

// === everybody else's side ===

impl EngineHandle {
    /// What a status page shows.
    #[must_use]
    pub fn glance(&self) -> Glance {
        self.glance.lock().clone()
    }

    /// Who spent what.
    #[must_use]
    pub const fn ledger(&self) -> &Shared {
        &self.ledger
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
        // What is on disk stays true, be the disk away for an hour.
        let age = if self.kept.is_some() { Duration::MAX } else { STALE };
        Arc::new(match self.published_within(age, last.as_ref()) {
            Some(last) => last.view.with_receiver(telemetry::snapshot()),
            None => View::new(Vec::new(), telemetry::snapshot()),
        })
    }

    fn published_within<'a>(&self, age: Duration, last: Option<&'a Published>) -> Option<&'a Published> {
        last.filter(|last| self.pulse.now().saturating_sub(last.at) < age)
    }

    /// Somebody has read all of a view.
    pub fn visited(&self, visit: &Visit, view: &View) {
        self.scrapers.visited(visit, view.taken(), self.pulse.now());
    }

    /// A connection of a reader has ended.
    pub fn left(&self, connection: u64) {
        self.scrapers.left(connection);
    }

    /// True when every regular reader has seen the last view, or comes no more.
    #[must_use]
    pub fn is_read(&self) -> bool {
        let last = self.views.borrow().as_ref().map_or(0, |last| last.view.taken());
        self.scrapers.have_seen(last, self.pulse.now())
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
        self.reading.read().reader.forget_shapes();
        let _ended = self.send(Message::Reload(Box::new(settings))).await;
    }

    /// Takes no more requests, and waits until everything is counted. False when the engine finishes no turn
    /// for so long, or has failed: then it never will be.
    pub async fn finish(&self, patience: Duration) -> bool {
        self.stopping.store(true, Ordering::Release);
        let counted = async {
            let (sender, done) = oneshot::channel();
            self.finish_in_order(sender).await.is_some() && done.await.is_ok()
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

    async fn finish_in_order(&self, done: oneshot::Sender<()>) -> Option<()> {
        match &self.kept {
            Some(way) => send_patiently(&way.work, Work::Pass(Message::Finish(done))).await,
            None => self.send(Message::Finish(done)).await,
        }
    }

    async fn send(&self, message: Message) -> Option<()> {
        send_patiently(&self.sender, message).await
    }

    fn read(&self, payload: Payload<'_>) -> Result<RecordBatch, otlp::Fault> {
        let reading = Arc::clone(&self.reading.read());
        match payload.encoding {
            Encoding::Protobuf => reading.reader.read_protobuf(&reading.vocabulary, payload.bytes),
            Encoding::Json => reading.reader.read_json(&reading.vocabulary, payload.bytes),
        }
    }

    /// Reads by another vocabulary from now on: with a reader of its own, as what is known of patterns hangs on it.
    pub fn teach(&self, vocabulary: Vocabulary) {
        let reader = self.reading.read().reader.with_other_words();
        *self.reading.write() = Arc::new(Reading { vocabulary, reader });
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.queue.bytes.load(Ordering::Relaxed).saturating_add(bytes) <= self.most_queued_bytes.max(bytes)
    }
}

impl Intake for EngineHandle {
    fn accept(&self, payload: Payload<'_>) -> Result<Receipt, Refused> {
        if !self.ready() {
            return Err(Refused::ShuttingDown);
        }
        if self.kept.as_ref().is_some_and(|way| way.health.is_failing()) {
            return Err(Refused::NotKept { retry_after: AGAIN_KEPT });
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
        emit(&Event::Decoded { seconds: stopwatch.seconds() });
        let bytes = batch.size() as u64;
        if !self.has_room(bytes) {
            return Err(busy());
        }
        let said = Said::of(&mut batch);
        self.queue.enter(bytes);
        match self.hand_over(batch, bytes) {
            Ok(keeping) => {
                said.tell();
                Ok(Receipt { accepted: said.accepted, keeping })
            }
            Err(refused) => {
                self.queue.leave(bytes);
                Err(refused)
            }
        }
    }

    /// Without a store there is nothing to read first: the queue takes what comes before the first view.
    fn ready(&self) -> bool {
        let reading = self.kept.is_some() && self.pulse.is_starting();
        !self.stopping.load(Ordering::Acquire) && !self.pulse.has_failed() && !reading
    }
}

impl EngineHandle {
    /// To the engine; with a store, to the journal first.
    fn hand_over(&self, batch: RecordBatch, bytes: u64) -> Result<Option<Keeping>, Refused> {
        let batch = Box::new(batch);
        match &self.kept {
            None => self.sender.try_send(Message::Batch(batch, bytes)).map(|()| None).map_err(refused),
            Some(way) if way.relaxed => {
                way.work.try_send(Work::Batch(batch, bytes, None)).map(|()| None).map_err(refused)
            }
            Some(way) => {
                let (kept, keeping) = Keeping::new();
                let sent = way.work.try_send(Work::Batch(batch, bytes, Some(kept)));
                sent.map(|()| Some(keeping)).map_err(refused)
            }
        }
    }

    /// True until the store has been read.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        self.pulse.is_starting()
    }

    /// Who this is, where that is kept.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.kept.as_ref().map(|way| way.instance.as_str())
    }
}

/// Queues a message behind what waits; the queue is short, so this takes turns rather than blocks.
async fn send_patiently<M>(to: &SyncSender<M>, mut message: M) -> Option<()> {
    loop {
        match to.try_send(message) {
            Ok(()) => return Some(()),
            Err(TrySendError::Disconnected(_)) => return None,
            Err(TrySendError::Full(back)) => message = back,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the batch is dropped here")]
fn refused<M>(error: TrySendError<M>) -> Refused {
    match error {
        TrySendError::Full(_) => Refused::Busy { retry_after: COME_AGAIN },
        TrySendError::Disconnected(_) => Refused::ShuttingDown,
    }
}

/// What is told of a batch once it is taken.
struct Said {
    accepted: Accepted,
    malformed: Option<(&'static str, u64)>,
    dropped: Option<(&'static str, u64)>,
    sampled: u64,
    unread: Vec<Unread>,
}

impl Said {
    fn of(batch: &mut RecordBatch) -> Self {
        Self {
            accepted: accepted(batch),
            malformed: batch.fault.map(|fault| (fault.label(), batch.malformed)),
            dropped: batch.dropped_fault.map(|fault| (fault.label(), batch.dropped)),
            sampled: batch.sampled,
            unread: std::mem::take(&mut batch.unread),
        }
    }

    fn tell(&self) {
        if let Some((reason, count)) = self.malformed {
            emit(&Event::MalformedSpans { reason, count });
        }
        if let Some((reason, count)) = self.dropped {
            emit(&Event::DroppedValues { reason, count });
        }
        if self.sampled > 0 {
            emit(&Event::SampledSpans { count: self.sampled });
        }
        for Unread { scope, reason, count, keys } in &self.unread {
            emit(&Event::UnreadSpans { scope, reason: *reason, count: *count, keys });
        }
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
        let (handle, _own, _receiver) = connected(Vocabulary::new(&[]), settings(), 1 << 20, None);
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
        let handle = spawn(Vocabulary::new(&[]), settings(), 1 << 20, None).unwrap();
        let first = handle.view().await;
        assert!(Arc::ptr_eq(&first, &handle.view().await));
        assert!(text(&first).contains("\ntollgate_call_series 0"));
        assert!(handle.finish(Duration::from_secs(10)).await);
        assert!(!Arc::ptr_eq(&first, &handle.view().await));
    }

    /// Guarantees: a panic of the engine is told with its words; no request is taken after it.
    #[tokio::test]
    async fn a_panic_is_told_and_ends_the_intake() {
        let handle = spawn(Vocabulary::new(&[]), settings(), 1 << 20, None).unwrap();
        handle.break_down().await;
        assert_eq!(handle.failed().await, "broken for a test");
        let refused = handle.accept(Payload { encoding: Encoding::Json, bytes: b"{}", room: &() });
        assert_eq!(refused.unwrap_err(), Refused::ShuttingDown);
        assert!(!handle.finish(Duration::from_secs(10)).await);
    }
}
