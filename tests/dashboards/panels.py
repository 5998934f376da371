"""The queries of the committed dashboards, with variables filled in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EVERYTHING = {name: ".*" for name in ("environment", "service", "provider", "model", "job", "instance")}
NOTHING = {name: "nobody" for name in EVERYTHING}


@dataclass(frozen=True)
class Query:
    """One target of one panel."""

    board: str
    panel: str
    reference: str
    expr: str
    instant: bool
    choices: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.board} | {self.panel}"

    def filled(self, variables: dict[str, str], rate_interval: str, shown: str) -> str:
        """PromQL as Grafana would send it."""
        values = {"__rate_interval": rate_interval, "__interval": "15s", "__range": shown} | variables | self.choices
        expr = self.expr
        for name in sorted(values, key=len, reverse=True):
            expr = expr.replace(f"${{{name}}}", values[name]).replace(f"${name}", values[name])
        return expr


def boards(folder: Path) -> Iterator[dict]:
    for path in sorted(folder.glob("*.json")):
        yield json.loads(path.read_text())


def queries(folder: Path) -> list[Query]:
    """Every query of every panel, once for each value of a fixed choice."""
    return [query for board in boards(folder) for panel in board["panels"] for query in of_panel(board, panel)]


def of_panel(board: dict, panel: dict) -> Iterator[Query]:
    fixed = {each["name"]: each["query"].split(",") for each in board["templating"]["list"] if each["type"] == "custom"}
    for target in panel.get("targets", []):
        used = [name for name in fixed if f"${name}" in target["expr"]]
        for value in fixed[used[0]] if used else [""]:
            choices = {used[0]: value} if used else {}
            yield Query(board["title"], panel["title"], target["refId"], target["expr"], bool(target.get("instant")), choices)
