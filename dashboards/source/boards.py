"""A dashboard: its variables, links, annotations and grid, and the two forms in which it is committed.

In: rows of panels. Out: classic dashboard JSON (schema 39, which Grafana 10 to 13 load). Knows no metric but
those that fill the variables.
"""

import json
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from .panels import DATASOURCE

SCHEMA_VERSION = 39
TAG = "tollgate"
ALERTS = 'ALERTS{alertstate="firing", alertname=~"LLM.*|Tollgate.*"}'
CALL_VARIABLES = (
    ("environment", "Environment", "label_values(llm_requests_total, environment)"),
    ("service", "Service", 'label_values(llm_requests_total{environment=~"$environment"}, service_name)'),
    ("provider", "Provider", 'label_values(llm_requests_total{environment=~"$environment", service_name=~"$service"}, provider)'),
    (
        "model",
        "Model",
        'label_values(llm_requests_total{environment=~"$environment", service_name=~"$service", provider=~"$provider"}, model)',
    ),
)
LEDGER_VARIABLES = (
    CALL_VARIABLES[0],
    ("provider", "Provider", 'label_values(llm_requests_total{environment=~"$environment"}, provider)'),
)
ITSELF_VARIABLES = (
    ("job", "Job", "label_values(tollgate_build_info, job)"),
    ("instance", "Instance", 'label_values(tollgate_build_info{job=~"$job"}, instance)'),
)


@dataclass(frozen=True)
class Row:
    """Panels side by side: their height, and (width, panel) adding up to 24. A title starts a section."""

    height: int
    panels: tuple
    title: str = ""


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    question: str
    rows: tuple[Row, ...]
    variables: tuple = CALL_VARIABLES
    choices: tuple = ()
    hidden: tuple = ()
    time: str = "now-30m"
    zone: str = "browser"
    refresh: str = "30s"


def variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A variable with several values and All, which matches everything without listing it."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query({"query": query, "refId": f"variable-{name}", "qryType": 1})
        .datasource(DATASOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(text=["All"], value=["$__all"], selected=True))
    )


def choice(name: str, label: str, values: tuple[str, ...]) -> dashboard.CustomVariable:
    """A variable with one of a fixed list of values."""
    return (
        dashboard.CustomVariable(name)
        .label(label)
        .values(",".join(values))
        .options([model.VariableOption(text=value, value=value, selected=value == values[0]) for value in values])
        .current(model.VariableOption(text=values[0], value=values[0], selected=True))
    )


def answer(name: str, query: str, pattern: str) -> dashboard.QueryVariable:
    """A variable that nobody chooses: a label of the answer to a query, for titles."""
    return (
        dashboard.QueryVariable(name)
        .query({"query": f"query_result({query})", "refId": f"variable-{name}", "qryType": 3})
        .datasource(DATASOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .regex(pattern)
        .hide(model.VariableHide.HIDE_VARIABLE)
    )


def build(board: Board) -> dict:
    """The form for file provisioning, as a JSON object."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.question)
        .tags([TAG, "llm"])
        .time(board.time, "now")
        .refresh(board.refresh)
        .timezone(board.zone)
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .editable()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .annotation(
            dashboard.AnnotationQuery().name("Alerts").datasource(DATASOURCE).enable(True).icon_color("red").expr(ALERTS)
        )
        .link(
            dashboard.DashboardLink("Tollgate")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(True)
            .keep_time(True)
            .as_dropdown(False)
        )
    )
    for each in board.variables:
        built = built.with_variable(variable(*each))
    for each in board.hidden:
        built = built.with_variable(answer(*each))
    for each in board.choices:
        built = built.with_variable(choice(*each))
    place(built, board.rows)
    return finish(json.loads(JSONEncoder(sort_keys=True).encode(built.build())))


def place(built: dashboard.Dashboard, rows: tuple[Row, ...]) -> None:
    """Lays rows out from top to bottom and numbers the panels."""
    top, number = 0, 0
    for row in rows:
        if row.title:
            number += 1
            position = model.GridPos(h=1, w=24, x=0, y=top)
            built.with_row(dashboard.Row(row.title).id(number).grid_pos(position))
            top += 1
        left = 0
        for width, panel in row.panels:
            number += 1
            built.with_panel(panel.id(number).grid_pos(model.GridPos(h=row.height, w=width, x=left, y=top)))
            left += width
        assert left == 24, f"a row of {row.title or 'panels'} is {left} wide, not 24"
        top += row.height


def finish(document: dict) -> dict:
    """What the SDK does not say: the schema, and how an alert reads as an annotation."""
    document |= {"schemaVersion": SCHEMA_VERSION, "id": None, "version": 1}
    for annotation in document["annotations"]["list"]:
        annotation |= {
            "titleFormat": "{{alertname}} {{service_name}} {{model}}",
            "textFormat": "{{severity}}",
            "tagKeys": "severity,provider",
            "step": "60s",
        }
    return document


def for_import(document: dict) -> dict:
    """The form for import by hand and for grafana.com: Grafana asks for the data source."""
    text = json.dumps(document).replace("${datasource}", "${DS_PROMETHEUS}")
    imported = json.loads(text)
    variables = imported["templating"]["list"]
    imported["templating"]["list"] = [each for each in variables if each["name"] != "datasource"]
    types = sorted({panel["type"] for panel in imported["panels"]} - {"row"})
    return {
        "__inputs": [
            {
                "name": "DS_PROMETHEUS",
                "label": "Prometheus",
                "description": "The Prometheus that scrapes Tollgate",
                "type": "datasource",
                "pluginId": "prometheus",
                "pluginName": "Prometheus",
            }
        ],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.0.0"},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *({"type": "panel", "id": each, "name": each, "version": ""} for each in types),
        ],
    } | imported
