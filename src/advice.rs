//! What calls could say and do not, what that costs, and the line that would change it: one table.
//!
//! In: a judged call. Out: a set of [`Advice`]. It knows no numbers and remembers nothing; `engine` counts,
//! `telemetry` exposes, the status page and `tollgate doctor` print the rows.

use crate::call::PriceSource;
use crate::dialect::{Profile, Trait};
use crate::judge::Verdict;
use crate::record::{Flags, Name};
use crate::settle::LlmCall;

/// Something that calls lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the rows say it")]
pub enum Advice {
    HttpOnly,
    StreamWithoutUsage,
    NoUsage,
    NoPrice,
    NoServiceName,
    NoLimitHeaders,
    EstimatedUsage,
    MaybeSampled,
    Sampled,
    AccumulatedUsage,
    TruncatedValues,
    WrongVersion,
    HiddenHost,
}

/// What is said about it.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub advice: Advice,
    /// The value of the `advice` label.
    pub code: &'static str,
    /// What it costs whoever looks at the numbers.
    pub costs: &'static str,
    /// Numbers are missing, not only poorer.
    pub blind: bool,
    /// The line to set, by the beginning of the scope; the first that fits. The last one fits all.
    lines: &'static [(&'static str, &'static str)],
}

const PYTHON: &str =
    "pip install opentelemetry-instrumentation-openai-v2   # or openllmetry, openinference: one for your SDK";
const NODE: &str = "npm install @opentelemetry/instrumentation-openai   # or @traceloop/node-server-sdk";
const JAVA: &str = "-javaagent:opentelemetry-javaagent.jar of 2.10 or later, with Chat Completions; or the tracer of your LLM library";
const HEADERS: &str = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE=\".*ratelimit.*,retry-after.*\"   # Python; in Node headersToSpanAttributes of @opentelemetry/instrumentation-undici";
const HEADERS_PYTHON: &str =
    "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE=\".*ratelimit.*,retry-after.*\"";

