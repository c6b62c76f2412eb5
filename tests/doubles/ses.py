"""An Amazon SES on loopback: checks every signature and every call strictly, and misbehaves on request.

Words of its own beside those of `api`: STATUS:NAME:TEXT answers that error (`400:MessageRejected:text`, spaces as
_). For merged calls `each:1=FAILED+2=MESSAGE_REJECTED` gives those people (from 0) that status, `all:STATUS`
everybody, `short` leaves out the last result, `no-id` all ids. `dead@…` is always refused as an illegal address.

Limits: docs.aws.amazon.com/ses, API reference v2, SendEmail. Signature: docs.aws.amazon.com/IAM.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from email.headerregistry import HeaderRegistry
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from tests.doubles.amazon_model import Model
from tests.doubles.api import Api, Reply, Request, json_reply

ACCESS_KEY, SECRET_KEY, REGION = "AKIDEXAMPLE", "se/cret+key", "eu-west-1"
ONE, MANY = "/v2/email/outbound-emails", "/v2/email/outbound-bulk-emails"
OPERATIONS = {ONE: "SendEmail", MANY: "SendBulkEmail"}
EXPRESSION = re.compile(r"\{\{(.*?)\}\}")
SET_BY_SES = {
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "reply-to",
    "message-id",
    "date",
    "content-type",
    "mime-version",
}
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
NAMES = {400: "BadRequestException", 403: "InvalidSignatureException", 404: "NotFoundException"} | {
    429: "TooManyRequestsException", 500: "InternalFailure", 503: "ServiceUnavailable",
}  # fmt: skip


class Ses(Api):
    """What the server knows. `token` is the secret key."""

    def __init__(
        self, *, model: Path | None = None, token: str = SECRET_KEY, session: str = "", **options: Any
    ) -> None:
        super().__init__(token=token, **options)
        self.model = Model(model) if model else None
        self.session = session

    def judge(self, request: Request) -> Reply | None:
        if fault := wrong_signature(request, self.token, self.session):
            return error(403, "InvalidSignatureException", fault)
        if request.path not in OPERATIONS:
            return error(404, "NotFoundException", "no such operation")
        call = orjson.loads(request.body)
        faults = self.model.faults(OPERATIONS[request.path], call) if self.model else []
        if request.path == MANY:
            faults += faults_of_merged(call, request.body)
            letters = expanded(call, faults) if not faults else []
        else:
            letters = [call]
        for each in letters:
            faults += faults_of_call(each)
        if request.headers.get("content-type") != "application/json":
            faults.append("Content-Type is not application/json")
        self.violations += faults
        if faults:
            return error(400, "BadRequestException", "; ".join(faults)[:300])
        if request.path == ONE and "dead@" in call["Destination"]["ToAddresses"][0]:
            return error(400, "BadRequestException", "Illegal address")
        return None

    def take(self, request: Request, word: str) -> Reply:
        call = orjson.loads(request.body)
        if request.path == ONE:
            return json_reply(200, {"MessageId": self.accept(call)})
        kind, _, rest = word.partition(":")
        wrong = dict(pair.split("=") for pair in rest.split("+")) if kind == "each" else {}
        results = []
        for number, letter in enumerate(expanded(call, [])):
            status = rest if kind == "all" else wrong.get(str(number), "SUCCESS")
            if "dead@" in letter["Destination"]["ToAddresses"][0]:
                results.append({"Status": "INVALID_PARAMETER", "Error": "Illegal address"})
            elif status == "SUCCESS":
                identifier = self.accept(letter)
                results.append({"Status": status, **({} if kind == "no-id" else {"MessageId": identifier})})
            else:
                results.append({"Status": status, "Error": "an error"})
        return json_reply(200, {"BulkEmailEntryResults": results[:-1] if kind == "short" else results})

    def refuse(self, status: int, rest: str) -> Reply:
        if rest.isdigit():
            reply = error(status, NAMES[status], "Maximum sending rate exceeded.")
            return Reply(reply.status, reply.body, headers={**reply.headers, "Retry-After": rest})
        name, _, words = rest.partition(":")
        return error(status, name or NAMES.get(status, "UnknownError"), words.replace("_", " ") or "an error")


def faults_of_merged(call: dict[str, Any], body: bytes) -> list[str]:
    """What is wrong with a merged call as a whole."""
    faults = [] if 1 <= len(call["BulkEmailEntries"]) <= 50 else ["not 1 to 50 people"]
    if len(body) > 1_000_000:
        faults.append(f"{len(body)} bytes")
    for entry in call["BulkEmailEntries"]:
        values = json.loads(data_of(entry))
        if not all(isinstance(value, str) for value in values.values()) or len(data_of(entry)) > 262_144:
            faults.append("template data")
        if any("{{" in value for value in values.values()):
            faults.append("a value looks like a tag")
    return faults


def data_of(entry: dict[str, Any]) -> str:
    """The values of one person."""
    return entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]


def expanded(call: dict[str, Any], faults: list[str]) -> list[dict[str, Any]]:
    """The letter of each person, as if it had been sent whole: simple substitution, nothing escaped."""
    template, letters = call["DefaultContent"]["Template"], []
    for entry in call["BulkEmailEntries"]:
        values = json.loads(template["TemplateData"]) | json.loads(data_of(entry))

        def fill(text: str, values: dict[str, str] = values) -> str:
            faults.extend(
                f"SES would not read {found[0]!r} as it is meant"
                for found in EXPRESSION.finditer(text)
                if found[1] not in values or touches(text, found)
            )
            return EXPRESSION.sub(lambda found: values.get(found[1], ""), text)

        parts = {
            name: {"Data": fill(part), "Charset": "UTF-8"}
            for name, part in template["TemplateContent"].items()
        }
        headers = {
            header["Name"]: header for header in (*template["Headers"], *entry.get("ReplacementHeaders", []))
        }
        simple = {"Subject": parts.pop("Subject"), "Body": parts, "Headers": list(headers.values())}
        shared = {name: call[name] for name in ("FromEmailAddress", "ReplyToAddresses") if name in call}
        letters.append(
            {
                **shared, "Destination": entry["Destination"], "EmailTags": entry["ReplacementTags"],
                "Content": {"Simple": simple},
            }
        )  # fmt: skip
    return letters


def touches(text: str, found: re.Match[str]) -> bool:
    """Whether a brace or backslash beside a tag makes another one of it."""
    return text[: found.start()].endswith(("{", "\\")) or text[found.end() :].startswith("}")


def error(status: int, name: str, words: str) -> Reply:
    """An error as SES writes it: the name in a header, the words in the body."""
    return json_reply(status, {"message": words}, x_amzn_ErrorType=f"{name}:http://internal.amazon.com/")


def wrong_signature(request: Request, secret: str, session: str) -> str:
    """What is wrong with a call's signature; "" where nothing is."""
    pattern = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
    found = re.fullmatch(pattern, request.headers.get("authorization", ""))
    if found is None:
        return "no signature"
    access, day, region, service, names, claimed = found.groups()
    moment = request.headers.get("x-amz-date", "")
    if (access, region, service) != (ACCESS_KEY, REGION, "ses") or not moment.startswith(day):
        return "another scope"
    if abs((datetime.strptime(moment, "%Y%m%dT%H%M%S%z") - datetime.now(UTC)).total_seconds()) > 300:
        return "Signature expired"
    if request.headers.get("x-amz-security-token", "") != session:
        return "The security token included in the request is invalid"
    signed = names.split(";")
    if (
        "host" not in signed
        or "x-amz-date" not in signed
        or (session and "x-amz-security-token" not in signed)
    ):
        return "a header is not signed"
    lines = [
        request.method,
        quote(request.path, safe="/-_.~"),
        "",
        *(f"{name}:{request.headers[name]}" for name in signed),
        "",
        names,
    ]
    canonical = "\n".join([*lines, hashlib.sha256(request.body).hexdigest()])
    text = f"AWS4-HMAC-SHA256\n{moment}\n{day}/{region}/ses/aws4_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (day, region, "ses", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return "" if key.hex() == claimed else "The request signature we calculated does not match"


