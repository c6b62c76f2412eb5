"""Which runs a process sends by itself, and how long it leaves those alone whose way out fails. Pure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.app.outgoing import LONGEST_REST, is_due, rest_after
from engine.store import runs
from tests.builders import NOW

LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("state", "next_at", "due"),
    [
        (runs.SENDING, NOW, True),
        (runs.SENDING, LATER, False),
        (runs.SENDING, None, True),
        (runs.READY, NOW, False),
        (runs.PAUSED, NOW, False),
        (runs.PLANNING, None, False),
    ],
)
def test_only_what_has_begun_and_is_due(state: str, next_at: object, due: bool) -> None:
    assert is_due(runs.Waiting(1, "digest", "2027-01", state, None, next_at), NOW) is due  # type: ignore[arg-type]


def test_rests_grow_and_have_an_end() -> None:
    rests = [rest_after(failures) for failures in range(1, 40)]
    assert rests[:3] == [30.0, 60.0, 120.0]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST
