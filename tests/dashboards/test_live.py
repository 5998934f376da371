#!/usr/bin/env python3
"""Every query of every panel and rule, on a real Prometheus that scrapes the demo and has a week behind it.

    python3 tests/dashboards/test_live.py BINARY

About two minutes and a half: ordinary traffic first, then every trouble at once, then silence.
"""

import math
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from history import backfill  # noqa: E402
from panels import EVERYTHING, NOTHING, Query, queries  # noqa: E402
from stack import ROOT, Demo, Prometheus, fetch, wait_for  # noqa: E402

BINARY = Path(sys.argv.pop(1)).resolve() if __name__ == "__main__" and len(sys.argv) > 1 else ROOT / "target/debug/tollgate"
EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text())
RULE_FILES = sorted((ROOT / "alerts/prometheus").glob("*.yml"))
FENCE = re.compile(r"```promql\n(.*?)```", re.S)
# Who has made a call.
CALLER = re.compile(r'^llm_requests_total\{(service_name="[^"]*",environment="[^"]*")[^}]*\} [1-9]', re.M)
ORDINARY_SECONDS = 75
# Troubles that go together without hiding each other, each group in a demo of its own.
TROUBLES = (
    ("silence", "content-filter", "quota-exhausted", "overloaded", "permission", "slow", "slow-first-token"),
    ("silence", "rate-limit-storm", "limits-full", "model-not-found", "not-streaming", "cost-spike", "expensive-user"),
    ("silence", "authentication", "context", "cache-lost", "retry-storm", "unpriced", "no-usage", "spend-rate"),
)
INSTANCES_GONE = {"TollgateDown", "TollgateMissing"}
OVERFLOWING = {"TOLLGATE_SERIES_MAX": "100", "TOLLGATE_SETTLE_MAX_BYTES": "1MiB"}


# Grafana's form names no recorded series: those have no past here, and what they stand for has.
GRAFANA = yaml.safe_load((ROOT / "alerts/grafana/rules.yaml").read_text())
ALERTS = [
    (rule["title"].split(" ")[0], rule["data"][0]["model"]["expr"]) for group in GRAFANA["groups"] for rule in group["rules"]
]


