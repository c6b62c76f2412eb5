"""Sharing customers out: phases against the plain rule, one customer after the other."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.flows.assign.sharing import Phase, in_turn, to_the_fewest

NAMES = ("priya", "tomas", "ines", "lea")


def told(phases: Sequence[Phase]) -> list[str]:
    """Who gets each customer, by these phases."""
    return [
        phase.names[(place - phase.start) % len(phase.names)]
        for phase in phases
        for place in range(phase.start, phase.end)
    ]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 60))
def test_each_goes_to_who_has_fewest_then(had: list[int], customers: int) -> None:
    names, counts, expected = NAMES[: len(had)], list(had), []
    for _ in range(customers):
        least = counts.index(min(counts))
        counts[least] += 1
        expected.append(names[least])
    phases = to_the_fewest(names, had, customers)
    assert told(phases) == expected
    assert len(phases) <= len(names)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 30), st.integers(0, 30))
def test_turns_go_on_where_they_ended(had: list[int], first: int, second: int) -> None:
    names = NAMES[: len(had)]
    before = told(in_turn(names, had, first))
    after = [number + before.count(name) for name, number in zip(names, had, strict=True)]
    assert before + told(in_turn(names, after, second)) == told(in_turn(names, had, first + second))
