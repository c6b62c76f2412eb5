"""Which past letters a rule looks at: whole days on the person's calendar, held against counting day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.duration import Duration, Unit
from engine.policy.windows import (
    again_from,
    first_day,
    free_from,
    last_period,
    midnight,
    next_period,
    starts,
)

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/London", "Pacific/Auckland", "America/Los_Angeles", "Africa/Cairo")]
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda m: m.replace(tzinfo=UTC))
SPANS = st.builds(Duration, st.integers(1, 14), st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR]))


@pytest.mark.parametrize(
    ("span", "calendar", "first"),
    [
        ("1 day", False, "2027-03-31"),
        ("7 days", False, "2027-03-25"),
        ("1 week", False, "2027-03-25"),
        ("1 month", False, "2027-03-01"),
        ("1 year", False, "2026-04-01"),
        ("1 day", True, "2027-03-31"),
        ("1 week", True, "2027-03-29"),
        ("1 month", True, "2027-03-01"),
        ("1 year", True, "2027-01-01"),
        ("99999 years", False, "0002-01-02"),
    ],
)
def test_a_window_begins_with_a_day(span: str, calendar: bool, first: str) -> None:
    assert first_day(read(span), calendar, date(2027, 3, 31)) == date.fromisoformat(first)


@pytest.mark.parametrize(
    ("rhythm", "last", "following"),
    [
        ("1 day", "2027-01-05", "2027-01-06"),
        ("1 week", "2027-01-05", "2027-01-11"),
        ("1 week", "2027-01-10", "2027-01-13"),
        ("2 weeks", "2027-01-05", "2027-01-18"),
        ("1 month", "2027-01-05", "2027-02-01"),
        ("1 month", "2027-01-31", "2027-02-15"),
        ("3 months", "2027-01-31", "2027-04-01"),
        ("1 year", "2026-12-30", "2027-12-01"),
        ("99999 years", "2027-01-05", "9998-12-31"),
    ],
)
def test_the_calendar_says_when_somebody_may_get_the_next_letter(
    rhythm: str, last: str, following: str
) -> None:
    assert next_period(read(rhythm), date.fromisoformat(last)) == date.fromisoformat(following)


def test_a_monthly_letter_of_the_first_tuesday_is_never_too_early() -> None:
    tuesdays = [date(2027, month, day) for month in range(1, 13) for day in range(1, 8)]
    tuesdays = [day for day in tuesdays if day.weekday() == 1]
    for before, after in pairwise(tuesdays):
        assert next_period(Duration(1, Unit.MONTH), before) <= after


@given(span=SPANS, moment=MOMENTS, back=st.integers(0, 800), zone=ZONES)
def test_the_last_period_is_where_the_next_one_has_not_come(
    span: Duration, moment: datetime, back: int, zone: ZoneInfo
) -> None:
    last = moment - timedelta(days=back, hours=back % 24)
    too_recent = next_period(span, last.astimezone(zone).date()) > moment.astimezone(zone).date()
    assert (last >= last_period(span, moment, zone)) is too_recent
    assert (again_from(span, last, zone) > moment) is too_recent


@given(span=SPANS, moment=MOMENTS, back=st.integers(0, 800), zone=ZONES, calendar=st.booleans())
def test_a_letter_counts_until_it_is_free(
    span: Duration, moment: datetime, back: int, zone: ZoneInfo, calendar: bool
) -> None:
    span = Duration(1, span.unit) if calendar else span
    touched = moment - timedelta(days=back, hours=back % 24)
    free = free_from(span, calendar, touched, zone)
    assert free > touched
    assert touched < starts(span, calendar, free, zone)
    assert touched >= starts(span, calendar, free - timedelta(seconds=1), zone)


@pytest.mark.parametrize("unit", [Unit.HOUR, Unit.MINUTE])
def test_hours_are_counted_as_they_pass(unit: Unit) -> None:
    span, moment = Duration(24, unit), datetime(2027, 3, 28, 12, tzinfo=UTC)
    exactly = span.before(moment)
    assert exactly < starts(span, False, moment, LONDON) < exactly + timedelta(seconds=1)
    assert free_from(span, False, exactly, LONDON) == moment
    assert last_period(span, moment, LONDON) == starts(span, False, moment, LONDON)


def test_a_day_begins_where_its_midnight_is_missing() -> None:
    # Clocks in Cairo go from 00:00 to 01:00 on 30 April 2027.
    assert midnight(date(2027, 4, 30), ZoneInfo("Africa/Cairo")) == datetime(2027, 4, 29, 22, tzinfo=UTC)


def read(text: str) -> Duration:
    count, unit = text.split()
    return Duration(int(count), Unit(unit.removesuffix("s")))