def rules() -> list[dict]:
    return [rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def hurried(folder: Path) -> list[Path]:
    """The rules, evaluated every few seconds."""
    changed = folder / "thresholds.yaml"
    changed.write_text(yaml.safe_dump({"evaluation_fast": "5s", "evaluation_slow": "10s"}))
    subprocess.run([sys.executable, ROOT / "alerts/generate.py", "--thresholds", changed, "--out", folder / "rules"], check=True)
    return sorted((folder / "rules/prometheus").glob("*.yml"))


def numbers(series: list[dict]) -> list[float]:
    """Every value of an instant or range answer."""
    return [float(value) for each in series for _, value in ([each["value"]] if "value" in each else each["values"])]


@cache
def past() -> tuple[str, float]:
    """A scrape of ordinary traffic, and the seconds of usual traffic behind it: the same for both tests."""
    with tempfile.TemporaryDirectory() as folder, Demo(BINARY, Path(folder), "--speed", "10") as demo:
        started = time.time()
        return settled_scrape(demo), 10 * (time.time() - started)


def settled_scrape(demo: Demo) -> str:
    """A scrape after the demo has told of every family that panels show, and no service has been new for a while."""
    wait_for("the demo counts calls", lambda: "llm_request_cost_usd_bucket" in fetch(f"http://{demo.target}/metrics"), 40)
    services, looks = set(), 0
    while looks < 8:
        time.sleep(2.5)
        scrape = fetch(f"http://{demo.target}/metrics")
        seen = set(CALLER.findall(scrape))
        services, looks = (services, looks + 1) if seen <= services else (services | seen, 0)
    return scrape


class Ordinary(unittest.TestCase):
    """Panels and rules in ordinary traffic."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        scrape, behind = past()
        demo = cls.enterClassContext(Demo(BINARY, folder, "--speed", "5"))
        backfill(scrape, int(time.time()), behind, demo.target, folder)
        cls.prometheus = cls.enterClassContext(Prometheus(folder, [demo.target], hurried(folder), "5s"))
        time.sleep(ORDINARY_SECONDS)
        cls.now = time.time()

    def answers(self, query: Query, variables: dict[str, str]) -> list[dict]:
        expr = query.filled(variables, "30s", "15m")
        if query.instant:
            return self.prometheus.query(expr, self.now)
        return self.prometheus.query_range(expr, self.now - 60, self.now, 15)

    def test_every_panel_has_data_and_every_query_runs(self) -> None:
        empty, filled = set(), set()
        for query in queries(ROOT / "dashboards/provisioning"):
            with self.subTest(query.name):
                (filled if self.answers(query, EVERYTHING) else empty).add(query.name)
        self.assertLessEqual(empty - filled, set(EXCEPTIONS["panels"]))

    def test_no_query_breaks_without_traffic(self) -> None:
        for query in queries(ROOT / "dashboards/provisioning"):
            with self.subTest(query.name):
                self.assertFalse(any(map(math.isnan, numbers(self.answers(query, NOTHING)))))

    def test_no_panel_shows_what_is_not_a_number_where_history_is_known(self) -> None:
        for query in queries(ROOT / "dashboards/provisioning"):
            if query.name not in EXCEPTIONS["compare_with_the_time_before"]:
                with self.subTest(query.name):
                    self.assertFalse(any(map(math.isnan, numbers(self.answers(query, EVERYTHING)))))

    def test_every_recorded_series_has_data(self) -> None:
        empty = {rule["record"] for rule in rules() if "record" in rule and not self.prometheus.query(rule["record"])}
        self.assertLessEqual(empty, set(EXCEPTIONS["recorded"]))

    def test_every_query_of_every_runbook_runs(self) -> None:
        for path in (ROOT / "docs/runbooks").glob("*.md"):
            for expr in FENCE.findall(path.read_text()):
                with self.subTest(f"{path.name}: {expr}"):
                    self.prometheus.query(expr, self.now)

    def test_every_rule_is_healthy(self) -> None:
        groups = self.prometheus.look("rules")["groups"]
        unhealthy = [(rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] == "err"]
        self.assertEqual(unhealthy, [])

    def test_exemplars_lead_to_traces(self) -> None:
        found = self.prometheus.ask("query_exemplars", query="llm_request_cost_usd_bucket", start=self.now - 120, end=self.now)
        labels = [exemplar["labels"] for series in found for exemplar in series["exemplars"]]
        self.assertTrue(labels)
        self.assertTrue(all(len(each["trace_id"]) == 32 for each in labels))


class Troubles(unittest.TestCase):
    """Every trouble of the demo at once: every alert's expression must become true."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.true: set[str] = set()
        scrape, behind = past()
        demos = [Demo(BINARY, folder, "--speed", "10", "--failing", ",".join(group)) for group in TROUBLES]
        demos.append(Demo(BINARY, folder, "--speed", "20", "--failing", "series-overflow", **OVERFLOWING))
        backfill(scrape, int(time.time()), behind, demos[0].target, folder)
        for demo in demos:
            demo.__enter__()
        with Prometheus(folder, [demo.target for demo in demos], hurried(folder), "5s") as prometheus:
            cls.watch(prometheus, 12, INSTANCES_GONE | {"TollgateRefusing"})
            refused(demos[0])
            cls.watch(prometheus, 90, INSTANCES_GONE)
            for demo in demos:
                demo.__exit__()
            cls.watch(prometheus, 20, set())

    @classmethod
    def watch(cls, prometheus: Prometheus, seconds: float, later: set[str]) -> None:
        """Looks until every alert was true, but those that come later, or the time is over."""
        end = time.monotonic() + seconds
        while not cls.look(prometheus, later) and time.monotonic() < end:
            time.sleep(3)

    @classmethod
    def look(cls, prometheus: Prometheus, later: set[str]) -> bool:
        """Notes the alerts that are true now; answers whether all are, but those that come later."""
        for name, expr in ALERTS:
            if name not in cls.true and prometheus.query(expr):
                cls.true.add(name)
        return cls.true | later | set(EXCEPTIONS["alerts"]) >= {name for name, _ in ALERTS}

    def test_every_alert_can_be_tripped(self) -> None:
        self.assertLessEqual({name for name, _ in ALERTS} - self.true, set(EXCEPTIONS["alerts"]))


def refused(demo: Demo) -> None:
    """Sends the demo's receiver what it must refuse."""
    for _ in range(60):
        request = urllib.request.Request(f"http://{demo.http}/v1/traces", b"\xff" * 64, {"Content-Type": "application/x-protobuf"})
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            error.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
