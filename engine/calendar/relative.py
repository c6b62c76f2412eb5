"""Schedules that count from a customer's date: whose date makes a day theirs, and whose day is when.

The shift is done on the side of the day, so that a database compares a stored date with constants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from engine.calendar.rhythm import DAY, LAST_DAY
from engine.calendar.skipping import FARTHEST, next_open, stays_away
from engine.calendar.wording import MONTHS, several

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule


A_FEW = 3


@dataclass(frozen=True, slots=True)
class Dates:
    """Customers whose date lies between these two days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Anniversary:
    """Customers whose date has this month and day, in this year or an earlier one."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Anniversaries:
    """Customers whose date is any of these, in order of the year's round."""

    days: tuple[Anniversary, ...]


def dates_due(schedule: Schedule, day: date) -> Dates | Anniversaries | None:
    """Which dates of customers make `day` theirs, for a schedule with `before` or `after`; None: nobody's.

    Counts what `by`, `every: year`, `days`, days that are left out and `if_skipped` say. With `every: year` a
    29 February is kept on the 28th in other years, and no year before that of the date itself counts.
    """
    if stays_away(schedule, day) or (schedule.until is not None and day > schedule.until):
        return None
    first = day
    if schedule.if_skipped == "next day":
        for _ in range(FARTHEST):
            if not stays_away(schedule, first - DAY):
                break
            first -= DAY
    dates = _dates_between(schedule, first, day)
    if dates is None or schedule.every is None:
        return dates
    return Anniversaries(tuple(_anniversaries(dates)))


def customers_due(schedule: Schedule, day: date) -> str:
    """Whose day it is, in words: `renewal_date 2027-04-04`; empty where a schedule counts from nobody's date."""
    field = schedule.before or schedule.after
    if field is None:
        return ""
    due = dates_due(schedule, day)
    if due is None:
        return f"no {field}"
    if isinstance(due, Anniversaries):
        days = [f"{one.day} {MONTHS[one.month - 1]}" for one in due.days]
        return (
            f"{field} {several(days)} of any year"
            if len(days) <= A_FEW
            else f"{field} {days[0]} to {days[-1]}"
        )
    return f"{field} {due.first}" + (f" to {due.last}" if due.last != due.first else "")


def days_due(schedule: Schedule, date_of_customer: date, first: date) -> Iterator[date]:
    """The other way round: the days, from `first` on, that are due for a customer with this date."""
    years = [date_of_customer.year]
    if schedule.every is not None:
        earliest = max(date_of_customer.year, _unshifted_year(schedule, first))
        years = list(range(earliest, LAST_DAY.year))
    for year in years:
        day = _moved(schedule, _shifted(schedule, _in_year(date_of_customer, year)))
        if day is not None and day >= first:
            if schedule.until is not None and day > schedule.until:
                return
            yield day


def _unshifted_year(schedule: Schedule, first: date) -> int:
    """A year early enough that its anniversary, shifted and moved, comes before `first`."""
    away = abs((_shifted(schedule, first) - first).days)
    return first.year - 2 - away // 365


def _in_year(day: date, year: int) -> date:
    """The anniversary of `day` in that year; 28 February for a 29th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _moved(schedule: Schedule, day: date) -> date | None:
    if not stays_away(schedule, day):
        return day
    return next_open(schedule, day) if schedule.if_skipped == "next day" else None


def _shifted(schedule: Schedule, date_of_customer: date) -> date:
    """The day that lies `by` before or after a date."""
    if schedule.by is None:
        return date_of_customer
    moment = datetime.combine(date_of_customer, time())
    return (schedule.by.before(moment) if schedule.before else schedule.by.after(moment)).date()


def _dates_between(schedule: Schedule, first: date, last: date) -> Dates | None:
    """The dates whose shifted day lies between two days; shifting never turns two dates round."""
    earliest, latest = _first_reaching(schedule, first), _first_reaching(schedule, last + DAY) - DAY
    return Dates(earliest, latest) if earliest <= latest else None


def _first_reaching(schedule: Schedule, day: date) -> date:
    """The first date that is shifted to `day` or later."""
    if schedule.by is None:
        return day
    moment = datetime.combine(day, time())
    near = (schedule.by.after(moment) if schedule.before else schedule.by.before(moment)).date()
    # Months have 28 to 31 days, so the way back may miss by up to three.
    guess = near - timedelta(days=4)
    while _shifted(schedule, guess) < day:
        guess += DAY
    return guess


def _anniversaries(dates: Dates) -> Iterator[Anniversary]:
    day = dates.first
    while day <= dates.last:
        yield Anniversary(day.year, day.month, day.day)
        if (day.month, day.day) == (2, 28) and (day + DAY).month == 3:
            yield Anniversary(day.year, 2, 29)
        day += DAY
