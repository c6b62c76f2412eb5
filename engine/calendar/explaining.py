"""A schedule in words, as a person would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calendar.moments import RECIPIENT
from engine.calendar.rhythm import EPOCH_MONDAY, listed
from engine.calendar.wording import MONTHS, date_in_words, several, weekdays_in_words
from engine.model.duration import Unit

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule


def explain(schedule: Schedule) -> str:
    """`Every 2 weeks on Tuesday at 09:30 on each reader's own clock, from 5 January 2027.` and what else it says."""
    sentences = [_when(schedule), *_left_out(schedule)]
    if schedule.when is None:
        sentences.append(_late(schedule))
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def _when(schedule: Schedule) -> str:
    parts = [f"{_days(schedule)} {_clock(schedule)}"]
    if schedule.starting is not None:
        parts.append(f"from {date_in_words(schedule.starting)}")
    if schedule.until is not None:
        parts.append(f"until {date_in_words(schedule.until)}")
    return ", ".join(parts)


def _days(schedule: Schedule) -> str:
    at = f"at {schedule.time_of_day:%H:%M}"
    if schedule.once is not None:
        return f"once, on {date_in_words(schedule.once.date())} {at}"
    if schedule.when is not None:
        return _new_posts(schedule)
    if schedule.before is not None or schedule.after is not None:
        return f"{_relative(schedule)} {at}"
    assert schedule.every is not None
    every = f"every {schedule.every if schedule.every.count > 1 else schedule.every.unit}"
    return f"{every}{_day(schedule)} {at}"


def _new_posts(schedule: Schedule) -> str:
    per = schedule.at_most
    often = f"{per if per.count > 1 else per.unit}" if per is not None else "day"
    on = f", on {_weekdays(schedule)}" if schedule.days else ""
    return f"as soon as there is a new post, at most once every {often}{on},"


def _relative(schedule: Schedule) -> str:
    field = schedule.before or schedule.after
    distance = f"{schedule.by} {'before' if schedule.before else 'after'}" if schedule.by else "on"
    if schedule.every is None:
        words = f"{distance} the customer's `{field}`"
    else:
        words = f"every year {distance} the day of the customer's `{field}` (29 February is kept on the 28th)"
    return words + (f", where that is {_weekdays(schedule, 'or')}," if schedule.days else "")


def _day(schedule: Schedule) -> str:
    assert schedule.every is not None
    match schedule.every.unit:
        case Unit.WEEK:
            start = schedule.starting or EPOCH_MONDAY
            return f" on {weekdays_in_words(listed(schedule) or {start.weekday()})}"
        case Unit.DAY:
            return f", where that is {_weekdays(schedule, 'or')}," if schedule.days else ""
    day = _day_of_month(schedule)
    if schedule.days:
        day += f", or the next day of that month that is {_weekdays(schedule, 'or')}, or else the one before,"
    return f" on {day}"


def _day_of_month(schedule: Schedule) -> str:
    assert schedule.every is not None
    month = MONTHS[schedule.starting.month - 1 if schedule.starting else 0]
    yearly = schedule.every.unit is Unit.YEAR
    if schedule.day is not None and (schedule.day.weekday is not None or schedule.day.nth == -1):
        weekday = schedule.day.weekday
        words = (
            str(schedule.day) if weekday is None else str(schedule.day).replace(weekday, weekday.capitalize())
        )
        return f"the {words} of {month if yearly else 'the month'}"
    number = schedule.day.nth if schedule.day else schedule.starting.day if schedule.starting else 1
    day = f"{number} {month}" if yearly else f"day {number}"
    shorter = number > 28 and (not yearly or number > {"February": 28}.get(month, 30))
    return day + (" (the last day where the month is shorter)" if shorter else "")


def _weekdays(schedule: Schedule, joint: str = "and") -> str:
    return weekdays_in_words(listed(schedule) or (), joint)


def _clock(schedule: Schedule) -> str:
    if schedule.time_zone == RECIPIENT:
        return "on each reader's own clock"
    return "on the project's clock" if schedule.time_zone == "project" else f"in {schedule.time_zone}"


def _left_out(schedule: Schedule) -> list[str]:
    sentences = []
    days = [date_in_words(day) for day in sorted(set(schedule.skip_dates))]
    if schedule.skip_holidays:
        days.append(f"public holidays of {several(list(schedule.skip_holidays))}")
    if days:
        sentences.append(f"not on {several(days, 'or')}")
    window = schedule.window
    relative = schedule.before is not None or schedule.after is not None
    if window is not None:
        on = f" on {weekdays_in_words([day.number for day in window.days])}" if window.days else ""
        hours = (
            f" between {window.from_:%H:%M} and {window.until:%H:%M}" if window.from_ and window.until else ""
        )
        sentences.append(f"letters leave only{on}{hours}")
    if schedule.when is None and (
        days or (window is not None and window.days) or (relative and schedule.days)
    ):
        sentences.append(f"what falls on a day that is left out {_moves(schedule, relative)}")
    return sentences


def _moves(schedule: Schedule, relative: bool) -> str:
    if schedule.if_skipped == "skip":
        return "is skipped"
    unless = "" if relative or schedule.once is not None else ", unless the next occurrence is there by then"
    return f"moves to the next day that is not{unless}"


def _late(schedule: Schedule) -> str:
    within = schedule.if_late.within if schedule.if_late is not None else None
    if within is None:
        return "what could not be sent within an hour is skipped"
    return f"what could not be sent in time is still sent within {within}"
