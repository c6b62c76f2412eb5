"""A Postmark on loopback: checks every call strictly, remembers what it accepted, and misbehaves on request.

    python -m tests.doubles.postmark --port 0 [--log FILE] [--script "ok,429:3,silence"]

prints its address on the first line. Besides the words of `api`, its script knows:

    delayed         accept; every result says "delivery may be delayed" and has no ErrorCode
    429:3, 422:406  turned down with Retry-After: 3, or with that ErrorCode
    partial:1=406+3=300      these messages (from 0) are refused in the answer, the others accepted
    prose:1         this one is accepted with "will not deliver to these inactive addresses"
    account         every message is refused with 400, sender signature not found
    short, no-id    accept, then leave out the last result, or every id

`inactive@…` is always answered 406, and one `poison@…` has its whole batch refused with 422.
"""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

import orjson

from tests.doubles.api import TOKEN, Api, Connection, Reply, Request, arguments, json_reply, running, serve
from tests.doubles.postmark_rules import faults_of_batch, faults_of_message, faults_of_request

__all__ = ["TOKEN", "Connection", "Postmark", "running"]

INACTIVE = "You tried to send to a recipient that has been marked as inactive."
PROSE = "Message OK, but will not deliver to these inactive addresses: {}. Inactive recipients are ones that…"


class Postmark(Api):
    """POST /email/batch and /email; GET /messages/outbound while `searchable` is true."""

    base = "https://api.postmarkapp.com"
    searchable = True

    def judge(self, request: Request) -> Reply | None:
        """Check the call strictly."""
        if request.path not in ("/email/batch", "/email"):
            return error(404, 404, "not found")
        faults = faults_of_request(request.headers, request.body, self.token)
        if "token" in faults:
            return error(401, 10, "Request does not contain a valid Server token.")
        messages = messages_of(request)
        faults += faults_of_batch(messages)
        for message in messages:
            faults += faults_of_message(message)
        faults += self.against_specification(request)
        if faults:
            self.violations += faults
            return error(422, 300, "; ".join(faults)[:500])
        poisoned = [message["To"] for message in messages if "poison@" in message["To"]]
        return error(422, 300, f"Invalid 'To' address: '{poisoned[0]}'.") if poisoned else None

    def take(self, request: Request, word: str) -> Reply:
        """One result per message."""
        results = self.results(messages_of(request), word)
        if word == "short":
            results = results[:-1]
        if word == "no-id":
            results = [{"ErrorCode": 0, "Message": "OK"}] * len(results)
        return json_reply(200, results if request.path == "/email/batch" else results[0])

    def results(self, messages: list[dict[str, Any]], word: str) -> list[dict[str, Any]]:
        """Accept what is to be accepted and say so, message by message."""
        kind, _, rest = word.partition(":")
        wrong = dict(pair.split("=") for pair in rest.split("+")) if kind == "partial" else {}
        results = []
        for number, message in enumerate(messages):
            code = int(wrong.get(str(number), 0))
            if kind == "account":
                code = 400
            elif "inactive@" in message["To"]:
                code = 406
            if code:
                results.append({"ErrorCode": code, "Message": prose_of(code, message)})
                continue
            identifier = self.accept(message)
            said = PROSE.format(message["To"]) if kind == "prose" and rest == str(number) else "OK"
            result = {"To": message["To"], "SubmittedAt": "2026-11-23T10:00:00Z", "MessageID": identifier}
            if kind == "delayed":
                results.append({**result, "Message": "Message accepted, but delivery may be delayed."})
            else:
                results.append({**result, "ErrorCode": 0, "Message": said})
        return results

    def question(self, request: Request) -> Reply:
        """Search by metadata, in one stream."""
        if request.headers.get("x-postmark-server-token") != self.token:
            return error(401, 10, "Request does not contain a valid Server token.")
        asked = {name: values[0] for name, values in request.query.items()}
        if request.path != "/messages/outbound" or not {"count", "offset"} <= asked.keys():
            return error(422, 600, "Parameters 'count' and 'offset' are required.")
        found = [
            {
                "MessageID": record["id"],
                "Recipients": [parseaddr(record["message"]["To"])[1]],
                "Metadata": record["message"]["Metadata"],
            }
            for record in self.accepted
            if self.searchable
            and record["message"]["Metadata"]["reference"] == asked.get("metadata_reference")
            and record["message"]["MessageStream"] == asked.get("messagestream", "outbound")
        ]
        return json_reply(200, {"TotalCount": len(found), "Messages": found})

    def refuse(self, status: int, rest: str) -> Reply:
        """Turn a call down."""
        if status == 429:
            wish = {"Retry_After": rest} if rest else {}
            return json_reply(429, {"ErrorCode": 429, "Message": "Rate limit exceeded"}, **wish)
        codes = {401: 10, 422: 300, 503: 100}
        return error(status, int(rest or codes.get(status, 0)), f"status {status}")


def messages_of(request: Request) -> list[dict[str, Any]]:
    """The messages of a call."""
    found = orjson.loads(request.body)
    return found if request.path == "/email/batch" else [found]


def error(status: int, code: int, message: str) -> Reply:
    """An error in Postmark's words."""
    return json_reply(status, {"ErrorCode": code, "Message": message})


def prose_of(code: int, message: dict[str, Any]) -> str:
    """Postmark's words for an ErrorCode."""
    return {
        300: f"Invalid 'To' address: '{message['To']}'.",
        400: f"The 'From' address you supplied ({message['From']}) is not a Sender Signature on your account.",
        406: f"{INACTIVE}\nFound inactive addresses: {message['To'].lower()}.",
    }.get(code, "An error")


def main() -> None:
    """See the top of this file."""
    serve(Postmark, arguments().parse_args())


if __name__ == "__main__":
    main()
