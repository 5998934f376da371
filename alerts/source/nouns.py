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

# A call that the caller gave up is neither a success nor the provider's failure.
FAILED = 'error_class!~"none|cancelled"'

SEVERITIES = ("page", "ticket", "info")
RECORDED = re.compile(r"\b([a-z]+:[a-z0-9_]+:[a-z0-9_]+)(?: offset (\w+))?")


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
        return "(" + inline(records[found[1]].at(found[2]), records) + ")"

    return RECORDED.sub(expand, expr)


def edge(value: float) -> str:
    """A matcher for a bucket edge, as Prometheus 2 (`10`) and OpenMetrics or Prometheus 3 (`10.0`) write it."""
    return f'le=~"{value:g}(\\\\.0)?"' if value < 1e6 else f'le="{value:g}"'


def over(family: str, limit: float, by: str, window: str) -> str:
    """How many observations of a histogram lay over a bucket edge in `window`."""
    return (
        f"sum by ({by}) (increase({family}_count[{window}]))\n"
        f"- sum by ({by}) (increase({family}_bucket{{{edge(limit)}}}[{window}]))"
    )


def quantile(family: str, q: float, by: str, window: str) -> str:
    """A percentile over all replicas: buckets are summed before the percentile is taken."""
    return f"histogram_quantile({q}, sum by ({by}, le) (rate({family}_bucket[{window}]<at>)))"
