"""Schedules at random, and the campaigns around them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from engine.definitions.schema.campaign import Campaign
from engine.definitions.schema.schedule import Schedule

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ORDINALS = ("first", "second", "third", "fourth", "last")
DATES = st.dates(date(1999, 1, 1), date(2040, 12, 31))
COUNTS = st.integers(1, 9)


def counted(unit: str) -> st.SearchStrategy[str]:
    """`week`, `1 week`, `9 weeks`."""
    return st.one_of(st.just(unit), COUNTS.map(lambda count: f"{count} {unit}{'s' if count > 1 else ''}"))


TIMES = st.times().map(lambda time: f"{time:%H:%M}")
SOME_WEEKDAYS = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True)
DAYS_OF_MONTH = st.one_of(
    st.tuples(st.sampled_from(ORDINALS), st.sampled_from(WEEKDAYS)).map(" ".join),
    st.integers(1, 31).map(lambda number: f"day {number}"),
    st.just("last day"),
)
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "starting": DATES.map(str),
    "at": TIMES,
    "skip_dates": st.lists(DATES.map(str), max_size=3),
    "skip_holidays": st.sampled_from(["GB-ENG", ["DE-BY", "AT"], "US"]),
    "if_skipped": st.sampled_from(["skip", "next day"]),
    "window": SOME_WEEKDAYS.map(lambda days: {"days": days}),
}


def _schedules(needed: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(needed, optional=optional).filter(_valid)


def _valid(written: dict[str, Any]) -> bool:
    try:
        schedule(written)
    except ValidationError:  # no day is in both `days` and the window
        return False
    return True


DAILY = _schedules({"every": counted("day")}, {**COMMON, "days": SOME_WEEKDAYS})
WEEKLY = _schedules({"every": counted("week")}, {**COMMON, "days": SOME_WEEKDAYS})
MONTHLY = _schedules({"every": counted("month")}, {**COMMON, "day": DAYS_OF_MONTH, "days": SOME_WEEKDAYS})
YEARLY = _schedules({"every": counted("year")}, {**COMMON, "day": DAYS_OF_MONTH, "days": SOME_WEEKDAYS})
RHYTHMS = st.one_of(DAILY, WEEKLY, MONTHLY, YEARLY)


def schedule(written: dict[str, Any]) -> Schedule:
    """The schedule of a file with these keys."""
    return Schedule.model_validate(written)


def campaign(written: dict[str, Any] | None = None, *, feeds: bool = False) -> Campaign:
    """A campaign with that schedule, or none."""
    content: dict[str, Any] = {"template": "note.html", "subject": "Hello"}
    if feeds:
        content["feeds"] = {"posts": {"feed": "blog"}}
    return Campaign.model_validate(
        {
            "campaign": "letter",
            "purpose": "service",
            "sender": "team",
            "audience": {"include": ["everyone"]},
            "content": content,
            **({"schedule": written} if written else {}),
        }
    )


def days_from(first: date, count: int) -> list[date]:
    """`count` days in a row."""
    return [first + timedelta(days=number) for number in range(count)]
