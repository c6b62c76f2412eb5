"""Spans of calendar days: which past letters a rule looks at, and when they leave its view.

Days and longer are counted in whole days on the person's own calendar, never in seconds: with `1 per 7 days` a letter
of Tuesday 09:30 leaves next Tuesday free from midnight on. Hours and minutes are counted as they pass.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.calendar import first_instant
from engine.model.duration import Duration, Unit

ONE_DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
CLOCK_UNITS = (Unit.MINUTE, Unit.HOUR)
MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}
DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
LONGEST_MONTH = 31
FIRST, LAST = date(2, 1, 1), date(9998, 12, 31)
"""Spans that reach beyond the calendar end here."""


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day there, in UTC."""
    return first_instant(datetime.combine(day, time.min), zone)


@lru_cache(maxsize=4096)
def starts(per: Duration, calendar: bool, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment whose letters still count at `moment`.

    Args:
        per: the rule's span.
        calendar: whether it is the current calendar day, week (from Monday), month or year instead of looking back.
    """
    if per.unit in CLOCK_UNITS:
        return clock_before(per, moment) + MICROSECOND
    return midnight(first_day(per, calendar, moment.astimezone(zone).date()), zone)


def first_day(per: Duration, calendar: bool, today: date) -> date:
    """The first day whose letters still count today."""
    if not calendar:
        return shifted(today, per, -1) + ONE_DAY
    match per.unit:
        case Unit.WEEK:
            return today - timedelta(days=today.weekday())
        case Unit.MONTH:
            return today.replace(day=1)
        case Unit.YEAR:
            return today.replace(month=1, day=1)
        case _:
            return today


def free_from(per: Duration, calendar: bool, touched: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which a letter of the moment `touched` does not count any more."""
    if per.unit in CLOCK_UNITS:
        return per.after(touched)
    then = touched.astimezone(zone).date()
    day = shifted(then, per, 1) - ONE_DAY if not calendar else then
    while first_day(per, calendar, day) <= then and day < LAST:
        day += ONE_DAY
    return midnight(day, zone)


def next_period(rhythm: Duration, last: date) -> date:
    """The first day on which somebody whose last letter came on `last` may get the next one.

    The calendar decides: `every month` is once a calendar month, `every 2 weeks` every second week from Monday. But
    half the span lies between two letters: the 31st and the 1st are no rhythm.
    """
    if rhythm.unit in MONTHS:
        months = rhythm.count * MONTHS[rhythm.unit]
        year, month = divmod(last.year * 12 + last.month - 1 + months, 12)
        if year > LAST.year:
            return LAST
        return max(date(year, month + 1, 1), last + timedelta(days=months * 30 // 2))
    days = min(rhythm.count * DAYS.get(rhythm.unit, 0), (LAST - last).days)
    if rhythm.unit is Unit.WEEK:
        monday = last - timedelta(days=last.weekday())
        return max(monday + timedelta(days=days), last + timedelta(days=days // 2))
    return last + timedelta(days=days)


@lru_cache(maxsize=4096)
def last_period(rhythm: Duration, moment: datetime, zone: ZoneInfo) -> datetime:
    """From this moment on a last letter is too recent for another one at `moment`."""
    if rhythm.unit in CLOCK_UNITS:
        return clock_before(rhythm, moment) + MICROSECOND
    today = moment.astimezone(zone).date()
    longest = rhythm.count * (LONGEST_MONTH * MONTHS.get(rhythm.unit, 0) + DAYS.get(rhythm.unit, 0))
    early = today - timedelta(days=min(longest + LONGEST_MONTH, (today - FIRST).days))
    late = today
    # The next period never comes earlier for a later letter: halving finds the last day that leaves today free.
    while late - early > ONE_DAY:
        middle = early + (late - early) // 2
        if next_period(rhythm, middle) <= today:
            early = middle
        else:
            late = middle
    return midnight(late, zone)


def clock_before(span: Duration, moment: datetime) -> datetime:
    """The moment so many hours or minutes earlier."""
    try:
        return span.before(moment)
    except OverflowError:
        return midnight(FIRST, ZoneInfo("UTC"))


def again_from(rhythm: Duration, last: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which somebody whose last letter left at `last` may get the next one."""
    if rhythm.unit in CLOCK_UNITS:
        return rhythm.after(last)
    return midnight(next_period(rhythm, last.astimezone(zone).date()), zone)


def shifted(day: date, span: Duration, sign: int) -> date:
    """The day so many calendar days, weeks, months or years later, or earlier."""
    noon = datetime.combine(day, time(12))
    try:
        return min(max((span.after(noon) if sign > 0 else span.before(noon)).date(), FIRST), LAST)
    except (ValueError, OverflowError):
        return LAST if sign > 0 else FIRST
