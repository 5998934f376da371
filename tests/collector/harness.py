"""A Collector with a recipe, what is sent to it, and what Tollgate counted of it."""

import base64
import collections
import functools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/prometheus"), str(ROOT / "tests")]
from ports import free_port  # noqa: E402
from servers import Tollgate, get, wait_for  # noqa: E402

TOLLGATE, OTELCOL = (sys.argv[1:3] + [None])[:2]
QUICK = {"SERIES_HOLD_SECONDS": 0, "SETTLE_SECONDS": 3, "SHUTDOWN_LINGER_SECONDS": 0}  # who asks here is no scraper to wait for
EVERY = int(os.environ.get("EVERY", 8))  # one scenario of so many; all in make proof


class Collector:
    """One recipe, running; its storage outlives a restart."""

    def __init__(self, recipe, **variables):
        self.recipe, self.folder = ROOT / "deploy/collector" / recipe, tempfile.TemporaryDirectory()
        self.grpc, self.http = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.variables = {
            "LISTEN_GRPC": self.grpc, "LISTEN_HTTP": self.http, "TELEMETRY_LEVEL": "none",
            "STORAGE_DIRECTORY": f"{self.folder.name}/storage"} | variables
        self.log = open(f"{self.folder.name}/log", "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [OTELCOL, "--config", str(self.recipe)], env=os.environ | self.variables, stdout=self.log, stderr=self.log)
        host, port = self.http.rsplit(":", 1)

        def is_open():
            assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()[-2000:]
            with socket.socket() as probe:
                return probe.connect_ex((host, int(port))) == 0
        wait_for("open Collector", 60, is_open)

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.end()

    def lines(self):
        return pathlib.Path(self.log.name).read_text()


class App:
    """An application that sends export requests until they are taken, over its own restarts too: app.py."""

    def __init__(self, address, bodies, folder):
        self.command = [sys.executable, str(ROOT / "tests/collector/app.py"), address, f"{folder}/outbox", f"{folder}/done"]
        self.done, self.count = pathlib.Path(folder) / "done", len(bodies)
        pathlib.Path(f"{folder}/outbox").write_bytes(b"".join(len(body).to_bytes(4, "big") + body for body in bodies))
        self.done.write_bytes(b"")
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command)

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(60)

    def wait_until_sent(self, part):
        wait_for(f"{part:.0%} sent", 240, lambda: self.done.stat().st_size >= part * self.count)


class Kept:
    """A Tollgate with a data_dir, on the same ports whenever it starts."""

    def __init__(self, folder):
        self.address = f"127.0.0.1:{free_port()}"
        self.settings = {"LISTEN_HTTP": self.address, "DATA_DIR": f"{folder}/data", "SETTLE_SECONDS": 8}
        self.start()

    def start(self):
        self.server = tollgate(**self.settings)
        wait_for("Tollgate that has read what it kept", 60, self.is_ready)

    def is_ready(self):
        try:
            return bool(self.server.scrape())
        except urllib.error.HTTPError:
            return False

    def end(self, how=signal.SIGKILL):
        self.server.process.send_signal(how)
        self.server.process.wait(60)


def post(address, body, tries=1):
    """One export request; sent again while it is refused or lost, as an SDK does."""
    request = urllib.request.Request(f"http://{address}/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    for left in reversed(range(tries)):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if not left:
                raise
            time.sleep(0.3)


@functools.cache
def captures():
    packed = ROOT / "tests/captures/captures.jsonl.zst"
    lines = subprocess.check_output(["zstd", "-dcq", str(packed)]).splitlines()
    return [base64.b64decode(body) for line in lines[::EVERY] for body in json.loads(line)["requests"]]


def counted(tollgate):
    """Calls and tokens, by model, as /metrics has them. Which model a failed deployment runs is told by its successes: a matter of
    which came first, so of failures only the class is compared."""
    totals = collections.Counter()
    for family in ("llm_requests_total", "llm_tokens_total"):
        for labels, value in tollgate.samples(family).items():
            parts = dict(part.split("=", 1) for part in labels.replace('","', '"\x00"').replace('",', '"\x00').split("\x00"))
            failed = parts.get("error_class", '"none"') != '"none"'
            totals[family, "" if failed else parts["model"], parts.get("type", parts.get("error_class"))] += value
    return totals


def tollgate(**settings):
    return Tollgate(TOLLGATE, **QUICK | settings)


def otlp(server):
    return server.http.removeprefix("http://")


@functools.cache
def expected():
    """What Tollgate counts of the captures when they are sent to it directly."""
    with tollgate() as direct:
        for body in captures():
            post(otlp(direct), body)
        totals = settled(direct)
    assert sum(totals.values()) > 1000, totals
    return totals


def settled(server):
    """What is counted once nothing waits any more."""
    wait_for("settled spans", 60, lambda: sum(server.samples("tollgate_settle_held_spans").values()) == 0)
    time.sleep(2.5)  # a new series shows 0 once, and a view is up to a second old
    return counted(server)


def same(wanted, server, seconds=60):
    """Waits until the counts agree, and a moment longer: nothing may come twice."""
    wait_for("equal counts", seconds, lambda: counted(server) == wanted or difference(wanted, server))
    time.sleep(4)
    got = settled(server)
    assert got == wanted, f"missing {dict(wanted - got)}, too many {dict(got - wanted)}"


def difference(wanted, server):
    got = counted(server)
    return any(got[key] > wanted[key] for key in got)


def pushing(metrics):
    file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
    file.write(f'otlp_metrics: {{endpoint: "http://{metrics}", interval: 1}}\n')
    file.flush()
    server = Tollgate(TOLLGATE, "serve", "--config", file.name, **QUICK)
    server.configuration = file  # kept as long as the server
    return server


# What the Collector's exporter adds: collector/README.md.
ADDED = ("otel_scope_name", "otel_scope_version", "otel_scope_schema_url", "job", "instance")


def as_text(document):
    """{series: value}, whatever the order of labels, without what the exporter adds or has no name for."""
    series = {}
    for line in document.splitlines():
        if line.startswith(("llm_", "tollgate_")) and "_created" not in line:
            name, value = line.rsplit(" ", 1)
            name, _, labels = name.partition("{")
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)
            kept = sorted((key, edge(text) if key == "le" else text) for key, text in pairs if key not in ADDED)
            series[name, tuple(kept)] = float(value)
    return series


def edge(text):
    return float(text)


def post_json(address, spans):
    body = {"resourceSpans": [{"resource": {"attributes": [text("service.name", "shop")]}, "scopeSpans": [{"spans": spans}]}]}
    request = urllib.request.Request(
        f"http://{address}/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def number(key, value):
    return {"key": key, "value": {"intValue": str(value)}}


def long_span(size):
    now = time.time_ns()
    return {
        "traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": "chat gpt-4o-mini", "kind": 3,
        "startTimeUnixNano": str(now - 10**9), "endTimeUnixNano": str(now),
        "attributes": [
            text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", "gpt-4o-mini"), number("gen_ai.usage.input_tokens", 100),
            number("gen_ai.usage.output_tokens", 10), text("gen_ai.input.messages", os.urandom(size // 2).hex())]}
