"""Which runs a process sends by itself, how they take turns, and how long it leaves those alone whose way out fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import literal, select

from engine.app import outgoing
from engine.app.desk import Desk
from engine.app.outgoing import LONGEST_REST, is_due, rest_after
from engine.store import runs, variants
from engine.store.ledger import plan
from tests.acceptance.conftest import laid_out
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


class Kept:
    """Runs that are sent for as long as nobody tells them to stop, instead of letters."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began: list[int] = []
        self.changed = threading.Condition()
        monkeypatch.setattr(outgoing.dispatching, "prepared", lambda desk, run: run)
        monkeypatch.setattr(outgoing.dispatching, "send", self.send)

    def send(
        self,
        desk: Desk,
        run: runs.Run,
        limit: object,
        tell: object,
        stop: Callable[[], bool],
        *,
        by_schedule: bool,
    ) -> None:
        with self.changed:
            self.began.append(run.id)
            self.changed.notify_all()
        while not stop():
            time.sleep(0.01)

    def wait(self, number: int) -> list[int]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.began) >= number, 30)
            return sorted(self.began)


def test_where_more_is_due_than_there_is_room_everybody_has_a_turn(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six runs, four at once: the clock that gives turns is ours."""
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", database_url)
    desk = Desk.open(laid_out(tmp_path / "workspace").root).at(NOW)
    with desk.database.write() as connection:
        for number in range(6):
            run, _ = runs.get_or_create(connection, "digest", str(number), as_of=NOW, now=NOW)
            people = select(literal(number).label("customer"), literal("planned").label("state"))
            plan.freeze(connection, run.id, people, NOW)
            variant = variants.get_or_create(connection, run.id, "only", b"", "Hello", [], NOW)
            plan.assign(connection, run.id, [plan.Choice("", variant)])
            plan.open_run(connection, run.id, NOW)
            runs.change(connection, run.id, runs.READY, runs.SENDING, NOW)
    kept, clock, stopping = Kept(monkeypatch), [0.0], threading.Event()
    sending = outgoing.Outgoing(lambda: desk, stopping, lambda: clock[0])
    try:
        sending.begin()
        assert kept.wait(4) == [1, 2, 3, 4]
        clock[0] = outgoing.TURN + 1
        while sending.under_way:
            time.sleep(0.01)
        sending.begin()
        kept.wait(8)
        assert {5, 6} < set(kept.began[4:]), "who waited longest comes first"
        assert len(sending.under_way) == 4
    finally:
        stopping.set()
        assert sending.join(30)
        desk.close()
