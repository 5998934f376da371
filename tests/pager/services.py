"""Stands in for PagerDuty's Events API v2, a Slack incoming webhook and a Teams workflow, as strict as their documentation.

In: HTTP POSTs. Out: the answers that the real ones give, and a record of what was accepted and what was refused.
Sources: PagerDuty, Events API v2 (reference/events-v2 of PagerDuty/api-schema: required fields, 32 characters of
routing key, the four severities, 1024 characters of summary, 255 of dedup key, 512 KB an event). Slack, Sending messages
using incoming webhooks (its error words) and Block Kit reference (blocks and their lengths). Microsoft, Create incoming
webhooks with Workflows (a message of Adaptive Cards, 28 KB) and the Adaptive Cards schema 1.2 (TextBlock and its words).
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

MAX_EVENT_BYTES = 512 * 1024
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
LENGTHS = {"summary": 1024, "source": 255, "component": 255, "group": 255, "class": 255}


def is_link(text: object, schemes: tuple[str, ...] = ("http", "https")) -> bool:
    """True for an absolute address."""
    if not isinstance(text, str) or re.search(r"\s", text):
        return False
    parts = urlsplit(text)
    return parts.scheme in schemes and bool(parts.netloc)


# --- PagerDuty


def pagerduty_faults(event: object) -> list[str]:
    """What PagerDuty would find wrong with an event; nothing when it takes it."""
    if not isinstance(event, dict):
        return ["Event object is not a JSON object"]
    faults = []
    key = event.get("routing_key")
    if not isinstance(key, str) or len(key) != 32:
        faults.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    elif not re.fullmatch(r"[0-9A-Za-z]{32}", key):
        faults.append("'routing_key' has characters that no integration key has")
    action = event.get("event_action")
    if action not in ACTIONS:
        faults.append(f"'event_action' must be one of {', '.join(ACTIONS)}")
    dedup_key = event.get("dedup_key")
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > 255):
        faults.append("'dedup_key' must be a string of at most 255 characters")
    if action in ("acknowledge", "resolve") and not dedup_key:
        faults.append("'dedup_key' is missing or blank")
    if action == "trigger":
        faults += payload_faults(event.get("payload"))
    return faults + links_faults(event.get("links")) + images_faults(event.get("images"))


def payload_faults(payload: object) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    faults = [f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity") if not payload.get(name)]
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        faults.append(f"'payload.severity' is invalid (must be one of: {', '.join(SEVERITIES)})")
    for name, longest in LENGTHS.items():
        text = payload.get(name)
        if text is not None and not isinstance(text, str):
            faults.append(f"'payload.{name}' is not a string")
        elif text and len(text) > longest:
            faults.append(f"'payload.{name}' is longer than {longest} characters")
    if payload.get("timestamp") and not is_timestamp(payload["timestamp"]):
        faults.append("'payload.timestamp' is not an ISO 8601 time")
    if not isinstance(payload.get("custom_details", {}), (dict, str)):
        faults.append("'payload.custom_details' is not an object")
    return faults


def is_timestamp(text: object) -> bool:
    try:
        datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def links_faults(links: object) -> list[str]:
    if links is None:
        return []
    if not isinstance(links, list):
        return ["'links' is not a list"]
    return [f"'links[{index}].href' is not an address" for index, each in enumerate(links) if not isinstance(each, dict) or not is_link(each.get("href"))]


def images_faults(images: object) -> list[str]:
    if images is None:
        return []
    if not isinstance(images, list):
        return ["'images' is not a list"]
    return [f"'images[{index}].src' is not an HTTPS address" for index, each in enumerate(images) if not isinstance(each, dict) or not is_link(each.get("src"), ("https",))]


@dataclass
class PagerDuty:
    """The Events API of one account: its events, and the incidents that they make."""

    events: list[dict] = field(default_factory=list)
    refused: list[tuple[dict, list[str]]] = field(default_factory=list)
    open: dict[str, dict] = field(default_factory=dict)
    ever_opened: int = 0

    def answer(self, path: str, body: bytes) -> tuple[int, dict]:
        """What `POST /v2/enqueue` answers."""
        if path != "/v2/enqueue":
            return 404, {"status": "not found"}
        if len(body) > MAX_EVENT_BYTES:
            return 413, {"status": "event too large", "errors": [f"an event has at most {MAX_EVENT_BYTES} bytes"]}
        try:
            event = json.loads(body)
        except ValueError:
            event, faults = {}, ["The body is not JSON"]
        else:
            faults = pagerduty_faults(event)
        if faults:
            self.refused.append((event, faults))
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": faults}
        return 202, {"status": "success", "message": "Event processed", "dedup_key": self.take(event)}

    def take(self, event: dict) -> str:
        """Opens, updates or closes the incident of the event's dedup key."""
        key = event.get("dedup_key") or f"generated-{len(self.events)}"
        self.events.append(event)
        if event["event_action"] == "trigger":
            self.ever_opened += key not in self.open
            self.open[key] = event
        elif event["event_action"] == "resolve":
            self.open.pop(key, None)
        return key


