//! `MLflow` tracing: every string of its native attributes is JSON-encoded.
//!
//! Source: captures of mlflow 3.17, native and convention mode.

use super::Fact::*;
use super::UsageFamily::Mlflow;
use super::{Key, Layer, Profile, key};

pub(super) const KEYS: &[Key] = &[
    key("mlflow.spanType", Marker),
    key("mlflow.chat.tokenUsage", UsageObject(Mlflow)),
    key("mlflow.llm.model", RequestModel(5)),
    key("mlflow.llm.provider", Provider(5)),
    key("mlflow.spanOutputs", ResponseObject),
];

pub(super) const PROFILES: &[Profile] = &[Profile::new("mlflow", "mlflow*", Layer::Framework)];
