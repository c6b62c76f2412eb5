"""Tiers are computed once in a period, whoever does it, and whatever stops it half-way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from engine.app import tiering
from engine.app.desk import Desk as OpenDesk
from engine.flows.tiers.computing import Computing
from engine.store import tables
from tests.acceptance.conftest import laid_out
from tests.acceptance.test_tiers import TIERS


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with customers on a database of its own."""
    house = laid_out(tmp_path / "workspace").filled_on(database_url)
    house.write("config/tiers.yaml", TIERS)
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    monkeypatch.delenv("TOUCHBASE_NOW", raising=False)
    return house.root


def changes(desk: OpenDesk) -> int:
    query = select(func.count()).where(tables.events.c.name == "tier_changed")
    with desk.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def test_two_at_once_compute_once(folder: Path) -> None:
    desks = [OpenDesk.open(folder) for _ in range(2)]
    start = Barrier(2)

    def compute(desk: OpenDesk) -> bool:
        assert desk.fields
        start.wait()
        return tiering.recompute(desk) is not None

    with ThreadPoolExecutor(2) as pool:
        did = list(pool.map(compute, desks))
    assert sorted(did) == [False, True]
    assert changes(desks[0]) == 3
    assert tiering.recompute(desks[0]) is None
    for desk in desks:
        desk.close()


def test_who_is_stopped_half_way_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = OpenDesk.open(folder)
    apply = Computing.apply

    def stopped(computing: Computing) -> int:
        apply(computing)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Computing, "apply", stopped)
        with pytest.raises(KeyboardInterrupt):
            tiering.recompute(desk)
    assert changes(desk) == 0
    done = tiering.recompute(desk)
    assert done is not None
    assert changes(desk) == done.moving == 3
    desk.close()


def test_a_tier_given_while_scores_are_worked_out_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, other = OpenDesk.open(folder), OpenDesk.open(folder)
    assert other.fields
    given = []

    with monkeypatch.context() as patched:
        report = tiering._report

        def reported(*args: object, **named: object) -> object:
            found = report(*args, **named)  # type: ignore[arg-type]
            if not given:
                given.append(tiering.give(other, "c1", "gold", "a friend"))
            return found

        patched.setattr(tiering, "_report", reported)
        tiering.recompute(desk)
    assert given[0].before == "gold"
    assert tiering.explain(desk, "c1").now == "gold"
    for each in (desk, other):
        each.close()
