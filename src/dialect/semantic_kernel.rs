//! Semantic Kernel for Python, .NET and Java, and Microsoft.Extensions.AI.
//!
//! Source: captures of 1.45 (Python) and 1.4 (Java); the .NET libraries as reported, no capture here. Counts of -1 and an
//! id `N/A` mean nothing; Java leaks its scope, so later calls are children of ended ones.

use super::Fact::*;
use super::Field::*;
use super::UsageFamily::GenAi;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("gen_ai.response.prompt_tokens", Usage(GenAi, Input)),
    key("gen_ai.response.completion_tokens", Usage(GenAi, Output)),
    key("gen_ai.usage.input_audio_tokens", Usage(GenAi, InputAudio)),
    key("gen_ai.usage.output_audio_tokens", Usage(GenAi, OutputAudio)),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("semantic_kernel", "semantic_kernel*", Layer::Framework),
    Profile::new("semantic_kernel", "Microsoft.SemanticKernel*", Layer::Framework),
    Profile::new("semantic_kernel", "SemanticKernel*", Layer::Framework),
    Profile::new("semantic_kernel", "com.microsoft.semantickernel*", Layer::Framework),
    Profile::new("microsoft_extensions_ai", "Experimental.Microsoft.Extensions.AI*", Layer::Framework),
    Profile::new("microsoft_extensions_ai", "Microsoft.Extensions.AI*", Layer::Framework),
];
