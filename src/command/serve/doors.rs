//! The three addresses: bound before anything else, so that a taken port is told at once.
//!
//! In: the settings of `listen`. Out: bound listeners and what to tell a person about them.

use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::clock;
use crate::command::Failure;
use crate::config::{Guards, Listen};
use crate::receive::Door;
use crate::receive::guard::Guard;
use crate::receive::listen::{Purpose, bind};

/// Bound listeners.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) grpc: Door,
    pub(super) http: Door,
    /// Served by a thread of its own.
    pub(super) metrics: net::TcpListener,
    pub(super) metrics_guard: Arc<Guard>,
    pub(super) addresses: Listen,
}

impl Doors {
    /// Binds all three, or none.
    pub(super) fn bind(wanted: &Listen, guards: &Guards) -> Result<Self, Failure> {
        let [grpc_guard, http_guard, metrics_guard] = load_guards(guards)?;
        let open =
            |purpose, address| bind(purpose, address).map_err(|error| Failure::Listen(error.to_string()));
        let grpc =
            Door { listener: TcpListener::from_std(open(Purpose::Grpc, wanted.grpc)?)?, guard: grpc_guard };
        let http =
            Door { listener: TcpListener::from_std(open(Purpose::Http, wanted.http)?)?, guard: http_guard };
        let metrics = open(Purpose::Metrics, wanted.metrics)?;
        // Port 0 asks the system to choose; tell what it chose.
        let addresses = Listen {
            grpc: grpc.listener.local_addr()?,
            http: http.listener.local_addr()?,
            metrics: metrics.local_addr()?,
        };
        Ok(Self { grpc, http, metrics, metrics_guard, addresses })
    }

    /// All guards, each with the listener that it stands at.
    pub(super) fn guards(&self) -> [(Purpose, Arc<Guard>); 3] {
        [
            (Purpose::Grpc, Arc::clone(&self.grpc.guard)),
            (Purpose::Http, Arc::clone(&self.http.guard)),
            (Purpose::Metrics, Arc::clone(&self.metrics_guard)),
        ]
    }
}

/// Reads what guards the listeners.
///
/// # Errors
/// The first file that cannot be used, with its key.
pub(crate) fn load_guards(guards: &Guards) -> Result<[Arc<Guard>; 3], Failure> {
    let now = clock::now_unix_nano();
    let load = |purpose, settings| Guard::load(purpose, settings, now).map(Arc::new).map_err(Failure::Input);
    Ok([
        load(Purpose::Grpc, &guards.grpc)?,
        load(Purpose::Http, &guards.http)?,
        load(Purpose::Metrics, &guards.metrics)?,
    ])
}

/// What a person needs to know at the start.
pub(super) fn banner(addresses: &Listen, guards: &[(Purpose, Arc<Guard>); 3]) -> String {
    let scheme = |at: usize| if guards[at].1.is_encrypted() { "https" } else { "http" };
    format!(
        "Tollgate {version}\n\
         \x20 OTLP/gRPC  {grpc}\n\
         \x20 OTLP/HTTP  {http}\n\
         \x20 metrics    {metrics_scheme}://{metrics}/metrics\n\
         \n\
         Set this where your application runs:\n\
         \x20 OTEL_EXPORTER_OTLP_ENDPOINT={scheme}://{reachable}\n\
         \n",
        version = env!("CARGO_PKG_VERSION"),
        scheme = scheme(0),
        metrics_scheme = scheme(2),
        grpc = addresses.grpc,
        http = addresses.http,
        metrics = reachable(addresses.metrics),
        reachable = reachable(addresses.grpc),
    )
}

/// The address by which this machine reaches a listener: "all interfaces" is none.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
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
        let open = [Purpose::Grpc, Purpose::Http, Purpose::Metrics].map(|it| (it, Arc::default()));
        let text = banner(&Listen { grpc: any(4317), http: any(4318), metrics: any(9464) }, &open);
        assert!(text.contains("\n  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317\n"), "{text}");
        assert!(text.contains("http://127.0.0.1:9464/metrics"), "{text}");
    }
}
