"""Which period a digest is for, on the project's clock; and how its rhythm is written."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.calendar.digests import period_at
from engine.definitions.schema.digest import read_digest

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("daily", "daily at 08:00"),
        ("daily at 17:30", "daily at 17:30"),
        ("weekly", "weekly on monday at 08:00"),
        ("weekly on fri", "weekly on friday at 08:00"),
        ("weekly on sunday at 07:05", "weekly on sunday at 07:05"),
        ("never", "never"),
    ],
)
def test_a_rhythm_is_a_sentence(written: str, shown: str) -> None:
    rhythm = read_digest(written)
    assert str(rhythm) == shown
    assert read_digest(shown) == rhythm


@pytest.mark.parametrize(
    "written", ["", "monthly", "daily on monday", "weekly at 25:00", "weekly on", 7, None]
)
def test_anything_else_is_told(written: object) -> None:
    with pytest.raises(Exception, match="cannot be read here"):
        read_digest(written)


@pytest.mark.parametrize(
    ("written", "now", "name", "due_at", "due"),
    [
        ("daily", "2026-11-23T07:59", "2026-11-22", "2026-11-22T08:00", False),
        ("daily", "2026-11-23T08:00", "2026-11-23", "2026-11-23T08:00", True),
        ("daily", "2026-11-23T19:59", "2026-11-23", "2026-11-23T08:00", True),
        ("daily", "2026-11-23T20:00", "2026-11-23", "2026-11-23T08:00", False),
        ("daily", "2026-07-01T06:59", "2026-06-30", "2026-06-30T07:00", False),
        ("daily", "2026-07-01T07:00", "2026-07-01", "2026-07-01T07:00", True),
        ("daily at 01:30", "2027-03-28T01:00", "2027-03-28", "2027-03-28T01:00", True),
        ("weekly", "2026-11-23T08:00", "2026-W48", "2026-11-23T08:00", True),
        ("weekly", "2026-11-26T19:59", "2026-W48", "2026-11-23T08:00", True),
        ("weekly", "2026-11-26T20:00", "2026-W48", "2026-11-23T08:00", False),
        ("weekly", "2026-11-23T07:59", "2026-W47", "2026-11-16T08:00", False),
        ("weekly on friday", "2027-01-01T09:00", "2026-W53", "2027-01-01T08:00", True),
    ],
)
def test_the_period_is_the_last_that_came_to_its_hour(
    written: str, now: str, name: str, due_at: str, due: bool
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    period = period_at(read_digest(written), moment, LONDON)
    assert (period.name, period.due_at) == (name, datetime.fromisoformat(due_at).replace(tzinfo=UTC))
    assert period.is_due(moment) is due
    assert period.begins < period.due_at < period.following
    assert period_at(read_digest(written), period.following, LONDON).begins == period.due_at
