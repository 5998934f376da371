//! Which headers each provider sends, and what they count.
//!
//! A pattern has one `*` for `limit`, `remaining`, `reset` (and `utilization`). Names are compared
//! in lower case, with dashes for underscores, without the prefixes that carriers add.

use crate::call::{Resource, Window};
use Resource::{InputTokens, OutputTokens, Requests, Tokens, Usage};
use Window::{Day, FiveHours, Hour, Minute, Month, Second, SevenDays, Unknown};

/// The limits that one provider tells of in headers.
#[derive(Clone, Copy, Debug)]
pub struct ProviderLimits {
    /// The convention's name; empty for providers without a table of their own.
    pub provider: &'static str,
    /// Its headers.
    pub sets: &'static [HeaderSet],
}

/// The headers of one limit.
#[derive(Clone, Copy, Debug)]
pub struct HeaderSet {
    /// Name with `*` for `limit`, `remaining`, `reset`, `utilization`.
    pub pattern: &'static str,
    /// Name of the reset header, where it breaks the pattern; else empty.
    pub reset: &'static str,
    /// What is counted.
    pub resource: Resource,
    /// Over which time.
    pub window: Window,
    /// Requests are per minute or per day under the same name; only the arithmetic of the reset
    /// tells.
    pub minute_or_day: bool,
    /// Which limit of several over the same time.
    pub scope: &'static str,
    /// Where this is known from.
    pub source: &'static str,
}

const OPENAI_DOCS: &str = "platform.openai.com/docs/guides/rate-limits; community.openai.com/t/1268905";
const ANTHROPIC_DOCS: &str = "docs.claude.com/en/api/rate-limits; tidyllm's recorded response";
const UNIFIED: &str = "third-party code for subscriptions (ccLoad); anthropics/claude-code#71670";
const GROQ_DOCS: &str = "console.groq.com/docs/rate-limits";
const MISTRAL_OLD: &str = "tidyllm api_mistral.R";
const MISTRAL_NEW: &str = "mistralai/client-ts#169 (dump of 2026-02)";
const FIREWORKS_DOCS: &str = "docs.fireworks.ai/serverless/rate-limits";
const XAI_CODE: &str = "third-party code";
const CEREBRAS_DOCS: &str = "inference-docs.cerebras.ai/support/rate-limits";
const TOGETHER_DOCS: &str = "docs.together.ai/docs/rate-limits#rate-limits-in-headers";
const OPENROUTER_DOCS: &str = "OpenRouterTeam/docs api_reference/limits.mdx";
const AZURE_DOCS: &str = "learn.microsoft.com/answers/5625878; openai/openai-dotnet#838";
const GENERIC: &str = "the common names, as OpenAI-compatible servers copy them";

