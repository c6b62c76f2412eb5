"""A few rounds on every commit; hundreds by command (see the package)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.kills.rounds import disturbance, misbehaving, run_rounds
from tests.kills.world import PEOPLE, make_world

ROUNDS = 4


@pytest.mark.slow
def test_whatever_is_killed_nobody_is_lost_and_nobody_gets_a_letter_twice(
    database_url: str, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    log = tmp_path / "accepted.jsonl"
    with misbehaving(seed, log) as address:
        world = make_world(tmp_path, address, log, database_url)
        tally = run_rounds(world, ROUNDS, random.Random(seed), disturb=disturbance(database_url))
    assert not tally.faults, tally.faults
    assert tally.letters == ROUNDS * PEOPLE == tally.accepted + tally.uncertain
    assert (tally.doubled, tally.lost, tally.untrue) == (0, 0, 0)
    assert tally.kills
