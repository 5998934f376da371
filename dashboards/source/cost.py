"""Cost: where does the money go?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import PER_HOUR, UNTOLD, Column, Labels, Query, grid, heat, lines, rising, tile
from .overview import budget, spend_today
from .queries import CACHED, COST, PROMPT, Money, increase, known, named, others, quantile, rate, ratio, shortened, top

MODEL = "provider, model"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-cost",
        "LLM / Cost",
        "Where does the money go? By model, service and kind of token; what caching saves; which calls are dear; what has no price.",
        (
            Row(4, tiles(t)),
            Row(10, ((12, by_model()), (12, against_earlier(t)))),
            Row(10, ((12, by_service()), (12, by_choice()))),
            Row(10, ((12, by_type()), (12, price_source()))),
            Row(9, ((24, models(t)),), "What a call costs"),
            Row(9, ((12, per_call(t)), (12, dear_calls(t)))),
            Row(10, ((12, hit_rate(t)), (12, savings())), "Prompt cache and averages"),
            Row(10, ((12, per_thousand()), (12, reported()))),
            Row(9, ((24, unpriced()),), "What has no price"),
        ),
        choices=(("split", "Split by", ("operation", "service_name", "environment", "provider", "model", *t.dimensions)),),
    )


def tiles(t: Thresholds) -> tuple:
    shown, now = Money("$__range"), Money("5m")
    calls = increase("llm_requests_total")
    missing = increase("llm_priced_requests_total", 'price_source="unpriced"')
    with_tokens = increase("llm_priced_requests_total", 'price_source!="unknown_usage"')
    return (
        (4, spend_today()),
        (4, budget(t)),
        (
            4,
            tile(
                "Pace, 5 min",
                f"Dollars that 24 hours cost at the pace of the last five minutes. Red from the threshold of ${t.spend_day_usd:,}.",
                "currencyUSD",
                Query(now.told(f"{rate(COST, window='5m')} * 86400")),
                steps=rising(0.8 * t.spend_day_usd, t.spend_day_usd),
                without=now.without(),
            ),
        ),
        (
            4,
            tile("Spend shown", "Dollars in the time that is shown. Every part below adds up to it.", "currencyUSD", Query(shown.told(increase(COST))), without=shown.without()),
        ),
        (
            4,
            tile(
                "Per 1k calls",
                "Dollars per thousand calls, failed ones included, over the time that is shown.",
                "currencyUSD",
                Query(shown.told(f"1000 * {increase(COST)} / ({calls} > 0)")),
                without=shown.without(),
            ),
        ),
        (
            4,
            tile(
                "Unpriced",
                "Calls without a price among those whose tokens are known, over the time that is shown: their dollars are missing everywhere here.",
                "percentunit",
                Query(f"({known(ratio(missing, with_tokens))}) or ({shown.no_calls()})"),
                steps=rising(0.01, 0.1),
                without={k: v for k, v in shown.without().items() if k != "no price"},
            ),
        ),
    )


def split(title: str, by: str, legend: str, description: str, *labels: str, count: int = 6):
    def of(by: str) -> str:
        return f"({rate(COST, by=by)}) * 3600"

    largest = top(of(by), COST, by, count)
    return lines(title, description, PER_HOUR, Query(shortened(largest, *labels), legend), rest=others(of, largest), logarithmic=True, interval="1m")


def by_model():
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
        link=links.of_series("tollgate-latency"),
    )


def against_earlier(t: Thresholds):
    now, yesterday, last_week = (f"{rate(COST, offset=offset)} * 3600" for offset in ("", "1d", "1w"))
    return lines(
        "Spend now, yesterday, last week",
        f"Dollars per hour against the same time of earlier days. Above ${t.spend_day_usd / 24:.2f} an hour (dashed) the daily budget does not last.",
        PER_HOUR,
        Query(named(now=now, yesterday=yesterday, last_week=last_week), "{{when}}"),
        steps=((None, "green"), (t.spend_day_usd / 24, "red")),
        interval="1m",
        logarithmic=True,
        colors={"yesterday": "#5794F2", "last week": "#8E8E99", "now": "#FF9830"},
    )


def by_service():
    return split(
        "Spend by service",
        "service_name",
        "{{short_service_name}}",
        "Dollars per hour of the six that cost most in this time, and of the others together.",
        "service_name",
    )


def by_type():
    return split(
        "Spend by kind of token",
        "type",
        "{{type}}",
        "Dollars per hour by what was billed, all kinds; `request` is per-call and tool fees.",
        count=20,
    )


def by_choice():
    return split(
        "Spend by $split",
        "$split",
        "{{$split}}",
        "Dollars per hour by the label chosen in Split by: the six largest, and the others together. Configured dimensions, such as team and user, can be added there.",
    )


def models(t: Thresholds):
    spent, calls = increase(COST, by=MODEL), increase("llm_requests_total", by=MODEL)
    tokens = increase("llm_tokens_total", by=MODEL)
    hit = ratio(increase("llm_tokens_total", CACHED, by=MODEL), increase("llm_tokens_total", PROMPT, by=MODEL))
    return grid(
        "Models in the time that is shown",
        "A click on a model leads to its comparison with others. Part: of all spend shown. Per 1M tokens: what was paid, all kinds together, not a list price. Cached: of prompt tokens. On failures: spent on calls that failed.",
        Labels({"provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-models")}),
        Column(f"({spent}) > 0", "Spend", "currencyUSD"),
        Column(f"(({spent}) > 0) / on () group_left () ({increase(COST)} > 0)", "Part", "percentunit", None, cell="gauge", maximum=1, width=100),
        Column(f"({calls}) > 0", "Calls", "locale", 0),
        Column(f"({spent}) / ({calls} > 0)", "Per call", "currencyUSD"),
        Column(f"1000000 * ({spent}) / ({tokens} > 0)", "Per 1M tokens", "currencyUSD"),
        Column(hit, "Cached", "percentunit", 0),
        Column(f"{increase('llm_error_cost_usd_total', by=MODEL)} > 0", "On failures", "currencyUSD"),
        sort="Spend",
    )


def per_call(t: Thresholds):
    return lines(
        "Cost per request",
        f"Percentiles of the cost of one call. Points are single calls: a click on one leads to its trace. A call over ${t.spend_call_usd} opens a ticket.",
        "currencyUSD",
        *(Query(quantile(q, "llm_request_cost_usd"), name, exemplars=True) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))),
        logarithmic=True,
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
        f"Of the six models with the most tokens: tokens read from the provider's cache among prompt tokens. A fall under {t.cache_hit_fall:.0%} of yesterday's opens a ticket.",
        "percentunit",
        Query(shortened(top(hit, "llm_tokens_total", MODEL, 6), "model"), "{{short_model}} · {{provider}}"),
        decimals=0,
        empty=UNTOLD,
        maximum=1,
        interval="1m",
    )


def savings():
    def of(by: str) -> str:
        return f"({rate('llm_cache_savings_usd_total', by=by)}) * 3600"

    largest = top(of(MODEL), "llm_cache_savings_usd_total", MODEL, 6)
    return lines(
        "Saved by the cache",
        "Dollars per hour that cached prompt tokens would have cost more as fresh ones: the six largest, and the others together.",
        PER_HOUR,
        Query(shortened(largest, "model"), "{{short_model}} · {{provider}}"),
        rest=others(of, largest),
        logarithmic=True,
        empty="nothing saved, no calls, or no data from Tollgate",
        interval="1m",
    )


def per_thousand():
    each = f"1000 * {rate(COST, by=MODEL)} / ({rate('llm_requests_total', by=MODEL)} > 0)"
    return lines(
        "Cost of 1,000 calls by model",
        "The mean cost of a call, times a thousand, of the six models that cost most: a model, prompt or cache change shows here first.",
        "currencyUSD",
        Query(shortened(top(each, COST, MODEL, 6), "model"), "{{short_model}} · {{provider}}"),
        logarithmic=True,
        interval="1m",
    )


def price_source():
    return lines(
        "Where prices come from",
        "Calls per second by source of their price. unpriced: the model has none. unknown_usage: the spans do not tell the tokens.",
        "reqps",
        Query(rate("llm_priced_requests_total", by="price_source"), "{{price_source}}"),
        stacked=True,
        interval="1m",
        colors={"unpriced": "red", "unknown_usage": "dark-yellow", "catalogue": "green", "configured": "#5794F2", "reported": "#B877D9"},
    )


def unpriced():
    missing = increase("llm_priced_requests_total", 'price_source="unpriced"', by=MODEL)
    tokens = f"{increase('llm_tokens_total', by=MODEL)} and on ({MODEL}) ({missing} > 0)"
    return grid(
        "Models without a price",
        "Calls whose tokens are known and whose price is not, in the time that is shown. Tokens: all of these models'. Add the price to the configuration, or load a newer catalogue.",
        Labels({"provider": "Provider", "model": "Model"}, {"model": links.of_row("tollgate-models")}),
        Column(f"({missing}) > 0", "Calls", "locale", 0),
        Column(tokens, "Tokens", "locale", 0),
        sort="Calls",
        empty="every model has a price, no calls, or no data from Tollgate",
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
        logarithmic=True,
        interval="1m",
    )
