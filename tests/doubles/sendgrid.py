"""A SendGrid on loopback: checks every call strictly, fills in its substitutions, and misbehaves on request.

Words of its own beside those of `api`: STATUS:FIELD answers an error about that field; `429:9` says that the limit
begins anew in nine seconds; `no-id` accepts, but the answer has no X-Message-Id; `sandbox` answers 200 as for a
call that is only checked.

A call with `dead@…` in it is refused with 400. GET /v3/messages searches what was accepted by its reference, while
`searchable` is true.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

PEOPLE, BYTES, VALUES = 1000, 30 * 1000 * 1000, 10_000
KNOWN = {"personalizations", "from", "reply_to", "subject", "content", "categories", "tracking_settings"}
KNOWN_FOR_ONE = {"to", "subject", "headers", "substitutions", "custom_args"}
FORBIDDEN_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OVER = re.compile(r"zq\d{4,}qz[0-9a-f]+qz")
QUERY = re.compile(r"\(unique_args\['reference'\]=\"([^\"]+)\"\)")


class Sendgrid(Api):
    """What the server knows."""

    base = "https://api.sendgrid.com"
    searchable = True

    def judge(self, request: Request) -> Reply | None:
        if request.path != "/v3/mail/send":
            return problem(404, "", "not found")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return problem(401, "", "The provided authorization grant is invalid, expired, or revoked")
        faults = self.against_specification(request)
        if "application/json" not in request.headers.get("content-type", ""):
            faults.append("Content-Type is not application/json")
        if len(request.body) > BYTES:
            faults.append(f"{len(request.body)} bytes")
        call = orjson.loads(request.body)
        faults += faults_of_call(call)
        self.violations += faults
        if faults:
            return problem(400, "", "; ".join(faults)[:300])
        for number, person in enumerate(call["personalizations"]):
            if person["to"][0]["email"].startswith("dead@"):
                return problem(
                    400, f"personalizations.{number}.to.0.email", "Does not contain a valid address."
                )
        return None

    def take(self, request: Request, word: str) -> Reply:
        if word == "sandbox":
            return Reply(200, b"")
        identifier = uuid.uuid4().hex[:22]
        for message in expanded(orjson.loads(request.body)):
            self.accept(message, f"{identifier}/{message['reference']}")
        return Reply(202, b"", "text/plain", {} if word == "no-id" else {"X-Message-Id": identifier})

    def refuse(self, status: int, rest: str) -> Reply:
        if status == 429:
            begins = {"X_RateLimit_Reset": str(int(time.time()) + int(rest))} if rest else {}
            return json_reply(429, {"errors": [{"field": None, "message": "too many requests"}]}, **begins)
        return problem(status, rest, f"status {status}")

    def question(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return problem(401, "", "The provided authorization grant is invalid, expired, or revoked")
        found = QUERY.fullmatch(request.query.get("query", [""])[0])
        if request.path != "/v3/messages" or found is None:
            return problem(400, "query", "invalid query")
        hits = [
            {
                "msg_id": f"{record['id'].partition('/')[0]}.recvd-1.0",
                "to_email": record["message"]["to"]["email"],
            }
            for record in self.accepted
            if self.searchable and record["message"]["reference"] == found[1]
        ]
        return json_reply(200, {"messages": hits})


def problem(status: int, field: str, message: str) -> Reply:
    """An error in SendGrid's words."""
    return json_reply(status, {"errors": [{"message": message, "field": field or None, "help": None}]})


def faults_of_call(call: dict[str, Any]) -> list[str]:
    """What is wrong with a call."""
    faults = [f"unknown field {key}" for key in call if key not in KNOWN]
    people = call.get("personalizations", [])
    if not 1 <= len(people) <= PEOPLE:
        faults.append(f"{len(people)} personalizations")
    kinds = [part["type"] for part in call["content"]]
    if kinds not in (["text/plain"], ["text/html"], ["text/plain", "text/html"]):
        faults.append(f"content of {kinds}")
    faults += faults_of_address("from", call["from"])
    if "reply_to" in call:
        faults += faults_of_address("reply_to", call["reply_to"])
    if LEFT_OVER.search(json.dumps(call)):
        faults.append("a mark for a personal value was left in")
    fixed = json.dumps([call["content"], call.get("subject")], ensure_ascii=False)
    for person in people:
        faults += faults_of_person(person, call, fixed)
    return faults


def faults_of_person(person: dict[str, Any], call: dict[str, Any], fixed: str) -> list[str]:
    """What is wrong with one person's part of a call."""
    faults = [f"unknown field {key}" for key in person if key not in KNOWN_FOR_ONE]
    if len(person["to"]) != 1:
        faults.append("not one recipient")
    faults += faults_of_address("to", person["to"][0])
    subject = person.get("subject") or call.get("subject")
    if not subject or CONTROL.search(subject):
        faults.append("no safe subject")
    texts = {**person.get("headers", {}), **person.get("custom_args", {}), **person.get("substitutions", {})}
    faults += [f"{name} is not a text" for name, value in texts.items() if not isinstance(value, str)]
    faults += [f"header {name}" for name in person.get("headers", {}) if name.lower() in FORBIDDEN_HEADERS]
    faults += [f"header {name}" for name, value in person.get("headers", {}).items() if CONTROL.search(value)]
    values = person.get("substitutions", {})
    if len(json.dumps(values, ensure_ascii=False).encode()) > VALUES:
        faults.append("substitutions are too long")
    faults += [f"{tag} stands nowhere" for tag in values if json.dumps(tag)[1:-1] not in fixed]
    faults += [f"a value holds {tag}" for tag in values if any(tag in value for value in values.values())]
    return faults


def faults_of_address(field: str, mailbox: dict[str, str]) -> list[str]:
    """One address in ASCII; a recipient's name with a comma in it must be quoted, for SendGrid does not."""
    if set(mailbox) - {"email", "name"} or CONTROL.search("".join(mailbox.values())):
        return [f"{field} is not a mailbox"]
    try:
        Address(addr_spec=mailbox["email"])
    except (ValueError, IndexError) as error:
        return [f"{field}: {error}"]
    name = mailbox.get("name", "")
    if field == "to" and re.search("[,;]", name) and not name.startswith('"'):
        return [f"the name {name} is not quoted"]
    return [] if mailbox["email"].isascii() else [f"{field} is not ASCII"]


def expanded(call: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that a call becomes, substitutions filled in."""
    messages = []
    for person in call["personalizations"]:
        values = person.get("substitutions", {})
        bodies = {part["type"]: filled(part["value"], values) for part in call["content"]}
        messages.append(
            {
                "from": call["from"],
                "reply_to": call.get("reply_to", {}),
                "to": {**person["to"][0], "name": unquoted(person["to"][0].get("name", ""))},
                "subject": filled(person.get("subject") or call["subject"], values),
                "html": bodies.get("text/html", ""),
                "text": bodies.get("text/plain", ""),
                "headers": person.get("headers", {}),
                "reference": person["custom_args"]["reference"],
                "categories": call.get("categories", []),
            }
        )
    return messages


def unquoted(name: str) -> str:
    """A recipient's name as the header will say it."""
    return parseaddr(f"{name} <x@y.example>")[0] if name.startswith('"') else name


def filled(text: str, values: dict[str, str]) -> str:
    """A text with its substitutions, each tag once over the whole text."""
    for tag, value in values.items():
        text = text.replace(tag, value)
    return text
