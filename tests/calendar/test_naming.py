"""Which occurrence a moment belongs to: a table, and the property that periods never overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import occurrence
from tests.calendar.rules import campaign

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ({"every": "day"}, "2026-11-23T12:00", "2026-11-23"),
        ({"every": "day"}, "2026-06-23T23:30", "2026-06-24"),
        ({"every": "week"}, "2026-11-23T12:00", "2026-W48"),
        ({"every": "week"}, "2027-01-03T12:00", "2026-W53"),
        ({"every": "week", "days": ["tue", "thu"]}, "2026-11-25T12:00", "2026-11-24"),
        ({"every": "week", "days": ["tue", "thu"]}, "2026-11-26T12:00", "2026-11-26"),
        ({"every": "2 weeks", "starting": "2027-01-05"}, "2027-01-05T12:00", "2027-W01"),
        ({"every": "2 weeks", "starting": "2027-01-05"}, "2027-01-17T12:00", "2027-W01"),
        ({"every": "2 weeks", "starting": "2027-01-05"}, "2027-01-18T12:00", "2027-W03"),
        ({"every": "month"}, "2026-11-30T23:59", "2026-11"),
        ({"every": "3 months", "starting": "2026-02-10"}, "2026-04-30T12:00", "2026-02"),
        ({"every": "3 months", "starting": "2026-02-10"}, "2026-05-01T12:00", "2026-05"),
        ({"every": "year"}, "2026-11-30T12:00", "2026"),
        ({"once": "2027-01-05 09:30"}, "2026-11-30T12:00", "once"),
        ({"before": "renewal_date", "by": "30 days"}, "2026-11-30T12:00", "2026-11-30"),
    ],
)
def test_a_scheduled_campaign_is_named_by_its_period(
    schedule: dict[str, Any], moment: str, expected: str
) -> None:
    assert (
        occurrence(campaign(schedule), datetime.fromisoformat(moment).replace(tzinfo=UTC), LONDON) == expected
    )


def test_without_a_schedule_a_digest_has_one_occurrence_a_day_and_a_note_one_ever() -> None:
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert occurrence(campaign(feeds=True), moment, LONDON) == "2026-11-23"
    assert occurrence(campaign(), moment, LONDON) == "once"


@settings(deadline=None)
@given(
    every=st.sampled_from(["day", "3 days", "week", "2 weeks", "month", "5 months", "year", "2 years"]),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    steps=st.lists(st.integers(1, 40), min_size=2, max_size=30),
)
def test_an_occurrence_once_left_never_comes_back(every: str, start: datetime, steps: list[int]) -> None:
    left: set[str] = set()
    current = ""
    for days in steps:
        name = occurrence(campaign({"every": every, "starting": "2020-01-01"}), start, LONDON)
        assert name not in left
        if name != current:
            left.add(current)
            current = name
        start += timedelta(days=days)
