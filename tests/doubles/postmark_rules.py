"""What Postmark accepts: our reading of its pages, stricter than its own OpenAPI document.

Source of the limits: postmarkapp.com/developer, "Batch emails" and "Metadata".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Any

MESSAGES, BYTES = 500, 50 * 1000 * 1000
KNOWN = {
    "From", "To", "Cc", "Bcc", "Subject", "Tag", "HtmlBody", "TextBody", "ReplyTo", "Metadata", "Headers",
    "TrackOpens", "TrackLinks", "Attachments", "MessageStream",
}  # fmt: skip
FORBIDDEN_HEADERS = {"from", "to", "cc", "bcc", "subject", "reply-to", "date", "content-type", "mime-version"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LEFT_OVER = re.compile(r"zq\d{4,}qz")
STREAM = re.compile(r"[a-z][a-z0-9-]{0,29}")
URI = re.compile(r"<[^\s<>]+>(?:, *<[^\s<>]+>)*")


def faults_of_request(headers: Mapping[str, str], body: bytes, token: str) -> list[str]:
    """What is wrong with the call itself."""
    faults = []
    if headers.get("x-postmark-server-token") != token:
        faults.append("token")
    if "application/json" not in headers.get("content-type", ""):
        faults.append("Content-Type is not application/json")
    if "application/json" not in headers.get("accept", ""):
        faults.append("Accept is not application/json")
    if len(body) > BYTES:
        faults.append(f"{len(body)} bytes")
    return faults


def faults_of_batch(messages: object) -> list[str]:
    """What is wrong with the array as a whole."""
    if not isinstance(messages, list):
        return ["the body is not an array"]
    if not 1 <= len(messages) <= MESSAGES:
        return [f"{len(messages)} messages"]
    return []


def faults_of_message(message: Mapping[str, Any]) -> list[str]:
    """What is wrong with one message."""
    faults = [f"unknown field {key}" for key in message if key not in KNOWN]
    faults += [f"{field} missing" for field in ("From", "To") if not message.get(field)]
    for field in ("From", "To", "ReplyTo"):
        if field in message:
            faults += faults_of_address(field, message[field])
    if not message.get("HtmlBody") and not message.get("TextBody"):
        faults.append("no body")
    if not isinstance(message.get("Subject"), str) or CONTROL.search(message["Subject"]):
        faults.append("Subject is not a safe text")
    if not STREAM.fullmatch(message.get("MessageStream", "outbound")):
        faults.append("MessageStream is not a stream's id")
    if message.get("TrackLinks", "None") not in ("None", "HtmlAndText", "HtmlOnly", "TextOnly"):
        faults.append("TrackLinks")
    if not isinstance(message.get("TrackOpens", False), bool):
        faults.append("TrackOpens")
    if LEFT_OVER.search(json.dumps(message)):
        faults.append("a mark for a personal value was left in")
    return faults + faults_of_metadata(message.get("Metadata", {})) + faults_of_headers(message)


def faults_of_address(field: str, value: object) -> list[str]:
    """One address, its part before the @ and its domain in ASCII, the name properly quoted."""
    if not isinstance(value, str) or CONTROL.search(value):
        return [f"{field} is not a safe text"]
    found = getaddresses([value])
    if len(found) != 1 or "@" not in found[0][1]:
        return [f"{field} is not one address: {value!r}"]
    try:
        Address(addr_spec=found[0][1])
    except ValueError as error:
        return [f"{field}: {error}"]
    return [] if found[0][1].isascii() else [f"{field} is not ASCII: {value!r}"]


def faults_of_metadata(metadata: object) -> list[str]:
    """At most ten texts of 80 characters under names of 20."""
    if not isinstance(metadata, dict) or len(metadata) > 10:
        return ["Metadata"]
    return [
        f"Metadata {key}"
        for key, value in metadata.items()
        if len(key) > 20 or not isinstance(value, str) or len(value) > 80
    ]


def faults_of_headers(message: Mapping[str, Any]) -> list[str]:
    """Names and values that would survive on the way, each header once, machine headers plain."""
    faults, seen = [], set()
    for header in message.get("Headers", []):
        name, value = header.get("Name", ""), header.get("Value", "")
        key = name.lower()
        if set(header) != {"Name", "Value"} or not re.fullmatch(r"[!-9;-~]+", name) or CONTROL.search(value):
            faults.append(f"header {name}")
        if key in FORBIDDEN_HEADERS or key in seen:
            faults.append(f"header {name} is not allowed, or twice")
        if key == "list-unsubscribe" and not (value.isascii() and URI.fullmatch(value)):
            faults.append("List-Unsubscribe is not a list of addresses in angle brackets")
        seen.add(key)
    return faults
