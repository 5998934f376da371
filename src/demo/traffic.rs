//! The made-up company: its services, the models they call, and how those calls look. Data, no code.
//!
//! In: nothing. Out: [`SERVICES`]. Speeds and sizes are believable, not measured.

/// A service that calls models.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) environment: &'static str,
    pub(super) team: &'static str,
    pub(super) dialect: Dialect,
    /// Calls a second at speed 1.
    pub(super) calls_per_second: f64,
    /// Users whose id is on the span; none: the service does not tell.
    pub(super) users: &'static [&'static str],
    pub(super) uses: &'static [Use],
}

/// How a service's instrumentation writes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenTelemetry GenAI conventions, with an HTTP client span below that carries the response headers.
    GenAi,
    /// The same, and the Anthropic SDK's own span of the same call below.
    GenAiOverSdk,
    /// The same calls below an `invoke_agent` span that repeats their sum.
    GenAiAgent,
    /// OpenInference.
    OpenInference,
    /// Vercel AI SDK: a wrapper span repeats the usage of the call.
    VercelAi,
}

/// One purpose for which a service calls one model.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) model: &'static Model,
    pub(super) weight: f64,
    pub(super) operation: &'static str,
    /// Median prompt, cached or not.
    pub(super) input_tokens: f64,
    /// Median answer; 0 for embeddings.
    pub(super) output_tokens: f64,
    /// Share of the prompt that is usually read from the cache.
    pub(super) cached: f64,
    /// Share of the output that is reasoning.
    pub(super) reasoning: f64,
    pub(super) streaming: bool,
}

/// A model as its provider serves it.
#[derive(Debug)]
pub(super) struct Model {
    /// The convention's provider name.
    pub(super) provider: &'static str,
    pub(super) host: &'static str,
    pub(super) request: &'static str,
    pub(super) response: &'static str,
    pub(super) seconds_to_first_token: f64,
    pub(super) seconds_per_output_token: f64,
    pub(super) limits: Limits,
}

/// A provider's rate limits, a minute unless its headers say otherwise.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) headers: HeaderStyle,
    pub(super) requests: u64,
    pub(super) tokens: u64,
    /// The part that is usually used, from the calmest to the busiest moment of a ten minute wave.
    pub(super) fill: (f64, f64),
}

/// How a provider writes its rate-limit headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderStyle {
    /// `x-ratelimit-*`, resets as durations.
    OpenAi,
    /// `x-ratelimit-*`, resets as whole seconds.
    Azure,
    /// `anthropic-ratelimit-*`, resets as RFC 3339.
    Anthropic,
    /// OpenAI's names; requests a day, tokens a minute.
    Groq,
    /// `x-ratelimit-*-minute`, no resets.
    Mistral,
    /// None sent.
    Silent,
}

macro_rules! model {
    ($name:ident, $provider:literal, $host:literal, $request:literal => $response:literal, $first:literal s, $each:literal s,
     $style:ident $requests:literal $tokens:literal $calm:literal..$busy:literal) => {
        static $name: Model = Model {
            provider: $provider,
            host: $host,
            request: $request,
            response: $response,
            seconds_to_first_token: $first,
            seconds_per_output_token: $each,
            limits: Limits {
                headers: HeaderStyle::$style,
                requests: $requests,
                tokens: $tokens,
                fill: ($calm, $busy),
            },
        };
    };
}

model!(GPT_MINI, "openai", "api.openai.com", "gpt-5-mini" => "gpt-5-mini-2025-08-07", 0.45 s, 0.008 s, OpenAi 10_000 4_000_000 0.10..0.35);
model!(GPT, "openai", "api.openai.com", "gpt-5" => "gpt-5-2025-08-07", 0.9 s, 0.014 s, OpenAi 10_000 800_000 0.35..0.72);
model!(GPT_4O_MINI, "openai", "api.openai.com", "gpt-4o-mini" => "gpt-4o-mini-2024-07-18", 0.35 s, 0.009 s, OpenAi 10_000 2_000_000 0.05..0.30);
model!(EMBEDDING, "openai", "api.openai.com", "text-embedding-3-small" => "text-embedding-3-small", 0.08 s, 0.0 s, OpenAi 5_000 5_000_000 0.10..0.40);
model!(AZURE_4O, "azure.ai.openai", "contoso-eastus.openai.azure.com", "gpt-4o" => "gpt-4o-2024-11-20", 0.5 s, 0.011 s, Azure 900 150_000 0.20..0.60);
model!(SONNET, "anthropic", "api.anthropic.com", "claude-sonnet-4-5" => "claude-sonnet-4-5-20250929", 0.8 s, 0.013 s, Anthropic 4_000 2_000_000 0.30..0.70);
model!(HAIKU, "anthropic", "api.anthropic.com", "claude-haiku-4-5" => "claude-haiku-4-5-20251001", 0.4 s, 0.006 s, Anthropic 4_000 4_000_000 0.10..0.40);
model!(NOVA, "aws.bedrock", "bedrock-runtime.us-east-1.amazonaws.com", "us.amazon.nova-lite-v1:0" => "us.amazon.nova-lite-v1:0", 0.4 s, 0.007 s, Silent 0 0 0.0..0.0);
model!(FLASH, "gcp.gemini", "generativelanguage.googleapis.com", "gemini-2.5-flash" => "gemini-2.5-flash", 0.35 s, 0.005 s, Silent 0 0 0.0..0.0);
model!(MISTRAL, "mistral_ai", "api.mistral.ai", "mistral-small-latest" => "mistral-small-latest", 0.3 s, 0.007 s, Mistral 360 500_000 0.15..0.45);
model!(LLAMA, "groq", "api.groq.com", "llama-3.3-70b-versatile" => "llama-3.3-70b-versatile", 0.15 s, 0.003 s, Groq 14_400 300_000 0.20..0.65);
model!(OWN, "openai", "llm.internal.example", "acme-support-7b" => "acme-support-7b", 0.2 s, 0.006 s, Silent 0 0 0.0..0.0);
model!(GPT_PRO, "openai", "api.openai.com", "gpt-5-pro" => "gpt-5-pro-2025-10-06", 40.0 s, 0.004 s, OpenAi 500 400_000 0.05..0.30);

