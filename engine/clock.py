"""The only room that asks the machine for the time; everyone else is handed a moment."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import UsageError

VARIABLE = "TOUCHBASE_NOW"


def now() -> datetime:
    """The present moment in UTC, or the one fixed by TOUCHBASE_NOW (ISO 8601; without a zone it is UTC)."""
    fixed = os.environ.get(VARIABLE, "").strip()
    if not fixed:
        return datetime.now(UTC)
    return read_moment(fixed, UTC_ZONE, source=VARIABLE)


def is_fixed() -> bool:
    """Whether TOUCHBASE_NOW says what time it is, for ever."""
    return bool(os.environ.get(VARIABLE, "").strip())


def wall() -> datetime:
    """The machine's own moment, also where TOUCHBASE_NOW fixes another: for how fast and how long, never for when."""
    return datetime.now(UTC)


UTC_ZONE = ZoneInfo("UTC")


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; ValueError says so when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"`{name}` is not a time zone; write one like Europe/London") from error


def read_moment(text: str, local: ZoneInfo, *, source: str = "the time") -> datetime:
    """An ISO 8601 date or moment as UTC; without an offset it is read in `local`."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(
            f"{source}: `{text}` is not a moment",
            help="write it like 2027-01-05T09:30 or 2027-01-05T09:30+00:00",
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=local)
    return moment.astimezone(UTC)
