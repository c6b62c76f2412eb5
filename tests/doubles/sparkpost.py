"""A SparkPost on loopback: checks every call strictly, reads templates as it does, and misbehaves on request.

Words of its own beside those of `api`: STATUS:CODE:WORDS answers that error (spaces as _), `429:3` is Retry-After: 3;
`mixed:1+3` turns those people (from 0) down, in numbers alone; `nobody` turns down everybody; `odd` gives totals that
do not add up, `no-id` no id.

`poison@…` has its whole call refused with 422. GET /events/message finds what was accepted by address, a few a page.
"""

from __future__ import annotations

import html
import json
import re
from email.headerregistry import HeaderRegistry
from typing import Any

import orjson

from tests.doubles.api import Api, Reply, Request, json_reply

KNOWN = {"options", "content", "campaign_id", "recipients"}
KNOWN_CONTENT = {"from", "subject", "reply_to", "headers", "html", "text"}
KNOWN_RECIPIENT = {"address", "metadata", "substitution_data"}
SET_BY_SPARKPOST = {
    "from", "to", "cc", "bcc", "subject", "reply-to", "content-type", "content-transfer-encoding", "message-id", "date",
    "list-unsubscribe", "list-unsubscribe-post",
}  # fmt: skip
RESERVED = {
    "address",
    "email",
    "email_id",
    "env_from",
    "return_path",
    "and",
    "or",
    "not",
    "if",
    "end",
    "each",
    "do",
}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
EXPRESSION = re.compile(r"\{\{\{(.*?)\}\}\}|\{\{(.*?)\}\}")
PAGE = 2
CODES = {400: "1100", 401: "", 420: "2101", 422: "1400"}


class Sparkpost(Api):
    """What the server knows."""

    def judge(self, request: Request) -> Reply | None:
        if request.path != "/api/v1/transmissions":
            return error(404, "", "not found")
        if request.headers.get("authorization") != self.token:
            return error(401, "", "Unauthorized.")
        call = orjson.loads(request.body)
        faults = faults_of_call(call)
        if request.headers.get("content-type") != "application/json":
            faults.append("Content-Type is not application/json")
        self.violations += faults
        if faults:
            return error(422, "1400", "; ".join(faults)[:300])
        if any("poison@" in person["address"]["email"] for person in call["recipients"]):
            return error(422, "5002", "At least one valid recipient is required")
        return None

    def take(self, request: Request, word: str) -> Reply:
        call = orjson.loads(request.body)
        kind, _, rest = word.partition(":")
        people = call["recipients"]
        wrong = set(map(int, rest.split("+"))) if kind == "mixed" else set()
        wrong = set(range(len(people))) if kind == "nobody" else wrong
        identifier = str(11668787484950529 + self.requests)
        for number, person in enumerate(people):
            if number not in wrong:
                self.accept(
                    rendered(call, person, self.violations), f"{identifier}/{person['metadata']['reference']}"
                )
        results = {
            "total_rejected_recipients": len(wrong) + (1 if kind == "odd" else 0),
            "total_accepted_recipients": len(people) - len(wrong),
            **({} if kind == "no-id" else {"id": identifier}),
        }
        if not wrong:
            return json_reply(200, {"results": results})
        fault = {
            "message": "required field is missing",
            "description": "address.email is required",
            "code": "1400",
        }
        results["rcpt_to_errors"] = [fault] * len(wrong)
        note = {"message": "transmission created, but with validation errors", "code": "2000"}
        return json_reply(200, {"errors": [note], "results": results})

    def refuse(self, status: int, rest: str) -> Reply:
        if rest.isdigit() and status == 429:
            return json_reply(429, {"errors": [{"message": "Too many requests"}]}, Retry_After=rest)
        code, _, words = rest.partition(":")
        return error(status, code or CODES.get(status, ""), words.replace("_", " ") or "an error")

    def question(self, request: Request) -> Reply:
        if self.script:
            return self.refuse(int(self.script.pop(0)), "")
        if request.path != "/api/v1/events/message" or request.headers.get("authorization") != self.token:
            return error(401, "", "Unauthorized.")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", request.query["from"][0]):
            return error(400, "", "from")
        addresses = request.query["recipients"][0].split(",")
        hits = [
            {
                "type": "injection", "rcpt_to": record["message"]["to"][1], "transmission_id": record["id"].partition("/")[0],
                "rcpt_meta": {"reference": record["message"]["reference"]},
            }
            for record in self.accepted
            if record["message"]["to"][1] in addresses
        ]  # fmt: skip
        start = int(request.query.get("cursor", ["0"])[0])
        rest = (
            {"next": f"/api/v1/events/message?{again(request, start + PAGE)}"} if hits[start + PAGE :] else {}
        )
        return json_reply(
            200, {"results": hits[start : start + PAGE], "total_count": len(hits), "links": rest}
        )


