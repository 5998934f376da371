//! HTTP client spans, old and new names: where status, host and response headers are.
//!
//! Source: OpenTelemetry HTTP semantic conventions 1.20 to 1.40; captures of httpx, undici, azure-core.
//! Headers are matched by prefix in `recognise`.

use super::Fact::*;
use super::{Key, Layer, Profile, key};

/// What a response header's attribute begins with.
pub const HEADER_PREFIX: &str = "http.response.header.";

/// Attributes of Datadog's tracers with the same content as `OpenAI`'s headers.
pub const DATADOG_PREFIX: &str = "openai.organization.ratelimit.";

pub(super) const KEYS: &[Key] = &[
    key("server.address", ServerAddress(9)),
    key("net.peer.name", ServerAddress(7)),
    key("http.host", ServerAddress(6)),
    key("url.full", Url),
    key("http.url", Url),
    key("url.path", UrlPath),
    key("http.target", UrlPath),
    key("http.request.method", HttpMethod),
    key("http.method", HttpMethod),
    key("http.response.status_code", StatusCode),
    key("http.status_code", StatusCode),
    key("http.request.resend_count", Resends),
    key("http.resend_count", Resends),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("http", "opentelemetry.instrumentation.httpx", Layer::Http),
    Profile::new("http", "opentelemetry.instrumentation.requests", Layer::Http),
    Profile::new("http", "opentelemetry.instrumentation.urllib*", Layer::Http),
    Profile::new("http", "opentelemetry.instrumentation.aiohttp_client", Layer::Http),
    Profile::new("http", "@opentelemetry/instrumentation-undici", Layer::Http),
    Profile::new("http", "@opentelemetry/instrumentation-http", Layer::Http),
    Profile::new("http", "@vercel/otel/fetch*", Layer::Http),
    Profile::new("http", "go.opentelemetry.io/contrib/instrumentation/net/http/*", Layer::Http),
    Profile::new("http", "io.opentelemetry.okhttp*", Layer::Http),
    Profile::new("http", "io.opentelemetry.java-http-client", Layer::Http),
    Profile::new("http", "System.Net.Http", Layer::Http),
];
