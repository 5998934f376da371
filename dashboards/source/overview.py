"""Overview: is all well?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import PER_HOUR, Column, Labels, Query, grid, lines, rising, tile
from .queries import FAILED, LIMIT, LIMITS, change, increase, named, quantile, rate, ratio, select, top

MODEL = "provider, model"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-overview",
        "LLM / Overview",
        "Is all well? Spend, failures, the tightest limit and the slowest model, and what changed.",
        (
            Row(4, tiles(t)),
            Row(8, ((12, spend(t)), (12, failures(t)))),
            Row(8, ((12, fill(t)), (12, slowest(t)))),
            Row(9, ((24, services(t)),), "What changed"),
            Row(8, ((12, new_traffic()), (12, new_errors()))),
        ),
    )


def tiles(t: Thresholds) -> tuple:
    hourly = f"{rate('llm_cost_usd_total')} * 3600"
    failed = ratio(rate("llm_requests_total", FAILED), rate("llm_requests_total"))
    tightest = f"topk(1, max by ({LIMIT}) ({select('llm_rate_limit_peak_used_ratio', scope=LIMITS)}))"
    enough = f"{increase('llm_request_duration_seconds_count', by='model', window='10m')} >= 5"
    slow = f"topk(1, {quantile(0.95, 'llm_request_duration_seconds', by='model', window='10m')} and {enough})"
    return (
        (
            4,
            tile(
                "Spend now",
                f"Dollars per hour at the pace of the last minutes. Red: at this pace ${t.spend_day_usd:,} are gone within 24 hours.",
                PER_HOUR,
                Query(hourly),
                decimals=2,
                steps=rising(t.spend_day_usd / 24 / 2, t.spend_day_usd / 24),
                interval="1m",
                link=links.to("tollgate-cost"),
            ),
        ),
        (5, spend_today()),
        (3, budget(t)),
        (
            4,
            tile(
                "Error rate",
                f"Failed calls among all. Calls that the caller gave up are not failures. Red from {t.error_ratio:.0%}, where somebody is paged.",
                "percentunit",
                Query(failed),
                decimals=1,
                steps=rising(t.error_ratio / 2, t.error_ratio),
                interval="1m",
                link=links.to("tollgate-errors"),
            ),
        ),
        (
            4,
            tile(
                "Tightest limit",
                "The rate limit whose fill peaked highest in the last 2 minutes, whoever filled it. At 100 % calls are refused.",
                "percentunit",
                Query(tightest, "{{model}}: {{resource}} / {{window}}"),
                decimals=0,
                steps=rising(t.limit_warning_ratio, t.limit_critical_ratio),
                named=True,
                empty="no limits seen",
                link=links.to("tollgate-limits"),
            ),
        ),
        (
            4,
            tile(
                "Slowest model",
                f"The highest p95 of a model over 10 minutes, of those with five calls or more. Red from {t.latency_p95_seconds} s.",
                "s",
                Query(slow, "{{model}}"),
                decimals=1,
                steps=rising(t.latency_p95_seconds / 2, t.latency_p95_seconds),
                named=True,
                empty="too few calls",
                link=links.to("tollgate-latency"),
            ),
        ),
    )


def spend_today():
    return tile(
        "Spend today",
        "Since midnight, and yesterday until this hour. Without data of yesterday only today is shown.",
        "currencyUSD",
        Query(named(today=increase("llm_cost_usd_total"), yesterday_by_now=increase("llm_cost_usd_total", offset="1d")), "{{when}}"),
        decimals=2,
        named=True,
        today=True,
        link=links.to("tollgate-cost"),
    )


def budget(t: Thresholds):
    return tile(
        "Budget",
        f"Spend since midnight as a part of ${t.spend_day_usd:,}. The alert looks at any 24 hours.",
        "percentunit",
        Query(f"{increase('llm_cost_usd_total')} / {t.spend_day_usd}"),
        decimals=0,
        steps=rising(0.8, 1),
        today=True,
        link=links.to("tollgate-cost"),
    )


def spend(t: Thresholds):
    by_model = f"({rate('llm_cost_usd_total', by=MODEL)}) * 3600"
    return lines(
        "Spend by model",
        "Dollars per hour of the eight models that cost most in this time. The scale is logarithmic: one dear call does not hide the rest.",
        PER_HOUR,
        Query(top(by_model, "llm_cost_usd_total", MODEL), "{{model}} · {{provider}}", exemplars=False),
        decimals=2,
        logarithmic=True,
        legend=("mean",),
        side=True,
        interval="1m",
        link=links.of_series("tollgate-cost"),
    )


def failures(t: Thresholds):
    by_class = rate("llm_requests_total", 'error_class!="none"', by="error_class")
    return lines(
        "Failed calls by cause",
        "Failed calls per second by what is behind them; successes are left out, so that a few failures are seen.",
        "reqps",
        Query(top(by_class, "llm_requests_total", "error_class", 8, 'error_class!="none"'), "{{error_class}}"),
        empty="no failures",
        stacked=True,
        legend=("mean",),
        side=True,
        interval="1m",
        link="/d/tollgate-errors?" + links.KEPT + "&${provider:queryparam}&${model:queryparam}",
    )


def fill(t: Thresholds):
    peak = f"max by ({LIMIT}) ({select('llm_rate_limit_peak_used_ratio', scope=LIMITS)})"
    weight = f"max by ({LIMIT}) (max_over_time({select('llm_rate_limit_peak_used_ratio', scope=LIMITS)}[$__range] @ end()))"
    return lines(
        "Rate limits filling up",
        "The eight fullest limits, as the peak of 2 minutes. Dashed: where a ticket is opened and where somebody is paged.",
        "percentunit",
        Query(f"{peak} and topk(8, {weight})", "{{model}} {{resource}}/{{window}}"),
        decimals=0,
        steps=rising(t.limit_warning_ratio, t.limit_critical_ratio),
        maximum=1,
        side=True,
        link=links.to("tollgate-limits"),
    )


def slowest(t: Thresholds):
    p95 = quantile(0.95, "llm_request_duration_seconds", by=MODEL)
    return lines(
        "p95 of call time by model",
        "The eight models with the most calls. 5 % of calls take longer. Dashed: the alert.",
        "s",
        Query(top(p95, "llm_request_duration_seconds_count", MODEL), "{{model}} · {{provider}}"),
        decimals=1,
        steps=rising(t.latency_p95_seconds / 2, t.latency_p95_seconds),
        side=True,
        interval="1m",
        link=links.of_series("tollgate-latency"),
    )


def services(t: Thresholds):
    by, hour = "environment, service_name", "1h"
    cost = f"({rate('llm_cost_usd_total', by=by, window=hour)}) * 3600"
    cost_before = f"({rate('llm_cost_usd_total', by=by, window=hour, offset='1d')}) * 3600"
    calls, calls_before = (increase("llm_requests_total", by=by, window=hour, offset=each) for each in ("", "1d"))
    failed = ratio(rate("llm_requests_total", FAILED, by=by, window=hour), rate("llm_requests_total", by=by, window=hour))
    p95 = quantile(0.95, "llm_request_duration_seconds", by=by, window=hour)
    multiple = rising(2, t.spend_rate_multiple)
    return grid(
        "Services, the last hour against the same hour of yesterday",
        "Change is a multiple: 2 means twice yesterday's. A dash where yesterday is not known. A click leads to the service's cost.",
        Labels({"environment": "Environment", "service_name": "Service"}, {"service_name": links.of_service("tollgate-cost")}),
        Column(cost, "Spend", PER_HOUR, 2),
        Column(change(cost, cost_before), "Spend change", "×", 2, multiple, "color"),
        Column(calls, "Calls", "locale", 0),
        Column(change(calls, calls_before), "Calls change", "×", 2, multiple, "color"),
        Column(failed, "Error rate", "percentunit", 1, rising(t.error_ratio / 2, t.error_ratio), "color"),
        Column(p95, "p95", "s", 1, rising(t.latency_p95_seconds / 2, t.latency_p95_seconds), "color"),
        sort="Spend",
        empty="no traffic",
    )


def new_traffic():
    by = "service_name, provider, model"
    now, before = increase("llm_requests_total", by=by, window="1h"), increase("llm_requests_total", by=by, window="1d", offset="1h")
    return grid(
        "New in the last hour: models",
        "Service and model that made no call in the 24 hours before. Nothing here is the usual state.",
        Labels({"service_name": "Service", "provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-models")}),
        Column(f"({now}) > 0 unless ({before}) > 0", "Calls", "locale", 0, width=90),
        sort="Calls",
        empty="nothing new",
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
        Column(f"({now}) > 0 unless ({before}) > 0", "Calls", "locale", 0, width=90),
        sort="Calls",
        empty="nothing new",
    )
