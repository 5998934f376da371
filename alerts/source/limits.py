"""Alerts on rate limits that fill up."""

from .nouns import LIMIT, Alert, Area, Record
from .thresholds import Thresholds

FAMILY = ("provider",)
WHICH = "{{ $labels.resource }} per {{ $labels.window }} of {{ $labels.provider }} / {{ $labels.model }}"


def area(t: Thresholds) -> Area:
    """The rules on rate limits."""
    return Area("limits", records(), (full(t), nearly_out(t), exhaustion(t)))


def records() -> tuple[Record, ...]:
    """Several replicas see parts of one limit: the fullest view is the nearest to the truth."""
    return (Record("limit:llm_rate_limit_peak_used_ratio:max", f"max by ({LIMIT}) (llm_rate_limit_peak_used_ratio<at>)"),)


def full(t: Thresholds) -> Alert:
    return Alert(
        "LLMRateLimitFilling",
        "ticket",
        f"limit:llm_rate_limit_peak_used_ratio:max > {t.limit_warning_ratio}",
        f"{{{{ $value | humanizePercentage }}}} of the limit {WHICH} is used",
        f"The peak of 2 minutes has stayed over {t.limit_warning_ratio:.0%} for 5 minutes (account {{{{ $labels.account }}}})."
        " At 100 % calls are refused.",
        "limits",
        FAMILY,
        wait="5m",
    )


def nearly_out(t: Thresholds) -> Alert:
    return Alert(
        "LLMRateLimitAlmostExhausted",
        "page",
        f"limit:llm_rate_limit_peak_used_ratio:max > {t.limit_critical_ratio}",
        f"{{{{ $value | humanizePercentage }}}} of the limit {WHICH} is used: refusals are next",
        f"The peak of 2 minutes has stayed over {t.limit_critical_ratio:.0%} for 2 minutes (account {{{{ $labels.account }}}}).",
        "limits",
        FAMILY,
        wait="2m",
    )


def exhaustion(t: Thresholds) -> Alert:
    """Of limits that take longer than a minute to refill; the short ones are seen by their peak."""
    return Alert(
        "LLMRateLimitExhaustionSoon",
        "page",
        f'min by ({LIMIT}) (llm_rate_limit_exhaustion_seconds{{window!~"second|minute"}}) < {t.limit_exhaustion_seconds}',
        f"The limit {WHICH} will be used up in {{{{ $value | humanizeDuration }}}}",
        f"At the present pace, less than {t.limit_exhaustion_seconds} s from now and before it refills (account"
        " {{ $labels.account }}). Calls will then fail until the window ends.",
        "limits",
        FAMILY,
        wait="1m",
    )
