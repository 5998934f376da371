//! A call as spans, the way the service's instrumentation would have written it.
//!
//! In: a [`Call`] that ends at a given time. Out: [`SpanData`] for the exporter. It writes no prompt and no answer.
//! Keys and shapes: the libraries named at each function.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::call::{Call, Usage};
use super::headers::headers;
use super::random::Random;
use super::traffic::Dialect;

/// Writes calls as spans.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) random: &'a mut Random,
    pub(super) end_unix_nano: u64,
}

/// A span that is being written.
struct Draft {
    name: String,
    kind: SpanKind,
    scope: &'static str,
    parent: SpanId,
    seconds: f64,
    attributes: Vec<KeyValue>,
    status: Status,
}

impl Writer<'_> {
    /// All spans of one call, children first, as they end.
    pub(super) fn spans(&mut self, call: &Call) -> Vec<SpanData> {
        let trace =
            TraceId::from((u128::from(self.random.bits()) << 64) | u128::from(self.random.bits() | 1));
        match call.service.dialect {
            Dialect::GenAi => self.gen_ai(call, trace, SpanId::INVALID),
            Dialect::GenAiOverSdk => self.gen_ai_over_sdk(call, trace),
            Dialect::GenAiAgent => self.agent(call, trace),
            Dialect::OpenInference => vec![self.finish(trace, None, open_inference(call))],
            Dialect::VercelAi => self.vercel_ai(call, trace),
        }
    }

    /// OpenTelemetry's genai instrumentations 1.3, with httpx below them.
    fn gen_ai(&mut self, call: &Call, trace: TraceId, parent: SpanId) -> Vec<SpanData> {
        let id = self.span_id();
        let response_id = self.response_id(call);
        let mut spans: Vec<SpanData> = (0..call.retries)
            .map(|_| {
                let draft = self.http(call, id, Some(429), 0.2);
                self.finish(trace, None, draft)
            })
            .collect();
        if let Some(status) = call.failure.map_or(Some(200), |failure| failure.status) {
            let draft = self.http(call, id, Some(status), call.duration_seconds);
            spans.push(self.finish(trace, None, draft));
        }
        let mut draft = gen_ai_span(call, &response_id);
        draft.parent = parent;
        spans.push(self.finish(trace, Some(id), draft));
        spans
    }

    /// The same above the Anthropic SDK's own span of the same call, which shares its response id.
    fn gen_ai_over_sdk(&mut self, call: &Call, trace: TraceId) -> Vec<SpanData> {
        let mut spans = self.gen_ai(call, trace, SpanId::INVALID);
        let Some(outer) = spans.last() else { return spans };
        let (parent, inherited) = (outer.span_context.span_id(), outer.attributes.clone());
        let mut attributes: Vec<KeyValue> =
            inherited.into_iter().filter(|pair| pair.key.as_str() != "error.type").collect();
        if let Some(failure) = call.failure {
            attributes.extend(
                failure.status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))),
            );
            attributes.push(KeyValue::new("error.type", sdk_error(failure.status)));
        }
        let status = if call.failure.is_some() { Status::error("") } else { Status::Ok };
        let inner = Draft {
            name: "anthropic.messages.create".to_owned(),
            kind: SpanKind::Client,
            scope: "com.anthropic.sdk.python",
            parent,
            seconds: call.duration_seconds,
            attributes,
            status,
        };
        let inner = self.finish(trace, None, inner);
        spans.insert(0, inner);
        spans
    }

    /// An agent: three calls below an `invoke_agent` span that repeats their sum.
    fn agent(&mut self, call: &Call, trace: TraceId) -> Vec<SpanData> {
        let id = self.span_id();
        let steps =
            if call.retries == 0 && call.failure.is_none() && call.duration_seconds < 60.0 { 3 } else { 1 };
        let mut spans: Vec<SpanData> = (0..steps).flat_map(|_| self.gen_ai(call, trace, id)).collect();
        let mut attributes = common(call, "invoke_agent");
        attributes.push(KeyValue::new("gen_ai.agent.name", "researcher"));
        if let Some(usage) = call.usage {
            attributes.extend(gen_ai_usage(&usage, steps));
        }
        let draft = Draft {
            name: "invoke_agent researcher".to_owned(),
            kind: SpanKind::Internal,
            scope: "strands.telemetry.tracer",
            parent: SpanId::INVALID,
            seconds: call.duration_seconds + 0.05,
            attributes,
            status: status(call),
        };
        spans.push(self.finish(trace, Some(id), draft));
        spans
    }

    /// AI SDK 6: `ai.streamText` repeats the usage of its `.doStream`.
    fn vercel_ai(&mut self, call: &Call, trace: TraceId) -> Vec<SpanData> {
        let outer = self.span_id();
        let response_id = self.response_id(call);
        let mut wrapper = vercel_span(call, "ai.streamText");
        let mut inner = vercel_span(call, "ai.streamText.doStream");
        inner.parent = outer;
        inner.attributes.extend([
            KeyValue::new("gen_ai.system", format!("{}.chat", call.model.provider)),
            KeyValue::new("gen_ai.request.model", call.model.request),
        ]);
        if call.failure.is_none() {
            inner.attributes.extend([
                KeyValue::new("gen_ai.response.id", response_id),
                KeyValue::new("gen_ai.response.model", call.model.response),
            ]);
        }
        if let Some(first) = call.first_token_seconds {
            inner.attributes.push(KeyValue::new("ai.response.msToFirstChunk", first * 1000.0));
        }
        wrapper.seconds += 0.002;
        vec![self.finish(trace, None, inner), self.finish(trace, Some(outer), wrapper)]
    }

    /// httpx, with `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE` on.
    fn http(&self, call: &Call, parent: SpanId, status: Option<u16>, seconds: f64) -> Draft {
        let mut attributes = vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("url.full", format!("https://{}{}", call.model.host, path(call))),
            KeyValue::new("server.address", call.model.host),
        ];
        attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        let pairs = headers(&call.model.limits, call.fill, self.end_unix_nano);
        attributes.extend(pairs.into_iter().map(|(name, value)| {
            let key = format!("http.response.header.{}", name.replace('-', "_"));
            KeyValue::new(key, Value::Array(vec![StringValue::from(value)].into()))
        }));
        let failed = status.is_some_and(|status| status >= 400);
        if let (true, Some(status)) = (failed, status) {
            attributes.push(KeyValue::new("error.type", status.to_string()));
        }
        Draft {
            name: "POST".to_owned(),
            kind: SpanKind::Client,
            scope: "opentelemetry.instrumentation.httpx",
            parent,
            seconds,
            attributes,
            status: if failed { Status::error("") } else { Status::Unset },
        }
    }

    fn span_id(&mut self) -> SpanId {
        SpanId::from(self.random.bits() | 1)
    }

    fn response_id(&mut self, call: &Call) -> String {
        let prefix = if call.model.provider == "anthropic" { "msg_" } else { "chatcmpl-" };
        format!("{prefix}{:016x}{:08x}", self.random.bits(), self.random.bits() >> 32)
    }

    fn finish(&mut self, trace: TraceId, id: Option<SpanId>, draft: Draft) -> SpanData {
        let id = id.unwrap_or_else(|| self.span_id());
        let end = SystemTime::UNIX_EPOCH + Duration::from_nanos(self.end_unix_nano);
        let length = Duration::try_from_secs_f64(draft.seconds).unwrap_or_default();
        SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: draft.parent,
            parent_span_is_remote: false,
            span_kind: draft.kind,
            name: Cow::Owned(draft.name),
            start_time: end.checked_sub(length).unwrap_or(end),
            end_time: end,
            attributes: draft.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: draft.status,
            instrumentation_scope: InstrumentationScope::builder(draft.scope).build(),
        }
    }
}

