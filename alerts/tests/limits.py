"""What the alerts on rate limits must do."""

from .nouns import Case, Series

LABELS = {"provider": "anthropic", "model": "claude-sonnet-4-5", "account": "a1b2c3", "resource": "input_tokens"}
MINUTE = LABELS | {"window": "minute"}
DAY = LABELS | {"window": "day"}


def gauge(family: str, values: str, labels: dict[str, str] = MINUTE, **further: str) -> Series:
    named = labels | {"source": "header"} | further
    return {family + "{" + ",".join(f'{name}="{value}"' for name, value in named.items()) + "}": values}


def peak(values: str, **further: str) -> Series:
    return gauge("llm_rate_limit_peak_used_ratio", values, **further)


def exhaustion(values: str, labels: dict[str, str] = DAY) -> Series:
    return gauge("llm_rate_limit_exhaustion_seconds", values, labels)


CASES = [
    Case(
        "LLMRateLimitFilling",
        fires_at="10m",
        silent_again_at="35m",
        series=peak("0.85+0x20 0.2+0x20"),
        labels={"severity": "ticket", "environment": "unknown"} | MINUTE,
        summary="unknown: 85% of the limit input_tokens per minute of anthropic / claude-sonnet-4-5 is used",
        description="The peak of 2 minutes has stayed over 80% for 5 minutes (account a1b2c3). At 100 % calls are refused.",
        fires_too={
            "one of two replicas sees it": ("10m", peak("0.85+0x20", instance="a") | peak("0.1+0x20", instance="b")),
            "a limit seen for the first time": ("20m", peak("_x10 0.9+0x20")),
            "the value sets back and returns": ("25m", peak("0.85+0x8 0.1 0.85+0x20")),
        },
        stays_silent={
            "just below: 80 %": ("10m", peak("0.8+0x20")),
            "full for two minutes only": ("10m", peak("0.1+0x7 0.9 0.9 0.1+0x9")),
            "no longer known": ("20m", peak("0.85+0x4 stale")),
        },
    ),
    Case(
        "LLMRateLimitAlmostExhausted",
        fires_at="10m",
        silent_again_at="35m",
        series=peak("0.97+0x20 0.2+0x20"),
        labels={"severity": "ticket", "environment": "unknown"} | MINUTE,
        summary="unknown: 97% of the limit input_tokens per minute of anthropic / claude-sonnet-4-5 is used: refusals are next",
        description="The peak of 2 minutes has stayed over 95% for 2 minutes (account a1b2c3). While nothing is refused this wakes nobody; refusals page as LLMRateLimited.",
        fires_too={
            "one of two replicas sees it": ("10m", peak("0.99+0x20", instance="a") | peak("0.1+0x20", instance="b")),
            "over the limit": ("10m", peak("1.2+0x20")),
            "a limit seen for the first time": ("14m", peak("_x10 0.97+0x20")),
        },
        stays_silent={
            "just below: 95 %": ("10m", peak("0.95+0x20")),
            "full for a minute only": ("10m", peak("0.1+0x8 0.99 0.1+0x9")),
            "no longer known": ("20m", peak("0.99+0x1 stale")),
        },
    ),
    Case(
        "LLMRateLimitExhaustionSoon",
        fires_at="25m",
        silent_again_at="60m",
        series=exhaustion("1800-60x40 7200+0x40"),
        labels={"severity": "page", "environment": "unknown"} | DAY,
        summary="unknown: The limit input_tokens per day of anthropic / claude-sonnet-4-5 will be used up in 5m 0s",
        description="At the present pace, less than 600 s from now and before it refills (account a1b2c3). Calls will then fail until the window ends.",
        fires_too={"a limit seen for the first time": ("13m", exhaustion("_x10 300+0x20"))},
        stays_silent={
            "just above ten minutes": ("30m", exhaustion("600+0x40")),
            "it refills before it runs out": ("30m", exhaustion("300+0x40") | gauge("llm_rate_limit_reset_seconds", "200+0x40", DAY)),
            "a limit that refills within a minute": ("30m", exhaustion("30+0x40", MINUTE)),
            "the pace has slowed, so nothing is told": ("30m", exhaustion("300+0x0 stale")),
        },
    ),
]
