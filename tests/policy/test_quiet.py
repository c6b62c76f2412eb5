"""Quiet hours and closed days: the next open moment, on the clock they name."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engine.definitions.schema.wording import Weekday
from engine.policy.quiet import Hours, Quiet, next_open

NIGHT = Quiet(Hours(time(20), time(8)))
SUNDAYS = Quiet(Hours(time(20), time(8)), (Weekday.SUNDAY,))
NOON = Quiet(Hours(time(12), time(13, 30)))


@pytest.mark.parametrize(
    ("quiet", "zone", "moment", "opens"),
    [
        (NIGHT, "Europe/London", "2027-01-05T19:59", "2027-01-05T19:59"),
        (NIGHT, "Europe/London", "2027-01-05T20:00", "2027-01-06T08:00"),
        (NIGHT, "Europe/London", "2027-01-06T07:59", "2027-01-06T08:00"),
        (NIGHT, "Europe/London", "2027-01-06T08:00", "2027-01-06T08:00"),
        (NOON, "Europe/London", "2027-01-06T12:00", "2027-01-06T13:30"),
        (NOON, "Europe/London", "2027-01-06T13:30", "2027-01-06T13:30"),
        (SUNDAYS, "Europe/London", "2027-01-09T21:00", "2027-01-11T08:00"),
        (SUNDAYS, "Europe/London", "2027-01-10T12:00", "2027-01-11T08:00"),
        # 09:30 UTC is night in Los Angeles and the evening in Auckland.
        (NIGHT, "America/Los_Angeles", "2027-01-05T09:30", "2027-01-05T16:00"),
        (NIGHT, "Pacific/Auckland", "2027-01-05T09:30", "2027-01-05T19:00"),
        # Clocks go forward at 01:00 on 28 March: 08:00 comes an hour earlier.
        (NIGHT, "Europe/London", "2027-03-27T21:00", "2027-03-28T07:00"),
        # 01:30 does not exist that night, and comes twice on 31 October.
        (Quiet(Hours(time(0), time(1, 30))), "Europe/London", "2027-03-28T00:10", "2027-03-28T01:00"),
        (Quiet(Hours(time(0), time(1, 30))), "Europe/London", "2027-10-31T00:10", "2027-10-31T00:30"),
    ],
)
def test_the_next_open_moment(quiet: Quiet, zone: str, moment: str, opens: str) -> None:
    found = next_open(quiet, ZoneInfo(zone), datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert found.isoformat() == f"{opens}:00+00:00"


def test_the_hours_are_read_on_the_clock_they_name() -> None:
    own, project = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/London")
    assert Quiet(zone="recipient").clock(own, project) is own
    assert Quiet(zone="project").clock(own, project) is project
    assert Quiet(zone="America/New_York").clock(own, project) == ZoneInfo("America/New_York")
