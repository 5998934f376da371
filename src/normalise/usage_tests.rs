//! Every rule of `usage`, with the numbers that real calls stated.

use super::*;
use crate::dialect::{Field::*, UsageFamily::*, profile_of};

const OPENAI: &str = "opentelemetry.instrumentation.openai_v2";
const BEDROCK_EXCLUSIVE: &str = "opentelemetry.instrumentation.bedrock";

/// One stated number.
fn reading(family: UsageFamily, field: Field, count: u64) -> Reading {
    Reading { family, field, count: Some(count) }
}

fn usage<'a>(readings: &'a [Reading], scope: &str, provider: &'a str) -> UsageInput<'a> {
    UsageInput {
        readings,
        profile: profile_of(scope, "1.0"),
        provider,
        failed: false,
        streaming: None,
        operation: "chat",
    }
}

/// The partition, as the contract writes it; empty when nothing usable is stated.
fn partition(input: &UsageInput<'_>) -> Vec<(&'static str, u64)> {
    tokens(input).iter().flat_map(Tokens::iter).map(|(kind, count)| (kind.label(), count)).collect()
}

fn openai(stated: &[(Field, u64)]) -> Vec<(&'static str, u64)> {
    stated_by(GenAi, OPENAI, "openai", stated)
}

fn stated_by(
    family: UsageFamily,
    scope: &str,
    provider: &str,
    stated: &[(Field, u64)],
) -> Vec<(&'static str, u64)> {
    let readings: Vec<Reading> = stated.iter().map(|&(field, count)| reading(family, field, count)).collect();
    partition(&usage(&readings, scope, provider))
}

// === what input counts ===

#[test]
fn cached_tokens_are_part_of_the_input_by_the_convention() {
    let parts = openai(&[(Input, 2143), (Output, 51), (CacheRead, 2100)]);
    assert_eq!(parts, [("input", 43), ("cache_read", 2100), ("output", 51)]);
}

#[test]
fn a_dialect_that_leaves_them_out_of_the_input_keeps_it_whole() {
    let stated = [(Input, 43), (Output, 51), (CacheRead, 40)];
    let parts = stated_by(GenAi, BEDROCK_EXCLUSIVE, "aws.bedrock", &stated);
    assert_eq!(parts, [("input", 43), ("cache_read", 40), ("output", 51)]);
}

#[test]
fn that_dialect_follows_the_convention_for_providers_that_include_them() {
    let stated = [(Input, 43), (Output, 51), (CacheRead, 40)];
    let parts = stated_by(GenAi, BEDROCK_EXCLUSIVE, "openai", &stated);
    assert_eq!(parts, [("input", 3), ("cache_read", 40), ("output", 51)]);
}

#[test]
fn more_cached_than_stated_proves_the_input_exclusive_whoever_says_it() {
    let parts = openai(&[(Input, 43), (Output, 51), (CacheRead, 2000), (CacheWrite, 100)]);
    assert_eq!(parts, [("input", 43), ("cache_read", 2000), ("cache_write", 100), ("output", 51)]);
}

#[test]
fn a_total_that_only_adds_up_with_cached_tokens_on_top_proves_it_too() {
    let parts = openai(&[(Input, 300), (Output, 51), (CacheRead, 200), (Total, 551)]);
    assert_eq!(parts, [("input", 300), ("cache_read", 200), ("output", 51)]);
    let parts = openai(&[(Input, 300), (Output, 51), (CacheRead, 200), (Total, 351)]);
    assert_eq!(parts, [("input", 100), ("cache_read", 200), ("output", 51)]);
}

#[test]
fn the_providers_own_object_counts_as_the_provider_does() {
    let stated = [(Input, 100), (Output, 5), (CacheRead, 60)];
    assert_eq!(
        stated_by(Raw, OPENAI, "anthropic", &stated),
        [("input", 100), ("cache_read", 60), ("output", 5)]
    );
    assert_eq!(stated_by(Raw, OPENAI, "openai", &stated), [("input", 40), ("cache_read", 60), ("output", 5)]);
}

#[test]
fn buckets_that_are_apart_stay_as_they_are() {
    let stated = [(Input, 513), (Output, 23), (CacheRead, 1024), (Reasoning, 20), (InputAudio, 7)];
    assert_eq!(
        stated_by(Langfuse, "langfuse-sdk", "openai", &stated),
        [("input", 513), ("input_audio", 7), ("cache_read", 1024), ("output", 23), ("reasoning", 20)]
    );
}

#[test]
fn tokens_that_tools_added_come_on_top_of_the_prompt() {
    assert_eq!(openai(&[(Input, 100), (ToolInput, 30), (Output, 5)]), [("input", 130), ("output", 5)]);
}

// === caches ===

#[test]
fn five_minute_and_one_hour_writes_are_told_apart() {
    let stated = [(Input, 2000), (Output, 5), (CacheWrite, 1200), (CacheWrite5m, 900), (CacheWrite1h, 300)];
    assert_eq!(
        openai(&stated),
        [("input", 800), ("cache_write", 900), ("cache_write_1h", 300), ("output", 5)]
    );
}

#[test]
fn lifetimes_without_their_sum_are_written_tokens_all_the_same() {
    let stated = [(Input, 2000), (Output, 5), (CacheWrite1h, 300)];
    assert_eq!(
        openai(&stated),
        [("input", 1700), ("cache_write", 0), ("cache_write_1h", 300), ("output", 5)]
    );
}

