//! Command lines that are agents: Gemini CLI, Codex CLI, Copilot CLI; and any-agent.
//!
//! Source: captures of Gemini CLI 0.61; the others as reported, no capture here. Codex CLI names the model two spans above
//! the usage; `github.copilot.cost` counts premium requests, not dollars.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[key("codex.usage.reasoning_output_tokens", Usage(GenAi, Reasoning))];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("gemini_cli", "gemini-cli*", Layer::Sdk),
    Profile::new("codex_cli", "codex*", Layer::Sdk),
    Profile::new("copilot_cli", "github.copilot*", Layer::Sdk),
    Profile::new("copilot_cli", "copilot*", Layer::Sdk),
    Profile::new("any_agent", "any_agent*", Layer::Framework),
];
