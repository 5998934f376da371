"""Which alerts fire when, as promtool evaluates rules over made-up series.

In: series, rules in Prometheus' or in Grafana's form. Out: for each moment looked at, the labels of the firing alerts; and
the incidents that they make, by the labels that Alertmanager's routes group by. Knows no expectation.
"""

import re
import subprocess
import tempfile
from pathlib import Path

import yaml

ALERTS = Path(__file__).resolve().parent.parent.parent / "alerts"
RULE_FILES = sorted((ALERTS / "prometheus").glob("*.yml"))
SAMPLE = re.compile(r'\{([^{}]*)\} 1E\+00')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Labels = frozenset[tuple[str, str]]
# By the first letters of an alert's name, as in alerts/source/routing.py.
GROUPED = (("LLMSpend", ("environment", "service_name")), ("LLMBudget", ("budget",)), ("Tollgate", ("job",)), ("LLM", ("environment", "provider")))


def grafana_rules(folder: Path) -> Path:
    """Grafana's form as a rule file: what Grafana would evaluate, evaluated by promtool."""
    groups = yaml.safe_load((ALERTS / "grafana/rules.yaml").read_text())["groups"]
    rules = [
        {
            "alert": rule["title"].split(" ")[0],
            "expr": rule["data"][0]["model"]["expr"],
            "for": rule["for"],
            **({"keep_firing_for": rule["keepFiringFor"]} if "keepFiringFor" in rule else {}),
            "labels": rule["labels"],
        }
        for group in groups
        for rule in group["rules"]
    ]
    path = folder / "grafana.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "grafana", "rules": rules}]}, width=10_000))
    return path


def timeline(series: dict[str, str], step: int, moments: list[int], rules: list[Path] | None = None) -> dict[int, set[Labels]]:
    """The firing alerts at each of `moments`, in minutes."""
    looks = [{"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{moment}m", "exp_samples": []} for moment in moments]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    document = {
        "rule_files": [str(path) for path in rules or RULE_FILES],
        "evaluation_interval": f"{step}m",
        "tests": [{"interval": f"{step}m", "input_series": inputs, "promql_expr_test": looks}],
    }
    found: dict[int, set[Labels]] = {moment: set() for moment in moments}
    for moment, text in failures(document):
        found[moment] = {alert(labels) for labels in SAMPLE.findall(text)}
    return found


def failures(document: dict) -> list[tuple[int, str]]:
    """What promtool got where nothing was expected: it says so, and so it tells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.yml"
        path.write_text(yaml.safe_dump(document, sort_keys=False, width=1_000_000))
        done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    if "FAILED" not in done.stdout + done.stderr and "SUCCESS" not in done.stdout + done.stderr:
        raise RuntimeError(done.stdout + done.stderr)
    parts = re.split(r"\n\s+expr: ", done.stdout + done.stderr)[1:]
    return [(minutes(re.search(r", time: (\w+),", part)[1]), part.split("got:", 1)[1]) for part in parts]


def minutes(duration: str) -> int:
    sizes = {"w": 10080, "d": 1440, "h": 60, "m": 1, "s": 0}
    return sum(int(number) * sizes[unit] for number, unit in re.findall(r"(\d+)([wdhms])", duration))


def alert(labels: str) -> Labels:
    return frozenset((name, value) for name, value in LABEL.findall(labels) if name not in ("__name__", "alertstate"))


def incident_of(labels: Labels) -> tuple[str, ...]:
    """The group that a page belongs to."""
    values = dict(labels)
    by = next(by for start, by in GROUPED if values["alertname"].startswith(start))
    return tuple(values.get(name, "") for name in by)


def incidents(found: dict[int, set[Labels]]) -> list[tuple[int, tuple[str, ...]]]:
    """When each incident began, and its group; one that ends and begins again is two."""
    opened, begun = set(), []
    for moment in sorted(found):
        now = {incident_of(labels) for labels in found[moment] if ("severity", "page") in labels}
        begun += [(moment, group) for group in sorted(now - opened)]
        opened = now
    return begun
