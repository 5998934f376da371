"""What a rule is, before it is written in anybody's format.

An expression names recorded series directly (`model:llm_requests:rate5m`, also with `offset 1d`).
A writer for a system without recording rules replaces each name by what it stands for.
"""

import re
from dataclasses import dataclass, field

# The labels of one kind of call, from the widest to the narrowest.
ENVIRONMENT = "environment"
SERVICE = "environment, service_name"
PROVIDER_MODEL = "environment, provider, model"
MODEL = "environment, service_name, provider, model"
LIMIT = "provider, model, account, resource, window"

SERVICE_PROVIDER = "environment, service_name, provider"
PROVIDER = "environment, provider"

# Failures that users cause: they open tickets, they never wake anybody.
CALLERS = 'error_class=~"content_filter|context_length|invalid_request"'
# Failures on the provider's side, or on the way there. A call that the caller gave up is neither a success nor one of these.
FAILED = 'error_class!~"none|cancelled|content_filter|context_length|invalid_request"'
# The same, and calls that the caller gave up: where nothing else happens, nothing works.
FRUITLESS = 'error_class!~"none|content_filter|context_length|invalid_request"'

SEVERITIES = ("page", "ticket", "info")
RECORDED = re.compile(r"\b([a-z]+:[a-z0-9_]+:[a-z0-9_]+)(\[[^\]]*\])?(?: offset (\w+))?")


@dataclass(frozen=True)
class Record:
    """A recorded series. `expr` has `<at>` after each selector, where an offset belongs."""

    name: str
    expr: str

    def at(self, offset: str | None = None) -> str:
        """The expression, now or `offset` ago."""
        return self.expr.replace("<at>", f" offset {offset}" if offset else "")


@dataclass(frozen=True)
class Alert:
    """One alert. Texts are Go templates over `$labels` and `$value`."""

    name: str
    severity: str
    expr: str
    summary: str
    description: str
    dashboard: str
    variables: tuple[str, ...] = ()
    wait: str = "0s"
    # It fires this long after its expression was last true: what breathes about a threshold is one incident.
    keep: str = "0s"
    # Its series have the label `environment`; it says where it happens, and whether that wakes somebody.
    by_environment: bool = True
    # Selector of `llm_errors_total` by the alert's labels: the details tell the commonest causes.
    causes: tuple[str, ...] = ()
    # The ticket beside a page of the same name, where the page's conditions are not all met.
    lesser: bool = False
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Area:
    """A rule file: what is recorded, and the alerts that stand on it, fast and slow."""

    name: str
    records: tuple[Record, ...]
    fast: tuple[Alert, ...]
    slow_records: tuple[Record, ...] = ()
    slow: tuple[Alert, ...] = ()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All alerts of the area."""
        return self.fast + self.slow


def inline(expr: str, records: dict[str, Record]) -> str:
    """`expr` with every recorded name replaced by its expression, for systems that record nothing."""

    def expand(found: re.Match) -> str:
        name, window, offset = found.groups()
        if not window:
            return "(" + inline(records[name].at(offset), records) + ")"
        # A range of a recorded series becomes a subquery; ten minutes apart loses nothing that lasts an hour.
        window = window if ":" in window else window.replace("]", ":10m]")
        return "(" + inline(records[name].at(), records) + ")" + window + (f" offset {offset}" if offset else "")

    return RECORDED.sub(expand, expr)


def edge(value: float) -> str:
    """A matcher for a bucket edge, as Prometheus 2 (`10`) and OpenMetrics or Prometheus 3 (`10.0`) write it."""
    return f'le=~"{value:g}(\\\\.0)?"' if value < 1e6 else f'le="{value:g}"'


def over_exactly(family: str, limit: float, by: str, window: str) -> str:
    """How many observations of a histogram lay over a bucket edge in `window`."""
    return f"{counted(family + '_count', by, window)}\n- {counted(f'{family}_bucket{{{edge(limit)}}}', by, window)}"


def quantile(family: str, q: float, by: str, window: str) -> str:
    """A percentile over all replicas: buckets are summed before the percentile is taken."""
    return f"histogram_quantile({q}, sum by ({by}, le) (rate({family}_bucket[{window}]<at>)))"


def counted(selector: str, by: str, window: str) -> str:
    """How often a counter was counted, exactly: `increase()` guesses what lies outside the samples and says 2 for 1."""
    return f"sum by ({by}) (last_over_time({selector}[{window}]) - min_over_time({selector}[{window}]))"


def excess(failed: str, calls: str, ratio: float, sigmas: float, least: int) -> str:
    """The part of calls that failed, where it is more than `ratio` and more than chance makes of `ratio`."""
    return (
        f"{failed} / {calls} > {ratio}\n"
        f"  and {failed} >= {least}\n"
        f"  and {failed} - {ratio} * {calls} > {sigmas:g} * sqrt({ratio} * {calls})"
    )
