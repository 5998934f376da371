//! Facts inside strings: usage objects, request parameters, answers, metadata, as JSON or Python literals.
//!
//! In: one attribute's text. Out: facts stated to a [`Draft`]. The tables below say which key of which
//! object is which number; sources are the providers' API references and captures.

use std::borrow::Cow;

use super::draft::Draft;
use super::pieces::PieceReader;
use super::source::Source;
use super::usage_reader::UsageReader;
use super::value::count;
use super::words;
use crate::call::Piece;
use crate::dialect::{Fact, Field, UsageFamily};
use crate::loose::{self, Path, Scalar, Segment};
use crate::otlp::Value;

/// Which half of a call a details object is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// Keys of usage objects, in every provider's and SDK's spelling.
pub(super) const USAGE: &[(&str, Field)] = &[
    ("prompt_tokens", Field::Input),
    ("input_tokens", Field::Input),
    ("inputTokens", Field::Input),
    ("promptTokens", Field::Input),
    ("promptTokenCount", Field::Input),
    ("prompt_token_count", Field::Input),
    ("input", Field::Input),
    ("completion_tokens", Field::Output),
    ("output_tokens", Field::Output),
    ("outputTokens", Field::Output),
    ("completionTokens", Field::Output),
    ("candidatesTokenCount", Field::Output),
    ("candidates_token_count", Field::Output),
    ("output", Field::Output),
    ("total_tokens", Field::Total),
    ("totalTokens", Field::Total),
    ("totalTokenCount", Field::Total),
    ("total_token_count", Field::Total),
    ("total", Field::Total),
    ("cache_read_input_tokens", Field::CacheRead),
    ("cacheReadInputTokens", Field::CacheRead),
    ("cached_prompt_tokens", Field::CacheRead),
    ("cachedContentTokenCount", Field::CacheRead),
    ("cached_content_token_count", Field::CacheRead),
    ("prompt_cache_hit_tokens", Field::CacheRead),
    ("input_cached_tokens", Field::CacheRead),
    ("input_cache_read", Field::CacheRead),
    ("cache_creation_input_tokens", Field::CacheWrite),
    ("cacheWriteInputTokens", Field::CacheWrite),
    ("cacheCreationInputTokens", Field::CacheWrite),
    ("input_cache_creation", Field::CacheWrite),
    ("input_cache_write", Field::CacheWrite),
    ("ephemeral_5m_input_tokens", Field::CacheWrite5m),
    ("ephemeral_1h_input_tokens", Field::CacheWrite1h),
    ("input_cache_creation_5m", Field::CacheWrite5m),
    ("input_cache_creation_1h", Field::CacheWrite1h),
    ("reasoning_tokens", Field::Reasoning),
    ("thoughtsTokenCount", Field::Reasoning),
    ("thoughts_token_count", Field::Reasoning),
    ("output_reasoning_tokens", Field::Reasoning),
    ("output_reasoning", Field::Reasoning),
    ("input_audio", Field::InputAudio),
    ("input_audio_tokens", Field::InputAudio),
    ("output_audio", Field::OutputAudio),
    ("output_audio_tokens", Field::OutputAudio),
    ("toolUsePromptTokenCount", Field::ToolInput),
    ("tool_use_prompt_token_count", Field::ToolInput),
    ("web_search_requests", Field::WebSearches),
    ("cached_tokens", Field::CacheRead),
    ("num_cached_tokens", Field::CacheRead),
];

