"""PromQL as the dashboards need it: filtered by the variables, summed before divided, silent without traffic.

In: family names, labels, windows. Out: PromQL text. Knows no panel.
"""

from collections.abc import Callable
from dataclasses import dataclass

CALLS = 'environment=~"$environment", service_name=~"$service", provider=~"$provider", model=~"$model"'
LIMITS = 'provider=~"$provider"'
ITSELF = 'job=~"$job", instance=~"$instance"'
RATE = "$__rate_interval"
RANGE = "$__range"

# A call that the caller gave up is neither a success nor the provider's failure: as in alerts/source/nouns.py.
FAILED = 'error_class!~"none|cancelled"'
SUCCEEDED = 'error_class="none"'
RATE_LIMITED = 'error_class="rate_limit"'
QUOTA = 'error_class="quota_exhausted"'
PROMPT = 'type=~"input.*|cache_.*"'
CACHED = 'type=~"cache_read.*"'
OUTPUT = 'type=~"output.*|reasoning"'

LIMIT = "provider, model, account, resource, window"
COST, CALLS_MADE, PRICED = "llm_cost_usd_total", "llm_requests_total", "llm_priced_requests_total"
HAS_PRICE = 'price_source=~"catalogue|configured|reported"'

# There while Tollgate is, and for a minute after, which is how long a restart may take.
ALIVE = "max(last_over_time(tollgate_build_info[1m]))"

# Numbers that stand for a word where there is no number; panels.WORDS says which. No true value is negative.
NO_CALLS, NO_DATA_YET, NO_DATA = -1, -2, -3
TOO_FEW_CALLS, NO_LIMITS, NO_BUDGET, NO_FAILURES, NO_STREAMS, TOLD_BY_NONE, NO_REQUESTS, NO_TOOLS, NO_RETRIES = -4, -5, -6, -7, -8, -9, -10, -11, -12


def select(family: str, *matchers: str, scope: str = CALLS) -> str:
    """The series of a family that the variables choose."""
    return f"{family}{{{', '.join((scope, *matchers))}}}"


def over_time(function: str, series: str, window: str, by: str = "", offset: str = "", at_end: bool = False) -> str:
    """`sum by (…) (rate(…[…]))` and the like, over all replicas."""
    moved = (f" offset {offset}" if offset else "") + (" @ end()" if at_end else "")
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} ({function}({series}[{window}]{moved}))"


def rate(family: str, *matchers: str, by: str = "", window: str = RATE, offset: str = "", scope: str = CALLS) -> str:
    """Per second."""
    return over_time("rate", select(family, *matchers, scope=scope), window, by, offset)


def increase(family: str, *matchers: str, by: str = "", window: str = RANGE, offset: str = "", scope: str = CALLS) -> str:
    """In the whole window."""
    return over_time("increase", select(family, *matchers, scope=scope), window, by, offset)