/// What nobody has a price for.
pub(super) static UNPRICED: &Model = &OWN;
/// The model of the cost spike: 12 dollars for one call of 250,000 tokens in and 70,000 out.
pub(super) static DEAREST: &Model = &GPT_PRO;

const fn chat(
    model: &'static Model,
    weight: f64,
    input_tokens: f64,
    output_tokens: f64,
    cached: f64,
    reasoning: f64,
    streaming: bool,
) -> Use {
    Use { model, weight, operation: "chat", input_tokens, output_tokens, cached, reasoning, streaming }
}

/// The company, about six calls a second and sixteen dollars an hour.
#[rustfmt::skip]
pub(super) static SERVICES: &[Service] = &[
    Service {
        name: "support-bot", environment: "production", team: "support", dialect: Dialect::GenAi,
        calls_per_second: 1.2, users: &["u-1041", "u-1042", "u-1043", "u-1044", "u-1045", "u-1046"],
        uses: &[chat(&GPT_MINI, 6.0, 1400.0, 180.0, 0.5, 0.2, true), chat(&OWN, 0.3, 900.0, 150.0, 0.0, 0.0, true)],
    },
    Service {
        name: "support-bot", environment: "staging", team: "support", dialect: Dialect::GenAi,
        calls_per_second: 0.2, users: &[],
        uses: &[chat(&GPT_4O_MINI, 1.0, 900.0, 150.0, 0.2, 0.0, true)],
    },
    Service {
        name: "storefront-assistant", environment: "production", team: "storefront", dialect: Dialect::VercelAi,
        calls_per_second: 1.0, users: &[],
        uses: &[chat(&GPT_4O_MINI, 3.0, 700.0, 120.0, 0.3, 0.0, true), chat(&GPT, 0.15, 1800.0, 350.0, 0.4, 0.5, true)],
    },
    Service {
        name: "code-reviewer", environment: "production", team: "platform", dialect: Dialect::GenAiOverSdk,
        calls_per_second: 0.12, users: &[],
        uses: &[chat(&SONNET, 1.0, 9000.0, 500.0, 0.85, 0.0, true), chat(&HAIKU, 3.0, 4000.0, 250.0, 0.8, 0.0, true)],
    },
    Service {
        name: "research-agent", environment: "production", team: "platform", dialect: Dialect::GenAiAgent,
        calls_per_second: 0.15, users: &[],
        uses: &[chat(&GPT_MINI, 3.0, 5000.0, 400.0, 0.6, 0.4, false), chat(&GPT, 0.3, 6000.0, 600.0, 0.6, 0.5, false)],
    },
    Service {
        name: "search-indexer", environment: "production", team: "search", dialect: Dialect::GenAi,
        calls_per_second: 2.0, users: &[],
        uses: &[Use { model: &EMBEDDING, weight: 1.0, operation: "embeddings", input_tokens: 800.0, output_tokens: 0.0,
                      cached: 0.0, reasoning: 0.0, streaming: false }],
    },
    Service {
        name: "document-extractor", environment: "production", team: "backoffice", dialect: Dialect::OpenInference,
        calls_per_second: 0.6, users: &[],
        uses: &[chat(&FLASH, 3.0, 3500.0, 220.0, 0.1, 0.15, false), chat(&NOVA, 1.0, 2500.0, 180.0, 0.0, 0.0, false)],
    },
    Service {
        name: "translation", environment: "production", team: "backoffice", dialect: Dialect::GenAi,
        calls_per_second: 0.7, users: &[],
        uses: &[chat(&AZURE_4O, 0.3, 600.0, 300.0, 0.0, 0.0, false), chat(&MISTRAL, 2.0, 600.0, 300.0, 0.0, 0.0, false),
                chat(&LLAMA, 1.0, 500.0, 250.0, 0.0, 0.0, true)],
    },
];
