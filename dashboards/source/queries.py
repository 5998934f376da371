"""PromQL as the dashboards need it: filtered by the variables, summed before divided, silent without traffic.

In: family names, labels, windows. Out: PromQL text. Knows no panel.
"""

CALLS = 'environment=~"$environment", service_name=~"$service", provider=~"$provider", model=~"$model"'
LIMITS = 'provider=~"$provider"'
ITSELF = 'job=~"$job", instance=~"$instance"'
RATE = "$__rate_interval"
RANGE = "$__range"

# A call that the caller gave up is neither a success nor the provider's failure: as in alerts/source/nouns.py.
FAILED = 'error_class!~"none|cancelled"'
RATE_LIMITED = 'error_class="rate_limit"'
QUOTA = 'error_class="quota_exhausted"'
PROMPT = 'type=~"input.*|cache_.*"'
CACHED = 'type=~"cache_read.*"'
OUTPUT = 'type=~"output.*|reasoning"'

LIMIT = "provider, model, account, resource, window"


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


def most(expression: str, family: str, by: str, count: int, scope: str) -> str:
    """The series that count most in the whole range, also where all of them are 0."""
    return f"({expression}) and topk({count}, {over_time('increase', select(family, scope=scope), RANGE, by, at_end=True)})"


def top(expression: str, family: str, by: str, count: int = 8, *matchers: str) -> str:
    """The series of `expression` that weigh most in `family` over the whole range: a fixed few of five hundred."""
    weight = over_time("increase", select(family, *matchers), RANGE, by, at_end=True)
    return f"({expression}) and topk({count}, {weight} > 0)"
