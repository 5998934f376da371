"""Agents and tools: does somebody go round in circles?

A run has no metric: what is told here is what a loop does to calls, prompts and money, and what the spans of agents count.
"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import PER_HOUR, UNTOLD, Column, Labels, Query, grid, lines, rising, tile
from .queries import CACHED, COST, NO_CALLS, NO_RETRIES, NO_TOOLS, OUTPUT, PROMPT, TOLD_BY_NONE, change, increase, named, others, quantile, rate, ratio, shortened, told, top

FEES = 'type="request"'
SUMMED = 'sum(increase(tollgate_spans_total{result="aggregate"}[$__range]))'
CALLS_SEEN = 'sum(increase(tollgate_spans_total{result="call"}[$__range]))'


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-agents",
        "LLM / Agents and tools",
        "Does somebody go round in circles? Calls, prompts and dollars by service or by a label of your own, against yesterday; calls and cost of a run, where spans of agents tell; fees of tools.",
        (
            Row(4, tiles(t)),
            Row(10, ((24, table(t)),)),
            Row(10, ((12, pace()), (12, prompts(t)))),
            Row(10, ((12, each_call()), (12, reread()))),
            Row(10, ((12, against_yesterday()), (12, fees())), "Spend and fees"),
        ),
        choices=(("split", "Split by", ("service_name", "operation", "model", *t.dimensions)),),
        time="now-3h",
    )


def tiles(t: Thresholds) -> tuple:
    """The first two are of all services: spans of agents are counted without their names."""
    made = f"{increase('llm_requests_total')} > 0"
    return (
        (
            5,
            tile(
                "Calls a run, all",
                "Calls for each span that sums calls up, in the time shown, over all services: spans of agents, chains and workflows. Where a framework writes several a run, a run has more calls than this says.",
                "short",
                Query(told(f"{CALLS_SEEN} / ({SUMMED} > 0)", NO_CALLS, (f"{CALLS_SEEN} > 0", TOLD_BY_NONE))),
                decimals=1,
            ),
        ),
        (
            5,
            tile(
                "Cost a run, all",
                "Dollars for each span that sums calls up, in the time shown, over all services. As beside.",
                "currencyUSD",
                Query(told(f"sum(increase({COST}[$__range])) / ({SUMMED} > 0)", NO_CALLS, (f"{CALLS_SEEN} > 0", TOLD_BY_NONE))),
            ),
        ),
        (
            5,
            tile(
                "Fees of tools",
                "Dollars in the time shown that are billed a call or a use of a tool, such as searches, and not by tokens.",
                "currencyUSD",
                Query(told(f"{increase(COST, FEES)} > 0", NO_CALLS, (made, NO_TOOLS))),
            ),
        ),
        (
            5,
            tile(
                "Prompt p95, 5 min",
                f"The p95 of the tokens of a whole prompt in the last five minutes: a loop carries its past along. Red from {t.context_critical_tokens // 1000}k.",
                "short",
                Query(told(quantile(0.95, "llm_request_input_tokens", window="5m"), NO_CALLS, (f"{increase('llm_requests_total', window='5m')} > 0", TOLD_BY_NONE))),
                decimals=1,
                steps=rising(t.context_warning_tokens, t.context_critical_tokens),
            ),
        ),
        (
            4,
            tile(
                "Retries a call",
                f"Hidden attempts for each call in the time shown, where spans tell. Over {t.retries_per_request} a ticket is opened.",
                "short",
                Query(told(f"({increase('llm_retries_total')} > 0) / {increase('llm_requests_total')}", NO_CALLS, (made, NO_RETRIES))),
                decimals=2,
                steps=rising(t.retries_per_request / 2, t.retries_per_request),
            ),
        ),
    )


def chosen(expression: str) -> str:
    """With the chosen label under one name."""
    return f'label_replace({expression}, "chosen", "$1", "$split", "(.*)")'


def by_choice(of, family: str, count: int = 6) -> str:
    """The largest by the chosen label."""
    return shortened(chosen(top(of("$split"), family, "$split", count)), "chosen")


def table(t: Thresholds):
    calls, before = (increase("llm_requests_total", by="$split", window="1h", offset=offset) for offset in ("", "1d"))
    spent, window = increase(COST, by="$split", window="1h"), {"by": "$split", "window": "1h"}
    prompt, output = (increase("llm_tokens_total", kind, **window) for kind in (PROMPT, OUTPUT))
    multiple = rising(2, t.spend_rate_multiple)
    over = ((None, "blue"), (t.context_warning_tokens, "dark-yellow"), (t.context_critical_tokens, "red"))

    def column(expr: str, *rest, **more) -> Column:
        return Column(f"sum by (chosen) ({chosen(expr)})", *rest, **more)

    return grid(
        "The last hour, by $split",
        "A loop makes many calls with growing prompts. Against yesterday: calls as a multiple of the same hour. Prompt: p95 of its tokens. In/out: prompt tokens for each output token. Cached: of prompt tokens. Fees: billed a call or a use of a tool.",
        Labels({"chosen": "By"}),
        column(calls, "Calls", "locale", 0),
        column(change(calls, before), "Against yesterday", "×", 2, multiple, "color"),
        column(spent, "Spend", "currencyUSD"),
        column(f"({spent}) / ({calls} > 0)", "A call", "currencyUSD"),
        column(quantile(0.95, "llm_request_input_tokens", **window), "Prompt", "short", 1, over, "color"),
        column(f"({prompt}) / ({output} > 0)", "In/out", "short", 0),
        column(ratio(increase("llm_tokens_total", CACHED, **window), prompt), "Cached", "percentunit", 0),
        column(f"{increase(COST, FEES, **window)} > 0", "Fees", "currencyUSD"),
        sort="Calls",
    )


def pace():
    def of(by: str) -> str:
        return f"60 * ({rate('llm_requests_total', by=by)})"

    largest = top(of("$split"), "llm_requests_total", "$split")
    return lines(
        "Calls a minute by $split",
        "The six with the most calls, and the others together. A loop is a step that stays. The scale is logarithmic.",
        "/min",
        Query(shortened(chosen(largest), "chosen"), "{{short_chosen}}"),
        rest=others(of, largest),
        logarithmic=True,
        interval="1m",
        link=links.to("tollgate-errors"),
    )


def prompts(t: Thresholds):
    return lines(
        "p95 of prompt tokens by $split",
        "Of the six with the most calls: 5 % of prompts are longer. A line that climbs for as long as a run lasts is an agent that carries everything along. Dashed: where tickets are opened.",
        "short",
        Query(by_choice(lambda by: quantile(0.95, "llm_request_input_tokens", by=by), "llm_requests_total"), "{{short_chosen}}"),
        empty=UNTOLD,
        decimals=1,
        steps=rising(t.context_warning_tokens, t.context_critical_tokens),
        interval="1m",
    )


def each_call():
    return lines(
        "Cost of 1,000 calls by $split",
        "The mean cost of a call, times a thousand, of the six that cost most: an agent whose context grows pays more for each next call.",
        "currencyUSD",
        Query(by_choice(lambda by: f"1000 * {rate(COST, by=by)} / ({rate('llm_requests_total', by=by)} > 0)", COST), "{{short_chosen}}"),
        logarithmic=True,
        interval="1m",
    )


def reread():
    return lines(
        "Prompt tokens for each output token, by $split",
        "Of the six with the most tokens: how much is read again and again for a little that is new. Caching makes it cheaper, not fewer.",
        "short",
        Query(by_choice(lambda by: f"{rate('llm_tokens_total', PROMPT, by=by)} / ({rate('llm_tokens_total', OUTPUT, by=by)} > 0)", "llm_tokens_total"), "{{short_chosen}}"),
        empty=UNTOLD,
        decimals=0,
        logarithmic=True,
        interval="1m",
    )


def against_yesterday():
    now, yesterday = (f"60 * ({rate('llm_requests_total', offset=offset)})" for offset in ("", "1d"))
    return lines(
        "Calls a minute now and yesterday",
        "All chosen calls against the same time of yesterday.",
        "/min",
        Query(named(now=now, yesterday=yesterday), "{{when}}"),
        colors={"yesterday": "#5794F2", "now": "#FF9830"},
        interval="1m",
    )


def fees():
    def of(by: str) -> str:
        return f"({rate(COST, FEES, by=by)}) * 3600"

    largest = top(of("$split"), COST, "$split", 6, FEES)
    return lines(
        "Fees of tools and calls by $split",
        "Dollars per hour that are not for tokens: searches and other tools of the provider, fees a call. The six largest, and the others together.",
        PER_HOUR,
        Query(shortened(chosen(largest), "chosen"), "{{short_chosen}}"),
        rest=others(of, largest),
        empty="no fees, no calls, or no data from Tollgate",
        interval="1m",
    )
