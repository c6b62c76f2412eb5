"""The days of a rhythm, one after the other, from any day on; and the name of the period each belongs to."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from engine.model.duration import Unit

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule

EPOCH_MONDAY = date(1970, 1, 5)
"""Where “every 2 weeks” is counted from when nothing is said."""

LAST_DAY = date(9998, 12, 31)
"""No occurrence lies beyond; Python's calendar ends a year later."""

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def rhythm_days(schedule: Schedule, first: date) -> Iterator[tuple[str, date]]:
    """The names and days of a schedule with `every`, from the first day that is not before `first`.

    Says nothing of `until` and of days that are skipped. Ends in the year 9998.
    """
    assert schedule.every is not None
    first = max(first, schedule.starting or date.min)
    try:
        match schedule.every.unit:
            case Unit.WEEK:
                yield from _weekly(schedule, schedule.every.count, first)
            case Unit.MONTH:
                yield from _monthly(schedule, schedule.every.count, first)
            case Unit.YEAR:
                yield from _monthly(schedule, schedule.every.count * 12, first)
            case _:
                yield from daily(listed(schedule), schedule.starting, schedule.every.count, first)
    except OverflowError:
        return


def listed(schedule: Schedule) -> frozenset[int] | None:
    """The numbers of the days of the week under `days`, Monday 0; None where none are named."""
    return None if schedule.days is None else frozenset(day.number for day in schedule.days)


def named_by_day(schedule: Schedule) -> bool:
    """Whether occurrences are named by their day: with more than one a week, or a rhythm of days."""
    assert schedule.every is not None
    if schedule.every.unit is Unit.WEEK:
        return len(listed(schedule) or ()) > 1
    return schedule.every.unit is Unit.DAY


def daily(
    weekdays: frozenset[int] | None, start: date | None, count: int, first: date
) -> Iterator[tuple[str, date]]:
    """Every `count` days, counted from `start`, where that is one of the `weekdays`."""
    day = first + timedelta(days=(-(first - (start or EPOCH_MONDAY)).days) % count)
    # After seven steps the days of the week repeat: none found by then is none ever.
    missed = 0
    while day <= LAST_DAY and missed < 7:
        if weekdays is None or day.weekday() in weekdays:
            yield day.isoformat(), day
            missed = 0
        else:
            missed += 1
        day += timedelta(days=count)


def _weekly(schedule: Schedule, count: int, first: date) -> Iterator[tuple[str, date]]:
    start = schedule.starting or EPOCH_MONDAY
    weekdays = sorted(listed(schedule) or {start.weekday()})
    by_day = named_by_day(schedule)
    monday = first_monday(first, start, count)
    while monday <= LAST_DAY:
        for number in weekdays:
            day = monday + timedelta(days=number)
            if day >= first:
                yield (day.isoformat() if by_day else week_name(monday)), day
        monday += count * WEEK


def first_monday(day: date, start: date, count: int) -> date:
    """The Monday that begins the period of `count` weeks around `day`, counted from the week of `start`."""
    monday = day - timedelta(days=day.weekday())
    weeks = (monday - (start - timedelta(days=start.weekday()))).days // 7
    return monday - (weeks % count) * WEEK


def week_name(monday: date) -> str:
    """`2027-W01`: the ISO week that begins on that Monday."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02d}"


def _monthly(schedule: Schedule, count: int, first: date) -> Iterator[tuple[str, date]]:
    assert schedule.every is not None
    yearly = schedule.every.unit is Unit.YEAR
    month = first_month(first, schedule.starting or EPOCH_MONDAY, count)
    while month // 12 <= LAST_DAY.year:
        year, number = divmod(month, 12)
        day = day_in_month(schedule, year, number + 1)
        if day >= first:
            yield (str(year) if yearly else month_name(month)), day
        month += count


def first_month(day: date, start: date, count: int) -> int:
    """The month (year * 12 + 0 … 11) that begins the period of `count` months around `day`."""
    month = day.year * 12 + day.month - 1
    return month - (month - start.year * 12 - start.month + 1) % count


def month_name(month: int) -> str:
    """`2027-01`."""
    return f"{month // 12}-{month % 12 + 1:02d}"


def day_in_month(schedule: Schedule, year: int, month: int) -> date:
    """The day of a rhythm of months or years. Where a month is too short for it: its last day.

    With `days`, the next day of that month which is one of them, or where none is left the one before.
    """
    begins, length = monthrange(year, month)
    if schedule.day is None:
        number = min(schedule.starting.day if schedule.starting else 1, length)
    elif schedule.day.weekday is None:
        number = length if schedule.day.nth == -1 else min(schedule.day.nth, length)
    else:
        number = (schedule.day.weekday.number - begins) % 7 + 1
        number += (length - number) // 7 * 7 if schedule.day.nth == -1 else (schedule.day.nth - 1) * 7
    day = date(year, month, number)
    weekdays = listed(schedule)
    if weekdays is None:
        return day
    fitting = [date(year, month, n) for n in range(1, length + 1) if (begins + n - 1) % 7 in weekdays]
    return next((found for found in fitting if found >= day), fitting[-1])
