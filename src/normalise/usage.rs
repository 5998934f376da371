//! From stated usage numbers to a partition of what is billed.
//!
//! In: the readings of one span, in up to several vocabularies, and who wrote them. Out: [`Tokens`], or
//! `None` when nothing usable is stated. Numbers of two vocabularies are never added: one vocabulary
//! gives input and output, the others may only split them further.
//!
//! Whether `input` has the cached tokens in it is decided by proof first (`cache_read + cache_write >
//! input` can only be exclusive), then by what the vocabulary says by its shape, then by the profile.

use crate::call::{TokenType, Tokens};
use crate::dialect::{Convention, Field, Profile, Trait, UsageFamily};
use crate::facts::Reading;

/// What is known around the readings.
#[derive(Clone, Copy, Debug)]
pub struct UsageInput<'a> {
    /// What was stated.
    pub readings: &'a [Reading],
    /// Who stated it.
    pub profile: &'static Profile,
    /// The convention's provider name, or empty.
    pub provider: &'a str,
    /// The call failed.
    pub failed: bool,
    /// The answer was streamed, if known.
    pub streaming: Option<bool>,
    /// What was asked for, by the convention's name.
    pub operation: &'a str,
}

/// The numbers of one vocabulary, each at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSum {
    /// Prompt, as stated.
    pub input: Option<u64>,
    /// Fresh part of the prompt, as stated.
    pub fresh: Option<u64>,
    /// Completion, as stated.
    pub output: Option<u64>,
    /// Sum, as stated.
    pub total: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    reasoning: Option<u64>,
    input_audio: Option<u64>,
    output_audio: Option<u64>,
    input_image: Option<u64>,
    output_image: Option<u64>,
    input_video: Option<u64>,
    cache_read_audio: Option<u64>,
    cache_read_image: Option<u64>,
    tool_input: Option<u64>,
    extra_input: Option<u64>,
    extra_output: Option<u64>,
    visible: Option<u64>,
    unusable: bool,
}

/// Vocabularies, the best witness of input and output first.
const FAMILIES: [UsageFamily; 13] = [
    UsageFamily::Taught,
    UsageFamily::GenAi,
    UsageFamily::OpenInference,
    UsageFamily::OpenAiShaped,
    UsageFamily::Raw,
    UsageFamily::LangChain,
    UsageFamily::Mlflow,
    UsageFamily::Vercel,
    UsageFamily::Langfuse,
    UsageFamily::ClaudeCode,
    UsageFamily::ProviderMetadata,
    UsageFamily::CrewAi,
    UsageFamily::Words,
];

/// The billed tokens that these readings state; `None` when they state nothing usable.
#[must_use]
pub fn tokens(usage: &UsageInput<'_>) -> Option<Tokens> {
    if usage.readings.is_empty() || invented(usage) {
        return None;
    }
    if let Some(plain) = plain(usage) {
        return plain;
    }
    // Nearly always one vocabulary is there; the sums of the others would be empty.
    let stated = usage.readings.iter().fold(0_u16, |bits, reading| bits | 1 << reading.family as u16);
    let families = FAMILIES.iter().copied().filter(|&family| stated >> family as u16 & 1 == 1);
    let mut sums = families.clone().map(|family| (family, sum(usage.readings, family)));
    let speaks = |family: UsageFamily, sum: &UsageSum| {
        let parts = family == UsageFamily::Taught && (sum.fresh.is_some() || sum.visible.is_some());
        sum.input.is_some() || sum.output.is_some() || parts
    };
    let (family, mut primary) = match sums.find(|(family, sum)| speaks(*family, sum)) {
        Some(found) => found,
        None => embedded(usage)?,
    };
    if family == UsageFamily::Taught {
        families.clone().skip(1).for_each(|other| primary.fill_details(&sum(usage.readings, other)));
        primary.make_whole();
    }
    if primary.unusable || says_nothing(&primary, usage) {
        return None;
    }
    for other in families.filter(|&other| other != family) {
        primary.fill_details(&sum(usage.readings, other));
    }
    let shape = shape_of(family, usage);
    Some(primary.partition(shape, usage))
}

