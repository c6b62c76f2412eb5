"""Days that are left out, and where their occurrences go."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import occurrence, occurrences, on_the_calendar
from tests.calendar.rules import DATES, RHYTHMS, campaign, days_from, schedule

UTC_ZONE = ZoneInfo("UTC")
CHRISTMAS = {"skip_holidays": "GB-ENG", "every": "day"}
WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "after", "expected"),
    [
        (CHRISTMAS, "2026-12-24", "2026-12-24 2026-12-27 2026-12-29"),
        ({**CHRISTMAS, "skip_holidays": ["GB-ENG", "DE"]}, "2026-10-02", "2026-10-02 2026-10-04"),
        ({**CHRISTMAS, "skip_holidays": "GB-SCT"}, "2026-11-29", "2026-11-29 2026-12-01"),
        ({**CHRISTMAS, "if_skipped": "next day"}, "2026-12-24", "2026-12-24 2026-12-27 2026-12-29"),
        ({**CHRISTMAS, "every": "week", "days": ["fri"]}, "2026-12-20", "2027-01-08 2027-01-15"),
        (
            {**CHRISTMAS, "every": "week", "days": ["fri"], "if_skipped": "next day"},
            "2026-12-20",
            "2026-12-27 2027-01-02 2027-01-08",
        ),
        (
            {"every": "week", "days": ["fri"], "skip_dates": ["2026-12-25"], "if_skipped": "next day",
             "window": {"days": WORKDAYS}},
            "2026-12-20",
            "2026-12-28 2027-01-01",
        ),
        ({"every": "day", "window": {"days": WORKDAYS}}, "2026-12-25", "2026-12-25 2026-12-28 2026-12-29"),
        (
            {"every": "month", "day": "last day", "window": {"days": WORKDAYS}, "if_skipped": "next day"},
            "2027-01-20",
            "2027-02-01 2027-03-01 2027-03-31",
        ),
        (
            {"every": "month", "days": WORKDAYS, "skip_dates": ["2027-01-01"], "if_skipped": "next day"},
            "2026-12-20",
            "2027-01-04 2027-02-01",
        ),
        (
            {"every": "day", "until": "2026-12-25", "skip_dates": ["2026-12-25"], "if_skipped": "next day"},
            "2026-12-23",
            "2026-12-23 2026-12-24 end",
        ),
        ({"every": "year", "starting": "2026-12-25", "skip_holidays": "GB-ENG"}, "2026-01-01", "end"),
        ({"every": "week", "days": ["sat"], "window": {"days": ["sat", "sun"]}}, "2026-12-20", "2026-12-26"),
        ({"once": "2026-12-25 09:00", "skip_holidays": "GB-ENG"}, "2026-12-20", "end"),
        ({"once": "2026-12-25 09:00", "skip_holidays": "GB-ENG", "if_skipped": "next day"}, "2026-12-20",
         "2026-12-27 end"),
        ({"every": "day", "skip_holidays": "ZZ"}, "2026-12-25", "2026-12-25 2026-12-26"),
    ],
)  # fmt: skip
def test_what_becomes_of_a_day_that_is_left_out(written: dict[str, Any], after: str, expected: str) -> None:
    wanted = expected.split()
    found = occurrences(schedule(written), midnight(after), UTC_ZONE)
    days = [str(one.day) for one in islice(found, len(wanted))]
    assert days == (wanted[:-1] if wanted[-1] == "end" else wanted)


@pytest.mark.parametrize(
    ("written", "day", "reason"),
    [
        (CHRISTMAS, "2026-12-25", "Christmas Day (GB-ENG)"),
        ({**CHRISTMAS, "skip_holidays": "DE-BY"}, "2026-12-25", "Christmas Day (DE-BY)"),
        (CHRISTMAS, "2026-12-28", "Boxing Day (observed) (GB-ENG)"),
        ({"every": "day", "skip_dates": ["2026-12-25"]}, "2026-12-25", "in `skip_dates`"),
        ({"every": "day", "window": {"days": WORKDAYS}}, "2026-12-26", "the window is closed on Saturdays"),
        ({**CHRISTMAS, "if_skipped": "next day"}, "2026-12-25",
         "Christmas Day (GB-ENG); the next occurrence is there by then"),
    ],
)  # fmt: skip
def test_the_reason_is_said(written: dict[str, Any], day: str, reason: str) -> None:
    occurrence, plan = next(on_the_calendar(schedule(written), midnight(day), UTC_ZONE))
    assert (occurrence, plan.day, plan.moved, plan.reason) == (None, date.fromisoformat(day), None, reason)


def test_what_moves_keeps_its_name_and_says_from_where() -> None:
    written = {"every": "week", "days": ["sun"], "skip_dates": ["2026-12-27"], "if_skipped": "next day"}
    found, plan = next(on_the_calendar(schedule(written), midnight("2026-12-22"), UTC_ZONE))
    assert found is not None
    assert (found.name, str(found.day), str(plan.day)) == ("2026-W52", "2026-12-28", "2026-12-27")
    # Monday would be the next week; the letter of the last one is still to come on it.
    names = [occurrence(campaign(written), midnight(f"2026-12-{day}"), UTC_ZONE) for day in (27, 28, 29)]
    assert names == ["2026-W52", "2026-W52", "2026-W53"]


@settings(deadline=None)
@given(written=RHYTHMS, start=DATES)
def test_a_moment_never_goes_back_to_an_earlier_name(written: dict[str, Any], start: date) -> None:
    made = campaign(written)
    names = [
        occurrence(made, datetime.combine(day, datetime.min.time(), UTC), UTC_ZONE)
        for day in days_from(start, 70)
    ]
    assert list(dict.fromkeys(names)) == [
        name for number, name in enumerate(names) if number == 0 or names[number - 1] != name
    ]


@settings(deadline=None)
@given(written=RHYTHMS, start=DATES, extra=st.lists(st.integers(0, 60), max_size=12))
def test_nothing_happens_on_a_day_that_is_left_out_and_nothing_twice(
    written: dict[str, Any], start: date, extra: list[int]
) -> None:
    skip = [str(day) for number, day in enumerate(days_from(start, 61)) if number in extra]
    rule = schedule({**written, "skip_dates": skip})
    after = datetime.combine(start, datetime.min.time(), UTC)
    found = list(islice(occurrences(rule, after, UTC_ZONE), 8))
    assert not {str(one.day) for one in found} & set(skip)
    if rule.window is not None:
        assert {one.day.weekday() for one in found} <= {day.number for day in rule.window.days or ()}
    days = [one.day for one in found]
    assert days == sorted(set(days))
