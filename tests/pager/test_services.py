"""Each thing that PagerDuty, Slack and Teams refuse is refused by their stand-ins too, in their words; good events pass."""

import json
import unittest
import urllib.error
import urllib.request

from services import Services

KEY = "0123456789abcdef0123456789abcdef"
REMOVED = object()


def event(**changes: object) -> dict:
    """A good trigger, with changes to it or to its payload (`payload_severity`)."""
    payload = {"summary": "quota used up", "source": "Tollgate", "severity": "critical"}
    good = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "a", "payload": payload}
    for name, value in changes.items():
        place, name = (payload, name.removeprefix("payload_")) if name.startswith("payload_") else (good, name)
        if value is REMOVED:
            del place[name]
        else:
            place[name] = value
    return good


def text(words: str, kind: str = "mrkdwn") -> dict:
    return {"type": kind, "text": words}


def post(address: str, body: object) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data, {"Content-Type": "application/json"})) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


class OnePort(unittest.TestCase):
    def setUp(self) -> None:
        self.services = self.enterContext(Services())

    def pagerduty(self, body: object) -> tuple[int, str]:
        return post(self.services.address + "/v2/enqueue", body)

    def slack(self, body: object) -> tuple[int, str]:
        return post(self.services.address + self.services.slack.path, body)


class PagerDutyTakes(OnePort):
    def test_a_trigger_opens_an_incident_and_its_resolve_closes_it(self) -> None:
        self.assertEqual(self.pagerduty(event())[0], 202)
        self.assertEqual(self.pagerduty(event(payload_summary="still"))[0], 202)
        self.assertEqual((list(self.services.pagerduty.open), self.services.pagerduty.ever_opened), (["a"], 1))
        self.assertEqual(self.pagerduty({"routing_key": KEY, "event_action": "resolve", "dedup_key": "a"})[0], 202)
        self.assertEqual(self.services.pagerduty.open, {})

    def test_what_is_just_within_the_limits(self) -> None:
        full = event(payload_summary="x" * 1024, dedup_key="k" * 255, links=[{"href": "https://a.example/b", "text": "c"}])
        self.assertEqual(self.pagerduty(full)[0], 202)


class PagerDutyRefuses(OnePort):
    CASES = {
        "a routing key of 31 characters": (event(routing_key=KEY[1:]), "'routing_key'"),
        "a routing key with a line end": (event(routing_key=KEY[1:] + "\n"), "'routing_key'"),
        "no routing key": (event(routing_key=REMOVED), "'routing_key'"),
        "an unknown action": (event(event_action="page"), "'event_action'"),
        "no payload": (event(payload=REMOVED), "'payload'"),
        "no summary": (event(payload_summary=REMOVED), "'payload.summary'"),
        "an empty summary": (event(payload_summary=""), "'payload.summary'"),
        "a summary of 1025 characters": (event(payload_summary="x" * 1025), "longer than 1024"),
        "no source": (event(payload_source=REMOVED), "'payload.source'"),
        "a source of 256 characters": (event(payload_source="x" * 256), "longer than 255"),
        "no severity": (event(payload_severity=REMOVED), "'payload.severity'"),
        "Prometheus' own word for a severity": (event(payload_severity="page"), "'payload.severity' is invalid"),
        "a severity in capitals": (event(payload_severity="Critical"), "'payload.severity' is invalid"),
        "a component that is no string": (event(payload_component=["m"]), "'payload.component'"),
        "a timestamp in words": (event(payload_timestamp="yesterday"), "'payload.timestamp'"),
        "a dedup key of 256 characters": (event(dedup_key="k" * 256), "255"),
        "a resolve without its dedup key": (event(event_action="resolve", dedup_key=REMOVED), "'dedup_key' is missing"),
        "an acknowledge with a blank dedup key": (event(event_action="acknowledge", dedup_key=""), "'dedup_key' is missing"),
        "a link without an address": (event(links=[{"href": "", "text": "Runbook"}]), "'links[0].href'"),
        "a link that is a path": (event(links=[{"href": "/d/tollgate", "text": "Dashboard"}]), "'links[0].href'"),
        "an image over plain HTTP": (event(images=[{"src": "http://a.example/b.png"}]), "'images[0].src'"),
        "a list": ([event()], "not a JSON object"),
        "no JSON": (b"{", "not JSON"),
    }

    def test_each(self) -> None:
        for name, (body, words) in self.CASES.items():
            with self.subTest(name):
                status, answer = self.pagerduty(body)
                self.assertEqual(status, 400)
                self.assertIn(words, " ".join(json.loads(answer)["errors"]))
        self.assertEqual(self.services.pagerduty.events, [])

    def test_an_event_over_512_kilobytes(self) -> None:
        self.assertEqual(self.pagerduty(event(payload_custom_details={"x": "y" * 600_000}))[0], 413)

    def test_another_path(self) -> None:
        self.assertEqual(post(self.services.address + "/v2/change", event())[0], 404)


