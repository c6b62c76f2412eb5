"""A letter's slots as bytes for the ledger, and back: JSON, with safe HTML marked."""

from __future__ import annotations

import json
from typing import Any

import orjson
from markupsafe import Markup

from engine.errors import StoreCorrupt

HTML = "h"
"""The one key of an object that stands for safe HTML."""


def pack(slots: tuple[Any, ...]) -> bytes:
    """The slots as JSON, a few hundred bytes."""
    try:
        # The first slot says whether any text among them is Markup, which JSON does not know.
        return orjson.dumps(slots) if not slots[0] else orjson.dumps(marked(slots))
    except TypeError:
        # Half characters have no UTF-8: they are kept as JSON's own escapes.
        return json.dumps(marked(slots), separators=(",", ":")).encode()


def unpack(stored: bytes | str) -> tuple[Any, ...]:
    """The slots that `pack` wrote; StoreCorrupt when they are not."""
    try:
        read = orjson.loads(stored)
    except orjson.JSONDecodeError:
        read = loads_surrogates(stored)
    if not isinstance(read, list) or not read:
        raise StoreCorrupt(
            "a delivery's stored values cannot be read", help="restore the database from a backup"
        )
    return tuple(real(item) for item in read)


def loads_surrogates(stored: bytes | str) -> object:
    """JSON that may hold half characters."""
    try:
        return json.loads(stored)
    except ValueError as error:
        raise StoreCorrupt(
            "a delivery's stored values cannot be read", help="restore the database from a backup"
        ) from error


def marked(value: Any) -> Any:
    """Slots with Markup made visible."""
    if isinstance(value, Markup):
        return {HTML: str(value)}
    if isinstance(value, tuple):
        return [marked(item) for item in value]
    return value


def real(value: Any) -> Any:
    """Slots as they were."""
    if isinstance(value, dict):
        return Markup(value[HTML])
    if isinstance(value, list):
        return tuple(real(item) for item in value)
    return value
