"""Bill: what will the invoice say?

From the ledger's gauges, which remember the whole month. Where there is no ledger, from counters, as far back as Prometheus
remembers them: `$source` says which, in the titles. All days and months are UTC, as on invoices.
"""

from alerts.source.thresholds import Thresholds

from . import queries
from .boards import LEDGER_VARIABLES, Board, Row
from .panels import Column, Labels, Query, bills, grid, lines, rising, tile
from .queries import COST, NO_BUDGET, Money, change, others, select, told

MODEL = "provider, model"
LEDGER = 'environment=~"$environment", provider=~"$provider"'
DAY, MONTH, FORECAST = "llm_spend_day_usd", "llm_spend_month_usd", "llm_spend_month_forecast_usd"
BUDGET = 'period="month", unit="usd"'
MONTH_LEFT = "(86400 * (days_in_month() - day_of_month() + 1) - time() % 86400)"
# Since which day counters tell: the beginning of the month, or that of Prometheus' memory.
MONTH_BEGAN = "scalar(time() - time() % 86400 - 86400 * (day_of_month() - 1))"
REMEMBERED = "(min(min_over_time(timestamp(tollgate_build_info)[31d:1h])) or min(timestamp(tollgate_build_info)))"
BEGINNING = f"clamp_min({REMEMBERED}, {MONTH_BEGAN})"
DATE = f"10000 * year({BEGINNING}) + 100 * month({BEGINNING}) + day_of_month({BEGINNING})"
SOURCE = (
    # A scrape that is missed changes no title.
    f'label_replace(count(last_over_time({MONTH}[1m])), "source", "ledger", "", "")'
    f' or on () label_replace(count_values("date", {DATE}), "source", "counters since $1-$2-$3", "date", "(....)(..)(..)")'
    ' or on () label_replace(vector(1), "source", "no data from Tollgate", "", "")'
)


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-bill",
        "LLM / Bill",
        "What will the invoice say? The month so far and to come, day by day and provider by provider, in UTC.",
        (
            Row(4, tiles()),
            Row(10, ((12, daily()), (12, curve()))),
            Row(11, ((24, invoice()),)),
            Row(10, ((24, table()),)),
            Row(9, ((24, unpriced()),), "What is missing from the bill"),
        ),
        variables=LEDGER_VARIABLES,
        choices=(("split", "Split by", ("provider", "model", "service_name", "environment", "operation", *t.dimensions)),),
        hidden=(("source", SOURCE, '/source="([^"]+)"/'),),
        time="now/M",
        zone="utc",
        refresh="5m",
    )


def increase(family: str, *matchers: str, by: str = "", window: str = "$__range", offset: str = "") -> str:
    """As elsewhere, but only by what the ledger's gauges can be chosen by too: otherwise the two would not be the same."""
    return queries.increase(family, *matchers, by=by, window=window, offset=offset, scope=LEDGER)


def ledger(family: str, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} ({select(family, scope=LEDGER)})"


def of_day(by: str = "") -> str:
    """Dollars of the UTC day that begins at a point: its last word, from the ledger or from counters."""
    # A minute is left out at the start: the gauge may still show the day before.
    told_by_ledger = f"max_over_time(({ledger(DAY, by)})[23h59m:5m] offset -1d)"
    return f"({told_by_ledger} or {increase(COST, by=by, window='1d', offset='-1d')})"


def of_largest(count: int) -> str:
    """The same by provider, of the largest of the time shown."""
    # Grafana ends at the last midnight: whoever began today is found a day later.
    by_ledger = f"max_over_time({select(MONTH, scope=LEDGER)}[$__range] @ end() offset -1d)"
    by_counters = f"increase({select(COST, scope=LEDGER)}[$__range] @ end() offset -1d)"
    weight = f"(sum by (provider) ({by_ledger}) or sum by (provider) ({by_counters}))"
    return f"{of_day('provider')} and topk({count}, {weight} > 0)"