class SlackTakes(OnePort):
    def test_text_attachments_and_blocks(self) -> None:
        blocks = [
            {"type": "header", "text": text("Quota", "plain_text")},
            {"type": "section", "text": text("used *up*")},
            {"type": "divider"},
            {"type": "context", "elements": [text("openai")]},
            {"type": "actions", "elements": [{"type": "button", "text": text("Runbook", "plain_text"), "url": "https://a.example"}]},
        ]
        for message in ({"text": "hello"}, {"attachments": [{"text": "hello", "color": "danger"}]}, {"blocks": blocks}):
            self.assertEqual(self.slack(message), (200, "ok"))


class SlackRefuses(OnePort):
    CASES = {
        "no JSON": (b"payload", "invalid_payload"),
        "a list": ([], "invalid_payload"),
        "nothing to say": ({}, "no_text"),
        "an empty attachment": ({"attachments": [{"color": "good"}]}, "no_text"),
        "101 attachments": ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
        "a colour that is none": ({"attachments": [{"text": "x", "color": "crimson"}]}, "invalid_attachments"),
        "a title that links to nowhere": ({"attachments": [{"title": "x", "title_link": "runbook.md"}]}, "invalid_attachments"),
        "six actions": ({"attachments": [{"text": "x", "actions": [{"type": "button"}] * 6}]}, "invalid_attachments"),
        "40,001 characters": ({"text": "x" * 40_001}, "msg_too_long"),
        "blocks that are no list": ({"blocks": {}}, "invalid_blocks"),
        "51 blocks": ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        "a block of no kind": ({"blocks": [{"text": text("x")}]}, "invalid_blocks"),
        "a header in mrkdwn": ({"blocks": [{"type": "header", "text": text("x")}]}, "invalid_blocks"),
        "a header of 151 characters": ({"blocks": [{"type": "header", "text": text("x" * 151, "plain_text")}]}, "invalid_blocks"),
        "a section without text": ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        "a section of 3001 characters": ({"blocks": [{"type": "section", "text": text("x" * 3001)}]}, "invalid_blocks"),
        "a section with empty text": ({"blocks": [{"type": "section", "text": text("")}]}, "invalid_blocks"),
        "eleven fields": ({"blocks": [{"type": "section", "fields": [text("x")] * 11}]}, "invalid_blocks"),
        "a field of 2001 characters": ({"blocks": [{"type": "section", "fields": [text("x" * 2001)]}]}, "invalid_blocks"),
        "a context without elements": ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        "26 buttons": ({"blocks": [{"type": "actions", "elements": [{"type": "button", "text": text("x", "plain_text")}] * 26}]}, "invalid_blocks"),
        "a button that links to a path": (
            {"blocks": [{"type": "actions", "elements": [{"type": "button", "text": text("x", "plain_text"), "url": "/d/a"}]}]},
            "invalid_blocks",
        ),
        "a block id of 256 characters": ({"blocks": [{"type": "divider", "block_id": "x" * 256}]}, "invalid_blocks"),
        "a malformed block inside an attachment": ({"attachments": [{"blocks": [{"type": "section"}]}]}, "invalid_blocks"),
    }

    def test_each(self) -> None:
        for name, (body, word) in self.CASES.items():
            with self.subTest(name):
                status, answer = self.slack(body)
                self.assertEqual((status, answer.split(":")[0]), (400, word))
        self.assertEqual(self.services.slack.messages, [])

    def test_an_address_that_was_revoked(self) -> None:
        self.assertEqual(post(self.services.address + "/services/T0/B0/other", {"text": "x"}), (404, "no_service"))


def card(**changes: object) -> dict:
    """A good message, with changes to its one block."""
    block = {"type": "TextBlock", "text": "quota used up: [Runbook](https://a/b)", "weight": "Bolder", "size": "Medium", "color": "Attention"}
    content = {"type": "AdaptiveCard", "version": "1.2", "body": [block | changes]}
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]}


class Teams(OnePort):
    CASES = {
        "no JSON": (b"payload", "InvalidRequestContent"),
        "the old connector's card": ({"@type": "MessageCard", "text": "x"}, "type must be message"),
        "no attachment": ({"type": "message", "attachments": []}, "attachments is missing or empty"),
        "a card of another kind": ({"type": "message", "attachments": [{"contentType": "text/plain"}]}, "contentType must be application/vnd.microsoft.card.adaptive"),
        "no text": (card(text=" "), "text is missing or blank"),
        "a colour that is none": (card(color="red"), "color is none of the schema's"),
        "a link that leads nowhere": (card(text="[Runbook](runbook.md)"), "a link leads nowhere"),
        "an image": (card(type="Image"), "only TextBlocks are known here"),
    }

    def teams(self, body: object) -> tuple[int, str]:
        return post(self.services.address + self.services.teams.path, body)

    def test_takes_a_card(self) -> None:
        self.assertEqual(self.teams(card()), (202, ""))
        self.assertEqual(len(self.services.teams.messages), 1)

    def test_refuses_each(self) -> None:
        for name, (body, words) in self.CASES.items():
            with self.subTest(name):
                self.assertEqual(self.teams(body), (400, words))
        self.assertEqual(self.teams(card(text="x" * 28 * 1024))[0], 413)
        self.assertEqual(self.services.teams.messages, [])


if __name__ == "__main__":
    unittest.main()
