"""What a campaign's schedule says, in words and in days: the calendar alone, without looking at anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from engine import calendar
from engine.app.desk import Desk
from engine.definitions.schema.campaign import Campaign, Status
from engine.definitions.schema.schedule import Schedule
from engine.model.timetable import Timetable, TimetableLine

SHOWN = 10
BY_HAND = "it has no schedule: `touchbase send` sends it by hand"
OVER = "nothing more comes: its last day is over"
NEVER = "every day it would come to is left out; `if_skipped: next day` moves it"
POSTS = "new posts decide when; `touchbase feeds` says when each feed was read"


def timetable(desk: Desk, name: str, at: str | None) -> Timetable:
    """The next ten occurrences after a moment, and between them the days that are left out."""
    campaign = desk.campaign(name)
    moment = desk.moment(at)
    schedule = campaign.schedule
    if schedule is None:
        zone, words, lines = desk.zone.key, BY_HAND, []
    else:
        clock = calendar.clock_of(schedule, desk.zone)
        zone = clock.key if isinstance(clock, ZoneInfo) else clock
        words, lines = calendar.explain(schedule), list(_lines(schedule, moment, desk.zone))
    return Timetable(campaign.campaign, campaign.name, moment, words, zone, lines, _notes(campaign, lines))


def _lines(schedule: Schedule, moment: datetime, zone: ZoneInfo) -> Iterator[TimetableLine]:
    clock = calendar.clock_of(schedule, zone)
    happening = 0
    for found, plan in calendar.on_the_calendar(schedule, moment, zone):
        if found is None:
            yield TimetableLine(plan.name, plan.day, schedule.time_of_day, None, None, reason=plan.reason)
            continue
        yield TimetableLine(
            found.name,
            found.day,
            found.time,
            found.opens(clock),
            found.closes(clock),
            plan.day if plan.day != found.day else None,
            plan.reason,
            calendar.customers_due(schedule, found.day),
        )
        happening += 1
        if happening == SHOWN:
            return


def _notes(campaign: Campaign, lines: list[TimetableLine]) -> list[str]:
    schedule = campaign.schedule
    if schedule is None:
        return []
    notes = []
    if campaign.status is not Status.ACTIVE:
        notes.append(f"the campaign is {campaign.status}: nothing happens by itself until `status: active`")
    if schedule.when is not None:
        notes.append(POSTS)
    elif not any(line.opens for line in lines):
        notes.append(NEVER if lines else OVER)
    return notes
