"""When: the occurrences of a schedule, their names and moments, and what being late means. Pure: time is passed in."""

from engine.calendar.explaining import explain
from engine.calendar.finding import named
from engine.calendar.lateness import GRACE, Late, Missed, OnTime, lateness
from engine.calendar.moments import RECIPIENT, Clock, Occurrence, first_instant
from engine.calendar.naming import ONCE, occurrence, prompted
from engine.calendar.occurrences import between, clock_of, occurrences, on_the_calendar
from engine.calendar.quiet import closed, closes, quiet
from engine.calendar.relative import Anniversaries, Anniversary, Dates, customers_due, dates_due, days_due

__all__ = [
    "GRACE",
    "ONCE",
    "RECIPIENT",
    "Anniversaries",
    "Anniversary",
    "Clock",
    "Dates",
    "Late",
    "Missed",
    "Occurrence",
    "OnTime",
    "between",
    "clock_of",
    "closed",
    "closes",
    "customers_due",
    "dates_due",
    "days_due",
    "explain",
    "first_instant",
    "lateness",
    "named",
    "occurrence",
    "occurrences",
    "on_the_calendar",
    "prompted",
    "quiet",
]
