#!/usr/bin/env python3
"""Who is right: the Collector's own parts beside Tollgate, on the captures. Usage: truth.py TOLLGATE OTELCOL

Every capture is a run of one instrumentation; what the provider billed and how its last call ended is known from the
provider's own log. Both get the same requests, each marked with its scenario. Prints the table of docs/comparison.md.
"""

import base64
import collections
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/collector"), str(ROOT / "tests/prometheus")]
from harness import OTELCOL, TOLLGATE, free_port, otlp, post, settled, wait_for  # noqa: E402
from servers import Tollgate  # noqa: E402
from wire import field, fields  # noqa: E402


def scenarios():
    packed = ROOT / "tests/captures/captures.jsonl.zst"
    return [json.loads(line) for line in subprocess.check_output(["zstd", "-dcq", str(packed)]).splitlines()]


def marked(body, scenario):
    """The request with an attribute more on every resource."""
    attribute = field(1, field(1, b"scenario") + field(2, field(1, scenario.encode())))

    def resource_spans(value):
        parts = [(number, inner, whole) for number, inner, whole in fields(value)]
        resource = next((inner for number, inner, _ in parts if number == 1), b"")
        return field(1, resource + attribute) + b"".join(whole for number, _, whole in parts if number != 1)
    return b"".join(field(1, resource_spans(value)) for _, value, _ in fields(body))


def send(address, runs):
    for number, run in enumerate(runs):
        for body in run["requests"]:
            post(address, marked(base64.b64decode(body), str(number)), tries=50)


# === the two ===

class Sink(http.server.BaseHTTPRequestHandler):
    """Takes metrics of delta temporality, and sums them."""

    sums, last = collections.Counter(), 0.0

    def do_POST(self):
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in document.get("resourceMetrics", []):
            named = {row["key"]: row["value"] for row in resource.get("resource", {}).get("attributes", [])}
            for metric in (metric for scope in resource["scopeMetrics"] for metric in scope.get("metrics", [])):
                for point in metric.get("sum", {}).get("dataPoints", []):
                    row = named | {row["key"]: row["value"] for row in point.get("attributes", [])}
                    scenario = int(row.get("scenario", {}).get("stringValue", -1))
                    failed = row.get("status.code", {}).get("stringValue") == "STATUS_CODE_ERROR" and "llm" in row
                    name = "failed spans" if failed else metric["name"]
                    Sink.sums[name, scenario] += int(point.get("asInt", point.get("asDouble", 0)))
        Sink.last = time.monotonic() if document.get("resourceMetrics") else Sink.last
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def by_the_collector(runs):
    """{scenario: (tokens in, tokens out, failures)}"""
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    variables = {"LISTEN_HTTP": f"127.0.0.1:{free_port()}", "LISTEN_GRPC": f"127.0.0.1:{free_port()}",
                 "SINK": f"127.0.0.1:{sink.server_address[1]}"}
    command = [OTELCOL, "--config", str(ROOT / "benches/collector/pipeline.yaml")]
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        send(variables["LISTEN_HTTP"], runs)
        wait_for("the last sums", 120, lambda: Sink.last and time.monotonic() - Sink.last > 5)
    finally:
        process.terminate()
        process.wait(30)
    count = Sink.sums
    return {at: (count["tokens.in", at], count["tokens.out", at], count["failures", at] + count["failed spans", at])
            for at in range(len(runs))}


def by_tollgate(runs):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write("dimensions: [{label: scenario, attributes: [scenario], max_values: 2000}]\n")
        file.flush()
        with Tollgate(TOLLGATE, "serve", "--config", file.name, SERIES_HOLD_SECONDS=0) as server:
            send(otlp(server), runs)
            settled(server)
            sides, failures = collections.Counter(), collections.Counter()
            for family, to in (("llm_tokens_total", sides), ("llm_requests_total", failures)):
                for labels, value in server.samples(family).items():
                    row = dict(part.split('="', 1) for part in labels.rstrip('"').split('",'))
                    at = int(row["scenario"])
                    if family == "llm_tokens_total":
                        to[at, row["type"].startswith(("input", "cache"))] += int(value)
                    elif row["error_class"] != "none":
                        to[at] += int(value)
            return {at: (sides[at, True], sides[at, False], failures[at]) for at in range(len(runs))}


# === the table ===

def judged(runs, told):
    """Of runs whose spans carry what was billed: exact, over, under, tokens off; and of failures: seen."""
    row = collections.Counter()
    for at, run in enumerate(runs):
        billed, (got_in, got_out, failures) = run["billed"], told[at]
        wanted = (billed["input"] + billed["cache_read"] + billed["cache_write"], billed["output"] + billed["reasoning"])
        if run["usage_in_spans"] and run["tokens_derivable"]:
            over = max(got_in - wanted[0], 0) + max(got_out - wanted[1], 0)
            under = max(wanted[0] - got_in, 0) + max(wanted[1] - got_out, 0)
            row["runs"] += 1
            row["exact"] += over == under == 0
            row["over"] += over > 0
            row["under"] += under > 0 == over
            row["billed"] += sum(wanted)
            row["tokens over"] += over
            row["tokens under"] += under
        if run["error_evidence_in_spans"] and run["final_error_class"] not in (None, "none"):
            row["failures"] += 1
            row["seen"] += failures > 0
    return row


def main():
    runs = scenarios()
    rows = [("`transform` + `signal_to_metrics` + `span_metrics`", judged(runs, by_the_collector(runs))),
            ("Tollgate", judged(runs, by_tollgate(runs)))]
    print("| | runs exact | too much | too little | tokens over | tokens under | failures seen |\n|---|---|---|---|---|---|---|")
    for name, row in rows:
        part = {key: f"{100 * row[key] / row['billed']:.1f} %" for key in ("tokens over", "tokens under")}
        print(f"| {name} | {row['exact']} of {row['runs']} | {row['over']} | {row['under']} | {part['tokens over']} "
              f"| {part['tokens under']} | {row['seen']} of {row['failures']} |")


main()
