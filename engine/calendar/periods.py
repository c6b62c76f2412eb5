"""Periods of the calendar: what is done once in each is known by the day the period begins."""

from __future__ import annotations

from datetime import date, timedelta

from engine.model.duration import Duration, Unit


def period_start(every: Duration, today: date) -> date:
    """The first day of today's day, week (from Monday), year, or span of months that a year is made of."""
    match every.unit:
        case Unit.WEEK:
            return today - timedelta(days=today.weekday())
        case Unit.MONTH:
            month = (today.month - 1) // every.count * every.count + 1
            return date(today.year, month, 1)
        case Unit.YEAR:
            return date(today.year, 1, 1)
        case _:
            return today