#[test]
fn a_cache_that_is_not_stated_is_not_0() {
    assert_eq!(openai(&[(Input, 10), (Output, 5)]), [("input", 10), ("output", 5)]);
    assert_eq!(
        openai(&[(Input, 10), (Output, 5), (CacheRead, 0)]),
        [("input", 10), ("cache_read", 0), ("output", 5)]
    );
}

// === the answer ===

#[test]
fn reasoning_is_part_of_the_output() {
    assert_eq!(
        openai(&[(Input, 10), (Output, 500), (Reasoning, 448)]),
        [("input", 10), ("output", 52), ("reasoning", 448)]
    );
}

#[test]
fn reasoning_beyond_the_output_or_by_the_total_is_outside_of_it() {
    let beyond = openai(&[(Input, 10), (Output, 52), (Reasoning, 448)]);
    assert_eq!(beyond, [("input", 10), ("output", 52), ("reasoning", 448)]);
    let by_total = openai(&[(Input, 10), (Output, 52), (Reasoning, 40), (Total, 102)]);
    assert_eq!(by_total, [("input", 10), ("output", 52), ("reasoning", 40)]);
    let by_total_with_cache =
        openai(&[(Input, 10), (Output, 52), (Reasoning, 40), (CacheRead, 30), (Total, 132)]);
    assert_eq!(by_total_with_cache, [("input", 10), ("cache_read", 30), ("output", 52), ("reasoning", 40)]);
}

#[test]
fn audio_is_taken_out_of_its_whole() {
    assert_eq!(
        openai(&[(Input, 100), (InputAudio, 60), (Output, 50), (OutputAudio, 30)]),
        [("input", 40), ("input_audio", 60), ("output", 20), ("output_audio", 30)]
    );
}

#[test]
fn a_part_that_does_not_fit_its_whole_is_not_believed() {
    assert_eq!(openai(&[(Input, 10), (InputAudio, 60), (Output, 5)]), [("input", 10), ("output", 5)]);
}

// === several vocabularies ===

#[test]
fn two_vocabularies_are_never_added_and_the_second_only_splits() {
    let readings = [
        reading(GenAi, Input, 107),
        reading(GenAi, Output, 23),
        reading(OpenAiShaped, Input, 107),
        reading(OpenAiShaped, Output, 23),
        reading(OpenAiShaped, CacheRead, 100),
    ];
    assert_eq!(
        partition(&usage(&readings, OPENAI, "openai")),
        [("input", 7), ("cache_read", 100), ("output", 23)]
    );
}

#[test]
fn a_surely_fresh_part_decides_what_the_whole_counts() {
    let whole = |input| {
        let readings = [
            reading(GenAi, Input, input),
            reading(GenAi, Output, 5),
            reading(ProviderMetadata, FreshInput, 43),
            reading(ProviderMetadata, CacheRead, 30),
        ];
        partition(&usage(&readings, "ai", "anthropic"))
    };
    let parts = [("input", 43), ("cache_read", 30), ("output", 5)];
    assert_eq!(whole(43), parts);
    assert_eq!(whole(73), parts);
}

// === numbers that are none ===

#[test]
fn what_is_no_count_makes_the_usage_unknown() {
    let readings = [Reading { family: GenAi, field: Input, count: None }, reading(GenAi, Output, 23)];
    assert_eq!(tokens(&usage(&readings, OPENAI, "openai")), None);
}

#[test]
fn zeroes_where_something_must_have_been_used_are_unknown() {
    assert!(openai(&[(Input, 0), (Output, 0)]).is_empty());
    assert!(openai(&[]).is_empty());
}

#[test]
fn a_failure_with_an_empty_prompt_is_unknown_and_one_with_a_prompt_is_billed() {
    let failed = |input, output| {
        let readings = [reading(GenAi, Input, input), reading(GenAi, Output, output)];
        partition(&UsageInput { failed: true, ..usage(&readings, OPENAI, "openai") })
    };
    assert!(failed(0, 3).is_empty());
    assert_eq!(failed(107, 3), [("input", 107), ("output", 3)]);
}

#[test]
fn a_stream_that_the_client_counted_itself_is_unknown() {
    let streamed = |readings: &[Reading], streaming| {
        let input = usage(readings, "@traceloop/instrumentation-openai", "openai");
        partition(&UsageInput { streaming, ..input })
    };
    let counted = [reading(GenAi, Input, 14), reading(GenAi, Output, 13)];
    assert!(streamed(&counted, Some(true)).is_empty());
    assert_eq!(streamed(&counted, None), [("input", 14), ("output", 13)]);
    // What the provider sent has its cached tokens stated.
    let sent = [reading(GenAi, Input, 107), reading(GenAi, Output, 23), reading(GenAi, CacheRead, 0)];
    assert_eq!(streamed(&sent, Some(true)), [("input", 107), ("cache_read", 0), ("output", 23)]);
}

#[test]
fn output_that_leaves_thoughts_out_says_nothing_of_them() {
    let readings = [reading(GenAi, Input, 10), reading(GenAi, Output, 5)];
    let old =
        UsageInput { profile: profile_of("gcp.vertex.agent", "1.5"), ..usage(&readings, "", "gcp.gemini") };
    assert_eq!(partition(&old), [("input", 10), ("output", 5)]);
}

#[test]
fn no_numbers_make_the_arithmetic_overflow() {
    let every =
        [Input, Output, Total, CacheRead, CacheWrite, CacheWrite5m, CacheWrite1h, Reasoning, ToolInput];
    for family in FAMILIES {
        let readings: Vec<Reading> = every.iter().map(|&field| reading(family, field, u64::MAX)).collect();
        for provider in ["openai", "anthropic"] {
            let _ = tokens(&usage(&readings, OPENAI, provider));
        }
    }
}
