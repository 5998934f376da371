"""Errors: why do calls fail, and does it pass by itself?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import CLASS_COLORS, PER_HOUR, Column, Labels, Query, grid, lines, rising, tile
from .queries import FAILED, NO_CALLS, NO_FAILURES, increase, rate, ratio, select, shortened, told, top

MODEL = "provider, model"
CALLS_FAILED = "llm_errors_total"
NONE_FAILED = "no failures, no calls, or no data from Tollgate"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-errors",
        "LLM / Errors",
        "Why do calls fail? By cause, provider, model and code; whether it passes by itself; what failures cost; what is new.",
        (
            Row(4, tiles(t)),
            Row(10, ((12, by_class()), (12, by_model(t)))),
            Row(10, ((24, codes()),)),
            Row(10, ((12, by_provider(t)), (12, retryable()))),
            Row(10, ((12, wasted()), (12, retries(t)))),
            Row(9, ((24, by_service(t)),), "Who is hit"),
        ),
    )


def tiles(t: Thresholds) -> tuple:
    failed, calls = rate("llm_requests_total", FAILED, window="5m"), rate("llm_requests_total", window="5m")
    made = f"{increase('llm_requests_total')} > 0"
    retry = ratio(increase("llm_retryable_errors_total", 'retryable="true"'), increase("llm_retryable_errors_total"))
    return (
        (
            5,
            tile(
                "Errors, last 5 min",
                f"Failed calls among all. Calls that the caller gave up are not failures. Red from {t.error_ratio:.0%}, where somebody is paged.",
                "percentunit",
                Query(told(ratio(failed, calls))),
                steps=rising(t.error_ratio / 2, t.error_ratio),
            ),
        ),
        (
            4,
            tile(
                "Failed calls",
                "In the time that is shown.",
                "locale",
                Query(told(f"({increase('llm_requests_total', FAILED)} or 0 * {increase('llm_requests_total')}) and on () ({made})")),
                decimals=0,
            ),
        ),
        (
            5,
            tile(
                "Main cause",
                "The class of most failures in the time that is shown.",
                "locale",
                Query(told(f"topk(1, {increase('llm_requests_total', FAILED, by='error_class')} > 0)", NO_CALLS, (made, NO_FAILURES), label="error_class"), "{{error_class}}"),
                decimals=0,
                named=True,
            ),
        ),
        (
            5,
            tile(
                "Can be retried",
                "Failures, in the time that is shown, after which the same request can succeed later. The rest needs a change by somebody.",
                "percentunit",
                Query(told(retry, NO_CALLS, (made, NO_FAILURES))),
                decimals=0,
            ),
        ),
        (
            5,
            tile(
                "Spent on failures",
                "Dollars in the time that is shown for calls that failed after tokens had been billed.",
                "currencyUSD",
                Query(told(f"({increase('llm_error_cost_usd_total')} or 0 * {increase('llm_requests_total')}) and on () ({made})")),
            ),
        ),
    )


def by_class():
    classes = rate("llm_requests_total", 'error_class!="none"', by="error_class")
    return lines(
        "Failed calls by cause",
        "Failed calls per second by class. cancelled, where the caller gave up, is shown but is no failure in the error rate.",
        "reqps",
        Query(top(classes, "llm_requests_total", "error_class", 15, 'error_class!="none"'), "{{error_class}}"),
        empty=NONE_FAILED,
        stacked=True,
        colors=CLASS_COLORS,
        interval="1m",
    )


def by_model(t: Thresholds):
    part = ratio(rate("llm_requests_total", FAILED, by=MODEL), rate("llm_requests_total", by=MODEL))
    return lines(
        "Error rate by model",
        "Of the six models with the most calls. Dashed: where somebody is paged.",
        "percentunit",
        Query(shortened(top(part, "llm_requests_total", MODEL), "model"), "{{short_model}} · {{provider}}"),
        decimals=1,
        steps=rising(t.error_ratio / 2, t.error_ratio),
        maximum=2 * t.error_ratio,
        interval="1m",
        link=links.of_series("tollgate-latency"),
    )


def codes():
    by = "provider, model, error_class, error_code, status_code"
    count = increase(CALLS_FAILED, by=by)
    seen = f"1000 * min by ({by}) (min_over_time(timestamp({select(CALLS_FAILED)} > 0)[$__range:1m]))"
    latest = f"1000 * max by ({by}) (max_over_time(timestamp(increase({select(CALLS_FAILED)}[2m]) > 0)[$__range:1m]))"
    return grid(
        "Errors by code",
        "What providers answered in the time that is shown. First seen: the earliest in this time; widen the time to look further back.",
        Labels(
            {"provider": "Provider", "model": "Model", "error_class": "Class", "error_code": "Code", "status_code": "Status"},
            {"model": links.of_row("tollgate-latency")},
            {"status_code": 59},
        ),
        Column(f"({count}) > 0", "Calls", "locale", 0, width=70),
        Column(seen, "First seen", "dateTimeFromNow", width=144),
        Column(latest, "Last seen", "dateTimeFromNow", width=144),
        sort="Calls",
        empty=NONE_FAILED,
    )


def by_provider(t: Thresholds):
    providers = ratio(rate("llm_requests_total", FAILED, by="provider"), rate("llm_requests_total", by="provider"))
    return lines(
        "Error rate by provider",
        "Of the six with the most calls. One line that rises alone is the provider; all lines together are us.",
        "percentunit",
        Query(top(providers, "llm_requests_total", "provider"), "{{provider}}"),
        decimals=1,
        maximum=2 * t.error_ratio,
        interval="1m",
    )


def retryable():
    return lines(
        "Does it pass by itself?",
        "Failed calls per second by whether the same request can succeed later. false needs a change: credit, key, prompt or code.",
        "reqps",
        Query(rate("llm_retryable_errors_total", by="retryable"), "retryable: {{retryable}}"),
        empty=NONE_FAILED,
        stacked=True,
        interval="1m",
        colors={"retryable: false": "red", "retryable: true": "dark-yellow", "retryable: unknown": "#6E7079"},
    )


def retries(t: Thresholds):
    each = ratio(rate("llm_retries_total", by=MODEL), rate("llm_requests_total", by=MODEL))
    return lines(
        "Hidden retries per call",
        f"Attempts inside a call that have no span of their own, where spans tell. Over {t.retries_per_request} (dashed) a ticket is opened.",
        "short",
        Query(shortened(top(each, "llm_retries_total", MODEL, 6), "model"), "{{short_model}} · {{provider}}"),
        empty="no retries seen, no calls, or no data from Tollgate",
        decimals=2,
        steps=((None, "green"), (t.retries_per_request, "red")),
        interval="1m",
    )


def wasted():
    return lines(
        "Spent on failures",
        "Dollars per hour for calls that failed after tokens had been billed, by class.",
        PER_HOUR,
        Query(f"({top(rate('llm_error_cost_usd_total', by='error_class'), 'llm_error_cost_usd_total', 'error_class', 15)}) * 3600", "{{error_class}}"),
        colors=CLASS_COLORS,
        empty="nothing spent on failures, no calls, or no data from Tollgate",
        stacked=True,
        interval="1m",
    )


def by_service(t: Thresholds):
    by = "environment, service_name"
    failed = increase("llm_requests_total", FAILED, by=by)
    calls = increase("llm_requests_total", by=by)
    return grid(
        "Services",
        "In the time that is shown. A click narrows this dashboard to the service.",
        Labels({"environment": "Environment", "service_name": "Service"}, {"service_name": links.of_service("tollgate-errors")}),
        Column(calls, "Calls", "locale", 0),
        Column(f"({failed} or 0 * {calls})", "Failed", "locale", 0),
        Column(ratio(failed, calls), "Error rate", "percentunit", None, rising(t.error_ratio / 2, t.error_ratio), "color"),
        sort="Failed",
    )
