"""So many letters a day: which of them are put off to which day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.flows.deliver.rationing import same_hour_next_day
from engine.flows.plan.spreading import MOST_DAYS, turns

LONDON = ZoneInfo("Europe/London")


def at(day: int, hour: int = 9) -> datetime:
    """A moment of March 2027 on London's clock, which is put forward on the 28th."""
    return datetime(2027, 3, day, hour, tzinfo=LONDON)


def day(number: int) -> date:
    return date(2027, 3, number)


@pytest.mark.parametrize(
    ("due", "taken", "at_most", "put_off"),
    [
        ([(at(1), 3)], {}, 3, []),
        ([(at(1), 4)], {}, 3, [(4, 4, at(2))]),
        ([(at(1), 7)], {}, 3, [(4, 6, at(2)), (7, 7, at(3))]),
        ([(at(1), 3)], {day(1): 2, day(2): 1}, 2, [(1, 1, at(2)), (2, 3, at(3))]),
        ([(at(1), 2)], {day(1): 5}, 2, [(1, 2, at(2))]),
        ([(at(1), 3), (at(2), 2)], {}, 2, [(3, 3, at(2)), (5, 5, at(3))]),
        ([(at(1, 9), 1), (at(1, 20), 2)], {}, 2, [(3, 3, at(2, 20))]),
        ([(at(27), 2)], {}, 1, [(2, 2, at(28))]),
        ([], {}, 1, []),
    ],
    ids=["fits", "one-over", "days", "taken", "over-full", "two-days", "hours", "clock-change", "nothing"],
)
def test_the_rest_waits_for_the_first_day_with_room_at_the_hour_it_was_due(
    due: list[tuple[datetime, int]],
    taken: dict[date, int],
    at_most: int,
    put_off: list[tuple[int, int, datetime]],
) -> None:
    given = [(moment.astimezone(UTC), letters) for moment, letters in due]
    assert [tuple(turn) for turn in turns(given, taken, at_most, LONDON)] == put_off


def test_a_year_is_the_longest() -> None:
    assert len(turns([(at(1), MOST_DAYS + 1)], {}, 1, LONDON)) == MOST_DAYS
    with pytest.raises(ValueError, match="too many days"):
        turns([(at(1), MOST_DAYS + 2)], {}, 1, LONDON)


def test_the_next_day_has_the_same_hour_when_clocks_change() -> None:
    assert same_hour_next_day(at(27)) == at(28)
