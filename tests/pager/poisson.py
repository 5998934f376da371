#!/usr/bin/env python3
"""Poisson traffic of 40 calls in 5 minutes: a steady 6 % of errors over 11 hours is one incident, a steady 4 % none; a fifth
of the calls failing pages within 10 minutes, all of them within 5.

    python3 tests/pager/poisson.py            20 seeds of each
    python3 tests/pager/poisson.py 2          so many

At least 19 of 20 must be so. promtool evaluates the shipped rules. Without a look at the past no rule can be so prompt and so
silent: a fifth of 80 calls tells 13 nats against 4 %, give or take 6, and one false page in 20 such nights wants 9.5, so the
best sequential test pages four times of five.
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


def begun(minutes: int) -> str:
    """How many incidents: one is one group, any of the alerts, where none fired a minute before."""
    return f"count_over_time((count({PAGES}) unless count({PAGES} offset 1m))[{minutes}m:1m])"



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


def counter(means: list[tuple[float, int]], source: random.Random) -> str:
    total, values = 0, [0]
    for mean, minutes in means:
        for _ in range(minutes):
            total += poisson(mean, source) if mean else 0
            values.append(total)
    return " ".join(map(str, values))


def traffic(parts: tuple[tuple[float, int], ...], seed: int) -> dict[str, str]:
    """Calls of one service, of which each part's ratio fails for its minutes."""
    source = random.Random(f"{parts} {seed}")
    labels = 'service_name="checkout",environment="prod",provider="openai",model="gpt-5",operation="chat"'
    fails, works = ([(PER_MINUTE * (ratio if failed else 1 - ratio), minutes) for ratio, minutes in parts] for failed in (True, False))
    return {
        **{f'llm_requests_total{{{labels},error_class="{name}"}}': counter(means, source) for name, means in (("none", works), ("server_error", fails))},
        'tollgate_build_info{job="tollgate",instance="a"}': f"1+0x{sum(minutes for _, minutes in parts)}",
    }


def asked(files: list[Path], series: dict[str, str], questions: dict[int, str]) -> dict[int, float]:
    """What each question answers at its minute; 0 for nothing."""
    looks = [{"expr": expr, "eval_time": f"{minute}m", "exp_samples": []} for minute, expr in questions.items()]
    run = {"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in series.items()], "promql_expr_test": looks}
    found = failures({"rule_files": [str(path) for path in files], "evaluation_interval": "1m", "tests": [run]})
    return dict.fromkeys(questions, 0.0) | {minute: float(re.search(r"\{\} (\S+)", text)[1]) for minute, text in found}


def incidents(files: list[Path], ratio: float, minutes: int, seed: int) -> int:
    """How many incidents one run makes."""
    return int(asked(files, traffic(((ratio, minutes),), seed), {minutes: begun(minutes)})[minutes])


def tell(what: str, right: list[bool], told: list) -> bool:
    print(f"{what}: {sum(right)} of {len(right)}: {told}", flush=True)
    return sum(right) >= 0.95 * len(right)


def steady(files: list[Path], ratio: float, seeds: int, wanted: int) -> bool:
    made = [incidents(files, ratio, HOURS * 60, seed) for seed in range(seeds)]
    return tell(f"a steady {ratio:.0%} for {HOURS} hours, {wanted} incident(s)", [each == wanted for each in made], made)


def prompt(files: list[Path], healthy: int, ratio: float, within: int, seeds: int) -> bool:
    """Nobody is woken before it begins, somebody soon after."""
    questions = {minute: begun(minute + 1) for minute in ([healthy - 1] if healthy else []) + [healthy + within]}
    answers = [[*asked(files, traffic(((0.01, healthy), (ratio, 30)), seed), questions).values()] for seed in range(seeds)]
    return tell(f"{ratio:.0%} after {healthy} minutes at 1%, a page within {within}", [each[-1] >= 1 and not any(each[:-1]) for each in answers], [int(each[-1]) for each in answers])


def main() -> int:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        files = [rules(Path(folder))]
        passed = [
            *(steady(files, ratio, seeds, wanted) for ratio, wanted in ((0.06, 1), (0.04, 0))),
            *(prompt(files, 120, ratio, within, seeds) for ratio, within in ((0.2, 10), (1, 5))),
        ]
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
