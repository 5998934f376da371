"""Export requests of 512 calls in the shapes of benches/workload: Lean, Content (with prompts), Mixed (one call among ten spans).

Every request repeats the first with new trace, span and answer ids, so that no span is a duplicate of another.
"""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/collector"))
from wire import field  # noqa: E402

SPANS = 512
TRACE, ANSWER = b"\xab" * 8, b"chatcmpl-CEJq5nXb0VYpK"
START = 1_795_297_273_602_027_171
MODELS = ("gpt-4.1-mini", "gpt-4.1", "gpt-4o")
PROMPT = '[{"role":"user","parts":[{"type":"text","content":"Where is my parcel?"}]}]'


def text(key, value):
    return field(9, field(1, key.encode()) + field(2, field(1, value.encode())))


def count(key, value):
    return field(9, field(1, key.encode()) + field(2, b"\x18" + varint(value)))


def varint(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def span(index, name, attributes, around=False):
    own = struct.pack(">Q", index + 1 | (around << 63))
    parent = b"" if around else field(4, struct.pack(">Q", index + 1 | 1 << 63))
    times = b"\x39" + struct.pack("<Q", START) + b"\x41" + struct.pack("<Q", START + 10**9 + index)
    return field(2, field(1, TRACE + struct.pack(">Q", index + 1)) + field(2, own) + parent + field(5, name.encode())
                 + b"\x30\x03" + times + b"".join(attributes))


def call(index, model, content):
    attributes = [
        text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"), text("gen_ai.request.model", model),
        text("gen_ai.response.model", model), text("gen_ai.response.id", ANSWER.decode() + f"{index:016x}"),
        count("gen_ai.usage.input_tokens", 1800 + index), count("gen_ai.usage.output_tokens", 240),
        count("gen_ai.request.max_tokens", 1024), text("server.address", "api.openai.com"), count("server.port", 443),
        text("openai.response.service_tier", "default"), text("openai.response.system_fingerprint", "fp_44added55e")]
    if content:
        attributes += [text("gen_ai.input.messages", PROMPT * 28), text("gen_ai.output.messages", PROMPT * 14)]
    return span(index, f"chat {model}", attributes)


def around(index, model):
    """The same call as another library tells it."""
    return span(index, "ChatCompletion", [
        text("openinference.span.kind", "LLM"), text("llm.provider", "openai"), text("llm.model_name", model),
        count("llm.token_count.prompt", 1800 + index), count("llm.token_count.completion", 240)], around=True)


def request(index):
    if index % 2:
        return span(index, "GET", [
            text("http.request.method", "GET"), text("url.full", "https://catalogue.internal.example/v2/products/5510?currency=EUR"),
            text("server.address", "catalogue.internal.example"), count("server.port", 443),
            count("http.response.status_code", 200), text("user_agent.original", "python-httpx/0.28.1")])
    return span(index, "SELECT products", [
        text("db.system.name", "postgresql"), text("db.namespace", "catalogue"), text("db.operation.name", "SELECT"),
        text("db.query.text", "SELECT id, name, price FROM products WHERE category = $1 ORDER BY rank LIMIT 20"),
        text("server.address", "postgres.internal.example"), count("server.port", 5432)])


def scope(name, version, spans):
    return field(2, field(1, field(1, name) + field(2, version)) + b"".join(spans))


class Traffic:
    """The requests of one shape, without end."""

    def __init__(self, shape, scopes):
        calls = [index for index in range(SPANS) if shape != "Mixed" or index % 10 == 0]
        model = {index: MODELS[place % len(MODELS)] for place, index in enumerate(calls)}
        spans = [call(index, model[index], shape != "Lean") if index in model else request(index) for index in range(SPANS)]
        bodies = scope(b"opentelemetry.instrumentation.openai_v2", b"2.4b0", spans)
        if scopes == 2:
            bodies += scope(b"openinference.instrumentation.openai", b"0.1.40", [around(index, model[index]) for index in calls])
        resource = b"".join(field(1, attribute[2 + (attribute[1] > 0x7F):]) for attribute in (
            text("service.name", "checkout-assistant"), text("deployment.environment.name", "production")))
        self.body = bytearray(field(1, field(1, resource) + bodies))
        self.spans = SPANS + (len(calls) if scopes == 2 else 0)
        self.traces = self.places(field(1, TRACE + bytes(8))[:10])
        self.answers = self.places(ANSWER)
        self.numbers = list(range(SPANS)) + (calls if scopes == 2 else [])
        assert len(self.traces) == self.spans
        self.first = 1 << 32

    def places(self, pattern):
        found, at = [], self.body.find(pattern)
        while at >= 0:
            found.append(at + len(pattern))
            at = self.body.find(pattern, at + 1)
        return found

    def next(self):
        self.first += SPANS
        body, first = self.body, self.first
        for place, (at, number) in enumerate(zip(self.traces, self.numbers)):
            own, is_around = first + number, place >= SPANS
            struct.pack_into(">Q", body, at, own)
            struct.pack_into(">Q", body, at + 10, own | is_around << 63)
            if not is_around:
                struct.pack_into(">Q", body, at + 20, own | 1 << 63)
        for number, at in enumerate(self.answers):
            body[at:at + 16] = b"%016x" % (first + number)
        return bytes(body)
