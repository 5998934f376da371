"""Runs a Tollgate, sends spans at it with every real exporter, and holds its /metrics to what was sent.

Usage: run.py BINARY BUILD (tests/exporters/run.sh prepares BUILD)
"""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_ports  # noqa: E402

HERE = Path(__file__).parent
CALLS = 3
TOKENS = {"input": 100 * CALLS, "output": 10 * CALLS}
DEADLINE_SECONDS = 60

# Name of the case, program with its arguments, port, compression. Each case is a service of its own.
PYTHON, NODE = "{build}/python/bin/python python/send.py ", "node {build}/node/send.js "
CASES = [
    (f"{language}-{protocol}-{compression}", program + protocol, port, compression)
    for language, program, protocol, port, compressions in [
        ("python", PYTHON, "grpc", "grpc", ["none", "gzip"]),
        ("python", PYTHON, "http", "http", ["none", "gzip", "deflate"]),
        ("node", NODE, "grpc", "grpc", ["none", "gzip"]),
        ("node", NODE, "http", "http", ["none", "gzip"]),
        ("node", NODE, "proto", "http", ["none", "gzip"]),
    ]
    for compression in compressions
] + [
    # Pointed at each other's port, as people do: either port takes either protocol.
    ("python-grpc-at-the-http-port", PYTHON + "grpc", "http", "none"),
    ("node-http-at-the-grpc-port", NODE + "http", "grpc", "none"),
]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
        return response.read().decode()


def wait_until_ready(server, port):
    for _ in range(DEADLINE_SECONDS * 10):
        if server.poll() is not None:
            sys.exit(f"tollgate ended with exit code {server.returncode} before it was ready")
        with contextlib.suppress(OSError):
            get(port, "/readyz")
            return
        time.sleep(0.1)
    sys.exit(f"tollgate was not ready within {DEADLINE_SECONDS} s")


def total(metrics, family, **labels):
    """The sum of all series of a family that carry these labels."""
    sum_ = 0.0
    for series, value in re.findall(rf"^{family}\{{(.*)\}} (\S+)", metrics, re.MULTILINE):
        found = dict(re.findall(r'(\w+)="([^"]*)"', series))
        if labels.items() <= found.items():
            sum_ += float(value)
    return sum_


def counted(metrics, service):
    requests = total(metrics, "llm_requests_total", service_name=service, error_class="none")
    tokens = {kind: total(metrics, "llm_tokens_total", service_name=service, type=kind) for kind in TOKENS}
    return requests, tokens


def send(case, ports, build):
    name, program, port, compression = case
    endpoint = f"http://127.0.0.1:{ports[port]}"
    environment = os.environ | {
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "10" if program.startswith(PYTHON) else "10000",
    }
    # Not every SDK knows the value "none".
    if compression != "none":
        environment["OTEL_EXPORTER_OTLP_COMPRESSION"] = compression
    program = program.format(build=build).split()
    done = subprocess.run(program, cwd=HERE, env=environment, capture_output=True, text=True, timeout=60)
    # The SDKs log a failed export and exit with 0.
    return (done.stdout + done.stderr).strip() if done.returncode or done.stderr.strip() else None


def verify(ports, complaints):
    """Waits until every case is counted, or for the deadline; one line a case."""
    expected = (CALLS, TOKENS)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        metrics = get(ports["metrics"], "/metrics")
        wrong = {name: counted(metrics, name) for name, *_ in CASES if counted(metrics, name) != expected}
        if not wrong or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    for name, *_ in CASES:
        fault = wrong.get(name)
        print(f"ok    {name}" if fault is None else f"WRONG {name}: counted {fault}, not {expected}")
        if complaints.get(name):
            print(f"      the exporter said: {complaints[name]}")
    spans = {result: total(metrics, "tollgate_spans_total", result=result) for result in ("call", "not_a_call")}
    right = spans == {"call": CALLS * len(CASES), "not_a_call": len(CASES)}
    print(f"{'ok   ' if right else 'WRONG'} spans in all: {spans}")
    return len(wrong) + (not right), len(CASES) + 1


def main():
    binary, build = sys.argv[1:]
    ports = free_ports(["grpc", "http", "metrics"])
    environment = os.environ | {f"TOLLGATE_LISTEN_{name.upper()}": f"127.0.0.1:{port}" for name, port in ports.items()}
    # No Prometheus scrapes here, so nothing has to be held for its sake.
    environment |= {"TOLLGATE_SERIES_HOLD_SECONDS": "0", "TOLLGATE_SETTLE_SECONDS": "1"}
    server = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(server, ports["metrics"])
        complaints = {case[0]: send(case, ports, build) for case in CASES}
        failed, cases = verify(ports, complaints)
    finally:
        server.terminate()
        server.wait(30)
    print(f"{cases - failed} passed, {failed} failed")
    sys.exit(bool(failed))


main()
