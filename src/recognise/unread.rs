//! Spans that look like LLM traffic and are not read: by their host, by their keys, by what marks them.
//!
//! In: the keys that nobody lists, as they pass, and what the span is drafted to be. Out: an [`UnreadReason`] for a
//! span that is no part of a call, and the keys that betray it. Of values it looks at three kinds only (a kind, a
//! model, a host) and keeps none. Bare words are common (`model`, `tokens` and `cost` of a training run,
//! `csrf_token`), so one word is never enough.

use super::draft::Draft;
use super::tails::telling;
use crate::dialect::Field;
use crate::facts::UnreadReason;
use crate::normalise::provider_of_model;
use crate::otlp::{Attribute, SpanHeader, SpanKind};

/// Most keys that are looked at, and shown.
pub(super) const KEYS: usize = 20;

/// What the words of a key say, and what some values do.
mod bit {
    pub(super) const INPUT_TOKENS: u16 = 1;
    pub(super) const OUTPUT_TOKENS: u16 = 1 << 1;
    pub(super) const TOKENS: u16 = 1 << 2;
    pub(super) const MODEL: u16 = 1 << 3;
    pub(super) const PROMPT: u16 = 1 << 4;
    pub(super) const COMPLETION: u16 = 1 << 5;
    pub(super) const USAGE: u16 = 1 << 6;
    pub(super) const COST: u16 = 1 << 7;
    pub(super) const LLM: u16 = 1 << 8;
    /// A kind that only an LLM library writes.
    pub(super) const SURE_MARKER: u16 = 1 << 9;
    /// A kind that others write too.
    pub(super) const MARKER: u16 = 1 << 10;
    /// A model whose vendor everybody knows.
    pub(super) const KNOWN_MODEL: u16 = 1 << 11;
}
use bit::{
    COMPLETION, COST, INPUT_TOKENS, KNOWN_MODEL, LLM, MARKER, MODEL, OUTPUT_TOKENS, PROMPT, SURE_MARKER,
    TOKENS, USAGE,
};

/// Bits that together, under one first part of a key, are an LLM call's. One of the rows is enough.
const TOGETHER: &[u16] = &[
    INPUT_TOKENS | OUTPUT_TOKENS,
    INPUT_TOKENS | MODEL,
    OUTPUT_TOKENS | MODEL,
    PROMPT | COMPLETION | MODEL,
    PROMPT | COMPLETION | USAGE,
    PROMPT | COMPLETION | COST,
    PROMPT | MODEL | COST,
    PROMPT | MODEL | USAGE,
    COMPLETION | MODEL | COST,
    COMPLETION | MODEL | USAGE,
    LLM | MODEL | TOKENS,
    LLM | MODEL | USAGE,
    LLM | MODEL | COST,
];

/// Values of a kind or type that only LLM libraries write; letters and digits only, lower case.
const SURE_MARKERS: &[&str] = &[
    "llm",
    "llmcall",
    "llmrequest",
    "llmcompletion",
    "llminference",
    "llmgeneration",
    "chatcompletion",
    "chatcompletions",
    "chatmodel",
    "textcompletion",
    "textgeneration",
    "languagemodel",
];

/// Values that mean a call beside a model, and anything elsewhere.
const MARKERS: &[&str] =
    &["chat", "completion", "embedding", "embeddings", "generation", "generate", "inference", "modelcall"];

/// Parts of paths at a provider's host that are no use of a model. Source: the providers' API references.
const NO_CALLS: &[&str] = &[
    "/files",
    "/uploads",
    "/batches",
    "/models",
    "/vector_stores",
    "/fine_tuning",
    "/organization",
    "/count_tokens",
    ":countTokens",
    "/tokenize",
    "/cachedContents",
    "/oauth",
    "/token",
    "/auth",
    "/credits",
    "/generation",
    "/feedback",
    "/telemetry",
    "/event_logging",
    "/healthz",
];

