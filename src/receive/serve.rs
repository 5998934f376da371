//! Connections: accepted, bounded in number and idleness, and ended in good order.
//!
//! In: bound listeners and a future that says when to stop. Out: requests, to `exchange`. It reads no
//! request itself.

use std::{
    convert::Infallible,
    error::Error,
    future::Future,
    io,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ::http::Request;
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::TcpListener,
    select,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Intake, Observer, ReceiveEvent, ReceiveSettings,
    exchange::Receiver,
    guard::{Guard, Stream},
    patient::Patient,
    seats::{Seat, Seats},
    socket::{Listener, Socket},
};

/// Longest head of an HTTP/1 request, and the buffer of its connection, in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Longest list of headers of an HTTP/2 request, in bytes.
const MAX_HEADER_LIST_BYTES: u32 = 16 * 1024;
/// What may come of one HTTP/2 stream, and of a connection, before it is read and charged, in bytes. It is held for
/// every connection beside the budget, half a GiB of all of them; a window of this size fills 25 Mbit/s over 40 ms.
const WINDOW: u32 = 128 * 1024;
/// Requests at once on one HTTP/2 connection. Clients queue beyond it.
const MAX_STREAMS: u32 = 256;
/// Streams that a client may open and reset unserved (the "rapid reset" attack, CVE-2023-44487), or
/// that break the protocol, until its connection is closed.
const MAX_RESET_STREAMS: usize = 64;
/// Time for what is under way on a connection that has to end.
const LEAVING: Duration = Duration::from_secs(30);
/// Pause after the operating system refused a connection: it goes on doing so until files are closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener and its guard.
#[derive(Debug)]
pub struct Door {
    /// Open.
    pub listener: Listener,
    /// Who may pass.
    pub guard: Arc<Guard>,
}

/// Open to all who reach it.
impl From<TcpListener> for Door {
    fn from(listener: TcpListener) -> Self {
        Self { listener: listener.into(), guard: Arc::default() }
    }
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// True when every request that was under way at shutdown got its answer.
    pub finished: bool,
}

/// Spawns what hyper spawns (one task an HTTP/2 request) where it can be waited for.
#[derive(Clone)]
struct Tracked(TaskTracker);

/// What all connections share.
struct Server {
    receiver: Arc<Receiver>,
    protocols: auto::Builder<Tracked>,
    seats: Arc<Seats>,
    tasks: TaskTracker,
    /// Finish what is under way and close.
    closing: CancellationToken,
    /// Close.
    closed: CancellationToken,
}

/// A connection from its begin to its end, however it ends.
struct Presence<'a>(&'a Receiver);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parting {
    Done,
    Idle,
}

/// Serves until `shutdown` completes, then finishes what is under way, for `shutdown_grace` at most.
///
/// Every listener takes every protocol. When this returns, the intake is not called any more.
pub async fn serve(
    settings: ReceiveSettings,
    listeners: Vec<impl Into<Door>>,
    intake: Arc<dyn Intake>,
    observer: Arc<dyn Observer>,
    shutdown: impl Future<Output = ()>,
) -> Ended {
    let grace = settings.shutdown_grace;
    let server = Arc::new(Server::new(Receiver::new(settings, intake, observer)));
    // Dropping this future, too, closes everything.
    let _close = server.closed.clone().drop_guard();
    let mut doors = JoinSet::new();
    for listener in listeners {
        doors.spawn(Arc::clone(&server).accept(listener.into()));
    }
    shutdown.await;
    // Closes the listeners first, so that a successor can bind them while we finish.
    doors.shutdown().await;
    server.closing.cancel();
    server.tasks.close();
    let finished = timeout(grace, server.tasks.wait()).await.is_ok();
    server.closed.cancel();
    server.tasks.wait().await;
    Ended { finished }
}

// === impl Server ===

impl Server {
    fn new(receiver: Receiver) -> Self {
        let tasks = TaskTracker::new();
        Self {
            protocols: protocols(&receiver.settings, Tracked(tasks.clone())),
            seats: Seats::new(receiver.settings.max_connections),
            receiver: Arc::new(receiver),
            tasks,
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
        }
    }

