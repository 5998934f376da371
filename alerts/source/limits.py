"""Alerts on rate limits that fill up.

A full limit with nothing refused wakes nobody: a limit breathes. What is refused pages as LLMRateLimited. Only a limit of
hours or days that will run dry before it refills pages beforehand.
"""

from .nouns import LIMIT, Alert, Area, Record
from .thresholds import Thresholds

FAMILY = ("environment", "provider")
WHICH = "{{ $labels.resource }} per {{ $labels.window }} of {{ $labels.provider }} / {{ $labels.model }}"


def area(t: Thresholds) -> Area:
    """The rules on rate limits."""
    return Area("limits", records(t), (full(t), nearly_out(t), exhaustion(t)))


def records(t: Thresholds) -> tuple[Record, ...]:
    """Several replicas see parts of one limit: the fullest view is the nearest to the truth."""
    calls = "sum by (environment, provider) (last_over_time(llm_requests_total{}[1h]))"
    wakes = '{environment=~"%s"}' % "|".join(t.page_environments)
    return (
        Record("limit:llm_rate_limit_peak_used_ratio:max", f"max by ({LIMIT}) (llm_rate_limit_peak_used_ratio<at>)"),
        # A limit is an account's and has no environment: the busiest one that uses the provider stands for it, one that
        # wakes somebody before others.
        Record(
            "provider:llm_environment:busiest",
            f"0 * topk by (provider) (1, 1e9 + {calls.replace('{}', wakes)} or {calls.replace('{}', '')}) + 1",
        ),
    )


def somewhere(expr: str) -> str:
    """A limit with the environment that it is felt in; `unknown` where there are no calls yet."""
    busiest = "provider:llm_environment:busiest"
    return (
        f"label_replace(\n  ({expr}) * on (provider) group_left (environment) {busiest}\n"
        f"  or ({expr}) unless on (provider) {busiest},\n  "
        '"environment", "unknown", "environment", ""\n)'
    )


def full(t: Thresholds) -> Alert:
    return Alert(
        "LLMRateLimitFilling",
        "ticket",
        somewhere(f"limit:llm_rate_limit_peak_used_ratio:max > {t.limit_warning_ratio}"),
        f"{{{{ $value | humanizePercentage }}}} of the limit {WHICH} is used",
        f"The peak of 2 minutes has stayed over {t.limit_warning_ratio:.0%} for 5 minutes (account {{{{ $labels.account }}}})."
        " At 100 % calls are refused.",
        "limits",
        FAMILY,
        wait="5m",
        keep="10m",
    )


def nearly_out(t: Thresholds) -> Alert:
    return Alert(
        "LLMRateLimitAlmostExhausted",
        "ticket",
        somewhere(f"limit:llm_rate_limit_peak_used_ratio:max > {t.limit_critical_ratio}"),
        f"{{{{ $value | humanizePercentage }}}} of the limit {WHICH} is used: refusals are next",
        f"The peak of 2 minutes has stayed over {t.limit_critical_ratio:.0%} for 2 minutes (account {{{{ $labels.account }}}}). While"
        " nothing is refused this wakes nobody; refusals page as LLMRateLimited.",
        "limits",
        FAMILY,
        wait="2m",
        keep="10m",
    )


def exhaustion(t: Thresholds) -> Alert:
    """Of limits that take longer than a minute to refill, and do not refill first; the short ones are seen by their peak."""
    selector = '{window!~"second|minute"}'
    soon = f"min by ({LIMIT}) (llm_rate_limit_exhaustion_seconds{selector})"
    refill = f"min by ({LIMIT}) (llm_rate_limit_reset_seconds{selector})"
    return Alert(
        "LLMRateLimitExhaustionSoon",
        "page",
        somewhere(f"{soon} < {t.limit_exhaustion_seconds} unless {refill} <= {soon}"),
        f"The limit {WHICH} will be used up in {{{{ $value | humanizeDuration }}}}",
        f"At the present pace, less than {t.limit_exhaustion_seconds} s from now and before it refills (account"
        " {{ $labels.account }}). Calls will then fail until the window ends.",
        "limits",
        FAMILY,
        wait="3m",
        keep="10m",
    )
