"""The occurrences of a schedule after a moment: lazily, without counting from the beginning of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar.moments import RECIPIENT, Clock, Occurrence
from engine.calendar.rhythm import daily, listed, rhythm_days

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule

NINE = time(9)
"""When a letter leaves whose schedule says a day and no time."""

# A wall shows a day at most this long before UTC does, and a missing day may push an occurrence onto the next.
MARGIN = timedelta(days=3)


def clock_of(schedule: Schedule, project_zone: ZoneInfo) -> Clock:
    """Whose wall `at` means: a zone, or `recipient`."""
    if schedule.time_zone == RECIPIENT:
        return RECIPIENT
    return project_zone if schedule.time_zone == "project" else ZoneInfo(schedule.time_zone)


def occurrences(schedule: Schedule, after: datetime, project_zone: ZoneInfo) -> Iterator[Occurrence]:
    """Every occurrence that opens later than `after`, in order; it may have no end."""
    clock = clock_of(schedule, project_zone)
    first = after.astimezone(UTC).date() - MARGIN
    for occurrence in _from_day(schedule, first):
        if occurrence.opens(clock) > after:
            yield occurrence


def between(
    schedule: Schedule, after: datetime, until: datetime, project_zone: ZoneInfo
) -> Iterator[Occurrence]:
    """Every occurrence that opens later than `after` and not later than `until`, in order."""
    clock = clock_of(schedule, project_zone)
    return takewhile(lambda found: found.opens(clock) <= until, occurrences(schedule, after, project_zone))


def _from_day(schedule: Schedule, first: date) -> Iterator[Occurrence]:
    if schedule.once is not None:
        yield Occurrence("once", schedule.once.date(), schedule.once.time())
        return
    at = schedule.at or NINE
    skipped = frozenset(schedule.skip_dates)
    named = (
        rhythm_days(schedule, first)
        if schedule.every is not None and schedule.before is None and schedule.after is None
        else daily(listed(schedule), None, 1, first)
    )
    for name, day in named:
        if schedule.until is not None and day > schedule.until:
            return
        if day not in skipped:
            yield Occurrence(name, day, at)
