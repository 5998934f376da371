//! The three addresses: bound before anything else, so that a taken port is told at once.
//!
//! In: the settings of `listen`. Out: bound listeners and what to tell a person about them.

use std::sync::Arc;

use crate::clock;
use crate::command::Failure;
use crate::config::{Doubt, Guards, Listen};
use crate::receive::Door;
use crate::receive::guard::Guard;
use crate::receive::listen::{Address, Bound, Purpose, bind};
use crate::receive::socket::Listener;

/// Bound listeners.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) grpc: Door,
    pub(super) http: Door,
    /// Served by a thread of its own.
    pub(super) metrics: Bound,
    pub(super) metrics_guard: Arc<Guard>,
    pub(super) addresses: Listen,
}

impl Doors {
    /// Binds all three, or none.
    pub(super) fn bind(wanted: &Listen, guards: &Guards) -> Result<Self, Failure> {
        let [grpc_guard, http_guard, metrics_guard] = load_guards(guards)?;
        let open =
            |purpose, address| bind(purpose, address).map_err(|error| Failure::Listen(error.to_string()));
        let grpc = open(Purpose::Grpc, &wanted.grpc)?;
        let http = open(Purpose::Http, &wanted.http)?;
        let metrics = open(Purpose::Metrics, &wanted.metrics)?;
        let addresses = Listen { grpc: grpc.address()?, http: http.address()?, metrics: metrics.address()? };
        let grpc = Door { listener: Listener::open(grpc)?, guard: grpc_guard };
        let http = Door { listener: Listener::open(http)?, guard: http_guard };
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
fn load_guards(guards: &Guards) -> Result<[Arc<Guard>; 3], Failure> {
    let now = clock::now_unix_nano();
    let load = |purpose, settings| Guard::load(purpose, settings, now).map(Arc::new).map_err(Failure::Input);
    Ok([
        load(Purpose::Grpc, &guards.grpc)?,
        load(Purpose::Http, &guards.http)?,
        load(Purpose::Metrics, &guards.metrics)?,
    ])
}

/// What is wrong with each of them, with its key.
pub(crate) fn guard_problems(guards: &Guards) -> Vec<Doubt> {
    let now = clock::now_unix_nano();
    let all =
        [(Purpose::Grpc, &guards.grpc), (Purpose::Http, &guards.http), (Purpose::Metrics, &guards.metrics)];
    let problems =
        all.into_iter().filter_map(|(purpose, settings)| Guard::load(purpose, settings, now).err());
    let placed = |problem: String| {
        let (key, problem) = problem.split_once(": ").unwrap_or(("listen", &problem));
        Doubt { key: key.to_owned(), problem: problem.to_owned() }
    };
    problems.map(placed).collect()
}

/// What a person needs to know at the start.
pub(super) fn banner(addresses: &Listen, guards: &[(Purpose, Arc<Guard>); 3]) -> String {
    let scheme = |at: usize| if guards[at].1.is_encrypted() { "https" } else { "http" };
    let metrics = match addresses.metrics.reachable() {
        Address::Tcp(address) => format!("{}://{address}/metrics", scheme(2)),
        socket @ Address::Unix(_) => socket.to_string(),
    };
    format!(
        "Tollgate {version}\n\
         \x20 OTLP/gRPC  {grpc}\n\
         \x20 OTLP/HTTP  {http}\n\
         \x20 metrics    {metrics}\n\
         \n\
         Set this where your application runs:\n\
         \x20 OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}\n\
         \n",
        version = env!("CARGO_PKG_VERSION"),
        grpc = addresses.grpc,
        http = addresses.http,
        endpoint = addresses.grpc.reachable().url(scheme(0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_has_an_endpoint_that_an_application_can_use() {
        let any = |port| Address::Tcp(std::net::SocketAddr::from(([0, 0, 0, 0], port)));
        let open = [Purpose::Grpc, Purpose::Http, Purpose::Metrics].map(|it| (it, Arc::default()));
        let text = banner(&Listen { grpc: any(4317), http: any(4318), metrics: any(9464) }, &open);
        assert!(text.contains("\n  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317\n"), "{text}");
        assert!(text.contains("http://127.0.0.1:9464/metrics"), "{text}");
    }
}