def again(request: Request, cursor: int) -> str:
    """The same question from another place on."""
    kept = "&".join(f"{name}={values[0]}" for name, values in request.query.items() if name != "cursor")
    return f"{kept}&cursor={cursor}"


def error(status: int, code: str, words: str) -> Reply:
    """An error as SparkPost writes it."""
    return json_reply(status, {"errors": [{"message": words, **({"code": code} if code else {})}]})


def rendered(call: dict[str, Any], person: dict[str, Any], violations: list[str]) -> dict[str, Any]:
    """What one person gets: headers always go through the templates, bodies only where that is on."""
    content, values = call["content"], person.get("substitution_data", {})

    def fill(text: str, escaping: bool) -> str:
        def value(found: re.Match[str]) -> str:
            raw, key = found[1] is not None, (found[1] or found[2] or "").strip()
            if key not in values:
                violations.append(f"SparkPost would replace {found[0]!r} by nothing")
            text = str(values.get(key, ""))
            return text if raw or not escaping else html.escape(text)

        return EXPRESSION.sub(value, text)

    bodies = {name: content.get(name, "") for name in ("html", "text")}
    if call["options"]["perform_substitutions"]:
        bodies = {name: fill(text, name == "html") for name, text in bodies.items()}
    address = person["address"]
    reply_to = HeaderRegistry()("Reply-To", content.get("reply_to", "")).addresses
    return {
        **bodies,
        "subject": fill(content["subject"], False),
        "headers": {name: fill(value, False) for name, value in content["headers"].items()},
        "from": [fill(content["from"].get("name", ""), False), content["from"]["email"]],
        "reply_to": [reply_to[0].display_name, reply_to[0].addr_spec] if reply_to else ["", ""],
        "to": [fill(address.get("name", ""), False), address["email"]],
        "reference": person["metadata"]["reference"],
        "transactional": call["options"]["transactional"],
    }


def faults_of_call(call: dict[str, Any]) -> list[str]:
    """What is wrong with a call."""
    content = call["content"]
    faults = [f"unknown field {key}" for key in call if key not in KNOWN]
    faults += [f"unknown field {key} of content" for key in content if key not in KNOWN_CONTENT]
    if not content.get("html") and not content.get("text"):
        faults.append("no body")
    if len(call.get("campaign_id", "").encode()) > 64:
        faults.append("campaign_id")
    if (
        call["options"].get("open_tracking") is not False
        or call["options"].get("click_tracking") is not False
    ):
        faults.append("tracking is on")
    faults += faults_of_address(content["from"])
    if CONTROL.search(content["subject"]) or not content.get("reply_to", "").isascii():
        faults.append("subject or reply_to")
    for name, value in content["headers"].items():
        if name.lower() in SET_BY_SPARKPOST or not value.isascii() or CONTROL.search(value):
            faults.append(f"header {name}: {value!r}")
    if not call["recipients"]:
        faults.append("no recipients")
    for person in call["recipients"]:
        faults += [f"unknown field {key} of a recipient" for key in person if key not in KNOWN_RECIPIENT]
        faults += faults_of_address(person["address"])
        for key, value in person.get("substitution_data", {}).items():
            if (
                key in RESERVED
                or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)
                or not isinstance(value, str)
            ):
                faults.append(f"substitution_data {key}")
        if len(json.dumps(person.get("substitution_data", {}), ensure_ascii=False).encode()) > 100_000:
            faults.append("substitution_data is too large")
    return faults + (["a mark was left in"] if LEFT_OVER.search(json.dumps(call)) else [])


def faults_of_address(person: dict[str, str]) -> list[str]:
    """One address in ASCII, and a name without control characters."""
    good = set(person) <= {"email", "name"} and re.fullmatch(r"[!-~]+@[!-~]+", person.get("email", ""))
    return [] if good and not CONTROL.search(person.get("name", "")) else [f"{person} is no mailbox"]