# --- Slack


def slack_fault(message: object) -> str | None:
    """The word with which Slack refuses a message; nothing when it takes it."""
    if not isinstance(message, dict):
        return "invalid_payload"
    attachments, blocks = message.get("attachments", []), message.get("blocks", [])
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        return "invalid_attachments"
    if len(attachments) > 100:
        return "too_many_attachments"
    if "blocks" in message and (faults := blocks_faults(blocks)):
        return f"invalid_blocks: {'; '.join(faults)}"
    for each in attachments:
        if fault := attachment_fault(each):
            return fault
    if not message.get("text") and not blocks and not any(map(says_something, attachments)):
        return "no_text"
    if len(str(message.get("text", ""))) > 40_000:
        return "msg_too_long"
    return None


def says_something(attachment: dict) -> bool:
    return any(attachment.get(name) for name in ("text", "fallback", "title", "pretext", "fields", "blocks"))


def attachment_fault(attachment: dict) -> str | None:
    if "blocks" in attachment and (faults := blocks_faults(attachment["blocks"])):
        return f"invalid_blocks: {'; '.join(faults)}"
    if attachment.get("title_link") and not is_link(attachment["title_link"]):
        return "invalid_attachments"
    color = attachment.get("color")
    if color and color not in ("good", "warning", "danger") and not re.fullmatch(r"#?[0-9a-fA-F]{6}", color):
        return "invalid_attachments"
    actions = attachment.get("actions") or []
    if len(actions) > 5 or any(each.get("type") == "button" and each.get("url") and not is_link(each["url"]) for each in actions):
        return "invalid_attachments"
    return None


def text_fault(text: object, longest: int, plain: bool = False) -> str | None:
    """A text object of Block Kit."""
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return f"text must be an object of type {' or '.join(kinds)}"
    if not isinstance(text.get("text"), str) or not text["text"]:
        return "text must have 1 character or more"
    return f"must be less than {longest + 1} characters" if len(text["text"]) > longest else None


def header_fault(block: dict) -> str | None:
    return text_fault(block.get("text"), 150, plain=True)


def section_fault(block: dict) -> str | None:
    fields = block.get("fields")
    if "text" not in block and not fields:
        return "a section needs text or fields"
    if "text" in block and (fault := text_fault(block["text"], 3000)):
        return fault
    if fields is None:
        return None
    if not isinstance(fields, list) or not 1 <= len(fields) <= 10:
        return "a section has 1 to 10 fields"
    return next(filter(None, (text_fault(each, 2000) for each in fields)), None)


def context_fault(block: dict) -> str | None:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        return "a context has 1 to 10 elements"
    texts = (each for each in elements if not (isinstance(each, dict) and each.get("type") == "image"))
    return next(filter(None, (text_fault(each, 3000) for each in texts)), None)


def actions_fault(block: dict) -> str | None:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        return "actions has 1 to 25 elements"
    return next(filter(None, map(button_fault, elements)), None)


def button_fault(element: object) -> str | None:
    if not isinstance(element, dict) or element.get("type") != "button":
        return "only buttons are known here"
    if fault := text_fault(element.get("text"), 75, plain=True):
        return fault
    url = element.get("url")
    return "url must be an address of at most 3000 characters" if url is not None and (not is_link(url) or len(url) > 3000) else None


BLOCKS: dict[str, Callable[[dict], str | None]] = {
    "header": header_fault,
    "section": section_fault,
    "context": context_fault,
    "actions": actions_fault,
    "divider": lambda _: None,
}


