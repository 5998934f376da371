//! Words that mark a span: for a call, for what is none, for a tool or an agent; and names of components.
//!
//! In: the text of a marker, an operation or a name. Out: what it says. It knows no span. What is *not* a call is a closed
//! list; a word that nobody knows says nothing.

/// What a word says of the span that it marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// One call of a model.
    Call,
    /// Something else that an LLM library does.
    NoCall,
    /// Nothing: nobody knows it.
    Unknown,
}

/// Words for a call: the convention's operations, the kinds of spans of all vendors, LiteLLM's call types.
/// Source: GenAI convention; `OpenInference`, Langfuse, `LangSmith`, `MLflow`, Genkit, Monocle, `VoltAgent`,
/// Datadog, `LangWatch`, Sentry, Semantic Kernel, Pipecat, `LiveKit`.
const CALLS: &[&str] = &[
    "acompletion",
    "aembedding",
    "agenerate_content",
    "aimage_edit",
    "aimage_generation",
    "amoderation",
    "anthropic_messages",
    "arerank",
    "aresponses",
    "aspeech",
    "atext_completion",
    "atranscription",
    "audio",
    "call_llm",
    "chat",
    "chat_completion",
    "chat_completions",
    "chat_model",
    "completion",
    "completions",
    "embed",
    "embedder",
    "embedding",
    "embeddings",
    "fim",
    "generate",
    "generate_content",
    "generate_image",
    "generate_text",
    "generation",
    "image",
    "image_edit",
    "image_generation",
    "inference",
    "llm",
    "llm_call",
    "llm_request",
    "messages",
    "model",
    "model_call",
    "model_generation",
    "model_inference",
    "moderation",
    "ocr",
    "llm_response",
    "process_thread_run",
    "realtime",
    "realtime_inference",
    "rerank",
    "rerank_text",
    "reranker",
    "response",
    "responses",
    "speech",
    "speech_to_text",
    "stt",
    "stream_content",
    "stream_text",
    "text_completion",
    "text_completions",
    "text_to_speech",
    "transcription",
    "tts",
];

/// Operations and kinds that are no call. Source: GenAI convention; the libraries above; Mastra, Vercel,
/// `LangGraph`, Strands, ADK, Gemini CLI.
const NO_CALLS: &[&str] = &[
    "add_memory",
    "agent",
    "agent_run",
    "agent_step",
    "chain",
    "chat_client",
    "check",
    "cleanup",
    "count_tokens",
    "counttokens",
    "create_agent",
    "create_assistant",
    "create_cached_content",
    "create_conversation",
    "create_memory",
    "create_memory_store",
    "create_message",
    "create_session",
    "create_thread",
    "create_vector_store",
    "delete_memory",
    "detokenize",
    "embed_documents",
    "evaluation",
    "evaluator",
    "event",
    "execute_event_loop_cycle",
    "execute_task",
    "execute_tool",
    "execute_workflow",
    "fetch_response",
    "flow",
    "framework",
    "function",
    "graph",
    "guard",
    "guardrail",
    "guardrails",
    "handoff",
    "interaction",
    "llm_setup",
    "llm_tool_call",
    "llm_tool_result",
    "invoke_agent",
    "invoke_workflow",
    "memory",
    "model_chunk",
    "model_step",
    "module",
    "orchestrate_tools",
    "parser",
    "plan",
    "planner",
    "processor",
    "prompt",
    "retrieval",
    "retrieve",
    "retriever",
    "router",
    "schedule_tool_calls",
    "search_memory",
    "session",
    "span",
    "step",
    "subtask",
    "system_prompt",
    "task",
    "tokenize",
    "tool",
    "tool_call",
    "tool_calls",
    "tool.blocked_on_user",
    "tool.execution",
    "turn",
    "update_memory",
    "upsert_memory",
    "usage",
    "user_prompt",
    "util",
    "workflow",
];

/// What a word of a marker or an operation says, in any case, quoted or not, with `.`, `-` and spaces for `_`.
pub(super) fn word(text: &str) -> Word {
    const LONGEST: usize = 40;
    let text = text.trim_matches(|c: char| c == '"' || c == '\'' || c == ' ');
    let mut plain = [0_u8; LONGEST];
    if text.is_empty() || text.len() > LONGEST {
        return Word::Unknown;
    }
    for (place, byte) in plain.iter_mut().zip(text.bytes()) {
        *place =
            if matches!(byte, b'.' | b'-' | b' ' | b':' | b'/') { b'_' } else { byte.to_ascii_lowercase() };
    }
    let plain = &plain[..text.len()];
    let among = |words: &[&str], plain: &[u8]| words.iter().any(|word| same(word.as_bytes(), plain));
    let whole = |plain: &[u8]| match () {
        () if among(CALLS, plain) => Word::Call,
        () if among(NO_CALLS, plain) => Word::NoCall,
        () => Word::Unknown,
    };
    let known = whole(plain);
    let known = if known == Word::Unknown && manages(plain) { Word::NoCall } else { known };
    // `gen_ai.chat`, `gen_ai.invoke_agent` (Sentry), `ai.chat`, `inference.framework` (Monocle), `inference_openai`.
    let inner = plain.strip_prefix(b"gen_ai_").or_else(|| plain.strip_prefix(b"ai_")).map_or(known, whole);
    let family = || if plain.starts_with(b"inference_") { Word::Call } else { Word::Unknown };
    match (known, inner) {
        (Word::Unknown, Word::Unknown) => family(),
        (Word::Unknown, inner) => inner,
        (known, _) => known,
    }
}

