//! What each library's spans tell and what they cannot, and the lines that switch them on: the table of `docs/dialects.md`.
//!
//! In: nothing. Out: rows for people; nothing here is asked while spans are read.

use std::fmt::Write as _;

use super::PROFILES;

/// What stands behind a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// Spans as they left the library, held against the provider's bill.
    Captures,
    /// Its documentation, source or reports; nothing of it was run here.
    Documentation,
}

/// One library.
#[derive(Debug)]
struct Guide {
    /// As `explain` names it.
    dialect: &'static str,
    library: &'static str,
    tells: &'static str,
    cannot: &'static str,
    on: &'static str,
    basis: Basis,
}

use Basis::{Captures, Documentation};

const fn row(
    dialect: &'static str,
    library: &'static str,
    basis: Basis,
    tells: &'static str,
    cannot: &'static str,
    on: &'static str,
) -> Guide {
    Guide { dialect, library, tells, cannot, on, basis }
}

#[rustfmt::skip]
const GUIDES: &[Guide] = &[
    row("gen_ai", "OpenTelemetry GenAI convention, and whoever follows it", Captures,
        "all that the convention has; cached and reasoning tokens from 1.40 on", "retries inside the SDK; limits", "pip install opentelemetry-instrumentation-genai-openai"),
    row("openai_v2", "opentelemetry-instrumentation-openai-v2 (Python)", Captures,
        "tokens, model, error type", "cached and reasoning tokens; the Responses API has no span", "pip install opentelemetry-instrumentation-openai-v2"),
    row("openai_agents", "opentelemetry-instrumentation-openai-agents (Python)", Captures,
        "agents, and calls with tokens beside the OpenAI instrumentation", "nothing of tokens without it", "pip install opentelemetry-instrumentation-openai-agents-v2"),
    row("openai_js", "@opentelemetry/instrumentation-openai (Node)", Captures,
        "tokens, model, error type", "cached tokens; streams that break", "npm install @opentelemetry/instrumentation-openai"),
    row("openai_java", "OpenTelemetry Java agent, openai-java", Documentation,
        "Chat Completions: tokens, model", "the Responses API (HTTP only)", "-javaagent:opentelemetry-javaagent.jar"),
    row("aws_sdk_java", "OpenTelemetry Java agent, AWS SDK v2 (Bedrock)", Documentation,
        "tokens; input is without cached ones", "the answering model", "-javaagent:opentelemetry-javaagent.jar"),
    row("aws_sdk_js", "@opentelemetry/instrumentation-aws-sdk (Node, Bedrock)", Documentation,
        "tokens, model asked for", "the answering model", "npm install @opentelemetry/instrumentation-aws-sdk"),
    row("botocore", "opentelemetry-instrumentation-botocore (Python, Bedrock)", Captures,
        "tokens, cached ones with Converse; retries; input is without cached ones", "the answering model; cached tokens of InvokeModel; a model behind an inference profile", "pip install opentelemetry-instrumentation-botocore"),
    row("azure_ai_inference", "azure-ai-inference (Python)", Captures,
        "tokens, model, HTTP status and resends below", "cached tokens", "AIInferenceInstrumentor().instrument()"),
    row("google_genai", "opentelemetry-instrumentation-google-genai (Python)", Captures,
        "tokens with thoughts and cached ones", "all but the last call of automatic function calling", "pip install opentelemetry-instrumentation-google-genai"),
    row("google_vertexai", "opentelemetry-instrumentation-vertexai (Python)", Documentation,
        "tokens, model", "thoughts, but where the total proves them", "pip install opentelemetry-instrumentation-vertexai"),
    row("google_adk", "Google ADK (Python, JavaScript, Java, Go)", Captures,
        "tokens with thoughts from 1.20 on; an agent's failure is its last call's", "thoughts before 1.20, but in the answer's JSON; the answering model", "pip install -U 'google-adk>=1.20'"),
    row("anthropic_sdk", "Anthropic's own SDKs (Python, TypeScript, Java, Go)", Captures,
        "everything: cached tokens by lifetime, tier, request id, resends", "limits", "on by itself beside an OpenTelemetry provider"),
    row("mistral_sdk", "Mistral's own SDK (Python)", Captures,
        "tokens, model, host", "an answer id; failures have no status", "on by itself beside an OpenTelemetry provider"),
    row("openinference", "OpenInference (Arize Phoenix; Python, JavaScript)", Captures,
        "tokens with their splits, the answer's id, exceptions", "an HTTP status; streams without usage asked for; failures in Node 4.2", "pip install openinference-instrumentation-openai"),
    row("openllmetry", "OpenLLMetry (Traceloop; Python, Node)", Captures,
        "tokens with cached ones, model, error type", "usage in agents of LlamaIndex and CrewAI; in Node streams are counted by its own tokenizer", "pip install opentelemetry-instrumentation-openai"),
    row("openlit", "OpenLIT", Captures,
        "tokens, cost, time to first token; input of Anthropic is without cached ones", "streams: its own tokenizer; aborted streams have no span", "openlit.init()"),
    row("langfuse", "Langfuse SDKs (Python, JavaScript)", Captures,
        "usage and cost as JSON, time to first token", "the provider; an answer id", "from langfuse.openai import openai"),
    row("langsmith", "LangSmith's OpenTelemetry export (Python, JavaScript)", Captures,
        "tokens with details, user and session", "embeddings; the type of an exception", "LANGSMITH_OTEL_ENABLED=true LANGSMITH_TRACING=true"),
    row("langwatch", "LangWatch", Documentation, "tokens and cost as JSON, model", "splits of tokens", "langwatch.setup()"),
    row("logfire", "Pydantic Logfire (Python)", Captures,
        "tokens with the provider's own object, cost", "a stream's failure; keys with `session` are scrubbed", "logfire.instrument_openai()"),
    row("pydantic_ai", "Pydantic AI (Python)", Captures,
        "tokens with details, time to first token, conversation", "retries", "Agent.instrument_all()"),
    row("braintrust", "Braintrust's tracers (Go, Java, Ruby)", Documentation, "tokens with cached and reasoning ones, model, provider", "an answer id; limits", "trace.New(provider)   # braintrust-sdk-go; one line in each language"),
    row("langtrace", "Langtrace", Documentation, "tokens, model, host", "cached tokens", "langtrace.init()"),
    row("mlflow", "MLflow tracing", Captures, "tokens, model", "cached tokens in convention mode; embeddings; the provider of failures", "mlflow.openai.autolog()"),
    row("datadog", "Datadog ddtrace, exported by OTLP", Captures,
        "tokens with cached and reasoning ones, errors, limits of OpenAI", "the model asked for, where another answered", "DD_TRACE_OTEL_ENABLED=true OTEL_TRACES_EXPORTER=otlp"),
    row("monocle", "Monocle (Python, JavaScript)", Captures,
        "tokens, model, provider; input of Anthropic is without cached ones", "cache writes; an answer id; a broken stream", "setup_monocle_telemetry(workflow_name=\"app\")"),
    row("traceai", "traceAI (Future AGI)", Captures, "tokens, model", "failures' model, but in the request; the model asked for", "pip install traceAI-openai"),
    row("mirascope", "Mirascope", Documentation, "model and API, usage as JSON", "its own cost is in hundredths of a cent and not read", "ops.configure()"),
    row("litellm", "LiteLLM, library and proxy", Captures,
        "tokens, cost, limits (v1), the true model behind an alias", "retries inside; cached tokens as attributes in v1; limits in v2", "litellm.callbacks = [\"otel\"]"),
    row("vercel_ai", "Vercel AI SDK 3 to 7", Captures,
        "tokens, cached ones with 5 (streams) and 6, time to first chunk", "a stream's failure; tokens of streams in 4; cached tokens of 4", "experimental_telemetry: { isEnabled: true }"),
    row("mastra", "Mastra", Captures, "tokens, model, response headers", "why a call failed: only that it did", "observability: { default: { enabled: true } }"),
    row("genkit", "Firebase Genkit (JavaScript, Go)", Captures, "tokens in the action's output, model, provider", "the provider's code: every 429 is RESOURCE_EXHAUSTED, the text tells", "enableFirebaseTelemetry()   # or an OpenTelemetry SDK of your own"),
    row("voltagent", "VoltAgent", Documentation, "tokens of all steps on the agent, of the last on its call", "steps one by one", "observability: new VoltAgentObservability()"),
    row("spring_ai", "Spring AI 1 and 2, Micrometer's HTTP client", Captures,
        "tokens, model, finish reason; 1 states sums of tool loops, of which the differences count", "limits; streams in 1 without `stream-usage`; Boot keeps 10 % of traces", "management.tracing.sampling.probability=1.0"),
    row("semantic_kernel", "Semantic Kernel (Python, Java; .NET by its documentation)", Captures,
        "tokens, model asked for", "cached tokens; the answering model; an answer id in Java", "SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS=true"),
    row("microsoft_extensions_ai", "Microsoft.Extensions.AI (.NET)", Documentation, "tokens, model, error type", "limits", "chatClient.AsBuilder().UseOpenTelemetry().Build()"),
    row("langchain4j", "LangChain4j, Quarkus", Documentation, "tokens, model", "cached tokens", "quarkus.langchain4j.tracing.include-prompt=false   # quarkus-opentelemetry beside it"),
    row("koog", "Koog (Kotlin)", Documentation, "tokens, model", "limits", "install(OpenTelemetry)"),
    row("agent_framework", "Microsoft Agent Framework (Python)", Captures, "tokens, model, conversation", "why a call failed: one exception for every cause", "configure_otel_providers()"),
    row("strands", "Strands Agents", Captures, "tokens under both names, time to first token, retries as siblings", "the provider; cached tokens of some models", "StrandsTelemetry().setup_otlp_exporter()"),
    row("autogen", "AutoGen's own spans", Captures, "agents", "tokens: add the instrumentation of the model's SDK", "on by itself beside an OpenTelemetry provider"),
    row("ag2", "AG2", Captures, "tokens; a span of no length repeats each call", "an answer id", "instrument_agent(agent, tracer_provider=provider)"),
    row("agno", "Agno's own spans", Documentation, "agents", "tokens of teams", "pip install openinference-instrumentation-agno"),
    row("smolagents", "smolagents", Captures, "tokens on calls and again on agents", "a failure's status", "pip install openinference-instrumentation-smolagents"),
    row("haystack", "Haystack's own spans", Captures, "components; tokens in their output", "usage of streams without `include_usage`", "HAYSTACK_AUTO_TRACE_ENABLED=true"),
    row("llamaindex", "LlamaIndex's own package", Documentation, "model and tokens in events", "limits", "pip install llama-index-observability-otel"),
    row("agentscope", "AgentScope", Documentation, "tokens with cached ones", "limits", "agentscope.init(tracing_url=…)"),
    row("any_agent", "any-agent", Documentation, "tokens, cost", "limits", "on by itself beside an OpenTelemetry provider"),
    row("livekit", "LiveKit Agents", Documentation, "speech and model calls, tokens", "seconds of audio", "set_tracer_provider(provider)"),
    row("pipecat", "Pipecat", Documentation, "speech and model calls, tokens, time to first byte", "seconds of audio", "PipelineTask(…, enable_tracing=True)"),
    row("claude_code", "Claude Code", Captures, "tokens with cached ones, tries, status", "latency of the last try alone", "CLAUDE_CODE_ENABLE_TELEMETRY=1 CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1"),
    row("gemini_cli", "Gemini CLI", Captures, "tokens with thoughts and cached ones", "tries of one prompt as one", "\"telemetry\": { \"enabled\": true, \"target\": \"local\" }"),
    row("codex_cli", "Codex CLI", Documentation, "tokens with reasoning; the model stands two spans above", "the last batch of failed runs, unless OTEL_BSP_SCHEDULE_DELAY is short", "[otel] exporter = { otlp-grpc = { endpoint = \"…\" } }"),
    row("copilot_cli", "GitHub Copilot CLI", Documentation, "tokens; the cause of a failure on the agent", "dollars: its cost counts premium requests", "COPILOT_OTEL_ENABLED=true"),
    row("rig", "Rig (Rust)", Captures, "tokens, model", "any mark of a failure: HTTP spans must tell", "tracing_opentelemetry::layer()"),
    row("adk_rust", "adk-rust", Documentation, "tokens with cached and thinking ones", "any mark of a failure: HTTP spans must tell", "tracing_opentelemetry::layer()"),
    row("kong", "Kong AI Gateway", Documentation, "tokens, model, on the gateway's side", "failures before the provider", "the plugin opentelemetry"),
    row("envoy_ai_gateway", "Envoy AI Gateway", Documentation, "tokens, model, on the gateway's side", "limits", "OTEL_EXPORTER_OTLP_ENDPOINT of the external processor"),
    row("agentgateway", "agentgateway", Documentation, "tokens, model, on the gateway's side", "limits", "config.tracing.otlpEndpoint"),
    row("cloudflare_ai_gateway", "Cloudflare AI Gateway", Documentation, "tokens, cost, model", "limits", "OpenTelemetry in the gateway's settings"),
    row("vllm", "vLLM", Documentation, "tokens, time to first token, on the server's side", "who called", "vllm serve --otlp-traces-endpoint …"),
    row("http", "HTTP clients of any language", Captures, "limits by response headers, status, host", "tokens, model, dollars", "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE=\".*ratelimit.*,retry-after.*\""),
];