fn gen_ai_span(call: &Call, response_id: &str) -> Draft {
    let mut attributes = common(call, call.operation);
    attributes.push(KeyValue::new("server.address", call.model.host));
    attributes.push(KeyValue::new("gen_ai.request.stream", call.streaming));
    match call.failure {
        Some(failure) => attributes.push(KeyValue::new("error.type", failure.error_type)),
        None => attributes.extend([
            KeyValue::new("gen_ai.response.model", call.model.response),
            KeyValue::new("gen_ai.response.id", response_id.to_owned()),
        ]),
    }
    if let Some(first) = call.first_token_seconds {
        attributes.push(KeyValue::new("gen_ai.response.time_to_first_chunk", first));
    }
    if let Some(usage) = call.usage {
        attributes.extend(gen_ai_usage(&usage, 1));
    }
    Draft {
        name: format!("{} {}", call.operation, call.model.request),
        kind: SpanKind::Client,
        scope: match call.model.provider {
            "anthropic" => "opentelemetry.instrumentation.genai.anthropic",
            _ => "opentelemetry.instrumentation.genai.openai",
        },
        parent: SpanId::INVALID,
        seconds: call.duration_seconds,
        attributes,
        status: status(call),
    }
}

fn common(call: &Call, operation: &'static str) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", operation),
        KeyValue::new("gen_ai.provider.name", call.model.provider),
        KeyValue::new("gen_ai.request.model", call.model.request),
        KeyValue::new("team", call.service.team),
    ];
    attributes.extend(call.user.map(|user| KeyValue::new("user.id", user)));
    attributes
}

