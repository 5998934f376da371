//! The way to the target.
//!
//! In: one encoded request. Out: that it was taken, or why not, in words for a log. It knows no metric.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};

use super::settings::{Protocol, PushSettings, PushTls};
use crate::receive::proto::metrics::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};

const EXPORT: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const CONNECT: Duration = Duration::from_secs(5);
/// More of an answer than this is not read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A connection, made when it is needed and made anew after a failure.
pub(super) struct Transport {
    settings: PushSettings,
    way: Option<Way>,
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

enum Way {
    Grpc(tonic::client::Grpc<Channel>),
    Http(Box<HttpClient>, Uri),
}

impl Transport {
    pub(super) fn new(settings: &PushSettings) -> Self {
        Self { settings: settings.clone(), way: None }
    }

    /// Sends one request.
    pub(super) async fn send(&mut self, request: Vec<u8>) -> Result<(), String> {
        let way = match self.way.take() {
            Some(way) => way,
            None => connect(&self.settings)?,
        };
        let (way, answer) = match way {
            Way::Grpc(mut grpc) => {
                let answer = send_grpc(&mut grpc, &self.settings, request.into()).await;
                (Way::Grpc(grpc), answer)
            }
            Way::Http(client, target) => {
                let answer = send_http(&client, &target, &self.settings, request.into()).await;
                (Way::Http(client, target), answer)
            }
        };
        let taken = answer.and_then(|answer| judge(&answer));
        // Certificates and addresses may have changed since: after a failure all is read anew.
        self.way = taken.is_ok().then_some(way);
        taken
    }
}

fn connect(settings: &PushSettings) -> Result<Way, String> {
    match settings.protocol {
        Protocol::Grpc => Ok(Way::Grpc(tonic::client::Grpc::new(channel(settings)?))),
        Protocol::Http => {
            let client = Client::builder(TokioExecutor::new()).build(https(&settings.tls)?);
            Ok(Way::Http(Box::new(client), http_target(&settings.endpoint)?))
        }
    }
}

fn channel(settings: &PushSettings) -> Result<Channel, String> {
    let described = |error: &dyn std::error::Error| format!("no connection: {error}");
    if let Some(path) = settings.socket() {
        let path = path.to_owned();
        // The name is never looked up: the connector knows the path.
        return Ok(Endpoint::from_static("http://localhost")
            .connect_timeout(CONNECT)
            .connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
                let path = path.clone();
                async move { tokio::net::UnixStream::connect(path).await.map(TokioIo::new) }
            })));
    }
    let endpoint = Endpoint::from_shared(settings.endpoint.clone()).map_err(|error| described(&error))?;
    Ok(endpoint.connect_timeout(CONNECT).connect_with_connector_lazy(https(&settings.tls)?))
}

/// Connects with TLS where the address says `https`.
fn https(tls: &PushTls) -> Result<HttpsConnector<HttpConnector>, String> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(client_config(tls)?)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp))
}

fn client_config(tls: &PushTls) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let certificates =
                CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let certificates =
                certificates.map_err(|error| format!("tls.ca: {}: {error}", file.display()))?;
            roots.add_parsable_certificates(certificates);
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let (Some(cert), Some(key)) = (&tls.cert, &tls.key) else { return Ok(builder.with_no_client_auth()) };
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| format!("tls.cert: {}: {error}", cert.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| format!("tls.key: {}: {error}", key.display()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| format!("tls: {error}"))
}

fn http_target(endpoint: &str) -> Result<Uri, String> {
    let target: Uri = endpoint.parse().map_err(|error| format!("endpoint: {error}"))?;
    if target.path().len() > 1 {
        return Ok(target);
    }
    format!("{}/v1/metrics", endpoint.trim_end_matches('/'))
        .parse()
        .map_err(|error| format!("endpoint: {error}"))
}

async fn send_grpc(
    grpc: &mut tonic::client::Grpc<Channel>,
    settings: &PushSettings,
    request: Bytes,
) -> Result<Bytes, String> {
    grpc.ready().await.map_err(|error| format!("no connection: {}", causes(&error)))?;
    let mut call = tonic::Request::new(request);
    for (name, value) in &settings.headers {
        let (Ok(name), Ok(value)) = (name.parse::<tonic::metadata::AsciiMetadataKey>(), value.parse()) else {
            return Err(format!("headers: `{name}` cannot be sent"));
        };
        call.metadata_mut().insert(name, value);
    }
    let answer = grpc.unary(call, PathAndQuery::from_static(EXPORT), BytesCodec).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| format!("{:?}: {}", status.code(), status.message()))
}

async fn send_http(
    client: &HttpClient,
    target: &Uri,
    settings: &PushSettings,
    request: Bytes,
) -> Result<Bytes, String> {
    let mut call = Request::post(target.clone());
    for (name, value) in &settings.headers {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else {
            return Err(format!("headers: `{name}` cannot be sent"));
        };
        call = call.header(name, value);
    }
    let call = call.header("content-type", "application/x-protobuf").body(Full::new(request));
    let answer = client
        .request(call.map_err(|error| error.to_string())?)
        .await
        .map_err(|error| format!("no connection: {}", causes(&error)))?;
    let status = answer.status();
    let body = http_body_util::Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if status.is_success() { Ok(body) } else { Err(format!("HTTP {status}")) }
}

/// An answer may say that it did not take everything.
fn judge(answer: &[u8]) -> Result<(), String> {
    match ExportMetricsServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success) {
        Some(ExportMetricsPartialSuccess { rejected_data_points, error_message })
            if rejected_data_points > 0 =>
        {
            Err(format!("{rejected_data_points} data points were not taken: {error_message}"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What failed and why, down to the system's words.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Messages as bytes: they are encoded already.
#[derive(Clone, Copy, Debug)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
