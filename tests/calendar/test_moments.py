"""The instant of a wall time, against a slow judge that looks at every minute, in every zone of the database."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendar import Occurrence, first_instant
from tests.corpus import corpus_path

MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones() - {"localtime"})


def first_minute(wall: datetime, zone: ZoneInfo, start: datetime) -> datetime:
    """The judge: from `start` on, the first UTC minute at which the wall shows `wall` or has passed it."""
    moment = start
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += MINUTE
    return moment


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("Europe/London", "2027-03-28T01:30", "2027-03-28T01:00"),
        ("Europe/London", "2027-10-31T01:30", "2027-10-31T00:30"),
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:00"),
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2027-04-04T01:45", "2027-04-03T14:45"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-29T09:00", "2011-12-29T19:00"),
        ("Pacific/Apia", "2011-12-31T09:00", "2011-12-30T19:00"),
        ("Pacific/Kwajalein", "1993-08-21T09:00", "1993-08-21T12:00"),
        ("Asia/Pyongyang", "2018-05-04T23:45", "2018-05-04T15:00"),
        ("Africa/Casablanca", "2027-02-07T02:30", "2027-02-07T01:30"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00"),
        ("Europe/Istanbul", "2016-10-30T03:30", "2016-10-30T00:30"),
        ("Asia/Kathmandu", "2027-01-05T09:30", "2027-01-05T03:45"),
        ("Europe/London", "2040-07-01T09:30", "2040-07-01T08:30"),
    ],
)
def test_the_instant_of_a_wall_time(zone: str, wall: str, expected: str) -> None:
    found = first_instant(datetime.fromisoformat(wall), ZoneInfo(zone))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


@settings(deadline=None, max_examples=100)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    wall=st.datetimes(datetime(1973, 1, 1), datetime(2045, 1, 1)).map(
        lambda at: at.replace(second=0, microsecond=0)
    ),
)
def test_any_wall_time_in_any_zone(zone: ZoneInfo, wall: datetime) -> None:
    assert first_instant(wall, zone) == first_minute(
        wall, zone, wall.replace(tzinfo=UTC) - timedelta(hours=15)
    )


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
    """The minutes at which a zone's clocks are changed between two moments."""
    found = []
    day = first
    while day < last:
        start, end = day, day + timedelta(days=1)
        if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            while end - start > MINUTE:
                middle = start + (end - start) // (2 * MINUTE) * MINUTE
                if middle.astimezone(zone).utcoffset() == start.astimezone(zone).utcoffset():
                    start = middle
                else:
                    end = middle
            found.append(end)
        day += timedelta(days=1)
    return found


def test_every_wall_time_around_every_change_of_a_year() -> None:
    seen: set[tuple[datetime, timedelta | None]] = set()
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes(zone, datetime(2026, 6, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)):
            before = (change - MINUTE).astimezone(zone)
            if (change, before.utcoffset()) in seen:
                continue  # the same clocks under another name
            seen.add((change, before.utcoffset()))
            start = change - timedelta(hours=4)
            for minutes in range(-135, 136, 15):
                wall = before.replace(tzinfo=None) + timedelta(minutes=minutes)
                assert first_instant(wall, zone) == first_minute(wall, zone, start), (name, wall)
    assert len(seen) > 30


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    day=st.dates(date(1996, 1, 1), date(2045, 1, 1)),
    at=st.times().map(lambda at: at.replace(microsecond=0)),
)
def test_everybody_is_due_between_the_first_and_the_last_place_on_earth(
    zone: ZoneInfo, day: date, at: time
) -> None:
    found = Occurrence("once", day, at)
    missing = first_instant(datetime.combine(day, at), zone).astimezone(zone).date() != day
    assert found.opens("recipient") <= found.at(zone)
    assert missing or found.at(zone) <= found.closes("recipient")
    assert found.opens(zone) == found.at(zone) == found.closes(zone)


def recorded_zone(name: str) -> ZoneInfo:
    """A zone from the package `tzdata`, which the changes were recorded from: a machine's own may be older."""
    with files("tzdata.zoneinfo").joinpath(name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@pytest.mark.corpus
def test_every_recorded_change_of_twenty_years() -> None:
    with corpus_path("schedules", "tz_transitions_2011_2030.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 900
    second = timedelta(seconds=1)
    for row in rows:
        zone = recorded_zone(row["zone"])
        change = datetime.fromisoformat(row["instant_utc"].replace("Z", "+00:00"))
        last = datetime.fromisoformat(row["last_local_before"])
        first = datetime.fromisoformat(row["first_local_after"])
        width = timedelta(seconds=int(row["delta_s"]))
        if row["kind"] == "gap":
            assert first_instant(last, zone) == change - second, row
            for wall in (last + second, last + width / 2, first - second, first):
                assert first_instant(wall, zone) == change, row
        elif row["kind"] == "overlap":
            assert first_instant(first, zone) == change + width, row
            assert first_instant(last, zone) == change - second, row
            assert first_instant(last + second, zone) == change - width, row
        else:
            assert first_instant(first, zone) == change, row