/// Input includes cache, output includes reasoning: the convention's own rules.
fn gen_ai_usage(usage: &Usage, times: u64) -> Vec<KeyValue> {
    let input = usage.input + usage.cache_read + usage.cache_write;
    let counts = [
        ("gen_ai.usage.input_tokens", Some(input)),
        ("gen_ai.usage.output_tokens", Some(usage.output + usage.reasoning)),
        ("gen_ai.usage.cache_read.input_tokens", Some(usage.cache_read).filter(|count| *count > 0)),
        ("gen_ai.usage.cache_write.input_tokens", Some(usage.cache_write).filter(|count| *count > 0)),
        ("gen_ai.usage.reasoning.output_tokens", Some(usage.reasoning).filter(|count| *count > 0)),
    ];
    counts.into_iter().filter_map(|(key, count)| Some(KeyValue::new(key, whole(count? * times)))).collect()
}

/// Dollars per million tokens in the price list of the instrumentation, which knows no cache.
const LIST_INPUT: f64 = 0.3;
const LIST_OUTPUT: f64 = 2.5;

/// OpenInference: one LLM span, internal, usage under `llm.token_count`.
fn open_inference(call: &Call) -> Draft {
    let mut attributes = vec![
        KeyValue::new("openinference.span.kind", "LLM"),
        KeyValue::new("llm.provider", if call.model.provider == "aws.bedrock" { "aws" } else { "google" }),
        KeyValue::new("llm.model_name", call.model.response),
        KeyValue::new("metadata", format!("{{\"team\": \"{}\"}}", call.service.team)),
        KeyValue::new("team", call.service.team),
    ];
    if let Some(usage) = call.usage {
        let prompt = usage.input + usage.cache_read + usage.cache_write;
        let completion = usage.output + usage.reasoning;
        attributes.extend([
            KeyValue::new("llm.token_count.prompt", whole(prompt)),
            KeyValue::new("llm.token_count.completion", whole(completion)),
            KeyValue::new("llm.token_count.total", whole(prompt + completion)),
            KeyValue::new("llm.token_count.prompt_details.cache_read", whole(usage.cache_read)),
            KeyValue::new("llm.token_count.completion_details.reasoning", whole(usage.reasoning)),
            KeyValue::new(
                "llm.cost.total",
                (prompt as f64 * LIST_INPUT + completion as f64 * LIST_OUTPUT) / 1e6,
            ),
        ]);
    }
    Draft {
        name: "ChatCompletion".to_owned(),
        kind: SpanKind::Internal,
        scope: "openinference.instrumentation.google_genai",
        parent: SpanId::INVALID,
        seconds: call.duration_seconds,
        attributes,
        status: status(call),
    }
}

fn vercel_span(call: &Call, operation: &'static str) -> Draft {
    let mut attributes = vec![
        KeyValue::new("operation.name", format!("{operation} storefront")),
        KeyValue::new("ai.operationId", operation),
        KeyValue::new("ai.telemetry.functionId", "storefront"),
        KeyValue::new("ai.model.provider", format!("{}.chat", call.model.provider)),
        KeyValue::new("ai.model.id", call.model.request),
        KeyValue::new("ai.telemetry.metadata.team", call.service.team),
    ];
    if let Some(usage) = call.usage {
        attributes.extend([
            KeyValue::new("ai.usage.inputTokens", whole(usage.input + usage.cache_read + usage.cache_write)),
            KeyValue::new("ai.usage.cachedInputTokens", whole(usage.cache_read)),
            KeyValue::new("ai.usage.outputTokens", whole(usage.output + usage.reasoning)),
            KeyValue::new("ai.usage.reasoningTokens", whole(usage.reasoning)),
        ]);
    }
    Draft {
        name: operation.to_owned(),
        kind: SpanKind::Internal,
        scope: "ai",
        parent: SpanId::INVALID,
        seconds: call.duration_seconds,
        attributes,
        status: status(call),
    }
}

fn status(call: &Call) -> Status {
    match call.failure {
        Some(failure) => Status::error(failure.message.replace("{model}", call.model.request)),
        None => Status::Unset,
    }
}

/// The Anthropic SDK's own `error.type`.
const fn sdk_error(status: Option<u16>) -> &'static str {
    match status {
        Some(400) => "invalid_request_error",
        Some(401) => "authentication_error",
        Some(403) => "permission_error",
        Some(404) => "not_found_error",
        Some(429) => "rate_limit_error",
        Some(529) => "overloaded_error",
        Some(_) => "api_error",
        None => "client_timeout_error",
    }
}

fn path(call: &Call) -> &'static str {
    match (call.model.provider, call.operation) {
        ("anthropic", _) => "/v1/messages",
        ("groq", _) => "/openai/v1/chat/completions",
        ("azure.ai.openai", _) => "/openai/deployments/gpt-4o/chat/completions",
        (_, "embeddings") => "/v1/embeddings",
        (_, _) => "/v1/chat/completions",
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
