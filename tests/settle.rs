//! One call, many spans: what is one call and what is two, as a specification.
//!
//! Spans are built as libraries write them and go the server's own way; `explain` tells what became of
//! them. Where lateness matters, the settler is asked with a clock that the test moves.

#[path = "settle/spans.rs"]
mod spans;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use spans::{Export, OPENAI_HOST, Told, call, explain, http, key, span};
use tollgate::settle::SettleSettings;

const ANTHROPIC_SDK: &str = "com.anthropic.sdk.python";
const OPENAI_V2: &str = "opentelemetry.instrumentation.openai_v2";
const OPENINFERENCE: &str = "openinference.instrumentation.openai";
const LANGCHAIN: &str = "opentelemetry.instrumentation.langchain";
const HTTPX: &str = "opentelemetry.instrumentation.httpx";
const AGNO: &str = "opentelemetry.instrumentation.agno";
const VERCEL: &str = "ai";
const LITELLM: &str = "litellm";

const FIRST_ID: &str = "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz001";
const SECOND_ID: &str = "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz002";

/// An agent around calls, with usage of its own.
fn agent(id: u8, time: (u64, u64), tokens: Option<(i64, i64)>) -> Span {
    let operation = span("invoke_agent", id, 0, time).with("gen_ai.operation.name", "invoke_agent");
    let named = operation.with("gen_ai.request.model", "gpt-4o-mini").with("gen_ai.provider.name", "openai");
    match tokens {
        Some(tokens) => named.tokens(tokens),
        None => named,
    }
    .build()
}

// === two calls that look alike ===

#[test]
fn identical_prompts_one_after_the_other_stay_separate() {
    let spans = (1..=5).map(|n| call(n, 0, (u64::from(n) * 100, u64::from(n) * 100 + 90), (10, 5)).build());
    let story = explain(&[Export::by(OPENAI_V2, spans)]);
    assert_eq!((story.calls.len(), story.input()), (5, 50));
}

#[test]
fn identical_calls_in_parallel_stay_separate_within_a_scope() {
    let spans = (1..=5).map(|n| call(n, 0, (100, 200), (10, 5)).build());
    let story = explain(&[Export::by(OPENAI_V2, spans)]);
    assert_eq!(story.calls.len(), 5);
    let traces = (1..=5).map(|n| call(n, 0, (100, 200), (10, 5)).in_trace(n).build());
    assert_eq!(explain(&[Export::by(OPENAI_V2, traces)]).calls.len(), 5);
}

#[test]
fn identical_calls_in_parallel_that_two_scopes_saw_are_paired_one_to_one() {
    let inner = (1..=3).map(|n| call(n, 0, (102, 198), (10, 5)).in_trace(n).build());
    let outer = (11..=13).map(|n| call(n, 0, (100, 200), (10, 5)).in_trace(n).build());
    let story = explain(&[Export::by(OPENAI_V2, inner), Export::by(OPENINFERENCE, outer)]);
    assert_eq!(story.calls.len(), 3);
    assert_eq!(story.count("duplicate"), 3);
    assert!(story.calls.iter().all(|call| call["merged_spans"].as_array().is_some_and(|m| m.len() == 1)));
}

#[test]
fn what_one_scope_saw_more_of_is_not_lost_in_the_pairing() {
    let inner = (1..=3).map(|n| call(n, 0, (102, 198), (10, 5)).in_trace(n).build());
    let outer = (11..=12).map(|n| call(n, 0, (100, 200), (10, 5)).in_trace(n).build());
    let story = explain(&[Export::by(OPENAI_V2, inner), Export::by(OPENINFERENCE, outer)]);
    assert_eq!((story.calls.len(), story.count("duplicate")), (3, 2));
}

#[test]
fn other_tokens_another_model_or_another_service_are_another_call() {
    let first = || call(1, 0, (100, 200), (10, 5)).in_trace(1);
    let second = |n| call(n, 0, (101, 199), (10, 5)).in_trace(2);
    let pairs = [
        vec![
            Export::by(OPENAI_V2, [first().build()]),
            Export::by(OPENINFERENCE, [second(2).tokens((11, 5)).build()]),
        ],
        vec![
            Export::by(OPENAI_V2, [first().build()]),
            Export::by(OPENINFERENCE, [second(2).model("gpt-4o").build()]),
        ],
        vec![
            Export::by(OPENAI_V2, [first().build()]),
            Export::by(OPENINFERENCE, [second(2).build()]).of_service("another"),
        ],
    ];
    for pair in &pairs {
        assert_eq!(explain(pair).calls.len(), 2);
    }
}

