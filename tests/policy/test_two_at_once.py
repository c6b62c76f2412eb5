"""Two campaigns at the same second: where a cap leaves room for one letter, one goes, in two real processes."""

from __future__ import annotations

import os

from sqlalchemy import func, select

from engine.store import tables
from engine.store.database import Database
from tests.builders import add_customers, add_run, states
from tests.nursery import ROOT, Born

PEOPLE = 120


def test_of_two_letters_at_the_same_second_one_leaves(database: Database, database_url: str) -> None:
    add_customers(database, PEOPLE)
    rivals = [(*add_run(database, campaign=name), name) for name in ("sale", "digest")]
    processes = [
        Born(
            "tests.policy.rival", [database_url, str(run), str(variant), name], ROOT, os.environ, talking=True
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
    with database.read() as connection:
        found = [states(connection, run) for run, _, _ in rivals]
        assert sum(each.get("accepted", 0) for each in found) == PEOPLE
        assert sum(each.get("skipped", 0) for each in found) == PEOPLE
        table = tables.deliveries
        accepted = select(table.c.customer).where(table.c.state == "accepted").group_by(table.c.customer)
        assert connection.execute(accepted.having(func.count() > 1)).all() == []
        reasons = select(table.c.reason, table.c.detail).where(table.c.state == "skipped").distinct()
        assert connection.execute(reasons).all() == [("cap", "at most 1 letter in 7 days")]
