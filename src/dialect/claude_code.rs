//! Claude Code: bare keys, Anthropic's own counting, retries as a number.
//!
//! Source: captures of its beta tracing. Its `gen_ai.response.id` is a request id (`req_...`).

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::ClaudeCode;
use super::{Key, Layer, Profile, Trait, key};

pub(super) const KEYS: &[Key] = &[
    key("span.type", BareMarker),
    key("input_tokens", Of("claude_code", &Usage(ClaudeCode, Input))),
    key("output_tokens", Of("claude_code", &Usage(ClaudeCode, Output))),
    key("cache_read_tokens", Of("claude_code", &Usage(ClaudeCode, CacheRead))),
    key("cache_creation_tokens", Of("claude_code", &Usage(ClaudeCode, CacheWrite))),
    key("model", BareModel),
    key("ttft_ms", Of("claude_code", &FirstTokenMillis)),
    key("attempt", Of("claude_code", &Attempts)),
    key("success", Of("claude_code", &Success)),
    key("status_code", Of("claude_code", &StatusCode)),
    key("error", Of("claude_code", &ErrorMessage)),
    key("speed", Of("claude_code", &Speed(5))),
];

pub(super) const PROFILES: &[Profile] =
    &[Profile::new("claude_code", "com.anthropic.claude_code*", Layer::Sdk)
        .exclusive()
        .with(&[Trait::OwnsSpanType])];
