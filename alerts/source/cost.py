"""Alerts on money: spend, single dear calls, unpriced and unknown usage, the prompt cache."""

from .nouns import ENVIRONMENT, MODEL, PROVIDER_MODEL, SERVICE, Alert, Area, Record, over
from .thresholds import Thresholds

PROMPT = 'type=~"input.*|cache_.*"'


def area(t: Thresholds) -> Area:
    """The rules on money."""
    return Area("cost", records(), fast(t), slow_records(), slow(t))


def records() -> tuple[Record, ...]:
    """Dollars an hour by service, and the cache's share of the prompt."""
    return (
        Record("service:llm_cost_usd:rate1h", f"sum by ({SERVICE}) (rate(llm_cost_usd_total[1h]<at>))"),
        Record(
            "model:llm_prompt_tokens:rate1h", f"sum by ({MODEL}) (rate(llm_tokens_total{{{PROMPT}}}[1h]<at>))"
        ),
        Record(
            "model:llm_cache_hit:ratio_rate1h",
            f'sum by ({MODEL}) (rate(llm_tokens_total{{type=~"cache_read.*"}}[1h]<at>))\n'
            f"/ (sum by ({MODEL}) (rate(llm_tokens_total{{{PROMPT}}}[1h]<at>)) > 0)",
        ),
    )


def slow_records() -> tuple[Record, ...]:
    """Dollars of the last 24 hours."""
    return (Record("environment:llm_cost_usd:increase1d", f"sum by ({ENVIRONMENT}) (increase(llm_cost_usd_total[1d]<at>))"),)


def fast(t: Thresholds) -> tuple[Alert, ...]:
    """What burns now."""
    return (spend_rate(t), dear_call(t), unpriced(t), without_usage(t), cache_fallen(t))


def slow(t: Thresholds) -> tuple[Alert, ...]:
    """What adds up over a day."""
    return (over_budget(t), on_pace(t), *(dimension(t, name) for name in t.dimensions))


def over_budget(t: Thresholds) -> Alert:
    return Alert(
        "LLMSpendOverDailyBudget",
        "page",
        f"environment:llm_cost_usd:increase1d > {t.spend_day_usd}",
        "${{ printf \"%.2f\" $value }} spent on LLM calls in 24 hours in {{ $labels.environment }}",
        f"The budget is ${t.spend_day_usd} in any 24 hours. Dashboard Cost shows which model, service and kind of token it went to.",
        "cost",
        ("environment",),
    )


def on_pace(t: Thresholds) -> Alert:
    return Alert(
        "LLMSpendOnPaceToPassBudget",
        "ticket",
        f"sum by ({ENVIRONMENT}) (service:llm_cost_usd:rate1h) * 86400 > {t.spend_day_usd}\n"
        f"and environment:llm_cost_usd:increase1d > {t.spend_pace_floor_usd}\n"
        f"and environment:llm_cost_usd:increase1d <= {t.spend_day_usd}",
        "On pace to spend ${{ printf \"%.0f\" $value }} on LLM calls in 24 hours in {{ $labels.environment }}",
        f"At the pace of the last hour the budget of ${t.spend_day_usd} in 24 hours will be passed.",
        "cost",
        ("environment",),
        wait="15m",
    )


def spend_rate(t: Thresholds) -> Alert:
    now = "service:llm_cost_usd:rate1h"
    return Alert(
        "LLMSpendRateAboveUsual",
        "page",
        f"({now} > {t.spend_rate_multiple} * {now} offset 1d\n"
        f"  unless {now} <= {t.spend_rate_multiple} * {now} offset 1w) * 3600 > {t.spend_rate_floor_usd_hour}",
        "{{ $labels.service_name }} spends ${{ printf \"%.2f\" $value }} an hour on LLM calls, many times the usual",
        f"More than {t.spend_rate_multiple} times what {{{{ $labels.service_name }}}} in {{{{ $labels.environment }}}} spent"
        " in the same hour of yesterday, and of last week where that is known. A loop, a new job or a dearer model.",
        "cost",
        ("environment", "service_name"),
        wait="5m",
    )


