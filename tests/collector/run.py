#!/usr/bin/env python3
"""The recipes of deploy/collector on the real Collector. Usage: tests/collector/run.py TOLLGATE OTELCOL [NAME…]

OTELCOL is what collector/build.sh prints. Every test holds what Tollgate counted behind a Collector against what another
Tollgate counted of the same spans sent directly: nothing lost, nothing twice.
"""

import base64
import collections
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
sys.path.insert(0, str(ROOT / "tests/prometheus"))
from servers import Tollgate, get, wait_for  # noqa: E402

TOLLGATE, OTELCOL = sys.argv[1:3]
EVERY = int(os.environ.get("EVERY", 8))  # one scenario of so many; all in make proof


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def lines(self):
        return pathlib.Path(self.log.name).read_text()


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


def captures():
    packed = ROOT / "tests/captures/captures.jsonl.zst"
    lines = subprocess.check_output(["zstd", "-dcq", str(packed)]).splitlines()
    return [base64.b64decode(body) for line in lines[::EVERY] for body in json.loads(line)["requests"]]


def counted(tollgate):
    """Calls and tokens, by model, as /metrics has them."""
    totals = collections.Counter()
    for family in ("llm_requests_total", "llm_tokens_total"):
        for labels, value in tollgate.samples(family).items():
            parts = dict(part.split("=", 1) for part in labels.replace('","', '"\x00"').replace('",', '"\x00').split("\x00"))
            totals[family, parts["model"], parts.get("type", parts.get("error_class"))] += value
    return totals


def tollgate(**settings):
    return Tollgate(TOLLGATE, SERIES_HOLD_SECONDS=0, SETTLE_SECONDS=3, **settings)


def otlp(server):
    return server.http.removeprefix("http://")


def expected(bodies):
    """What Tollgate counts of these when they are sent to it directly."""
    with tollgate() as direct:
        for body in bodies:
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


# === the recipes ===

def a_gateway_loses_and_doubles_nothing():
    bodies = captures()
    with tollgate() as server, Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server)) as gateway:
        for body in bodies:
            post(gateway.http, body)
        same(expected(bodies), server)


def agent_and_gateway_lose_and_double_nothing():
    bodies = captures()
    with tollgate() as server, Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server)) as gateway, \
            Collector("agent.yaml", GATEWAY_ENDPOINT=gateway.grpc) as agent:
        for body in bodies:
            post(agent.http, body)
        same(expected(bodies), server)


def tail_sampling_comes_after_tollgate():
    bodies = captures()
    with tollgate() as server, Collector("tail-sampling.yaml", TOLLGATE_ENDPOINT=otlp(server)) as collector:
        for body in bodies:
            post(collector.http, body)
        same(expected(bodies), server)


def a_killed_collector_and_a_late_tollgate_lose_nothing():
    """The Collector is killed twice while Tollgate is away; its senders try again; Tollgate comes last."""
    bodies = captures()
    address = f"127.0.0.1:{free_port()}"
    with Collector("gateway.yaml", TOLLGATE_ENDPOINT=address) as gateway:
        for at, body in enumerate(bodies):
            if at in (len(bodies) // 3, 2 * len(bodies) // 3):
                gateway.kill()
                gateway.start()
            post(gateway.http, body, tries=100)
        with tollgate(LISTEN_HTTP=address) as server:
            same(expected(bodies), server, 120)


def long_prompts_arrive():
    """120 spans with prompts of a megabyte each, and usage."""
    with tollgate() as server, Collector("gateway.yaml", TOLLGATE_ENDPOINT=otlp(server)) as gateway:
        for _ in range(30):
            post_json(gateway.http, [long_span(1 << 20) for _ in range(4)])
        wait_for("120 calls", 60, lambda: sum(server.samples("llm_requests_total").values()) == 120)
        assert sum(server.samples("llm_tokens_total").values()) == 120 * 110


def the_connector_brings_metrics_back():
    """The Collector's own Prometheus exporter says what /metrics says, after the way there and back."""
    bodies, prometheus, metrics = captures(), f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with pushing(metrics) as server, Collector(
            "connector.yaml", TOLLGATE_ENDPOINT=otlp(server), TOLLGATE_METRICS_SOCKET=metrics,
            PROMETHEUS_ENDPOINT=prometheus) as collector:
        for body in bodies:
            post(collector.http, body)
        same(expected(bodies), server)

        def pushed():
            ours, theirs = calls_as_text(server.scrape()), calls_as_text(get(f"http://{prometheus}/metrics")[1])
            return len(ours) > 1000 and ours == theirs
        wait_for("equal text", 30, pushed)


def a_dead_tollgate_delays_nothing():
    """Traces go through the connector to a backend while nobody takes those for Tollgate."""
    bodies = captures()
    with tollgate() as backend, Collector(
            "connector.yaml", TOLLGATE_ENDPOINT=f"127.0.0.1:{free_port()}", BACKEND_ENDPOINT=otlp(backend),
            TOLLGATE_METRICS_SOCKET=f"127.0.0.1:{free_port()}", PROMETHEUS_ENDPOINT=f"127.0.0.1:{free_port()}") as collector:
        for body in bodies:
            post(collector.http, body)
        same(expected(bodies), backend)


def pushing(metrics):
    file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
    file.write(f'otlp_metrics: {{endpoint: "http://{metrics}", interval: 1}}\n')
    file.flush()
    server = Tollgate(TOLLGATE, "serve", "--config", file.name, SERIES_HOLD_SECONDS=0, SETTLE_SECONDS=3)
    server.configuration = file  # kept as long as the server
    return server


# What the Collector's exporter adds: collector/README.md.
ADDED = ("otel_scope_name", "otel_scope_version", "otel_scope_schema_url", "job", "instance")


def calls_as_text(document):
    """{series: value} of the families of calls, whatever the order of labels."""
    series = {}
    for line in document.splitlines():
        if line.startswith("llm_") and "_created" not in line:
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


TESTS = [
    a_gateway_loses_and_doubles_nothing,
    agent_and_gateway_lose_and_double_nothing,
    tail_sampling_comes_after_tollgate,
    a_killed_collector_and_a_late_tollgate_lose_nothing,
    long_prompts_arrive,
    a_dead_tollgate_delays_nothing,
    the_connector_brings_metrics_back,
]


def main():
    wanted, failed = sys.argv[3:], 0
    chosen = [test for test in TESTS if not wanted or test.__name__ in wanted]
    for test in chosen:
        started = time.monotonic()
        try:
            test()
            print(f"ok {test.__name__} {time.monotonic() - started:.0f} s", flush=True)
        except Exception as fault:  # the next recipe is tried all the same
            failed += 1
            print(f"FAILED {test.__name__}: {fault}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
