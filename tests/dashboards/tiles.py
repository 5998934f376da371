"""What a stat panel shows: its number or word, and its colour, as Grafana decides it.

In: a panel of a committed dashboard and answers of Prometheus. Out: `Shown`. Knows mappings, thresholds and overrides by query.
"""

from collections.abc import Callable
from dataclasses import dataclass

RED, AMBER, GREY, GREEN = "red", "orange", "#8E8E99", "green"


@dataclass(frozen=True)
class Shown:
    """One number, or the word in its place."""

    word: str | None
    number: float | None
    color: str

    def __str__(self) -> str:
        return f"{self.word or ''} {self.number if self.number is not None else ''} ({self.color})".strip()


def shown(panel: dict, ask: Callable[[str], list[dict]]) -> Shown:
    """What stands in a tile; of several numbers the first."""
    defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
    for target in panel["targets"]:
        for row in ask(target["expr"]):
            number = float(row["value"][1])
            own = {each["id"]: each["value"] for over in overrides if over["matcher"] == {"id": "byFrameRefID", "options": target["refId"]} for each in over["properties"]}
            if own:
                return Shown(own["unit"].removeprefix("suffix: "), number, own["color"]["fixedColor"])
            return mapped(number, defaults)
    return Shown(defaults["noValue"], None, RED)


def mapped(number: float, defaults: dict) -> Shown:
    for mapping in defaults["mappings"]:
        result = mapping["options"].get(f"{number:.0f}" if number.is_integer() else f"{number!r}") if mapping["type"] == "value" else None
        if result:
            return Shown(result["text"], None, result["color"])
    steps = [step["color"] for step in defaults["thresholds"]["steps"] if step["value"] is None or number >= step["value"]]
    return Shown(None, number, steps[-1])