/// `list_messages`, `delete_file`, `submit_tool_outputs`: what is kept at a provider is managed, no model is asked. Both words
/// are needed: `get_answer` says nothing, and to get a run of an agent is to ask how far it is, whose answer states its
/// usage (azure-ai-agents).
fn manages(plain: &[u8]) -> bool {
    const VERBS: [&str; 9] =
        ["list_", "get_", "delete_", "update_", "cancel_", "submit_", "upload_", "download_", "retrieve_"];
    const KEPT: [&str; 15] = [
        "agent",
        "assistant",
        "batch",
        "conversation",
        "deployment",
        "file",
        "index",
        "memor",
        "message",
        "model",
        "session",
        "step",
        "thread",
        "tool_output",
        "vector_store",
    ];
    const ASKS: [&str; 8] =
        ["chat", "complet", "response", "embed", "generat", "inference", "_run", "predict"];
    let has = |part: &str| memchr::memmem::find(plain, part.as_bytes()).is_some();
    VERBS.iter().any(|verb| plain.starts_with(verb.as_bytes()))
        && KEPT.iter().any(|part| has(part))
        && !ASKS.iter().any(|part| has(part))
}

fn same(word: &[u8], plain: &[u8]) -> bool {
    word.len() == plain.len() && word.iter().zip(plain).all(|(a, b)| a == b || (*a == b'.' && *b == b'_'))
}

/// The convention's own operations that are calls: these words alone make a call.
pub(super) const CONVENTION: &[&str] = &[
    "chat",
    "text_completion",
    "completion",
    "embeddings",
    "embedding",
    "generate_content",
    "responses",
    "response",
    "messages",
    "acompletion",
    "aresponses",
    "atext_completion",
    "aembedding",
    "anthropic_messages",
    "model_generation",
    "image_generation",
    "generate_image",
    "image",
    "transcription",
    "speech",
    "audio",
    "rerank",
    "rerank_text",
    "moderation",
    "realtime_inference",
    "inference",
    "chat.completions",
    "text.completions",
    "realtime",
    "tts",
    "stt",
];

/// True for the words of a tool or an agent, where the identity of a call ends. A step or a loop of an agent is none.
pub(super) fn is_barrier(text: &str) -> bool {
    let text = text.trim_matches('"');
    ["execute_tool", "invoke_agent", "tool", "agent"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// The class of a component that makes calls, by the end of its name (`OpenAIChatGenerator`,
/// `AzureOpenAITextEmbedder`, `ChatOpenAI`); a retriever, a router or a builder of prompts makes none.
pub(super) fn names_component(name: &str) -> bool {
    const ENDS: &[&str] =
        &["ChatGenerator", "Generator", "TextEmbedder", "DocumentEmbedder", "ChatModel", "LLM", "Embedder"];
    let vendor = [
        "OpenAI",
        "Anthropic",
        "Gemini",
        "Google",
        "Cohere",
        "Mistral",
        "Bedrock",
        "Ollama",
        "Azure",
        "Groq",
        "HuggingFace",
        "Vertex",
        "Watsonx",
        "Nvidia",
        "Together",
        "Llama",
    ];
    ENDS.iter().any(|end| name.ends_with(end)) && vendor.iter().any(|vendor| name.contains(vendor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_any_case_and_quoted() {
        for text in ["LLM", "\"CHAT_MODEL\"", "llm", "gen_ai.chat", "Chat-Completions", "inference.framework"]
        {
            assert_eq!(word(text), Word::Call, "{text}");
        }
        for text in [
            "AGENT",
            "tool",
            "gen_ai.invoke_agent",
            "count_tokens",
            "tool.execution",
            "list_messages",
            "submit_tool_outputs",
            "create_thread",
            "tokenize",
        ] {
            assert_eq!(word(text), Word::NoCall, "{text}");
        }
        for text in [
            "http",
            "sql",
            "web",
            "",
            "acme-thing",
            "get_answer",
            "update_story",
            "get_chat_message",
            "get_thread_run",
            "listing",
        ] {
            assert_eq!(word(text), Word::Unknown, "{text}");
        }
    }
}
