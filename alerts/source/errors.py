"""Alerts on failing calls: how many, and why."""

from .nouns import FAILED, MODEL, PROVIDER_MODEL, Alert, Area, Record
from .thresholds import Thresholds

CALL = ("environment", "service_name", "provider", "model")


def area(t: Thresholds) -> Area:
    """The rules on failures."""
    alerts = (error_rate(t), quota(t), access(t), not_found(t), rate_limited(t), overloaded(t), retries(t))
    return Area("errors", records(), alerts)


def records() -> tuple[Record, ...]:
    """Calls and failed calls per second, over five minutes and over an hour."""
    return tuple(
        Record(f"model:llm_{name}:rate{window}", f"sum by ({MODEL}) (rate(llm_requests_total{selector}[{window}]<at>))")
        for window in ("5m", "1h")
        for name, selector in (("requests", ""), ("failed_requests", f"{{{FAILED}}}"))
    )


def error_rate(t: Thresholds) -> Alert:
    short, long = (f"model:llm_failed_requests:rate{w} / model:llm_requests:rate{w}" for w in ("5m", "1h"))
    return Alert(
        "LLMErrorRateHigh",
        "page",
        f"{short} > {t.error_ratio}\nand {long} > {t.error_ratio}\n"
        f"and model:llm_requests:rate5m * 300 >= {t.floor_requests_5m}",
        "{{ $value | humanizePercentage }} of calls of {{ $labels.service_name }} to {{ $labels.model }} fail",
        f"More than {t.error_ratio:.0%} of calls failed over 5 minutes and over 1 hour ({{{{ $labels.provider }}}},"
        " {{ $labels.environment }}). Calls that the caller gave up are not failures. Dashboard Errors tells the cause.",
        "errors",
        CALL,
        wait="2m",
    )


def quota(t: Thresholds) -> Alert:
    return Alert(
        "LLMQuotaExhausted",
        "page",
        f'sum by ({MODEL}) (increase(llm_requests_total{{error_class="quota_exhausted"}}[{t.quota_window}])) > 0',
        "{{ $labels.provider }} refuses {{ $labels.service_name }}: quota or credit for {{ $labels.model }} is used up",
        f"{{{{ printf \"%.0f\" $value }}}} calls were refused in {t.quota_window} in {{{{ $labels.environment }}}}. Waiting does not"
        " help: somebody must add credit or raise the spend limit at {{ $labels.provider }}, or traffic must move.",
        "errors",
        CALL,
    )


def access(t: Thresholds) -> Alert:
    """Authentication and permission, where the same service and provider worked before."""
    failures = f'increase(llm_requests_total{{error_class=~"authentication|permission"}}[10m])'
    successes = f'increase(llm_requests_total{{error_class="none"}}[{t.worked_before}] offset 10m)'
    return Alert(
        "LLMAccessDenied",
        "page",
        f"sum by ({MODEL}, error_class) ({failures}) >= {t.access_failures_10m}\n"
        f"and on (environment, service_name, provider)\n  sum by (environment, service_name, provider) ({successes}) > 0",
        "{{ $labels.provider }} denies {{ $labels.service_name }} access to {{ $labels.model }} ({{ $labels.error_class }})",
        "{{ printf \"%.0f\" $value }} calls failed in 10 minutes in {{ $labels.environment }}, though this service's calls to"
        f" {{{{ $labels.provider }}}} worked in the last {t.worked_before}. A key was revoked, rotated or lost a right.",
        "errors",
        CALL,
    )


def not_found(t: Thresholds) -> Alert:
    failures = 'increase(llm_requests_total{error_class="model_not_found"}[10m])'
    successes = f'increase(llm_requests_total{{error_class="none"}}[{t.worked_before}] offset 10m)'
    return Alert(
        "LLMModelGone",
        "page",
        f"sum by ({MODEL}) ({failures}) > 0\n"
        f"and on (environment, provider, model)\n  sum by ({PROVIDER_MODEL}) ({successes}) > 0",
        "{{ $labels.provider }} no longer finds model {{ $labels.model }}, asked for by {{ $labels.service_name }}",
        "{{ printf \"%.0f\" $value }} calls failed in 10 minutes in {{ $labels.environment }}. The model worked in the last"
        f" {t.worked_before}: it was retired, renamed, or this account lost it.",
        "errors",
        CALL,
    )


def class_ratio(error_class: str) -> str:
    """The part of calls that failed for one cause, over five minutes, by provider and model."""
    return (
        f'sum by ({PROVIDER_MODEL}) (rate(llm_requests_total{{error_class="{error_class}"}}[5m]))\n'
        f"/ sum by ({PROVIDER_MODEL}) (model:llm_requests:rate5m)"
    )


def traffic(t: Thresholds) -> str:
    """The least traffic of a provider's model worth an opinion."""
    return f"sum by ({PROVIDER_MODEL}) (model:llm_requests:rate5m) * 300 >= {t.floor_requests_5m}"


def rate_limited(t: Thresholds) -> Alert:
    return Alert(
        "LLMRateLimited",
        "page",
        f"{class_ratio('rate_limit')} > {t.rate_limit_ratio}\nand {traffic(t)}",
        "{{ $labels.provider }} rate-limits {{ $value | humanizePercentage }} of calls to {{ $labels.model }}",
        f"More than {t.rate_limit_ratio:.0%} of calls over 5 minutes in {{{{ $labels.environment }}}} were answered 429."
        " Dashboard Rate limits shows which limit is full and when it refills.",
        "limits",
        ("environment", "provider", "model"),
        wait="1m",
    )


def overloaded(t: Thresholds) -> Alert:
    return Alert(
        "LLMProviderOverloaded",
        "ticket",
        f"{class_ratio('overloaded')} > {t.overloaded_ratio}\nand {traffic(t)}",
        "{{ $labels.provider }} has no capacity for {{ $value | humanizePercentage }} of calls to {{ $labels.model }}",
        f"More than {t.overloaded_ratio:.0%} of calls over 5 minutes in {{{{ $labels.environment }}}}. It is the provider's"
        " capacity, not your limit: fall back to another model or region, and look at its status page.",
        "errors",
        ("environment", "provider", "model"),
        wait="5m",
    )


def retries(t: Thresholds) -> Alert:
    calls = f"sum by ({MODEL}) (increase(llm_requests_total[10m]))"
    return Alert(
        "LLMRetryStorm",
        "ticket",
        f"sum by ({MODEL}) (increase(llm_retries_total[10m]))\n/ ({calls} >= {2 * t.floor_requests_5m}) > {t.retries_per_request}",
        "{{ $labels.service_name }} retries calls to {{ $labels.model }} {{ printf \"%.1f\" $value }} times each",
        f"More than {t.retries_per_request} hidden attempts per call over 10 minutes in {{{{ $labels.environment }}}}. Retries"
        " multiply load on a provider that is already refusing, and hide its errors behind long calls.",
        "errors",
        CALL,
        wait="5m",
    )
