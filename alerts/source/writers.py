"""Writes areas of rules in three formats, from one source.

In: `Area`s. Out: text of Prometheus rule files, of a PrometheusRule custom resource, and of Grafana's
alerting provisioning. Knows no threshold.
"""

import hashlib

import yaml

from .nouns import SEVERITIES, Alert, Area, Record, inline
from .thresholds import Thresholds

NOTICE = "# Written by alerts/generate.py from alerts/source and alerts/thresholds.yaml. Edit those.\n"
DASHBOARDS = {
    "overview": "tollgate-overview",
    "cost": "tollgate-cost",
    "limits": "tollgate-limits",
    "errors": "tollgate-errors",
    "latency": "tollgate-latency",
    "self": "tollgate-self",
}
VARIABLES = {"environment": "environment", "service_name": "service", "provider": "provider", "model": "model"}


class Text(str):
    """A string that YAML writes as a block when it has several lines."""


def represent(dumper: yaml.Dumper, text: Text) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


yaml.SafeDumper.add_representer(Text, represent)


def dump(document: object) -> str:
    """YAML with the notice, keys in our order."""
    return NOTICE + yaml.safe_dump(document, sort_keys=False, width=10_000, allow_unicode=True)


class Plain(yaml.SafeDumper):
    """Writes everything out: no anchors."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def represent_plain(head: str, document: dict) -> str:
    """YAML under the notice and a comment."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())
    return NOTICE + "#\n" + comment + yaml.dump(document, Dumper=Plain, sort_keys=False, width=10_000, allow_unicode=True)


def severity(alert: Alert, t: Thresholds) -> str:
    """A page where the environment is one that wakes somebody, else a ticket."""
    if alert.severity != "page" or not alert.by_environment:
        return alert.severity
    wakes = "|".join(t.page_environments)
    return f'{{{{ if match "^({wakes})$" $labels.environment }}}}page{{{{ else }}}}ticket{{{{ end }}}}'


def causes(alert: Alert) -> dict[str, str]:
    """The commonest causes of the last ten minutes, asked when the alert is sent. Only Prometheus can ask."""
    if not alert.causes:
        return {}
    selector = ",".join(f"{name}=%q" for name in alert.causes)
    query = f"topk(3, sum by (error_class, error_code) (increase(llm_errors_total{{{selector}}}[10m])) > 0)"
    arguments = " ".join(f"$labels.{name}" for name in alert.causes)
    return {
        "causes": f"{{{{ range printf `{query}` {arguments} | query }}}}{{{{ .Labels.error_class }}}}"
        " {{ .Labels.error_code }} ({{ printf `%.0f` .Value }}). {{ end }}"
    }


def annotations(alert: Alert, t: Thresholds) -> dict[str, str]:
    """The texts and links of an alert."""
    query = "&".join(f"var-{VARIABLES[name]}={{{{ $labels.{name} | urlquery }}}}" for name in alert.variables)
    url = f"{t.grafana_url}/d/{DASHBOARDS[alert.dashboard]}" + (f"?{query}" if query else "")
    return {
        "summary": ("{{ $labels.environment }}: " if alert.by_environment else "") + alert.summary,
        "description": alert.description,
        "dashboard_url": url,
        "runbook_url": f"{t.runbook_url}/{alert.name}.md",
    }


def prometheus_alert(alert: Alert, t: Thresholds) -> dict:
    assert alert.severity in SEVERITIES, alert
    rule = {"alert": alert.name, "expr": Text(alert.expr)}
    if alert.wait != "0s":
        rule["for"] = alert.wait
    if alert.keep != "0s":
        rule["keep_firing_for"] = alert.keep
    return rule | {"labels": {"severity": severity(alert, t)} | alert.labels, "annotations": annotations(alert, t) | causes(alert)}


def prometheus_record(record: Record) -> dict:
    return {"record": record.name, "expr": Text(record.at())}


def prometheus_groups(area: Area, t: Thresholds) -> list[dict]:
    """Fast and slow group of an area, records before what reads them."""
    parts = (
        (f"tollgate-{area.name}", t.evaluation_fast, area.records, area.fast),
        (f"tollgate-{area.name}-slow", t.evaluation_slow, area.slow_records, area.slow),
    )
    return [
        {
            "name": name,
            "interval": interval,
            "rules": [*map(prometheus_record, records), *(prometheus_alert(alert, t) for alert in alerts)],
        }
        for name, interval, records, alerts in parts
        if records or alerts
    ]


def prometheus(area: Area, t: Thresholds) -> str:
    """One Prometheus rule file."""
    return dump({"groups": prometheus_groups(area, t)})


def custom_resource(areas: list[Area], t: Thresholds) -> str:
    """All of it for the Prometheus operator."""
    return dump(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "tollgate", "labels": {"app.kubernetes.io/name": "tollgate"}},
            "spec": {"groups": [group for area in areas for group in prometheus_groups(area, t)]},
        }
    )


def grafana(areas: list[Area], t: Thresholds) -> str:
    """All alerts as Grafana-managed ones, without recording rules: what they name is written out."""
    records = {record.name: record for area in areas for record in area.records + area.slow_records}
    groups = [
        {
            "orgId": 1,
            "name": name,
            "folder": "Tollgate",
            "interval": interval,
            "rules": [grafana_alert(alert, records, t) for alert in alerts],
        }
        for area in areas
        for name, interval, alerts in (
            (f"tollgate-{area.name}", t.evaluation_fast, area.fast),
            (f"tollgate-{area.name}-slow", t.evaluation_slow, area.slow),
        )
        if alerts
    ]
    return dump({"apiVersion": 1, "groups": groups})


def grafana_alert(alert: Alert, records: dict[str, Record], t: Thresholds) -> dict:
    """The query keeps only series that are in trouble, so any value (none is negative) fires."""
    marks = [*alert.labels.values(), *(["ticket"] if alert.lesser else [])]
    texts = {key: text.replace("$value", "$values.A.Value") for key, text in annotations(alert, t).items()}
    return {
        "uid": "tollgate-" + hashlib.sha256((alert.name + "".join(marks)).encode()).hexdigest()[:16],
        "title": alert.name + "".join(f" ({mark})" for mark in marks),
        "condition": "B",
        "data": [
            {
                "refId": "A",
                "relativeTimeRange": {"from": 600, "to": 0},
                "datasourceUid": "prometheus",
                "model": {"refId": "A", "expr": Text(inline(alert.expr, records)), "instant": True, "range": False},
            },
            {
                "refId": "B",
                "datasourceUid": "__expr__",
                "model": {
                    "refId": "B",
                    "type": "threshold",
                    "expression": "A",
                    "conditions": [{"evaluator": {"type": "gt", "params": [-1]}}],
                },
            },
        ],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": alert.wait,
        **({"keepFiringFor": alert.keep} if alert.keep != "0s" else {}),
        "annotations": texts,
        "labels": {"severity": severity(alert, t)} | alert.labels,
    }
