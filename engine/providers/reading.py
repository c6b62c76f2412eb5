"""Reading what a provider tells, once its proof is checked: still nothing is taken for granted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from engine.errors import WebhookRefused
from engine.model.heard import Post

LONGEST = 500
"""Characters kept of the other side's words."""

MILLISECONDS = 1e11
"""A number of seconds since 1970 never reaches this (the year 5138); one of milliseconds has since 1973."""

Entry = Mapping[str, Any]
"""One event as the provider wrote it."""


def entries(post: Post) -> list[Entry]:
    """The events of a call: a JSON array of objects, or a single object. 400 for anything else."""
    try:
        found = orjson.loads(post.body)
    except ValueError as error:
        raise unreadable("it is not JSON") from error
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(entry, dict) for entry in listed):
        raise unreadable("it is not an event, nor a list of events")
    return listed


def entry_of(post: Post) -> Entry:
    """The one event of a call. 400 for anything else."""
    found = entries(post)
    if len(found) != 1:
        raise unreadable("it is not one event")
    return found[0]


def unreadable(why: str) -> WebhookRefused:
    """The error for a proven call whose body cannot be read."""
    return WebhookRefused(f"the provider's news cannot be read: {why}", status=400)


def inside(entry: object, *path: str) -> Any:
    """What lies under nested keys; None where anything on the way is missing."""
    for key in path:
        entry = entry.get(key) if isinstance(entry, Mapping) else None
    return entry


def text(entry: object, *path: str) -> str:
    """A text under nested keys; numbers as text, everything else "". No NUL, at most 500 characters."""
    value = inside(entry, *path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "").strip()[:LONGEST]


def moment(value: object, now: datetime) -> datetime:
    """When something happened: ISO 8601, or seconds or milliseconds since 1970 as number or text.

    `now` where that cannot be read or lies in the future. A time without a zone is UTC.
    """
    found: datetime | None = None
    try:
        if isinstance(value, int | float):
            found = from_number(float(value))
        elif isinstance(value, str) and value.strip():
            found = from_text(value.strip())
    except (ValueError, OverflowError, OSError):
        found = None
    return found if found is not None and found <= now else now


def from_number(seconds: float) -> datetime:
    """A number of seconds or milliseconds since 1970."""
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= MILLISECONDS else seconds, UTC)


def from_text(value: str) -> datetime:
    """A number in a text, or ISO 8601."""
    try:
        return from_number(float(value))
    except ValueError:
        found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def identity(entry: object) -> str:
    """An identity for news that has none: the digest of its content, whatever the order of its keys."""
    return hashlib.blake2b(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