/// The keys of the span that is being read that nobody lists and that have a telling end.
#[derive(Debug, Default)]
pub(super) struct Watch<'a> {
    keys: [(&'a [u8], u16); KEYS],
    count: usize,
}

// === impl Watch ===

impl<'a> Watch<'a> {
    /// Sees an attribute that nobody lists.
    #[inline]
    pub(super) fn see(&mut self, attribute: &Attribute<'a>) {
        if ends_telling(attribute.key()) {
            self.look(attribute);
        }
    }

    /// Nothing was seen that could tell.
    #[inline]
    pub(super) const fn is_quiet(&self) -> bool {
        self.count == 0
    }

    #[inline]
    pub(super) const fn clear(&mut self) {
        self.count = 0;
    }

    /// The keys that told, with control characters and what is no text as they came.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.keys[..self.count].iter().filter_map(|(key, _)| std::str::from_utf8(key).ok())
    }

    /// Why a span that is no part of a call looks like one.
    pub(super) fn judge(&self, draft: &Draft<'_>, header: &SpanHeader<'_>) -> Option<UnreadReason> {
        let all = self.keys[..self.count].iter().fold(0, |all, (_, bits)| all | bits);
        let model = draft.has_model() || all & MODEL != 0;
        if all & SURE_MARKER != 0 || (all & MARKER != 0 && model) {
            return Some(UnreadReason::Marker);
        }
        if self.keys_tell(draft) {
            return Some(UnreadReason::Keys);
        }
        if is_unread_request(draft, header) {
            return Some(UnreadReason::Host);
        }
        (all & KNOWN_MODEL != 0 && header.kind == SpanKind::Client).then_some(UnreadReason::Marker)
    }

    fn keys_tell(&self, draft: &Draft<'_>) -> bool {
        let stated = |field| draft.readings.iter().any(|reading| reading.field == field);
        if stated(Field::Input) && stated(Field::Output) {
            return true;
        }
        let listed = if draft.has_model() { MODEL } else { 0 };
        let seen = &self.keys[..self.count];
        seen.iter().any(|(key, _)| {
            let beside = seen.iter().filter(|(other, _)| head(other) == head(key));
            let sum = beside.fold(listed, |sum, (_, bits)| sum | bits);
            TOGETHER.iter().any(|row| sum & row == *row)
        })
    }

    #[cold]
    fn look(&mut self, attribute: &Attribute<'a>) {
        let key = attribute.key();
        let mut bits = bits_of(key);
        let text = || attribute.raw_text().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("");
        if bits == 0 && (ends_with_word(key, b"kind") || ends_with_word(key, b"type")) {
            bits = marker(text());
        } else if bits & MODEL != 0 && provider_of_model(text()).is_some() {
            bits |= KNOWN_MODEL;
        }
        if bits != 0 && self.count < KEYS {
            self.keys[self.count] = (key, bits);
            self.count += 1;
        }
    }
}

/// A client's request to a provider that is none of the calls that are known, and none of what costs nothing.
fn is_unread_request(draft: &Draft<'_>, header: &SpanHeader<'_>) -> bool {
    let client = matches!(header.kind, SpanKind::Client | SpanKind::Internal | SpanKind::Unspecified);
    if !client || !draft.is_http() {
        return false;
    }
    let (host, path) = (draft.host(), draft.url_path());
    if !draft.knows_host() {
        return false;
    }
    // Speech, vision and translation are served at the same hosts.
    let azure = host.contains(".cognitiveservices.azure.") && !path.contains("/openai/");
    let reads = draft.http_reads && !path.contains("/realtime");
    !azure && !reads && !NO_CALLS.iter().any(|part| path.contains(part))
}

/// True for a key of nobody's that tells nothing, whatever its value is.
pub(super) fn never_tells(key: &[u8]) -> bool {
    let marks = || ends_with_word(key, b"kind") || ends_with_word(key, b"type");
    let watched = ends_telling(key) && (bits_of(key) != 0 || marks());
    !watched && !telling(key) && Draft::prefix_of(key).is_none()
}

/// True when a key ends in one of the words that tell; asked of every key that nobody lists.
#[inline]
fn ends_telling(key: &[u8]) -> bool {
    let Some(last) = key.last_chunk::<4>() else { return false };
    let lower = (u32::from_le_bytes(*last) | 0x2020_2020).to_le_bytes();
    matches!(
        &lower,
        b"kens"
            | b"ount"
            | b"nput"
            | b"tput"
            | b"ompt"
            | b"tion"
            | b"sage"
            | b"cost"
            | b"odel"
            | b"kind"
            | b"type"
    ) || (matches!(&lower, b"name" | b"l_id" | b"l.id" | b"elid")
        && memchr::memmem::find(key, b"odel").is_some())
}

