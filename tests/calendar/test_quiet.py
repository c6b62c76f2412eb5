"""Quiet hours and the window of a schedule, against a judge that looks at every minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import closed, closes, quiet
from engine.definitions.schema.policy import QuietHours
from engine.definitions.schema.schedule import Window
from engine.definitions.schema.wording import Weekday
from tests.calendar.rules import SOME_WEEKDAYS

NIGHT = QuietHours.model_validate({"from": "20:00", "until": "08:00"})
MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
    "America/Santiago", "Africa/Casablanca", "Pacific/Kiritimati", "America/Havana",
)  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "moment", "until"),
    [
        ("Europe/London", "2027-01-05T12:00", None),
        ("Europe/London", "2027-01-05T19:59", None),
        ("Europe/London", "2027-01-05T20:00", "2027-01-06T08:00"),
        ("Europe/London", "2027-01-06T07:59", "2027-01-06T08:00"),
        ("Europe/London", "2027-01-06T08:00", None),
        ("Europe/London", "2027-03-27T22:00", "2027-03-28T07:00"),
        ("Asia/Tokyo", "2027-01-05T12:00", "2027-01-05T23:00"),
    ],
)
def test_a_night_is_waited_for(zone: str, moment: str, until: str | None) -> None:
    found = quiet(NIGHT, (), ZoneInfo(zone), datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)


def test_a_day_without_letters_joins_the_night_before_and_after_it() -> None:
    friday = datetime(2027, 1, 8, 21, tzinfo=UTC)
    weekend = [Weekday.SATURDAY, Weekday.SUNDAY]
    assert quiet(NIGHT, weekend, ZoneInfo("UTC"), friday) == datetime(2027, 1, 11, 8, tzinfo=UTC)
    assert quiet(None, weekend, ZoneInfo("UTC"), friday) is None
    assert quiet(None, weekend, ZoneInfo("UTC"), friday + timedelta(hours=3)) == datetime(
        2027, 1, 11, tzinfo=UTC
    )


def test_where_clocks_go_back_into_an_hour_that_is_not_quiet_it_begins_with_the_change() -> None:
    hours = QuietHours.model_validate({"from": "01:30", "until": "05:00"})
    moment = datetime(2027, 10, 31, 0, 40, tzinfo=UTC)  # 01:40 in London, for the first time
    assert quiet(hours, (), ZoneInfo("Europe/London"), moment) == datetime(2027, 10, 31, 1, tzinfo=UTC)


def test_hours_that_end_where_they_begin_are_none() -> None:
    hours = QuietHours.model_construct(from_=time(9), until=time(9))
    assert quiet(hours, (), ZoneInfo("UTC"), datetime(2027, 1, 5, 9, tzinfo=UTC)) is None


def test_a_week_without_an_open_day_is_a_mistake_and_no_endless_search() -> None:
    with pytest.raises(ValueError, match="no moment of the week is open"):
        quiet(None, list(Weekday), ZoneInfo("UTC"), datetime(2027, 1, 5, 9, tzinfo=UTC))


MOMENTS = st.one_of(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
    # The nights in which clocks are changed, and the day Samoa left out.
    st.tuples(
        st.sampled_from(
            [datetime(2027, 3, 14), datetime(2027, 3, 28), datetime(2027, 4, 4), datetime(2027, 10, 3),
             datetime(2027, 10, 31), datetime(2027, 11, 7), datetime(2011, 12, 30), datetime(2027, 9, 5)]
        ),
        st.integers(-1500, 1500),
    ).map(lambda pair: pair[0] + timedelta(minutes=pair[1])),
).map(lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC))  # fmt: skip
TIMES = st.times().map(lambda at: at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0))


@settings(deadline=None, max_examples=100)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    moment=MOMENTS,
    hours=st.one_of(st.none(), st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1])),
    days=st.one_of(st.just([]), SOME_WEEKDAYS.filter(lambda days: len(days) < 7)),
)
def test_the_wait_ends_with_the_first_minute_that_is_not_quiet(
    zone: ZoneInfo, moment: datetime, hours: tuple[time, time] | None, days: list[str]
) -> None:
    rule = QuietHours.model_construct(from_=hours[0], until=hours[1]) if hours else None
    not_on = [day for day in Weekday if day.value[:3] in days]

    def is_quiet(at: datetime) -> bool:
        wall = at.astimezone(zone)
        if wall.weekday() in {day.number for day in not_on}:
            return True
        if hours is None:
            return False
        minutes = [(one.hour * 60 + one.minute) for one in (hours[0], wall.time(), hours[1])]
        return (minutes[1] - minutes[0]) % 1440 < (minutes[2] - minutes[0]) % 1440

    expected = moment
    while is_quiet(expected):
        expected += MINUTE
    found = quiet(rule, not_on, zone, moment)
    assert found == (expected if expected != moment else None)
    assert quiet(rule, not_on, zone, expected) is None


@pytest.mark.parametrize(
    ("window", "moment", "opens"),
    [
        ({"from": "09:00", "until": "17:00"}, "2027-01-05T09:00", None),
        ({"from": "09:00", "until": "17:00"}, "2027-01-05T17:00", "2027-01-06T09:00"),
        ({"from": "18:00", "until": "02:00"}, "2027-01-05T01:59", None),
        ({"from": "18:00", "until": "02:00"}, "2027-01-05T02:00", "2027-01-05T18:00"),
        ({"days": ["mon"]}, "2027-01-05T12:00", "2027-01-11T00:00"),
        ({"from": "09:00", "until": "17:00", "days": ["mon", "tue"]}, "2027-01-05T18:00", "2027-01-11T09:00"),
    ],
)
def test_a_window_is_waited_for(window: dict[str, Any], moment: str, opens: str | None) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    found = closed(Window.model_validate(window), ZoneInfo("UTC"), at)
    assert found == (datetime.fromisoformat(opens).replace(tzinfo=UTC) if opens else None)
    assert closed(None, ZoneInfo("UTC"), at) is None


@settings(deadline=None, max_examples=60)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    moment=MOMENTS,
    hours=st.one_of(st.none(), st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1])),
    days=SOME_WEEKDAYS,
)
def test_a_window_closes_with_the_first_minute_that_is_not_in_it(
    zone: ZoneInfo, moment: datetime, hours: tuple[time, time] | None, days: list[str]
) -> None:
    window = Window.model_construct(
        from_=hours[0] if hours else None,
        until=hours[1] if hours else None,
        days=tuple(day for day in Weekday if day.value[:3] in days),
    )
    moment = closed(window, zone, moment) or moment
    expected, end = moment + MINUTE, moment + timedelta(days=8)
    while expected < end and closed(window, zone, expected) is None:
        expected += MINUTE
    assert closes(window, zone, moment) == (expected if expected < end else None)
    assert closes(None, zone, moment) is None
