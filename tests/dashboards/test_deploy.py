"""What can be said of deploy/ without a container engine: tools accept the files, and every path in them exists."""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stack import ROOT  # noqa: E402

DEPLOY = ROOT / "deploy"


def load(name: str) -> dict:
    return yaml.safe_load((DEPLOY / name).read_text())


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=DEPLOY)


class Compose(unittest.TestCase):
    def test_every_mounted_path_is_a_file_of_this_repository(self) -> None:
        compose = load("compose.yaml")
        for service in compose["services"].values():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                exists = (DEPLOY / source).exists() if source.startswith(".") else source in compose["volumes"]
                self.assertTrue(exists, volume)

    def test_grafana_finds_what_is_mounted(self) -> None:
        mounts = dict(volume.split(":")[1::-1] for volume in load("compose.yaml")["services"]["grafana"]["volumes"])
        folder = load("grafana/dashboards/tollgate.yaml")["providers"][0]["options"]["path"]
        self.assertTrue(list((DEPLOY / mounts[folder]).glob("tollgate-*.json")))
        home = load("compose.yaml")["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue((DEPLOY / mounts[folder] / Path(home).name).is_file())

    def test_ports_are_tollgates_and_open_to_this_machine_only(self) -> None:
        ports = load("compose.yaml")["services"]["tollgate"]["ports"]
        self.assertEqual(ports, [f"127.0.0.1:{port}:{port}" for port in (4317, 4318, 9464)])

    def test_grafanas_alerts_ask_the_provisioned_data_source(self) -> None:
        uid = load("grafana/datasources/prometheus.yaml")["datasources"][0]["uid"]
        used = set(re.findall(r"datasourceUid: (\w+)", (ROOT / "alerts/grafana/rules.yaml").read_text()))
        self.assertEqual(used, {uid, "__expr__"})


class Prometheus(unittest.TestCase):
    def test_promtool_accepts_the_configuration(self) -> None:
        done = run("promtool", "check", "config", "--syntax-only", "prometheus.yml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_rules_and_alertmanager_are_where_compose_puts_them(self) -> None:
        compose, prometheus = load("compose.yaml"), load("prometheus.yml")
        targets = [mount.split(":")[1] for mount in compose["services"]["prometheus"]["volumes"]]
        self.assertIn(str(Path(prometheus["rule_files"][0]).parent), targets)
        hosts = {each.split(":")[0] for each in re.findall(r"\w+:\d{4}", (DEPLOY / "prometheus.yml").read_text())}
        self.assertLessEqual(hosts, set(compose["services"]))


class Image(unittest.TestCase):
    def test_copies_what_exists_and_runs_as_nobody(self) -> None:
        text = (DEPLOY / "Containerfile").read_text()
        for line in re.findall(r"^COPY (?!--)(.+)$", text, re.M):
            for source in line.split()[:-1]:
                self.assertTrue((ROOT / source).exists(), source)
        sent = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M))
        copied = {source for line in re.findall(r"^COPY (?!--)(.+)$", text, re.M) for source in line.split()[:-1]}
        self.assertEqual(sent, copied, ".dockerignore lets through what the Containerfile copies")
        self.assertRegex(text, r"(?m)^FROM scratch$")
        self.assertRegex(text, r"(?m)^USER [1-9]\d*:[1-9]\d*$")


class Systemd(unittest.TestCase):
    def test_the_unit_is_sound(self) -> None:
        if not shutil.which("systemd-analyze"):
            self.skipTest("needs systemd-analyze")
        done = run("systemd-analyze", "verify", "./tollgate.service")
        faults = [line for line in done.stderr.splitlines() if "tollgate.service" in line and "is not executable" not in line]
        self.assertEqual(faults, [])


class Collector(unittest.TestCase):
    def test_pipelines_name_what_is_configured(self) -> None:
        for recipe in sorted((DEPLOY / "collector").glob("*.yaml")):
            collector = load(f"collector/{recipe.name}")
            for pipeline in collector["service"]["pipelines"].values():
                for kind, names in pipeline.items():
                    known = set(collector.get(kind, {})) | set(collector.get("connectors", {}))
                    self.assertLessEqual(set(names), known, recipe.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
