"""What becomes of an occurrence, or of one letter, that is looked at after its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.definitions.schema.wording import IfLate
    from engine.model.duration import Duration

GRACE = timedelta(hours=1)
"""Up to this long after its moment an occurrence is on time, whatever `if_late` says: a restart is no absence."""


@dataclass(frozen=True, slots=True)
class OnTime:
    """Not late, or by so little that it does not count."""


@dataclass(frozen=True, slots=True)
class Late:
    """Late, but still to be sent. `send`: until this moment."""

    send: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """Not to be sent any more. `reason`: a sentence for people."""

    reason: str


def lateness(if_late: IfLate | None, due: datetime, now: datetime) -> OnTime | Late | Missed:
    """What to do at `now` with what was due at `due` (both aware)."""
    within = if_late.within if if_late is not None else None
    until = due + GRACE if within is None else _end(within, due)
    if now <= until:
        return OnTime() if now - due <= GRACE else Late(until)
    rule = f"it may leave within {within}" if within else "`if_late` does not let it leave any more"
    return Missed(f"{_span(now - due)} late; {rule}")


def _end(within: Duration, due: datetime) -> datetime:
    try:
        return within.after(due)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def _span(late: timedelta) -> str:
    minutes = late // timedelta(minutes=1)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= 2 * size or size == 1:
            count = minutes // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError(late)
