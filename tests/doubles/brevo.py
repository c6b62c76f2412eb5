"""A Brevo on loopback: checks every call strictly, remembers keys, reads templates as it does, and misbehaves on request.

Words of its own beside those of `api`: STATUS:CODE:WORDS answers that error (spaces as _), `429:3` says that the
window of calls ends in three seconds; `short` leaves out the last id, `single` answers with `messageId` alone.

One `dead@…` has its whole call refused with 400. Whatever looks like Brevo's template language is a violation: it
would not arrive as written.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

VERSIONS = 1000
KNOWN = {"sender", "subject", "htmlContent", "textContent", "headers", "tags", "messageVersions"}
KNOWN_IN_VERSION = {"to", "subject", "htmlContent", "textContent", "replyTo", "headers"}
SET_BY_BREVO = {
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "reply-to",
    "message-id",
    "date",
    "content-type",
    "sender",
}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TEMPLATE = re.compile(r"\{\{|\{%|\{#.*?#\}")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
SPECIALS = re.compile(r"[()<>\[\]:;@\\,.\"]")
CODES = {400: "invalid_parameter", 401: "unauthorized", 402: "not_enough_credits", 403: "permission_denied"} | {
    404: "document_not_found", 405: "method_not_allowed", 406: "not_acceptable", 422: "unprocessable_entity",
}  # fmt: skip


class Brevo(Api):
    """What the server knows. `keys`: each key that was seen."""

    base = "https://api.brevo.com"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.keys: set[str] = set()

    def judge(self, request: Request) -> Reply | None:
        if request.path != "/v3/smtp/email":
            return self.refuse(404, "")
        if request.headers.get("api-key") != self.token:
            return self.refuse(401, "")
        call = orjson.loads(request.body)
        faults = self.against_specification(request) + faults_of_call(call)
        for version in call["messageVersions"]:
            faults += faults_of_version(version, call)
        if request.headers.get("content-type") != "application/json":
            faults.append("Content-Type is not application/json")
        self.violations += faults
        if faults:
            return error(400, "invalid_parameter", "; ".join(faults)[:300])
        if call["headers"]["idempotencyKey"] in self.keys:
            return error(400, "duplicate_parameter", "idempotencyKey already used")
        if any("dead@" in version["to"][0]["email"] for version in call["messageVersions"]):
            return error(400, "invalid_parameter", "email is not valid in to")
        return None

    def take(self, request: Request, word: str) -> Reply:
        call = orjson.loads(request.body)
        self.keys.add(call["headers"]["idempotencyKey"])
        ids = [
            self.accept({**version, "sender": call["sender"]}, f"<{uuid.uuid4()}@smtp-relay.mailin.fr>")
            for version in call["messageVersions"]
        ]
        if word == "single":
            return json_reply(201, {"messageId": ids[0]})
        return json_reply(201, {"messageIds": ids[:-1] if word == "short" else ids})

    def refuse(self, status: int, rest: str) -> Reply:
        if rest.isdigit():
            return json_reply(status, {}, x_sib_ratelimit_reset=rest)
        code, _, words = rest.partition(":")
        return error(status, code or CODES.get(status, "unknown"), words.replace("_", " ") or "an error")


def error(status: int, code: str, words: str) -> Reply:
    """An error as Brevo writes it."""
    return json_reply(status, {"code": code, "message": words})


def faults_of_call(call: dict[str, Any]) -> list[str]:
    """What is wrong with the call around its versions."""
    faults = [f"unknown field {key}" for key in call if key not in KNOWN]
    if not 1 <= len(call.get("messageVersions", [])) <= VERSIONS:
        faults.append("not 1 to 1000 versions")
    if not call.get("htmlContent") or not call.get("subject"):
        faults.append("no common htmlContent or subject")
    try:
        uuid.UUID(call["headers"]["idempotencyKey"])
    except (KeyError, ValueError):
        faults.append("idempotencyKey is no UUID")
    return (
        faults
        + faults_of_person(call.get("sender", {}))
        + [f"tag {tag}" for tag in call.get("tags", []) if not isinstance(tag, str) or not tag]
    )


def faults_of_version(version: dict[str, Any], call: dict[str, Any]) -> list[str]:
    """What is wrong with one version."""
    faults = [f"unknown field {key}" for key in version if key not in KNOWN_IN_VERSION]
    faults += [f"{field} missing" for field in ("to", "subject", "htmlContent") if not version.get(field)]
    if "textContent" in call and "textContent" not in version:
        faults.append("the common text would stand in this letter")
    if len(version.get("to", [])) != 1:
        faults.append("not one recipient")
    for person in (*version.get("to", []), version.get("replyTo", {"email": "a@b.example"})):
        faults += faults_of_person(person)
    reply_to = version.get("replyTo", {}).get("name", "")
    if not reply_to.isascii() and SPECIALS.search(reply_to):
        faults.append("replyTo's name would be garbled")
    if CONTROL.search(version.get("subject", "")):
        faults.append("subject is not a safe text")
    for name, value in version.get("headers", {}).items():
        if name.lower() in SET_BY_BREVO or not value.isascii() or CONTROL.search(value) or "=?" in value:
            faults.append(f"header {name}: {value!r}")
    texts = [version.get("subject", ""), version.get("htmlContent", ""), version.get("textContent", "")]
    texts += [
        *version.get("headers", {}).values(),
        *(person.get("name", "") for person in version.get("to", [])),
    ]
    faults += [f"Brevo would read {found[0]!r}" for each in texts if (found := TEMPLATE.search(each))]
    return faults + (["a mark was left in"] if LEFT_OVER.search(json.dumps(version)) else [])


def faults_of_person(person: dict[str, str]) -> list[str]:
    """One address in ASCII, with a name that arrives."""
    faults = [] if set(person) <= {"email", "name"} else ["unknown field of a person"]
    if not re.fullmatch(r"[!-~]+@[!-~]+", person.get("email", "")):
        faults.append(f"{person.get('email')!r} is no address")
    name = person.get("name", "")
    if CONTROL.search(name) or (not name.isascii() and SPECIALS.search(name)):
        faults.append(f"the name {name!r} would be lost")
    return faults
