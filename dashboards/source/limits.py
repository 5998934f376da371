"""Rate limits: how close is the wall?"""

from alerts.source.thresholds import Thresholds

from . import links
from .boards import Board, Row
from .panels import GREEN, NEVER, UNLIMITED, Column, Labels, Query, falling, grid, lines, rising, tile
from .queries import LIMIT, LIMITS, NO_LIMITS, QUOTA, RATE_LIMITED, increase, others, rate, ratio, select, shortened, shortened_limit, told, top

NAME = "{{name}}"
MODEL = "provider, model"
NEVER_SOON = {NEVER: ("none soon", GREEN)}


def gauge(family: str, function: str) -> str:
    """A limit over all replicas: the fullest view is the nearest to the truth."""
    return f"{function} by ({LIMIT}) ({select(family, scope=LIMITS)})"


def fullest(expression: str, count: int = 6) -> str:
    """The limits that were fullest in the time shown."""
    peak = select("llm_rate_limit_peak_used_ratio", scope=LIMITS)
    return shortened_limit(f"{expression} and topk({count}, max by ({LIMIT}) (max_over_time({peak}[$__range] @ end())))")


PEAK = gauge("llm_rate_limit_peak_used_ratio", "max")
EXHAUSTION = gauge("llm_rate_limit_exhaustion_seconds", "min")
# With a value also where a limit refills before it is used up.
EXHAUSTION_OR_NEVER = f"{EXHAUSTION} or 0 * {PEAK} + {NEVER:.0f}"


def board(t: Thresholds) -> Board:
    """The dashboard."""
    return Board(
        "tollgate-limits",
        "LLM / Rate limits",
        "How close is the wall? Each limit's fill and peak, which one binds, when it is reached, and what is refused already.",
        (
            Row(4, tiles(t)),
            Row(10, ((24, table(t)),)),
            Row(10, ((12, fill(t)), (12, exhaustion(t)))),
            Row(10, ((12, refused(t)), (12, refused_ratio(t))), "What is refused"),
            Row(10, ((12, remaining()), (12, resets())), "What providers tell"),
            Row(9, ((24, ceilings()),)),
        ),
    )


def tiles(t: Thresholds) -> tuple:
    return (
        (
            7,
            tile(
                "Tightest, last 2 min",
                "The limit whose fill peaked highest in the last 2 minutes: the one that binds.",
                "percentunit",
                Query(told(shortened_limit(f"topk(1, {PEAK})"), NO_LIMITS, label="name"), NAME),
                decimals=0,
                steps=rising(t.limit_warning_ratio, t.limit_critical_ratio),
                named=True,
            ),
        ),
        (
            7,
            tile(
                "Reached first",
                "The limit that is used up soonest at the present pace, before it refills.",
                "s",
                Query(told(shortened_limit(f"bottomk(1, {EXHAUSTION_OR_NEVER})"), NO_LIMITS, label="name"), NAME),
                decimals=0,
                steps=falling(60, t.limit_exhaustion_seconds),
                named=True,
                words=NEVER_SOON,
            ),
        ),
        (
            3,
            tile(
                f"Over {t.limit_warning_ratio:.0%}",
                f"How many limits are over {t.limit_warning_ratio:.0%}.",
                "short",
                Query(told(f"count({PEAK} > {t.limit_warning_ratio}) or 0 * count({PEAK})", NO_LIMITS)),
                decimals=0,
                steps=rising(1, 3),
            ),
        ),
        (
            4,
            tile(
                "429s, 5 min",
                f"Calls that met a rate limit among all of the last five minutes. Red from {t.rate_limit_ratio:.0%}, where somebody is paged.",
                "percentunit",
                Query(told(ratio(rate("llm_requests_total", RATE_LIMITED, window="5m"), rate("llm_requests_total", window="5m")))),
                steps=rising(t.rate_limit_ratio / 2, t.rate_limit_ratio),
            ),
        ),
        (
            3,
            tile(
                "Quota",
                "Calls in the time shown that were refused because credit or quota is used up. Waiting does not help.",
                "short",
                Query(told(f"({increase('llm_requests_total', QUOTA)} or 0 * {increase('llm_requests_total')}) and on () ({increase('llm_requests_total')} > 0)")),
                decimals=0,
                steps=((None, "green"), (1, "red")),
                link=links.to("tollgate-errors"),
            ),
        ),
    )


