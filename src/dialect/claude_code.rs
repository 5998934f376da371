//! Claude Code: bare keys, Anthropic's own counting, retries as a number.
//!
//! Source: captures of its beta tracing. Its `gen_ai.response.id` is a request id (`req_...`).

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::ClaudeCode;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("span.type", ClaudeCodeType),
    key("input_tokens", Usage(ClaudeCode, Input)),
    key("output_tokens", Usage(ClaudeCode, Output)),
    key("cache_read_tokens", Usage(ClaudeCode, CacheRead)),
    key("cache_creation_tokens", Usage(ClaudeCode, CacheWrite)),
    key("model", RequestModel(2)),
    key("ttft_ms", FirstTokenMillis),
    key("attempt", Attempts),
    key("success", Success),
    key("status_code", StatusCode),
    key("error", ErrorMessage),
];

pub(super) const PROFILES: &[Profile] =
    &[Profile::new("claude_code", "com.anthropic.claude_code*", Layer::Sdk).exclusive()];