/// Of what only reads, the total is the prompt.
fn embedded(usage: &UsageInput<'_>) -> Option<(UsageFamily, UsageSum)> {
    let total = usage.readings.iter().find(|reading| reading.field == Field::Total)?;
    let sum = UsageSum { input: total.count, ..UsageSum::default() };
    let reads_only = matches!(usage.operation, "embeddings" | "rerank");
    (reads_only && !usage.failed).then_some((total.family, sum))
}

/// What one input and one output say where nothing else is stated: there is nothing to split. `None` where more is.
fn plain(usage: &UsageInput<'_>) -> Option<Option<Tokens>> {
    let [one, other] = usage.readings else { return None };
    let (input, output) = match (one.field, other.field) {
        (Field::Input, Field::Output) => (one.count?, other.count?),
        (Field::Output, Field::Input) => (other.count?, one.count?),
        _ => return None,
    };
    if one.family != other.family {
        return None;
    }
    let nothing = input == 0 && (output == 0 || usage.failed);
    Some((!nothing).then(|| {
        let mut tokens = Tokens::default();
        tokens.set(TokenType::Input, input);
        tokens.set(TokenType::Output, output);
        tokens
    }))
}

/// Numbers that the client made up where the provider sent none.
fn invented(usage: &UsageInput<'_>) -> bool {
    // What the provider sends has cached tokens stated, be it as 0 (OpenLIT 1.45).
    let from_provider = usage.readings.iter().any(|reading| reading.field == Field::CacheRead);
    let by_stream = usage.profile.has(Trait::InventsStreamUsage) && usage.streaming == Some(true);
    let by_failure = usage.profile.has(Trait::FailedUsageIsGuess) && usage.failed;
    (by_stream && !from_provider) || by_failure || usage.profile.has(Trait::TokensAreNotBilled)
}

/// Zeroes where something must have been used are a library's way to say that it does not know.
fn says_nothing(sum: &UsageSum, usage: &UsageInput<'_>) -> bool {
    let zero = |count: Option<u64>| count.unwrap_or(0) == 0;
    let nothing = zero(sum.input) && zero(sum.output) && zero(sum.cache_read) && zero(sum.cache_write);
    let empty_prompt = zero(sum.input) && zero(sum.fresh) && zero(sum.cache_read) && zero(sum.cache_write);
    nothing || (usage.failed && empty_prompt)
}

/// What a vocabulary counts as input and output, where its own shape tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    input: Convention,
    /// Every bucket is apart from every other.
    disjoint: bool,
}

fn shape_of(family: UsageFamily, usage: &UsageInput<'_>) -> Shape {
    let native = matches!(usage.provider, "anthropic" | "aws.bedrock");
    let input = match family {
        UsageFamily::ClaudeCode | UsageFamily::Langfuse => Convention::Exclusive,
        // The provider's own object: Anthropic's and Bedrock's leave cached tokens out.
        UsageFamily::Raw if native => Convention::Exclusive,
        UsageFamily::Raw
        | UsageFamily::OpenAiShaped
        | UsageFamily::Mlflow
        | UsageFamily::LangChain
        | UsageFamily::Taught => Convention::Inclusive,
        UsageFamily::GenAi
        | UsageFamily::OpenInference
        | UsageFamily::Vercel
        | UsageFamily::ProviderMetadata
        | UsageFamily::CrewAi
        | UsageFamily::Words => {
            if native {
                usage.profile.convention
            } else {
                Convention::Inclusive
            }
        }
    };
    Shape { input, disjoint: family == UsageFamily::Langfuse }
}

