"""A MailerSend on loopback: checks every call strictly, settles bulk calls when asked, and misbehaves on request.

Words of its own beside those of `api`: STATUS:TEXT answers that text (`422:#MS42207 …`), `422:FIELD=TEXT` that error
of a field; `429:3` is Retry-After: 3. For bulk calls: `partial:1=to.0.email+2=from.email` lets these letters (from 0)
fail the later check, `vague:1` without saying which, `never` keeps the call queued. For one letter: `suppressed`
answers 202 without an id. `paused` takes letters and says that sending is paused; `no-id` forgets the id.

`dead@…` fails the later check, or is refused at once when it is alone. `gone@…` is on the suppression list.
"""

from __future__ import annotations

import json
import re
import uuid
from email.headerregistry import Address
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

MESSAGES, BYTES = 500, 50 * 1000 * 1000
KNOWN = {
    "from", "to", "reply_to", "subject", "text", "html", "tags", "headers", "list_unsubscribe", "settings",
}  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
NOT_AN_ADDRESS = "The to.0.email must be a valid email address."


class Mailersend(Api):
    """What the server knows. `bulks`: each bulk call's later answer. `patience`: questions before it is given."""

    base = "https://api.mailersend.com"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.bulks: dict[str, dict[str, Any]] = {}
        self.patience = 1

    def judge(self, request: Request) -> Reply | None:
        if request.path not in ("/v1/email", "/v1/bulk-email"):
            return problem(404, "Resource not found.")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return problem(401, "Unauthenticated.")
        messages = messages_of(request)
        faults = [] if 1 <= len(messages) <= MESSAGES else [f"{len(messages)} messages #MS42229"]
        if len(request.body) > BYTES:
            faults.append(f"{len(request.body)} bytes")
        for message in messages:
            faults += faults_of(message)
        self.violations += faults
        if faults:
            return problem(422, "; ".join(faults)[:300])
        if request.path == "/v1/email" and "dead@" in messages[0]["to"][0]["email"]:
            return problem(422, NOT_AN_ADDRESS, {"to.0.email": [NOT_AN_ADDRESS]})
        return None

    def take(self, request: Request, word: str) -> Reply:
        kind, _, rest = word.partition(":")
        messages = messages_of(request)
        paused = {"x_send_paused": "true"} if kind == "paused" else {}
        if request.path == "/v1/email":
            return self.take_one(messages[0], kind, paused)
        bulk = uuid.uuid4().hex[:24]
        wrong = dict(pair.split("=") for pair in rest.split("+")) if kind == "partial" else {}
        wrong |= {
            str(n): "to.0.email" for n, each in enumerate(messages) if "dead@" in each["to"][0]["email"]
        }
        if kind == "vague":
            wrong = {rest: "?"}
        gone = [each["to"][0]["email"] for each in messages if "gone@" in each["to"][0]["email"]]
        identifiers = [
            self.accept(message, uuid.uuid4().hex[:24])
            for number, message in enumerate(messages)
            if str(number) not in wrong and "gone@" not in message["to"][0]["email"]
        ]
        errors = {f"message.{n}": {field: [f"The {field} is wrong."]} for n, field in wrong.items()}
        self.bulks[bulk] = {
            "id": bulk,
            "state": "completed",
            "never": kind == "never",
            "asked": 0,
            "validation_errors_count": len(wrong),
            "validation_errors": ({"unknown": ["?"]} if kind == "vague" else errors) or None,
            "suppressed_recipients_count": len(gone),
            "suppressed_recipients": {uuid.uuid4().hex[:24]: {"to": [suppression(each)]} for each in gone}
            or None,
            "messages_id": identifiers,
        }
        told = {} if kind == "no-id" else {"bulk_email_id": bulk}
        return json_reply(202, {"message": "The bulk email is being processed.", **told}, **paused)

    def take_one(self, message: dict[str, Any], kind: str, paused: dict[str, str]) -> Reply:
        """One letter alone."""
        address = message["to"][0]["email"]
        if "gone@" in address or kind == "suppressed":
            warning = {"type": "ALL_SUPPRESSED", "warning": "…", "recipients": [suppression(address)]}
            return json_reply(202, {"message": "There are some warnings.", "warnings": [warning]})
        identifier = self.accept(message, uuid.uuid4().hex[:24])
        headers = {} if kind == "no-id" else {"x-message-id": identifier}
        paused = {name.replace("_", "-"): value for name, value in paused.items()}
        return Reply(202, b"", "text/html; charset=UTF-8", {**headers, **paused})

    def refuse(self, status: int, rest: str) -> Reply:
        if status == 429:
            return json_reply(
                429,
                {"message": f"Too Many Attempts. {rest}"},
                **({"retry_after": rest} if rest.isdigit() else {}),
            )
        field, found, words = rest.partition("=")
        return problem(status, words or rest or f"status {status}", {field: [words]} if found else None)

    def question(self, request: Request) -> Reply:
        bulk = self.bulks.get(request.path.rpartition("/")[2])
        if bulk is None or not request.path.startswith("/v1/bulk-email/"):
            return problem(404, "Resource not found.")
        bulk["asked"] += 1
        data = {name: value for name, value in bulk.items() if name not in ("never", "asked")}
        if bulk["never"] or bulk["asked"] <= self.patience:
            empty = dict.fromkeys(("validation_errors", "suppressed_recipients", "messages_id"))
            data |= {
                **empty,
                "state": "queued",
                "validation_errors_count": 0,
                "suppressed_recipients_count": 0,
            }
        return json_reply(200, {"data": data})


