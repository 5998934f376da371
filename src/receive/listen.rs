//! Opens an address. When that fails, says who probably has it and what to set.
//!
//! In: a purpose and an [`Address`]. Out: a bound listener, or a sentence for a person. It accepts nothing.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

pub use super::address::Address;

/// Connections that may wait to be accepted. Linux cuts it to net.core.somaxconn (4096).
const BACKLOG: i32 = 4096;
/// Who may connect to a Unix socket: its user and its group. (To connect is to write.)
const MODE: u32 = 0o660;

/// A listener that is bound and does not accept yet.
#[derive(Debug)]
pub enum Bound {
    /// Of the network.
    Tcp(TcpListener),
    /// Of the file system.
    Unix(UnixListener, SocketFile),
}

/// The file of a Unix socket, removed when dropped unless another one has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: (u64, u64, i64, i64),
}
/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// OTLP/gRPC, 4317 by default.
    Grpc,
    /// OTLP/HTTP, 4318 by default.
    Http,
    /// `/metrics` and the status page, 9464 by default.
    Metrics,
}

/// A listener could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for {}: {}. {}", .purpose.name(), cause(.source, *.purpose, .address), remedy(*.purpose, .address))]
pub struct BindError {
    /// What the listener was for.
    pub purpose: Purpose,
    /// The address that was asked for.
    pub address: Address,
    /// What the operating system said.
    pub source: io::Error,
}

// === impl Purpose ===

impl Purpose {
    /// The name of the protocol that is spoken there.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "OTLP/gRPC",
            Self::Http => "OTLP/HTTP",
            Self::Metrics => "/metrics",
        }
    }

    /// The value of the `listener` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
            Self::Metrics => "metrics",
        }
    }

    /// The key in the configuration.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Grpc => "listen.grpc",
            Self::Http => "listen.http",
            Self::Metrics => "listen.metrics",
        }
    }

    /// The environment variable that overrides the key.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Grpc => "TOLLGATE_LISTEN_GRPC",
            Self::Http => "TOLLGATE_LISTEN_HTTP",
            Self::Metrics => "TOLLGATE_LISTEN_METRICS",
        }
    }

    const fn usual_holder(self) -> &'static str {
        match self {
            Self::Grpc | Self::Http => "an OpenTelemetry Collector or another Tollgate",
            Self::Metrics => "another Tollgate or a Prometheus exporter (9464 is OpenTelemetry's default)",
        }
    }
}

// === impl Bound ===

impl Bound {
    /// What the system gave: port 0 asks it to choose.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            Self::Unix(_, file) => Ok(Address::Unix(file.path.clone())),
        }
    }
}

/// Binds `address`, ready to be handed to tokio (non-blocking).
///
/// # Errors
/// The address is taken, is not this machine's, or may not be bound.
pub fn bind(purpose: Purpose, address: &Address) -> Result<Bound, BindError> {
    let bound = match address {
        Address::Tcp(address) => bind_tcp(*address).map(Bound::Tcp),
        Address::Unix(path) => bind_unix(path).map(|(listener, file)| Bound::Unix(listener, file)),
    };
    bound.map_err(|source| BindError { purpose, address: address.clone(), source })
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without this a restart fails for a minute, while old connections are in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::of(path)?;
    // Before it listens: until then nobody can connect, whatever the umask left open.
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    Ok((socket.into(), file))
}

/// A process that was killed leaves its socket behind, and nobody answers there.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

// === impl SocketFile ===

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A successor may have bound the path already.
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// With the time it was made: a file system gives a number again as soon as it is free.
fn identity(path: &Path) -> io::Result<(u64, u64, i64, i64)> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino(), file.mtime(), file.mtime_nsec()))
}