fn sum(readings: &[Reading], family: UsageFamily) -> UsageSum {
    let mut sum = UsageSum::default();
    for reading in readings.iter().filter(|reading| reading.family == family) {
        let Some(count) = reading.count else {
            sum.unusable |= matches!(reading.field, Field::Input | Field::Output);
            continue;
        };
        let slot = match reading.field {
            Field::Input => &mut sum.input,
            Field::FreshInput => &mut sum.fresh,
            Field::Output => &mut sum.output,
            Field::Total => &mut sum.total,
            Field::CacheRead => &mut sum.cache_read,
            Field::CacheWrite => &mut sum.cache_write,
            Field::CacheWrite5m => &mut sum.cache_write_5m,
            Field::CacheWrite1h => &mut sum.cache_write_1h,
            Field::Reasoning => &mut sum.reasoning,
            Field::InputAudio => &mut sum.input_audio,
            Field::OutputAudio => &mut sum.output_audio,
            Field::InputImage => &mut sum.input_image,
            Field::OutputImage => &mut sum.output_image,
            Field::InputVideo => &mut sum.input_video,
            Field::CacheReadAudio => &mut sum.cache_read_audio,
            Field::CacheReadImage => &mut sum.cache_read_image,
            Field::ToolInput => &mut sum.tool_input,
            Field::ExtraInput => &mut sum.extra_input,
            Field::ExtraOutput => &mut sum.extra_output,
            Field::VisibleOutput => &mut sum.visible,
            Field::WebSearches => continue,
        };
        *slot = Some(slot.unwrap_or(0).max(count));
    }
    sum
}

impl UsageSum {
    /// The user names the parts; the whole is their sum.
    fn make_whole(&mut self) {
        let plus = |own: Option<u64>, parts: &[Option<u64>]| {
            own.map(|own| parts.iter().flatten().fold(own, |sum, part| sum.saturating_add(*part)))
        };
        // Named apart, what is kept for an hour is one beside the others.
        self.cache_write = plus(self.cache_write, &[self.cache_write_1h]);
        let written = self.cache_write.or(self.cache_write_1h);
        let input = [self.cache_read, written, self.input_audio, self.input_image, self.input_video];
        self.input = self.input.or(plus(self.fresh, &input));
        let output = [self.reasoning, self.output_audio, self.output_image];
        self.output = self.output.or(plus(self.visible, &output));
    }

    /// Takes over the splits that another vocabulary states and this one does not.
    fn fill_details(&mut self, other: &Self) {
        // A fresh part beside the same whole says nothing new; beside another whole it is the raw count.
        self.fresh = self.fresh.or(other.fresh);
        self.cache_read = larger(self.cache_read, other.cache_read);
        self.cache_write = larger(self.cache_write, other.cache_write);
        self.cache_write_5m = self.cache_write_5m.or(other.cache_write_5m);
        self.cache_write_1h = self.cache_write_1h.or(other.cache_write_1h);
        self.reasoning = larger(self.reasoning, other.reasoning);
        self.input_audio = self.input_audio.or(other.input_audio);
        self.output_audio = self.output_audio.or(other.output_audio);
        self.input_image = self.input_image.or(other.input_image);
        self.output_image = self.output_image.or(other.output_image);
        self.tool_input = self.tool_input.or(other.tool_input);
        self.total = self.total.or(other.total);
    }

    fn partition(&self, shape: Shape, usage: &UsageInput<'_>) -> Tokens {
        let mut tokens = Tokens::default();
        self.split_input(shape, &mut tokens);
        self.split_output(shape, usage, &mut tokens);
        tokens
    }

    fn split_input(&self, shape: Shape, tokens: &mut Tokens) {
        let read = self.cache_read.unwrap_or(0);
        let by_lifetime = self.cache_write_5m.unwrap_or(0).saturating_add(self.cache_write_1h.unwrap_or(0));
        let written = self.cache_write.unwrap_or(0).max(by_lifetime);
        let cached = read.saturating_add(written);
        if let Some(input) = self.input {
            let mut fresh = match self.fresh {
                // What is surely fresh, when it fits either reading of the whole.
                Some(fresh) if fresh == input || fresh.saturating_add(cached) == input => fresh,
                _ if cached > input || self.proves_exclusive(input, cached) => input,
                _ => match shape.input {
                    Convention::Inclusive => input - cached,
                    Convention::Exclusive => input,
                },
            };
            fresh = fresh
                .saturating_add(self.tool_input.unwrap_or(0))
                .saturating_add(self.extra_input.unwrap_or(0));
            for (kind, count) in [
                (TokenType::InputAudio, self.input_audio),
                (TokenType::InputImage, self.input_image),
                (TokenType::InputVideo, self.input_video),
            ] {
                if let Some(count) = count.filter(|&count| count > 0 && (shape.disjoint || count <= fresh)) {
                    fresh -= if shape.disjoint { 0 } else { count };
                    tokens.set(kind, count);
                }
            }
            tokens.set(TokenType::Input, fresh);
        }
        self.split_cache(read, written, tokens);
    }

