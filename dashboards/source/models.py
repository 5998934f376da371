"""Models compared: which model for what?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .overview import health
from .panels import NO_STREAMS_SEEN, UNTOLD, Column, Labels, Query, bars, grid, lines, rising
from .queries import CACHED, FAILED, OUTPUT, PROMPT, increase, others, quantile, rate, ratio, shortened, top

MODEL = "provider, model"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-models",
        "LLM / Models compared",
        "Which model for what? Price, speed, errors, cache and context of each, side by side, on your own traffic.",
        (
            Row(4, health(t)),
            Row(11, ((24, side_by_side(t)),)),
            Row(11, ((12, cost()), (12, speed(t)))),
            Row(11, ((12, failures(t)), (12, first_token(t)))),
            Row(11, ((12, tokens_a_second()), (12, cache()))),
            Row(10, ((12, share()), (12, tokens())), "How much each is used"),
        ),
    )


def side_by_side(t: Thresholds):
    calls, spent = increase("llm_requests_total", by=MODEL), increase("llm_cost_usd_total", by=MODEL)
    tokens = increase("llm_tokens_total", by=MODEL)
    failed = ratio(increase("llm_requests_total", FAILED, by=MODEL), calls)
    slow = rising(t.latency_p95_seconds / 2, t.latency_p95_seconds)
    over = {"window": "$__range", "by": MODEL}
    return grid(
        "Side by side, in the time that is shown",
        "Your own traffic, not list prices or benchmarks: models that do different work are not comparable by this alone. $ / 1k: a thousand calls. $ / 1M: a million tokens, all kinds together. First token and Prompt: p95.",
        Labels({"provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-latency")}),
        Column(f"({calls}) > 0", "Calls", "locale", 0),
        Column(f"1000 * ({spent}) / ({calls} > 0)", "$ / 1k", "currencyUSD"),
        Column(f"1000000 * ({spent}) / ({tokens} > 0)", "$ / 1M", "currencyUSD"),
        Column(quantile(0.5, "llm_request_duration_seconds", **over), "p50", "s", 1),
        Column(quantile(0.95, "llm_request_duration_seconds", **over), "p95", "s", 1, slow, "color"),
        Column(quantile(0.95, "llm_time_to_first_token_seconds", **over), "First token", "s", 1, width=105),
        Column(f"1 / ({quantile(0.5, 'llm_time_per_output_token_seconds', **over)} > 0)", "Tokens/s", "short", 0, width=82),
        Column(failed, "Errors", "percentunit", None, rising(t.error_ratio / 2, t.error_ratio), "color"),
        Column(quantile(0.95, "llm_request_input_tokens", **over), "Prompt", "short", 1, rising(t.context_warning_tokens, t.context_critical_tokens), "color"),
        sort="Calls",
    )


def ranked(expression: str, family: str) -> str:
    """The ten models with the most traffic, in order of the value."""
    return f"sort_desc({shortened(top(expression, family, MODEL, 10), 'model')})"


def cost():
    calls, spent = increase("llm_requests_total", by=MODEL), increase("llm_cost_usd_total", by=MODEL)
    return bars(
        "Cost of 1,000 calls",
        "What a thousand calls of your kind cost, over the time that is shown, of the ten models that cost most.",
        "currencyUSD",
        Query(ranked(f"1000 * ({spent}) / ({calls} > 0)", "llm_cost_usd_total"), "{{short_model}} · {{provider}}"),
    )


def speed(t: Thresholds):
    return bars(
        "p95 of call time",
        f"Over the time that is shown, of the ten models with the most calls. Red from {t.latency_p95_seconds} s.",
        "s",
        Query(ranked(quantile(0.95, "llm_request_duration_seconds", by=MODEL, window="$__range"), "llm_requests_total"), "{{short_model}} · {{provider}}"),
        decimals=1,
        steps=rising(t.latency_p95_seconds / 2, t.latency_p95_seconds),
    )


def failures(t: Thresholds):
    failed = ratio(increase("llm_requests_total", FAILED, by=MODEL), increase("llm_requests_total", by=MODEL))
    return bars(
        "Error rate",
        f"Failed calls among all, over the time that is shown. Red from {t.error_ratio:.0%}.",
        "percentunit",
        Query(ranked(failed, "llm_requests_total"), "{{short_model}} · {{provider}}"),
        decimals=1,
        steps=rising(t.error_ratio / 2, t.error_ratio),
    )


def first_token(t: Thresholds):
    family = "llm_time_to_first_token_seconds"
    return bars(
        "p95 to the first token",
        f"Of calls that stream. Yellow from {t.ttft_floor_seconds} s.",
        "s",
        Query(ranked(quantile(0.95, family, by=MODEL, window="$__range"), f"{family}_count"), "{{short_model}} · {{provider}}"),
        empty=NO_STREAMS_SEEN,
        steps=rising(t.ttft_floor_seconds, 5 * t.ttft_floor_seconds),
    )


def tokens_a_second():
    family = "llm_time_per_output_token_seconds"
    return bars(
        "Tokens a second",
        "The median (p50) speed after the first token, of calls that stream.",
        "tok/s",
        Query(ranked(f"1 / ({quantile(0.5, family, by=MODEL, window='$__range')} > 0)", f"{family}_count"), "{{short_model}} · {{provider}}"),
        empty=NO_STREAMS_SEEN,
        decimals=0,
    )


def cache():
    hit = ratio(increase("llm_tokens_total", CACHED, by=MODEL), increase("llm_tokens_total", PROMPT, by=MODEL))
    return bars(
        "Prompt tokens from cache",
        "Tokens read from the provider's cache among prompt tokens, over the time that is shown.",
        "percentunit",
        Query(ranked(hit, "llm_tokens_total"), "{{short_model}} · {{provider}}"),
        empty=UNTOLD,
        decimals=0,
        maximum=1,
    )


def share():
    def of(by: str) -> str:
        return rate("llm_requests_total", by=by)

    largest = top(of(MODEL), "llm_requests_total", MODEL)
    return lines(
        "Calls by model",
        "Calls per second of the six models with the most, and of the others together.",
        "reqps",
        Query(shortened(largest, "model"), "{{short_model}} · {{provider}}"),
        rest=others(of, largest),
        stacked=True,
        interval="1m",
        link=links.of_series("tollgate-cost"),
    )


def tokens():
    def of(by: str) -> str:
        return rate("llm_tokens_total", OUTPUT, by=by)

    largest = top(of(MODEL), "llm_tokens_total", MODEL, 6, OUTPUT)
    return lines(
        "Output tokens by model",
        "Tokens generated per second, reasoning included, of the six models with the most, and of the others together.",
        "tok/s",
        Query(shortened(largest, "model"), "{{short_model}} · {{provider}}"),
        rest=others(of, largest),
        empty=UNTOLD,
        decimals=0,
        stacked=True,
        interval="1m",
        link=links.of_series("tollgate-cost"),
    )
