"""A few hundred worlds on every commit, thousands by command; a world is the same every time; a broken sender is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from engine.flows.deliver import doubts, reconciling
from engine.store.ledger.unanswered import Unanswered
from tests.simulator.promises import Broken
from tests.simulator.runner import Tally, Worlds, worlds

SHARE, SHARES = 50, 4
SEARCHED = 300
"""So many worlds at most until a mistake shows: it needs its own misfortune to matter."""


@pytest.fixture(scope="module")
def made() -> Iterator[Worlds]:
    with worlds() as place:
        yield place


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_every_promise_is_kept_in_every_world(made: Worlds, share: int) -> None:
    tally = Tally()
    for seed in range(share * SHARE, (share + 1) * SHARE):
        tally.add(made.live(seed))
    assert tally.worlds == SHARE
    assert tally.arrived > tally.letters / 2
    assert tally.deaths


def test_a_world_is_the_same_every_time(made: Worlds) -> None:
    for seed in (1, 2, 3):
        assert made.live(seed).trace == made.live(seed).trace


def live_through(made: Worlds, start: int) -> None:
    for seed in range(start, start + SEARCHED):
        made.live(seed)


def no_settling(patch: pytest.MonkeyPatch) -> None:
    """Believes a search that finds nothing at once."""
    patch.setattr(doubts, "SETTLING_LAGS", 0)
    patch.setattr(doubts, "LONGEST_CALL", timedelta(0))
    patch.setattr(doubts, "CLOCK_STEP", timedelta(0))


def no_margin(patch: pytest.MonkeyPatch) -> None:
    """Repeats calls whose keys are long forgotten."""
    patch.setattr(doubts, "MARGIN", timedelta(days=-3))


def any_part(patch: pytest.MonkeyPatch) -> None:
    """Repeats what is left of a call that was sent in parts."""
    patch.setattr(Unanswered, "is_whole", property(lambda call: len(call.letters) == call.messages))


def no_last_look(patch: pytest.MonkeyPatch) -> None:
    """Repeats letters to people who have left."""
    patch.setattr(reconciling, "look", lambda *_: {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mistake", "start"), [(no_settling, 30), (no_margin, 86), (any_part, 157), (no_last_look, 73)]
)
def test_a_sender_with_a_mistake_is_found_out(
    made: Worlds, monkeypatch: pytest.MonkeyPatch, mistake: Callable[[pytest.MonkeyPatch], None], start: int
) -> None:
    """`start`: a few worlds before the first in which it mattered when this was written."""
    mistake(monkeypatch)
    with pytest.raises(Broken) as broken:
        live_through(made, start)
    assert any("python -m tests.simulator --seed" in note for note in broken.value.__notes__)
