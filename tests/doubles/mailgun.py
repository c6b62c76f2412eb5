"""A Mailgun on loopback: takes forms apart strictly, fills in recipient variables, and misbehaves on request.

Words of its own beside those of `api`: STATUS:TEXT answers that text; `429` without one asks for 120 seconds;
`magnificent` answers 200 as a wrong address does; `no-id` and `strange` accept and answer 200 without an id, or
without "Queued".

A call with `dead@…` in it is refused with 400. GET …/events searches what was accepted while `searchable` is true.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

DOMAIN = "news.acme.example"
PEOPLE, BYTES, OPTIONS_BYTES = 1000, 25 * 1000 * 1000, 16 * 1024
ONCE = {"from", "subject", "text", "html", "recipient-variables"}
OPTIONS = {"o:tag", "o:tracking", "o:tracking-clicks", "o:tracking-opens", "o:suppress-headers"}
VARIABLE = re.compile(r"%recipient\.([A-Za-z0-9_]+)%")
LEFT_OVER = re.compile(r"zq\d{4,}qz[0-9a-f]+qz")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
HEAD = re.compile(rb'Content-Disposition: form-data; name="([^"\r\n]+)"\r\n\r\n')


class Mailgun(Api):
    """What the server knows."""

    base = "https://api.mailgun.net"
    searchable = True

    def known(self, request: Request) -> bool:
        """Whether the call brings the right key."""
        pair = base64.b64encode(f"api:{self.token}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {pair}"

    def judge(self, request: Request) -> Reply | None:
        if not self.known(request):
            return Reply(401, b"Forbidden", "text/plain")
        if request.path != f"/v3/{DOMAIN}/messages":
            return problem(404, "Domain not found")
        faults = self.against_specification(request)
        if len(request.body) > BYTES:
            faults.append(f"{len(request.body)} bytes")
        fields = fields_of(request)
        faults += faults_of(fields)
        self.violations += faults
        if faults:
            return problem(400, "; ".join(faults)[:300])
        if any("dead@" in to for to in fields["to"]):
            return problem(400, "to parameter is not a valid address. please check documentation")
        return None

    def take(self, request: Request, word: str) -> Reply:
        if word == "magnificent":
            return Reply(200, b"Mailgun Magnificent API", "text/plain")
        fields = fields_of(request)
        messages = expanded(fields)
        own = messages[0]["headers"].get("Message-Id") if len(messages) == 1 else None
        identifier = own or f"<{uuid.uuid4().hex}@{DOMAIN}>"
        for message in messages:
            self.accept(message, identifier)
        answers = {
            "no-id": {"message": "Queued. Thank you."},
            "strange": {"id": identifier, "message": "Well."},
        }
        return json_reply(200, answers.get(word, {"id": identifier, "message": "Queued. Thank you."}))

    def refuse(self, status: int, rest: str) -> Reply:
        limit = f"Domain {DOMAIN} is not allowed to send: account-requests-per-sec limit exceeded"
        if status == 429 and not rest:
            rest = f"{limit}, try again after 120 seconds"
        return problem(status, rest or f"status {status}")

    def question(self, request: Request) -> Reply:
        if not self.known(request):
            return Reply(401, b"Forbidden", "text/plain")
        asked = {name: values[0] for name, values in request.query.items()}
        if request.path != f"/v3/{DOMAIN}/events" or not {"begin", "ascending"} <= asked.keys():
            return problem(400, "bad question")
        items = [
            {
                "event": "accepted",
                "recipient": parseaddr(record["message"]["to"])[1],
                "user-variables": {"reference": record["message"]["reference"]},
                "message": {
                    "headers": {"message-id": record["message"]["headers"]["Message-Id"].strip("<>")}
                },
            }
            for record in self.accepted
            if self.searchable and parseaddr(record["message"]["to"])[1] == asked["recipient"].lower()
        ]
        return json_reply(200, {"items": items})


def problem(status: int, message: str) -> Reply:
    """An error in Mailgun's words."""
    return json_reply(status, {"message": message})


