"""The days of a schedule: a table a person can check, dateutil as an independent judge, and the names."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.calendar import between, occurrence, occurrences
from tests.calendar.effort import calls
from tests.calendar.rules import RHYTHMS, WEEKDAYS, campaign, schedule

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "Asia/Kathmandu",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))


def days(written: dict[str, Any], after: str, count: int) -> list[str]:
    found = occurrences(schedule(written), datetime.fromisoformat(after).replace(tzinfo=UTC), LONDON)
    return [str(one.day) for one in islice(found, count)]


@pytest.mark.parametrize(
    ("written", "after", "expected"),
    [
        ({"every": "day"}, "2026-11-27T09:00", "2026-11-28 2026-11-29 2026-11-30"),
        ({"every": "day"}, "2026-11-27T08:59", "2026-11-27 2026-11-28"),
        ({"every": "day", "days": ["mon", "fri"]}, "2026-11-27T10:00", "2026-11-30 2026-12-04 2026-12-07"),
        ({"every": "3 days", "starting": "2026-12-01"}, "2026-01-01", "2026-12-01 2026-12-04"),
        ({"every": "week"}, "2026-11-27", "2026-11-30 2026-12-07"),
        ({"every": "week", "starting": "2026-12-03"}, "2026-11-27", "2026-12-03 2026-12-10"),
        ({"every": "week", "days": ["thu", "tue"]}, "2026-11-27", "2026-12-01 2026-12-03 2026-12-08"),
        ({"every": "2 weeks", "starting": "2027-01-05"}, "2026-11-27", "2027-01-05 2027-01-19"),
        (
            {"every": "2 weeks", "starting": "2027-01-05", "days": ["mon", "tue"]},
            "2026-11-27",
            "2027-01-05 2027-01-18 2027-01-19 2027-02-01",
        ),
        ({"every": "month"}, "2026-11-27", "2026-12-01 2027-01-01"),
        ({"every": "month", "day": "first tuesday"}, "2026-11-27", "2026-12-01 2027-01-05 2027-02-02"),
        ({"every": "month", "day": "last fri"}, "2026-11-28", "2026-12-25 2027-01-29 2027-02-26"),
        ({"every": "month", "day": "last day"}, "2027-01-30T12:00", "2027-01-31 2027-02-28 2027-03-31"),
        ({"every": "month", "day": "day 31"}, "2027-01-30T12:00", "2027-01-31 2027-02-28 2027-03-31"),
        ({"every": "month", "starting": "2027-01-30"}, "2027-01-01", "2027-01-30 2027-02-28 2027-03-30"),
        (
            {"every": "month", "day": "day 15", "days": ["mon", "tue", "wed", "thu", "fri"]},
            "2027-04-30",
            "2027-05-17 2027-06-15 2027-07-15 2027-08-16",
        ),
        ({"every": "month", "day": "last day", "days": ["fri"]}, "2027-01-01", "2027-01-29 2027-02-26"),
        ({"every": "month", "days": ["tue"]}, "2027-01-01", "2027-01-05 2027-02-02"),
        ({"every": "3 months", "starting": "2026-02-10"}, "2026-02-10T12:00", "2026-05-10 2026-08-10"),
        ({"every": "year"}, "2026-11-27", "2027-01-01 2028-01-01"),
        ({"every": "year", "starting": "2028-02-29"}, "2026-11-27", "2028-02-29 2029-02-28"),
        ({"every": "2 years", "starting": "2027-03-20", "day": "day 15"}, "2026-11-27", "2029-03-15 2031-03-15"),
        ({"every": "day", "skip_dates": ["2026-12-25", "2026-12-26"]}, "2026-12-24", "2026-12-24 2026-12-27"),
        ({"every": "month", "until": "2027-01-31"}, "2026-11-27", "2026-12-01 2027-01-01 end"),
        ({"once": "2027-01-05 09:30"}, "2026-11-27", "2027-01-05 end"),
        ({"once": "2027-01-05 09:30"}, "2027-01-05T09:30", "end"),
        ({"before": "renewal_date", "by": "30 days"}, "2026-11-27T12:00", "2026-11-28 2026-11-29"),
        ({"after": "signed_up_at", "days": ["mon"]}, "2026-11-27", "2026-11-30 2026-12-07"),
        ({"every": "7 days", "starting": "2026-12-01", "days": ["mon"]}, "2026-11-27", "end"),
        ({"every": "999999 years", "starting": "2027-01-01"}, "2026-11-27", "2027-01-01 end"),
        ({"every": "day", "starting": "9998-12-30"}, "2026-11-27", "9998-12-30 9998-12-31 end"),
    ],
)  # fmt: skip
def test_the_days_of_a_schedule(written: dict[str, Any], after: str, expected: str) -> None:
    wanted = expected.split()
    if wanted[-1] == "end":
        assert days(written, after, len(wanted)) == wanted[:-1]
    else:
        assert days(written, after, len(wanted)) == wanted


def test_without_a_time_it_is_nine_o_clock() -> None:
    first = next(occurrences(schedule({"every": "day"}), datetime(2027, 6, 1, tzinfo=UTC), LONDON))
    assert (first.time, first.at(LONDON)) == (time(9), datetime(2027, 6, 1, 8, tzinfo=UTC))


def test_on_the_readers_clock_it_opens_in_kiritimati_and_closes_on_baker_island() -> None:
    written = {"every": "day", "at": "09:30", "time_zone": "recipient"}
    first = next(occurrences(schedule(written), datetime(2027, 6, 1, tzinfo=UTC), LONDON))
    assert first.opens("recipient") == datetime(2027, 6, 1, 19, 30, tzinfo=UTC)
    assert first.day == date(2027, 6, 2)
    assert first.closes("recipient") == datetime(2027, 6, 2, 21, 30, tzinfo=UTC)


def test_a_named_zone_stands_above_the_projects() -> None:
    written = {"every": "week", "days": ["mon"], "at": "06:00", "time_zone": "Asia/Tokyo"}
    first = next(occurrences(schedule(written), datetime(2027, 6, 1, tzinfo=UTC), LONDON))
    assert first.at(ZoneInfo("Asia/Tokyo")) == datetime(2027, 6, 6, 21, tzinfo=UTC)
    assert occurrence(campaign(written), first.at(ZoneInfo("Asia/Tokyo")), LONDON) == first.name == "2027-W23"


# What dateutil says, where it has the same form: no day is moved by `days`, no month too short for the day.
FREQUENCIES = {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY}
NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}


@settings(deadline=None)
@given(
    unit=st.sampled_from(["day", "week"]),
    count=st.integers(1, 30),
    start=st.dates(date(1999, 1, 1), date(2040, 12, 31)),
    weekdays=st.lists(st.sampled_from(WEEKDAYS), max_size=7, unique=True),
    ahead=st.integers(-500, 5000),
)
def test_days_and_weeks_are_those_of_dateutil(
    unit: str, count: int, start: date, weekdays: list[str], ahead: int
) -> None:
    # Every seventh day, and that never a Monday: dateutil looks for it to the end of its calendar.
    assume(unit == "week" or count % 7 or not weekdays or WEEKDAYS[start.weekday()] in weekdays)
    written: dict[str, Any] = {"every": f"{count} {unit}s", "starting": str(start)}
    if weekdays:
        written["days"] = weekdays
    rule = rrule.rrule(
        FREQUENCIES[unit],
        interval=count,
        dtstart=datetime.combine(start, time(9)),
        byweekday=[WEEKDAYS.index(day) for day in weekdays] or None,
        until=datetime.combine(start, time(9)) + timedelta(days=7000),
    )
    after = datetime.combine(start, time(12)) + timedelta(days=ahead)
    expected = [moment.date() for moment in islice(rule.xafter(after), 12)]
    found = occurrences(schedule(written), after.replace(tzinfo=UTC), ZoneInfo("UTC"))
    assert [one.day for one in islice(found, len(expected))] == expected


@settings(deadline=None)
@given(
    count=st.integers(1, 30),
    start=st.dates(date(1999, 1, 1), date(2040, 12, 31)),
    day=st.one_of(
        st.integers(1, 28), st.tuples(st.sampled_from(list(NTH)), st.sampled_from(WEEKDAYS)), st.just(-1)
    ),
    ahead=st.integers(-500, 5000),
)
def test_months_are_those_of_dateutil(
    count: int, start: date, day: int | tuple[str, str], ahead: int
) -> None:
    when: dict[str, Any]
    if isinstance(day, tuple):
        words = " ".join(day)
        when = {"byweekday": rrule.weekday(WEEKDAYS.index(day[1]), NTH[day[0]])}
    else:
        words = "last day" if day == -1 else f"day {day}"
        when = {"bymonthday": day}
    begins = datetime.combine(start, time(9))
    rule = rrule.rrule(
        rrule.MONTHLY, interval=count, dtstart=begins, until=begins + timedelta(days=20000), **when
    )
    after = datetime.combine(start, time(12)) + timedelta(days=ahead)
    expected = [moment.date() for moment in islice(rule.xafter(after), 8)]
    written = {"every": f"{count} months", "starting": str(start), "day": words}
    found = occurrences(schedule(written), after.replace(tzinfo=UTC), ZoneInfo("UTC"))
    assert [one.day for one in islice(found, len(expected))] == expected


@settings(deadline=None)
@given(written=RHYTHMS, after=MOMENTS, zone=ZONES)
def test_an_occurrence_has_the_name_of_its_moment(
    written: dict[str, Any], after: datetime, zone: ZoneInfo
) -> None:
    found = list(islice(occurrences(schedule(written), after, zone), 6))
    assert [occurrence(campaign(written), one.at(zone), zone) for one in found] == [one.name for one in found]
    assert len({one.name for one in found}) == len(found)


@settings(deadline=None)
@given(written=RHYTHMS, after=MOMENTS, zone=ZONES, whose=st.sampled_from(["project", "recipient"]))
def test_they_come_in_order_and_none_is_passed_over_wherever_one_begins(
    written: dict[str, Any], after: datetime, zone: ZoneInfo, whose: str
) -> None:
    rule = schedule({**written, "time_zone": whose})
    clock = "recipient" if whose == "recipient" else zone
    found = list(islice(occurrences(rule, after, zone), 6))
    opens = [one.opens(clock) for one in found]  # type: ignore[arg-type]
    assert opens == sorted(opens)
    assert all(moment > after for moment in opens)
    for index, moment in enumerate(opens[:-1]):
        assert list(islice(occurrences(rule, moment, zone), 1)) == [found[index + 1]]
        assert list(between(rule, after, moment, zone)) == found[: index + 1]


@pytest.mark.parametrize("every", ["day", "3 days", "week", "2 weeks", "month", "5 months", "year"])
def test_a_look_at_a_minute_does_not_count_from_the_beginning(every: str) -> None:
    moment = datetime(2027, 1, 4, 9, tzinfo=UTC)
    young, old = ({"every": every, "starting": start} for start in ("2026-01-04", "1970-01-04"))
    assert calls(old, moment) <= calls(young, moment) + 20 < 150


def test_what_is_always_left_out_is_not_looked_for_until_the_end_of_time() -> None:
    rule = {"every": "year", "starting": "2026-12-25", "skip_holidays": "US"}
    assert calls(rule, datetime(2027, 1, 4, 9, tzinfo=UTC)) < 60_000
