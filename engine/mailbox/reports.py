"""Reports of delivery (RFC 3464): what they say about each recipient, even where they break the rules."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.mailbox.addresses import of_field
from engine.mailbox.mime import FIELD, LINE, Mail, as_text

KINDS = ("message/delivery-status", "message/global-delivery-status", "text/delivery-status")
MOST_FIELDS = 2000
LONGEST = 4000
MOST_RECIPIENTS = 100
RECIPIENT = ("final-recipient", "original-recipient")
OF_A_RECIPIENT = frozenset(
    {*RECIPIENT, "action", "status", "diagnostic-code", "remote-mta", "x-actual-recipient"}
)
TYPE = re.compile(r"^\s*[\w.-]{1,40}\s*;\s*", re.DOTALL)
STATUS = re.compile(r"(?<![\d.])([245])\.([0-7])\.(\d{1,3})(?!\.?\d)")

Group = dict[str, str]


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient of a report. `action`: failed, delayed, delivered, relayed or expanded, else "".

    `diagnosis`: the receiving server's own words; `words`: everything that was said about it.
    `final`: the last address the mail was tried at.
    """

    address: str
    final: str
    action: str
    status: str
    words: str
    diagnosis: str


def reported(mail: Mail) -> list[Reported]:
    """Every recipient the mail's reports name, each once."""
    found: dict[tuple[str, str], Reported] = {}
    for part in mail.of_kind(*KINDS):
        for group in _recipients(part.text):
            one = _read(group)
            if one is not None:
                found.setdefault((one.address.lower(), one.action), one)
    return list(found.values())[:MOST_RECIPIENTS]


def has_report(mail: Mail) -> bool:
    """Whether the mail carries a report at all."""
    return bool(mail.of_kind(*KINDS))


def _recipients(text: str) -> Iterator[Group]:
    """The groups of fields that are about a recipient."""
    current: Group = {}
    for group in _groups(text):
        about = OF_A_RECIPIENT & group.keys()
        if not about:
            continue
        if current and not any(name in group for name in RECIPIENT) and not (about & current.keys()):
            # An empty line in the middle of a recipient's fields.
            current.update(group)
            continue
        if any(name in current for name in RECIPIENT):
            yield current
        elif current:
            group = {**current, **group}
        current = group
    if any(name in current for name in RECIPIENT):
        yield current


def _groups(text: str) -> Iterator[Group]:
    """Runs of fields: ended by an empty line, or by a second recipient where that is missing."""
    group: Group = {}
    last = ""
    for line in LINE.split(_unwrapped(text))[:MOST_FIELDS]:
        if not line.strip():
            if group:
                yield group
            group, last = {}, ""
            continue
        if line[:1] in (" ", "\t") and last:
            group[last] = f"{group[last]} {line.strip()}"
            continue
        field = FIELD.match(line.strip())
        if field is None:
            if last:
                # A long diagnosis whose lines were not indented.
                group[last] = f"{group[last]} {line.strip()}"
            continue
        name = field[1].lower()
        if name in group and name in RECIPIENT:
            yield group
            group = {}
        last = name
        group.setdefault(name, field[2].strip())
    if group:
        yield group


def _unwrapped(text: str) -> str:
    """A report some gateway encoded once more, below headers of its own, as text."""
    if "content-transfer-encoding" not in text[:5000].lower():
        return text
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    if not re.search(r"content-transfer-encoding\s*:\s*base64", head, re.IGNORECASE):
        return text
    try:
        return f"{head}\n\n{as_text(binascii.a2b_base64(body.encode('ascii', 'replace')))}"
    except binascii.Error:
        return text


def _read(group: Group) -> Reported | None:
    original = of_field(group.get("original-recipient", ""))
    final = of_field(group.get("final-recipient", ""))
    actual = of_field(group.get("x-actual-recipient", ""))
    address = original or final or actual
    if not address:
        return None
    status = group.get("status", "")
    diagnosis = group.get("diagnostic-code", "")
    action = re.match(r"\s*([a-zA-Z]*)", group.get("action", ""))
    words = [
        TYPE.sub("", diagnosis, count=1),
        status,
        group.get("action", ""),
        group.get("x400-supplementary-info", ""),
        group.get("x-supplementary-info", ""),
        group.get("x-notes", ""),
    ]
    found = STATUS.search(status) or STATUS.search(diagnosis)
    return Reported(
        address,
        final or address,
        (action[1] if action else "").lower(),
        found[0] if found else "",
        " ".join(" ".join(words).split())[:LONGEST],
        " ".join(words[0].split())[:LONGEST],
    )
