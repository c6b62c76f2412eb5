"""Programs and people for tests, and reading back what a filler laid down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from engine.model.letter import Batch, Letter, Mailbox
from engine.providers.base import Wire
from engine.providers.form_wire import CONTENT_TYPE
from engine.providers.mailgun import MailgunMergeWire, assembled
from engine.providers.mime_wire import MimeWire
from engine.providers.postmark import PostmarkWire
from engine.providers.sendgrid import SendgridMergeWire
from engine.templating.environment import LetterEnvironment, make_environment
from engine.templating.filler.filler import Filler
from engine.templating.program import Program, Source
from tests.doubles import mailgun, sendgrid
from tests.doubles.api import Request

JSON, MIME, MERGED = PostmarkWire("broadcast"), MimeWire(), SendgridMergeWire()
FORM = MailgunMergeWire()
SYSTEM = {
    "to.address": "zoe@example.org",
    "to.name": "Zoë O'Hara",
    "reference": "a1-17",
    "message_id": "<a1-17@news.acme.example>",
}
UNSUBSCRIBE = "https://acme.example/u/k1abc17"
PERSONAL = ("customer", "offer.code", "unsubscribe_url")


def program(
    html: str | Source = "<p>Hello</p>",
    *,
    text: str | Source | None = None,
    subject: str = "Hello",
    preheader: str = "",
    headers: Sequence[tuple[str, str]] = (),
    personal: Sequence[str] = PERSONAL,
    constants: Mapping[str, object] | None = None,
) -> Program:
    """A program of stage-2 sources; the text part says the same as the page unless it is given."""
    page = html if isinstance(html, Source) else Source(html, constants or {}, True)
    part = Source(page.text, page.constants, True) if text is None else text
    return Program(
        campaign="monthly-digest",
        sender=Mailbox("Priya at Acme", "priya@news.acme.example"),
        reply_to=Mailbox("", "priya@acme.example"),
        subject=Source(subject, constants or {}, False),
        preheader=Source(preheader, constants or {}, False),
        html=page,
        text=part if isinstance(part, Source) else Source(part, constants or {}, False),
        headers=tuple((name, Source(value, constants or {}, False)) for name, value in headers),
        text_from_html=text is None,
        message_id_domain="news.acme.example",
        date="Tue, 05 Jan 2027 09:30:00 +0000",
        personal=tuple(personal),
    )


def filler(made: Program, wire: Wire = JSON, environment: LetterEnvironment | None = None) -> Filler:
    """A filler for it."""
    return Filler(made, wire, environment or make_environment(None))


def person(made: Filler, **values: Any) -> list[Any]:
    """The values in the filler's order; dots are written as two underscores, an unknown name has no value."""
    named = {
        "unsubscribe_url": UNSUBSCRIBE,
        **{name.replace("__", "."): item for name, item in values.items()},
    }
    return [named.get(name, SYSTEM.get(name)) for name in made.inputs]


def from_context(made: Filler, context: Mapping[str, Any]) -> list[Any]:
    """The values in the filler's order, looked up in what plain rendering would be given."""
    return [SYSTEM[name] if name in SYSTEM else look_up(context, name) for name in made.inputs]


def look_up(context: Any, name: str) -> Any:
    """The value at a dotted path; None where there is none."""
    value = context
    for step in name.split("."):
        try:
            value = value[int(step)] if isinstance(value, (list, tuple)) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def sent(made: Filler, slots: Sequence[Any]) -> Letter:
    """The letter as its reader's program reads it from the bytes that `append` laid down."""
    batch = Batch()
    made.append(batch, slots, key="k")
    assert batch.keys == ["k"]
    assert batch.references == [SYSTEM["reference"]]
    assert batch.recipients == [SYSTEM["to.address"]]
    assert batch.senders == [made.program.sender.address]
    if isinstance(made.wire, MailgunMergeWire):
        return read_form(assembled(batch), made)
    if batch.frame.merged:
        return read_merged(batch.joined(), made)
    (message,) = batch.messages()
    return read_json(message, made) if isinstance(made.wire, PostmarkWire) else read_mime(message, made)


