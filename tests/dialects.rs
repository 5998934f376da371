//! One span of each dialect as its library writes it, and what Tollgate makes of it.
//!
//! The attributes are those that the libraries' captures show; the numbers are made up. `tests/captures` holds
//! whole traces of the libraries that could be run; here are also those that could not.

use serde_json::{Value, json};
use tollgate::dialect::Vocabulary;
use tollgate::explain::Explainer;
use tollgate::price::{PriceBook, PricesConfig};
use tollgate::settle::SettleSettings;

/// A span to be: scope, name, kind (1 internal, 2 server, 3 client), parent's number, attributes.
struct Span {
    scope: &'static str,
    name: &'static str,
    kind: u8,
    number: u8,
    parent: u8,
    attributes: Value,
    failed: Option<&'static str>,
}

const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;

fn span(scope: &'static str, name: &'static str, kind: u8, attributes: Value) -> Span {
    Span { scope, name, kind, number: 1, parent: 0, attributes, failed: None }
}

impl Span {
    fn at(mut self, number: u8, parent: u8) -> Self {
        (self.number, self.parent) = (number, parent);
        self
    }

    fn failed(mut self, message: &'static str) -> Self {
        self.failed = Some(message);
        self
    }

    fn to_json(&self) -> Value {
        let attributes: Vec<Value> =
            self.attributes.as_object().expect("a map").iter().map(attribute).collect();
        // Inner spans lie within outer ones.
        let (start, end) = (
            1_000_000_000_u64 + u64::from(self.parent) * 1_000_000,
            3_000_000_000 - u64::from(self.parent) * 1_000_000,
        );
        json!({
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "spanId": format!("{:016x}", self.number),
            "parentSpanId": if self.parent == 0 { String::new() } else { format!("{:016x}", self.parent) },
            "name": self.name, "kind": self.kind,
            "startTimeUnixNano": (1_790_000_000_000_000_000 + start).to_string(),
            "endTimeUnixNano": (1_790_000_000_000_000_000 + end).to_string(),
            "attributes": attributes,
            "status": self.failed.map_or(json!({}), |message| json!({"code": 2, "message": message})),
        })
    }
}

fn attribute((key, value): (&String, &Value)) -> Value {
    let value = match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(|item| json!({"stringValue": item})).collect();
            json!({"arrayValue": {"values": items}})
        }
        _ => json!({}),
    };
    json!({"key": key, "value": value})
}