/// The table, in the order of [`Advice`].
pub const ROWS: &[Row] = &[
    Row {
        advice: Advice::HttpOnly,
        code: "http_only",
        costs: "only the HTTP request is seen: no model, no tokens, no dollars",
        blind: true,
        lines: &[
            ("opentelemetry.instrumentation.", PYTHON),
            ("@opentelemetry/", NODE),
            ("@vercel/otel", "experimental_telemetry: { isEnabled: true }   // in each call of the AI SDK"),
            ("io.opentelemetry.", JAVA),
            (
                "go.opentelemetry.io/",
                "wrap the SDK's client with an OpenTelemetry GenAI tracer, beside otelhttp",
            ),
            (
                "System.Net.Http",
                "chatClient.AsBuilder().UseOpenTelemetry().Build()   // Microsoft.Extensions.AI",
            ),
            ("", "add the OpenTelemetry instrumentation of your LLM library beside that of HTTP"),
        ],
    },
    Row {
        advice: Advice::StreamWithoutUsage,
        code: "stream_without_usage",
        costs: "streams whose tokens and dollars are counted nowhere",
        blind: true,
        lines: &[
            ("org.springframework.ai", "spring.ai.openai.chat.options.stream-usage=true"),
            (
                "",
                "stream_options={\"include_usage\": true}   # in each streaming request (OpenAI and compatible)",
            ),
        ],
    },
    Row {
        advice: Advice::NoUsage,
        code: "no_usage",
        costs: "calls whose tokens and dollars are counted nowhere",
        blind: true,
        lines: &[("", "update the instrumentation: this version writes no gen_ai.usage.* on its spans")],
    },
    Row {
        advice: Advice::NoPrice,
        code: "no_price",
        costs: "tokens are counted, their dollars are not",
        blind: true,
        lines: &[(
            "",
            "prices.models or prices.aliases in the configuration; `tollgate price MODEL` shows what is known",
        )],
    },
    Row {
        advice: Advice::NoServiceName,
        code: "no_service_name",
        costs: "nobody can tell which application spends",
        blind: false,
        lines: &[("", "OTEL_SERVICE_NAME=<name of the application>")],
    },
    Row {
        advice: Advice::NoLimitHeaders,
        code: "no_limit_headers",
        costs: "rate limits are seen only once they are hit",
        blind: false,
        lines: &[
            (
                "@opentelemetry/",
                "headersToSpanAttributes of @opentelemetry/instrumentation-undici: the x-ratelimit-* headers",
            ),
            (
                "io.opentelemetry.",
                "OTEL_INSTRUMENTATION_HTTP_CLIENT_CAPTURE_RESPONSE_HEADERS=x-ratelimit-limit-requests,x-ratelimit-remaining-requests,x-ratelimit-limit-tokens,x-ratelimit-remaining-tokens,retry-after",
            ),
            ("opentelemetry.instrumentation.", HEADERS_PYTHON),
            ("", HEADERS),
        ],
    },
    Row {
        advice: Advice::EstimatedUsage,
        code: "estimated_usage",
        costs: "the library counts a stream's tokens itself when the provider sends none: near the bill, not on it",
        blind: false,
        lines: &[("", "stream_options={\"include_usage\": true}   # in each streaming request")],
    },
    Row {
        advice: Advice::MaybeSampled,
        code: "maybe_sampled",
        costs: "this framework samples 10 % of traces unless told otherwise: numbers may be a tenth",
        blind: false,
        lines: &[("", "management.tracing.sampling.probability=1.0")],
    },
    Row {
        advice: Advice::Sampled,
        code: "sampled",
        costs: "only a part of the traces is kept: tokens, dollars and calls of the others are counted nowhere",
        blind: true,
        lines: &[(
            "",
            "OTEL_TRACES_SAMPLER=parentbased_always_on   # or send to Tollgate before the sampling step",
        )],
    },
    Row {
        advice: Advice::AccumulatedUsage,
        code: "accumulated_usage",
        costs: "each call of a tool loop states the sum so far: differences are counted, late calls may be off",
        blind: false,
        lines: &[
            ("org.springframework", "org.springframework.ai:spring-ai-bom:2.0.0 or later"),
            ("", "update the library"),
        ],
    },
    Row {
        advice: Advice::TruncatedValues,
        code: "truncated_values",
        costs: "objects on spans are cut: cached and reasoning tokens in them are lost, a usage object is not counted",
        blind: false,
        lines: &[(
            "",
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=65536   # and OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        )],
    },
    Row {
        advice: Advice::WrongVersion,
        code: "wrong_version",
        costs: "this version states other numbers than the provider bills",
        blind: false,
        lines: &[
            ("gcp.vertex.agent", "pip install -U 'google-adk>=1.20'"),
            (
                "openinference.instrumentation.anthropic",
                "pip install -U 'openinference-instrumentation-anthropic>=1.1.1'",
            ),
            ("", "update the instrumentation"),
        ],
    },
    Row {
        advice: Advice::HiddenHost,
        code: "hidden_host",
        costs: "hosts are hashed or masked on the way: who answered is guessed by the model's name, compatible servers and regional prices are not told apart",
        blind: false,
        lines: &[(
            "",
            "vocabulary: {hosts: {<the hash or mask>: <provider>}}   # or take the hashing out of the branch to Tollgate",
        )],
    },
];

/// Providers that answer with headers of their rate limits. Source: their API references.
const TELL_LIMITS: &[&str] = &[
    "openai",
    "anthropic",
    "azure.ai.openai",
    "groq",
    "mistral_ai",
    "together_ai",
    "fireworks",
    "cerebras",
    "sambanova",
];
/// Operations that are billed by tokens everywhere.
const BY_TOKENS: &[&str] = &["chat", "text_completion", "generate_content", "embeddings"];
/// Scopes whose framework samples by default. Source: Spring Boot's reference, `management.tracing.sampling`.
const SAMPLED: &[&str] = &["org.springframework.boot", "org.springframework.ai"];

/// A set of advice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdviceSet(u16);

// === impl Advice ===

impl Advice {
    /// How many there are.
    pub const COUNT: usize = Self::HiddenHost as usize + 1;

    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The value of the `advice` label.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }
}

impl Row {
    /// The row with this code.
    #[must_use]
    pub fn named(code: &str) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.code == code)
    }

    /// The line to set for spans of this scope.
    #[must_use]
    pub fn line(&self, scope: &str) -> &'static str {
        self.lines.iter().find(|(beginning, _)| scope.starts_with(beginning)).map_or("", |(_, line)| line)
    }
}

// === impl AdviceSet ===

impl AdviceSet {
    /// True when there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of it.
    pub fn iter(self) -> impl Iterator<Item = Advice> {
        ROWS.iter().map(|row| row.advice).filter(move |&advice| self.0 >> advice as u16 & 1 == 1)
    }
}

