//! Binds a port. When that fails, says who probably has it and what to set.
//!
//! In: a purpose and an address. Out: a bound listener, or a sentence for a person. It accepts nothing.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait to be accepted. Linux cuts it to net.core.somaxconn (4096).
const BACKLOG: i32 = 4096;

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
#[error("cannot listen on {address} for {}: {}. {}", .purpose.name(), cause(.source, *.purpose), remedy(*.purpose, *.address))]
pub struct BindError {
    /// What the listener was for.
    pub purpose: Purpose,
    /// The address that was asked for.
    pub address: SocketAddr,
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

/// Binds `address`, ready to be handed to tokio (non-blocking).
///
/// # Errors
/// The address is taken, is not this machine's, or may not be bound.
pub fn bind(purpose: Purpose, address: SocketAddr) -> Result<TcpListener, BindError> {
    try_bind(address).map_err(|source| BindError { purpose, address, source })
}

fn try_bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without this a restart fails for a minute, while old connections are in TIME_WAIT. On Windows the
    // same option would let two processes share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn cause(error: &io::Error, purpose: Purpose) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("the port is taken, probably by {}", purpose.usual_holder())
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => "ports below 1024 need more rights".to_owned(),
        _ => error.to_string(),
    }
}

fn remedy(purpose: Purpose, address: SocketAddr) -> String {
    let (key, variable) = (purpose.key(), purpose.variable());
    // A neighbour above 1024; only an example, so it need not be free.
    let port = address.port().checked_add(10_000).unwrap_or(14_317);
    let example = SocketAddr::new(address.ip(), port);
    format!("Set another address: `{key}` in the configuration, or {variable}={example} in the environment")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_the_address_the_likely_holder_and_what_to_set() {
        let holder = bind(Purpose::Grpc, "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = holder.local_addr().unwrap();
        for (purpose, words) in [
            (Purpose::Grpc, ["OTLP/gRPC", "Collector", "`listen.grpc`", "TOLLGATE_LISTEN_GRPC="]),
            (Purpose::Http, ["OTLP/HTTP", "Collector", "`listen.http`", "TOLLGATE_LISTEN_HTTP="]),
            (Purpose::Metrics, ["/metrics", "Tollgate", "`listen.metrics`", "TOLLGATE_LISTEN_METRICS="]),
        ] {
            let message = bind(purpose, address).unwrap_err().to_string();
            for word in words.into_iter().chain([address.to_string().as_str()]) {
                assert!(message.contains(word), "{word:?} is missing in {message:?}");
            }
        }
    }

    #[test]
    fn an_address_of_another_machine_is_named_as_such() {
        // 192.0.2.0/24 is reserved for documentation (RFC 5737): never ours.
        let message = bind(Purpose::Http, "192.0.2.1:4318".parse().unwrap()).unwrap_err().to_string();
        assert!(message.contains("192.0.2.1:4318"), "{message}");
        assert!(message.contains("no such address"), "{message}");
    }
}