/// The calls that these spans tell of.
fn calls(spans: &[Span]) -> Vec<Value> {
    let scopes: Vec<Value> =
        spans.iter().map(|span| json!({"scope": {"name": span.scope}, "spans": [span.to_json()]})).collect();
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "app"}}]});
    let request = json!({"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]});
    let book = PriceBook::new(&PricesConfig::default()).expect("no overrides, no faults");
    let mut explainer = Explainer::new(Vocabulary::new(&[]), SettleSettings::default(), book);
    explainer.read_json(request.to_string().as_bytes()).expect("valid OTLP/JSON");
    explainer.finish().to_json()["calls"].as_array().expect("calls").clone()
}

/// Provider, model and tokens of the only call.
fn only(spans: &[Span]) -> (String, String, Value) {
    let calls = calls(spans);
    assert_eq!(calls.len(), 1, "{calls:#?}");
    let text = |key: &str| calls[0][key].as_str().expect("text").to_owned();
    (text("provider"), text("model"), calls[0]["tokens"].clone())
}

fn told(provider: &str, model: &str, tokens: Value) -> (String, String, Value) {
    (provider.to_owned(), model.to_owned(), tokens)
}

#[test]
fn the_conventions_of_every_year() {
    for (provider, input, output) in [
        ("gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
        ("gen_ai.provider.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    ] {
        let attributes = json!({provider: "openai", "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06", input: 107, output: 23});
        let found = only(&[span("somebody.new", "chat gpt-4o", CLIENT, attributes)]);
        assert_eq!(found, told("openai", "gpt-4o", json!({"input": 107, "output": 23})));
    }
}

#[test]
fn claude_code_leaves_cached_tokens_out_of_input() {
    let attributes = json!({"span.type": "llm_request", "model": "claude-sonnet-4-5", "input_tokens": 43,
        "output_tokens": 51, "cache_read_tokens": 1800, "cache_creation_tokens": 300, "attempt": 3, "ttft_ms": 250,
        "gen_ai.response.id": "req_011CMockMockMockMock0001", "success": true});
    let found =
        calls(&[span("com.anthropic.claude_code.tracing", "claude_code.llm_request", INTERNAL, attributes)]);
    assert_eq!(
        found[0]["tokens"],
        json!({"input": 43, "cache_read": 1800, "cache_write": 300, "output": 51})
    );
    assert_eq!(found[0]["provider"], "anthropic");
    assert_eq!(found[0]["time_to_first_token_seconds"], 0.25);
}

#[test]
fn a_bare_key_of_an_application_is_no_call() {
    let attributes = json!({"model": "gpt-4o", "input_tokens": 43, "output_tokens": 51});
    assert!(calls(&[span("app", "handle", INTERNAL, attributes)]).is_empty());
}

#[test]
fn mlflow_quotes_its_strings() {
    let attributes = json!({"mlflow.spanType": "\"CHAT_MODEL\"", "mlflow.llm.model": "\"gpt-4o\"",
        "mlflow.llm.provider": "\"openai\"",
        "mlflow.chat.tokenUsage": "{\"input_tokens\": 1537, \"output_tokens\": 41, \"total_tokens\": 1578, \"cache_read_input_tokens\": 1024}"});
    let found = only(&[span("mlflow.openai", "Completions", INTERNAL, attributes)]);
    assert_eq!(found, told("openai", "gpt-4o", json!({"input": 513, "cache_read": 1024, "output": 41})));
}

#[test]
fn langfuse_buckets_are_apart_in_javascript_and_inclusive_in_python() {
    let apart = json!({"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details": "{\"input\":513,\"output\":41,\"total\":1578,\"input_cached_tokens\":1024,\"output_reasoning_tokens\":0}"});
    let inclusive = json!({"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.usage_details": "{\"prompt_tokens\":1537,\"completion_tokens\":41,\"total_tokens\":1578,\"prompt_tokens_details\":{\"cached_tokens\":1024}}"});
    for attributes in [apart, inclusive] {
        let (provider, model, tokens) = only(&[span("langfuse-sdk", "generation", INTERNAL, attributes)]);
        assert_eq!((provider.as_str(), model.as_str()), ("openai", "gpt-4o"));
        assert_eq!(
            (&tokens["input"], &tokens["cache_read"], &tokens["output"]),
            (&json!(513), &json!(1024), &json!(41))
        );
    }
}

#[test]
fn behind_an_alias_of_a_proxy_the_true_model_is_priced_and_the_server_span_counts_nothing() {
    let server = span(
        "litellm",
        "POST /chat/completions",
        SERVER,
        json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "prod-smart-alias"}),
    )
    .at(1, 0);
    let call = span("litellm", "chat prod-smart-alias", CLIENT,
        json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "prod-smart-alias",
            "gen_ai.response.model": "prod-smart-alias", "litellm.provider.model": "openai/gpt-4o",
            "gen_ai.usage.input_tokens": 107, "gen_ai.usage.output_tokens": 23})).at(2, 1);
    assert_eq!(only(&[server, call]), told("openai", "gpt-4o", json!({"input": 107, "output": 23})));
}

#[test]
fn a_request_to_a_gateway_is_the_call_that_the_gateway_tells_of() {
    let request = json!({"http.request.method": "POST", "server.address": "litellm.internal",
        "url.full": "http://litellm.internal:4000/v1/chat/completions", "http.response.status_code": 200});
    let call = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 107, "gen_ai.usage.output_tokens": 23});
    // The gateway begins its call twenty milliseconds later: time alone would not join the two.
    let spans = [
        span("opentelemetry.instrumentation.httpx", "POST", CLIENT, request).at(1, 0),
        span("litellm", "POST /v1/chat/completions", SERVER, json!({"http.request.method": "POST"}))
            .at(20, 1),
        span("litellm", "chat gpt-4o", CLIENT, call).at(3, 20),
    ];
    assert_eq!(only(&spans), told("openai", "gpt-4o", json!({"input": 107, "output": 23})));
}

