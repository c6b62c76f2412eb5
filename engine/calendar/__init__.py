"""When: the occurrences of a schedule, their names and moments, and what being late means. Pure: time is passed in."""

from engine.calendar.explaining import explain
from engine.calendar.finding import named
from engine.calendar.lateness import GRACE, Late, Missed, OnTime, lateness
from engine.calendar.moments import RECIPIENT, Clock, Occurrence, first_instant
from engine.calendar.naming import ONCE, occurrence
from engine.calendar.occurrences import NINE, between, clock_of, occurrences

__all__ = [
    "GRACE",
    "NINE",
    "ONCE",
    "RECIPIENT",
    "Clock",
    "Late",
    "Missed",
    "Occurrence",
    "OnTime",
    "between",
    "clock_of",
    "explain",
    "first_instant",
    "lateness",
    "named",
    "occurrence",
    "occurrences",
]
