"""Latency and streaming: who waits, and for what?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import NO_STREAMS_SEEN, UNTOLD, Column, Labels, Query, bars, grid, heat, lines, rising, tile
from .queries import NO_CALLS, NO_STREAMS, TOLD_BY_NONE, above, increase, quantile, rate, ratio, shortened, told, top

MODEL = "provider, model"
DURATION, FIRST, PER_TOKEN = "llm_request_duration_seconds", "llm_time_to_first_token_seconds", "llm_time_per_output_token_seconds"
PROMPT, BY_SIZE = "llm_request_input_tokens", "llm_request_duration_by_input_seconds"
SIZES = ("0-8k", "8k-32k", "32k-80k", "80k-100k", "100k-200k", "200k+")
SLOW = 'over_10s="true", streaming="false"'


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-latency",
        "LLM / Latency and streaming",
        "Who waits, and for what? The whole call, the first token, each token after it, and how much the size of the prompt matters.",
        (
            Row(4, tiles(t)),
            Row(10, ((12, percentiles(t)), (12, by_model(t)))),
            Row(10, ((12, first_token(t)), (12, per_token()))),
            Row(10, ((12, cliff(t)), (12, cliff_over_time(t))), "Context: the 100k cliff"),
            Row(10, ((12, prompt_size(t)), (12, large_prompts(t)))),
            Row(9, ((24, distribution()),), "Where the time goes"),
            Row(9, ((24, not_streaming(t)),)),
        ),
    )


def tiles(t: Thresholds) -> tuple:
    slow = rising(t.latency_p95_seconds / 2, t.latency_p95_seconds)
    streams = increase("llm_streaming_requests_total", 'streaming="true"')
    whole = increase("llm_streaming_requests_total", 'streaming=~"true|false"')
    made = f"{increase('llm_requests_total', window='5m')} > 0"
    percentile = [
        (
            4,
            tile(
                f"{name}, 5 min",
                f"{rest} of calls take longer: the {name} of call time in the last five minutes. Red from {t.latency_p95_seconds} s.",
                "s",
                Query(told(quantile(q, DURATION, window="5m"))),
                decimals=1,
                steps=slow,
            ),
        )
        for q, name, rest in ((0.5, "p50", "Half"), (0.95, "p95", "5 %"), (0.99, "p99", "1 %"))
    ]
    return (
        *percentile,
        (
            4,
            tile(
                "First, 5 min",
                f"p95 of the time to the first token in the last five minutes, of calls that stream. Yellow from {t.ttft_floor_seconds} s.",
                "s",
                Query(told(quantile(0.95, FIRST, window="5m"), NO_CALLS, (made, NO_STREAMS))),
                steps=rising(t.ttft_floor_seconds, 5 * t.ttft_floor_seconds),
            ),
        ),
        (
            4,
            tile(
                "Tokens/s, 5 min",
                "The median (p50) speed, in the last five minutes, of calls that stream, after the first token.",
                "tok/s",
                Query(told(f"1 / ({quantile(0.5, PER_TOKEN, window='5m')} > 0)", NO_CALLS, (made, NO_STREAMS))),
                decimals=0,
            ),
        ),
        (
            4,
            tile(
                "Streaming",
                "Among successful calls whose spans tell, over the time that is shown.",
                "percentunit",
                Query(told(ratio(streams, whole), NO_CALLS, (f"{increase('llm_requests_total')} > 0", TOLD_BY_NONE))),
                decimals=0,
            ),
        ),
    )


def percentiles(t: Thresholds):
    return lines(
        "Call time",
        "Percentiles over all chosen calls. Points are single calls: a click on one leads to its trace. Dashed: the alert on p95.",
        "s",
        *(Query(quantile(q, DURATION), name, exemplars=True) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))),
        decimals=1,
        steps=((None, "green"), (t.latency_p95_seconds, "red")),
        interval="1m",
    )


def by_model(t: Thresholds):
    return lines(
        "p95 of call time by model",
        "Of the six models with the most calls.",
        "s",
        Query(shortened(top(quantile(0.95, DURATION, by=MODEL), f"{DURATION}_count", MODEL), "model"), "{{short_model}} · {{provider}}"),
        decimals=1,
        interval="1m",
        link=links.of_series("tollgate-errors"),
    )


def first_token(t: Thresholds):
    return lines(
        "p95 to the first token, by model",
        f"Of the six models with the most streams. What a person waits before anything appears. More than {t.ttft_multiple} times yesterday's opens a ticket.",
        "s",
        Query(shortened(top(quantile(0.95, FIRST, by=MODEL), f"{FIRST}_count", MODEL), "model"), "{{short_model}} · {{provider}}"),
        decimals=2,
        empty=NO_STREAMS_SEEN,
        interval="1m",
    )


def per_token():
    return lines(
        "Median time per output token, by model",
        "p50 of the six models with the most streams: how fast text comes after the first token: 20 ms are 50 tokens a second.",
        "s",
        Query(shortened(top(quantile(0.5, PER_TOKEN, by=MODEL), f"{PER_TOKEN}_count", MODEL), "model"), "{{short_model}} · {{provider}}"),
        decimals=1,
        empty=NO_STREAMS_SEEN,
        interval="1m",
    )


def cliff(t: Thresholds):
    return bars(
        "p95 of call time by size of the prompt",
        "Over the time that is shown. Where a step is much longer than the one before, long context begins to hurt.",
        "s",
        *(Query(quantile(0.95, BY_SIZE, f'input_size="{size}"', by="input_size", window="$__range"), "{{input_size}}") for size in SIZES),
        empty=UNTOLD,
        decimals=1,
        steps=rising(t.latency_p95_seconds / 2, t.latency_p95_seconds),
    )


def cliff_over_time(t: Thresholds):
    return lines(
        "p95 of call time by size of the prompt, over time",
        "Successful calls. Dashed: the alert on p95 of all calls.",
        "s",
        Query(quantile(0.95, BY_SIZE, by="input_size"), "{{input_size}}"),
        decimals=1,
        empty=UNTOLD,
        steps=((None, "green"), (t.latency_p95_seconds, "red")),
        interval="1m",
    )


def prompt_size(t: Thresholds):
    return lines(
        "Size of prompts",
        f"Tokens of the whole prompt, cached or not. Tickets are opened for prompts over {t.context_warning_tokens // 1000}k and {t.context_critical_tokens // 1000}k (dashed).",
        "short",
        *(Query(quantile(q, PROMPT), name, exemplars=True) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))),
        decimals=1,
        empty=UNTOLD,
        steps=rising(t.context_warning_tokens, t.context_critical_tokens),
        interval="1m",
    )


def large_prompts(t: Thresholds):
    sizes = (t.context_warning_tokens, t.context_critical_tokens)
    return lines(
        "Calls with very long prompts",
        "Calls per minute over each size. Some models have a dearer price tier from there; choose a service or model above to see whose.",
        "/min",
        *(Query(f"60 * ({above(PROMPT, size)})", f"over {size // 1000}k tokens") for size in sizes),
        decimals=1,
        empty=UNTOLD,
        interval="1m",
    )


def distribution():
    return heat(
        "Calls by duration",
        "How many calls took how long. Two bands are two kinds of call. Points lead to traces.",
        "s",
        Query(rate(f"{DURATION}_bucket", by="le"), "{{le}}", exemplars=True, interval="1m"),
    )


def not_streaming(t: Thresholds):
    by = "service_name, provider, model"
    told = increase("llm_streaming_requests_total", 'streaming=~"true|false"', by=by)
    return grid(
        "Who streams",
        "Successful calls whose spans tell, in the time that is shown. Slow: over 10 s without streaming, so whoever waits sees nothing"
        f" until the end. More than {t.slow_calls_1h} an hour are told as info.",
        Labels({"service_name": "Service", "provider": "Provider", "model": "Model"}, {"service_name": links.of_service("tollgate-latency")}),
        Column(told, "Calls", "locale", 0),
        Column(ratio(increase("llm_streaming_requests_total", 'streaming="true"', by=by), told), "Stream", "percentunit", 0),
        Column(f"({increase('llm_streaming_requests_total', SLOW, by=by)} or 0 * {told})", "Slow", "locale", 0, rising(1, t.slow_calls_1h), "color"),
        sort="Slow",
        empty=UNTOLD,
    )
