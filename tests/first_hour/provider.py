"""A stand-in for OpenAI's HTTP API, for the clients of the guides: strict in what it takes, exact in what it answers.

In: `POST /v1/chat/completions` and `/v1/responses` as OpenAI documents them. Out: an answer with usage and rate-limit headers.
What OpenAI would refuse gets its 4xx, in its words. It keeps what it refused, so that a test can say so.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-stand-in"
MODEL, ANSWERED_BY = "gpt-4o-mini", "gpt-4o-mini-2024-07-18"
PROMPT, ANSWER, REMAINING = 120, 30, 9998
KNOWN_OF_A_CHAT = {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "n", "user", "extra_body"}


class Refused(Exception):
    """A request that OpenAI would refuse: status and message."""


def checked(path: str, headers: dict, body: bytes) -> dict:
    if headers.get("authorization") != f"Bearer {KEY}":
        raise Refused(401, "Incorrect API key provided.")
    if not headers.get("content-type", "").startswith("application/json"):
        raise Refused(400, "The body must be application/json.")
    asked = json.loads(body)
    if asked.get("model") != MODEL:
        raise Refused(404, f"The model `{asked.get('model')}` does not exist or you do not have access to it.")
    if path == "/v1/responses":
        if not asked.get("input"):
            raise Refused(400, "Missing required parameter: 'input'.")
    elif path == "/v1/chat/completions":
        if unknown := set(asked) - KNOWN_OF_A_CHAT:
            raise Refused(400, f"Unrecognized request arguments supplied: {sorted(unknown)}")
        if not asked.get("messages") or any("role" not in each or "content" not in each for each in asked["messages"]):
            raise Refused(400, "Missing required parameter: 'messages'.")
    else:
        raise Refused(404, f"Invalid URL (POST {path})")
    return asked


def completion() -> dict:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": ANSWERED_BY,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Good morning.", "refusal": None}, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": PROMPT, "completion_tokens": ANSWER, "total_tokens": PROMPT + ANSWER},
    }


def response() -> dict:
    said = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [{"type": "output_text", "text": "Good morning.", "annotations": []}]}
    usage = {
        "input_tokens": PROMPT,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": ANSWER,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": PROMPT + ANSWER,
    }
    return {"id": "resp_1", "object": "response", "created_at": 1_760_000_000, "status": "completed", "model": ANSWERED_BY, "output": [said], "usage": usage}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            checked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            status, answer = 200, response() if self.path == "/v1/responses" else completion()
        except Refused as refused:
            status, message = refused.args
            self.server.refused.append(f"{self.path}: {status} {message}")
            answer = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
        text = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": str(len(text)),
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": str(REMAINING),
            "x-ratelimit-reset-requests": "12ms",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def server() -> ThreadingHTTPServer:
    """On a free port of this machine; `refused` lists what it did not take."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.refused = []
    return made
