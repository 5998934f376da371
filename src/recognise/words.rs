//! What the words of a key say of the number under it, whoever wrote it.
//!
//! In: a key, or the path to it, in any spelling (`prompt_tokens`, `cachedContentTokenCount`,
//! `usage.input.cached`). Out: a [`Field`], or nothing. The words are a closed list: one word that is not in it
//! (`max_tokens`, `rejected_prediction_tokens`) and the key says nothing.

use crate::dialect::Field;

/// What one word adds.
mod bit {
    pub(super) const TOKEN: u32 = 1;
    pub(super) const INPUT: u32 = 1 << 1;
    pub(super) const OUTPUT: u32 = 1 << 2;
    pub(super) const TOTAL: u32 = 1 << 3;
    pub(super) const CACHE: u32 = 1 << 4;
    pub(super) const READ: u32 = 1 << 5;
    pub(super) const WRITE: u32 = 1 << 6;
    pub(super) const REASONING: u32 = 1 << 7;
    pub(super) const AUDIO: u32 = 1 << 8;
    pub(super) const IMAGE: u32 = 1 << 9;
    pub(super) const VIDEO: u32 = 1 << 10;
    pub(super) const NOT: u32 = 1 << 11;
    pub(super) const TEXT: u32 = 1 << 12;
    pub(super) const FIVE_MINUTES: u32 = 1 << 13;
    pub(super) const ONE_HOUR: u32 = 1 << 14;
    pub(super) const TOOL: u32 = 1 << 15;
    pub(super) const SEARCH: u32 = 1 << 16;
    pub(super) const REQUESTS: u32 = 1 << 17;
    pub(super) const USAGE: u32 = 1 << 18;
    pub(super) const NOTHING: u32 = 0;
    pub(super) const FOREIGN: u32 = 1 << 31;
}
use bit::{
    AUDIO, CACHE, FIVE_MINUTES, FOREIGN, IMAGE, INPUT, NOT, NOTHING, ONE_HOUR, OUTPUT, READ, REASONING,
    REQUESTS, SEARCH, TEXT, TOKEN, TOOL, TOTAL, USAGE, VIDEO, WRITE,
};

/// The words, in lower case. Source: the providers' API references and the libraries' conventions.
const WORDS: &[(&str, u32)] = &[
    ("tokens", TOKEN),
    ("token", TOKEN),
    ("prompt", INPUT),
    ("input", INPUT),
    ("completion", OUTPUT),
    ("output", OUTPUT),
    ("candidates", OUTPUT),
    ("generated", OUTPUT),
    ("in", INPUT),
    ("out", OUTPUT),
    ("total", TOTAL),
    ("cached", CACHE),
    ("cache", CACHE),
    ("read", READ),
    ("hit", READ),
    ("write", WRITE),
    ("creation", WRITE),
    ("reasoning", REASONING),
    ("thinking", REASONING),
    ("thoughts", REASONING),
    ("audio", AUDIO),
    ("image", IMAGE),
    ("video", VIDEO),
    ("non", NOT),
    ("no", NOT),
    ("uncached", NOT | CACHE),
    ("miss", NOT),
    ("text", TEXT),
    ("5m", FIVE_MINUTES),
    ("1h", ONE_HOUR),
    ("tool", TOOL),
    ("use", NOTHING),
    ("search", SEARCH),
    ("web", NOTHING),
    ("requests", REQUESTS),
    ("count", NOTHING),
    ("num", NOTHING),
    ("usage", USAGE),
    ("used", NOTHING),
    ("details", NOTHING),
    ("content", NOTHING),
    ("ephemeral", NOTHING),
    ("experimental", NOTHING),
    ("llm", NOTHING),
    ("genai", NOTHING),
    ("ai", NOTHING),
];

/// The number that a key names. In a usage object the word token is understood.
pub(super) fn field_of(qualifier: &str, last: &str, understood: bool) -> Option<Field> {
    let own = bits(last);
    if own & FOREIGN != 0 {
        return None;
    }
    let (around, clear) = (bits(qualifier) & !FOREIGN, bits(qualifier) & FOREIGN == 0);
    let directed = own & (INPUT | OUTPUT | TOTAL) != 0;
    // `reasoning.output_tokens`: a part, when all of what is around says so.
    let parts = AUDIO | IMAGE | VIDEO | REASONING | READ | NOT | FIVE_MINUTES | ONE_HOUR;
    let text = if around & (INPUT | OUTPUT) == 0 { TEXT } else { 0 };
    let part = if clear { around & (parts | text) } else { 0 };
    // `completion_tokens_details.audio_tokens`: what is around gives the direction.
    let direction = if directed { 0 } else { around & (INPUT | OUTPUT) };
    let both = own | part | around & (TOKEN | CACHE | WRITE) | direction;
    // `usage.input`: of what else is usage told?
    let understood = understood || both & TOKEN != 0 || around & USAGE != 0;
    named(both).filter(|field| understood || *field == Field::WebSearches)
}