def suppression(address: str) -> dict[str, Any]:
    """Why an address is passed over."""
    return {"email": address, "name": "", "reasons": ["hard_bounced"]}


def messages_of(request: Request) -> list[dict[str, Any]]:
    """The messages of a call."""
    found = orjson.loads(request.body)
    return [found] if request.path == "/v1/email" else found


def problem(status: int, message: str, errors: dict[str, list[str]] | None = None) -> Reply:
    """An error in MailerSend's words."""
    return json_reply(status, {"message": message, **({"errors": errors} if errors else {})})


def faults_of(message: dict[str, Any]) -> list[str]:
    """What is wrong with one message."""
    faults = [f"unknown field {name}" for name in message if name not in KNOWN]
    if len(message["to"]) != 1:
        faults.append("not one recipient")
    for place, mailbox in [
        ("from", message["from"]),
        ("to", message["to"][0]),
        ("reply_to", message.get("reply_to")),
    ]:
        if mailbox is not None:
            faults += faults_of_mailbox(place, mailbox)
    if not message.get("text") and not message.get("html"):
        faults.append("no body")
    if not isinstance(message.get("subject"), str) or CONTROL.search(message["subject"]):
        faults.append("no safe subject")
    if len(message.get("tags", [])) > 5 or not all(
        isinstance(tag, str) and tag for tag in message.get("tags", [])
    ):
        faults.append("tags")
    for header in message.get("headers", []):
        if not re.fullmatch("[A-Za-z0-9-]+", header["name"]) or CONTROL.search(header["value"]):
            faults.append(f"header {header['name']}")
        if header["name"].lower() in (
            "list-unsubscribe",
            "list-unsubscribe-post",
            "message-id",
            "date",
            "subject",
        ):
            faults.append(f"header {header['name']} is MailerSend's own")
    if not re.fullmatch(r"(?:https?://|mailto:)[!-;=?-~]+", message.get("list_unsubscribe", "mailto:x")):
        faults.append(f"list_unsubscribe: {message['list_unsubscribe']}")
    if LEFT_OVER.search(json.dumps(message)):
        faults.append("a mark for a personal value was left in")
    return faults


def faults_of_mailbox(place: str, mailbox: dict[str, str]) -> list[str]:
    """One mailbox."""
    if set(mailbox) - {"email", "name"} or CONTROL.search("".join(mailbox.values())):
        return [f"{place} is not a mailbox"]
    try:
        Address(addr_spec=mailbox["email"])
    except (ValueError, IndexError) as error:
        return [f"{place}: {error}"]
    if place == "to" and re.search("[,;]", mailbox.get("name", "")):
        return [f"the name {mailbox['name']} holds , or ;"]
    return [] if mailbox["email"].isascii() else [f"{place} is not ASCII"]
