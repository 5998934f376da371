"""Alerts on slow calls, streams that start late, and prompts that grow."""

from .nouns import MODEL, Alert, Area, Record, over_exactly, quantile
from .thresholds import Thresholds

CALL = ("environment", "service_name", "provider", "model")


def area(t: Thresholds) -> Area:
    """The rules on time and on the size of prompts."""
    context = tuple(context_large(t, *level) for level in levels(t))
    return Area("latency", records(), (slow_calls(t), first_token(t), *context), slow_records(), (not_streaming(t), context_grows(t)))


def records() -> tuple[Record, ...]:
    """Percentiles over minutes."""
    return (
        Record("model:llm_request_duration_seconds:p95_10m", quantile("llm_request_duration_seconds", 0.95, MODEL, "10m")),
        Record("model:llm_time_to_first_token_seconds:p95_30m", quantile("llm_time_to_first_token_seconds", 0.95, MODEL, "30m")),
    )


def slow_records() -> tuple[Record, ...]:
    """Percentiles over a day."""
    return (Record("model:llm_request_input_tokens:p95_1d", quantile("llm_request_input_tokens", 0.95, MODEL, "1d")),)


def levels(t: Thresholds) -> tuple[tuple[str, int], ...]:
    """The two sizes of prompt worth a ticket."""
    return (("LLMContextLarge", t.context_warning_tokens), ("LLMContextVeryLarge", t.context_critical_tokens))


def slow_calls(t: Thresholds) -> Alert:
    return Alert(
        "LLMLatencyHigh",
        "ticket",
        f"model:llm_request_duration_seconds:p95_10m > {t.latency_p95_seconds}\n"
        f"and sum by ({MODEL}) (increase(llm_request_duration_seconds_count[10m])) >= {2 * t.floor_requests_5m}",
        "p95 of calls of {{ $labels.service_name }} to {{ $labels.model }} is {{ printf \"%.0f\" $value }} s",
        f"More than {t.latency_p95_seconds} s over 10 minutes in {{{{ $labels.environment }}}}. Dashboard Latency shows whether it"
        " is the first token, the tokens after it, or larger prompts.",
        "latency",
        CALL,
        wait="5m",
    )


def first_token(t: Thresholds) -> Alert:
    now = "model:llm_time_to_first_token_seconds:p95_30m"
    return Alert(
        "LLMTimeToFirstTokenRegressed",
        "ticket",
        f"{now} > {t.ttft_multiple} * {now} offset 1d\nand {now} > {t.ttft_floor_seconds}\n"
        f"and sum by ({MODEL}) (increase(llm_time_to_first_token_seconds_count[30m])) >= {2 * t.floor_requests_5m}",
        "{{ $labels.model }} takes {{ printf \"%.1f\" $value }} s to the first token for {{ $labels.service_name }}",
        f"p95 over 30 minutes is more than {t.ttft_multiple} times that of the same time yesterday in {{{{ $labels.environment }}}}.",
        "latency",
        CALL,
        wait="10m",
    )


def context_large(t: Thresholds, name: str, tokens: int) -> Alert:
    return Alert(
        name,
        "ticket",
        f"(\n{over_exactly('llm_request_input_tokens', tokens, MODEL, '30m')}\n) > {t.context_calls_30m}",
        "{{ printf \"%.0f\" $value }} calls of {{ $labels.service_name }} to {{ $labels.model }} in 30 minutes had prompts over"
        f" {tokens // 1000}k tokens",
        f"Threshold: more than {t.context_calls_30m} such calls in {{{{ $labels.environment }}}}. Long prompts answer late, cost more"
        " (some models have a dearer tier) and come near the end of the context window.",
        "latency",
        CALL,
    )


def context_grows(t: Thresholds) -> Alert:
    now = "model:llm_request_input_tokens:p95_1d"
    return Alert(
        "LLMContextGrowing",
        "info",
        f"{now} > {t.context_growth} * {now} offset 1w\nand {now} > {t.context_growth_floor_tokens}",
        "Prompts of {{ $labels.service_name }} to {{ $labels.model }} have grown to {{ $value | humanize }} tokens (p95)",
        f"The p95 of 24 hours is more than {t.context_growth} times that of the same day last week in {{{{ $labels.environment }}}}."
        " Often a conversation or a list of tools that is never cut.",
        "latency",
        CALL,
        wait="1h",
    )


def not_streaming(t: Thresholds) -> Alert:
    return Alert(
        "LLMSlowCallsNotStreaming",
        "info",
        f'sum by ({MODEL}) (increase(llm_streaming_requests_total{{streaming="false", over_10s="true"}}[1h])) > {t.slow_calls_1h}',
        "{{ printf \"%.0f\" $value }} calls of {{ $labels.service_name }} to {{ $labels.model }} in an hour took over 10 s and do not stream",
        "Whoever waits for these sees nothing until the end, and idle connections are cut by proxies. In {{ $labels.environment }}.",
        "latency",
        CALL,
        wait="15m",
    )
