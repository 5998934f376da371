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
    ("chat.completions", "chat"),
    ("text.completions", "text_completion"),
    ("realtime", "chat"),
    ("tts", "speech"),
    ("aspeech", "speech"),
    ("text_to_speech", "speech"),
    ("stt", "transcription"),
    ("atranscription", "transcription"),
    ("speech_to_text", "transcription"),
    ("arerank", "rerank"),
    ("aimage_generation", "image_generation"),
    ("amoderation", "moderation"),
];

/// The convention's operations that are calls, and those it has no name for yet.
const CALLS: &[&str] = &[
    "chat",
    "text_completion",
    "embeddings",
    "generate_content",
    "image_generation",
    "transcription",
    "speech",
    "rerank",
    "moderation",
    "ocr",
    "invoke_agent",
    "create_agent",
    "execute_tool",
    "invoke_workflow",
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
    if let Some((_, name)) = exact.or_else(begun) {
        return name;
    }
    if CALLS.contains(&written) {
        return written;
    }
    // Any other word for a call, in any case: what it is about.
    let about = |part: &str| {
        let mut windows = written.as_bytes().windows(part.len());
        windows.any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    match () {
        () if about("embed") => "embeddings",
        () if about("rerank") => "rerank",
        () if about("image") => "image_generation",
        () => "chat",
    }
}
