"""Alerts on money: spend, single dear calls, unpriced and unknown usage, the prompt cache."""

from .nouns import ENVIRONMENT, MODEL, PROVIDER_MODEL, SERVICE, Alert, Area, Record, over_exactly
from .thresholds import Thresholds

# Days since 1970, UTC; what ends at midnight belongs to the day before.
DAY_NUMBER = "scalar(floor(vector((time() - 1) / 86400)))"
PROMPT = 'type=~"input.*|cache_.*"'


def area(t: Thresholds) -> Area:
    """The rules on money."""
    return Area("cost", records(), fast(t), slow_records(), slow(t))


def records() -> tuple[Record, ...]:
    """Dollars an hour by service, and the cache's share of the prompt."""
    return (
        Record("service:llm_cost_usd:rate1h", f"sum by ({SERVICE}) (rate(llm_cost_usd_total[1h]<at>))"),
        Record("service:llm_cost_usd:rate15m", f"sum by ({SERVICE}) (rate(llm_cost_usd_total[15m]<at>))"),
        Record("environment:llm_cost_usd:rate15m", f"sum by ({ENVIRONMENT}) (service:llm_cost_usd:rate15m)"),
        Record("service:llm_cost_usd:usual", usual("service:llm_cost_usd:rate1h")),
        Record(
            "model:llm_prompt_tokens:rate1h", f"sum by ({MODEL}) (rate(llm_tokens_total{{{PROMPT}}}[1h]<at>))"
        ),
        Record(
            "model:llm_cache_hit:ratio_rate1h",
            f'sum by ({MODEL}) (rate(llm_tokens_total{{type=~"cache_read.*"}}[1h]<at>))\n'
            f"/ (sum by ({MODEL}) (rate(llm_tokens_total{{{PROMPT}}}[1h]<at>)) > 0)",
        ),
    )


def usual(rate: str) -> str:
    """The most of an hour to either side of this one yesterday and last week. Without a last week: of any hour known.

    An hour to either side: clocks change, and a batch each night does not start by the minute. Any hour known: on a first
    Saturday yesterday is no measure. The last six hours count only where there is no yesterday, so that a first morning is not
    held against a first night: a loop is no measure of itself.
    """
    week = f"max_over_time({rate}[2h] offset 167h)"
    either = " or ".join(
        f'label_replace({each}, "of", "{of}", "", "")'
        for of, each in (
            ("yesterday", f"max_over_time({rate}[2h] offset 23h)"),
            ("last week", week),
            ("ever", f"(max_over_time({rate}[6d:30m] offset 6h) unless {week})"),
            ("today", f"(max_over_time({rate}[6h:30m] offset 1h) unless max_over_time({rate}[2h] offset 23h) unless {week})"),
        )
    )
    return f"max by ({SERVICE}) ({either})"


def slow_records() -> tuple[Record, ...]:
    """Dollars of the last 24 hours, and since midnight UTC."""
    ten = "environment:llm_cost_usd:increase10m"
    return (
        Record("environment:llm_cost_usd:increase1d", f"sum by ({ENVIRONMENT}) (increase(llm_cost_usd_total[1d]<at>))"),
        Record(ten, f"sum by ({ENVIRONMENT}) (increase(llm_cost_usd_total[10m]<at>))"),
        # The last 24 hours lie in two days, d - 1 and d. With each part times its day: sum(x * day) - (d - 1) * sum(x) = today.
        Record(
            "environment:llm_cost_usd:today",
            f"clamp_min(sum_over_time(({ten} * {DAY_NUMBER})[1d:10m]) - ({DAY_NUMBER} - 1) * sum_over_time({ten}[1d:10m]), 0)",
        ),
    )


def fast(t: Thresholds) -> tuple[Alert, ...]:
    """What burns now."""
    return (spend_rate(t), dear_call(t), unpriced(t), without_usage(t), cache_fallen(t))


def slow(t: Thresholds) -> tuple[Alert, ...]:
    """What adds up over a day."""
    return (*over_budget(t), on_pace(t), *budgets(t), *(dimension(t, name) for name in t.dimensions))


def over_budget(t: Thresholds) -> tuple[Alert, Alert]:
    """A page while money still burns faster than the budget allows; when that is over, a ticket is enough."""
    spent, burns = f"environment:llm_cost_usd:increase1d > {t.spend_day_usd}", f"environment:llm_cost_usd:rate15m * 86400 > {t.spend_day_usd}"
    said = "${{ printf \"%.2f\" $value }} spent on LLM calls in 24 hours in {{ $labels.environment }}"
    told = f"The budget is ${t.spend_day_usd} in any 24 hours. "
    where = "Dashboard Cost shows which model, service and kind of token it went to."
    name, variables = "LLMSpendOverDailyBudget", ("environment",)
    return (
        Alert(name, "page", f"{spent}\nand {burns}", said, told + where, "cost", variables, keep="10m"),
        Alert(name, "ticket", f"{spent}\nunless {burns}", said, told + "The pace has fallen since. " + where, "cost", variables, keep="10m", lesser=True),
    )


def on_pace(t: Thresholds) -> Alert:
    """What was spent since midnight, and the rest of the day at the pace of the last hour."""
    today = "environment:llm_cost_usd:today"
    ledger = f"sum by ({ENVIRONMENT}) (llm_spend_day_usd)"
    so_far = f"({ledger} or {today} unless {ledger})"
    left = "(86400 - scalar(vector(time() % 86400)))"
    pace = f"{so_far} + sum by ({ENVIRONMENT}) (service:llm_cost_usd:rate1h) * {left}"
    return Alert(
        "LLMSpendOnPaceToPassBudget",
        "ticket",
        f"{pace} > {t.spend_day_usd}\nand {so_far} > {t.spend_pace_floor_usd}\nand {so_far} <= {t.spend_day_usd}",
        "on pace to spend ${{ printf \"%.0f\" $value }} on LLM calls today (UTC)",
        f"Spent since midnight UTC, and the rest of the day at the pace of the last hour: over the budget of ${t.spend_day_usd}"
        " for {{ $labels.environment }}.",
        "cost",
        ("environment",),
        wait="15m",
        keep="30m",
    )


def budgets(t: Thresholds) -> tuple[Alert, ...]:
    """The budgets of the configuration. Their ledger counts; rules only compare. One that is for an environment has its label."""
    spent = "{{ $value | humanizePercentage }} of budget {{ $labels.budget }} ({{ $labels.unit }} per {{ $labels.period }})"
    look = "`tollgate spend` and Tollgate's page /spend show who spent it."

    def alert(name: str, severity: str, expr: str, summary: str, description: str, wait: str = "0s") -> Alert:
        return Alert(name, severity, expr, summary, description, "cost", wait=wait, keep="10m", by_environment=False)

    used, forecast = ("max by (budget, period, unit, environment) (llm_budget_%s_ratio)" % name for name in ("used", "forecast"))
    return (
        alert("LLMBudgetSpent", "page", f"{used} >= 1", f"{spent} is spent", f"Nothing is left of it in this period. {look}"),
        alert(
            "LLMBudgetFilling",
            "ticket",
            f"{used} >= {t.budget_warning_ratio} < 1",
            f"{spent} is spent",
            f"From {t.budget_warning_ratio:.0%} on. {look}",
        ),
        alert(
            "LLMBudgetForecastOver",
            "ticket",
            f"{forecast} > 1 unless {used} >= 1",
            spent.replace("$value | humanizePercentage", "$value | humanizePercentage") + " is what the forecast for the end of the period says",
            f"At the present pace it will be passed. {look}",
            wait="30m",
        ),
        alert(
            "LLMBudgetStepPassed",
            "ticket",
            "max by (budget, step) (llm_budget_over) > 0",
            "{{ printf \"%.0f\" $value }} of those that share budget {{ $labels.budget }} are above {{ $labels.step }}",
            "Each has an amount of its own; names are not told here. /spend with a token names them.",
        ),
    )


def spend_rate(t: Thresholds) -> Alert:
    """Much more than usual, by several calls, in two quarters of an hour: one dear call is no spike."""
    now, quarter, many = "service:llm_cost_usd:rate1h", "service:llm_cost_usd:rate15m", t.spend_rate_multiple
    floor = t.spend_rate_floor_usd_hour / 3600
    usual = f"(clamp_min(service:llm_cost_usd:usual, {floor / many:.3g}) or 0 * {now} + {floor:.3g})"
    return Alert(
        "LLMSpendRateAboveUsual",
        "page",
        f"{now} * 3600 > 3600 * {many} * {usual}\n"
        f"and {quarter} > {many / 2:g} * {usual}\nand {quarter} offset 15m > {many / 2:g} * {usual}\n"
        f"and sum by ({SERVICE}) (increase(llm_requests_total[1h])) >= {t.spend_rate_calls}",
        "{{ $labels.service_name }} spent ${{ printf \"%.2f\" $value }} on LLM calls in the last hour, many times the usual",
        f"More than {many} times the most that {{{{ $labels.service_name }}}} spent in an hour at this time yesterday or last week, in"
        " {{ $labels.environment }}; without a last week, in any hour known. A loop, a new job or a dearer model.",
        "cost",
        ("environment", "service_name"),
        wait="2m",
        keep="30m",
    )


def dear_call(t: Thresholds) -> Alert:
    return Alert(
        "LLMCallCostHigh",
        "ticket",
        f"(\n{over_exactly('llm_request_cost_usd', t.spend_call_usd, MODEL, '15m')}\n) > 0.5",
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