/// Keys of the objects inside, which split the prompt or the completion.
const DETAILS: &[(&str, Side, Field)] = &[
    ("cached_tokens", Side::Input, Field::CacheRead),
    ("cache_read", Side::Input, Field::CacheRead),
    ("cache_read_tokens", Side::Input, Field::CacheRead),
    ("cache_creation", Side::Input, Field::CacheWrite),
    ("cache_creation_tokens", Side::Input, Field::CacheWrite),
    ("cache_write", Side::Input, Field::CacheWrite),
    ("cache_write_tokens", Side::Input, Field::CacheWrite),
    ("ephemeral_5m_input_tokens", Side::Input, Field::CacheWrite5m),
    ("ephemeral_1h_input_tokens", Side::Input, Field::CacheWrite1h),
    ("audio", Side::Input, Field::InputAudio),
    ("audio_tokens", Side::Input, Field::InputAudio),
    ("image_tokens", Side::Input, Field::InputImage),
    ("web_search_requests", Side::Input, Field::WebSearches),
    ("reasoning", Side::Output, Field::Reasoning),
    ("reasoning_tokens", Side::Output, Field::Reasoning),
    ("audio", Side::Output, Field::OutputAudio),
    ("audio_tokens", Side::Output, Field::OutputAudio),
    ("image_tokens", Side::Output, Field::OutputImage),
];

/// A usage object of the given vocabulary.
pub(super) fn usage<'a>(draft: &mut Draft<'a>, family: UsageFamily, source: Source<'a>) {
    if let Some(text) = source.text().filter(|_| family == UsageFamily::CrewAi && !source.is_structured()) {
        for (name, number) in text.split_whitespace().filter_map(|part| part.split_once('=')) {
            state(draft, family, field_named(name), number.parse().ok().map(Scalar::Int));
        }
        return;
    }
    let mut lists = UsageReader::of_whole_text();
    source.scan(&mut |path, scalar| match (path.segments(), scalar) {
        ([Segment::Key(_), Segment::Index(_), Segment::Key(_)], _) => lists.read(draft, path, scalar),
        ([Segment::Key("service_tier")], Scalar::Text(tier)) => draft.service_tier.offer(5, tier),
        ([Segment::Key("speed")], Scalar::Text(speed)) => draft.speed.offer(5, speed),
        ([Segment::Key("inference_geo")], Scalar::Text(place)) => draft.geography = place,
        _ => state(draft, shaped(family, path), usage_field(family, path), Some(scalar)),
    });
    lists.answer.state_parts(draft, family);
}

/// The vocabulary that a key of a usage object belongs to: SDKs pass other shapes through.
fn shaped(family: UsageFamily, path: &Path<'_>) -> UsageFamily {
    let Some(Segment::Key(name)) = path.segments().first() else { return family };
    match (family, *name) {
        (
            UsageFamily::Langfuse,
            "input_tokens" | "output_tokens" | "input_tokens_details" | "output_tokens_details",
        ) => UsageFamily::Raw,
        (
            UsageFamily::Langfuse | UsageFamily::Raw,
            "prompt_tokens" | "completion_tokens" | "prompt_tokens_details" | "completion_tokens_details",
        ) => UsageFamily::OpenAiShaped,
        (
            UsageFamily::Langfuse,
            "total_tokens" | "cache_read_input_tokens" | "cache_creation_input_tokens",
        ) => UsageFamily::ProviderMetadata,
        (family, _) => family,
    }
}

/// A details object that stands alone.
pub(super) fn details<'a>(draft: &mut Draft<'a>, side: Side, source: Source<'a>) {
    source.scan(&mut |path, scalar| {
        let field = path.key().and_then(|name| detail_named(name, side));
        state(draft, UsageFamily::GenAi, field, Some(scalar));
    });
}

/// Request parameters: the model asked for, streaming, the tier asked for, the most output.
pub(super) fn request<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    source.scan(&mut |path, scalar| match (path.segments(), scalar) {
        ([Segment::Key("model" | "model_name" | "model_id" | "modelId")], Scalar::Text(model)) => {
            draft.state(Fact::RequestModel(5), Value::Text(model));
        }
        ([Segment::Key("provider")], Scalar::Text(provider)) => {
            draft.state(Fact::Provider(2), Value::Text(provider));
        }
        ([Segment::Key("service_tier")], Scalar::Text(tier)) => {
            draft.state(Fact::ServiceTier(2), Value::Text(tier));
        }
        ([Segment::Key("stream" | "streaming")], Scalar::Bool(true)) => draft.streaming = Some(true),
        ([Segment::Key("base_url")], Scalar::Text(url)) => {
            draft.state(Fact::ServerAddress(3), Value::Text(url));
        }
        ([Segment::Key("id")], Scalar::Text(id)) if is_response_id(id) => {
            draft.state(Fact::ResponseId(3), Value::Text(id));
        }
        ([Segment::Key("max_tokens" | "max_output_tokens" | "max_completion_tokens")], Scalar::Int(most)) => {
            draft.state(Fact::MaxTokens, Value::Int(most));
        }
        _ => {}
    });
}

