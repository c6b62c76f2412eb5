"""Small worlds for tests: customers who may be written to, and runs in any state, made through the real store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, literal, select

from engine.model.words import State
from engine.store import customers, fields, runs, subscriptions, tables, variants
from engine.store.database import Database
from engine.store.ledger import plan

NOW = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
TOPIC = "newsletter"


def add_customers(
    database: Database,
    number: int,
    *,
    topic: str | None = TOPIC,
    kinds: Mapping[str, str] | None = None,
    values: Sequence[Mapping[str, object]] = (),
    start: int = 1,
) -> list[int]:
    """Adds customers c1, c2 … with addresses c1@example.org …, subscribed to the topic; their row numbers.

    `kinds` declares fields; `values[i]` gives the i-th customer's, built-in names included.
    """
    declared = fields.ensure(database, kinds or {}, NOW)
    names = ["customer_id", "email", *(kinds or {})]
    names += [name for name in customers.BUILT_IN[1:] if any(name in value for value in values)]
    rows = []
    for place in range(number):
        given = values[place] if place < len(values) else {}
        key = f"c{start + place}"
        own = {"customer_id": key, "email": f"{key}@example.org", **given}
        rows.append([own.get(name) for name in names])
    with database.write() as connection:
        ids = list(customers.upsert(connection, declared, names, rows, NOW).customers)
        if topic is not None:
            subscriptions.subscribe_imported(connection, [(id, topic) for id in ids], "test", NOW)
    return ids


def add_run(
    database: Database,
    *,
    campaign: str = "monthly-digest",
    occurrence: str = "2027-01",
    state: str = runs.SENDING,
    people: Sequence[int] | None = None,
) -> tuple[int, int]:
    """A run with one variant and a planned delivery for each person (everybody without `people`).

    Returns the run's and the variant's numbers. `state`: planning leaves the letters unchosen.
    """
    with database.write() as connection:
        run, _ = runs.get_or_create(connection, campaign, occurrence, as_of=NOW, now=NOW)
        variant = variants.get_or_create(connection, run.id, "only", b"program", "Hello", [], NOW)
        table = tables.customers
        audience = select(
            table.c.id.label("customer"),
            literal(str(State.PLANNED)).label("state"),
            table.c.email.label("address"),
            literal("everybody").label("profile"),
        )
        if people is not None:
            audience = audience.where(table.c.id.in_(people))
        plan.freeze(connection, run.id, audience, NOW)
        if state == runs.PLANNING:
            return run.id, variant
        plan.assign(connection, run.id, [plan.Choice("everybody", variant)])
        plan.open_run(connection, run.id, NOW)
        if state != runs.READY:
            runs.change(connection, run.id, runs.READY, state, NOW)
    return run.id, variant


def states(connection: Connection, run: int) -> dict[str, int]:
    """How many deliveries of the run are in each state."""
    table = tables.deliveries
    query = select(table.c.state, func.count()).where(table.c.run == run).group_by(table.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}