fn named(bits: u32) -> Option<Field> {
    let has = |wanted: u32| bits & wanted != 0;
    match () {
        () if has(SEARCH) => has(REQUESTS).then_some(Field::WebSearches),
        () if has(TEXT | REQUESTS) => None,
        () if has(NOT) => has(CACHE).then_some(Field::FreshInput),
        () if has(FIVE_MINUTES) => Some(Field::CacheWrite5m),
        () if has(ONE_HOUR) => Some(Field::CacheWrite1h),
        () if has(CACHE) => match () {
            () if has(OUTPUT | TOTAL | REASONING) => None,
            () if has(AUDIO) => Some(Field::CacheReadAudio),
            () if has(IMAGE) => Some(Field::CacheReadImage),
            () if has(WRITE) => Some(Field::CacheWrite),
            () => Some(Field::CacheRead),
        },
        () if has(READ | WRITE) => None,
        () if has(REASONING) => (!has(INPUT | TOTAL)).then_some(Field::Reasoning),
        () if has(TOOL) => has(INPUT).then_some(Field::ToolInput),
        () if has(AUDIO) => side(bits, Field::InputAudio, Some(Field::OutputAudio)),
        () if has(IMAGE) => side(bits, Field::InputImage, Some(Field::OutputImage)),
        () if has(VIDEO) => side(bits, Field::InputVideo, None),
        () if has(TOTAL) => (!has(INPUT | OUTPUT)).then_some(Field::Total),
        () => side(bits, Field::Input, Some(Field::Output)),
    }
}

fn side(bits: u32, input: Field, output: Option<Field>) -> Option<Field> {
    match (bits & INPUT != 0, bits & OUTPUT != 0) {
        (true, false) => Some(input),
        (false, true) => output,
        _ => None,
    }
}

/// What the words of one segment add up to.
fn bits(segment: &str) -> u32 {
    let bytes = segment.as_bytes();
    let (mut sum, mut start) = (0, 0);
    for at in 0..=bytes.len() {
        let ends = match (at.checked_sub(1).and_then(|before| bytes.get(before)), bytes.get(at)) {
            (_, None) => true,
            (Some(before), Some(byte)) => {
                !byte.is_ascii_alphanumeric()
                    || byte.is_ascii_uppercase() && !before.is_ascii_uppercase()
                    || byte.is_ascii_digit() && before.is_ascii_alphabetic()
            }
            (None, Some(byte)) => !byte.is_ascii_alphanumeric(),
        };
        if ends {
            if at > start {
                sum |= word(&segment[start..at]);
            }
            start = if bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) { at } else { at + 1 };
        }
    }
    sum
}

fn word(text: &str) -> u32 {
    WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map_or(FOREIGN, |(_, bits)| *bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_names_its_number() {
        for (qualifier, last, field) in [
            ("", "prompt_tokens", Field::Input),
            ("usage", "inputTokens", Field::Input),
            ("", "promptTokenCount", Field::Input),
            ("token_count", "prompt", Field::Input),
            ("tokens", "completion", Field::Output),
            ("", "candidatesTokenCount", Field::Output),
            ("usage", "total_tokens", Field::Total),
            ("prompt_tokens_details", "cached_tokens", Field::CacheRead),
            ("prompt_details", "cache_read_tokens", Field::CacheRead),
            ("", "cachedContentTokenCount", Field::CacheRead),
            ("", "promptCacheHitTokens", Field::CacheRead),
            ("", "prompt_cache_miss_tokens", Field::FreshInput),
            ("", "non_cached_input_tokens", Field::FreshInput),
            ("", "noCacheTokens", Field::FreshInput),
            ("", "num_cached_tokens", Field::CacheRead),
            ("", "cache_creation_input_tokens", Field::CacheWrite),
            ("cache_creation", "ephemeral_1h_input_tokens", Field::CacheWrite1h),
            ("", "ephemeral5mInputTokens", Field::CacheWrite5m),
            ("", "reasoning_output_tokens", Field::Reasoning),
            ("", "thoughtsTokenCount", Field::Reasoning),
            ("completion_tokens_details", "audio_tokens", Field::OutputAudio),
            ("", "input_audio_tokens", Field::InputAudio),
            ("cache_read", "audio_tokens", Field::CacheReadAudio),
            ("", "toolUsePromptTokenCount", Field::ToolInput),
            ("server_tool_use", "web_search_requests", Field::WebSearches),
            ("reasoning", "output_tokens", Field::Reasoning),
            ("cache_creation_1h", "input_tokens", Field::CacheWrite1h),
            ("cache_read", "input_tokens", Field::CacheRead),
            ("audio", "input_tokens", Field::InputAudio),
            ("prompt_tokens", "used", Field::Input),
            ("", "llm_prompt_tokens", Field::Input),
            ("llm", "tokens_in", Field::Input),
            ("tokens", "out", Field::Output),
            ("usage", "input", Field::Input),
            ("text_completion", "prompt_tokens", Field::Input),
        ] {
            assert_eq!(field_of(qualifier, last, false), Some(field), "{qualifier}.{last}");
        }
    }

    #[test]
    fn a_part_is_not_the_whole() {
        assert_eq!(field_of("text", "input_tokens", false), None);
        assert_eq!(field_of("usage.text", "input_tokens", false), None);
    }

    #[test]
    fn a_word_too_many_says_nothing() {
        for last in [
            "max_tokens",
            "csrf_token",
            "token_endpoint",
            "rejected_prediction_tokens",
            "tokens_per_second",
            "input_text_tokens",
            "prompt",
            "output",
            "tokens",
            "remaining_tokens",
            "token",
            "input_cost",
            "in",
            "usage",
        ] {
            assert_eq!(field_of("", last, false), None, "{last}");
        }
    }
}
