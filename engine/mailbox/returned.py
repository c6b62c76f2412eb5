"""Which letter a mail is about: our id in the letter it returns, or in what it answers."""

from __future__ import annotations

import re

from engine.mailbox.mime import Mail
from engine.mailbox.prose import returned_text

OURS = r"([0-9a-f]{8}-[0-9]{1,18})"
REFERENCE_FIELD = re.compile(rf"^[ \t>|*]*x-touchbase-reference\s*:\s*{OURS}\b", re.IGNORECASE | re.MULTILINE)
MESSAGE_ID = re.compile(rf"<{OURS}@[^<>\s]{{1,255}}>", re.IGNORECASE)
"""The forms in which a letter carries our id: see engine.flows.compose.persons and engine.providers.mime_wire."""

ANSWERING = ("in-reply-to", "references", "original-message-id", "x-failed-message-id")
LONGEST = 200_000


def reference(mail: Mail, install: str) -> str:
    """Our id of the letter the mail is about; another database's where its own header says so; else "".

    `install`: what our ids begin with. Other programs' Message-IDs may look like ours, so only ours count.
    """
    text = returned_text(mail)[:LONGEST]
    text += "\n".join(part.text for part in mail.parts if part.kind.startswith("message/"))[:LONGEST]
    said = [each.lower() for each in REFERENCE_FIELD.findall(text)]
    named = said + [each.lower() for each in MESSAGE_ID.findall(text)]
    for name in ANSWERING:
        for value in mail.headers.all(name):
            named += [each.lower() for each in MESSAGE_ID.findall(value[:LONGEST])]
    ours = [each for each in named if install and each.startswith(f"{install}-")]
    return next(iter([*ours, *said]), "")


def recipient_of_letter(mail: Mail) -> str:
    """The first To of the returned letter, for reports that name nobody themselves; "" without one."""
    from engine.mailbox.addresses import in_header

    found = re.search(r"^to\s*:\s*(.{1,400})", returned_text(mail)[:LONGEST], re.IGNORECASE | re.MULTILINE)
    return in_header(found[1]) if found else ""
