//! Langfuse's SDKs: usage and cost as JSON, most strings JSON-quoted.
//!
//! Source: captures of the Python SDK 5.0 and the JavaScript SDK. Its `LangChain` handler and its
//! JavaScript wrapper use disjoint buckets (`input` 513 beside `input_cache_read` 1024); its Python
//! wrapper keeps the provider's own object. The bucket names tell which.

use super::Fact::*;
use super::UsageFamily::Langfuse;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("langfuse.observation.type", Marker),
    key("langfuse.observation.model.name", ResponseModel(5)),
    key("langfuse.observation.metadata.ls_provider", Provider(5)),
    key("langfuse.observation.metadata.ls_model_name", RequestModel(5)),
    key("langfuse.observation.usage_details", UsageObject(Langfuse)),
    key("langfuse.observation.cost_details", ReportedCostObject),
    key("langfuse.observation.metadata.finish_reason", FinishReason),
    key("langfuse.observation.metadata.id", ResponseId(4)),
    key("langfuse.observation.completion_start_time", FirstTokenAt),
    key("langfuse.observation.level", Level),
    key("langfuse.observation.status_message", ErrorMessage),
    key("langfuse.observation.model.parameters", RequestObject),
    key("langfuse.observation.input", InputText),
    key("langfuse.observation.output", OutputText),
];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("langfuse", "langfuse-sdk", Layer::Framework),
    Profile::new("langfuse", "langfuse*", Layer::Framework),
];
