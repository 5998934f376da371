//! JVM libraries beside Spring: `LangChain4j` and Quarkus, azure-core, Koog, the Java agent's own SDK instrumentations.
//!
//! Source: their documentation and spans. azure-core counts tries from 1; the body of a refusal is in the status text of
//! its INTERNAL wrapper.

use super::{Key, Layer, Profile, Trait};

pub(super) const KEYS: &[Key] = &[];

pub(super) const PROFILES: &[Profile] = &[
    Profile::new("langchain4j", "langchain4j*", Layer::Framework),
    Profile::new("langchain4j", "dev.langchain4j*", Layer::Framework),
    Profile::new("langchain4j", "io.quarkus*", Layer::Framework),
    Profile::new("koog", "ai.koog*", Layer::Framework),
    Profile::new("http", "azure-core*", Layer::Http).with(&[Trait::ResendsFromOne]),
    Profile::new("openai_java", "io.opentelemetry.openai-java*", Layer::Instrumentor),
    Profile::new("aws_sdk_java", "io.opentelemetry.aws-sdk*", Layer::Instrumentor).exclusive(),
];
