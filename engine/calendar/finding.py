"""An occurrence by its name: the day and time that belong to what stands in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar.occurrences import occurrences
from engine.model.duration import Duration, Unit

if TYPE_CHECKING:
    from engine.calendar.moments import Occurrence
    from engine.definitions.schema.schedule import Schedule

MARGIN = timedelta(days=10)
"""A period's name may be carried over to the days after its last occurrence, and zones lie a day apart."""


def named(schedule: Schedule, name: str, near: datetime, project_zone: ZoneInfo) -> Occurrence | None:
    """The schedule's occurrence of that name, at most a period away from `near`; None where there is none."""
    if schedule.once is not None:
        return next(
            (found for found in occurrences(schedule, BEGINNING, project_zone) if found.name == name), None
        )
    period = schedule.every or Duration(1, Unit.DAY)
    try:
        first, last = period.before(near) - MARGIN, period.after(near) + MARGIN
    except (ValueError, OverflowError):
        return None
    for found in occurrences(schedule, first, project_zone):
        if found.name == name:
            return found
        if datetime.combine(found.day, found.time, UTC) > last:
            return None
    return None


BEGINNING = datetime(2, 1, 1, tzinfo=UTC)
