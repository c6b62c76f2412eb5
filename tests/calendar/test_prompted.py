"""`when: new posts`: what a new post makes at a moment, and what it waits for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import occurrence, occurrences, prompted
from tests.calendar.rules import SOME_WEEKDAYS, campaign, schedule

LONDON = ZoneInfo("Europe/London")
POSTS = {"when": "new posts"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at", "name"),
    [
        ({}, "2026-11-27T10:00", "2026-11-27"),
        ({}, "2026-06-27T23:30", "2026-06-28"),
        ({"at_most": "1 per day"}, "2026-11-27T10:00", "2026-11-27"),
        ({"at_most": "1 per week"}, "2026-11-27T10:00", "2026-W48"),
        ({"at_most": "1 per month"}, "2026-11-27T10:00", "2026-11"),
        ({"at_most": "1 per 3 days", "starting": "2026-11-20"}, "2026-11-27T10:00", "2026-11-26"),
        ({"time_zone": "Asia/Tokyo"}, "2026-11-27T20:00", "2026-11-28"),
        ({"days": ["mon", "tue"]}, "2026-11-27T10:00", None),
        ({"starting": "2026-11-28"}, "2026-11-27T10:00", None),
        ({"until": "2026-11-26"}, "2026-11-27T10:00", None),
        ({"skip_dates": ["2026-11-27"]}, "2026-11-27T10:00", None),
        ({"skip_holidays": "GB-ENG"}, "2026-12-25T10:00", None),
        ({"window": {"days": ["sat"]}}, "2026-11-27T10:00", None),
        ({"window": {"from": "08:00", "until": "10:00"}}, "2026-11-27T09:59", "2026-11-27"),
        ({"window": {"from": "08:00", "until": "10:00"}}, "2026-11-27T10:00", None),
    ],
)
def test_a_new_post_makes_an_occurrence_or_waits(written: dict[str, Any], at: str, name: str | None) -> None:
    found = prompted(schedule({**POSTS, **written}), moment(at), LONDON)
    assert (found.name if found else None) == name


def test_it_has_no_occurrences_of_its_own() -> None:
    assert list(occurrences(schedule(POSTS), moment("2026-11-27"), LONDON)) == []


@settings(deadline=None)
@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    at_most=st.sampled_from(["1 per day", "1 per 2 weeks", "1 per month", "1 per year"]),
    days=st.one_of(st.none(), SOME_WEEKDAYS),
)
def test_its_name_is_that_of_the_moment(at: datetime, at_most: str, days: list[str] | None) -> None:
    written = {**POSTS, "at_most": at_most, **({"days": days} if days else {})}
    found = prompted(schedule(written), at, LONDON)
    if found is None:
        assert days is not None
    else:
        assert found.name == occurrence(campaign(written, feeds=True), at, LONDON)
        assert 0 <= (at - found.at(LONDON)).total_seconds() < 3660