def dear_call(t: Thresholds) -> Alert:
    return Alert(
        "LLMCallCostHigh",
        "ticket",
        f"(\n{over('llm_request_cost_usd', t.spend_call_usd, MODEL, '15m')}\n) > 0.5",
        "{{ printf \"%.0f\" $value }} call(s) of {{ $labels.service_name }} to {{ $labels.model }} cost more than"
        f" ${t.spend_call_usd} each",
        "Seen in the last 15 minutes in {{ $labels.environment }}. The exemplars of the panel Cost per request lead to the traces.",
        "cost",
        ("environment", "service_name", "provider", "model"),
    )


def dimension(t: Thresholds, name: str) -> Alert:
    return Alert(
        "LLMDimensionSpendHigh",
        "ticket",
        f'sum by (environment, {name}) (increase(llm_cost_usd_total{{{name}!=""}}[1d])) > {t.spend_dimension_usd}',
        f"{name} {{{{ $labels.{name} }}}} spent ${{{{ printf \"%.2f\" $value }}}} on LLM calls in 24 hours",
        f"More than ${t.spend_dimension_usd} in 24 hours for one {name} in {{{{ $labels.environment }}}}.",
        "cost",
        ("environment",),
        labels={"dimension": name},
    )


def unpriced(t: Thresholds) -> Alert:
    return Alert(
        "LLMUnpricedTraffic",
        "ticket",
        f'sum by ({PROVIDER_MODEL}) (increase(llm_priced_requests_total{{price_source="unpriced"}}[1h])) > {t.unpriced_requests_1h}',
        "{{ printf \"%.0f\" $value }} calls to {{ $labels.model }} in an hour have no price",
        "Their tokens are counted, their dollars are not: spend in {{ $labels.environment }} is higher than shown."
        " Add a price for {{ $labels.provider }} / {{ $labels.model }} to the configuration, or load a newer catalogue.",
        "cost",
        ("environment", "provider", "model"),
        wait="5m",
    )


def without_usage(t: Thresholds) -> Alert:
    calls = f"sum by ({MODEL}) (increase(llm_requests_total[1h]))"
    fine = f'sum by ({MODEL}) (increase(llm_requests_total{{error_class="none"}}[1h]))'
    failed = f'(sum by ({MODEL}) (increase(llm_requests_total{{error_class!="none"}}[1h])) or 0 * {calls})'
    return Alert(
        "LLMCallsWithoutUsage",
        "info",
        f"(sum by ({MODEL}) (increase(llm_requests_without_usage_total[1h]))\n"
        f"  - {failed})\n/ ({fine} > {t.floor_requests_1h}) > {t.without_usage_ratio}",
        "{{ $value | humanizePercentage }} of calls of {{ $labels.service_name }} to {{ $labels.model }} do not say their tokens",
        "Neither tokens nor dollars of these calls are known. Most often streaming without the option that asks the provider for"
        f" usage. Failed calls are left out; the threshold is {t.without_usage_ratio:.0%} of successful calls in an hour.",
        "cost",
        ("environment", "service_name", "provider", "model"),
        wait="15m",
    )


def cache_fallen(t: Thresholds) -> Alert:
    now = "model:llm_cache_hit:ratio_rate1h"
    return Alert(
        "LLMCacheHitRateFallen",
        "ticket",
        f"{now} < {t.cache_hit_fall} * ({now} offset 1d >= {t.cache_hit_floor})\n"
        f"and model:llm_prompt_tokens:rate1h * 3600 > {t.floor_input_tokens_1h}",
        "Prompt cache hit rate of {{ $labels.service_name }} on {{ $labels.model }} fell to {{ $value | humanizePercentage }}",
        f"Under {t.cache_hit_fall:.0%} of what it was at this hour yesterday. A prompt whose beginning changed is billed in full.",
        "cost",
        ("environment", "service_name", "provider", "model"),
        wait="15m",
    )