/// What a call lacks. A failed call owes no tokens, and a call of which only HTTP is seen owes nothing else.
#[must_use]
pub fn of(call: &LlmCall<'_>, verdict: &Verdict<'_>) -> AdviceSet {
    let http = call.dialect == "http";
    let scope = scope(call);
    let streamed = call.streaming == Some(true);
    let spoke =
        !http && !call.failed && !call.has(Flags::ABSURD_TOKENS) && BY_TOKENS.contains(&call.operation);
    let silent = spoke && call.tokens.is_none();
    let told = call.has(Flags::HEADERS) || !verdict.limits.is_empty();
    let profile = call.profile();
    let (invents, sampled) = (profile.has(Trait::InventsStreamUsage), call.has(Flags::SAMPLED));
    [
        (http, Advice::HttpOnly),
        (silent && streamed, Advice::StreamWithoutUsage),
        (silent && !streamed, Advice::NoUsage),
        (verdict.price_source() == PriceSource::Unpriced, Advice::NoPrice),
        (
            call.service_name.is_empty() || call.service_name.starts_with("unknown_service"),
            Advice::NoServiceName,
        ),
        (!http && !call.failed && !told && TELL_LIMITS.contains(&call.provider), Advice::NoLimitHeaders),
        (spoke && streamed && call.tokens.is_some() && invents, Advice::EstimatedUsage),
        (!sampled && SAMPLED.iter().any(|beginning| scope.starts_with(beginning)), Advice::MaybeSampled),
        (sampled, Advice::Sampled),
        (profile.has(Trait::Accumulates) && call.ended_with_tool(), Advice::AccumulatedUsage),
        (call.has(Flags::CUT), Advice::TruncatedValues),
        (spoke && is_wrong(profile, streamed), Advice::WrongVersion),
        (!host_is_known(call) && hides(call.server_address), Advice::HiddenHost),
    ]
    .into_iter()
    .filter(|(lacks, _)| *lacks)
    .fold(AdviceSet::default(), |set, (_, advice)| AdviceSet(set.0 | 1 << advice as u16))
}

/// Versions that state other numbers than the provider bills; the rows of `dialect` say from which version on it is right.
const WRONG: &[(Trait, Paths)] = &[
    // google/adk-python 1.20: thoughts are a part of the output.
    (Trait::OutputWithoutThoughts, Paths::All),
    // openinference#3488.
    (Trait::StreamsWithoutCached, Paths::Streams),
];

/// Which of a library's paths are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paths {
    All,
    Streams,
}

fn is_wrong(profile: &Profile, streamed: bool) -> bool {
    WRONG.iter().any(|(wrong, paths)| profile.has(*wrong) && (*paths == Paths::All || streamed))
}

/// True where a table or the user's vocabulary says who answers at the host.
fn host_is_known(call: &LlmCall<'_>) -> bool {
    call.members.iter().any(|held| held.shape.host_known)
}

/// True for what is no host any more: a hash or a mask, as the Collector's redaction and transform processors write them.
fn hides(host: &str) -> bool {
    const MASKS: [&str; 6] = ["*", "redacted", "masked", "filtered", "scrubbed", "hidden"];
    let is_hash = host.len() >= 16 && host.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash || (!host.contains('.') && MASKS.iter().any(|mask| host.to_ascii_lowercase().contains(mask)))
}

/// Who wrote the span that stands for the call.
#[must_use]
pub fn scope<'a>(call: &LlmCall<'a>) -> &'a str {
    call.members.first().map_or("", |held| held.text(Name::Scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_place_and_has_a_line_for_every_scope() {
        assert_eq!(ROWS.len(), Advice::COUNT);
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.advice as usize, at);
            assert_eq!(Row::named(row.code).unwrap().advice, row.advice);
            assert!(!row.line("a scope of nobody").is_empty(), "{}", row.code);
            assert_eq!(row.lines.last().unwrap().0, "", "{}: the last line fits all", row.code);
        }
    }

    #[test]
    fn a_hash_or_a_mask_is_no_host() {
        for host in ["9f86d081884c7d659a2feaa0c55ad015", "****", "[REDACTED]", "<masked>"] {
            assert!(hides(host), "{host}");
        }
        for host in ["", "api.openai.com", "llm", "vllm-0", "10.0.0.7", "hidden.example.org", "deadbeef"] {
            assert!(!hides(host), "{host}");
        }
    }

    #[test]
    fn the_catalogue_of_metrics_lists_every_code() {
        let family = crate::metric::Family::named("tollgate_advice_calls_total").unwrap();
        let codes: Vec<&str> = ROWS.iter().map(|row| row.code).collect();
        assert_eq!(family.further_labels.last().unwrap().1, codes.join(", "));
    }
}
