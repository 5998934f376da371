"""Cost: where does the money go?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import PER_HOUR, Column, Labels, Query, grid, heat, lines, rising, tile
from .queries import CACHED, PROMPT, increase, named, quantile, rate, ratio, top

MODEL = "provider, model"
COST = "llm_cost_usd_total"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-cost",
        "LLM / Cost",
        "Where does the money go? By model, service and kind of token; what caching saves; which calls are dear; what has no price.",
        (
            Row(4, tiles(t)),
            Row(9, ((12, by_model()), (12, against_earlier(t)))),
            Row(8, ((8, split("Spend by service", "service_name", "{{service_name}}")), (8, by_type()), (8, by_choice()))),
            Row(9, ((24, models(t)),), "What a call costs"),
            Row(9, ((12, per_call(t)), (12, dear_calls(t)))),
            Row(9, ((8, hit_rate(t)), (8, savings()), (8, per_thousand())), "Prompt cache and averages"),
            Row(8, ((8, price_source()), (8, unpriced()), (8, reported())), "How sure the numbers are"),
        ),
        choices=(("split", "Split by", ("operation", "service_name", "environment", "provider", "model", *t.dimensions)),),
    )


def tiles(t: Thresholds) -> tuple:
    spent = increase(COST)
    calls = increase("llm_requests_total")
    unknown = increase("llm_priced_requests_total", 'price_source=~"unpriced|unknown_usage"')
    priced = increase("llm_priced_requests_total")
    hourly = f"{rate(COST)} * 3600"
    return (
        (
            5,
            tile(
                "Spend today",
                "Since midnight, and yesterday until this hour. Without data of yesterday only today is shown.",
                "currencyUSD",
                Query(named(today=spent, yesterday_by_now=increase(COST, offset="1d")), "{{when}}"),
                decimals=2,
                named=True,
                today=True,
            ),
        ),
        (
            3,
            tile(
                "Budget",
                f"Spend since midnight as a part of ${t.spend_day_usd:,}. The alert looks at any 24 hours.",
                "percentunit",
                Query(f"{spent} / {t.spend_day_usd}"),
                decimals=0,
                steps=rising(0.8, 1),
                today=True,
            ),
        ),
        (
            4,
            tile(
                "Pace",
                f"Dollars in 24 hours at the pace of the last minutes. Red from the budget of ${t.spend_day_usd:,}.",
                "currencyUSD",
                Query(f"{rate(COST)} * 86400"),
                decimals=0,
                steps=rising(0.8 * t.spend_day_usd, t.spend_day_usd),
                interval="1m",
            ),
        ),
        (
            4,
            tile("Total spend", "Dollars in the time that is shown.", "currencyUSD", Query(spent), decimals=2),
        ),
        (
            4,
            tile(
                "Per 1k calls",
                "Dollars per thousand calls, failed ones included, over the time that is shown.",
                "currencyUSD",
                Query(f"1000 * {spent} / ({calls} > 0)"),
                decimals=2,
            ),
        ),
        (
            4,
            tile(
                "Unpriced",
                "Calls whose price or usage is unknown, over the time that is shown: their dollars are missing everywhere here.",
                "percentunit",
                Query(ratio(unknown, priced)),
                decimals=1,
                steps=rising(0.01, 0.1),
            ),
        ),
    )


def split(title: str, by: str, legend: str, description: str = "Dollars per hour of the five that cost most in this time."):
    by_label = f"({rate(COST, by=by)}) * 3600"
    return lines(
        title,
        description,
        PER_HOUR,
        Query(top(by_label, COST, by, 5), legend),
        decimals=2,
        stacked=True,
        narrow=True,
        interval="1m",
    )


def by_model():
    by = f"({rate(COST, by=MODEL)}) * 3600"
    return lines(
        "Spend by model",
        "Dollars per hour of the eight models that cost most in this time. The scale is logarithmic: one dear call does not hide the rest.",
        PER_HOUR,
        Query(top(by, COST, MODEL), "{{model}} · {{provider}}"),
        decimals=2,
        logarithmic=True,
        legend=("mean",),
        side=True,
        interval="1m",
        link=links.of_series("tollgate-latency"),
    )


def against_earlier(t: Thresholds):
    now, yesterday, last_week = (f"{rate(COST, offset=offset)} * 3600" for offset in ("", "1d", "1w"))
    return lines(
        "Spend now, yesterday, last week",
        f"Dollars per hour against the same time of earlier days. Above ${t.spend_day_usd / 24:.2f} an hour (dashed) the daily budget does not last.",
        PER_HOUR,
        Query(named(now=now, yesterday=yesterday, last_week=last_week), "{{when}}"),
        decimals=2,
        steps=((None, "green"), (t.spend_day_usd / 24, "red")),
        side=True,
        legend=("mean",),
        interval="1m",
        logarithmic=True,
        colors={"yesterday": "#8AB8FF", "last week": "#6E7079", "now": "#FF9830"},
    )


def by_type():
    return split("Spend by kind of token", "type", "{{type}}", "Dollars per hour by what was billed; `request` is per-call and tool fees.")


def by_choice():
    return split(
        "Spend by $split",
        "$split",
        "{{$split}}",
        "Dollars per hour by the label chosen in Split by. Configured dimensions, such as team and user, can be added there.",
    )


def models(t: Thresholds):
    spent, calls = increase(COST, by=MODEL), increase("llm_requests_total", by=MODEL)
    tokens = increase("llm_tokens_total", by=MODEL)
    hit = ratio(increase("llm_tokens_total", CACHED, by=MODEL), increase("llm_tokens_total", PROMPT, by=MODEL))
    return grid(
        "Models in the time that is shown",
        "A click on a model leads to its comparison with others. Part: of all spend shown. Per 1M tokens: what was paid, all kinds together, not a list price. Cached: of prompt tokens. On failures: spent on calls that failed.",
        Labels({"provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-models")}),
        Column(spent, "Spend", "currencyUSD", 2),
        Column(f"({spent}) / on () group_left () ({increase(COST)} > 0)", "Part", "percentunit", 0, cell="gauge", maximum=1),
        Column(calls, "Calls", "locale", 0),
        Column(f"({spent}) / ({calls} > 0)", "Per call", "currencyUSD", 4),
        Column(f"1000 * ({spent}) / ({calls} > 0)", "Per 1k calls", "currencyUSD", 2),
        Column(f"1000000 * ({spent}) / ({tokens} > 0)", "Per 1M tokens", "currencyUSD", 2),
        Column(hit, "Cached", "percentunit", 0),
        Column(increase("llm_error_cost_usd_total", by=MODEL), "On failures", "currencyUSD", 2),
        sort="Spend",
        empty="no traffic",
    )


def per_call(t: Thresholds):
    return lines(
        "Cost per request",
        f"Percentiles of the cost of one call. Points are single calls: a click on one leads to its trace. A call over ${t.spend_call_usd} opens a ticket.",
        "currencyUSD",
        *(Query(quantile(q, "llm_request_cost_usd"), name, exemplars=True) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))),
        decimals=4,
        logarithmic=True,
        side=True,
        interval="1m",
    )


def dear_calls(t: Thresholds):
    buckets = rate("llm_request_cost_usd_bucket", by="le")
    return heat(
        "Calls by cost",
        "How many calls cost how much. The points at the top are the dearest calls: a click on one leads to its trace.",
        "currencyUSD",
        Query(buckets, "{{le}}", exemplars=True, interval="1m"),
    )


def hit_rate(t: Thresholds):
    hit = ratio(rate("llm_tokens_total", CACHED, by=MODEL), rate("llm_tokens_total", PROMPT, by=MODEL))
    return lines(
        "Prompt tokens from cache",
        f"Tokens read from the provider's cache among prompt tokens. A fall under {t.cache_hit_fall:.0%} of yesterday's opens a ticket.",
        "percentunit",
        Query(top(hit, "llm_tokens_total", MODEL, 4), "{{model}}"),
        decimals=0,
        maximum=1,
        narrow=True,
        interval="1m",
    )


def savings():
    by_model = f"({rate('llm_cache_savings_usd_total', by=MODEL)}) * 3600"
    return lines(
        "Saved by the cache",
        "Dollars per hour that cached prompt tokens would have cost more as fresh ones.",
        PER_HOUR,
        Query(top(by_model, "llm_cache_savings_usd_total", MODEL, 4), "{{model}}"),
        decimals=2,
        stacked=True,
        narrow=True,
        interval="1m",
    )


def per_thousand():
    each = f"1000 * {rate(COST, by=MODEL)} / ({rate('llm_requests_total', by=MODEL)} > 0)"
    return lines(
        "Cost of 1,000 calls by model",
        "The mean cost of a call, times a thousand: a model, prompt or cache change shows here first.",
        "currencyUSD",
        Query(top(each, COST, MODEL, 4), "{{model}}"),
        decimals=2,
        logarithmic=True,
        narrow=True,
        interval="1m",
    )


def price_source():
    return lines(
        "Where prices come from",
        "Calls per second by source of their price. unpriced: the model has none. unknown_usage: the spans do not tell the tokens.",
        "reqps",
        Query(rate("llm_priced_requests_total", by="price_source"), "{{price_source}}"),
        stacked=True,
        narrow=True,
        interval="1m",
        colors={"unpriced": "red", "unknown_usage": "#EAB839", "catalogue": "green"},
    )


def unpriced():
    missing = increase("llm_priced_requests_total", 'price_source="unpriced"', by=MODEL)
    return grid(
        "Models without a price",
        "Calls whose tokens are known and whose price is not. Add the model's price to the configuration, or load a newer catalogue.",
        Labels({"provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-models")}),
        Column(f"({missing}) > 0", "Calls", "locale", 0, width=90),
        sort="Calls",
        empty="every model has a price",
    )


def reported():
    return lines(
        "Our price and the reported one",
        "Dollars per hour as priced here, and as instrumentations wrote them on the same traffic's spans, where they do.",
        PER_HOUR,
        Query(
            named(priced_here=f"{rate(COST)} * 3600", reported_by_spans=f"{rate('llm_reported_cost_usd_total')} * 3600"),
            "{{when}}",
        ),
        decimals=2,
        narrow=True,
        interval="1m",
    )
