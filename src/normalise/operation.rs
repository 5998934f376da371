//! What was asked for: the convention's name of the operation.

/// What dialects call an operation, and the convention's name.
const NAMES: &[(&str, &str)] = &[
    ("LLM", "chat"),
    ("EMBEDDING", "embeddings"),
    ("RERANKER", "rerank"),
    ("generation", "chat"),
    ("embedding", "embeddings"),
    ("CHAT_MODEL", "chat"),
    ("completion", "text_completion"),
    ("acompletion", "chat"),
    ("atext_completion", "text_completion"),
    ("aresponses", "chat"),
    ("responses", "chat"),
    ("response", "chat"),
    ("messages", "chat"),
    ("anthropic_messages", "chat"),
    ("aembedding", "embeddings"),
    ("model_generation", "chat"),
    ("realtime_inference", "chat"),
    ("inference", "chat"),
    ("rerank_text", "rerank"),
    ("generate_image", "image_generation"),
    ("image", "image_generation"),
];

/// Beginnings of LiteLLM's span names and Vercel's operations.
const BEGINNINGS: &[(&str, &str)] = &[
    ("ai.embed", "embeddings"),
    ("ai.generateImage", "image_generation"),
    ("ai.transcribe", "transcription"),
    ("ai.generateSpeech", "speech"),
    ("ai.rerank", "rerank"),
    ("ai.", "chat"),
];

/// The convention's name; `chat` when nothing is stated, which is what nearly all calls are.
#[must_use]
pub fn operation(written: &str) -> &str {
    if written.is_empty() {
        return "chat";
    }
    let exact = NAMES.iter().find(|(key, _)| *key == written);
    let begun = || BEGINNINGS.iter().find(|(key, _)| written.starts_with(key));
    exact.or_else(begun).map_or(written, |(_, name)| name)
}