def ratio(part: str, whole: str) -> str:
    """A part of a whole that were both summed first: 0 without a part, nothing without a whole."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def quantile(q: float, family: str, *matchers: str, by: str = "", window: str = RATE, offset: str = "", scope: str = CALLS) -> str:
    """A percentile over all replicas; nothing, rather than NaN, without traffic."""
    buckets = rate(f"{family}_bucket", *matchers, by=f"le, {by}" if by else "le", window=window, offset=offset, scope=scope)
    return f"histogram_quantile({q}, {buckets}) >= 0"


def named(**by_name: str) -> str:
    """Several numbers in one query, told apart by the label `when`: one that is not known is left out, not empty."""
    each = (f'label_replace({expr}, "when", "{name.replace("_", " ")}", "", "")' for name, expr in by_name.items())
    return " or ".join(each)


def change(now: str, before: str) -> str:
    """A multiple of what was before; NaN, which tables show as a dash, where that is not known."""
    return f"({now}) / ({before} > 0) or ({now}) * NaN"


def above(family: str, edge: int, by: str = "", window: str = RATE) -> str:
    """Observations per second over a bucket edge, however the edge is written (`80000` or `80000.0`)."""
    below = f'le=~"{edge}(\\\\.0)?"'
    return f"{rate(family + '_count', by=by, window=window)} - {rate(family + '_bucket', below, by=by, window=window)}"


def nothing(word: int = NO_CALLS) -> str:
    """Why there is no number: `word` while Tollgate is there; else no data, in the first minute not yet an alarm."""
    return (
        f"0 * max(tollgate_build_info) + {word}"
        f" or 0 * {ALIVE} + {NO_DATA_YET}"
        f" or (0 * count(up) + {NO_DATA_YET} unless on () count(up offset 1m))"
        f" or vector({NO_DATA})"
    )


def known(value: str) -> str:
    """A number only while Tollgate is there, or was a minute ago: what nobody adds to is not true for long."""
    return f"({value}) and on () {ALIVE}"


def told(value: str, word: int = NO_CALLS, *rather: tuple[str, int], label: str = "") -> str:
    """A number, or the word for its absence; `rather`: a word where its condition is there. `label` names the number."""
    words = " or ".join((*(f"(0 * ({condition}) + {number} and on () {ALIVE})" for condition, number in rather), nothing(word)))
    named_words = f'label_replace({words}, "{label}", " ", "", "")' if label else words
    return f"({known(value)}) or on () ({named_words})"


@dataclass(frozen=True)
class Money:
    """Dollars of a window, and the calls of which there are none: each is there where the others are not."""

    window: str
    scope: str = CALLS

    def calls(self, *matchers: str) -> str:
        return increase(CALLS_MADE, *matchers, window=self.window, scope=self.scope)

    def sources(self, matcher: str) -> str:
        return f"{increase(PRICED, matcher, window=self.window, scope=self.scope)} > 0"

    def told(self, value: str) -> str:
        """`value` where a call has a price; a word without calls; nothing where calls are all without."""
        priced = self.sources(HAS_PRICE)
        return f"({known(f'{value} or 0 * ({priced})')} and on () ({priced})) or ({self.no_calls()})"

    def no_calls(self) -> str:
        """The word where there are none, or nobody who could tell."""
        return f"({nothing()}) unless on () ({known(f'{self.calls()} > 0')})"

    def without(self) -> dict[str, str]:
        """How many calls there are of which no dollars are known, by why."""
        priced, failed = self.sources(HAS_PRICE), f"({self.calls()} > 0) unless ({self.calls(SUCCEEDED)} > 0)"
        unpriced, untold = self.sources('price_source="unpriced"'), self.sources('price_source="unknown_usage"')
        return {
            "all failed": known(f"({failed}) unless ({priced})"),
            "no price": known(f"({unpriced}) unless ({priced}) unless ({failed})"),
            "no usage": known(f"({untold}) unless ({unpriced}) unless ({priced}) unless ({failed})"),
        }


def shortened(expression: str, *labels: str) -> str:
    """With a label `short_…` for each label: long values lose their middle, where names differ least."""
    for label in labels:
        whole = f'label_replace({expression}, "short_{label}", "$1", "{label}", "(.*)")'
        expression = f'label_replace({whole}, "short_{label}", "$1…$2", "{label}", "(.{{11}}).{{2,}}(.{{10}})")'
    return expression


def shortened_limit(expression: str) -> str:
    """With a label `name`: the model or family, what is limited, and whose account it is."""
    parts = '"name", " ", "short_model", "of_window", "account"'
    with_window = f'label_join({shortened(expression, "model")}, "of_window", "/", "resource", "window")'
    return f"label_join({with_window}, {parts})"


def others(of: Callable[[str], str], leading: str) -> str:
    """What is left of a sum beside the leading ones; nothing where it is nothing but rounding."""
    return f"({of('')}) - (sum({leading}) or 0 * ({of('')})) > 1e-6 * ({of('')})"


def most(expression: str, family: str, by: str, count: int, scope: str) -> str:
    """The series that count most in the whole range, also where all of them are 0."""
    return f"({expression}) and topk({count}, {over_time('increase', select(family, scope=scope), RANGE, by, at_end=True)})"


def top(expression: str, family: str, by: str, count: int = 6, *matchers: str) -> str:
    """The series of `expression` that weigh most in `family` over the whole range: a fixed few of five hundred."""
    weight = over_time("increase", select(family, *matchers), RANGE, by, at_end=True)
    return f"({expression}) and topk({count}, {weight} > 0)"
