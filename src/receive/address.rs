//! Where a listener listens, as a person writes it.
//!
//! In: text. Out: an address of the network, or the path of a Unix socket. It opens nothing.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

/// An address of the network, or of this machine's file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `127.0.0.1:4317`, `[::1]:4317`.
    Tcp(SocketAddr),
    /// `unix:/run/tollgate/otlp.sock`: an absolute path. The file's mode says who may connect.
    Unix(PathBuf),
}

/// Neither `host:port` with a numeric host nor `unix:` and an absolute path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address such as 127.0.0.1:4317, 0.0.0.0:4317, [::1]:4317 or unix:/run/tollgate/otlp.sock would be right"
)]
pub struct NoAddress;

// === impl Address ===

impl Address {
    /// `localhost` and a port.
    #[must_use]
    pub const fn local(port: u16) -> Self {
        Self::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// The address of the network, if it is one.
    #[must_use]
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Only this machine reaches it.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// By which this machine reaches it: "all interfaces" is no address to connect to.
    #[must_use]
    pub fn reachable(&self) -> Self {
        let Self::Tcp(address) = self else { return self.clone() };
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        Self::Tcp(SocketAddr::new(ip, address.port()))
    }

    /// As an exporter of gRPC is told it.
    #[must_use]
    pub fn url(&self, scheme: &str) -> String {
        match self {
            Self::Tcp(address) => format!("{scheme}://{address}"),
            Self::Unix(path) => format!("unix://{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let Some(path) = text.strip_prefix("unix:") else {
            return text.parse().map(Self::Tcp).map_err(|_| NoAddress);
        };
        // gRPC writes it with an empty host.
        let path = Path::new(path.strip_prefix("//").unwrap_or(path));
        let names_a_file = path.is_absolute() && path.file_name().is_some();
        names_a_file.then(|| Self::Unix(path.to_owned())).ok_or(NoAddress)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(out),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_shown() {
        for text in ["127.0.0.1:4317", "[::1]:4317", "unix:/run/tollgate/otlp.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("unix:///run/a.sock".parse::<Address>(), "unix:/run/a.sock".parse());
        for wrong in
            ["localhost:4317", "4317", "unix:", "unix:a.sock", "unix:/", "unix://a.sock", "/run/a.sock", ""]
        {
            assert_eq!(wrong.parse::<Address>(), Err(NoAddress), "{wrong}");
        }
    }
}
