#!/usr/bin/env python3
"""Proves every alert with `promtool test rules`: fires with the right labels and words, falls silent, and is not fooled.

    python3 alerts/tests/run.py            all
    python3 alerts/tests/run.py errors     one area
"""

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote_plus

import yaml

ALERTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ALERTS.parent))

from alerts.tests import cost, errors, latency, limits, tollgate  # noqa: E402
from alerts.tests.nouns import Case, Series  # noqa: E402

AREAS = {"cost": cost, "errors": errors, "latency": latency, "limits": limits, "tollgate": tollgate}
LABEL = re.compile(r"{{ \$labels\.(\w+) (\| urlquery )?}}")


def groups_of(area: str) -> list[dict]:
    """The committed groups of an area, in order: promtool shuffles them unless told, and slow ones read what fast ones record."""
    return yaml.safe_load((ALERTS / f"prometheus/{area}.rules.yml").read_text())["groups"]


def rules_of(area: str) -> dict[str, dict]:
    """The committed alert rules of an area, by name; a name with several rules keeps the first."""
    alerts = [rule for group in groups_of(area) for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: rule for rule in reversed(alerts)}


def link(template: str, labels: dict[str, str]) -> str:
    return LABEL.sub(lambda found: quote_plus(labels[found[1]]), template)


def expected(case: Case, rule: dict) -> dict:
    written = rule["annotations"]
    # Nobody asks for causes here: there are no llm_errors_total in these scenes.
    causes = {"causes": ""} if "causes" in written else {}
    return {
        "exp_labels": case.labels,
        "exp_annotations": {
            "summary": case.summary,
            "description": case.description,
            "dashboard_url": link(written["dashboard_url"], case.labels),
            "runbook_url": written["runbook_url"],
            **causes,
        },
    }


def group(name: str, case: Case, series: Series, **tests: list) -> dict:
    inputs = [{"series": each, "values": values} for each, values in series.items()]
    return {"name": f"{case.alert}: {name}", "interval": case.step, "input_series": inputs, **tests}


def silent(case: Case, at: str) -> dict:
    return {"eval_time": at, "alertname": case.alert, "exp_alerts": []}


def groups(case: Case, rule: dict) -> list[dict]:
    """One promtool test group for each scene of a case."""
    firing = {"eval_time": case.fires_at, "alertname": case.alert, "exp_alerts": [expected(case, rule)]}
    counted = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}})'
    return [
        group("fires and resolves", case, case.series, alert_rule_test=[firing, silent(case, case.silent_again_at)]),
        *(
            group(
                name,
                case,
                series,
                promql_expr_test=[{"expr": counted, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]}],
            )
            for name, (at, series) in case.fires_too.items()
        ),
        *(group(name, case, series, alert_rule_test=[silent(case, at)]) for name, (at, series) in case.stays_silent.items()),
        group("no series at all", case, {}, alert_rule_test=[firing if case.fires_without_data else silent(case, case.fires_at)]),
    ]


def files(area: str) -> list[tuple[str, dict]]:
    """A promtool file for each step, since promtool evaluates a whole file at one interval."""
    rules, cases = rules_of(area), AREAS[area].CASES
    missing = rules.keys() - {case.alert for case in cases}
    if missing:
        raise SystemExit(f"alerts of {area} without a test: {', '.join(sorted(missing))}")
    return [
        (
            f"{area}-{step}",
            {
                "rule_files": [str(ALERTS / f"prometheus/{area}.rules.yml")],
                "group_eval_order": [group["name"] for group in groups_of(area)],
                "evaluation_interval": step,
                "tests": [each for case in cases if case.step == step for each in groups(case, rules[case.alert])],
            },
        )
        for step in sorted({case.step for case in cases})
    ]


def run(name: str, document: dict, folder: Path) -> tuple[str, int, subprocess.CompletedProcess]:
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    return name, len(document["tests"]), done


def main() -> int:
    wanted = sys.argv[1:] or list(AREAS)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        work = [each for area in wanted for each in files(area)]
        results = list(pool.map(lambda each: run(*each, Path(folder)), work))
    for name, _, done in results:
        if done.returncode:
            print(f"--- {name}\n{done.stdout}{done.stderr}")
    passed = sum(count for _, count, done in results if not done.returncode)
    failed = sum(count for _, count, done in results if done.returncode)
    print(f"alert scenes in files without a failure, with one: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
