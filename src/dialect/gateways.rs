//! Gateways and servers that trace: Kong, Envoy AI Gateway, agentgateway, Cloudflare AI Gateway, vLLM.
//!
//! Source: their documentation. Their spans are mostly of kind SERVER: the other side of a call.

use super::Fact::*;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("gen_ai.model.provider", Provider(7)),
    key("gen_ai.latency.time_to_first_token", FirstTokenSeconds),
    key("gen_ai.performance.time_to_first_token", FirstTokenSeconds),
    key("gen_ai.request.id", ResponseId(3)),
    // agentgateway's own names of HTTP.
    key("http.status", StatusCode),
    key("http.path", UrlPath),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("vllm", "vllm*", Layer::Gateway),
    Profile::new("kong", "kong*", Layer::Gateway),
    Profile::new("envoy_ai_gateway", "envoy*", Layer::Gateway),
    Profile::new("envoy_ai_gateway", "ai-gateway*", Layer::Gateway),
    Profile::new("agentgateway", "agentgateway*", Layer::Gateway),
    Profile::new("cloudflare_ai_gateway", "cloudflare*", Layer::Gateway),
];
