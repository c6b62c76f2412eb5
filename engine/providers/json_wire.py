"""What every JSON API shares: texts escaped straight to UTF-8 bytes, and header values as plain text."""

from __future__ import annotations

import orjson

from engine.errors import LetterError
from engine.model.letter import Frame
from engine.providers.base import TOKEN
from engine.providers.headers import ASCII_HEADERS, checked, is_easy, machine_value, unsafe, whole_token

ARRAY = Frame(b"[", b",", b"]")
"""Messages as the elements of a JSON array."""


def json_bytes(value: object) -> bytes:
    """A message as JSON; LetterError for half characters, which UTF-8 cannot hold."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise LetterError(
            "the letter holds half a character (a lone surrogate)", reason="template_error"
        ) from error


def inside_string(value: str) -> bytes:
    """A text as it stands between the quotes of a JSON string."""
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
