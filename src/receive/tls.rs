//! TLS of a listener: certificates read from files, and read again while serving.
//!
//! In: the paths of a certificate chain, its key, and perhaps of the authorities whose clients are let in. Out:
//! handshakes. A pair that cannot serve leaves the one before in use. Keys never leave this module.

use std::{fmt, path::PathBuf, sync::Arc};

use parking_lot::Mutex;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{NoServerSessionStorage, WebPkiClientVerifier},
    },
};

use crate::regular_file;

/// Where the parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities of clients, PEM. With it, a client needs a certificate.
    pub client_ca: Option<PathBuf>,
}

/// Certificates in use.
pub(super) struct Tls {
    files: TlsFiles,
    protocols: Vec<Vec<u8>>,
    current: Mutex<Pair>,
}

#[derive(Clone)]
struct Pair {
    contents: Contents,
    acceptor: TlsAcceptor,
    expires_unix_seconds: i64,
}

/// What the files held, to see whether they changed: Kubernetes swaps links and keeps times.
#[derive(Clone, PartialEq, Eq)]
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Vec<u8>,
}

// === impl Tls ===

impl Tls {
    pub(super) fn load(files: TlsFiles, protocols: &[&str], now: i64) -> Result<Self, String> {
        let protocols: Vec<Vec<u8>> = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let current = Mutex::new(Pair::new(Contents::read(&files)?, &files, &protocols, now)?);
        Ok(Self { files, protocols, current })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.lock().acceptor.clone()
    }

    pub(super) fn expires_unix_seconds(&self) -> i64 {
        self.current.lock().expires_unix_seconds
    }

    pub(super) const fn asks_clients(&self) -> bool {
        self.files.client_ca.is_some()
    }

    /// Reads the files again. True when they hold something else, and it is in use now.
    pub(super) fn refresh(&self, now: i64) -> Result<bool, String> {
        let contents = Contents::read(&self.files)?;
        if contents == self.current.lock().contents {
            return Ok(false);
        }
        let pair = Pair::new(contents, &self.files, &self.protocols, now)?;
        *self.current.lock() = pair;
        Ok(true)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

// === impl Contents ===

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, String> {
        let client_ca = files.client_ca.as_ref().map_or(Ok(Vec::new()), regular_file::read)?;
        Ok(Self { cert: regular_file::read(&files.cert)?, key: regular_file::read(&files.key)?, client_ca })
    }
}

// === impl Pair ===

impl Pair {
    fn new(contents: Contents, files: &TlsFiles, protocols: &[Vec<u8>], now: i64) -> Result<Self, String> {
        let chain = certificates(&contents.cert)
            .ok_or_else(|| format!("`{}` holds no certificates in PEM", files.cert.display()))?;
        let expires_unix_seconds = expiry(&chain[0])
            .ok_or_else(|| format!("`{}` holds no certificate of X.509", files.cert.display()))?;
        if expires_unix_seconds <= now {
            return Err(format!("the certificate in `{}` has expired", files.cert.display()));
        }
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(|_| format!("`{}` holds no private key in PEM", files.key.display()))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match &files.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let none = || format!("`{}` holds no certificates in PEM", path.display());
                let mut roots = RootCertStore::empty();
                for authority in certificates(&contents.client_ca).ok_or_else(none)? {
                    roots.add(authority).map_err(|error| format!("`{}`: {error}", path.display()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            format!("`{}` and `{}` are no pair: {error}", files.cert.display(), files.key.display())
        })?;
        config.alpn_protocols = protocols.to_vec();
        // A resumed session would keep what a rotation has taken away.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { contents, acceptor: TlsAcceptor::from(Arc::new(config)), expires_unix_seconds })
    }
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    chain.ok().filter(|chain| !chain.is_empty())
}

/// The end of a certificate, Unix seconds.
fn expiry(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}