#[test]
fn a_call_that_succeeded_after_a_refused_attempt_is_no_failure() {
    let attempt = |status: u64| {
        json!({"http.request.method": "POST", "server.address": "api.openai.com",
        "url.full": "https://api.openai.com/v1/chat/completions", "http.response.status_code": status})
    };
    let call = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 107, "gen_ai.usage.output_tokens": 23});
    let http = "opentelemetry.instrumentation.httpx";
    // Written in the wrong order by their clocks: the refused one began last.
    let spans = [
        span("openai", "chat gpt-4o", CLIENT, call).at(1, 0),
        span(http, "POST", CLIENT, attempt(200)).at(2, 1),
        span(http, "POST", CLIENT, attempt(429)).at(3, 1),
    ];
    let found = calls(&spans);
    assert_eq!((&found[0]["error_class"], &found[0]["status_code"]), (&json!("none"), &json!(200)));
}

#[test]
fn a_failure_with_zeroes_has_no_known_tokens() {
    let attributes = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0, "error.type": "RateLimitError"});
    let found = calls(&[span("litellm", "chat gpt-4o", CLIENT, attributes).failed("rate limit")]);
    assert_eq!(found[0]["tokens"], Value::Null);
    assert_eq!(found[0]["error_class"], "rate_limit");
    assert_eq!(found[0]["price_source"], "unknown_usage");
}

#[test]
fn an_agent_that_alone_has_usage_is_the_call() {
    let attributes = json!({"openinference.span.kind": "AGENT", "llm.model_name": "claude-sonnet-4-5",
        "llm.token_count.prompt": 81, "llm.token_count.completion": 30});
    let found =
        only(&[span("openinference.instrumentation.claude_agent_sdk", "query", INTERNAL, attributes)]);
    assert_eq!(found, told("anthropic", "claude-sonnet-4-5", json!({"input": 81, "output": 30})));
}

#[test]
fn agents_that_sum_up_their_calls_count_nothing() {
    let usage = json!({"openinference.span.kind": "AGENT", "llm.token_count.prompt": 107, "llm.token_count.completion": 23});
    let call = json!({"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "openai",
        "llm.token_count.prompt": 107, "llm.token_count.completion": 23});
    let scope = "openinference.instrumentation.smolagents";
    let spans = [
        span(scope, "manager", INTERNAL, usage.clone()).at(1, 0),
        span(scope, "agent", INTERNAL, usage).at(2, 1),
        span(scope, "OpenAIServerModel", INTERNAL, call).at(3, 2),
    ];
    assert_eq!(only(&spans), told("openai", "gpt-4o", json!({"input": 107, "output": 23})));
}

#[test]
fn agents_that_leave_inner_agents_out_add_up() {
    let scope = "opentelemetry.instrumentation.agno";
    let agent = |input: u64| {
        json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.system": "agno",
        "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": 10})
    };
    let found = calls(&[
        span(scope, "outer.agent", CLIENT, agent(228)).at(1, 0),
        span(scope, "inner.agent", CLIENT, agent(114)).at(2, 1),
    ]);
    let sum: u64 = found.iter().map(|call| call["tokens"]["input"].as_u64().expect("input")).sum();
    assert_eq!((found.len(), sum), (2, 342));
}

#[test]
fn a_crews_sum_is_text() {
    let attributes = json!({"traceloop.span.kind": "workflow",
        "crewai.crew.token_usage": "total_tokens=1580 prompt_tokens=1538 cached_prompt_tokens=1024 completion_tokens=42"});
    let found =
        calls(&[span("opentelemetry.instrumentation.crewai", "crewai.workflow", INTERNAL, attributes)]);
    assert_eq!(found[0]["tokens"], json!({"input": 514, "cache_read": 1024, "output": 42}));
}