/// What the words of a key say.
fn bits_of(key: &[u8]) -> u16 {
    let (mut tokens, mut input, mut output, mut llm, mut usage, mut model) =
        (false, false, false, false, false, false);
    let mut last = &b""[..];
    for word in words(key) {
        last = word;
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
        tokens |= is(&["tokens", "token"]);
        input |= is(&["input", "prompt"]);
        output |= is(&["output", "completion", "generated"]);
        llm |= is(&["llm", "genai", "llms"]);
        usage |= is(&["usage"]);
        model |= is(&["model"]);
    }
    // One token is a credential, unless it is counted: `prompt.token.count`.
    let ends = |name: &str| last.eq_ignore_ascii_case(name.as_bytes());
    let counted = tokens && (ends("tokens") || ends("count") || ends("usage") || input || output);
    let named = model && (ends("model") || ends("name") || ends("id"));
    [
        (counted && input, INPUT_TOKENS),
        (counted && output, OUTPUT_TOKENS),
        (counted, TOKENS),
        (named, MODEL),
        (ends("prompt"), PROMPT),
        (ends("completion"), COMPLETION),
        (usage && ends("usage"), USAGE),
        (ends("cost"), COST),
    ]
    .into_iter()
    .filter(|(seen, _)| *seen)
    .fold(0, |bits, (_, bit)| bits | bit | if llm { LLM } else { 0 })
}

/// The words of a key: `usage.promptTokens` is usage, prompt, Tokens.
fn words(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = |at: usize| {
        let (before, byte) = (key[at - 1], key[at]);
        !byte.is_ascii_alphanumeric() || (byte.is_ascii_uppercase() && before.is_ascii_lowercase())
    };
    let mut start = 0;
    std::iter::from_fn(move || {
        while start < key.len() && !key[start].is_ascii_alphanumeric() {
            start += 1;
        }
        if start >= key.len() {
            return None;
        }
        let end = (start + 1..key.len()).find(|&at| ends(at)).unwrap_or(key.len());
        let word = &key[start..end];
        start = end;
        Some(word)
    })
}

/// The first part of a key, by which a vendor's keys are known; none for a bare one.
fn head(key: &[u8]) -> &[u8] {
    key.iter().position(|byte| matches!(byte, b'.' | b'/' | b':')).map_or(&[], |end| &key[..end])
}

fn ends_with_word(key: &[u8], word: &[u8]) -> bool {
    words(key).last().is_some_and(|last| last.eq_ignore_ascii_case(word))
}

fn marker(text: &str) -> u16 {
    let mut letters = [0; 24];
    let mut length = 0;
    for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(slot) = letters.get_mut(length) else { return 0 };
        (*slot, length) = (byte.to_ascii_lowercase(), length + 1);
    }
    let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == &letters[..length]);
    match () {
        () if is(SURE_MARKERS) => SURE_MARKER,
        () if is(MARKERS) => MARKER,
        () => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_key_tell_in_any_spelling() {
        for (key, bits) in [
            ("acme.usage.prompt_tokens", INPUT_TOKENS | TOKENS),
            ("acme.completionTokens", OUTPUT_TOKENS | TOKENS),
            ("acme.token_count.prompt", INPUT_TOKENS | TOKENS | PROMPT),
            ("acme.llm.model_name", MODEL | LLM),
            ("acme.modelId", MODEL),
            ("acme.total_cost", COST),
            ("acme.prompt", PROMPT),
        ] {
            assert!(ends_telling(key.as_bytes()), "{key}");
            assert_eq!(bits_of(key.as_bytes()), bits, "{key}");
        }
    }

    #[test]
    fn words_of_other_trades_say_nothing() {
        for key in [
            "oauth.token_endpoint",
            "csrf_token",
            "cost_center",
            "model_version",
            "prompt_version",
            "tokenizer.kind",
        ] {
            assert_eq!(if ends_telling(key.as_bytes()) { bits_of(key.as_bytes()) } else { 0 }, 0, "{key}");
        }
    }

    #[test]
    fn a_kind_is_a_marker_in_any_case_and_quoted() {
        assert_eq!(marker("\"LLM\""), SURE_MARKER);
        assert_eq!(marker("Chat.Completion"), SURE_MARKER);
        assert_eq!(marker("chat"), MARKER);
        assert_eq!(marker("consumer"), 0);
        assert_eq!(marker("a message that is long and is about an llm"), 0);
    }
}
