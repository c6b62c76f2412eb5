"""What is done once in a period is known by the period's first day."""

from __future__ import annotations

from datetime import date

import pytest

from engine.calendar.periods import period_start
from engine.definitions.schema.wording import read_rhythm


@pytest.mark.parametrize(
    ("every", "today", "first"),
    [
        ("every day", "2026-11-26", "2026-11-26"),
        ("every week", "2026-11-29", "2026-11-23"),
        ("every week", "2027-01-03", "2026-12-28"),
        ("every month", "2026-11-30", "2026-11-01"),
        ("every 2 months", "2026-12-31", "2026-11-01"),
        ("every 3 months", "2026-12-31", "2026-10-01"),
        ("every 3 months", "2027-01-01", "2027-01-01"),
        ("every 6 months", "2026-06-30", "2026-01-01"),
        ("every 12 months", "2026-06-30", "2026-01-01"),
        ("every year", "2026-12-31", "2026-01-01"),
    ],
)
def test_a_period_begins_where_the_calendar_says(every: str, today: str, first: str) -> None:
    found = period_start(read_rhythm(every), date.fromisoformat(today))
    assert found.isoformat() == first
