"""Calls of known number, price and outcome: as OTLP/JSON, sent to a real Tollgate, and told once more by `explain`.

In: a list of calls. Out: a file for `tollgate explain`, the same bytes over HTTP, and the sums that panels must show.
"""

import json
import secrets
import subprocess
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """One call as an instrumentation writes it."""

    model: str = "gpt-5-mini"
    service: str = "shop"
    provider: str = "openai"
    tokens: tuple[int, int] | None = (1200, 300)
    error: str | None = None
    seconds: float = 1.5


@dataclass
class Told:
    """What `explain` says of calls."""

    calls: int = 0
    failed: int = 0
    tokens: int = 0
    dollars: Decimal = Decimal(0)
    sources: Counter = field(default_factory=Counter)
    by_model: Counter = field(default_factory=Counter)


def attribute(key: str, value: object) -> dict:
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value)}}


def span(call: Call, end: int) -> dict:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": call.provider, "gen_ai.request.model": call.model}
    if call.tokens:
        attributes |= {"gen_ai.usage.input_tokens": call.tokens[0], "gen_ai.usage.output_tokens": call.tokens[1]}
    if call.error:
        attributes |= {"error.type": call.error}
    return {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": f"chat {call.model}",
        "kind": 3,
        "startTimeUnixNano": str(end - int(call.seconds * 1e9)),
        "endTimeUnixNano": str(end),
        "attributes": [attribute(*each) for each in attributes.items()],
        "status": {"code": 2, "message": "Error code: 500 - server_error"} if call.error else {},
    }


def request(calls: list[Call]) -> bytes:
    """An ExportTraceServiceRequest."""
    services: dict[str, list[dict]] = {}
    for call in calls:
        services.setdefault(call.service, []).append(span(call, time.time_ns()))
    resources = [
        {
            "resource": {"attributes": [attribute("service.name", name), attribute("deployment.environment.name", "production")]},
            "scopeSpans": [{"scope": {"name": "opentelemetry.instrumentation.openai_v2"}, "spans": spans}],
        }
        for name, spans in services.items()
    ]
    return json.dumps({"resourceSpans": resources}).encode()


def send(http: str, body: bytes) -> None:
    asked = urllib.request.Request(f"http://{http}/v1/traces", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=10).close()


def explained(binary: Path, bodies: list[bytes], folder: Path, configuration: Path) -> Told:
    """What `tollgate explain` says of the same bytes, with the same configuration."""
    files = [folder / f"calls-{number}.json" for number in range(len(bodies))]
    for path, body in zip(files, bodies, strict=True):
        path.write_bytes(body)
    printed = subprocess.run([binary, "explain", "--json", "--config", configuration, *files], check=True, capture_output=True, text=True).stdout
    told = Told()
    for call in json.loads(printed)["calls"]:
        told.calls += 1
        told.failed += call["error_class"] not in ("none", "cancelled")
        told.tokens += sum((call["tokens"] or {}).values())
        told.dollars += Decimal(call["cost_usd"] or 0)
        told.sources[call["price_source"]] += 1
        told.by_model[call["model"]] += 1
    return told
