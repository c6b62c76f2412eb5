"""Letters for the tests of providers: made, batched, and read back by Python's own email parser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser, Parser
from email.utils import parseaddr

from engine.model.letter import Batch, Letter, Mailbox
from engine.providers.base import Provider, Wire
from engine.providers.mailboxes import mailbox_value

UNSUBSCRIBE = (
    "<https://letters.acme.example/u/" + "k" * 120 + ">, <mailto:leave@acme.example?subject=unsubscribe>"
)
HEADERS = (
    ("List-Unsubscribe", UNSUBSCRIBE),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ("List-ID", "Monthly reading list <monthly.news.acme.example>"),
    ("Feedback-ID", "monthly:acme:marketing:touchbase"),
)
LETTER = Letter(
    sender=Mailbox("Priya at Acme", "priya@news.acme.example"),
    reply_to=Mailbox("", "priya@acme.example"),
    to=Mailbox("Anna Ångström", "anna@customers.example"),
    subject="Anna, 3 reads on bread — and a gift",
    html="<!doctype html><p>Grüße aus London, <b>Anna</b> &amp; friends.</p>\n<p>.hidden dot</p>\n",
    text="Grüße aus London, Anna & friends.\n.hidden dot\nFrom here on, all good.\n",
    message_id="<delivery-1@news.acme.example>",
    date="Mon, 23 Nov 2026 10:00:00 +0000",
    reference="delivery-1",
    campaign="monthly-digest",
    headers=HEADERS,
)


def letter(number: int = 1, **changes: object) -> Letter:
    """A letter of its own for each number."""
    basis = replace(
        LETTER,
        to=Mailbox(f"Reader {number}", f"reader{number}@customers.example"),
        message_id=f"<delivery-{number}@news.acme.example>",
        reference=f"delivery-{number}",
    )
    return replace(basis, **changes)  # type: ignore[arg-type]


def to(address: str, number: int = 1) -> Letter:
    """A letter to that address."""
    return letter(number, to=Mailbox("", address))


def batch_of(provider: Provider, letters: Sequence[Letter]) -> Batch:
    """The letters encoded one by one, as a flow does it without a template."""
    batch = Batch()
    for each in letters:
        batch.frame = provider.wire.frame(each)
        batch.parts.append(provider.wire.encode(each))
        batch.ends.append(len(batch.parts))
        batch.references.append(each.reference)
        batch.keys.append(f"key-{each.reference}")
        batch.recipients.append(each.to.address)
        batch.senders.append(each.sender.address)
    return batch


@dataclass(frozen=True)
class Reader:
    """Somebody who gets a letter with marks in it, and what each mark stands for."""

    to: Mailbox
    reference: str
    subject: str
    html: str
    text: str

    def values(self) -> dict[str, tuple[str, str]]:
        """Place and value by mark."""
        return {
            "zq0001qzc0ffeeqz": ("To", mailbox_value(self.to)),
            "zq0002qzc0ffeeqz": ("Subject", self.subject),
            "zq0003qzc0ffeeqz": ("html", self.html),
            "zq0004qzc0ffeeqz": ("text", self.text),
            "zq0005qzc0ffeeqz": ("List-Unsubscribe", f"<https://letters.acme.example/u/{self.reference}>"),
            "zq0006qzc0ffeeqz": ("Message-ID", f"<{self.reference}@news.acme.example>"),
            "zq0007qzc0ffeeqz": ("reference", self.reference),
        }


def marked(**changes: object) -> Letter:
    """A letter whose personal places hold marks; see Reader."""
    basis = replace(
        LETTER,
        to=Mailbox("", "zq0001qzc0ffeeqz"),
        subject="zq0002qzc0ffeeqz",
        html='<p title="zq0003qzc0ffeeqz">Dear zq0003qzc0ffeeqz, 100% &amp; more</p>',
        text="Dear zq0004qzc0ffeeqz\n-- \n100% us",
        message_id="zq0006qzc0ffeeqz",
        reference="zq0007qzc0ffeeqz",
        headers=(("List-Unsubscribe", "zq0005qzc0ffeeqz"), *HEADERS[1:]),
    )
    return replace(basis, **changes)  # type: ignore[arg-type]


MAY_BE_REPLACED = frozenset({"Message-ID", "List-Unsubscribe"})
"""What some providers write themselves, so that its mark has no place in their formats."""


def filled_batch(wire: Wire, basis: Letter, readers: Sequence[Reader]) -> Batch:
    """The marked letter for each reader, as a generated filler makes it; merged where the wire merges."""
    batch = Batch(frame=wire.frame(basis))
    encoded = wire.encode(basis)
    for reader in readers:
        present = {
            mark: wire.escape(*value)
            for mark, value in reader.values().items()
            if mark.encode() in encoded or not (batch.frame.merged or value[0] in MAY_BE_REPLACED)
        }
        batch.parts.append(fill(encoded, present))
        batch.ends.append(len(batch.parts))
        batch.references.append(reader.reference)
        batch.keys.append(f"key-{reader.reference}")
        batch.recipients.append(reader.to.address)
        batch.senders.append(basis.sender.address)
    return batch


def reader(number: int = 1, **changes: object) -> Reader:
    """A reader of their own for each number."""
    basis = Reader(
        Mailbox(f"Reader {number}", f"reader{number}@customers.example"),
        f"delivery-{number}",
        f"Reader {number}, 3 reads on bread — and a gift",
        f"Reader {number}",
        f"Reader {number}",
    )
    return replace(basis, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Received:
    """What came out at the other end, decoded. `to`, `sender`, `reply_to` as (name, address)."""

    sender: tuple[str, str]
    reply_to: tuple[str, str]
    to: tuple[str, str]
    subject: str
    html: str
    text: str
    headers: dict[str, str]
    reference: str


def parsed(raw: bytes) -> EmailMessage:
    """A message as Python reads it; every defect is a failure. Headers in UTF-8 (RFC 6532) are read as such."""
    if raw.isascii():
        message = BytesParser(policy=policy.default).parsebytes(raw)
    else:
        message = Parser(policy=policy.default).parsestr(raw.decode())
    assert isinstance(message, EmailMessage)
    defects = [defect for part in message.walk() for defect in part.defects]
    assert defects == [], defects
    return message


def read_message(raw: bytes) -> Received:
    """A MIME message as received."""
    message = parsed(raw)
    return Received(
        sender=one_address(message, "From"),
        reply_to=one_address(message, "Reply-To"),
        to=one_address(message, "To"),
        subject=str(message["Subject"]),
        html=content(message, "html"),
        text=content(message, "plain"),
        headers={name.lower(): str(value) for name, value in message.items()},
        reference=str(message["X-Touchbase-Reference"] or ""),
    )


def one_address(message: EmailMessage, header: str) -> tuple[str, str]:
    """The single mailbox of a header, ("", "") where there is none.

    Read by the older of Python's two parsers: the newer puts a space between the encoded words of a name.
    """
    raw = next((value for name, value in message.raw_items() if name == header), "")
    name, address = parseaddr(raw.replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def content(message: EmailMessage, subtype: str) -> str:
    """One body with plain line ends; "" where there is none."""
    for part in message.walk():
        if part.get_content_type() == f"text/{subtype}":
            return unix(part.get_content())
    return ""


def unix(text: str) -> str:
    """The text with plain line ends."""
    return text.replace("\r\n", "\n")


def fill(encoded: bytes, values: dict[str, bytes]) -> bytes:
    """The encoded letter with each token replaced, as the generated filler does it."""
    for token, value in values.items():
        assert token.encode() in encoded, f"{token} was not left whole"
        encoded = encoded.replace(token.encode(), value)
    return encoded


def long_lines(raw: bytes, limit: int) -> list[bytes]:
    """The lines that are longer than the limit, their ends not counted."""
    return [line for line in raw.split(b"\r\n") if len(line) > limit]