/// An answer: its id, at the top or wherever one of a known shape stands, its model, and its usage.
pub(super) fn response<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    if !source.is_structured() {
        return;
    }
    let (mut usage, mut pieces) = (UsageReader::default(), PieceReader::default());
    source.scan(&mut |path, scalar| {
        usage.read(draft, path, scalar);
        pieces.read(path, scalar);
        let Scalar::Text(value) = scalar else { return };
        match path.segments() {
            [Segment::Key("service_tier")] | [Segment::Key("usage"), Segment::Key("service_tier")] => {
                draft.service_tier.offer(4, value);
            }
            [Segment::Key("id" | "responseId" | "response_id")] => {
                draft.response_id.offer(if is_response_id(value) { 5 } else { 1 }, value);
            }
            [Segment::Key("model")]
            | [Segment::Key("raw" | "custom"), Segment::Key("model" | "modelVersion")] => {
                draft.response_model.offer(3, value);
            }
            // LangChain keeps the headers of a refusal in the message it makes of it.
            [.., Segment::Key("headers"), Segment::Key(name)] => draft.header(name, Cow::Borrowed(value)),
            [.., Segment::Key("id" | "response_id")] if is_response_id(value) => {
                // Parts of one answer of the Responses API have ids like Anthropic's messages.
                draft.response_id.offer(if value.starts_with("msg_") { 2 } else { 3 }, value);
            }
            // An answer as the literal of another language, inside a string.
            _ if value.len() > 40 => {
                if let Some(at) = value.find("usage").filter(|_| value.contains("tokens")) {
                    literal_usage(draft, &value[at..]);
                }
            }
            _ => {}
        }
    });
    usage.end(draft);
    pieces.end(draft);
}

/// A usage object that is told beside the span's own numbers.
pub(super) fn response_usage<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    let mut usage = UsageReader::of_whole_text();
    source.scan(&mut |path, scalar| usage.read(draft, path, scalar));
    usage.end(draft);
}

/// `usage': {...}` or `usage=CompletionUsage(...)` inside a string.
fn literal_usage(draft: &mut Draft<'_>, text: &str) {
    let Some(start) = text.find(['{', '(']) else { return };
    let start = if text.as_bytes()[start] == b'(' {
        text[..start].rfind(['=', ' ', ':']).map_or(start, |at| at + 1)
    } else {
        start
    };
    let mut usage = UsageReader::of_whole_text();
    loose::scan(&text[start..], &mut |path, scalar| usage.read(draft, path, scalar));
    usage.end(draft);
}

/// An object of response headers, each a scalar or a list of one.
pub(super) fn headers<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    source.scan(&mut |path, scalar| match path.segments() {
        [Segment::Key(name)] | [Segment::Key(name), Segment::Index(0)] => header(draft, name, scalar),
        _ => {}
    });
}

pub(super) fn header<'a>(draft: &mut Draft<'a>, name: &'a str, scalar: Scalar<'a>) {
    let value = match scalar {
        Scalar::Text(value) => Cow::Borrowed(value),
        Scalar::Int(number) => Cow::Owned(number.to_string()),
        Scalar::Float(number) => Cow::Owned(number.to_string()),
        Scalar::Bool(_) | Scalar::Null => return,
    };
    draft.header(name, value);
}

/// What a vendor says of a span in an object: `{"type": "llm"}`.
pub(super) fn marker<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    source.scan(&mut |path, scalar| {
        if let ([Segment::Key("type" | "kind")], Scalar::Text(kind)) = (path.segments(), scalar) {
            draft.mark(kind, true);
        }
    });
}

