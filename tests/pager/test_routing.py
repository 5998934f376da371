"""What the shipped Alertmanager configuration silences and folds together, asked of the real Alertmanager."""

import json
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "dashboards")]

from stack import ROOT, Alertmanager, fetch, wait_for  # noqa: E402

CALL = {"environment": "prod", "service_name": "checkout", "provider": "openai", "model": "gpt-5"}
LIMIT = {"environment": "prod", "provider": "openai", "model": "gpt-5", "account": "a1", "resource": "tokens", "window": "minute"}
PROVIDER_MODEL = {name: CALL[name] for name in ("environment", "provider", "model")}


def silent_configuration() -> dict:
    """The shipped routes and inhibitions; nobody is told anything."""
    configuration = yaml.safe_load((ROOT / "alerts/alertmanager/alertmanager.yml").read_text())
    configuration["receivers"] = [{"name": receiver["name"]} for receiver in configuration["receivers"]]
    del configuration["templates"]
    return configuration


class Routing(unittest.TestCase):
    def setUp(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.alertmanager = self.enterContext(Alertmanager(silent_configuration(), folder))

    def send(self, *alerts: tuple[str, str, dict]) -> None:
        """Alerts as (name, severity, labels)."""
        body = [{"labels": labels | {"alertname": name, "severity": severity}} for name, severity, labels in alerts]
        request = urllib.request.Request(
            f"http://{self.alertmanager.address}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request).close()
        wait_for("the alerts are known", lambda: len(self.known()) == len(alerts), 10)

    def known(self) -> list[dict]:
        return json.loads(fetch(f"http://{self.alertmanager.address}/api/v2/alerts"))

    def suppressed(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.known() if alert["status"]["inhibitedBy"]}

    def expect(self, *names: str) -> None:
        wait_for(f"exactly {names} are inhibited, not {self.suppressed()}", lambda: self.suppressed() == set(names), 10)

    def groups(self) -> list[set[str]]:
        """The models of each group."""
        found = json.loads(fetch(f"http://{self.alertmanager.address}/api/v2/alerts/groups"))
        return [{alert["labels"].get("model", "") for alert in group["alerts"]} for group in found]

    def test_an_exhausted_quota_silences_its_consequences(self) -> None:
        self.send(
            ("LLMQuotaExhausted", "page", CALL),
            ("LLMErrorRateHigh", "page", CALL),
            ("LLMRetryStorm", "ticket", CALL),
            ("LLMRateLimited", "page", PROVIDER_MODEL | {"model": "gpt-5-mini"}),
            ("LLMRateLimitAlmostExhausted", "ticket", LIMIT),
        )
        self.expect("LLMErrorRateHigh", "LLMRetryStorm", "LLMRateLimitAlmostExhausted")

    def test_it_silences_nothing_of_another_provider_or_service(self) -> None:
        self.send(
            ("LLMQuotaExhausted", "page", CALL),
            ("LLMRateLimited", "page", PROVIDER_MODEL | {"provider": "anthropic"}),
            ("LLMErrorRateHigh", "page", CALL | {"service_name": "search"}),
            ("LLMSpendOverDailyBudget", "page", {"environment": "prod"}),
        )
        self.assertEqual(self.suppressed(), set())

    def test_the_worse_step_silences_the_lesser_one_of_the_same_limit_only(self) -> None:
        self.send(
            ("LLMRateLimitAlmostExhausted", "ticket", LIMIT),
            ("LLMRateLimitFilling", "ticket", LIMIT),
            ("LLMContextVeryLarge", "ticket", CALL),
            ("LLMContextLarge", "ticket", CALL | {"service_name": "search"}),
        )
        self.expect("LLMRateLimitFilling")

    def test_a_budget_of_an_environment_stands_for_its_threshold_there_only(self) -> None:
        self.send(
            ("LLMBudgetSpent", "page", {"budget": "production", "environment": "prod"}),
            ("LLMSpendOverDailyBudget", "page", {"environment": "prod"}),
            ("LLMSpendOnPaceToPassBudget", "ticket", {"environment": "staging"}),
        )
        self.expect("LLMSpendOverDailyBudget")
        self.assertEqual([alert["labels"]["environment"] for alert in self.known() if alert["status"]["inhibitedBy"]], ["prod"])

    def test_without_tollgate_missing_data_is_no_news(self) -> None:
        self.send(
            ("TollgateDown", "page", {"job": "tollgate", "instance": "a"}),
            ("LLMServiceSilent", "ticket", {"environment": "prod", "service_name": "checkout"}),
            ("LLMQuotaExhausted", "page", CALL),
        )
        self.expect("LLMServiceSilent")

    def test_a_ticket_silences_no_page(self) -> None:
        self.send(
            ("LLMProviderOverloaded", "ticket", PROVIDER_MODEL),
            ("LLMQuotaExhausted", "ticket", CALL),
            ("LLMErrorRateHigh", "page", CALL),
        )
        self.expect("LLMProviderOverloaded")

    def test_an_outage_is_one_incident_however_many_models_services_and_alerts(self) -> None:
        self.send(
            ("LLMErrorRateHigh", "page", CALL),
            ("LLMErrorRateHigh", "page", CALL | {"service_name": "search"}),
            ("LLMErrorRateHigh", "page", CALL | {"model": "gpt-5-mini"}),
            ("LLMProviderFailing", "page", {"environment": "prod", "provider": "openai"}),
            ("LLMErrorRateHigh", "page", CALL | {"provider": "anthropic", "model": "claude-haiku-4-5"}),
            ("LLMErrorRateHigh", "page", CALL | {"environment": "live"}),
        )
        wait_for("three groups", lambda: sorted(map(sorted, self.groups())) == [["", "gpt-5", "gpt-5-mini"], ["claude-haiku-4-5"], ["gpt-5"]], 10)

    def test_money_is_an_incident_by_service_or_budget(self) -> None:
        self.send(
            ("LLMSpendRateAboveUsual", "page", {"environment": "prod", "service_name": "checkout"}),
            ("LLMSpendRateAboveUsual", "page", {"environment": "prod", "service_name": "search"}),
            ("LLMSpendOverDailyBudget", "page", {"environment": "prod"}),
            ("LLMBudgetSpent", "page", {"budget": "research"}),
        )
        wait_for("four groups", lambda: len(self.groups()) == 4, 10)
        self.expect("LLMSpendOverDailyBudget")


if __name__ == "__main__":
    unittest.main()
