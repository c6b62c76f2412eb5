"""The days on which a schedule does not happen, each with its reason, and where such an occurrence moves to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from engine.calendar.public_holidays import holiday
from engine.calendar.rhythm import DAY, LAST_DAY, daily, listed, rhythm_days
from engine.calendar.wording import WEEKDAYS
from engine.model.duration import Unit

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule


# So many occurrences in a row that cannot happen, beside those of `skip_dates`, are taken for all of them: a letter
# of the year on Christmas Day, with Christmas Day left out, must not be looked for until the year 9998.
MOST_SKIPPED = 60

# A year: no chain of days that are left out is longer, but for lists of dates nobody writes.
FARTHEST = 366


@dataclass(frozen=True, slots=True)
class Planned:
    """An occurrence on the calendar. `day`: the one it was meant for; `moved`: the one it happens on, or None.

    `reason`: why not on its own day; empty where it is.
    """

    name: str
    day: date
    moved: date | None
    reason: str = ""


def left_out(schedule: Schedule, day: date) -> str:
    """Why nothing of this schedule happens on that day, as `Christmas Day (GB-ENG)`; empty where it may."""
    if day in schedule.skip_dates:
        return "in `skip_dates`"
    window = schedule.window.days if schedule.window is not None else None
    if window is not None and day.weekday() not in {open_day.number for open_day in window}:
        return f"the window is closed on {WEEKDAYS[day.weekday()]}s"
    for calendar in schedule.skip_holidays:
        name = holiday(calendar, day)
        if name is not None:
            return f"{name} ({calendar})"
    return ""


def stays_away(schedule: Schedule, day: date) -> bool:
    """Whether nothing may move to that day: it is left out, or none of the `days` where these only allow."""
    if left_out(schedule, day):
        return True
    allowed = listed(schedule)
    by_week = schedule.every is not None and schedule.every.unit is Unit.WEEK
    return allowed is not None and not by_week and day.weekday() not in allowed


def planned(schedule: Schedule, first: date) -> Iterator[Planned]:
    """Every occurrence whose day, or the day it moves to, is not before `first`; those that do not happen too."""
    nominal = _nominal(schedule, _reaching(schedule, first))
    current = next(nominal, None)
    skipped = 0
    while current is not None and skipped <= MOST_SKIPPED + len(schedule.skip_dates):
        following = next(nominal, None)
        found = _carried_out(schedule, *current, following[1] if following else None)
        if schedule.until is not None and found.day > schedule.until:
            return
        if (found.moved or found.day) >= first:
            yield found
        skipped = skipped + 1 if found.moved is None else 0
        current = following


def _nominal(schedule: Schedule, first: date) -> Iterator[tuple[str, date]]:
    if schedule.once is not None:
        return iter([("once", schedule.once.date())])
    if schedule.every is not None and schedule.before is None and schedule.after is None:
        return rhythm_days(schedule, first)
    # Relative to a customer's date: somebody's day may be any day, and `days` says which of them count.
    return daily(listed(schedule), None, 1, first)


def _reaching(schedule: Schedule, first: date) -> date:
    """The earliest day whose occurrence could have moved to `first` or later."""
    if schedule.if_skipped == "skip":
        return first
    for _ in range(FARTHEST):
        if not stays_away(schedule, first - DAY):
            break
        first -= DAY
    return first


def _carried_out(schedule: Schedule, name: str, day: date, following: date | None) -> Planned:
    reason = left_out(schedule, day)
    if not reason:
        return Planned(name, day, day)
    if schedule.if_skipped == "skip":
        return Planned(name, day, None, reason)
    moved = next_open(schedule, day)
    last = schedule.until or LAST_DAY
    if moved is None or moved > last:
        return Planned(name, day, None, reason)
    if following is not None and moved >= following:
        return Planned(name, day, None, f"{reason}; the next occurrence is there by then")
    return Planned(name, day, moved, reason)


def next_open(schedule: Schedule, day: date) -> date | None:
    """The first day after `day` on which this schedule may happen; None where there is none within a year."""
    for _ in range(FARTHEST):
        day += DAY
        if not stays_away(schedule, day):
            return day
    return None
