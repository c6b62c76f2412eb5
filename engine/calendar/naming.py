"""Which occurrence of a campaign a moment belongs to: by calendar periods and never by seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar import rhythm
from engine.calendar.moments import RECIPIENT, Occurrence
from engine.calendar.occurrences import clock_of
from engine.calendar.skipping import left_out, planned
from engine.model.duration import Duration, Unit

if TYPE_CHECKING:
    from engine.definitions.schema.campaign import Campaign
    from engine.definitions.schema.schedule import Schedule

ONCE = "once"
A_DAY = Duration(1, Unit.DAY)


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
    return _scheduled(schedule, moment.astimezone(_zone(schedule, zone)).date())


def prompted(schedule: Schedule, moment: datetime, zone: ZoneInfo) -> Occurrence | None:
    """The occurrence that a new post makes at `moment`, for a schedule with `when`; None where it has to wait.

    It waits on days that are left out, outside the window, and outside `starting` and `until`. `zone`: the
    project's. That there was none of this name before is for the ledger to know.
    """
    wall = moment.astimezone(_zone(schedule, zone)).replace(tzinfo=None, second=0, microsecond=0)
    today = wall.date()
    weekdays = rhythm.listed(schedule)
    if schedule.starting is not None and today < schedule.starting:
        return None
    if schedule.until is not None and today > schedule.until:
        return None
    if weekdays is not None and today.weekday() not in weekdays:
        return None
    if left_out(schedule, today) or not (schedule.window is None or schedule.window.holds(wall.time())):
        return None
    return Occurrence(_scheduled(schedule, today), today, wall.time())


def _zone(schedule: Schedule, project_zone: ZoneInfo) -> ZoneInfo:
    clock = clock_of(schedule, project_zone)
    return project_zone if clock == RECIPIENT else clock


def _scheduled(schedule: Schedule, today: date) -> str:
    start = schedule.starting or rhythm.EPOCH_MONDAY
    if schedule.when is not None:
        return _period(schedule.at_most or A_DAY, start, None, today)
    weekdays = rhythm.listed(schedule)
    if schedule.before is not None or schedule.after is not None:
        return _period(A_DAY, today, weekdays, today)
    if schedule.if_skipped == "next day":
        # What was moved over the end of its period lasts until the day it was moved to.
        coming = next(planned(schedule, today), None)
        if coming is not None and coming.day < today:
            return coming.name
    assert schedule.every is not None
    return _period(schedule.every, start, weekdays, today)


def _period(every: Duration, start: date, weekdays: frozenset[int] | None, today: date) -> str:
    match every.unit:
        case Unit.WEEK:
            monday = rhythm.first_monday(today, start, every.count)
            if weekdays is None or len(weekdays) == 1:
                return rhythm.week_name(monday)
            return _latest_of_week(sorted(weekdays), monday, today, every.count)
        case Unit.MONTH:
            return rhythm.month_name(rhythm.first_month(today, start, every.count))
        case Unit.YEAR:
            return str(today.year - (today.year - start.year) % every.count)
        case _:
            return _latest(weekdays, today, start, every.count)


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
