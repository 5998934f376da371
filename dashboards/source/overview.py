"""Overview: is all well?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import AMBER, CLASS_COLORS, GREEN, PER_HOUR, RED, UNLIMITED, Column, Labels, Query, grid, lines, rising, tile
from .queries import (
    COST,
    FAILED,
    LIMIT,
    LIMITS,
    NO_CALLS,
    NO_LIMITS,
    TOO_FEW_CALLS,
    Money,
    change,
    increase,
    known,
    others,
    quantile,
    rate,
    ratio,
    select,
    shortened,
    shortened_limit,
    told,
    top,
)

MODEL = "provider, model"
NOW = "5m"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-overview",
        "LLM / Overview",
        "Is all well? Spend, failures, the tightest limit and the slowest model, and what changed.",
        (
            Row(4, health(t)),
            Row(4, tiles(t)),
            Row(10, ((12, spend(t)), (12, failures(t)))),
            Row(10, ((12, fill(t)), (12, slowest(t)))),
            Row(9, ((24, services(t)),), "What changed"),
            Row(7, ((24, new_traffic()),)),
            Row(7, ((24, new_errors()),)),
        ),
    )


def health(t: Thresholds) -> tuple:
    """Whether the rest can be believed."""
    return (
        (4, is_up()),
        (4, last_call()),
        (4, calls_now()),
        (4, unpriced()),
        (4, without_usage(t)),
        (4, unread()),
    )


def is_up():
    down = "count(up == 0 and on (job, instance) last_over_time(tollgate_build_info[1d]))"
    there = "max(tollgate_build_info)"
    return tile(
        "Tollgate",
        "Whether the processes that Prometheus knows of answer. When none does, nothing on this page is true.",
        "suffix: down",
        Query(told(f"({down} or 0 * {there}) and on () {there}")),
        decimals=0,
        steps=((None, GREEN), (1, RED)),
        words={0: ("up", GREEN)},
        link="/d/tollgate-self",
    )


def last_call():
    made = 'timestamp(sum(increase(tollgate_spans_total{result="call"}[1m])) > 0)'
    now = 'time() + 0 * (sum(increase(tollgate_spans_total{result="call"}[1m])) > 0)'
    seen = f"(max_over_time({made}[5m:15s]) or {now} or max_over_time({made}[1d:1m]))"
    return tile(
        "Last call seen",
        "Time since Tollgate last counted a call, of any service; after five minutes, to the minute. Looks back one day.",
        "s",
        Query(told(f"clamp_min(time() - ({seen}), 0)")),
        decimals=0,
        steps=((None, GREEN), (900, AMBER)),
        link="/d/tollgate-self",
    )


def calls_now():
    return tile(
        "Calls, 5 min",
        "LLM calls of the last five minutes, failed ones included.",
        "locale",
        Query(told(f"{increase('llm_requests_total', window=NOW)} > 0")),
        decimals=0,
    )


def unpriced():
    missing = increase("llm_priced_requests_total", 'price_source="unpriced"', window="1h")
    with_tokens, hour = increase("llm_priced_requests_total", 'price_source!="unknown_usage"', window="1h"), Money("1h")
    return tile(
        "Unpriced, 1 h",
        "In the last hour: calls without a price among those whose tokens are known: their dollars are missing everywhere.",
        "percentunit",
        Query(f"({known(ratio(missing, with_tokens))}) or ({hour.no_calls()})"),
        steps=rising(0.01, 0.1),
        without={k: v for k, v in hour.without().items() if k != "no price"},
        link=links.to("tollgate-cost"),
    )


def without_usage(t: Thresholds):
    hour, fine = Money("1h"), increase("llm_requests_total", 'error_class="none"', window="1h")
    failed = increase("llm_requests_total", 'error_class!="none"', window="1h")
    untold = f"clamp_min({increase('llm_requests_without_usage_total', window='1h')} - ({failed} or 0 * {fine}), 0)"
    return tile(
        "No usage, 1 h",
        "In the last hour: successful calls that do not tell their tokens: neither tokens nor dollars of them are known.",
        "percentunit",
        Query(f"({known(ratio(untold, fine))}) or ({hour.no_calls()})"),
        steps=rising(t.without_usage_ratio / 2, t.without_usage_ratio),
        without={k: v for k, v in hour.without().items() if k == "all failed"},
        link=links.to("tollgate-cost"),
    )


def unread():
    unread_spans = "sum(increase(tollgate_unread_spans_total[1h]))"
    malformed = "sum(increase(tollgate_malformed_spans_total[1h]))"
    there = "max(tollgate_build_info)"
    return tile(
        "Unread, 1 h",
        "In the last hour: spans that look like LLM calls and are not read, or are not valid OTLP. Whose they are: dashboard Tollgate itself.",
        "suffix: spans",
        Query(told(f"(({unread_spans} or 0 * {there}) + ({malformed} or 0 * {there})) and on () {there}")),
        decimals=0,
        steps=((None, GREEN), (1, AMBER)),
        words={0: ("none", GREEN)},
        link="/d/tollgate-self",
    )


def tiles(t: Thresholds) -> tuple:
    money = Money(NOW)
    hourly = f"{rate(COST, window=NOW)} * 3600"
    failed = ratio(rate("llm_requests_total", FAILED, window=NOW), rate("llm_requests_total", window=NOW))
    tightest = f"topk(1, max by ({LIMIT}) ({select('llm_rate_limit_peak_used_ratio', scope=LIMITS)}))"
    calls = f"{increase('llm_request_duration_seconds_count', window='10m')} > 0"
    enough = f"{increase('llm_request_duration_seconds_count', by='model', window='10m')} >= 4.5"
    slow = f"topk(1, {quantile(0.95, 'llm_request_duration_seconds', by='model', window='10m')} and {enough})"
    return (
        (
            4,
            tile(
                "Spend, 5 min",
                f"Dollars per hour at the pace of the last five minutes. Red: at this pace ${t.spend_day_usd:,} are gone within 24 hours.",
                PER_HOUR,
                Query(money.told(hourly)),
                steps=rising(t.spend_day_usd / 24 / 2, t.spend_day_usd / 24),
                without=money.without(),
                link=links.to("tollgate-cost"),
            ),
        ),
        (4, spend_today()),
        (4, budget(t)),
        (
            4,
            tile(
                "Errors, 5 min",
                f"Failed calls among all of the last five minutes. Calls that the caller gave up are not failures. Red from {t.error_ratio:.0%}, where somebody is paged.",
                "percentunit",
                Query(told(failed)),
                steps=rising(t.error_ratio / 2, t.error_ratio),
                link=links.to("tollgate-errors"),
            ),
        ),
        (
            4,
            tile(
                "Limit, 2 min",
                "The rate limit whose fill peaked highest in the last 2 minutes, whoever filled it. At 100 % calls are refused.",
                "percentunit",
                Query(told(shortened_limit(tightest), NO_LIMITS, label="name"), "{{name}}"),
                decimals=0,
                steps=rising(t.limit_warning_ratio, t.limit_critical_ratio),
                named=True,
                link=links.to("tollgate-limits"),
            ),
        ),
        (
            4,
            tile(
                "Slowest, 10 min",
                f"The highest p95 of call time of a model over the last 10 minutes, of those with five calls or more. Red from {t.latency_p95_seconds} s.",
                "s",
                Query(told(shortened(slow, "model"), NO_CALLS, (calls, TOO_FEW_CALLS), label="short_model"), "{{short_model}}"),
                decimals=1,
                steps=rising(t.latency_p95_seconds / 2, t.latency_p95_seconds),
                named=True,
                link=links.to("tollgate-latency"),
            ),
        ),
    )


def spend_today():
    """Shared with Cost."""
    money = Money("$__range")
    return tile(
        "Spend today",
        "Dollars since midnight in the dashboard's time zone. Yesterday by this hour: table below, or Spend now, yesterday, last week in Cost.",
        "currencyUSD",
        Query(money.told(increase(COST))),
        without=money.without(),
        since="now/d",
        link=links.to("tollgate-cost"),
    )


def budget(t: Thresholds):
    """Shared with Cost."""
    money = Money("$__range")
    return tile(
        "Budget today",
        f"Spend since midnight as a part of ${t.spend_day_usd:,}, the threshold of the alert, which looks at any 24 hours.",
        "percentunit",
        Query(money.told(f"{increase(COST)} / {t.spend_day_usd}")),
        steps=rising(0.8, 1),
        without=money.without(),
        since="now/d",
        link=links.to("tollgate-cost"),
    )


def spend(t: Thresholds):
    def of(by: str) -> str:
        return f"({rate(COST, by=by)}) * 3600"

    largest = top(of(MODEL), COST, MODEL)
    return lines(
        "Spend by model",
        "Dollars per hour of the six models that cost most in this time, and of the others together. The scale is logarithmic: one dear call does not hide the rest.",
        PER_HOUR,
        Query(shortened(largest, "model"), "{{short_model}} · {{provider}}"),
        rest=others(of, largest),
        logarithmic=True,
        interval="1m",
        link=links.of_series("tollgate-cost"),
    )


def failures(t: Thresholds):
    by_class = rate("llm_requests_total", 'error_class!="none"', by="error_class")
    return lines(
        "Failed calls by cause",
        "Failed calls per second by what is behind them, in all of its fourteen classes; successes are left out, so that a few failures are seen.",
        "reqps",
        Query(top(by_class, "llm_requests_total", "error_class", 15, 'error_class!="none"'), "{{error_class}}"),
        empty="no failures, no calls, or no data from Tollgate",
        stacked=True,
        colors=CLASS_COLORS,
        interval="1m",
        link="/d/tollgate-errors?" + links.KEPT + "&${provider:queryparam}&${model:queryparam}",
    )


def fill(t: Thresholds):
    peak = f"max by ({LIMIT}) ({select('llm_rate_limit_peak_used_ratio', scope=LIMITS)})"
    weight = f"max by ({LIMIT}) (max_over_time({select('llm_rate_limit_peak_used_ratio', scope=LIMITS)}[$__range] @ end()))"
    return lines(
        "Rate limits filling up",
        "The six fullest limits, as the peak of 2 minutes. Dashed: where a ticket is opened and where somebody is paged.",
        "percentunit",
        Query(shortened_limit(f"{peak} and topk(6, {weight})"), "{{name}}"),
        decimals=0,
        steps=rising(t.limit_warning_ratio, t.limit_critical_ratio),
        maximum=1,
        empty=UNLIMITED,
        link=links.to("tollgate-limits"),
    )


def slowest(t: Thresholds):
    p95 = quantile(0.95, "llm_request_duration_seconds", by=MODEL)
    return lines(
        "p95 of call time by model",
        "The six models with the most calls. 5 % of calls take longer. Dashed: the alert.",
        "s",
        Query(shortened(top(p95, "llm_request_duration_seconds_count", MODEL), "model"), "{{short_model}} · {{provider}}"),
        decimals=1,
        steps=rising(t.latency_p95_seconds / 2, t.latency_p95_seconds),
        interval="1m",
        link=links.of_series("tollgate-latency"),
    )


def services(t: Thresholds):
    by, hour = "environment, service_name", "1h"
    cost = increase(COST, by=by, window=hour)
    cost_before = increase(COST, by=by, window=hour, offset="1d")
    calls, calls_before = (increase("llm_requests_total", by=by, window=hour, offset=each) for each in ("", "1d"))
    failed = ratio(rate("llm_requests_total", FAILED, by=by, window=hour), rate("llm_requests_total", by=by, window=hour))
    p95 = quantile(0.95, "llm_request_duration_seconds", by=by, window=hour)
    multiple = rising(2, t.spend_rate_multiple)
    return grid(
        "Services, the last hour against the same hour of yesterday",
        "Change is a multiple: 2 means twice yesterday's. A dash where it is not known. p95: of call time. A click leads to the service's cost.",
        Labels({"environment": "Environment", "service_name": "Service"}, {"service_name": links.of_service("tollgate-cost")}),
        Column(cost, "Spend", "currencyUSD"),
        Column(change(cost, cost_before), "Spend change", "×", 2, multiple, "color"),
        Column(calls, "Calls", "locale", 0),
        Column(change(calls, calls_before), "Calls change", "×", 2, multiple, "color"),
        Column(failed, "Error rate", "percentunit", None, rising(t.error_ratio / 2, t.error_ratio), "color"),
        Column(p95, "p95", "s", 1, rising(t.latency_p95_seconds / 2, t.latency_p95_seconds), "color"),
        sort="Calls",
    )


def new_traffic():
    by = "service_name, provider, model"
    now, before = increase("llm_requests_total", by=by, window="1h"), increase("llm_requests_total", by=by, window="1d", offset="1h")
    return grid(
        "New in the last hour: models",
        "Service and model that made no call in the 24 hours before. Nothing here is the usual state.",
        Labels({"service_name": "Service", "provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-models")}),
        Column(f"({now}) > 0 unless ({before}) > 0", "Calls", "locale", 0),
        sort="Calls",
        empty="nothing new, or no data from Tollgate",
    )


def new_errors():
    by = "provider, error_class, error_code"
    now, before = increase("llm_errors_total", by=by, window="1h"), increase("llm_errors_total", by=by, window="1d", offset="1h")
    return grid(
        "New in the last hour: errors",
        "Errors that were not seen in the 24 hours before. Nothing here is the usual state.",
        Labels(
            {"provider": "Provider", "error_class": "Class", "error_code": "Code"},
            {"provider": "/d/tollgate-errors?" + links.KEPT + "&var-provider=${__data.fields.Provider}"},
        ),
        Column(f"({now}) > 0 unless ({before}) > 0", "Calls", "locale", 0),
        sort="Calls",
        empty="nothing new, or no data from Tollgate",
    )
