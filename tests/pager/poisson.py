#!/usr/bin/env python3
"""Poisson traffic of 40 calls in 5 minutes over 11 hours: a steady 6 % of errors is one incident, a steady 4 % none.

    python3 tests/pager/poisson.py            20 seeds of each, for the proof
    python3 tests/pager/poisson.py 2          so many
    python3 tests/pager/poisson.py week       a healthy week at 1 % instead: no incident

At least 19 of 20 must be so. promtool evaluates the shipped rules; each run says how often a page began. How soon a fifth of
the calls failing and all of them failing page is in scenes.py.
"""

import random
import re
import sys
import tempfile
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import ALERTS, RULE_FILES, failures  # noqa: E402

HOURS, PER_MINUTE = 11, 8
LOOKED_AT = ("LLMErrorRateHigh", "LLMProviderFailing")
PAGES = 'ALERTS{alertstate="firing",severity="page"}'
# One incident is one group: any of the alerts, where none fired a minute before.
BEGUN = f"count_over_time((count({PAGES}) unless count({PAGES} offset 1m))[HOURSh:1m])"


def rules(folder: Path) -> Path:
    """The shipped rules of two alerts and what they record: the others take most of the time and see nothing here."""
    groups = yaml.safe_load((ALERTS / "prometheus/errors.rules.yml").read_text())["groups"]
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") in LOOKED_AT or re.match("(model|provider):", rule.get("record", ""))]
    path = folder / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": groups}))
    return path


def poisson(mean: float, source: random.Random) -> int:
    """How many arrivals of a Poisson process fall into one unit of time."""
    count, passed = 0, source.expovariate(mean)
    while passed < 1:
        count, passed = count + 1, passed + source.expovariate(mean)
    return count


def counter(mean: float, hours: int, source: random.Random) -> str:
    total, values = 0, [0]
    for _ in range(hours * 60):
        total += poisson(mean, source)
        values.append(total)
    return " ".join(map(str, values))


def run(ratio: float, hours: int, seed: int) -> dict:
    source = random.Random(f"{ratio} {seed}")
    labels = 'service_name="checkout",environment="prod",provider="openai",model="gpt-5",operation="chat"'
    inputs = [
        {"series": f'llm_requests_total{{{labels},error_class="{name}"}}', "values": counter(PER_MINUTE * part, hours, source)}
        for name, part in (("none", 1 - ratio), ("server_error", ratio))
    ]
    answers = {"series": 'tollgate_build_info{job="tollgate",instance="a"}', "values": f"1+0x{hours * 60}"}
    looks = [{"expr": BEGUN.replace("HOURS", str(hours)), "eval_time": f"{hours}h", "exp_samples": []}]
    return {"interval": "1m", "input_series": [*inputs, answers], "promql_expr_test": looks}


def incidents(files: list[Path], ratio: float, hours: int, seed: int) -> int:
    """How many incidents one run makes."""
    document = {"rule_files": [str(path) for path in files], "evaluation_interval": "1m", "tests": [run(ratio, hours, seed)]}
    found = [re.search(r"\{\} (\S+)", text) for _, text in failures(document)]
    return int(float(found[0][1])) if found and found[0] else 0


def check(files: list[Path], ratio: float, hours: int, seeds: int, wanted: int) -> bool:
    made = [incidents(files, ratio, hours, seed) for seed in range(seeds)]
    right = made.count(wanted)
    print(f"{ratio:.0%} for {hours} hours: {right} of {seeds} with {wanted} incident(s): {made}", flush=True)
    return right >= 0.95 * seeds


def main() -> int:
    asked = sys.argv[1] if len(sys.argv) > 1 else "20"
    with tempfile.TemporaryDirectory() as folder:
        if asked == "week":
            passed = [check(RULE_FILES, 0.01, 7 * 24, 1, 0)]
        else:
            passed = [check([rules(Path(folder))], ratio, HOURS, int(asked), wanted) for ratio, wanted in ((0.06, 1), (0.04, 0))]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
