"""A schedule in words, as a person would say it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.calendar.moments import RECIPIENT
from engine.calendar.rhythm import EPOCH_MONDAY
from engine.calendar.skipping import WEEKDAYS
from engine.model.duration import Unit

if TYPE_CHECKING:
    from engine.definitions.schema.schedule import Schedule


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def explain(schedule: Schedule) -> str:
    """`Every 2 weeks on Tuesday at 09:30 on each reader's own clock, from 5 January 2027.`"""
    parts = [_when(schedule), _clock(schedule)]
    if schedule.starting is not None:
        parts.append(f"from {in_words(schedule.starting)}")
    if schedule.until is not None:
        parts.append(f"until {in_words(schedule.until)}")
    sentences = [" ".join(parts[:2]) + "".join(f", {part}" for part in parts[2:])]
    if schedule.skip_dates:
        sentences.append("not on " + _several([in_words(day) for day in sorted(schedule.skip_dates)]))
    if schedule.if_late is None or schedule.if_late.within is None:
        sentences.append("an occurrence missed by more than an hour is skipped")
    else:
        sentences.append(f"one that was missed is still sent within {schedule.if_late.within}")
    text = "; ".join(sentences) + "."
    return text[0].upper() + text[1:]


def in_words(day: date) -> str:
    """`5 January 2027`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _when(schedule: Schedule) -> str:
    if schedule.once is not None:
        return f"once, on {in_words(schedule.once.date())} at {_time(schedule.once)}"
    at = f"{schedule.time_of_day:%H:%M}"
    field = schedule.before or schedule.after
    if field is not None:
        return f"{_relative(schedule, field)} at {at}"
    assert schedule.every is not None
    every = f"every {schedule.every if schedule.every.count > 1 else schedule.every.unit}"
    return f"{every} on {_day(schedule)} at {at}" if _day(schedule) else f"{every} at {at}"


def _relative(schedule: Schedule, field: str) -> str:
    way = "before" if schedule.before else "after"
    distance = f"{schedule.by} {way}" if schedule.by else "on"
    yearly = "every year, " if schedule.every is not None else ""
    end = ", from 28 February in years without the 29th" if yearly else ""
    weekdays = f", if that is a {_several(_weekdays(schedule), 'or')}" if schedule.days else ""
    return f"{yearly}{distance} the customer's `{field}`{end}{weekdays},"


def _day(schedule: Schedule) -> str:
    assert schedule.every is not None
    weekdays = _weekdays(schedule)
    match schedule.every.unit:
        case Unit.WEEK:
            return _several(weekdays or [WEEKDAYS[(schedule.starting or EPOCH_MONDAY).weekday()]])
        case Unit.DAY:
            return (
                f"its {_several(weekdays)}s" if schedule.every.count > 1 and weekdays else _several(weekdays)
            )
    month = MONTHS[schedule.starting.month - 1 if schedule.starting else 0]
    of = f" of {month}" if schedule.every.unit is Unit.YEAR else ""
    return _day_of_month(schedule) + of + (f", or the next {_several(weekdays, 'or')}" if weekdays else "")


def _day_of_month(schedule: Schedule) -> str:
    if schedule.day is not None and (schedule.day.weekday is not None or schedule.day.nth == -1):
        return f"the {schedule.day}"
    number = schedule.day.nth if schedule.day else schedule.starting.day if schedule.starting else 1
    return f"day {number}" + (" (the last day of shorter months)" if number > 28 else "")


def _weekdays(schedule: Schedule) -> list[str]:
    return [WEEKDAYS[number] for number in sorted({day.number for day in schedule.days or ()})]


def _clock(schedule: Schedule) -> str:
    if schedule.time_zone == RECIPIENT:
        return "on each reader's own clock"
    return "on the project's clock" if schedule.time_zone == "project" else f"in {schedule.time_zone}"


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _several(words: list[str], joint: str = "and") -> str:
    return f"{', '.join(words[:-1])} {joint} {words[-1]}" if len(words) > 1 else "".join(words)
