"""The shipped Alertmanager configurations as tests run them: only addresses, secrets and waits are the test's.

In: the name of a configuration, the stand-ins. Out: the configuration. Knows no rule.
"""

from pathlib import Path

import yaml

from services import Services
from stack import ROOT

SOURCE = ROOT / "alerts/alertmanager"
KEY = "0123456789abcdef0123456789abcdef"
WAITS = {"group_wait": "1s", "group_interval": "2s", "repeat_interval": "5m"}


def shipped(name: str, folder: Path, services: Services, waits: dict[str, str] = WAITS) -> dict:
    """`alerts/alertmanager/NAME`, told to send to `services`."""
    text = (SOURCE / name).read_text()
    secrets = {
        "pagerduty-routing-key": KEY,
        "slack-url": services.address + services.slack.path,
        "teams-url": services.address + services.teams.path,
    }
    for secret, value in secrets.items():
        (folder / secret).write_text(value + "\n")
    configuration = yaml.safe_load(text.replace("/etc/alertmanager/secrets", str(folder)))
    configuration["global"]["pagerduty_url"] = services.address + "/v2/enqueue"
    configuration["templates"] = [str(SOURCE / "tollgate.tmpl")]
    hurry(configuration["route"], waits)
    return configuration


def hurry(route: dict, waits: dict[str, str]) -> None:
    route.update({name: wait for name, wait in waits.items() if name in route})
    for child in route.get("routes", []):
        hurry(child, waits)
