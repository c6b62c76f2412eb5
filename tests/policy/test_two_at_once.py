"""Two campaigns at the same second: where a cap leaves room for one letter, one goes, in two real processes."""

from __future__ import annotations

import os
from datetime import timedelta

from sqlalchemy import func, select

from engine.store import tables
from engine.store.database import Database
from tests.builders import NOW, add_customers, add_run, states
from tests.nursery import ROOT, Born

PEOPLE = 120
NUMBER = 5


def sent_at_once(database: Database, database_url: str, *number: str) -> list[int]:
    """Two runs for the same people, each sent by a process of its own at the same time; their numbers."""
    add_customers(database, PEOPLE)
    rivals = [(*add_run(database, campaign=name), name) for name in ("sale", "digest")]
    processes = [
        Born(
            "tests.policy.rival",
            [database_url, str(run), str(variant), name, *number],
            ROOT,
            os.environ,
            talking=True,
        )
        for run, variant, name in rivals
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    return [run for run, _, _ in rivals]


def test_of_two_letters_at_the_same_second_one_leaves(database: Database, database_url: str) -> None:
    rivals = sent_at_once(database, database_url)
    with database.read() as connection:
        found = [states(connection, run) for run in rivals]
        assert sum(each.get("accepted", 0) for each in found) == PEOPLE
        assert sum(each.get("skipped", 0) for each in found) == PEOPLE
        table = tables.deliveries
        accepted = select(table.c.customer).where(table.c.state == "accepted").group_by(table.c.customer)
        assert connection.execute(accepted.having(func.count() > 1)).all() == []
        reasons = select(table.c.reason, table.c.detail).where(table.c.state == "skipped").distinct()
        assert connection.execute(reasons).all() == [("cap", "at most 1 letter in 7 days")]


def test_a_senders_number_holds_over_two_processes(database: Database, database_url: str) -> None:
    rivals = sent_at_once(database, database_url, str(NUMBER))
    with database.read() as connection:
        found = [states(connection, run) for run in rivals]
        assert sum(each.get("accepted", 0) for each in found) == NUMBER
        assert sum(each.get("planned", 0) for each in found) == 2 * PEOPLE - NUMBER
        table = tables.deliveries
        waiting = select(table.c.due_at, table.c.reason).where(table.c.state == "planned").distinct()
        assert connection.execute(waiting).all() == [(NOW + timedelta(days=1), "sender_full")]