def faults_of_call(call: dict[str, Any]) -> list[str]:
    """What is wrong with a call, beyond what the model says."""
    faults = []
    simple = call["Content"]["Simple"]
    if not simple["Body"]:
        faults.append("no body")
    people = [
        call["FromEmailAddress"],
        *call["Destination"]["ToAddresses"],
        *call.get("ReplyToAddresses", []),
    ]
    faults += [fault for each in people for fault in faults_of_address(each)]
    for part in (simple["Subject"], *simple["Body"].values()):
        if not part["Data"].isascii() and part.get("Charset") != "UTF-8":
            faults.append("text outside ASCII without a Charset")
    return (
        faults
        + faults_of_headers(simple.get("Headers", []))
        + faults_of_tags(call.get("EmailTags", []))
        + (["a mark for a personal value was left in"] if LEFT_OVER.search(json.dumps(call)) else [])
    )


def faults_of_address(value: str) -> list[str]:
    """One address in ASCII, at most 320 characters with its name."""
    found = HeaderRegistry()("To", value).addresses
    good = value.isascii() and value.isprintable() and len(value) <= 320 and len(found) == 1
    return [] if good and found[0].domain else [f"{value!r} is not one address"]


def faults_of_headers(headers: list[dict[str, str]]) -> list[str]:
    """Fifteen at most, each once, none that SES writes."""
    names = [header["Name"].lower() for header in headers]
    faults = [f"header {name}" for name in names if name in SET_BY_SES or names.count(name) > 1]
    faults += [
        f"header {header['Name']}: {header['Value']!r}"
        for header in headers
        if not re.fullmatch(r"[ -~]{1,995}", header["Value"]) or len(header["Name"] + header["Value"]) > 996
    ]
    return faults + ([f"{len(headers)} headers"] if len(headers) > 15 else [])


def faults_of_tags(tags: list[dict[str, str]]) -> list[str]:
    """Names and values of letters, digits, - and _."""
    return [f"tag {tag}" for tag in tags if not all(map(TAG.fullmatch, tag.values()))]
