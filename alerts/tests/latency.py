"""What the alerts on time and size must do. Histograms are given by the few buckets that decide."""

from .nouns import CALL_LABELS, Case, Series, call, requests


def histogram(family: str, count: str, **buckets: str) -> Series:
    """Buckets by their edge, `le_10="…"`; the count is the last bucket."""
    edges = {name.removeprefix("le_"): values for name, values in buckets.items()} | {"+Inf": count}
    series = call(f"{family}_count", count)
    for edge, values in edges.items():
        series |= call(f"{family}_bucket", values, le=edge)
    return series


def duration(count: str, **buckets: str) -> Series:
    return histogram("llm_request_duration_seconds", count, **buckets)


def first_token(count: str, **buckets: str) -> Series:
    return histogram("llm_time_to_first_token_seconds", count, **buckets)


def prompts(count: str, **buckets: str) -> Series:
    return histogram("llm_request_input_tokens", count, **buckets)


def streaming(values: str, streams: str, over_10s: str) -> Series:
    return call("llm_streaming_requests_total", values, streaming=streams, over_10s=over_10s)


CASES = [
    Case(
        "LLMLatencyHigh",
        fires_at="20m",
        silent_again_at="60m",
        series=duration("0+10x90", le_30="0+9x30 270+10x60", le_45="0+10x90"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: p95 of calls of checkout to gpt-4o is 38 s",
        description="More than 30 s over 10 minutes in prod. Dashboard Latency shows whether it is the first token, the tokens after it, or larger prompts.",
        fires_too={
            "a restart in the middle": (
                "40m",
                duration("0+10x25 0+10x30", le_30="0+9x25 0+9x30", le_45="0+10x25 0+10x30"),
            ),
            "a new model": ("50m", duration("_x30 0+10x30", le_30="_x30 0+9x30", le_45="_x30 0+10x30")),
        },
        stays_silent={
            "just below: 4.9 % take longer": ("20m", duration("0+1000x60", le_20="0+0x60", le_30="0+951x60", le_45="0+1000x60")),
            "two calls a minute": ("20m", duration("0+2x60", le_30="0+1x60", le_45="0+2x60")),
            "no traffic": ("20m", duration("7+0x60", le_30="0+0x60", le_45="7+0x60")),
        },
    ),
    Case(
        "LLMTimeToFirstTokenRegressed",
        fires_at="26h",
        silent_again_at="30h",
        series=first_token("0+100x400", le_1="0+99x144 14256+10x12 14376+99x200", le_2="0+100x144 14400+10x12 14520+100x200", le_3="0+100x400"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: gpt-4o takes 2.9 s to the first token for checkout",
        description="p95 over 30 minutes is more than 2 times that of the same time yesterday in prod.",
        step="10m",
        fires_too={
            "a restart in the middle": (
                "26h",
                first_token("0+100x145 0+100x40", le_1="0+99x145 0+10x40", le_2="0+100x145 0+10x40", le_3="0+100x145 0+100x40"),
            ),
            "a second replica joins, new and slow": (
                "26h",
                first_token("0+100x200", le_1="0+99x200", le_2="0+100x200", le_3="0+100x200")
                | {
                    name.replace("operation=", 'instance="b",operation='): values
                    for name, values in first_token("_x144 0+300x40", le_1="_x144 0+0x40", le_2="_x144 0+0x40", le_3="_x144 0+300x40").items()
                },
            ),
        },
        stays_silent={
            "just below: 1.9 times": (
                "26h",
                first_token("0+100x200", le_1="0+0x200", le_2="0+95x144 13680+9x40", le_3="0+100x200", le_5="0+100x200"),
            ),
            "twice as slow, but under 2 s": (
                "26h",
                first_token("0+100x200", **{"le_0.5": "0+99x144 14256+0x40"}, le_1="0+100x144 14400+80x40", **{"le_1.5": "0+100x200"}),
            ),
            "ten calls an hour": ("26h", first_token("0+2x400", le_1="0+2x144 288+0x40", le_2="0+2x144 288+0x40", le_3="0+2x400")),
            "no history": ("2h", first_token("0+100x40", le_1="0+10x40", le_2="0+10x40", le_3="0+100x40")),
        },
    ),
    Case(
        "LLMContextLarge",
        fires_at="20m",
        silent_again_at="60m",
        series=prompts("0+10x90", le_80000="0+9x20 180+10x70", le_100000="0+10x90"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: 20 calls of checkout to gpt-4o in 30 minutes had prompts over 80k tokens",
        description="Threshold: more than 5 such calls in prod. Long prompts answer late, cost more (some models have a dearer tier) and come near the end of the context window.",
        fires_too={
            "edges as OpenMetrics writes them": ("20m", prompts("0+10x90", **{"le_80000.0": "0+9x90"})),
            "a restart in the middle": ("30m", prompts("0+10x15 0+10x20", le_80000="0+9x15 0+9x20")),
            "a new model": ("40m", prompts("_x20 0+10x30", le_80000="_x20 0+9x30")),
        },
        stays_silent={
            "just below: 5 calls": ("20m", prompts("0+10x90", le_80000="0+10x10 105+10x60")),
            "every prompt of exactly 80,000 tokens": ("20m", prompts("0+10x90", le_50000="0+0x90", le_80000="0+10x90")),
            "no traffic": ("20m", prompts("9+0x60", le_80000="0+0x60")),
        },
    ),
    Case(
        "LLMContextVeryLarge",
        fires_at="20m",
        silent_again_at="60m",
        series=prompts("0+10x90", le_80000="0+8x90", le_100000="0+9x20 180+10x70"),
        labels={"severity": "ticket"} | CALL_LABELS,
        summary="prod: 20 calls of checkout to gpt-4o in 30 minutes had prompts over 100k tokens",
        description="Threshold: more than 5 such calls in prod. Long prompts answer late, cost more (some models have a dearer tier) and come near the end of the context window.",
        fires_too={
            "a restart in the middle": ("30m", prompts("0+10x15 0+10x20", le_100000="0+9x15 0+9x20")),
            "a new model": ("40m", prompts("_x20 0+10x30", le_100000="_x20 0+9x30")),
        },
        stays_silent={
            "just below: 5 calls": ("20m", prompts("0+10x90", le_100000="0+10x10 105+10x60")),
            "over 80k but not over 100k": ("20m", prompts("0+10x90", le_80000="0+0x90", le_100000="0+10x90")),
        },
    ),
    Case(
        "LLMContextGrowing",
        fires_at="194h",
        silent_again_at="340h",
        series=prompts("0+100x2200", le_16000="0+99x1008 99792+0x1200", le_32000="0+100x2200"),
        labels={"severity": "info"} | CALL_LABELS,
        summary="prod: Prompts of checkout to gpt-4o have grown to 31.2k tokens (p95)",
        description="The p95 of 24 hours is more than 1.3 times that of the same day last week in prod. Often a conversation or a list of tools that is never cut.",
        step="10m",
        fires_too={
            "a restart in between": ("194h", prompts("0+100x1100 0+100x100", le_16000="0+99x1008 99792+0x92 0+0x100", le_32000="0+100x1100 0+100x100")),
        },
        stays_silent={
            "just below: 1.25 times": ("194h", prompts("0+100x1200", le_16000="0+50x1008 50400+0x200", le_32000="0+100x1200")),
            "grown, but small": ("194h", prompts("0+100x1200", le_4000="0+99x1008 99792+0x200", le_8000="0+100x1200")),
            "no history": ("48h", prompts("0+100x300", le_16000="0+0x300", le_32000="0+100x300")),
        },
    ),
    Case(
        "LLMSlowCallsNotStreaming",
        fires_at="60m",
        silent_again_at="160m",
        series=streaming("0+1x60 60+0x120", "false", "true") | streaming("0+9x180", "false", "false"),
        labels={"severity": "info"} | CALL_LABELS,
        summary="prod: 60 calls of checkout to gpt-4o in an hour took over 10 s and do not stream",
        description="Whoever waits for these sees nothing until the end, and idle connections are cut by proxies. In prod.",
        fires_too={
            "a restart in the middle": ("70m", streaming("0+1x30 0+1x60", "false", "true")),
            "a new service": ("90m", streaming("_x40 0+1x60", "false", "true")),
        },
        stays_silent={
            "just below: 5 in an hour": ("60m", streaming("0+0x10 5+0x100", "false", "true")),
            "they stream": ("60m", streaming("0+1x100", "true", "true")),
            "it is not known whether they stream": ("60m", streaming("0+1x100", "unknown", "true")),
            "they are fast": ("60m", streaming("0+9x100", "false", "false")),
        },
    ),
]
