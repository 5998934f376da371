"""Tollgate and Prometheus as processes that a test can start, ask and end."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from ports import free_port  # noqa: E402

ANY_PORT = {f"TOLLGATE_LISTEN_{name}": "127.0.0.1:0" for name in ("GRPC", "HTTP", "METRICS")}


def wait_for(what, seconds, question):
    """The first true answer; an exception that says what was waited for when there is none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"no {what} within {seconds} s")


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.headers.get("Content-Type", ""), answer.read().decode()


class Tollgate:
    """`tollgate COMMAND…` on ports that the system chooses."""

    def __init__(self, binary, *command, **settings):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOLLGATE_")}
        environment |= ANY_PORT | {f"TOLLGATE_{name}": str(value) for name, value in settings.items()}
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [binary, *command], stdout=subprocess.PIPE, stderr=self.log, env=environment, text=True)
        banner = ""
        while "OTEL_EXPORTER_OTLP_ENDPOINT" not in banner:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"tollgate did not start: {self.lines()}")
            banner += line
        self.http = "http://" + re.search(r"OTLP/HTTP\s+(\S+)", banner)[1]
        self.metrics = re.search(r"metrics\s+(\S+)", banner)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it as a supervisor does; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)

    def lines(self):
        self.log.seek(0)
        return self.log.read().decode()

    def scrape(self, accept="text/plain"):
        return get(self.metrics, Accept=accept)[1]

    def samples(self, name):
        """{labels: value} of one series name, as text/plain has it."""
        pattern = re.compile(rf"^{re.escape(name)}(?:{{(.*)}})? (\S+)$", re.MULTILINE)
        return {labels: float(value) for labels, value in pattern.findall(self.scrape())}

    def send(self, spans, service="shop"):
        """Spans as OTLP/JSON over HTTP."""
        attribute = {"key": "service.name", "value": {"stringValue": service}}
        body = {"resourceSpans": [{"resource": {"attributes": [attribute]}, "scopeSpans": [{"spans": spans}]}]}
        request = urllib.request.Request(
            self.http + "/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200, answer.read()


def chat_span(model, input_tokens=100, output_tokens=10):
    """One call as the OpenTelemetry GenAI conventions have it, that ends now."""
    now = time.time_ns()

    def text(key, value):
        return {"key": key, "value": {"stringValue": value}}

    def count(key, value):
        return {"key": key, "value": {"intValue": str(value)}}

    return {
        "traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": f"chat {model}", "kind": 3,
        "startTimeUnixNano": str(now - 700_000_000), "endTimeUnixNano": str(now),
        "attributes": [
            text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", model), text("gen_ai.response.model", model),
            text("gen_ai.response.id", "chatcmpl-" + os.urandom(8).hex()),
            count("gen_ai.usage.input_tokens", input_tokens), count("gen_ai.usage.output_tokens", output_tokens),
        ],
    }


def limited_span(limit, remaining, reset, failed=False):
    """The same with the headers of an answer that tells how many requests are left."""
    span = chat_span("gpt-4o-mini")

    def text(key, value):
        return {"key": key, "value": {"stringValue": value}}

    for name, value in (("limit", limit), ("remaining", remaining), ("reset", reset)):
        span["attributes"].append(text(f"http.response.header.x-ratelimit-{name}-requests", str(value)))
    if failed:
        span["attributes"] = [row for row in span["attributes"] if ".usage." not in row["key"]]
        span["attributes"].append(text("error.type", "RateLimitError"))
        span["attributes"].append({"key": "http.response.status_code", "value": {"intValue": "429"}})
        span["status"] = {"code": 2, "message": "Error code: 429 - Rate limit reached"}
    return span


class TextOnly:
    """Stands between Prometheus and its target, and asks for text 0.0.4 whatever Prometheus would like.

    Debian's Prometheus prefers OpenMetrics and is too old for `scrape_protocols`.
    """

    def __init__(self, target):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                kind, text = get(target, Accept="text/plain;version=0.0.4")
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.metrics = "http://127.0.0.1:%d/metrics" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Prometheus:
    """A real Prometheus that scrapes one target; it asks for OpenMetrics."""

    def __init__(self, target, interval_seconds):
        self.folder = tempfile.TemporaryDirectory()
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        config = f"{self.folder.name}/prometheus.yml"
        with open(config, "w") as file:
            json.dump({
                "global": {"scrape_interval": f"{interval_seconds}s", "scrape_timeout": f"{interval_seconds}s"},
                "scrape_configs": [{"job_name": "tollgate", "static_configs": [
                    {"targets": [urllib.parse.urlparse(target).netloc]}]}],
            }, file)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder.name}/data",
             f"--web.listen-address={address}", "--enable-feature=exemplar-storage"],
            stdout=self.log, stderr=self.log)
        wait_for("Prometheus", 30, self.ready)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()

    def ready(self):
        try:
            return get(self.url + "/-/ready")
        except OSError:
            return None

    def ask(self, path, **parameters):
        answer = json.loads(get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")[1])
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, query, **parameters):
        """[(labels, value)] of an instant query."""
        result = self.ask("query", query=query, **parameters)["result"]
        return [(row["metric"], float(row["value"][1])) for row in result]

    def one(self, query, **parameters):
        rows = self.query(query, **parameters)
        return rows[0][1] if len(rows) == 1 else None
