"""Which occurrence of a campaign a moment belongs to: by calendar periods and never by seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar import rhythm
from engine.calendar.moments import RECIPIENT
from engine.calendar.occurrences import clock_of
from engine.model.duration import Unit

if TYPE_CHECKING:
    from engine.definitions.schema.campaign import Campaign
    from engine.definitions.schema.schedule import Schedule

ONCE = "once"


def occurrence(campaign: Campaign, moment: datetime, zone: ZoneInfo) -> str:
    """The name of the occurrence that `moment` falls into, on the schedule's calendar.

    `zone` is the project's; it counts where the schedule names no zone of its own, and for `recipient`. Two
    moments with the same name are the same occurrence: nobody gets the letter twice in it. Without a schedule a
    campaign that gathers posts has one occurrence a day, any other exactly one.
    """
    schedule = campaign.schedule
    if schedule is None:
        return moment.astimezone(zone).date().isoformat() if campaign.content.feeds else ONCE
    if schedule.once is not None:
        return ONCE
    clock = clock_of(schedule, zone)
    return _scheduled(schedule, moment.astimezone(zone if clock == RECIPIENT else clock).date())


def _scheduled(schedule: Schedule, today: date) -> str:
    if schedule.before is not None or schedule.after is not None:
        return _latest(rhythm.listed(schedule), today, today, 1)
    assert schedule.every is not None
    count = schedule.every.count
    start = schedule.starting or rhythm.EPOCH_MONDAY
    match schedule.every.unit:
        case Unit.WEEK:
            monday = rhythm.first_monday(today, start, count)
            weekdays = rhythm.listed(schedule)
            if weekdays is None or len(weekdays) == 1:
                return rhythm.week_name(monday)
            return _latest_of_week(sorted(weekdays), monday, today, count)
        case Unit.MONTH:
            return rhythm.month_name(rhythm.first_month(today, start, count))
        case Unit.YEAR:
            return str(today.year - (today.year - start.year) % count)
        case _:
            return _latest(rhythm.listed(schedule), today, start, count)


def _latest(weekdays: frozenset[int] | None, today: date, start: date, count: int) -> str:
    """The latest day of a rhythm of days: between two of them the earlier one still counts."""
    day = today - timedelta(days=(today - start).days % count)
    for earlier in (day - timedelta(days=count * step) for step in range(7)):
        if weekdays is None or earlier.weekday() in weekdays:
            return earlier.isoformat()
    return day.isoformat()


def _latest_of_week(weekdays: list[int], monday: date, today: date, count: int) -> str:
    passed = [day for number in weekdays if (day := monday + timedelta(days=number)) <= today]
    last = monday - timedelta(weeks=count) + timedelta(days=weekdays[-1])
    return (passed[-1] if passed else last).isoformat()