def fields_of(request: Request) -> dict[str, list[str]]:
    """A form's fields, each with its values in order."""
    kind, _, boundary = request.headers.get("content-type", "").partition("; boundary=")
    assert kind == "multipart/form-data", kind
    mark = b"--" + boundary.encode()
    opening, *parts, closing = (b"\r\n" + request.body).split(b"\r\n" + mark)
    assert (opening, closing) == (b"", b"--\r\n"), (opening, closing)
    fields: dict[str, list[str]] = {}
    for part in parts:
        head = HEAD.match(part, 2)
        assert part.startswith(b"\r\n"), part[:20]
        assert head, part[:80]
        fields.setdefault(head[1].decode(), []).append(part[head.end() :].decode())
    return fields


def faults_of(fields: dict[str, list[str]]) -> list[str]:
    """What is wrong with a call."""
    known = ONCE | OPTIONS | {"to"}
    faults = [
        f"unknown field {name}" for name in fields if name not in known and name[:2] not in ("h:", "v:")
    ]
    faults += [f"{name} twice" for name, values in fields.items() if name != "to" and len(values) > 1]
    faults += [
        f"{name} parameter is missing"
        for name in ("from", "to", "subject")
        if not any(fields.get(name, [""]))
    ]
    if not any(fields.get(name) for name in ("text", "html")):
        faults.append("Need at least one of 'text', 'html'")
    for name, values in fields.items():
        if name not in ("text", "html", "recipient-variables") and any(map(CONTROL.search, values)):
            faults.append(f"{name} is not safe")
        if name.startswith("h:") and not all(value.isascii() for value in values):
            faults.append(f"{name} is not encoded")
        if any(map(LEFT_OVER.search, values)):
            faults.append("a mark for a personal value was left in")
    options = sum(
        len(name) + len(values[0]) for name, values in fields.items() if name[:2] in ("o:", "h:", "v:")
    )
    if options > OPTIONS_BYTES:
        faults.append("Send options are limited to 16KB total")
    for place in ("from", "to"):
        for mailbox in fields.get(place, []):
            faults += faults_of_mailbox(place, mailbox)
    return faults + faults_of_variables(fields)


def faults_of_mailbox(place: str, mailbox: str) -> list[str]:
    """One mailbox, in ASCII."""
    _, address = parseaddr(mailbox)
    try:
        Address(addr_spec=address)
    except (ValueError, IndexError) as error:
        return [f"{place} parameter is not a valid address: {error}"]
    return [] if mailbox.isascii() else [f"{place} is not ASCII"]


def faults_of_variables(fields: dict[str, list[str]]) -> list[str]:
    """Everybody has every variable that is used and no other; without variables there is one recipient."""
    people = [parseaddr(mailbox)[1] for mailbox in fields.get("to", [])]
    if len(people) > PEOPLE:
        return ["Too many recipients, max is 1000"]
    if "recipient-variables" not in fields:
        return [] if len(people) == 1 else ["everybody would see everybody's address"]
    variables = json.loads(fields["recipient-variables"][0])
    used = {
        found
        for name, values in fields.items()
        if name != "recipient-variables"
        for found in VARIABLE.findall(values[0])
    }
    faults = [] if sorted(people) == sorted(variables) else ["variables and recipients differ"]
    for address, values in variables.items():
        faults += [f"{address} lacks {name}" for name in used ^ set(values)]
        faults += [f"{name} holds a variable" for name, value in values.items() if "%recipient" in value]
    return faults


def expanded(fields: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The messages that a call becomes, variables filled in."""
    variables = orjson.loads(fields.get("recipient-variables", ["{}"])[0])
    messages = []
    for to in fields["to"]:
        own = variables.get(parseaddr(to)[1])
        one = {
            name: values[0] if own is None else filled(values[0], own)
            for name, values in fields.items()
            if name not in ("to", "recipient-variables")
        }
        headers = {name[2:]: value for name, value in one.items() if name.startswith("h:")}
        messages.append({**one, "to": to, "headers": headers, "reference": one.get("v:reference", "")})
    return messages


def filled(text: str, values: dict[str, str]) -> str:
    """A text with one person's values in it."""
    return VARIABLE.sub(lambda found: values[found[1]], text)
