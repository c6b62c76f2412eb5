"""The occurrences of a schedule after a moment: lazily, without counting from the beginning of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar.moments import EARLIEST_OFFSET, RECIPIENT, Clock, Occurrence
from engine.calendar.skipping import Planned, planned

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule

# Where a whole day is missing, an occurrence of it comes on the next.
MISSING_DAY = timedelta(days=1)


def clock_of(schedule: Schedule, project_zone: ZoneInfo) -> Clock:
    """Whose wall `at` means: a zone, or `recipient`."""
    if schedule.time_zone == RECIPIENT:
        return RECIPIENT
    return project_zone if schedule.time_zone == "project" else ZoneInfo(schedule.time_zone)


def occurrences(schedule: Schedule, after: datetime, project_zone: ZoneInfo) -> Iterator[Occurrence]:
    """Every occurrence that opens later than `after`, in order; it may have no end.

    A schedule with `when` has none of its own: see `prompted`.
    """
    for found, _ in on_the_calendar(schedule, after, project_zone):
        if found is not None:
            yield found


def between(
    schedule: Schedule, after: datetime, until: datetime, project_zone: ZoneInfo
) -> Iterator[Occurrence]:
    """Every occurrence that opens later than `after` and not later than `until`, in order."""
    clock = clock_of(schedule, project_zone)
    return takewhile(lambda found: found.opens(clock) <= until, occurrences(schedule, after, project_zone))


def on_the_calendar(
    schedule: Schedule, after: datetime, project_zone: ZoneInfo
) -> Iterator[tuple[Occurrence | None, Planned]]:
    """The same, and between them those that do not happen (None), each with the day it was meant for and why."""
    if schedule.when is not None:
        return
    clock = clock_of(schedule, project_zone)
    for plan in planned(schedule, _first_day(clock, after)):
        meant = Occurrence(plan.name, plan.moved or plan.day, schedule.time_of_day)
        if meant.opens(clock) > after:
            yield (meant if plan.moved else None), plan


def _first_day(clock: Clock, after: datetime) -> date:
    """The first local day of which something may open later than `after`."""
    if clock == RECIPIENT:
        return (after.astimezone(UTC) + EARLIEST_OFFSET).date()
    return after.astimezone(clock).date() - MISSING_DAY
