"""A customer's history: every page is what a plain sort of everything says, and costs what it shows, not what there is."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, text

from engine.model.built_in_events import OwnEvent
from engine.store import history, runs, tables
from engine.store.database import Database
from tests.builders import NOW, add_customers

TOLD = {"delivery": "", "event": "from silver, to gold"}
"""What is compared of a line's detail; of a delivery its run."""
CLOSED = (runs.DONE, runs.CANCELLED)


def moments(chance: random.Random, number: int) -> list[datetime]:
    """Few different ones, so that many things happen at once."""
    return [NOW + timedelta(hours=chance.randrange(number)) for _ in range(number)]


def fill(
    connection: Connection, customer: int, number: int, chance: random.Random
) -> list[tuple[object, ...]]:
    """So many deliveries, touches, events and consents; what each line of the history must say of them."""
    told: list[tuple[object, ...]] = []
    deliveries, made = [], []
    for place in range(number):
        begun = NOW + timedelta(hours=place)
        lasts = timedelta(hours=chance.choice([1, 1, 1, 20]))
        state = chance.choice([*CLOSED, runs.SENDING]) if place % 7 == 0 and place < 60 else runs.DONE
        at = begun + chance.random() * lasts
        made.append(
            {
                "id": place + 1,
                "campaign": "digest",
                "occurrence": str(place),
                "state": state,
                "as_of": begun,
                "created_at": begun,
                "finished_at": begun + lasts if state in CLOSED else None,
            }
        )
        skipped = place % 5 == 0
        outcome = {"state": "skipped", "reason": "cap"} if skipped else {"state": "accepted", "reason": None}
        decided = (
            {"submitted_at": None, "settled_at": at} if skipped else {"submitted_at": at, "settled_at": None}
        )
        deliveries.append({"run": place + 1, "customer": customer, **outcome, **decided})
        told.append((at, "delivery", outcome["state"], str(place + 1)))
    connection.execute(insert(tables.runs), made)
    connection.execute(insert(tables.deliveries), deliveries)
    names = ["clicked", "opened", "ordered", OwnEvent.TIER_CHANGED, OwnEvent.OWNER_CHANGED]
    events = [
        {
            "customer": customer,
            "name": chance.choice(names),
            "at": at,
            "fields": '{"from": "silver", "to": "gold"}',
            "identity": place.to_bytes(8, "big"),
            "source": "test",
        }
        for place, at in enumerate(moments(chance, number))
    ]
    connection.execute(insert(tables.events), events)
    told += [(each["at"], "event", str(each["name"]), TOLD["event"]) for each in events]
    touches = [
        {"customer": customer, "kind": "call", "at": at, "text": str(place), "recorded_at": NOW}
        for place, at in enumerate(moments(chance, number))
    ]
    connection.execute(insert(tables.touches), touches)
    told += [(each["at"], "touch", "call", each["text"]) for each in touches]
    consents = [
        {"customer": customer, "topic": "offers", "action": "joined", "source": "test", "at": at}
        for at in moments(chance, max(number // 10, 1))
    ]
    connection.execute(insert(tables.consent), consents)
    told += [(each["at"], "consent", "joined", "offers by test") for each in consents]
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_every_page_is_the_next_part_of_everything_sorted(database: Database, seed: int) -> None:
    ada, bob = add_customers(database, 2, topic=None)
    with database.write() as connection:
        told = fill(connection, ada, 60, random.Random(seed))
        table = tables.touches
        connection.execute(insert(table).values(customer=bob, kind="gift", at=NOW, text="", recorded_at=NOW))
    with database.read() as connection:
        everything = history.history(connection, ada, limit=1000)
        for limit in (1, 2, 7, 50, 120):
            assert history.history(connection, ada, limit=limit) == everything[:limit]
        for place in range(0, len(everything), 9):
            before = everything[place].at
            older = [line for line in everything if line.at < before]
            assert history.history(connection, ada, before=before, limit=10) == older[:10]
    said = [
        (line.at, line.kind, line.what, TOLD.get(line.kind, line.detail) or line.run) for line in everything
    ]
    assert sorted(said, key=str) == sorted(told, key=str)
    assert [line.at for line in everything] == sorted((line.at for line in everything), reverse=True)


def steps_of_sqlite(connection: Connection, act: Callable[[], object]) -> int:
    """How many instructions SQLite's machine carries out, in hundreds."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    driver = connection.connection.driver_connection
    driver.set_progress_handler(count, 100)  # type: ignore[union-attr]
    act()
    driver.set_progress_handler(None, 100)  # type: ignore[union-attr]
    return counted


def rows_of_postgresql(connection: Connection, act: Callable[[], object]) -> int:
    """How many rows PostgreSQL takes from tables in this transaction."""
    query = text(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE relname IN ('deliveries', 'events', 'touches', 'consent', 'runs')"
    )
    before = connection.execute(query).scalar_one()
    act()
    return int(connection.execute(query).scalar_one() - before)


def cost(database: Database, customer: int) -> int:
    """What the first page of a customer's history costs."""
    with database.read() as connection:
        count = steps_of_sqlite if database.is_sqlite else rows_of_postgresql
        return count(connection, lambda: history.history(connection, customer, limit=50))


def test_a_page_of_ten_thousand_entries_costs_what_a_page_of_few_hundred_does(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic=None)
    costs = {}
    for number in (100, 3300):
        with database.write() as connection:
            for table in (tables.deliveries, tables.runs, tables.events, tables.touches, tables.consent):
                connection.execute(table.delete())
            entries = len(fill(connection, ada, number, random.Random(1)))
            connection.execute(text("ANALYZE"))
        costs[entries] = cost(database, ada)
    few, many = costs.values()
    assert max(costs) > 10_000
    assert many < 2 * few, costs


def test_a_decision_is_told_with_its_reason_and_the_place_of_its_rule(database: Database) -> None:
    (ada,) = add_customers(database, 1, topic=None)
    with database.write() as connection:
        for number, reason, detail in ((1, "cap", "policy.yaml:3: at most 1"), (2, "holdout", None)):
            run = {"id": number, "campaign": "sale", "occurrence": str(number), "state": runs.DONE}
            connection.execute(insert(tables.runs).values(**run, as_of=NOW, created_at=NOW, planned_at=NOW))
            row = {"run": number, "customer": ada, "state": "skipped", "reason": reason, "detail": detail}
            connection.execute(insert(tables.deliveries).values(row))
    with database.read() as connection:
        told = [line.detail for line in history.history(connection, ada)]
    assert told == ["holdout", "cap (policy.yaml:3: at most 1)"]