/// What was said or heard, in an object of a library's own.
pub(super) fn media<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    source.scan(&mut |path, scalar| {
        let (Some(name), Some(number)) = (path.key(), number_of(scalar)) else { return };
        match name {
            "characters_count" | "character_count" | "characters" => {
                draft.pieces.state(Piece::Characters, number);
            }
            // What was spoken is paid by its text; what was heard by its length.
            "input_audio_duration" => draft.pieces.state(Piece::AudioSeconds, number),
            _ => {}
        }
    });
}

/// A cost object: the total, or the sum of its lines.
pub(super) fn cost<'a>(draft: &mut Draft<'a>, source: Source<'a>) {
    let (mut total, mut lines) = (None, None);
    source.scan(&mut |path, scalar| {
        if let ([Segment::Key(name)], Some(dollars)) = (path.segments(), number_of(scalar)) {
            match *name {
                "total" => total = Some(dollars),
                _ => lines = Some(lines.unwrap_or(0.0) + dollars),
            }
        }
    });
    // An all-zero object is what failures and models without a price carry.
    if let Some(dollars) = total.or(lines).filter(|&dollars: &f64| dollars > 0.0) {
        draft.cost(4, dollars);
    }
}

/// The texts in a JSON list, or the text itself.
pub(super) fn texts<'a>(text: &'a str, found: &mut dyn FnMut(&'a str)) {
    if text.starts_with(['[', '"']) {
        loose::scan(text, &mut |_, scalar| {
            if let Scalar::Text(item) = scalar {
                found(item);
            }
        });
    } else if !text.is_empty() {
        found(text);
    }
}

/// True for an id that only a provider's answer has. Source: the providers' API references.
pub(super) fn is_response_id(id: &str) -> bool {
    ["chatcmpl-", "resp_", "msg_", "cmpl-", "gen-"].iter().any(|prefix| id.starts_with(prefix))
        && id.len() > 12
}

// === helpers ===

fn usage_field(family: UsageFamily, path: &Path<'_>) -> Option<Field> {
    match path.segments() {
        // Langfuse's buckets are apart from each other, under names of their own.
        [Segment::Key(name)] if family == UsageFamily::Langfuse => named(USAGE, name),
        [Segment::Key(name)] => named(USAGE, name).or_else(|| words::field_of("", name, true)),
        [Segment::Key(outer), Segment::Key(name)] => match *outer {
            "prompt_tokens_details"
            | "prompt_token_details"
            | "input_tokens_details"
            | "input_token_details"
            | "promptTokensDetails" => detail_named(name, Side::Input),
            "completion_tokens_details" | "output_tokens_details" | "output_token_details" => {
                detail_named(name, Side::Output)
            }
            "cache_creation" | "server_tool_use" => named(USAGE, name),
            _ => None,
        },
        [
            Segment::Key("prompt_tokens_details"),
            Segment::Key("cache_creation_token_details"),
            Segment::Key(name),
        ] => detail_named(name, Side::Input),
        _ => None,
    }
}

fn field_named(name: &str) -> Option<Field> {
    named(USAGE, name)
}

pub(super) fn named(table: &[(&str, Field)], name: &str) -> Option<Field> {
    table.iter().find(|(key, _)| *key == name).map(|(_, field)| *field)
}

fn detail_named(name: &str, side: Side) -> Option<Field> {
    DETAILS.iter().find(|(key, own, _)| *key == name && *own == side).map(|(_, _, field)| *field)
}

pub(super) fn number_of(scalar: Scalar<'_>) -> Option<f64> {
    match scalar {
        Scalar::Int(number) => Some(number as f64),
        Scalar::Float(number) => Some(number),
        Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null => None,
    }
}

pub(super) fn state(
    draft: &mut Draft<'_>,
    family: UsageFamily,
    field: Option<Field>,
    scalar: Option<Scalar<'_>>,
) {
    let (Some(field), Some(scalar)) = (field, scalar) else { return };
    match scalar {
        Scalar::Int(number) => draft.reading(family, field, count(0.0, Some(number))),
        Scalar::Float(number) => draft.reading(family, field, count(number, None)),
        Scalar::Text(_) | Scalar::Bool(_) | Scalar::Null => {}
    }
}
