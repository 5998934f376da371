//! What a span is in the story of a call, from what marks it.
//!
//! In: the markers that a [`Draft`] collected. Out: a [`Role`], or `None` for a span of no LLM
//! library. Source of each rule: the conventions' lists of operations and the traps seen in captures.

use super::draft::Draft;
use crate::dialect::{Layer, Profile, Trait};
use crate::facts::Role;
use crate::otlp::{SpanHeader, SpanKind};

/// Operations that are one call of a model. Source: GenAI convention; LiteLLM, Mastra and OpenLLMetry
/// for the spellings outside it.
const CALLS: &[&str] = &[
    "chat",
    "text_completion",
    "completion",
    "embeddings",
    "embedding",
    "generate_content",
    "responses",
    "response",
    "messages",
    "acompletion",
    "aresponses",
    "atext_completion",
    "aembedding",
    "anthropic_messages",
    "model_generation",
    "image_generation",
    "generate_image",
    "image",
    "transcription",
    "speech",
    "audio",
    "rerank",
    "rerank_text",
    "moderation",
    "realtime_inference",
    "inference",
];

/// Paths of inference endpoints, by their end. Source: the providers' API references.
const PATH_ENDS: &[&str] = &[
    "/chat/completions",
    "/v1/completions",
    "/v1/messages",
    "/v1/responses",
    "/responses",
    "/embeddings",
    "/v1/embed",
    "/v2/embed",
    "/v1/chat",
    "/v2/chat",
    "/v1/rerank",
    "/v2/rerank",
    "/images/generations",
    "/audio/transcriptions",
    "/audio/speech",
    "/fim/completions",
    ":generateContent",
    ":streamGenerateContent",
    ":embedContent",
    ":batchEmbedContents",
    ":predict",
    ":rawPredict",
    ":streamRawPredict",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
];

/// Ends that are only an inference endpoint at a host known for it, being common words elsewhere.
const COMMON_PATH_ENDS: &[&str] = &[
    "/responses",
    "/embeddings",
    "/v1/chat",
    "/v2/chat",
    "/invoke",
    "/converse",
    ":predict",
    "/v1/messages",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
];

impl Draft<'_> {
    /// What this span is; `None` when it is nothing to us.
    pub(super) fn role(&self, header: &SpanHeader<'_>, profile: &Profile) -> Option<Role> {
        if self.is_nothing() {
            return None;
        }
        let role = self.marked_role(header, profile).or_else(|| self.http_role(header));
        match role {
            // The server's side of a call repeats it: the proxy's own client span tells.
            Some(Role::Call) if header.kind == SpanKind::Server => Some(Role::Aggregate),
            None if self.has_dimension() || self.has_pairs() => Some(Role::Other),
            role => role,
        }
    }

    fn marked_role(&self, header: &SpanHeader<'_>, profile: &Profile) -> Option<Role> {
        let m = &self.markers;
        if header.name == "raw_gen_ai_request" {
            return Some(Role::Companion);
        }
        if m.logfire_type == "log" && header.name.starts_with("streaming response") {
            return Some(Role::Continuation);
        }
        if !m.vercel_operation.is_empty() {
            return Some(vercel_role(m.vercel_operation));
        }
        let by_type = [
            (m.openinference_kind, &["LLM", "EMBEDDING", "RERANKER"][..]),
            (m.langfuse_type, &["generation", "embedding"][..]),
            (m.langsmith_kind, &["llm", "embedding"][..]),
            (m.mlflow_type, &["CHAT_MODEL", "LLM", "EMBEDDING", "RERANKER"][..]),
            (m.claude_code_type, &["llm_request"][..]),
            (m.request_type, &["chat", "completion", "embedding", "rerank"][..]),
        ]
        .into_iter()
        .find(|(value, _)| !value.is_empty());
        if let Some((value, calls)) = by_type {
            return Some(if calls.contains(&value) { Role::Call } else { Role::Aggregate });
        }
        self.operation_role(header, profile)
    }

    fn operation_role(&self, header: &SpanHeader<'_>, profile: &Profile) -> Option<Role> {
        let operation = self.operation.text;
        if CALLS.contains(&operation) {
            let everywhere = profile.has(Trait::OperationEverywhere);
            return Some(if everywhere && !self.has_usage() && self.provider.text.is_empty() {
                Role::Aggregate
            } else {
                Role::Call
            });
        }
        if !operation.is_empty() || !self.markers.traceloop_kind.is_empty() {
            return Some(Role::Aggregate);
        }
        if header.name == "litellm_request" || header.name == "call_llm" {
            return Some(Role::Call);
        }
        let vendor = !self.provider.text.is_empty();
        let spoken = self.has_usage() || (!self.request_model.text.is_empty() && vendor);
        if spoken || (vendor && header.kind == SpanKind::Client) {
            return Some(if vendor || profile.layer <= Layer::Instrumentor || self.has_model() {
                Role::Call
            } else {
                Role::Aggregate
            });
        }
        // An instrumentor of one SDK whose failed call says nothing but its exception (OpenLIT 1.34).
        let lone_failure = profile.layer == Layer::Instrumentor && self.has_errors();
        (lone_failure && header.kind == SpanKind::Client && !self.is_http()).then_some(Role::Call)
    }

    fn http_role(&self, header: &SpanHeader<'_>) -> Option<Role> {
        let client = matches!(header.kind, SpanKind::Client | SpanKind::Internal | SpanKind::Unspecified);
        if !client || !self.is_http() {
            return None;
        }
        let path = self.url_path();
        let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
        let known_host = || crate::normalise::provider_of_host(self.host()).is_some();
        let common = || COMMON_PATH_ENDS.iter().any(|end| path.ends_with(end));
        let llm = if path.is_empty() {
            self.has_pairs() && known_host()
        } else {
            PATH_ENDS.iter().any(|end| path.ends_with(end)) && (!common() || known_host())
        };
        (llm || self.has_pairs()).then_some(if llm { Role::Http } else { Role::Other })
    }
}

/// `ai.generateText.doGenerate` is a call, `ai.generateText` is around it, `ai.toolCall` is none.
fn vercel_role(operation: &str) -> Role {
    let last = operation.rsplit('.').next().unwrap_or("");
    if last.starts_with("do") && last.len() > 2 { Role::Call } else { Role::Aggregate }
}