// === ids ===

#[test]
fn the_choices_of_one_answer_are_one_call() {
    let spans = (1..=3).map(|n| call(n, 0, (100, 200), (10, 15)).response(FIRST_ID).build());
    let story = explain(&[Export::by(LANGCHAIN, spans)]);
    assert_eq!((story.calls.len(), story.input(), story.count("duplicate")), (1, 10, 2));
}

#[test]
fn one_answer_told_in_two_traces_is_one_call() {
    let one = call(1, 0, (100, 200), (10, 5)).response(FIRST_ID).in_trace(1).build();
    let other = call(2, 0, (90, 210), (10, 5)).response(FIRST_ID).in_trace(2).build();
    let story = explain(&[Export::by(OPENAI_V2, [one]), Export::by(OPENINFERENCE, [other])]);
    assert_eq!((story.calls.len(), story.count("duplicate")), (1, 1));
}

#[test]
fn differing_ids_of_one_kind_never_merge() {
    let one = call(1, 2, (102, 198), (10, 5)).response(FIRST_ID).build();
    let other = call(2, 0, (100, 200), (10, 5)).response(SECOND_ID).build();
    let story = explain(&[Export::by(OPENAI_V2, [one]), Export::by(OPENINFERENCE, [other])]);
    assert_eq!((story.calls.len(), story.input()), (2, 20));
}

#[test]
fn a_request_id_or_a_short_one_is_no_proof_of_one_answer() {
    for id in ["req_011CSHoEeqs5C35K2UUqR7Fy", "chatcmpl-123"] {
        let spans = (1..=2).map(|n| {
            call(n, 0, (u64::from(n) * 1000, u64::from(n) * 1000 + 90), (10, 5))
                .response(id)
                .in_trace(n)
                .build()
        });
        assert_eq!(explain(&[Export::by(OPENAI_V2, spans)]).calls.len(), 2, "{id}");
    }
}

#[test]
fn an_id_that_a_gateway_made_up_is_one_call_with_the_providers_below_it() {
    let inner = call(1, 2, (102, 198), (10, 5)).model("claude-sonnet-4-5").provider("anthropic");
    let inner = inner.response("msg_01XFDUDYJgAACzvnptvVoYEL").build();
    let outer = call(2, 0, (100, 200), (10, 5)).model("claude-sonnet-4-5").provider("anthropic");
    let outer = outer.response("chatcmpl-5e8be6d1-9f0c-4f1e-8a3c-0d3f0b6f7a11").build();
    let story = explain(&[Export::by(ANTHROPIC_SDK, [inner]), Export::by(LITELLM, [outer])]);
    assert_eq!((story.calls.len(), story.input()), (1, 10));
    assert_eq!(story.calls[0]["dialect"], "anthropic_sdk");
}

// === agents and wrappers ===

#[test]
fn an_agent_that_alone_states_usage_is_the_call() {
    let story = explain(&[Export::by(LANGCHAIN, [agent(1, (100, 200), Some((10, 5)))])]);
    assert_eq!((story.calls.len(), story.input()), (1, 10));
}

#[test]
fn an_agent_without_usage_and_without_calls_is_none() {
    let story = explain(&[Export::by(LANGCHAIN, [agent(1, (100, 200), None)])]);
    assert_eq!(story.calls.len(), 0);
}

#[test]
fn an_agent_over_calls_repeats_their_sum() {
    let calls = [call(2, 1, (110, 140), (10, 5)).build(), call(3, 1, (150, 190), (20, 7)).build()];
    let agent = agent(1, (100, 200), Some((30, 12)));
    let story = explain(&[Export::by(LANGCHAIN, calls.into_iter().chain([agent]))]);
    assert_eq!((story.calls.len(), story.input(), story.count("aggregate")), (2, 30, 1));
}

#[test]
fn agents_that_leave_the_inner_ones_out_add_up() {
    let outer = agent(1, (100, 200), Some((100, 10)));
    let mut inner = agent(2, (120, 180), Some((50, 20)));
    inner.parent_span_id = key(1);
    let story = explain(&[Export::by(AGNO, [outer, inner])]);
    assert_eq!((story.calls.len(), story.input(), story.output()), (2, 150, 30));
}

#[test]
fn a_wrapper_with_the_sum_of_its_calls_is_an_aggregate() {
    let calls = [call(2, 1, (110, 140), (10, 5)).build(), call(3, 1, (150, 190), (20, 7)).build()];
    let outer = call(1, 0, (100, 200), (30, 12)).build();
    let story = explain(&[Export::by(OPENAI_V2, calls), Export::by(LANGCHAIN, [outer])]);
    assert_eq!((story.calls.len(), story.input(), story.output()), (2, 30, 12));
    assert_eq!(story.skipped.len(), 1);
}