def read_json(message: bytes, made: Filler) -> Letter:
    """A letter from Postmark's JSON; its sender and addressee as the program knows them."""
    read = json.loads(message)
    headers = {item["Name"]: item["Value"] for item in read["Headers"]}
    return Letter(
        sender=made.program.sender,
        reply_to=made.program.reply_to,
        to=Mailbox(*mailbox(read["To"])),
        subject=read["Subject"],
        html=read.get("HtmlBody", ""),
        text=read.get("TextBody", ""),
        message_id=headers.pop("Message-ID"),
        date=made.program.date,
        reference=read["Metadata"]["reference"],
        campaign=read["Tag"],
        headers=tuple((name, headers[name]) for name, _ in made.program.headers),
    )


def read_merged(body: bytes, made: Filler) -> Letter:
    """The one letter of a merged call, its substitutions filled in."""
    call = json.loads(body)
    assert sendgrid.faults_of_call(call) == []
    (read,) = sendgrid.expanded(call)
    headers = dict(read["headers"])
    return Letter(
        sender=Mailbox(read["from"]["name"], read["from"]["email"]),
        reply_to=Mailbox("", read["reply_to"]["email"]),
        to=Mailbox(read["to"]["name"], read["to"]["email"]),
        subject=read["subject"],
        html=read["html"],
        text=read["text"],
        message_id=headers.pop("Message-ID"),
        date=made.program.date,
        reference=read["reference"],
        campaign=read["categories"][0],
        headers=tuple(headers.items()),
    )


def read_form(body: bytes, made: Filler) -> Letter:
    """The one letter of Mailgun's merged form, its variables filled in."""
    fields = mailgun.fields_of(Request("POST", "", {}, {"content-type": CONTENT_TYPE}, body))
    assert mailgun.faults_of(fields) == []
    (read,) = mailgun.expanded(fields)
    headers = {name: decoded(value) for name, value in read["headers"].items()}
    headers.pop("Reply-To")
    return Letter(
        sender=made.program.sender,
        reply_to=made.program.reply_to,
        to=Mailbox(*(decoded(part) for part in parseaddr(read["to"]))),
        subject=read["subject"],
        html=read["html"],
        text=read["text"],
        message_id=headers.pop("Message-Id"),
        date=made.program.date,
        reference=read["reference"],
        campaign=read["o:tag"],
        headers=tuple(headers.items()),
    )


def decoded(value: str) -> str:
    """A header's value, its encoded words read."""
    return str(make_header(decode_header(value)))


def read_mime(message: bytes, made: Filler) -> Letter:
    """A letter from its MIME form."""
    assert all(len(line) <= 998 for line in message.split(b"\r\n"))
    read = message_from_bytes(message, policy=policy.default)
    assert isinstance(read, EmailMessage)
    bodies = {
        part.get_content_subtype(): part for part in read.walk() if part.get_content_maintype() == "text"
    }
    return Letter(
        sender=made.program.sender,
        reply_to=made.program.reply_to,
        to=Mailbox(*mailbox(str(read["To"]))),
        subject=str(read["Subject"]),
        html=body(bodies.get("html")),
        text=body(bodies.get("plain")),
        message_id=str(read["Message-ID"]),
        date=made.program.date,
        reference=str(read["X-Touchbase-Reference"]),
        campaign=made.program.campaign,
        headers=tuple((name, str(read[name])) for name, _ in made.program.headers),
    )


def body(part: Any) -> str:
    """A body's text with line feeds."""
    return "" if part is None else part.get_payload(decode=True).decode().replace("\r\n", "\n")


def mailbox(text: str) -> tuple[str, str]:
    """Name and address of a written mailbox."""
    name, _, address = text.rpartition(" ")
    return name.strip('" ').replace('\\"', '"').replace("\\\\", "\\"), address.strip("<>")