fn cause(error: &io::Error, purpose: Purpose, address: &Address) -> String {
    match (error.kind(), address) {
        (io::ErrorKind::AddrInUse, Address::Tcp(_)) => {
            format!("the port is taken, probably by {}", purpose.usual_holder())
        }
        (io::ErrorKind::AddrInUse, Address::Unix(_)) => "another process listens there".to_owned(),
        (io::ErrorKind::AlreadyExists, Address::Unix(_)) => {
            "a file that is no socket is there, and is left alone".to_owned()
        }
        (io::ErrorKind::NotFound, Address::Unix(_)) => "there is no such folder".to_owned(),
        (io::ErrorKind::AddrNotAvailable, _) => "this machine has no such address".to_owned(),
        (io::ErrorKind::PermissionDenied, Address::Tcp(_)) => "ports below 1024 need more rights".to_owned(),
        _ => error.to_string(),
    }
}

fn remedy(purpose: Purpose, address: &Address) -> String {
    let (key, variable) = (purpose.key(), purpose.variable());
    let example = match address {
        // A neighbour above 1024; only an example, so it need not be free.
        Address::Tcp(address) => {
            let port = address.port().checked_add(10_000).unwrap_or(14_317);
            SocketAddr::new(address.ip(), port).into()
        }
        Address::Unix(_) => Address::Unix(format!("/run/tollgate/{}.sock", purpose.label()).into()),
    };
    format!("Set another address: `{key}` in the configuration, or {variable}={example} in the environment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_the_address_the_likely_holder_and_what_to_set() {
        let holder = bind(Purpose::Grpc, &Address::local(0)).unwrap();
        let address = holder.address().unwrap();
        for (purpose, words) in [
            (Purpose::Grpc, ["OTLP/gRPC", "Collector", "`listen.grpc`", "TOLLGATE_LISTEN_GRPC="]),
            (Purpose::Http, ["OTLP/HTTP", "Collector", "`listen.http`", "TOLLGATE_LISTEN_HTTP="]),
            (Purpose::Metrics, ["/metrics", "Tollgate", "`listen.metrics`", "TOLLGATE_LISTEN_METRICS="]),
        ] {
            let message = bind(purpose, &address).unwrap_err().to_string();
            for word in words.into_iter().chain([address.to_string().as_str()]) {
                assert!(message.contains(word), "{word:?} is missing in {message:?}");
            }
        }
    }

    #[test]
    fn an_address_of_another_machine_is_named_as_such() {
        // 192.0.2.0/24 is reserved for documentation (RFC 5737): never ours.
        let message = bind(Purpose::Http, &"192.0.2.1:4318".parse().unwrap()).unwrap_err().to_string();
        assert!(message.contains("192.0.2.1:4318"), "{message}");
        assert!(message.contains("no such address"), "{message}");
    }

    /// Guarantees: its user and group may connect and nobody else; it goes when the listener goes; what a killed
    /// process left is taken over; a living one, and a file that is none, are not.
    #[test]
    fn a_socket_is_of_its_user_and_group_and_only_a_dead_one_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("otlp.sock");
        let address = Address::Unix(path.clone());
        let bind = || bind(Purpose::Grpc, &address);
        let bound = bind().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        let message = bind().unwrap_err().to_string();
        assert!(message.contains("another process listens there"), "{message}");
        let Bound::Unix(listener, file) = bound else { panic!("not a socket") };
        drop(listener);
        let successor = bind().unwrap();
        drop(file);
        assert!(UnixStream::connect(&path).is_ok(), "the one before removes nothing of its successor");
        drop(successor);
        assert!(!path.exists());

        fs::write(&path, "a diary").unwrap();
        let message = bind().unwrap_err().to_string();
        assert!(
            message.contains("no socket") && message.contains("TOLLGATE_LISTEN_GRPC=unix:/"),
            "{message}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"a diary");
        let nowhere = Address::Unix(folder.path().join("none/otlp.sock"));
        assert!(super::bind(Purpose::Grpc, &nowhere).unwrap_err().to_string().contains("no such folder"));
        let long = Address::Unix(folder.path().join("x".repeat(200)));
        assert!(super::bind(Purpose::Grpc, &long).is_err());
    }
}
