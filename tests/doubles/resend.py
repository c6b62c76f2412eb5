"""A Resend on loopback: checks every call strictly, remembers keys, and misbehaves on request.

Words of its own beside those of `api`: STATUS:NAME answers that error's name, `429:3` is Retry-After: 3;
`partial:1=to+2=account` refuses those letters (from 0) in the answer; `account` refuses every one; `short` leaves
out the last id, `no-id` all ids, `strange` names a letter that was not sent.

`dead@…` is always refused for its `to` field, and one `poison@…` has its whole batch refused with 422.
"""

from __future__ import annotations

import json
import re
from email.utils import getaddresses
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

MESSAGES = 100
KNOWN = {"from", "to", "cc", "bcc", "reply_to", "subject", "html", "text", "headers", "tags"}
SET_BY_RESEND = {"from", "to", "cc", "bcc", "subject", "reply-to", "message-id", "date", "content-type"}
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
WORDS = {
    "to": "Invalid `to` field. The email address needs to follow the `email@example.com` format.",
    "account": "The news.acme.example domain is not verified. Please, add and verify your domain.",
    "size": "The email is too large.",
}
NAMES = {400: "validation_error", 401: "missing_api_key", 403: "invalid_api_key", 404: "not_found"} | {
    409: "concurrent_idempotent_requests", 422: "invalid_parameter", 429: "rate_limit_exceeded",
    451: "security_error", 500: "application_error", 503: "application_error",
}  # fmt: skip


class Resend(Api):
    """What the server knows. `keys`: each key that was seen, with the body and the answer it had."""

    base = "https://api.resend.com"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.keys: dict[str, tuple[bytes, Reply]] = {}

    def judge(self, request: Request) -> Reply | None:
        if request.path != "/emails/batch":
            return self.refuse(404, "")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return self.refuse(401, "")
        faults = self.against_specification(request) + faults_of_call(request)
        messages = orjson.loads(request.body)
        if not isinstance(messages, list) or not 1 <= len(messages) <= MESSAGES:
            faults.append("not a list of 1 to 100 messages")
        for message in messages:
            faults += faults_of_message(message)
        self.violations += faults
        if faults:
            return self.refuse(422, "; ".join(faults)[:300])
        key = request.headers["idempotency-key"]
        if key in self.keys:
            body, answer = self.keys[key]
            return answer if body == request.body else self.refuse(409, "invalid_idempotent_request")
        if any("poison@" in message["to"][0] for message in messages):
            return self.refuse(422, "invalid_parameter")
        return None

    def take(self, request: Request, word: str) -> Reply:
        messages = orjson.loads(request.body)
        kind, _, rest = word.partition(":")
        wrong = dict(pair.split("=") for pair in rest.split("+")) if kind == "partial" else {}
        data, errors = [], []
        for number, message in enumerate(messages):
            fault = "account" if kind == "account" else wrong.get(str(number), "")
            if "dead@" in message["to"][0]:
                fault = "to"
            if fault:
                errors.append({"index": number, "message": WORDS[fault]})
            else:
                data.append({"id": self.accept(message)})
        answer: dict[str, Any] = {"data": data, **({"errors": errors} if errors else {})}
        if kind == "short":
            data.pop()
        elif kind == "no-id":
            data[:] = [{}] * len(data)
        elif kind == "strange":
            answer["errors"] = [{"index": len(messages), "message": "?"}]
        reply = json_reply(200, answer)
        self.keys[request.headers["idempotency-key"]] = (request.body, reply)
        return reply

    def refuse(self, status: int, rest: str) -> Reply:
        words = {"validation_error": "The domain is not verified"}.get(rest, f"status {status}")
        name = rest if rest and not rest.isdigit() else NAMES.get(status, "unknown")
        headers = {"Retry_After": rest} if rest.isdigit() else {}
        if name == "rate_limit_exceeded" and not rest:
            headers = {"ratelimit_reset": "1"}
        return json_reply(status, {"statusCode": status, "name": name, "message": words}, **headers)


def faults_of_call(request: Request) -> list[str]:
    """What is wrong with the call itself."""
    faults = []
    if request.headers.get("content-type") != "application/json":
        faults.append("Content-Type is not application/json")
    if not 1 <= len(request.headers.get("idempotency-key", "")) <= 256:
        faults.append("Idempotency-Key")
    if request.headers.get("x-batch-validation") != "permissive":
        faults.append("x-batch-validation")
    return faults


def faults_of_message(message: dict[str, Any]) -> list[str]:
    """What is wrong with one message."""
    faults = [f"unknown field {key}" for key in message if key not in KNOWN]
    if not message.get("html") and not message.get("text"):
        faults.append("no body")
    if not isinstance(message.get("to"), list) or len(message["to"]) != 1:
        faults.append("to is not a list of one")
    for value in (message.get("from"), *message.get("to", []), message.get("reply_to", "a@b.example")):
        found = getaddresses([value or ""])
        if len(found) != 1 or not re.fullmatch(r"[!-~]+@[!-~]+", found[0][1]) or CONTROL.search(value):
            faults.append(f"{value!r} is not one address")
    if CONTROL.search(message.get("subject", "\x00")):
        faults.append("subject is not a safe text")
    for name, value in message.get("headers", {}).items():
        if name.lower() in SET_BY_RESEND or not re.fullmatch(r"[!-9;-~]+", name) or CONTROL.search(value):
            faults.append(f"header {name}")
    faults += [
        f"tag {tag}"
        for tag in message.get("tags", [])
        if set(tag) != {"name", "value"} or not all(map(TAG.fullmatch, tag.values()))
    ]
    if LEFT_OVER.search(json.dumps(message)):
        faults.append("a mark for a personal value was left in")
    return faults