    fn split_cache(&self, read: u64, written: u64, tokens: &mut Tokens) {
        if self.cache_read.is_some() {
            let mut plain = read;
            for (kind, count) in [
                (TokenType::CacheReadAudio, self.cache_read_audio),
                (TokenType::CacheReadImage, self.cache_read_image),
            ] {
                if let Some(count) = count.filter(|&count| count > 0 && count <= plain) {
                    plain -= count;
                    tokens.set(kind, count);
                }
            }
            tokens.set(TokenType::CacheRead, plain);
        }
        if self.cache_write.is_some() || written > 0 {
            let long = self.cache_write_1h.unwrap_or(0).min(written);
            tokens.set(TokenType::CacheWrite, written - long);
            if long > 0 {
                tokens.set(TokenType::CacheWrite1h, long);
            }
        }
    }

    fn split_output(&self, shape: Shape, usage: &UsageInput<'_>, tokens: &mut Tokens) {
        let Some(output) = self.output else { return };
        if usage.profile.has(Trait::OutputWithoutThoughts) && self.reasoning.is_none() && self.total.is_none()
        {
            tokens.set(TokenType::Output, output);
            return;
        }
        let stated = self.reasoning.or_else(|| self.proved_thoughts(output, usage));
        let reasoning = stated.unwrap_or(0);
        let outside = reasoning > output
            || shape.disjoint
            || (reasoning > 0 && self.total_says_outside(output, reasoning))
            || (usage.provider == "x_ai" && !self.total_says_inside(output));
        let mut visible = if outside { output } else { output - reasoning };
        visible = visible.saturating_add(self.extra_output.unwrap_or(0));
        for (kind, count) in
            [(TokenType::OutputAudio, self.output_audio), (TokenType::OutputImage, self.output_image)]
        {
            if let Some(count) = count.filter(|&count| count > 0 && (shape.disjoint || count <= visible)) {
                visible -= if shape.disjoint { 0 } else { count };
                tokens.set(kind, count);
            }
        }
        tokens.set(TokenType::Output, visible);
        if stated.is_some() {
            tokens.set(TokenType::Reasoning, reasoning);
        }
    }

    /// Gemini's total is prompt, candidates and thoughts; who leaves the thoughts out states the total all the same.
    fn proved_thoughts(&self, output: u64, usage: &UsageInput<'_>) -> Option<u64> {
        if !matches!(usage.provider, "gcp.gemini" | "gcp.vertex_ai") {
            return None;
        }
        let known = self.input?.saturating_add(output).saturating_add(self.tool_input.unwrap_or(0));
        self.total?.checked_sub(known).filter(|&thoughts| thoughts > 0)
    }

    /// The stated sum adds up with the reasoning inside the output.
    fn total_says_inside(&self, output: u64) -> bool {
        let (Some(total), Some(input)) = (self.total, self.input) else { return false };
        total == input.saturating_add(output)
    }

    /// The stated sum only adds up when cached tokens come on top of the input.
    fn proves_exclusive(&self, input: u64, cached: u64) -> bool {
        let (Some(total), true) = (self.total, cached > 0) else { return false };
        let output = self.output.unwrap_or(0);
        let reasoning = self.reasoning.unwrap_or(0);
        let with_cached = input.saturating_add(cached).saturating_add(output);
        total == with_cached || (reasoning > 0 && total == with_cached.saturating_add(reasoning))
    }

    /// The stated sum only adds up when reasoning comes on top of the output.
    fn total_says_outside(&self, output: u64, reasoning: u64) -> bool {
        let (Some(total), Some(input)) = (self.total, self.input) else { return false };
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        let with_reasoning = input.saturating_add(output).saturating_add(reasoning);
        total == with_reasoning || (cached > 0 && total == with_reasoning.saturating_add(cached))
    }
}

fn larger(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
