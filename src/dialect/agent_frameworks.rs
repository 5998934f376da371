//! Agent frameworks that instrument themselves: their spans follow the convention, their agents repeat it.
//!
//! Source: captures of Strands 1.62 (time to first token in milliseconds), Microsoft Agent Framework
//! 1.23, Semantic Kernel 1.45, Agno, `AutoGen`, smolagents, Haystack, `CrewAI`.

use super::{Key, Layer, Profile, Trait};

pub(super) const KEYS: &[Key] = &[];

pub(super) const PROFILES: &[Profile] = &[
    // Bedrock and Anthropic input goes through as it is (strands-agents/sdk-python#3546).
    Profile::new("strands", "strands*", Layer::Framework).exclusive().with(&[Trait::FirstTokenMillis]),
    Profile::new("agent_framework", "agent_framework*", Layer::Framework),
    Profile::new("autogen", "autogen*", Layer::Framework),
    Profile::new("smolagents", "smolagents*", Layer::Framework),
    Profile::new("haystack", "haystack*", Layer::Framework),
    Profile::new("agno", "agno*", Layer::Framework).exclusive(),
];
