//! The section `otlp_metrics`.
//!
//! In: YAML. Out: checked [`PushSettings`], or what would be right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::receive::listen::Address;

/// Where metrics are pushed to. The section as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// `http://host:port`, `https://host:port`, `unix:/path` (gRPC only); for HTTP with the path, or `/v1/metrics` is added.
    pub endpoint: String,
    /// How.
    #[serde(default)]
    pub protocol: Protocol,
    /// Sent with every request, such as `authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Certificates, for `https`.
    #[serde(default)]
    pub tls: PushTls,
    /// Seconds between two pushes, 1 to 3600.
    #[serde(default = "default_interval")]
    pub interval: f64,
    /// Whose names.
    #[serde(default)]
    pub names: Names,
}

/// The protocols of OTLP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    /// gRPC.
    #[default]
    #[serde(rename = "grpc")]
    Grpc,
    /// Protobuf over HTTP.
    #[serde(rename = "http/protobuf", alias = "http")]
    Http,
}

/// Whose names the families have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// Ours, as on `/metrics`.
    #[default]
    Tollgate,
    /// Those of the `GenAI` conventions where they name the same thing, instead of ours.
    Semconv,
}

/// Certificates for `https`; without any, the roots of Mozilla.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushTls {
    /// Who may have signed the target's certificate, PEM.
    pub ca: Option<PathBuf>,
    /// Our own certificate, PEM.
    pub cert: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
}

const fn default_interval() -> f64 {
    15.0
}

impl PushSettings {
    /// Time between two pushes.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_secs_f64(self.interval.clamp(1.0, 3600.0))
    }

    /// The path of a unix socket, if the endpoint is one.
    #[must_use]
    pub fn socket(&self) -> Option<&str> {
        self.endpoint.strip_prefix("unix:").map(|path| path.strip_prefix("//").unwrap_or(path))
    }

    /// What is wrong: the key below the section, and what would be right. `own` are Tollgate's own OTLP addresses.
    #[must_use]
    pub fn faults(&self, own: &[&Address]) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !(1.0..=3600.0).contains(&self.interval) {
            faults.push(("interval", format!("{} is no number of seconds from 1 to 3600", self.interval)));
        }
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            faults.push(("tls", "has a certificate or a key; both or neither would be right".to_owned()));
        }
        if let Some(problem) = self.endpoint_fault(own) {
            faults.push(("endpoint", problem));
        }
        faults
    }

    fn endpoint_fault(&self, own: &[&Address]) -> Option<String> {
        let itself = || {
            "is Tollgate itself, which takes traces only; a Collector or a store would be right".to_owned()
        };
        if let Some(path) = self.socket() {
            let own = own.iter().any(|own| matches!(own, Address::Unix(own) if own == Path::new(path)));
            let http = self.protocol == Protocol::Http;
            return own.then(itself).or_else(|| {
                http.then(|| "a unix socket is spoken to by gRPC: `protocol: grpc` would be right".to_owned())
            });
        }
        // What is wrong is not shown: a URL may hold a password.
        let Ok(target) = self.endpoint.parse::<http::Uri>() else {
            return Some("is no address; `http://collector:4317` would be right".to_owned());
        };
        if !matches!(target.scheme_str(), Some("http" | "https")) || target.host().is_none() {
            return Some("has no scheme; `http://collector:4317` would be right".to_owned());
        }
        let host = target.host().unwrap_or_default().trim_matches(['[', ']']);
        let default_port = if target.scheme_str() == Some("https") { 443 } else { 80 };
        let port = target.port_u16().unwrap_or(default_port);
        let address: Option<std::net::IpAddr> =
            if host == "localhost" { Some(std::net::Ipv4Addr::LOCALHOST.into()) } else { host.parse().ok() };
        let is_own = own.iter().filter_map(|own| own.tcp()).any(|own| {
            let meets =
                |ip: std::net::IpAddr| own.ip() == ip || (own.ip().is_unspecified() && ip.is_loopback());
            own.port() == port && address.is_some_and(meets)
        });
        is_own.then(itself)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: &str) -> PushSettings {
        PushSettings {
            endpoint: endpoint.to_owned(),
            protocol: Protocol::Grpc,
            headers: BTreeMap::new(),
            tls: PushTls::default(),
            interval: 15.0,
            names: Names::Tollgate,
        }
    }

    #[test]
    fn its_own_endpoint_is_no_target() {
        let own: [Address; 3] =
            ["127.0.0.1:4317", "0.0.0.0:4318", "unix:/run/own.sock"].map(|own| own.parse().unwrap());
        let own = own.each_ref();
        for wrong in [
            "http://127.0.0.1:4317",
            "http://localhost:4317",
            "http://127.0.0.1:4318",
            "collector:4317",
            "ftp://a:1",
            "unix:///run/own.sock",
        ] {
            assert_eq!(settings(wrong).faults(&own).len(), 1, "{wrong}");
        }
        for right in
            ["http://collector:4317", "https://example.com", "unix:/run/otel.sock", "http://127.0.0.1:14317"]
        {
            assert_eq!(settings(right).faults(&own), [], "{right}");
        }
    }
}
