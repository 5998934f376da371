"""Who sends: clients that try again until they are answered, a Collector, and garbage."""

import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from life import free_port

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")


# === OTLP ===

def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """Bytes, text or a message."""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(key, value):
    inner = varint(3 << 3) + varint(value) if isinstance(value, int) else field(1, value)
    return field(1, key) + field(2, inner)


def calls(chance, count):
    """So many calls, with ids of their own."""
    for _ in range(count):
        model = chance.choice(MODELS)
        yield {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic" if "claude" in model else "openai",
            "gen_ai.request.model": model, "gen_ai.response.id": "chatcmpl-" + os.urandom(12).hex(),
            "gen_ai.usage.input_tokens": chance.randrange(1, 5000), "gen_ai.usage.output_tokens": chance.randrange(1, 500),
        }


def protobuf(spans, service):
    now, out = time.time_ns(), b""
    for attributes in spans:
        span = field(1, os.urandom(16)) + field(2, os.urandom(8)) + field(5, "chat") + varint(6 << 3) + varint(3)
        span += b"\x39" + struct.pack("<Q", now - 700_000_000) + b"\x41" + struct.pack("<Q", now)
        span += b"".join(field(9, attribute(key, value)) for key, value in attributes.items())
        out += field(2, span)
    resource = field(1, attribute("service.name", service))
    return field(1, field(1, resource) + field(2, out))


def as_json(spans, service):
    def value(it):
        return {"intValue": str(it)} if isinstance(it, int) else {"stringValue": it}
    now = time.time_ns()
    rows = [{
        "traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": "chat", "kind": 3,
        "startTimeUnixNano": str(now - 700_000_000), "endTimeUnixNano": str(now),
        "attributes": [{"key": key, "value": value(it)} for key, it in attributes.items()],
    } for attributes in spans]
    resource = {"attributes": [{"key": "service.name", "value": value(service)}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": rows}]}]}).encode()


# === clients ===

class Client(threading.Thread):
    """Sends requests, each until it is acknowledged."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.chance, self.acknowledged, self.stopping, self.fault = random.Random(seed), 0, False, None

    def run(self):
        try:
            while not self.stopping:
                count = self.chance.randrange(1, 20)
                body = self.body(count)
                while not self.send(body):
                    time.sleep(0.05)
                self.acknowledged += count
                time.sleep(0.01)
        except Exception as fault:  # noqa: BLE001 - told by stop()
            self.fault = fault

    def stop(self):
        """How many calls were acknowledged."""
        self.stopping = True
        self.join(timeout=60)
        assert self.fault is None, f"{type(self).__name__}: {self.fault!r}"
        assert not self.is_alive(), f"{type(self).__name__}: its last request is not acknowledged"
        return self.acknowledged

    def close(self):
        """Everything is counted that will be."""


class Http(Client):
    def __init__(self, life, seed, is_protobuf):
        super().__init__(seed)
        self.url = life.http + "/v1/traces"
        self.write, kind = (protobuf, "protobuf") if is_protobuf else (as_json, "json")
        self.headers = {"Content-Type": "application/x-protobuf" if is_protobuf else "application/json"}
        self.service = f"http-{kind}-{seed}"

    def body(self, count):
        return self.write(calls(self.chance, count), self.service)

    def send(self, body):
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, body, self.headers), timeout=10) as answer:
                return answer.status == 200
        except urllib.error.HTTPError as refusal:
            # OTLP: these and no others are sent again.
            assert refusal.code in (429, 502, 503, 504), f"{refusal.code}: {refusal.read()}"
        except (OSError, ValueError):
            pass
        return False


class Grpc(Client):
    """By curl, one process a request."""

    def __init__(self, life):
        super().__init__(9)
        self.url, self.service = life.grpc + METHOD, "grpc"

    @classmethod
    def all(cls, life, left_out):
        if shutil.which("curl"):
            return [cls(life)]
        left_out.append("gRPC: needs curl")
        return []

    def body(self, count):
        message = protobuf(calls(self.chance, count), self.service)
        return b"\0" + struct.pack(">I", len(message)) + message

    def send(self, body):
        answer = subprocess.run(
            ["curl", "-s", "-i", "--max-time", "10", "--http2-prior-knowledge", "-H", "te: trailers",
             "-H", "content-type: application/grpc", "--data-binary", "@-", self.url],
            input=body, capture_output=True, check=False).stdout
        head, _, message = answer.partition(b"\r\n\r\n")
        # A refusal is a status among the headers. Unavailable and its like are sent again.
        status = [line.split(b":")[1].strip() for line in head.lower().splitlines() if line.startswith(b"grpc-status:")]
        assert not status or status[0] in (b"1", b"4", b"8", b"10", b"14", b"15"), head
        # curl does not show trailers: an empty answer, whole, is what an export that was taken is answered.
        return not status and message == bytes(5)


class Collector(Http):
    """A Collector that keeps its queue on disk: what it took, it delivers, however long that takes."""

    def __init__(self, life, binary):
        super().__init__(life, 20, True)
        self.folder, port = tempfile.TemporaryDirectory(), free_port()
        self.url, self.service = f"http://127.0.0.1:{port}/v1/traces", "collector"
        queue, config = Path(self.folder.name) / "queue", Path(self.folder.name) / "config.json"
        queue.mkdir()
        config.write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
            "extensions": {"file_storage": {"directory": str(queue)}},
            "exporters": {"otlp": {
                "endpoint": life.grpc.removeprefix("http://"), "tls": {"insecure": True},
                "sending_queue": {"storage": "file_storage"},
                "retry_on_failure": {"initial_interval": "100ms", "max_interval": "1s", "max_elapsed_time": "0s"}}},
            "service": {"extensions": ["file_storage"], "telemetry": {"metrics": {"level": "none"}}, "pipelines": {
                "traces": {"receivers": ["otlp"], "exporters": ["otlp"]}}},
        }))
        self.log = open(Path(self.folder.name) / "log", "wb")
        self.process = subprocess.Popen([binary, "--config", config], stdout=self.log, stderr=self.log)

    @classmethod
    def all(cls, life, binary, left_out):
        if binary:
            return [cls(life, binary)]
        left_out.append("a Collector with file_storage: needs a built one (collector/build.sh)")
        return []

    def close(self):
        said = Path(self.log.name).read_text(errors="replace")
        self.process.terminate()
        self.process.wait(timeout=60)
        self.folder.cleanup()
        assert "Dropping data" not in said, [line for line in said.splitlines() if "Dropping data" in line][:3]


class Garbage(threading.Thread):
    """What nobody should send."""

    def __init__(self, life, seed):
        super().__init__(daemon=True)
        self.chance, self.life, self.sent, self.stopping = random.Random(seed), life, 0, False

    def run(self):
        while not self.stopping:
            body = self.chance.randbytes(self.chance.randrange(0, 5000))
            kind = self.chance.choice(["application/x-protobuf", "application/json", "text/plain"])
            path = self.chance.choice(["/v1/traces", "/v1/traces", "/v1/metrics", "/"])
            headers = {"Content-Type": kind, "Content-Encoding": self.chance.choice(["", "gzip", "zstd"])}
            try:
                urllib.request.urlopen(urllib.request.Request(self.life.http + path, body, headers), timeout=5).close()
            except (OSError, ValueError):
                pass
            self.sent += 1
            time.sleep(0.05)

    def stop(self):
        self.stopping = True
        self.join(timeout=20)
