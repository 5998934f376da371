#!/usr/bin/env python3
"""The way to the pager, with everything real but PagerDuty and Slack: about 100 seconds.

    python3 tests/pager/run.py BINARY

The demo's OpenAI account runs out of credit ten seconds after the start, for twenty seconds. Tollgate, Prometheus with
the shipped rules and Alertmanager with the shipped configuration must make of it one incident: opened once, with the
right severity, links and details, kept one while more calls and models fail, and resolved.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "dashboards")]

from services import Services  # noqa: E402
from shipped import shipped  # noqa: E402
from stack import ROOT, Alertmanager, Demo, Process, Prometheus, wait_for  # noqa: E402

BINARY = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else ROOT / "target/debug/tollgate"
# Seconds instead of minutes; everything else is as shipped.
HURRY = {
    **{"quota_window": "15s", "quota_keep": "2s", "error_windows": ["20s", "40s", "60s"], "error_wait": "2s", "error_keep": "4s", "error_ratio_keep": "4s"},
    **{"evaluation_fast": "1s", "evaluation_slow": "2s"},
}


def rules(folder: Path) -> list[Path]:
    """The shipped rules, with windows of seconds."""
    changed = folder / "thresholds.yaml"
    changed.write_text(yaml.safe_dump(HURRY))
    subprocess.run([sys.executable, ROOT / "alerts/generate.py", "--thresholds", changed, "--out", folder / "rules"], check=True)
    return sorted((folder / "rules/prometheus").glob("*.yml"))


class QuotaExhausted(unittest.TestCase):
    """One run; each test looks at what it left."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.services = cls.enterClassContext(Services())
        pager: Process = cls.enterClassContext(Alertmanager(shipped("alertmanager.yml", folder, cls.services), folder))
        trouble = ("--failing", "quota-exhausted", "--failing-after", "10", "--failing-for", "20", "--speed", "2")
        demo = cls.enterClassContext(Demo(BINARY, folder, *trouble))
        cls.enterClassContext(Prometheus(folder, [demo.target], rules(folder), alertmanager=pager.address))
        cls.wait_for_the_end()

    @classmethod
    def wait_for_the_end(cls) -> None:
        wait_for("PagerDuty hears of the exhausted quota", lambda: cls.of("trigger"), 60)
        wait_for("the incident is resolved", lambda: cls.of("resolve"), 120)
        wait_for("Slack hears of the end", lambda: any("Resolved" in title for title in cls.slack_titles()), 20)

    @classmethod
    def of(cls, action: str) -> list[dict]:
        """Events of the quota's incident. A resolve carries the payload too."""
        events = [event for event in cls.services.pagerduty.events if event["event_action"] == action]
        return [event for event in events if event["payload"]["custom_details"]["provider"] == "openai"]

    @classmethod
    def slack_titles(cls) -> list[str]:
        return [each["title"] for message in cls.services.slack.messages for each in message["attachments"]]

    def test_is_one_incident_under_one_key(self) -> None:
        keys = {event["dedup_key"] for event in self.of("trigger") + self.of("resolve")}
        self.assertEqual(len(keys), 1)
        self.assertEqual(len(self.of("resolve")), 1)

    def test_nothing_else_was_paged(self) -> None:
        self.assertEqual((self.services.pagerduty.ever_opened, self.services.pagerduty.open), (1, {}))

    def test_wakes_somebody(self) -> None:
        self.assertEqual({event["payload"]["severity"] for event in self.of("trigger")}, {"critical"})

    def test_says_what_where_and_what_to_do(self) -> None:
        event = next(event for event in self.of("trigger") if "refuses" in event["payload"]["summary"])
        payload, details = event["payload"], event["payload"]["custom_details"]
        self.assertIn("production: openai refuses", payload["summary"])
        self.assertIn("quota or credit", payload["summary"])
        self.assertEqual(details["provider"], "openai")
        self.assertIn("Waiting does not help", details["what"])
        self.assertTrue(payload["component"] and payload["group"] and payload["source"])

    def test_component_is_the_model_while_it_is_one_else_the_provider(self) -> None:
        for event in self.of("trigger"):
            model = event["payload"]["custom_details"]["model"]
            self.assertEqual(event["payload"]["component"], model or "openai")

    def test_details_tell_the_class_and_the_code(self) -> None:
        causes = " ".join(event["payload"]["custom_details"]["causes"] for event in self.of("trigger"))
        self.assertIn("quota_exhausted insufficient_quota", causes)

    def test_links_lead_to_dashboard_and_runbook(self) -> None:
        event = next(event for event in self.of("trigger") if "refuses" in event["payload"]["summary"])
        links = {each["text"]: each["href"] for each in event["links"]}
        self.assertRegex(links["Dashboard"], r"/d/tollgate-errors\?var-environment=production.*&from=\d{13}&to=now$")
        self.assertTrue(links["Runbook"].endswith("/LLMQuotaExhausted.md"))
        self.assertTrue((ROOT / "docs/runbooks/LLMQuotaExhausted.md").is_file())

    def test_slack_hears_of_beginning_and_end(self) -> None:
        titles = self.slack_titles()
        self.assertTrue(any("quota or credit" in title and not title.startswith("Resolved") for title in titles))
        self.assertTrue(titles[-1].startswith("Resolved"))

    def test_no_message_was_refused(self) -> None:
        self.assertEqual((self.services.pagerduty.refused, self.services.slack.refused), ([], []))


if __name__ == "__main__":
    unittest.main(verbosity=2)
