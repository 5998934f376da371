#!/usr/bin/env python3
"""Scenes of scenes.py on the real Alertmanager: what PagerDuty and Slack, or Teams, hear of them.

    python3 tests/pager/test_incidents.py

promtool says which alerts fire when; they are sent as Prometheus would send them, a change of the scene every half second.
"""

import json
import os
import re
import sys
import tempfile
import time
import unittest
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "dashboards")]

from replay import RULE_FILES, Labels, timeline  # noqa: E402
from run_scenes import ANSWERS  # noqa: E402
from scenes import MODELS, SCENES  # noqa: E402
from services import Services  # noqa: E402
from shipped import shipped  # noqa: E402
from stack import Alertmanager, wait_for  # noqa: E402

WAITS = {"group_wait": "200ms", "group_interval": "400ms", "repeat_interval": "1h"}
BETWEEN_CHANGES = 0.6
# Debian's is older than Teams' receiver; tests/proof.sh builds this one.
NEWER = Path(os.environ.get("TOLLGATE_TOOLS", Path.home() / ".cache/tollgate")) / "alertmanager-0.28.1/alertmanager"
TEMPLATE = re.compile(r"{{ \$labels\.(\w+)[^}]*}}")


@cache
def changes(name: str) -> tuple[frozenset[Labels], ...]:
    """The firing alerts of a scene, each time that they are others, the first and the last time none."""
    scene = next(scene for scene in SCENES if scene.name == name)
    found = timeline(ANSWERS | scene.series, scene.step, list(range(scene.look_from, scene.length, scene.every)))
    states = [frozenset(found[moment]) for moment in sorted(found)]
    return tuple(now for before, now in zip([frozenset(), *states], [*states, frozenset()], strict=True) if now != before)


@cache
def texts() -> dict[str, dict[str, str]]:
    """The annotations of each alert, as templates."""
    groups = (group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"])
    return {rule["alert"]: rule["annotations"] for group in groups for rule in group["rules"] if "alert" in rule}


def message(labels: dict[str, str], began: datetime, ended: datetime | None) -> dict:
    """An alert as Prometheus sends it; values and causes it would fill in are not of interest here."""
    told = {
        name: re.sub(r"{{.*}}", "some", TEMPLATE.sub(lambda found: labels.get(found[1], ""), text)) for name, text in texts()[labels["alertname"]].items()
    }
    ends = ended or began + timedelta(hours=1)
    return {"labels": labels, "annotations": told, "startsAt": began.isoformat(), "endsAt": ends.isoformat()}


def play(alertmanager: Alertmanager, name: str) -> None:
    """Sends a scene; at its end nothing fires."""
    began: dict[Labels, datetime] = {}
    for now in changes(name):
        moment = datetime.now(UTC)
        began |= {labels: moment for labels in now - began.keys()}
        messages = [message(dict(labels), since, None if labels in now else moment) for labels, since in began.items()]
        began = {labels: since for labels, since in began.items() if labels in now}
        request = urllib.request.Request(f"http://{alertmanager.address}/api/v2/alerts", json.dumps(messages).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
        time.sleep(BETWEEN_CHANGES)


class Incidents(unittest.TestCase):
    def heard(self, scene: str, configuration: str = "alertmanager.yml", program: Path | None = None) -> Services:
        """What the services heard of a scene until nothing was open."""
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        services = self.enterContext(Services())
        with Alertmanager(shipped(configuration, folder, services, WAITS), folder, program) as alertmanager:
            play(alertmanager, scene)
            wait_for(f"the end of {scene}", lambda: not services.pagerduty.open, 15)
            time.sleep(BETWEEN_CHANGES)
        self.assertEqual((services.pagerduty.refused, services.slack.refused, services.teams.refused), ([], [], []))
        return services

    def expect_one(self, services: Services) -> list[dict]:
        """One incident, opened once, resolved once, all under one key; answers its triggers."""
        events = services.pagerduty.events
        triggers, resolves = ([event for event in events if event["event_action"] == action] for action in ("trigger", "resolve"))
        self.assertEqual((services.pagerduty.ever_opened, len(resolves)), (1, 1))
        self.assertEqual(len({event["dedup_key"] for event in events}), 1)
        self.assertEqual({event["payload"]["severity"] for event in triggers}, {"critical"})
        return triggers

    def test_an_outage_over_six_models_is_one_incident_that_names_them_all(self) -> None:
        triggers = self.expect_one(self.heard("an outage over six models"))
        told = " ".join(event["payload"]["custom_details"]["what"] for event in triggers)
        self.assertEqual([model for model in MODELS if f" {model} fail" not in told], [])

    def test_a_storm_of_429s_is_one(self) -> None:
        self.expect_one(self.heard("a storm of 429s, the limit full"))

    def test_a_loop_that_spends_is_one(self) -> None:
        triggers = self.expect_one(self.heard("a loop spends"))
        self.assertEqual({event["payload"]["custom_details"]["service"] for event in triggers}, {"checkout"})

    def test_a_full_limit_with_nothing_refused_wakes_nobody_and_is_written_down(self) -> None:
        services = self.heard("a limit breathes to 97 %, nothing is refused")
        self.assertEqual(services.pagerduty.events, [])
        self.assertTrue(services.slack.messages)

    def test_staging_wakes_nobody_and_is_written_down(self) -> None:
        services = self.heard("the same in staging")
        self.assertEqual(services.pagerduty.events, [])
        self.assertTrue(services.slack.messages)

    @unittest.skipUnless(NEWER.exists(), f"needs {NEWER}, which tests/proof.sh builds")
    def test_teams_hears_of_the_outage_and_of_its_end(self) -> None:
        services = self.heard("an outage over six models", "teams.yml", NEWER)
        self.expect_one(services)
        titles = [message["attachments"][0]["content"]["body"][0]["text"] for message in services.teams.messages]
        self.assertTrue(any(title.startswith("prod: ") for title in titles), titles)
        self.assertTrue(titles[-1].startswith("Resolved: "), titles)
        self.assertEqual(services.slack.messages, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
