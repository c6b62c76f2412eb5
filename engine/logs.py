"""Logs: one line an event on stderr, as JSON where no person watches; without addresses and secrets, whoever logs.

Rooms log as everywhere in Python: `logging.getLogger(__name__).info("run sent", extra={"run": 7, "letters": 120})`.
The message is the event, in a few words that stay the same; what differs goes into `extra`, under the names of FIELDS.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TextIO
from urllib.parse import urlsplit

FORMAT_VARIABLE = "TOUCHBASE_LOG_FORMAT"
LEVEL_VARIABLE = "TOUCHBASE_LOG_LEVEL"
FORMATS = ("json", "text")
LEVELS = ("debug", "info", "warning", "error")

FIELDS = (
    "run",
    "campaign",
    "occurrence",
    "job",
    "feed",
    "provider",
    "role",
    "state",
    "letters",
    "uncertain",
    "seconds",
    "status",
    "reason",
)
"""What an event may tell beside its name, in this order; nothing else of `extra` is written."""

SHORTEST_SECRET = 6
"""Characters. A shorter one cannot be told from an ordinary word, and is no secret."""

ADDRESS = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,}", re.UNICODE
)
CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
READER_LINK = re.compile(r"(?<=/)([upwoc])/[\w.~=-]{16,}")
"""The tokens in readers' links: whoever has one may act for its reader."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_secrets: set[str] = set()


def hide(secret: str) -> None:
    """Never writes this value from now on: called by whoever reveals a secret. Of an address only its password."""
    if "://" in secret:
        try:
            secret = urlsplit(secret).password or ""
        except ValueError:
            secret = ""
    if len(secret) >= SHORTEST_SECRET:
        _secrets.add(secret)


def without_secrets(text: str) -> str:
    """The text with every secret that was ever revealed as `***`, and readers' tokens and passwords in addresses."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return READER_LINK.sub(r"\1/***", CREDENTIALS.sub("***", text))


def scrubbed(text: str) -> str:
    """What may stand in a log: no secrets, addresses as a short digest that is the same each time."""
    return ADDRESS.sub(lambda found: digest(found[0]), without_secrets(text))


def digest(address: str) -> str:
    """A short name for an address that tells two apart and says neither."""
    plain = address.replace("%40", "@").strip().casefold()
    return f"<address {blake2b(plain.encode(), digest_size=4).hexdigest()}>"


class Lines(logging.Formatter):
    """One event as one line. `as_json`: an object with `at`, `level`, `event`, `room` and the event's own fields."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The line, without anything that must not stand in it."""
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": scrubbed(record.getMessage()),
            "room": record.name.removeprefix("engine."),
        }
        told |= fields_of(record)
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = f"{record.exc_info[0].__name__}: {scrubbed(str(record.exc_info[1]))}"
            told["traceback"] = scrubbed("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(told, ensure_ascii=False) if self.as_json else in_words(told)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What an event tells beside its name."""
    found = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
    return {
        name: value if isinstance(value, bool | int | float) else scrubbed(str(value))
        for name, value in found.items()
    }


def in_words(told: Mapping[str, object]) -> str:
    """The event as a person reads it; nothing in it moves the cursor or starts a line of its own."""
    rest = {
        key: value for key, value in told.items() if key not in ("at", "level", "event", "room", "traceback")
    }
    parts = [f"{key}={value}" for key, value in rest.items()]
    line = f"{str(told['at'])[:19]}Z {told['level']:<7} {told['event']}"
    if parts:
        line = f"{line} · {' '.join(parts)}"
    line = CONTROL.sub("�", line.replace("\r", " ").replace("\n", " "))
    return f"{line}\n{told['traceback']}".rstrip() if "traceback" in told else line


def set_up(
    level: str = "warning", *, stream: TextIO | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Sends every room's events, and other libraries' warnings, to stderr.

    Args:
        level: the least that is written, unless TOUCHBASE_LOG_LEVEL says otherwise.
        stream: somewhere else than stderr. JSON where it is no terminal, unless TOUCHBASE_LOG_FORMAT says otherwise.
    """
    variables = os.environ if environment is None else environment
    place = stream or sys.stderr
    written = variables.get(FORMAT_VARIABLE, "").lower()
    as_json = written == "json" if written in FORMATS else not place.isatty()
    wanted = variables.get(LEVEL_VARIABLE, "").lower()
    least = logging.getLevelNamesMapping()[(wanted if wanted in LEVELS else level).upper()]
    handler = logging.StreamHandler(place)
    handler.setFormatter(Lines(as_json=as_json))
    root = logging.getLogger()
    for before in [found for found in root.handlers if isinstance(found.formatter, Lines)]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(max(least, logging.WARNING))
    logging.getLogger("engine").setLevel(least)
