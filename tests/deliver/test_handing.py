"""Tasks instead of letters: several processes at once hand over each delivery once; both databases."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.flows.deliver.handing import Drafted, hand_over
from engine.flows.deliver.order import Order
from engine.model.words import Reason
from engine.store import counts, runs, tables, workers
from engine.store.database import Database
from engine.store.ledger.call import Consent
from engine.store.ledger.queue import Claim, Claimed
from engine.store.task_making import Draft
from tests.builders import NOW, TOPIC, add_customers, add_run

PEOPLE, PROCESSES = 700, 3


class Notes:
    """A note for everybody, but for every hundred and first."""

    def fill(self, claim: Claim, now: datetime) -> Drafted:
        drafted = Drafted()
        for item in claim.rows:
            if item.delivery % 101 == 0:
                drafted.stopped.append((item.delivery, str(Reason.MISSING_VALUE), "no name"))
            else:
                drafted.drafts.append(
                    (item, Draft(item.customer, item.delivery, "note", f"Write {item.customer}"))
                )
        return drafted

    def whose(
        self, connection: Connection, drafts: Sequence[tuple[Claimed, Draft]], now: datetime
    ) -> Mapping[int, Draft]:
        return {item.delivery: replace(draft, owner="priya") for item, draft in drafts}


def order(database: Database, run: int, worker: workers.Worker, limit: int | None = None) -> Order:
    return Order(
        database=database,
        run=run,
        worker=worker,
        ways=(),
        consent=Consent(TOPIC),
        now=lambda: NOW,
        wall=lambda: NOW,
        tick=lambda: 0.0,
        chance=lambda: 0.5,
        stopping=lambda: False,
        limit=limit,
    )


def test_processes_that_hand_over_at_once_make_every_task_once(database: Database) -> None:
    add_customers(database, PEOPLE)
    run, _ = add_run(database, state=runs.READY)
    with workers.sign_on(database, NOW) as worker:
        assert hand_over(order(database, run, worker, limit=50), Notes()) == 50
    handed: list[int] = []

    def go() -> None:
        with workers.sign_on(database, NOW) as worker:
            handed.append(hand_over(order(database, run, worker), Notes()))

    threads = [threading.Thread(target=go) for _ in range(PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    without = PEOPLE // 101
    table = tables.tasks
    with database.read() as connection:
        found = counts.counts(connection, run)
        made = connection.execute(select(func.count(), func.count(table.c.delivery.distinct()))).one()
        after = runs.get(connection, run)
    assert sum(handed) == PEOPLE - without - 50
    assert found.skipped == {"owner_task": PEOPLE - without, "missing_value": without}
    assert tuple(made) == (PEOPLE - without, PEOPLE - without)
    assert after is not None
    assert after.state == runs.DONE