/// Every provider's headers; the last one is for providers without a table.
pub const TABLES: &[ProviderLimits] = &[
    ProviderLimits {
        provider: "openai",
        sets: &[
            set("x-ratelimit-*-requests", Requests, Minute, OPENAI_DOCS).minute_or_day(),
            set("x-ratelimit-*-tokens", Tokens, Minute, OPENAI_DOCS),
            set("x-ratelimit-*-project-tokens", Tokens, Minute, OPENAI_DOCS).scope("project"),
            set("x-ratelimit-*-tokens-usage-based", Tokens, Minute, OPENAI_DOCS).scope("usage_based"),
            set("x-ratelimit-*-input-tokens", InputTokens, Minute, OPENAI_DOCS),
            set("x-ratelimit-*-output-tokens", OutputTokens, Minute, OPENAI_DOCS),
        ],
    },
    ProviderLimits {
        provider: "azure.ai.openai",
        sets: &[
            set("x-ratelimit-*-requests", Requests, Minute, AZURE_DOCS),
            set("x-ratelimit-*-tokens", Tokens, Minute, AZURE_DOCS),
        ],
    },
    ProviderLimits {
        provider: "anthropic",
        sets: &[
            set("anthropic-ratelimit-requests-*", Requests, Minute, ANTHROPIC_DOCS),
            set("anthropic-ratelimit-input-tokens-*", InputTokens, Minute, ANTHROPIC_DOCS),
            set("anthropic-ratelimit-output-tokens-*", OutputTokens, Minute, ANTHROPIC_DOCS),
            set("anthropic-ratelimit-tokens-*", Tokens, Minute, ANTHROPIC_DOCS),
            set("anthropic-priority-input-tokens-*", InputTokens, Minute, ANTHROPIC_DOCS).scope("priority"),
            set("anthropic-priority-output-tokens-*", OutputTokens, Minute, ANTHROPIC_DOCS).scope("priority"),
            set("anthropic-ratelimit-unified-5h-*", Usage, FiveHours, UNIFIED),
            set("anthropic-ratelimit-unified-7d-*", Usage, SevenDays, UNIFIED),
            set("anthropic-ratelimit-unified-7d-oi-*", Usage, SevenDays, UNIFIED).scope("oi"),
            set("anthropic-ratelimit-unified-7d-opus-*", Usage, SevenDays, UNIFIED).scope("opus"),
            set("anthropic-ratelimit-unified-7d-sonnet-*", Usage, SevenDays, UNIFIED).scope("sonnet"),
        ],
    },
    ProviderLimits {
        provider: "groq",
        sets: &[
            set("x-ratelimit-*-requests", Requests, Day, GROQ_DOCS),
            set("x-ratelimit-*-tokens", Tokens, Minute, GROQ_DOCS),
        ],
    },
    ProviderLimits {
        provider: "mistral_ai",
        sets: &[
            set("x-ratelimitbysize-*-minute", Tokens, Minute, MISTRAL_OLD).reset("ratelimitbysize-reset"),
            set("x-ratelimitbysize-*-month", Tokens, Month, MISTRAL_OLD),
            set("ratelimitbysize-*", Tokens, Minute, MISTRAL_OLD),
            set("x-ratelimit-*-tokens-minute", Tokens, Minute, MISTRAL_NEW),
            set("x-ratelimit-*-tokens-month", Tokens, Month, MISTRAL_NEW),
            set("x-ratelimit-*-req-minute", Requests, Minute, MISTRAL_NEW),
            set("x-ratelimit-*-req-second", Requests, Second, MISTRAL_NEW),
            set("x-ratelimit-*-req-10-second", Requests, Unknown, MISTRAL_NEW),
        ],
    },
    ProviderLimits {
        provider: "x_ai",
        sets: &[
            set("x-ratelimit-*-requests", Requests, Minute, XAI_CODE),
            set("x-ratelimit-*-tokens", Tokens, Minute, XAI_CODE),
        ],
    },
    ProviderLimits {
        provider: "cerebras",
        sets: &[
            set("x-ratelimit-*-requests-day", Requests, Day, CEREBRAS_DOCS),
            set("x-ratelimit-*-tokens-minute", Tokens, Minute, CEREBRAS_DOCS),
            set("x-ratelimit-*-requests-minute", Requests, Minute, CEREBRAS_DOCS),
            set("x-ratelimit-*-requests-hour", Requests, Hour, CEREBRAS_DOCS),
            set("x-ratelimit-*-tokens-hour", Tokens, Hour, CEREBRAS_DOCS),
            set("x-ratelimit-*-tokens-day", Tokens, Day, CEREBRAS_DOCS),
        ],
    },
    ProviderLimits {
        provider: "together_ai",
        sets: &[
            set("x-ratelimit-*", Requests, Second, TOGETHER_DOCS),
            set("x-tokenlimit-*", Tokens, Second, TOGETHER_DOCS),
        ],
    },
    ProviderLimits {
        provider: "fireworks",
        sets: &[
            set("x-ratelimit-*-requests", Requests, Minute, FIREWORKS_DOCS),
            set("x-ratelimit-*-tokens-prompt", InputTokens, Minute, FIREWORKS_DOCS),
            set("x-ratelimit-*-tokens-cache-adjusted-prompt", InputTokens, Minute, FIREWORKS_DOCS)
                .scope("cache_adjusted"),
            set("x-ratelimit-*-tokens-generated", OutputTokens, Minute, FIREWORKS_DOCS),
        ],
    },
    ProviderLimits {
        provider: "openrouter",
        sets: &[set("x-ratelimit-*", Requests, Minute, OPENROUTER_DOCS).minute_or_day()],
    },
    ProviderLimits {
        provider: "",
        sets: &[
            set("x-ratelimit-*-requests", Requests, Minute, GENERIC).minute_or_day(),
            set("x-ratelimit-*-tokens", Tokens, Minute, GENERIC),
            set("x-ratelimit-*-input-tokens", InputTokens, Minute, GENERIC),
            set("x-ratelimit-*-output-tokens", OutputTokens, Minute, GENERIC),
            set("x-ratelimit-*-requests-second", Requests, Second, GENERIC),
            set("x-ratelimit-*-requests-minute", Requests, Minute, GENERIC),
            set("x-ratelimit-*-requests-hour", Requests, Hour, GENERIC),
            set("x-ratelimit-*-requests-day", Requests, Day, GENERIC),
            set("x-ratelimit-*-tokens-second", Tokens, Second, GENERIC),
            set("x-ratelimit-*-tokens-minute", Tokens, Minute, GENERIC),
            set("x-ratelimit-*-tokens-hour", Tokens, Hour, GENERIC),
            set("x-ratelimit-*-tokens-day", Tokens, Day, GENERIC),
            set("x-ratelimit-*", Requests, Unknown, GENERIC),
            set("ratelimit-*", Requests, Unknown, "draft-ietf-httpapi-ratelimit-headers-07"),
        ],
    },
];

const fn set(pattern: &'static str, resource: Resource, window: Window, source: &'static str) -> HeaderSet {
    HeaderSet { pattern, reset: "", resource, window, minute_or_day: false, scope: "", source }
}

// === impl HeaderSet ===

impl HeaderSet {
    const fn minute_or_day(mut self) -> Self {
        self.minute_or_day = true;
        self
    }

    const fn scope(mut self, scope: &'static str) -> Self {
        self.scope = scope;
        self
    }

    const fn reset(mut self, name: &'static str) -> Self {
        self.reset = name;
        self
    }

    /// True when `name` is this pattern with `kind` in place of the `*`.
    pub(super) fn is(&self, name: &str, kind: &str) -> bool {
        if kind == "reset" && !self.reset.is_empty() {
            return name == self.reset;
        }
        let Some((head, tail)) = self.pattern.split_once('*') else { return false };
        name.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail)).is_some_and(|middle| middle == kind)
    }

    /// True when no other provider has these names.
    pub(super) fn is_unmistakable(&self) -> bool {
        !self.pattern.starts_with("x-ratelimit-") && !self.pattern.starts_with("ratelimit-")
    }
}