def table(t: Thresholds):
    return grid(
        "Every limit",
        "Fullest first, by the peak of the last 2 minutes. Limits belong to an account and often to a family of models, so only the provider is filtered here."
        " Over several replicas the fullest view is shown. Used up in has a dash when it refills first.",
        Labels(
            {"provider": "Provider", "model": "Model", "account": "Account", "resource": "Resource", "window": "Window"},
            {"provider": "/d/tollgate-errors?" + links.KEPT + "&var-provider=${__data.fields.Provider}"},
        ),
        Column(PEAK, "Peak, 2 min", "percentunit", 0, rising(t.limit_warning_ratio, t.limit_critical_ratio), "gauge", maximum=1, width=112),
        Column(gauge("llm_rate_limit_remaining", "min"), "Remaining", "locale", width=86),
        Column(gauge("llm_rate_limit_limit", "max"), "Limit", "locale", width=86),
        Column(gauge("llm_rate_limit_reset_seconds", "max"), "Refilled in", "s", 0, width=92),
        Column(EXHAUSTION_OR_NEVER, "Used up in", "s", 0, falling(60, t.limit_exhaustion_seconds), "color", never=True, width=92),
        sort="Peak, 2 min",
        empty=UNLIMITED,
    )


def fill(t: Thresholds):
    return lines(
        "Fill of the fullest limits",
        "The peak of 2 minutes, of the six limits that were fullest. Dashed: where a ticket is opened and where somebody is paged.",
        "percentunit",
        Query(fullest(PEAK), NAME),
        decimals=0,
        empty=UNLIMITED,
        steps=rising(t.limit_warning_ratio, t.limit_critical_ratio),
        maximum=1,
    )


def exhaustion(t: Thresholds):
    return lines(
        "Time until used up",
        f"At the present pace, where that comes before the refill; a line that ends is good. Somebody is paged below {t.limit_exhaustion_seconds} s (dashed), for limits longer than a minute.",
        "s",
        Query(fullest(f"({EXHAUSTION})"), NAME),
        logarithmic=True,
        empty="no limit is used up at this pace, or no data from Tollgate",
        decimals=0,
        steps=falling(60, t.limit_exhaustion_seconds),
    )


def refused(t: Thresholds):
    def of(by: str) -> str:
        return rate("llm_requests_total", RATE_LIMITED, by=by)

    largest = top(of(MODEL), "llm_requests_total", MODEL, 6, RATE_LIMITED)
    return lines(
        "429s by model",
        "Calls per second that met a rate limit: the six models with the most, and the others together.",
        "reqps",
        Query(shortened(largest, "model"), "{{short_model}} · {{provider}}"),
        rest=others(of, largest),
        empty="nothing refused, no calls, or no data from Tollgate",
        stacked=True,
        interval="1m",
        link=links.of_series("tollgate-errors"),
    )


def refused_ratio(t: Thresholds):
    by_model = ratio(rate("llm_requests_total", RATE_LIMITED, by=MODEL), rate("llm_requests_total", by=MODEL))
    return lines(
        "Part of calls refused with 429, by model",
        "Of the six models with the most calls. Dashed: where somebody is paged.",
        "percentunit",
        Query(shortened(top(by_model, "llm_requests_total", MODEL), "model"), "{{short_model}} · {{provider}}"),
        decimals=1,
        steps=rising(t.rate_limit_ratio / 2, t.rate_limit_ratio),
        maximum=2 * t.rate_limit_ratio,
        interval="1m",
        link=links.of_series("tollgate-errors"),
    )


def remaining():
    return lines(
        "Remaining",
        "What is left of the six fullest limits, in units of each limit: requests or tokens.",
        "short",
        Query(fullest(gauge("llm_rate_limit_remaining", "min"), 6), NAME),
        empty=UNLIMITED,
        logarithmic=True,
    )


def resets():
    return lines(
        "Refilled in",
        "Time until the six fullest limits are full again. A saw is a limit that refills at fixed times.",
        "s",
        Query(fullest(gauge("llm_rate_limit_reset_seconds", "max"), 6), NAME),
        empty=UNLIMITED,
        decimals=0,
    )


def ceilings():
    return lines(
        "Limits themselves",
        "The ceilings that providers enforce. A step is a change of tier, or a cut; Tollgate's log has old and new.",
        "short",
        Query(fullest(gauge("llm_rate_limit_limit", "max"), 6), NAME),
        empty=UNLIMITED,
        logarithmic=True,
    )
