"""Freezing a run: everybody once, however many ask at once."""

from __future__ import annotations

import threading

from sqlalchemy import literal, select

from engine.store import runs, tables
from engine.store.database import Database
from engine.store.ledger import plan
from tests.builders import NOW, add_customers, add_run


def test_a_run_frozen_by_several_at_once_has_everybody_once(database: Database) -> None:
    customers = add_customers(database, 40)
    run, _ = add_run(database, people=[], state=runs.PLANNING)
    table = tables.customers
    everybody = select(table.c.id.label("customer"), literal("planned").label("state"))
    added: list[int] = []

    def freeze() -> None:
        with database.write() as connection:
            added.append(plan.freeze(connection, run, everybody, NOW))

    threads = [threading.Thread(target=freeze) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        rows = connection.execute(select(tables.deliveries.c.customer).where(tables.deliveries.c.run == run))
        assert sorted(rows.scalars()) == customers
    assert sorted(added) == [0, 0, 0, len(customers)]
