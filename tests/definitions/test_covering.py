"""Who stands in for whom: days, chains of covers and circles."""

from __future__ import annotations

from datetime import date

import pytest

from engine.definitions.covering import circles, covered_by, line_of_covers, next_change, present
from engine.definitions.schema.senders import Sender


def senders(**away: tuple[int, int, str]) -> dict[str, Sender]:
    """Four people; `away`: first and last day of February 2027, and the cover."""
    found = {}
    for name in ("team", "priya", "tomas", "ines"):
        written: dict[str, object] = {"name": name.title(), "email": f"{name}@b.example"}
        if name in away:
            first, last, cover = away[name]
            days = {"from": f"2027-02-{first:02}", "until": f"2027-02-{last:02}"}
            written["away"] = {**days, "cover": cover}
        found[name] = Sender.model_validate(written)
    return found


CHAIN = senders(priya=(8, 12, "tomas"), tomas=(10, 20, "team"))


@pytest.mark.parametrize(
    ("day", "line"),
    [
        (7, ("priya",)),
        (8, ("priya", "tomas")),
        (9, ("priya", "tomas")),
        (10, ("priya", "tomas", "team")),
        (12, ("priya", "tomas", "team")),
        (13, ("priya",)),
    ],
)
def test_covers_follow_each_other_on_the_days_on_which_each_is_away(day: int, line: tuple[str, ...]) -> None:
    when = date(2027, 2, day)
    assert line_of_covers(CHAIN, "priya", when) == line
    assert present(CHAIN, "priya", when) == line[-1]
    assert ("priya" in covered_by(CHAIN, "team", when)) == (line[-1] == "team")


def test_the_days_on_which_somebody_else_stands_in_are_known_beforehand() -> None:
    turns = [date(2027, 2, 1)]
    while (turn := next_change(CHAIN, turns[-1])) is not None:
        turns.append(turn)
    assert [turn.day for turn in turns[1:]] == [8, 10, 13, 21]


@pytest.mark.parametrize(
    ("away", "alone"),
    [
        ({"priya": (8, 12, "tomas"), "tomas": (12, 20, "priya")}, {"priya": 12, "tomas": 12}),
        ({"priya": (8, 12, "tomas"), "tomas": (13, 20, "priya")}, {}),
        (
            {"priya": (1, 9, "tomas"), "tomas": (2, 9, "ines"), "ines": (3, 9, "tomas")},
            {"priya": 3, "tomas": 3, "ines": 3},
        ),
        ({"priya": (1, 9, "tomas"), "tomas": (2, 9, "ines"), "ines": (3, 9, "team")}, {}),
    ],
    ids=["a-common-day", "one-after-the-other", "a-circle-further-on", "a-line"],
)
def test_a_circle_is_one_only_on_a_day_on_which_all_of_it_are_away(
    away: dict[str, tuple[int, int, str]], alone: dict[str, int]
) -> None:
    assert {name: day.day for name, day in circles(senders(**away))} == alone
