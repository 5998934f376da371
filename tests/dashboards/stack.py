"""Real processes for tests: the demo, Prometheus, Alertmanager, each on free ports of this machine, ended at the end.

In: a binary and settings. Out: context managers with addresses, and questions to Prometheus. Knows no dashboard.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_port  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent


def fetch(url: str, data: dict | None = None) -> str:
    body = urllib.parse.urlencode(data).encode() if data else None
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=180) as answer:
        return answer.read().decode()


def wait_for(what: str, condition: Callable[[], object], seconds: float, step: float = 0.25) -> object:
    """The first truthy answer; raises after `seconds` with the sentence `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := condition():
                return answer
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(step)
    raise TimeoutError(f"not within {seconds:.0f} s: {what}")


class Process:
    """A program that runs while the context is open; its output is kept in `log`."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.command, self.log, self.environment = command, log, environment

    def __enter__(self) -> "Process":
        with self.log.open("wb") as out:
            self.child = subprocess.Popen(self.command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | (self.environment or {}))
        try:
            self.wait_until_ready()
        except TimeoutError as error:
            self.__exit__()
            raise TimeoutError(f"{error}\n{self.log.read_text()[-2000:]}") from error
        return self

    def wait_until_ready(self) -> None:
        """Overridden by programs that tell when they are ready."""

    def __exit__(self, *_: object) -> None:
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Demo(Process):
    """`tollgate demo`, with arguments such as `--failing`."""

    def __init__(self, binary: Path, folder: Path, *arguments: str, **settings: str) -> None:
        grpc, http, metrics = (free_port() for _ in range(3))
        self.target, self.http = f"127.0.0.1:{metrics}", f"127.0.0.1:{http}"
        listen = {"GRPC": grpc, "HTTP": http, "METRICS": metrics}
        environment = {f"TOLLGATE_LISTEN_{name}": f"127.0.0.1:{port}" for name, port in listen.items()}
        super().__init__([str(binary), "demo", *arguments], folder / f"demo-{metrics}.log", environment | settings)

    def wait_until_ready(self) -> None:
        wait_for("the demo answers", lambda: fetch(f"http://{self.target}/metrics"), 20)


class Alertmanager(Process):
    """The real Alertmanager with a configuration."""

    def __init__(self, configuration: dict, folder: Path, program: Path | None = None) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        path = folder / "alertmanager.yml"
        path.write_text(yaml.safe_dump(configuration))
        program = program or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        options = [f"--config.file={path}", f"--storage.path={folder / 'alertmanager'}"]
        listen = [f"--web.listen-address={self.address}", "--cluster.listen-address="]
        super().__init__([str(program), *options, *listen], folder / "alertmanager.log")

    def wait_until_ready(self) -> None:
        wait_for("Alertmanager is ready", lambda: fetch(f"http://{self.address}/-/ready"), 20)


class Prometheus(Process):
    """The real Prometheus, scraping `targets` as job `tollgate`."""

    def __init__(self, folder: Path, targets: list[str], rules: list[Path], interval: str = "1s", alertmanager: str | None = None) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.data = folder / "prometheus"
        configuration = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": "tollgate", "static_configs": [{"targets": targets}]}],
        }
        if alertmanager:
            configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        path = folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(configuration))
        options = [f"--config.file={path}", f"--storage.tsdb.path={self.data}", f"--web.listen-address=127.0.0.1:{port}"]
        longer = ["--enable-feature=exemplar-storage", "--storage.tsdb.retention.time=15d", "--query.timeout=2m"]
        super().__init__(["prometheus", *options, *longer], folder / "prometheus.log")

    def wait_until_ready(self) -> None:
        wait_for("Prometheus is ready", lambda: fetch(f"{self.address}/-/ready"), 60)

    def ask(self, path: str, **parameters: object) -> object:
        """The `data` of an answer of the HTTP API; raises ValueError with Prometheus' words when it refuses."""
        try:
            return json.loads(fetch(f"{self.address}/api/v1/{path}", {name: str(value) for name, value in parameters.items()}))["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()[:500]) from error

    def look(self, path: str) -> object:
        """The same for parts of the API that take no parameters."""
        return json.loads(fetch(f"{self.address}/api/v1/{path}"))["data"]

    def query(self, expr: str, at: float | None = None) -> list[dict]:
        """An instant vector."""
        return self.ask("query", query=expr, **({"time": at} if at else {}))["result"]

    def query_range(self, expr: str, start: float, end: float, step: float) -> list[dict]:
        """Series over time."""
        return self.ask("query_range", query=expr, start=start, end=end, step=step)["result"]