#[test]
fn two_tracers_without_an_id_tell_of_one_call() {
    let model = "mistral-large-latest";
    let sdk = json!({"gen_ai.operation.name": "chat", "gen_ai.system": "mistral_ai", "gen_ai.request.model": model,
        "gen_ai.usage.prompt_tokens": 107, "gen_ai.usage.output_tokens": 23, "mistral_ai.request.total_tokens": 130});
    let wrapper = json!({"llm.request.type": "chat", "gen_ai.system": "MistralAI", "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": 107, "gen_ai.usage.output_tokens": 23});
    let spans = [
        span("opentelemetry.instrumentation.mistralai", "mistralai.chat", CLIENT, wrapper).at(1, 0),
        span("mistralai_sdk_tracer", "chat", INTERNAL, sdk).at(2, 0),
    ];
    let (provider, _, tokens) = only(&spans);
    assert_eq!((provider.as_str(), tokens), ("mistral_ai", json!({"input": 107, "output": 23})));
}

#[test]
fn numbers_come_as_doubles_and_as_text_and_as_nonsense() {
    let call = |input: Value| {
        json!({"gen_ai.operation.name": "chat", "gen_ai.system": "cohere",
        "gen_ai.request.model": "command-r-plus-08-2024", "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": 41.0})
    };
    let tokens = |input: Value| {
        only(&[span("opentelemetry.instrumentation.cohere", "cohere.chat", CLIENT, call(input))]).2
    };
    assert_eq!(tokens(json!(1537.0))["input"], 1537);
    assert_eq!(tokens(json!("1537"))["input"], 1537);
    for nonsense in [json!(-3), json!(1.5), json!("many"), json!("NaN")] {
        assert_eq!(tokens(nonsense.clone()), Value::Null, "{nonsense}");
    }
}

#[test]
fn reasoning_is_inside_output_unless_the_sum_says_otherwise() {
    let call = |total: u64| {
        json!({"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "o4-mini",
        "gen_ai.usage.input_tokens": 76, "gen_ai.usage.output_tokens": 641, "gen_ai.usage.total_tokens": total,
        "gen_ai.usage.reasoning_tokens": 512})
    };
    let tokens = |total| only(&[span("x", "chat", CLIENT, call(total))]).2;
    assert_eq!(tokens(717), json!({"input": 76, "output": 129, "reasoning": 512}));
    assert_eq!(tokens(717 + 512), json!({"input": 76, "output": 641, "reasoning": 512}));
}

#[test]
fn a_request_that_nobody_instrumented_is_a_call_of_unknown_size() {
    let attributes = json!({"http.request.method": "POST", "url.full": "https://api.openai.com/v1/chat/completions",
        "server.address": "api.openai.com", "http.response.status_code": 429,
        "http.response.header.x-ratelimit-remaining-tokens": ["12"], "http.response.header.x-ratelimit-limit-tokens": ["200000"]});
    let found = calls(&[span("opentelemetry.instrumentation.httpx", "POST", CLIENT, attributes)]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["dialect"], &found[0]["model"], &found[0]["tokens"]),
        (&json!("http"), &json!("unknown"), &Value::Null)
    );
    assert_eq!((&found[0]["error_class"], &found[0]["provider"]), (&json!("rate_limit"), &json!("openai")));
    assert_eq!(found[0]["rate_limits"][0]["remaining"], 12);
}

#[test]
fn what_is_no_call_is_none() {
    let http = |path: &str| json!({"http.request.method": "GET", "server.address": "api.openai.com", "url.path": path});
    for spans in [
        [span("x", "GET", CLIENT, http("/v1/models"))],
        [span("x", "POST", CLIENT, http("/v1/responses/input_tokens"))],
        [span(
            "x",
            "execute_tool",
            INTERNAL,
            json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}),
        )],
        [span(
            "autogen-core",
            "create_agent",
            CLIENT,
            json!({"gen_ai.operation.name": "create_agent", "gen_ai.system": "autogen"}),
        )],
        [span("x", "SELECT", CLIENT, json!({"db.system": "postgresql", "server.address": "db"}))],
        [span(
            "langsmith",
            "tool",
            INTERNAL,
            json!({"langsmith.span.kind": "tool", "gen_ai.operation.name": "chat"}),
        )],
    ] {
        assert!(calls(&spans).is_empty(), "{}", spans[0].attributes);
    }
}