def tiles() -> tuple:
    money, month = Money("$__range", LEDGER), f"({ledger(MONTH)} or {increase(COST)})"
    pace = f"{month} + {increase(COST, window='1d')} / 86400 * {MONTH_LEFT}"
    budget = f"sum(llm_budget_limit{{{BUDGET}}})"
    return (
        (
            8,
            tile(
                "Month to date · $source",
                "Dollars since the first of the month, UTC, in the environments and with the providers chosen. Failed calls that were billed are included.",
                "currencyUSD",
                Query(money.told(month)),
                without=money.without(),
                since="now/M",
            ),
        ),
        (
            5,
            tile(
                "Month, forecast",
                "The ledger's forecast; without one the month so far, and what is left of it at the pace of the last 24 hours.",
                "currencyUSD",
                Query(money.told(f"({ledger(FORECAST)} or ({pace}))")),
                without=money.without(),
                since="now/M",
            ),
        ),
        (
            6,
            tile(
                "Monthly budget",
                "The fullest monthly budget in dollars, from Tollgate's configuration.",
                "percentunit",
                Query(told(f"max(llm_budget_used_ratio{{{BUDGET}}}) or max(llm_budget_spent{{{BUDGET}}}) / {budget}", NO_BUDGET)),
                steps=rising(0.8, 1),
            ),
        ),
        (
            5,
            tile(
                "Today, UTC",
                "Dollars since midnight UTC.",
                "currencyUSD",
                Query(money.told(f"({ledger(DAY)} or {increase(COST)})")),
                without=money.without(),
                since="now/d",
            ),
        ),
    )


def daily():
    largest = of_largest(6)
    return lines(
        "Dollars a day by provider · $source",
        "A bar is a day in UTC; the last one is not over yet. The six largest providers of the time shown, and the others together.",
        "currencyUSD",
        Query(largest, "{{provider}}"),
        rest=others(of_day, largest),
        stacked=True,
        daily=True,
    )


def curve():
    return lines(
        "Month so far against the budget · $source",
        "Dollars added up over the days shown, UTC. Dashed: the sum of the monthly budgets in dollars, where there are some.",
        "currencyUSD",
        Query(of_day(), "spent"),
        Query(f"sum(llm_budget_limit{{{BUDGET}}})", "budget"),
        added_up="spent",
        daily=True,
        guide="budget",
    )


def invoice():
    return bills(
        "To lay beside the invoice: dollars by provider and day, UTC · $source",
        "One row a day, one column a provider: the seven largest of the time shown, and the others together. Invoices are often dated later, and may leave out what is not yet settled.",
        Query(of_largest(7), "{{provider}}"),
        Query(others(of_day, of_largest(7)), "others"),
    )


def chosen(family: str, offset: str = "") -> str:
    """By the label that is chosen above, under one name."""
    return f'sum by (chosen) (label_replace({increase(family, by="$split", offset=offset)}, "chosen", "$1", "$split", "(.*)"))'


def table():
    spent, calls = chosen(COST), chosen("llm_requests_total")
    return grid(
        "By $split, in the time shown · counters",
        "From counters, so only as far back as Prometheus remembers. Change: a multiple of the time of the same length before; a dash where that is not known.",
        Labels({"chosen": "By"}),
        Column(spent, "Dollars", "currencyUSD"),
        Column(f"({spent}) / on () group_left () ({increase(COST)} > 0)", "Part", "percentunit", None, cell="gauge", maximum=1),
        Column(calls, "Calls", "locale", 0),
        Column(f"({spent}) / ({calls} > 0)", "Dollars a call", "currencyUSD"),
        Column(change(spent, chosen(COST, offset="$__range")), "Change", "×", 2),
        sort="Dollars",
    )


def unpriced():
    """Failed calls are rarely billed and are left out."""
    missing = increase("llm_priced_requests_total", 'price_source="unpriced"', by=MODEL)
    calls, failed = increase("llm_requests_total", by=MODEL), increase("llm_requests_total", 'error_class!="none"', by=MODEL)
    untold = f"clamp_min({increase('llm_requests_without_usage_total', by=MODEL)} - ({failed} or 0 * {calls}), 0)"
    return grid(
        "Successful calls without dollars · counters",
        "In the time shown. The invoice has them, the numbers above have not. Their tokens: all tokens of models with calls that have no price.",
        Labels({"provider": "Provider", "model": "Model"}),
        Column(f"({missing}) > 0.5", "No price", "locale", 0),
        Column(f"({increase('llm_tokens_total', by=MODEL)}) and on ({MODEL}) ({missing} > 0.5)", "Their tokens", "locale", 0),
        Column(f"({untold}) > 0.5", "No usage", "locale", 0),
        sort="No price",
        empty="every call has its dollars, no calls, or no data from Tollgate",
    )
