"""What every JSON API shares: texts escaped straight to UTF-8 bytes, and header values as plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import orjson

from engine.errors import LetterError
from engine.model.letter import Frame, Letter, Mailbox
from engine.providers.base import TOKEN
from engine.providers.headers import ASCII_HEADERS, checked, is_easy, machine_value, unsafe, whole_token
from engine.providers.mailboxes import (
    MAILBOX_HEADERS,
    display_name,
    is_simple,
    is_token,
    read_mailbox,
    unicode_mailbox,
    wire_address,
)

ARRAY = Frame(b"[", b",", b"]")
"""Messages as the elements of a JSON array."""

CALL_HEADERS = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "touchbase"}
"""Of every call to a JSON API; what proves who we are comes on top."""

SIMPLE_MACHINE = re.compile(r"[ !#-\[\]-~]{1,400}")
SIMPLE_TEXT = re.compile(r"(?!.*zq)[ !#-\[\]-~\xa1-\xac\xae-\u024f]*")
"""Values that stand in a header of a JSON API as they are: safe, nothing to escape, and no token in a text."""


class JsonWire:
    """What the formats share: how values stand inside JSON. Addresses are one text, unless `mailbox` says more."""

    by_character = True

    def frame(self, letter: Letter) -> Frame:
        """An array of messages."""
        return ARRAY

    def escape(self, place: str, value: str) -> bytes:
        """One value where its token stood; see Wire."""
        if place in ("html", "text"):
            return inside_string(value)
        if place.lower() in MAILBOX_HEADERS:
            return self.mailbox(place, value)
        return inside_string(header_text(place, value))

    def escaper(self, place: str) -> Callable[[str], bytes]:
        """`escape` for one place; what nearly every header's value is made of needs only one look."""
        if type(self).escape is not JsonWire.escape:
            return partial(self.escape, place)
        kind = place.lower()
        if kind in ("html", "text"):
            return inside_string
        if kind in MAILBOX_HEADERS:
            return partial(self.mailbox, place)
        simple = (SIMPLE_MACHINE if kind in ASCII_HEADERS else SIMPLE_TEXT).fullmatch

        def escape(value: str) -> bytes:
            return value.encode() if simple(value) else inside_string(header_text(place, value))

        return escape

    def stands(self, place: str) -> Callable[[str], bool] | None:
        """See Wire: headers that machines read hold ASCII, others any text that people can see."""
        kind = place.lower()
        if type(self).escape is not JsonWire.escape or kind in MAILBOX_HEADERS:
            return None
        return machine_texts if kind in ASCII_HEADERS else header_texts

    def mailbox(self, place: str, value: str) -> bytes:
        """A mailbox in its text form, inside a JSON string."""
        if is_simple(value):
            return value.encode()
        return inside_string(unicode_mailbox(place, read_mailbox(value)))


class ObjectWire(JsonWire):
    """Formats whose addresses are objects. A token for one stands bare, without quotes around it.

    `address`, `name`: the object's keys.
    """

    address, name = "email", "name"

    def mailbox(self, place: str, value: str) -> bytes:
        """A mailbox as an object."""
        if is_simple(value):
            name, bracket, address = value.rpartition(" <")
            if bracket:
                return f'{{"{self.address}":"{address[:-1]}","{self.name}":"{name}"}}'.encode()
            return f'{{"{self.address}":"{value}"}}'.encode()
        return json_bytes(self.written(place, read_mailbox(value)))

    def mailbox_object(self, place: str, mailbox: Mailbox) -> object:
        """What stands for a mailbox in a message that `json_bytes` writes."""
        if is_token(mailbox):
            return orjson.Fragment(mailbox.address)
        return self.written(place, mailbox)

    def written(self, place: str, mailbox: Mailbox) -> dict[str, str]:
        """The object of a mailbox; LetterError for what no letter can go to."""
        name = display_name(place, mailbox.name)
        return {self.address: wire_address(place, mailbox.address)} | ({self.name: name} if name else {})


def unescaped(joined: str) -> bool:
    """Whether texts hold nothing that JSON escapes and nothing that a header must not carry."""
    return joined.isprintable() and '"' not in joined and "\\" not in joined


def header_texts(joined: str) -> bool:
    """Whether such texts stand in a header for people: no token is among them."""
    return unescaped(joined) and "zq" not in joined


def machine_texts(joined: str) -> bool:
    """Whether such texts stand in a header for machines: they are ASCII."""
    return joined.isascii() and unescaped(joined)


def address_text(place: str, mailbox: Mailbox) -> str:
    """A mailbox as one text, or the token that stands for one."""
    return mailbox.address if is_token(mailbox) else unicode_mailbox(place, mailbox)


def json_bytes(value: object) -> bytes:
    """A message as JSON; LetterError for half characters, which UTF-8 cannot hold."""
    try:
        return orjson.dumps(value)
    except TypeError as error:  # orjson's own errors are TypeErrors
        raise LetterError(
            "the letter holds half a character (a lone surrogate)", reason="template_error"
        ) from error


def inside_string(value: str) -> bytes:
    """A text as it stands between the quotes of a JSON string."""
    try:
        return orjson.dumps(value)[1:-1]
    except TypeError:
        return json_bytes(value)[1:-1]


def header_text(name: str, value: str) -> str:
    """A header's value for an API that encodes headers itself; machine headers must be ASCII already."""
    kind = name.lower()
    if is_easy(kind, value) or whole_token(value):
        return value
    value = checked(name, value)
    if kind in ASCII_HEADERS:
        machine_value(name, value)
    elif kind != "list-id" and TOKEN.search(value):
        raise LetterError(f"{name} mixes a personal value with fixed text", reason="template_error")
    return value


def distinct_names(headers: tuple[tuple[str, str], ...]) -> None:
    """LetterError where one header would stand in the letter twice."""
    names = [name.lower() for name, _ in headers]
    for name in names:
        if names.count(name) > 1:
            raise unsafe(f"{name} would stand in the letter twice")