#[test]
fn a_wrapper_that_keeps_only_the_last_step_adds_nothing() {
    let step = |n, time, tokens| {
        call(n, 1, time, tokens).with("ai.operationId", "ai.generateText.doGenerate").build()
    };
    let outer = span("ai.generateText", 1, 0, (100, 200)).with("ai.operationId", "ai.generateText");
    let outer = outer.with_number("ai.usage.promptTokens", 20).with_number("ai.usage.completionTokens", 7);
    let steps = [step(2, (110, 140), (10, 5)), step(3, (150, 190), (20, 7))];
    let story = explain(&[Export::by(VERCEL, steps.into_iter().chain([outer.build()]))]);
    assert_eq!((story.calls.len(), story.input(), story.output()), (2, 30, 12));
}

#[test]
fn the_servers_side_of_a_call_repeats_it() {
    let server = call(1, 0, (100, 200), (10, 5)).kind(SpanKind::Server).build();
    let client = call(2, 1, (110, 190), (10, 5)).response(FIRST_ID).build();
    let story = explain(&[Export::by(LITELLM, [server, client])]);
    assert_eq!((story.calls.len(), story.input()), (1, 10));
}

// === exported again, and late ===

#[test]
fn a_span_that_is_exported_twice_counts_once() {
    let export = Export::by(OPENAI_V2, [call(1, 0, (100, 200), (10, 5)).build()]);
    let story = explain(&[export.clone(), export]);
    assert_eq!((story.calls.len(), story.count("duplicate")), (1, 1));
}

#[test]
fn a_span_that_is_exported_again_long_after_counts_once() {
    let export = Export::by(OPENAI_V2, [call(1, 0, (100, 200), (10, 5)).build()]);
    let mut told = Told::new(SettleSettings::default());
    told.offer(&export, 0);
    told.settle(10);
    assert_eq!(told.calls, 1);
    told.offer(&export, 600);
    told.settle(700);
    assert_eq!((told.calls, told.left_out), (1, 1));
}

#[test]
fn an_answer_that_an_application_replays_from_its_cache_is_not_billed_again() {
    let asked = |n, trace| call(n, 0, (100, 200), (10, 5)).response(FIRST_ID).in_trace(trace).build();
    let mut told = Told::new(SettleSettings::default());
    told.offer(&Export::by(OPENAI_V2, [asked(1, 1)]), 0);
    told.settle(10);
    told.offer(&Export::by(OPENAI_V2, [asked(2, 2)]), 3600);
    told.settle(3700);
    assert_eq!((told.calls, told.duplicates), (1, 1));
}

#[test]
fn a_wrapper_that_comes_after_its_call_was_counted_is_late() {
    let mut told = Told::new(SettleSettings::default());
    told.offer(&Export::by(OPENAI_V2, [call(2, 1, (110, 190), (10, 5)).build()]), 0);
    told.settle(10);
    told.offer(&Export::by(LANGCHAIN, [call(1, 0, (100, 200), (10, 5)).build()]), 20);
    told.settle(40);
    assert_eq!((told.calls, told.left_out), (1, 1));
}

#[test]
fn an_agent_that_comes_after_its_calls_were_counted_repeats_them() {
    let mut told = Told::new(SettleSettings::default());
    let calls = [call(2, 1, (110, 140), (10, 5)).build(), call(3, 1, (150, 190), (20, 7)).build()];
    told.offer(&Export::by(OPENAI_V2, calls), 0);
    told.settle(10);
    told.offer(&Export::by(LANGCHAIN, [agent(1, (100, 200), Some((30, 12)))]), 20);
    told.settle(40);
    assert_eq!((told.calls, told.left_out), (2, 1));
}

#[test]
fn an_http_request_that_comes_after_its_call_was_counted_is_late_and_still_tells_its_headers() {
    let mut told = Told::new(SettleSettings::default());
    told.offer(&Export::by(OPENAI_V2, [call(1, 0, (100, 200), (10, 5)).build()]), 0);
    told.settle(10);
    told.offer(&Export::by(HTTPX, [http(2, 1, (110, 190), 200).build()]), 20);
    told.settle(40);
    assert_eq!((told.calls, told.late, told.left_out), (1, 1, 1));
}

