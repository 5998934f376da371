//! The three addresses: bound before anything else, so that a taken port is told at once.
//!
//! In: the settings of `listen`. Out: bound listeners and what to tell a person about them.

use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::command::Failure;
use crate::config::Listen;
use crate::receive::listen::{Purpose, bind};

/// Bound listeners.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) grpc: TcpListener,
    pub(super) http: TcpListener,
    /// Served by a thread of its own.
    pub(super) metrics: net::TcpListener,
    pub(super) addresses: Listen,
}

impl Doors {
    /// Binds all three, or none.
    pub(super) fn bind(wanted: &Listen) -> Result<Self, Failure> {
        let open =
            |purpose, address| bind(purpose, address).map_err(|error| Failure::Listen(error.to_string()));
        let grpc = TcpListener::from_std(open(Purpose::Grpc, wanted.grpc)?)?;
        let http = TcpListener::from_std(open(Purpose::Http, wanted.http)?)?;
        let metrics = open(Purpose::Metrics, wanted.metrics)?;
        // Port 0 asks the system to choose; tell what it chose.
        let addresses =
            Listen { grpc: grpc.local_addr()?, http: http.local_addr()?, metrics: metrics.local_addr()? };
        Ok(Self { grpc, http, metrics, addresses })
    }
}

/// What a person needs to know at the start.
pub(super) fn banner(addresses: &Listen) -> String {
    format!(
        "Tollgate {version}\n\
         \x20 OTLP/gRPC  {grpc}\n\
         \x20 OTLP/HTTP  {http}\n\
         \x20 metrics    http://{metrics}/metrics\n\
         \n\
         Set this where your application runs:\n\
         \x20 OTEL_EXPORTER_OTLP_ENDPOINT=http://{reachable}\n\
         \n",
        version = env!("CARGO_PKG_VERSION"),
        grpc = addresses.grpc,
        http = addresses.http,
        metrics = reachable(addresses.metrics),
        reachable = reachable(addresses.grpc),
    )
}

/// The address by which this machine reaches a listener: "all interfaces" is none.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_has_an_endpoint_that_an_application_can_use() {
        let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let text = banner(&Listen { grpc: any(4317), http: any(4318), metrics: any(9464) });
        assert!(text.contains("\n  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317\n"), "{text}");
        assert!(text.contains("http://127.0.0.1:9464/metrics"), "{text}");
    }
}