/// The document.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(HEAD);
    for guide in GUIDES {
        let Guide { dialect, library, tells, cannot, on, basis } = guide;
        let scopes: Vec<String> = scopes(dialect).map(|scope| format!("`{scope}`")).collect();
        let scopes = if scopes.is_empty() { "any".to_owned() } else { scopes.join(", ") };
        let basis = match basis {
            Captures => "captures",
            Documentation => "documentation",
        };
        // A `String` takes whatever is written.
        let _ = writeln!(
            out,
            "## {library}\n\nDialect `{dialect}`, by {basis}; scopes {scopes}.\n\n* tells: {tells}\n* cannot tell: {cannot}\n* on by: `{on}`\n"
        );
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

const HEAD: &str = "\
<!-- Generated from src/dialect/guide.rs: UPDATE_DOCS=1 cargo test --test documentation -->
# What each library tells

A library is known by its scope; what is behind it is a file of keys in `src/dialect`. *By captures*: spans as they left the
library were held against the provider's bill, in `tests/captures` or before. *By documentation*: written after its
documentation, its source or reports; nothing of it ran here, as for all of .NET. What no row names is read by its signs
all the same, and counted in `tollgate_unread_spans_total` where it looks like a call and is not read; `vocabulary`
teaches the rest ([vocabulary.md](vocabulary.md)). `tollgate doctor` says what *your* spans lack.

";

/// The scopes of a dialect, each once.
fn scopes(dialect: &str) -> impl Iterator<Item = &'static str> {
    let mut seen = std::collections::BTreeSet::new();
    let rows = PROFILES.iter().flat_map(|table| table.iter()).filter(move |row| row.dialect == dialect);
    let names = rows.map(|row| if row.scope.is_empty() { "none" } else { row.scope });
    names.filter(move |scope| seen.insert(*scope)).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_row_and_every_row_a_dialect() {
        let named = |dialect: &str| GUIDES.iter().filter(|guide| guide.dialect == dialect).count();
        for profile in PROFILES.iter().flat_map(|table| table.iter()) {
            assert_eq!(named(profile.dialect), 1, "{}", profile.dialect);
        }
        for guide in GUIDES {
            // Datadog's spans have no scope of their own.
            let scoped = scopes(guide.dialect).next().is_some() || guide.dialect == "datadog";
            assert!(scoped, "{}", guide.dialect);
            let Guide { library, tells, cannot, on, .. } = guide;
            assert!(![library, tells, cannot, on].contains(&&""), "{}", guide.dialect);
        }
    }
}