#[test]
fn a_bound_on_bytes_settles_early_and_says_so() {
    let mut told = Told::new(SettleSettings { most_bytes: 1, ..SettleSettings::default() });
    told.offer(&Export::by(OPENAI_V2, [call(1, 0, (100, 200), (10, 5)).build()]), 0);
    assert_eq!(told.calls, 1);
    let state = told.settler.state();
    assert_eq!((state.held, state.early), (0, 1));
}

#[test]
fn a_span_waits_no_longer_than_it_is_told_to() {
    let mut told = Told::new(SettleSettings::default());
    told.offer(&Export::by(OPENAI_V2, [call(1, 0, (100, 200), (10, 5)).build()]), 0);
    told.settle(4);
    assert_eq!(told.calls, 0);
    told.settle(5);
    assert_eq!(told.calls, 1);
}

// === HTTP ===

#[test]
fn a_lone_http_request_to_an_endpoint_is_a_call_of_which_little_is_known() {
    let story = explain(&[Export::by(HTTPX, [http(1, 0, (100, 200), 200).build()])]);
    let call = &story.calls[0];
    assert_eq!((&call["dialect"], &call["model"]), (&"http".into(), &"unknown".into()));
    assert_eq!((&call["provider"], &call["operation"]), (&"openai".into(), &"chat".into()));
    assert!(call["tokens"].is_null() && call["cost_usd"].is_null());
    assert_eq!(call["price_source"], "unknown_usage");
}

#[test]
fn an_http_request_elsewhere_is_none() {
    let elsewhere = span("POST", 1, 0, (100, 200)).with("http.request.method", "POST");
    let elsewhere =
        elsewhere.with("url.full", "https://example.org/v1/orders").kind(SpanKind::Client).build();
    let story = explain(&[Export::by(HTTPX, [elsewhere])]);
    assert_eq!((story.calls.len(), story.count("not_a_call")), (0, 1));
}

#[test]
fn attempts_without_a_span_of_their_own_are_retries() {
    let attempts = [http(2, 1, (105, 110), 429), http(3, 1, (130, 140), 500), http(4, 1, (150, 190), 200)];
    let attempts = Export::by(HTTPX, attempts.map(spans::Draft::build));
    let story = explain(&[attempts, Export::by(OPENAI_V2, [call(1, 0, (100, 200), (10, 5)).build()])]);
    assert_eq!((story.calls.len(), story.retries), (1, 2));
    assert_eq!(story.calls[0]["error_class"], "none");
}

#[test]
fn an_attempt_with_a_span_of_its_own_is_a_request() {
    let failed = span("chat gpt-4o-mini", 2, 1, (105, 110)).chat().failed("429 Too Many Requests").build();
    let good = call(3, 1, (120, 190), (10, 5)).build();
    let outer = call(1, 0, (100, 200), (10, 5)).build();
    let story = explain(&[Export::by(OPENAI_V2, [failed, good]), Export::by(LANGCHAIN, [outer])]);
    assert_eq!((story.calls.len(), story.input(), story.retries), (2, 10, 0));
    assert_eq!(story.calls[0]["error_class"], "rate_limit");
}

#[test]
fn an_attempt_that_was_counted_does_not_hide_the_next_one() {
    let failed = span("chat gpt-4o-mini", 2, 1, (105, 110)).chat().failed("429 Too Many Requests").build();
    let failed = Export::by(OPENAI_V2, [failed]);
    let good = Export::by(OPENAI_V2, [call(3, 1, (120, 190), (10, 5)).build()]);
    let outer = Export::by(LANGCHAIN, [call(1, 0, (100, 200), (10, 5)).build()]);
    let orders = [[(&failed, 0), (&good, 20), (&outer, 20)], [(&failed, 0), (&good, 20), (&outer, 40)]];
    for order in orders.into_iter().chain([[(&good, 0), (&failed, 20), (&outer, 40)]]) {
        let mut told = Told::new(SettleSettings::default());
        for (export, second) in order {
            told.settle(second);
            told.offer(export, second);
        }
        told.settle(60);
        assert_eq!((told.calls, told.left_out), (2, 1));
    }
}

#[test]
fn requests_of_parallel_calls_go_to_one_call_each() {
    let calls = (1..=2).map(|n| call(n, 0, (100, 200), (10, 5)).build());
    let requests = (11..=12).map(|n| http(n, 0, (110, 190), 200).with("server.address", OPENAI_HOST).build());
    let story = explain(&[Export::by(OPENAI_V2, calls), Export::by(HTTPX, requests)]);
    assert_eq!((story.calls.len(), story.count("not_a_call")), (2, 2));
    assert!(story.calls.iter().all(|call| call["merged_spans"].as_array().is_some_and(|m| m.len() == 1)));
}
