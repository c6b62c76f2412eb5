"""A Mailjet on loopback: checks every call strictly, answers letter by letter, and misbehaves on request.

Words of its own beside those of `api`: STATUS:CODE answers that global error, `429:3` is Retry-After: 3;
`partial:1=mj-0013+2=send-0008` refuses those letters (from 0) and answers the highest of their statuses;
`account` refuses every one with send-0008; `short` leaves out the last result, `no-id` all ids, `crossed` gives
results the CustomID of another letter, `vague` answers a Status that nobody knows, `broken` an error of 500 for each.

`dead@…` is always refused with mj-0013. A GET of /v3/REST/message finds by CustomID.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

LETTERS = 50
KNOWN = {
    "From", "To", "ReplyTo", "Subject", "TextPart", "HTMLPart", "TrackOpens", "TrackClicks", "TemplateLanguage",
    "CustomID", "CustomCampaign", "Headers",
}  # fmt: skip
FORBIDDEN = {
    "from", "sender", "subject", "to", "cc", "bcc", "return-path", "delivered-to", "dkim-signature",
    "domainkey-status", "received-spf", "authentication-results", "received", "user-agent", "x-mailer",
    "x-feedback-id", "list-id", "date", "x-csa-complaints", "message-id", "reply-to",
}  # fmt: skip
REPLACED = {"list-unsubscribe", "list-unsubscribe-post"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
CODES = {400: "mj-0002", 401: "mj-0015", 413: "mj-0011"}
RELATED = {"mj-0013": "To[0].Email", "send-0008": "From", "mj-0006": "Subject"}
SECRET = "a-secret"


class Mailjet(Api):
    """What the server knows."""

    def judge(self, request: Request) -> Reply | None:
        if request.path != "/v3.1/send":
            return self.refuse(404, "")
        if not self.knows(request):
            return self.refuse(401, "")
        call = orjson.loads(request.body)
        faults = [] if set(call) == {"Messages"} else ["not a list of Messages alone"]
        if not 1 <= len(call["Messages"]) <= LETTERS:
            faults.append("not 1 to 50 messages")
        for message in call["Messages"]:
            faults += faults_of_message(message)
        if request.headers.get("content-type") != "application/json":
            faults.append("Content-Type is not application/json")
        self.violations += faults
        return error(400, "mj-0003", "; ".join(faults)[:300]) if faults else None

    def knows(self, request: Request) -> bool:
        """Whether the call carries the key and its secret."""
        login = base64.b64encode(f"{self.token}:{SECRET}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {login}"

    def take(self, request: Request, word: str) -> Reply:
        messages = orjson.loads(request.body)["Messages"]
        kind, _, rest = word.partition(":")
        wrong = dict(pair.split("=") for pair in rest.split("+")) if kind == "partial" else {}
        status, found = 200, []
        for number, message in enumerate(messages):
            code = "send-0008" if kind == "account" else wrong.get(str(number), "")
            if "dead@" in message["To"][0]["Email"]:
                code = "mj-0013"
            if kind == "broken":
                found.append(refused("mj-0500", 500))
            elif code:
                found.append(refused(code, 403 if code.startswith("send") else 400))
                status = max(status, 403 if code.startswith("send") else 400)
            else:
                found.append(self.taken(message, kind))
        return json_reply(status, {"Messages": found[:-1] if kind == "short" else found})

    def taken(self, message: dict[str, Any], kind: str) -> dict[str, Any]:
        """Accept a message; its result."""
        number = 70650219165027000 + len(self.accepted)
        self.accept(message, str(number))
        person = {"Email": message["To"][0]["Email"], "MessageUUID": "u", "MessageID": number}
        return {
            "Status": "later" if kind == "vague" else "success",
            "CustomID": "another" if kind == "crossed" else message["CustomID"],
            "To": [{} if kind == "no-id" else person],
            "Cc": [],
            "Bcc": [],
        }

    def refuse(self, status: int, rest: str) -> Reply:
        if rest.isdigit():
            return Reply(status, b"Rate limit exceeded", "text/html", {"Retry-After": rest})
        return error(status, rest or CODES.get(status, ""), "an error")

    def question(self, request: Request) -> Reply:
        if request.path != "/v3/REST/message" or not self.knows(request):
            return self.refuse(401, "")
        if self.script:
            return self.refuse(int(self.script.pop(0)), "")
        (wanted,) = request.query["CustomID"]
        data = [
            {"ID": int(record["id"]), "CustomID": record["message"]["CustomID"], "Status": "sent"}
            for record in self.accepted
            if record["message"]["CustomID"] == wanted
        ]
        return json_reply(200, {"Count": len(data), "Data": data, "Total": len(data)})


def error(status: int, code: str, words: str) -> Reply:
    """A global error: nothing was sent."""
    if not code:
        return Reply(status, b"", "text/html")
    return json_reply(
        status, {"ErrorIdentifier": "x", "ErrorCode": code, "StatusCode": status, "ErrorMessage": words}
    )


def refused(code: str, status: int) -> dict[str, Any]:
    """The result of a message that was not taken."""
    related = [RELATED.get(code, "TextPart")]
    fault = {"ErrorIdentifier": "x", "ErrorCode": code, "StatusCode": status, "ErrorMessage": "an error"}
    return {"Status": "error", "Errors": [{**fault, "ErrorRelatedTo": related}]}


def faults_of_message(message: dict[str, Any]) -> list[str]:
    """What is wrong with one message."""
    faults = [f"unknown property {key}" for key in message if key not in KNOWN]
    if not message.get("HTMLPart") and not message.get("TextPart"):
        faults.append("no body")
    if not message.get("HTMLPart") and ({"TrackOpens", "TrackClicks"} & set(message)):
        faults.append("tracking without HTML")
    if message.get("TemplateLanguage") is not False:
        faults.append("braces would be read as a template")
    if CONTROL.search(message.get("Subject", "\0")) or len(message["Subject"]) > 255:
        faults.append("Subject")
    if len(message.get("To", [])) != 1:
        faults.append("not one recipient")
    for person in (
        message.get("From", {}),
        *message.get("To", []),
        message.get("ReplyTo", {"Email": "a@b.example"}),
    ):
        good = set(person) <= {"Email", "Name"} and re.fullmatch(r"[!-~]+@[!-~]+", person.get("Email", ""))
        if not good or CONTROL.search(person.get("Name", "")):
            faults.append(f"{person} is no mailbox")
    for name, value in message.get("Headers", {}).items():
        key = name.lower()
        if key in FORBIDDEN or key in REPLACED or key.startswith(("x-mj-", "x-mailjet-")):
            faults.append(f"header {name}")
        if not value.isascii() or CONTROL.search(value):
            faults.append(f"header {name}: {value!r}")
    return faults + (["a mark was left in"] if LEFT_OVER.search(json.dumps(message)) else [])
