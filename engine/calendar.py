"""Which occurrence of a campaign a moment belongs to: pure, by calendar periods and never by seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.model.duration import Unit

if TYPE_CHECKING:
    from engine.definitions.schema.campaign import Campaign
    from engine.definitions.schema.schedule import Schedule

ONCE = "once"
EPOCH_MONDAY = date(1970, 1, 5)


def occurrence(campaign: Campaign, moment: datetime, zone: ZoneInfo) -> str:
    """The name of the occurrence that `moment` falls into, on the project's calendar.

    Two moments with the same name are the same occurrence: nobody gets the letter twice in it. Without a
    schedule a campaign that gathers posts has one occurrence a day, any other exactly one.
    """
    today = moment.astimezone(zone).date()
    if campaign.schedule is not None:
        return _scheduled(campaign.schedule, today)
    return today.isoformat() if campaign.content.feeds else ONCE


def _scheduled(schedule: Schedule, today: date) -> str:
    if schedule.every is None:
        # A single moment, or a moment relative to a customer's date: the first happens once, the second is
        # counted by the year in which it falls.
        return ONCE if schedule.once is not None else str(today.year)
    if schedule.before is not None or schedule.after is not None:
        return str(today.year)
    if schedule.days is not None and len(schedule.days) > 1:
        # `days: [tue, thu]` is two occurrences a week; between them the earlier one still counts.
        listed = {day.number for day in schedule.days}
        while today.weekday() not in listed:
            today -= timedelta(days=1)
        return today.isoformat()
    count = schedule.every.count
    start = schedule.starting or EPOCH_MONDAY
    match schedule.every.unit:
        case Unit.WEEK:
            return _week(today, start, count)
        case Unit.MONTH:
            return _month(today, start, count)
        case Unit.YEAR:
            return str(today.year - (today.year - start.year) % count)
        case _:
            return (today - timedelta(days=(today - start).days % count)).isoformat()


def _week(today: date, start: date, count: int) -> str:
    if count == 1:
        year, week, _ = today.isocalendar()
        return f"{year}-W{week:02d}"
    first_monday = start - timedelta(days=start.weekday())
    this_monday = today - timedelta(days=today.weekday())
    weeks = (this_monday - first_monday).days // 7
    year, week, _ = (this_monday - timedelta(weeks=weeks % count)).isocalendar()
    return f"{year}-W{week:02d}"


def _month(today: date, start: date, count: int) -> str:
    months = (today.year - start.year) * 12 + today.month - start.month
    year, month = divmod(today.year * 12 + today.month - 1 - months % count, 12)
    return f"{year}-{month + 1:02d}"
