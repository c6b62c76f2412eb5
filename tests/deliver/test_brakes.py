"""What stops a run by itself, as a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.flows.deliver.brakes import LEAST_EVENTS, LEAST_LETTERS, Brakes, reason_to_stop, too_late
from engine.model.counts import Fate
from tests.builders import NOW

STRICT = Brakes(bounces=0.03, complaints=0.001)


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate(0, 0, 0), ""),
        (Fate(10, 1, 0), ""),
        (Fate(10, 10, 10), ""),
        (Fate(LEAST_LETTERS - 1, 50, 0), ""),
        (Fate(LEAST_LETTERS, 3, 0), ""),
        (Fate(LEAST_LETTERS, 4, 0), "4 of 100 letters came back: 4.00%, and `stop_if` allows 3.00%"),
        (Fate(1000, 30, 0), ""),
        (Fate(1000, 31, 0), "31 of 1,000 letters came back: 3.10%, and `stop_if` allows 3.00%"),
        (Fate(900, 0, LEAST_EVENTS - 1), ""),
        (
            Fate(900, 0, LEAST_EVENTS),
            "3 of 900 letters were complained about: 0.33%, and `stop_if` allows 0.10%",
        ),
        (Fate(3000, 0, 3), ""),
    ],
)
def test_shares_count_once_enough_letters_are_out(fate: Fate, words: str) -> None:
    assert reason_to_stop(STRICT, fate) == words
    assert reason_to_stop(Brakes(), fate) == ""


def test_nothing_at_all_is_a_share_too() -> None:
    assert reason_to_stop(Brakes(complaints=0.0), Fate(500, 0, 3)) != ""
    assert Brakes(complaints=0.0).watching


def test_a_deadline_is_reached_at_its_moment() -> None:
    brakes = Brakes(deadline=NOW)
    assert [too_late(brakes, NOW + timedelta(seconds=s)) for s in (-1, 0, 1)] == [False, True, True]
    assert not too_late(Brakes(), NOW)
