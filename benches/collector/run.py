#!/usr/bin/env python3
"""CPU seconds for a million unique spans, until all is settled: the Collector's own parts and Tollgate side by side.

Usage: benches/collector/run.py TOLLGATE OTELCOL [SPANS]. TOLLGATE is a release build, OTELCOL what collector/build.sh prints.

Each server gets the same requests over OTLP/HTTP, one after the other, so that none waits for a core; its CPU time is read
when all was answered and nothing waits any more. Ratios are to the Collector that decodes and drops. Prints the table of
docs/comparison.md.
"""

import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/prometheus"), str(ROOT / "benches/collector")]
from servers import Tollgate, wait_for  # noqa: E402
from workload import Traffic  # noqa: E402

TOLLGATE, OTELCOL = sys.argv[1:3]
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 500_000

COLLECTOR = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "{address}"}}}}}}}}
exporters: {{nop: }}
connectors:
  span_metrics: {{dimensions: [{{name: gen_ai.request.model}}, {{name: gen_ai.operation.name}}]}}
  signal_to_metrics:
    spans:
      - name: tokens.in
        attributes: [{{key: gen_ai.request.model}}]
        conditions: ['attributes["gen_ai.usage.input_tokens"] != nil']
        sum: {{value: 'Int(attributes["gen_ai.usage.input_tokens"])'}}
      - name: tokens.out
        attributes: [{{key: gen_ai.request.model}}]
        conditions: ['attributes["gen_ai.usage.output_tokens"] != nil']
        sum: {{value: 'Int(attributes["gen_ai.usage.output_tokens"])'}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [{exporter}]}}
    {metrics}
"""


class Collector:
    """One with this exporter or connector behind its receiver."""

    def __init__(self, exporter):
        self.folder = tempfile.TemporaryDirectory()
        self.address = f"127.0.0.1:{20000 + os.getpid() % 20000}"
        metrics = "" if exporter == "nop" else f"metrics: {{receivers: [{exporter}], exporters: [nop]}}"
        file = pathlib.Path(self.folder.name) / "collector.yaml"
        file.write_text(COLLECTOR.format(address=self.address, exporter=exporter, metrics=metrics))
        self.process = subprocess.Popen([OTELCOL, "--config", str(file)], env=os.environ | {"GOMAXPROCS": "1"})
        wait_for("open Collector", 60, self.is_open)

    def is_open(self):
        try:
            http.client.HTTPConnection(self.address, timeout=2).request("GET", "/")
            return True
        except OSError:
            return False

    def settle(self):
        time.sleep(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


class Counting(Tollgate):
    def __init__(self):
        super().__init__(TOLLGATE, SETTLE_MAX_BYTES="512MiB")
        self.address = self.http.removeprefix("http://")

    def settle(self):
        held = lambda: sum(self.samples("tollgate_settle_held_spans").values()) + sum(self.samples("tollgate_queue_requests").values())
        wait_for("settled spans", 120, lambda: held() == 0)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(server, shape, scopes):
    """CPU seconds of a million spans."""
    traffic, sent = Traffic(shape, scopes), 0
    connection = http.client.HTTPConnection(server.address, timeout=60)

    def send():
        connection.request("POST", "/v1/traces", traffic.next(), {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    for _ in range(20):
        send()
    server.settle()
    before = cpu_seconds(server.process)
    while sent < COUNT:
        send()
        sent += traffic.spans
    server.settle()
    return (cpu_seconds(server.process) - before) / sent * 1e6


SERVERS = [("decode and drop", lambda: Collector("nop")), ("`span_metrics`", lambda: Collector("span_metrics")),
           ("`signal_to_metrics`", lambda: Collector("signal_to_metrics")), ("Tollgate", Counting)]


def main():
    print("| CPU s a million spans (ratio) | " + " | ".join(name for name, _ in SERVERS) + " |")
    print("|---" * (len(SERVERS) + 1) + "|")
    for shape in ("Lean", "Content", "Mixed"):
        for scopes in (1, 2):
            costs = []
            for _, start in SERVERS:
                with start() as server:
                    costs.append(cost(server, shape, scopes))
            cells = [f"{each:.1f} ({each / costs[0]:.2f})" for each in costs]
            print(f"| {shape}, {'one scope' if scopes == 1 else 'two scopes'} | " + " | ".join(cells) + " |", flush=True)


main()
