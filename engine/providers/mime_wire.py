"""Letters as RFC 5322 messages with MIME bodies: what SMTP servers and .eml files hold."""

from __future__ import annotations

from engine.errors import LetterError
from engine.model.letter import Frame, Letter, Mailbox
from engine.providers.headers import HEADER_NAME, header_value, unsafe
from engine.providers.mailboxes import MAILBOX_HEADERS, header_mailbox, is_simple, is_token, read_mailbox
from engine.providers.quoted_printable import encode_body, encode_value

BOUNDARY = b"=_touchbase_alternative"
"""Fixed, because quoted-printable never writes `=_`: no body holds it, and equal letters are equal bytes."""

WRITTEN_HERE = frozenset(
    {"from", "to", "reply-to", "cc", "bcc", "sender", "subject", "date", "message-id", "mime-version"}
    | {"content-type", "content-transfer-encoding", "x-touchbase-reference"}
)
BODIES = frozenset({"html", "text"})
REFERENCE = "X-Touchbase-Reference"
LINE = b"\r\n"


class MimeWire:
    """RFC 5322 with CRLF, ASCII only. `utf8_addresses` leaves non-ASCII local parts as UTF-8 (RFC 6532)."""

    def __init__(self, *, utf8_addresses: bool = False) -> None:
        self.utf8_addresses = utf8_addresses

    def frame(self, letter: Letter) -> Frame:
        """Messages stand alone."""
        return Frame()

    def encode(self, letter: Letter) -> bytes:
        """One whole message; tokens stay in one piece. LetterError says what cannot be written."""
        lines = [
            b"MIME-Version: 1.0",
            self.address_line("From", letter.sender),
            self.address_line("To", letter.to),
        ]
        if letter.reply_to is not None:
            lines.append(self.address_line("Reply-To", letter.reply_to))
        lines.append(header_line("Subject", letter.subject))
        lines.append(header_line("Date", letter.date))
        lines.append(header_line("Message-ID", letter.message_id))
        lines.extend(extra_lines(letter.headers))
        if letter.reference:
            lines.append(REFERENCE.encode() + b": " + header_value("reference", letter.reference))
        return LINE.join(lines) + LINE + body(letter)

    def address_line(self, name: str, mailbox: Mailbox) -> bytes:
        """`To: …` for a mailbox or for the token that stands for one."""
        if is_token(mailbox):
            return f"{name}: {mailbox.address}".encode()
        return name.encode() + b": " + header_mailbox(name, mailbox, utf8=self.utf8_addresses)

    def escape(self, place: str, value: str) -> bytes:
        """One value as it stands where its token stood; see Wire."""
        if place in BODIES:
            return encode_value(value)
        if place.lower() in MAILBOX_HEADERS:
            if is_simple(value):
                return value.encode()
            return header_mailbox(place, read_mailbox(value), utf8=self.utf8_addresses)
        return header_value(place, value)


def header_line(name: str, value: str) -> bytes:
    """`Name: value`, folded, without the line's end."""
    return name.encode() + b": " + header_value(name, value)


def extra_lines(headers: tuple[tuple[str, str], ...]) -> list[bytes]:
    """The letter's own headers; LetterError for names that are written elsewhere, twice, or not names."""
    seen: set[str] = set()
    lines: list[bytes] = []
    for name, value in headers:
        key = name.lower()
        if not HEADER_NAME.fullmatch(name):
            raise unsafe(f"`{name}` is not a header name")
        if key in WRITTEN_HERE or key in seen:
            raise unsafe(f"{name} would stand in the letter twice")
        seen.add(key)
        lines.append(header_line(name, value))
    return lines


def body(letter: Letter) -> bytes:
    """The rest of the message from its Content-Type on: both forms, or the one there is."""
    parts = [part for part in (("plain", letter.text), ("html", letter.html)) if part[1]]
    if not parts:
        raise LetterError("the letter has no body", reason="template_error")
    if len(parts) == 1:
        return part_bytes(*parts[0])
    opening = b'Content-Type: multipart/alternative; boundary="' + BOUNDARY + b'"' + LINE + LINE
    separator = b"--" + BOUNDARY + LINE
    inside = b"".join(separator + part_bytes(*part) + LINE for part in parts)
    return opening + inside + b"--" + BOUNDARY + b"--" + LINE


def part_bytes(subtype: str, text: str) -> bytes:
    """One body with its two headers."""
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + encode_body(text)
