//! Listeners and connections, whether of the network or of the file system.
//!
//! In: what [`listen`](super::listen) bound. Out: connections, and whose they are.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use super::listen::{Bound, SocketFile};

/// Accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// Of the network.
    Tcp(TcpListener),
    /// Of the file system, with the file that goes when it goes.
    Unix(UnixListener, SocketFile),
}

/// A connection.
pub(crate) type Socket = Either<TcpStream, UnixStream>;

impl Listener {
    /// Within a runtime.
    ///
    /// # Errors
    /// The runtime cannot watch it.
    pub fn open(bound: Bound) -> io::Result<Self> {
        match bound {
            Bound::Tcp(listener) => TcpListener::from_std(listener).map(Self::Tcp),
            Bound::Unix(listener, file) => UnixListener::from_std(listener).map(|it| Self::Unix(it, file)),
        }
    }

    /// The next connection, and who it counts as: all that comes by a Unix socket is this machine.
    pub(crate) async fn accept(&self) -> io::Result<(Socket, IpAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are one small packet; waiting for more to send would delay each by up to 40 ms.
                let _ = stream.set_nodelay(true);
                Ok((Either::Left(stream), peer.ip()))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Either::Right(stream), IpAddr::V4(Ipv4Addr::LOCALHOST)))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}
