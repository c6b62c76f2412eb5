"""The occurrences of a schedule after a moment: lazily, without counting from the beginning of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar.moments import RECIPIENT, Clock, Occurrence
from engine.calendar.skipping import Planned, planned

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule

# A wall shows a day at most 14 hours before UTC does, and where a day is missing an occurrence comes on the next.
MARGIN = timedelta(days=3)


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
    for plan in planned(schedule, after.astimezone(UTC).date() - MARGIN):
        meant = Occurrence(plan.name, plan.moved or plan.day, schedule.time_of_day)
        if meant.opens(clock) > after:
            yield (meant if plan.moved else None), plan
