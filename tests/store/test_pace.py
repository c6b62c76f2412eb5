"""The row of a way out: what is written is read again, and only the first of two writers wins."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from engine.store import pace
from engine.store.database import Database
from engine.store.pace import Pace
from tests.builders import NOW

FRESH = Pace(tokens=12.5, refilled_at=NOW, changed_at=NOW)
TROUBLED = Pace(
    tokens=0.1 + 0.2,
    refilled_at=NOW + timedelta(microseconds=1),
    changed_at=NOW,
    rate=1 / 3,
    ceiling=100.0,
    failures=4,
    open_until=NOW + timedelta(minutes=1),
    probe="0123456789abcdef",
    reason="api.example.org: nobody is there",
)


def test_what_is_written_is_read_again(database: Database) -> None:
    with database.write() as connection:
        assert pace.read(connection, "postmark") is None
        assert pace.write(connection, "postmark", None, FRESH)
        assert pace.read(connection, "postmark") == FRESH
        assert pace.write(connection, "postmark", FRESH, TROUBLED)
        assert pace.read(connection, "postmark") == TROUBLED
        pace.give_back(connection, "postmark", 7)
        assert pace.read(connection, "postmark") == replace(TROUBLED, tokens=TROUBLED.tokens + 7)
        pace.forget(connection, "postmark")
        assert pace.read(connection, "postmark") is None


def test_who_comes_second_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        assert pace.write(connection, "postmark", None, FRESH)
        assert not pace.write(connection, "postmark", None, TROUBLED)
        for changed in (
            replace(FRESH, tokens=12.4),
            replace(FRESH, refilled_at=NOW - timedelta(microseconds=1)),
            replace(FRESH, changed_at=NOW - timedelta(microseconds=1)),
            replace(FRESH, failures=1),
            replace(FRESH, open_until=NOW),
        ):
            assert not pace.write(connection, "postmark", changed, TROUBLED)
        assert pace.read(connection, "postmark") == FRESH


def test_threads_that_take_at_once_take_everything_once(database: Database) -> None:
    with database.write() as connection:
        pace.write(connection, "postmark", None, replace(FRESH, tokens=40.0))
    taken = [0, 0, 0, 0]

    def take(place: int) -> None:
        while True:
            with database.write() as connection:
                found = pace.read(connection, "postmark")
                assert found is not None
                if found.tokens < 1:
                    return
                taken[place] += pace.write(
                    connection, "postmark", found, replace(found, tokens=found.tokens - 1)
                )

    threads = [threading.Thread(target=take, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 40