def blocks_faults(blocks: object) -> list[str]:
    """What is wrong with the blocks of a message."""
    if not isinstance(blocks, list):
        return ["blocks must be an array"]
    if len(blocks) > 50:
        return ["no more than 50 items allowed"]
    faults = []
    for index, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in BLOCKS:
            faults.append(f"unsupported type [json-pointer:/blocks/{index}/type]")
        elif len(str(block.get("block_id", ""))) > 255:
            faults.append(f"must be less than 256 characters [json-pointer:/blocks/{index}/block_id]")
        elif fault := BLOCKS[kind](block):
            faults.append(f"{fault} [json-pointer:/blocks/{index}]")
    return faults


@dataclass
class Slack:
    """One incoming webhook: its address ends in the team, the app and a secret."""

    path: str = "/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx"
    messages: list[dict] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> tuple[int, str]:
        """What the webhook answers: `ok`, or one word."""
        if path != self.path:
            return self.refuse(404, "no_service") if path.startswith("/services/") else self.refuse(404, "no_team")
        try:
            message = json.loads(body)
        except ValueError:
            return self.refuse(400, "invalid_payload")
        if fault := slack_fault(message):
            return self.refuse(400, fault)
        self.messages.append(message)
        return 200, "ok"

    def refuse(self, status: int, word: str) -> tuple[int, str]:
        self.refused.append(word)
        return status, word


# --- Teams


MAX_TEAMS_BYTES = 28 * 1024
ADAPTIVE_CARD = "application/vnd.microsoft.card.adaptive"
TEXT_BLOCK = {
    "size": ("default", "small", "medium", "large", "extralarge"),
    "weight": ("default", "lighter", "bolder"),
    "color": ("default", "dark", "light", "accent", "good", "warning", "attention"),
}


def teams_fault(message: object) -> str | None:
    """Why a workflow would post nothing; nothing when it posts."""
    if not isinstance(message, dict) or message.get("type") != "message":
        return "type must be message"
    attachments = message.get("attachments")
    if not isinstance(attachments, list) or not attachments:
        return "attachments is missing or empty"
    return next(filter(None, map(card_fault, attachments)), None)


def card_fault(attachment: object) -> str | None:
    if not isinstance(attachment, dict) or attachment.get("contentType") != ADAPTIVE_CARD:
        return f"contentType must be {ADAPTIVE_CARD}"
    card = attachment.get("content")
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
        return "content must be an AdaptiveCard"
    if not re.fullmatch(r"1\.\d", str(card.get("version"))):
        return "version is missing"
    body = card.get("body")
    if not isinstance(body, list) or not body:
        return "body is missing or empty"
    return next(filter(None, map(element_fault, body)), None)


def element_fault(element: object) -> str | None:
    if not isinstance(element, dict) or element.get("type") != "TextBlock":
        return "only TextBlocks are known here"
    if not isinstance(element.get("text"), str) or not element["text"].strip():
        return "text is missing or blank"
    wrong = (name for name, words in TEXT_BLOCK.items() if element.get(name) and str(element[name]).lower() not in words)
    if name := next(wrong, None):
        return f"{name} is none of the schema's"
    links = re.findall(r"\]\(([^)]*)\)", element["text"])
    return None if all(map(is_link, links)) else "a link leads nowhere"


@dataclass
class Teams:
    """One workflow `When a Teams webhook request is received`. The real one takes every JSON with 202 and fails later, unseen."""

    path: str = "/workflows/0123456789abcdef/triggers/manual/paths/invoke"
    messages: list[dict] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> tuple[int, str]:
        """202 and nothing, or why not."""
        if path.split("?")[0] != self.path:
            return self.refuse(404, "WorkflowNotFound")
        if len(body) > MAX_TEAMS_BYTES:
            return self.refuse(413, "RequestEntityTooLarge")
        try:
            message = json.loads(body)
        except ValueError:
            return self.refuse(400, "InvalidRequestContent")
        if fault := teams_fault(message):
            return self.refuse(400, fault)
        self.messages.append(message)
        return 202, ""

    def refuse(self, status: int, word: str) -> tuple[int, str]:
        self.refused.append(word)
        return status, word


# --- the server of all


class Services:
    """All of them on one port of this machine; a context manager."""

    def __init__(self) -> None:
        self.pagerduty, self.slack, self.teams = PagerDuty(), Slack(), Teams()
        services = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = services.answer(self.path, body)
                text = answer if isinstance(answer, str) else json.dumps(answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self) -> None:
                self.send_error(405)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, body: bytes) -> tuple[int, dict | str]:
        service = {"v2": self.pagerduty, "workflows": self.teams}.get(path.split("/")[1], self.slack)
        return service.answer(path, body)

    def __enter__(self) -> "Services":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
