"""Letters as multipart forms (RFC 7578): bodies stand as they are, headers in plain ASCII on one line."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from engine.errors import LetterError
from engine.model.letter import Mailbox
from engine.providers.headers import header_value, unfolded
from engine.providers.json_wire import header_text, inside_string
from engine.providers.mailboxes import MAILBOX_HEADERS, header_mailbox, is_simple, is_token, read_mailbox

BODIES = frozenset({"html", "text"})
LINE = b"\r\n"


BOUNDARY = secrets.token_hex(16).encode()
"""Drawn anew for every process: no text can know it, so none can hold it. A letter and its call share it."""

CLOSING = b"--" + BOUNDARY + b"--" + LINE
CONTENT_TYPE = "multipart/form-data; boundary=" + BOUNDARY.decode()


def field(name: str, value: bytes) -> bytes:
    """One field, whole."""
    return opened(name) + value + LINE


def opened(name: str) -> bytes:
    """A field up to its value."""
    head = b"--" + BOUNDARY + LINE + b'Content-Disposition: form-data; name="' + name.encode() + b'"'
    return head + LINE + LINE


def fields(named: Iterable[tuple[str, bytes]]) -> bytes:
    """Fields one after another."""
    return b"".join(field(name, value) for name, value in named)


def raw_text(value: str) -> bytes:
    """A body as it is; LetterError for half characters, which UTF-8 cannot hold."""
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise LetterError(
            "the letter holds half a character (a lone surrogate)", reason="template_error"
        ) from error


def one_line(name: str, value: str) -> bytes:
    """A header's value in ASCII, encoded where it must be, on one line whatever its length."""
    return unfolded(header_value(name, value)).encode()


def mailbox_line(place: str, mailbox: Mailbox) -> bytes:
    """A mailbox on one line, or the token that stands for one."""
    if is_token(mailbox):
        return mailbox.address.encode()
    return unfolded(header_mailbox(place, mailbox)).encode()


def form_value(place: str, value: str) -> bytes:
    """One value where its token stood; see Wire.escape."""
    if place in BODIES:
        return raw_text(value)
    if place == "Subject":
        return header_text(place, value).encode()
    if place.lower() in MAILBOX_HEADERS:
        return value.encode() if is_simple(value) else mailbox_line(place, read_mailbox(value))
    return one_line(place, value)


def json_of_form(place: str, value: str) -> bytes:
    """The same inside a JSON string."""
    return inside_string(form_value(place, value).decode())