    async fn accept(self: Arc<Self>, door: Door) {
        loop {
            match door.listener.accept().await {
                Ok((stream, peer)) => match self.seats.take(peer) {
                    Some((seat, somebody_left)) => {
                        if somebody_left {
                            self.receiver.observe(&ReceiveEvent::ConnectionEvicted);
                        }
                        let (server, guard) = (Arc::clone(&self), Arc::clone(&door.guard));
                        self.tasks.spawn(async move { server.converse(stream, peer, guard, seat).await });
                    }
                    // At once, so that the client tries again elsewhere or later; a connection left
                    // waiting looks like a hang.
                    None => self.receiver.observe(&ReceiveEvent::ConnectionRefused { peer }),
                },
                Err(error) => {
                    self.receiver.observe(&ReceiveEvent::AcceptFailed { message: error.to_string() });
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn converse(&self, stream: Socket, peer: IpAddr, guard: Arc<Guard>, seat: Seat) {
        let presence = Presence::begin(&self.receiver);
        let of_peer = self.receiver.arrive(peer);
        let seat = Arc::new(seat);
        let greeted = select! {
            greeted = guard.greet(stream) => greeted,
            () = seat.must_leave() => Err(io::ErrorKind::ConnectionAborted.into()),
            () = self.closing.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
        };
        match greeted {
            Ok(stream) => {
                if self.exchange(stream, peer, &guard, &seat).await == Parting::Idle {
                    self.receiver.observe(&ReceiveEvent::ConnectionIdle);
                }
            }
            Err(_) => self.receiver.observe(&ReceiveEvent::HandshakeFailed),
        }
        drop((seat, of_peer));
        drop(presence);
    }

    async fn exchange(&self, stream: Stream, peer: IpAddr, guard: &Arc<Guard>, seat: &Arc<Seat>) -> Parting {
        let spoke = Arc::new(AtomicBool::new(false));
        let service = service_fn(|request: Request<Incoming>| {
            spoke.store(true, Ordering::Relaxed);
            let (receiver, seat, guard) = (Arc::clone(&self.receiver), Arc::clone(seat), Arc::clone(guard));
            async move {
                let _asking = seat.asked();
                Ok::<_, Infallible>(receiver.answer(request, peer, &guard).await)
            }
        });
        let mut connection =
            pin!(self.protocols.serve_connection(TokioIo::new(Patient::new(stream)), service));
        let mut patience = pin!(sleep(self.receiver.settings.idle_timeout));
        let mut age = pin!(sleep(self.receiver.settings.max_age));
        let (mut waiting, mut leaving) = (true, false);
        loop {
            select! {
                result = connection.as_mut() => return parting(result),
                () = self.closed.cancelled() => return Parting::Done,
                () = seat.must_leave() => return Parting::Done,
                () = age.as_mut() => {
                    if leaving {
                        return Parting::Done;
                    }
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                    age.set(sleep(LEAVING));
                }
                () = self.closing.cancelled(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                // Only until the first request: from then on HTTP/1 has the timeout of its next head,
                // and HTTP/2 its pings.
                () = patience.as_mut(), if waiting => {
                    waiting = false;
                    if !spoke.load(Ordering::Relaxed) {
                        return Parting::Idle;
                    }
                }
            }
        }
    }
}

fn parting(result: Result<(), Box<dyn Error + Send + Sync>>) -> Parting {
    let idle =
        result.is_err_and(|error| error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout));
    if idle { Parting::Idle } else { Parting::Done }
}

fn protocols(settings: &ReceiveSettings, executor: Tracked) -> auto::Builder<Tracked> {
    let mut protocols = auto::Builder::new(executor);
    protocols
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.idle_timeout)
        .max_buf_size(MAX_HEAD_BYTES);
    protocols
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.idle_timeout / 2)
        .keep_alive_timeout(settings.idle_timeout / 2)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .max_local_error_reset_streams(MAX_RESET_STREAMS);
    protocols
}

// === impl Presence ===

impl<'a> Presence<'a> {
    fn begin(receiver: &'a Receiver) -> Self {
        receiver.observe(&ReceiveEvent::ConnectionOpened);
        Self(receiver)
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.observe(&ReceiveEvent::ConnectionClosed);
    }
}

// === impl Tracked ===

impl<F> Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
