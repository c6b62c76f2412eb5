"""Processes that die at any moment: nothing leaves twice, nothing is forgotten, all of it adds up."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from engine.store import crash, runs, tables
from engine.store.counts import counts
from engine.store.database import open_database
from engine.store.ledger import recovery
from tests.builders import NOW, add_customers, states
from tests.nursery import Born
from tests.store.sender import BATCH, STOP, make_plan

PEOPLE = 23
ROOT = Path(__file__).resolve().parents[2]
PLANNING = ("freeze", "assign", "open_run")
SCHEDULED = ("after_plan", "after_begin")
"""Places of the app's; tests/schedules/ dies there."""
SENDING = tuple(place for place in crash.PLACES if place not in PLANNING + SCHEDULED)


def start(what: str, url: str, log: Path, place: str = "") -> Born:
    environment = {**os.environ, crash.VARIABLE: place}
    return Born("tests.store.sender", [what, url, str(log)], ROOT, environment)


def finished(process: Born) -> int:
    _, complaint = process.communicate(timeout=120)
    assert process.returncode in {0, crash.EXIT_STATUS, -signal.SIGKILL}, complaint
    return process.returncode


def planned(url: str) -> None:
    with open_database(url) as database:
        add_customers(database, PEOPLE)
        make_plan(database)


def left_the_house(log: Path) -> Counter[str]:
    return Counter(log.read_text().split()) if log.exists() else Counter()


def check(url: str, log: Path) -> None:
    """Everybody is accepted or uncertain; who is accepted was written to once, nobody twice."""
    sent = left_the_house(log)
    assert all(times == 1 for times in sent.values()), "a letter left twice"
    with open_database(url) as database, database.read() as connection:
        (run,) = runs.recent(connection)
        total = counts(connection, run.id)
        table = tables.deliveries
        ended = {str(row[0]): row[1] for row in connection.execute(select(table.c.id, table.c.state))}
        signed_on = connection.execute(select(tables.workers.c.boot)).all()
    assert total.selected == PEOPLE == total.accepted + total.uncertain
    assert all(ended[delivery] in {"accepted", "uncertain"} for delivery in sent)
    assert all(delivery in sent for delivery, state in ended.items() if state == "accepted")
    assert (run.state, signed_on) == (runs.DONE, [])


def run_of(connection: Connection) -> int:
    (run,) = runs.recent(connection)
    return run.id


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "provider.log"


@pytest.mark.parametrize("place", PLANNING)
def test_a_plan_that_breaks_off_goes_on(database_url: str, log: Path, place: str) -> None:
    with open_database(database_url) as database:
        add_customers(database, PEOPLE)
    assert finished(start("plan", database_url, log, place)) == crash.EXIT_STATUS
    assert finished(start("plan", database_url, log)) == 0
    assert finished(start("send", database_url, log)) == 0
    check(database_url, log)
    assert len(left_the_house(log)) == PEOPLE


@pytest.mark.parametrize("place", SENDING)
def test_a_sender_that_dies_loses_and_doubles_nobody(database_url: str, log: Path, place: str) -> None:
    # The second batch, so that one is settled and others still wait; a sender recovers only once.
    time = 1 if place == "recover" else 2
    planned(database_url)
    assert finished(start("send", database_url, log, f"{place}:{time}")) == crash.EXIT_STATUS
    assert finished(start("send", database_url, log)) == 0
    check(database_url, log)
    with open_database(database_url) as database, database.write() as connection:
        uncertain = counts(connection, run_of(connection)).uncertain
        assert uncertain == (BATCH if place in {"after_intent", "after_call", "receipt"} else 0)
        again = recovery.recover(connection, database.path, NOW)
        assert (again.queued, again.uncertain, again.workers) == (0, 0, 0)


def test_senders_killed_at_any_moment_beside_others_lose_and_double_nobody(
    database_url: str, log: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    planned(database_url)
    for _ in range(2):
        senders = [start("send", database_url, log) for _ in range(2)]
        time.sleep(chance.uniform(0.02, 0.3))
        for sender in senders:
            sender.send_signal(signal.SIGKILL)
        for sender in senders:
            finished(sender)
    assert finished(start("send", database_url, log)) == 0
    check(database_url, log)


def test_a_sleeping_process_is_not_a_dead_one(
    database_url: str, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(database_url)
    with monkeypatch.context() as variables:
        variables.setenv(STOP, "yes")
        sleeper = start("send", database_url, log)
    sleeper.wait_until_stopped()
    with open_database(database_url) as database:
        with database.write() as connection:
            found = recovery.recover(connection, database.path, NOW + timedelta(days=3))
            assert (found.queued, found.uncertain, found.workers) == (0, 0, 0)
        assert finished(start("send", database_url, log)) == 0
        with database.read() as connection:
            assert states(connection, run_of(connection)) == {"accepted": PEOPLE - BATCH, "submitting": BATCH}
    sleeper.send_signal(signal.SIGCONT)
    assert finished(sleeper) == 0
    check(database_url, log)
    assert len(left_the_house(log)) == PEOPLE


def test_who_was_believed_dead_may_still_bring_its_answer(
    database_url: str, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PostgreSQL connection may break under a process that lives: then its calls count as uncertain too early."""
    planned(database_url)
    with monkeypatch.context() as variables:
        variables.setenv(STOP, "yes")
        sleeper = start("send", database_url, log)
    sleeper.wait_until_stopped()
    with open_database(database_url) as database:
        monkeypatch.setattr(recovery.workers, "dead_among", lambda _connection, _path, boots: list(boots))
        with database.write() as connection:
            assert recovery.recover(connection, database.path, NOW).uncertain == BATCH
        assert finished(start("send", database_url, log)) == 0
    sleeper.send_signal(signal.SIGCONT)
    assert finished(sleeper) == 0
    check(database_url, log)
    with open_database(database_url) as database, database.read() as connection:
        assert states(connection, run_of(connection)) == {"accepted": PEOPLE}
