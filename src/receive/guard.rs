//! What a listener asks of those who come: TLS, a certificate, a token.
//!
//! In: connections and the heads of requests. Out: streams to talk over, and whether a request may pass. All of
//! it is read again while serving.

use std::{io, path::PathBuf, time::Duration};

use ::http::HeaderMap;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::{listen::Purpose, socket::Socket, tls::Tls, tokens::Tokens};

pub use super::tls::TlsFiles;

/// Time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What the configuration says of one listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardSettings {
    /// The certificate chain, PEM.
    pub cert: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
    /// Authorities of clients, PEM.
    pub client_ca: Option<PathBuf>,
    /// Tokens, one a line.
    pub tokens_file: Option<PathBuf>,
}

/// The guard of one listener.
#[derive(Debug, Default)]
pub struct Guard {
    tls: Option<Tls>,
    tokens: Option<Tokens>,
}

/// A plain stream, or one within TLS.
pub(crate) type Stream = Either<Socket, Box<TlsStream<Socket>>>;

// === impl GuardSettings ===

impl GuardSettings {
    fn tls_files(&self, key: &str) -> Result<Option<TlsFiles>, String> {
        match (&self.cert, &self.key, &self.client_ca) {
            (None, None, None) => Ok(None),
            (Some(cert), Some(private), client_ca) => {
                Ok(Some(TlsFiles { cert: cert.clone(), key: private.clone(), client_ca: client_ca.clone() }))
            }
            _ => Err(format!("{key}.tls: `cert` and `key` go together, and `client_ca` needs both")),
        }
    }
}

// === impl Guard ===

impl Guard {
    /// Reads all files of a guard.
    ///
    /// # Errors
    /// What is wrong with one of them, beginning with its key in the configuration.
    pub fn load(purpose: Purpose, settings: &GuardSettings, now_unix_nano: u64) -> Result<Self, String> {
        let key = purpose.key();
        let protocols: &[&str] = match purpose {
            Purpose::Grpc | Purpose::Http => &["h2", "http/1.1"],
            Purpose::Metrics => &["http/1.1"],
        };
        let tls = settings.tls_files(key)?.map(|files| Tls::load(files, protocols, seconds(now_unix_nano)));
        let tokens = settings.tokens_file.clone().map(Tokens::load);
        Ok(Self {
            tls: tls.transpose().map_err(|problem| format!("{key}.tls: {problem}"))?,
            tokens: tokens.transpose().map_err(|problem| format!("{key}.tokens_file: {problem}"))?,
        })
    }

    /// Reads its files again. True when something changed and is in use now.
    ///
    /// # Errors
    /// What is wrong with one of them; what was in use stays in use.
    pub fn refresh(&self, now_unix_nano: u64) -> Result<bool, String> {
        let tls = self.tls.as_ref().map_or(Ok(false), |tls| tls.refresh(seconds(now_unix_nano)));
        let tokens = self.tokens.as_ref().map_or(Ok(false), Tokens::refresh);
        Ok(tls? | tokens?)
    }

    /// When its certificate ends, Unix seconds.
    #[must_use]
    pub fn expires_unix_seconds(&self) -> Option<i64> {
        self.tls.as_ref().map(Tls::expires_unix_seconds)
    }

    /// True when it speaks TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// True when it lets everybody in who reaches it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tokens.is_none() && self.tls.as_ref().is_none_or(|tls| !tls.asks_clients())
    }

    /// The stream to talk over.
    pub(crate) async fn greet(&self, stream: Socket) -> io::Result<Stream> {
        let Some(tls) = &self.tls else { return Ok(Either::Left(stream)) };
        let greeted = timeout(HANDSHAKE, tls.acceptor().accept(stream)).await;
        let stream = greeted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(Either::Right(Box::new(stream)))
    }

    /// May a request with this head pass?
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        self.tokens.as_ref().is_none_or(|tokens| tokens.admit(headers))
    }
}

fn seconds(unix_nano: u64) -> i64 {
    i64::try_from(unix_nano / 1_000_000_000).unwrap_or(i64::MAX)
}
