"""Past letters as the policy sees them: which runs matter, and what of them reached whom.

A letter is a touch from its intent on, unless it certainly never left: failed, or waiting to be tried again. The
ledger's own rows say so, so that nothing is written twice and nothing can disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from engine.model.contact import Label
from engine.model.words import ACCEPTED_STATES, Reason, State
from engine.store import bulk, runs, tables
from engine.store.types import from_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

TOUCHED = tuple(sorted(ACCEPTED_STATES | {State.UNCERTAIN, State.SUBMITTING}))
"""The states of a delivery that has left, or may have. So has one that an owner got as a task, as far as the campaign's
own cadence asks: it has `submitted_at`, and the reason `owner_task`."""

WAITING = tuple(sorted({State.PLANNED, State.CLAIMED, State.RETRY_WAIT}))
"""The states of a delivery that has not left and still may."""

FEW = 20
"""Of so many runs each is looked up for each customer; among more, all letters of the customer are read instead. The
sum keeps the databases from trying every run."""

TURN = 7_236_014_007
"""PostgreSQL advisory lock of whoever decides by past letters and adds one: an arbitrary number that is ours."""


def take_turn(connection: Connection) -> None:
    """Nobody else decides by past letters before this transaction ends.

    SQLite has one writer anyway. On PostgreSQL one lock for all customers is held for the few milliseconds of an
    intent; locks on their rows would be half a thousand writes a batch, and a deadlock with any import.
    """
    if not bulk.is_sqlite(connection):
        bulk.run(connection, f"SELECT pg_advisory_xact_lock({TURN})")


def label(connection: Connection, run: int, known_by: Label) -> None:
    """Writes down what the policy knows a run's letters by, unless that is written already."""
    table = tables.runs
    this = update(table).where(table.c.id == run, table.c.purpose.is_(None))
    connection.execute(this.values(_stored(known_by)))


def label_earlier(connection: Connection, labels: Iterable[Label]) -> None:
    """The same for runs from before anybody wrote it down: as their campaigns are today."""
    table = tables.runs
    unknown = set(connection.execute(select(table.c.campaign).where(table.c.purpose.is_(None))).scalars())
    for known_by in labels:
        if known_by.campaign in unknown:
            this = update(table).where(table.c.campaign == known_by.campaign, table.c.purpose.is_(None))
            connection.execute(this.values(_stored(known_by)))


def recent_runs(connection: Connection, since: datetime | None) -> dict[int, Label]:
    """The runs of which letters may have left at that moment or after it; all of them without one."""
    table = tables.runs
    query = select(
        table.c.id,
        *(table.c[name] for name in ("campaign", "purpose", "intent", "topic", "tags", "counts")),
    )
    query = query.where(table.c.state != runs.MISSED)
    if since is not None:
        query = query.where(or_(table.c.finished_at.is_(None), table.c.finished_at >= since))
    return {row["id"]: runs.label_of(dict(row)) for row in connection.execute(query).mappings()}


def unfinished_runs(connection: Connection, campaigns: Sequence[str]) -> dict[int, Label]:
    """The runs of these campaigns of which letters may still leave."""
    table = tables.runs
    over = (runs.DONE, runs.CANCELLED, runs.MISSED)
    return {
        row["id"]: runs.label_of(dict(row))
        for row in connection.execute(
            select(table).where(table.c.campaign.in_(campaigns), table.c.state.not_in(over))
        ).mappings()
    }


def of_customers(
    connection: Connection, customers: Sequence[int], among: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Customer, moment (in microseconds) and run of every letter of these runs that has reached them, or may have."""
    return _rows(connection, _TOUCHES, customers, among) if customers and among else []


def waiting_for(
    connection: Connection, customers: Sequence[int], among: Sequence[int]
) -> list[tuple[int, datetime | None, int]]:
    """Customer, due moment (None: at once) and run of every letter of these runs that has not left yet."""
    if not customers or not among:
        return []
    return [
        (customer, None if at is None else from_microseconds(at), run)
        for customer, at, run in _rows(connection, _WAITING, customers, among)
    ]


def _rows(
    connection: Connection, statement: str, customers: Sequence[int], among: Sequence[int]
) -> list[tuple[int, Any, int]]:
    if len(among) > FEW:
        statement = statement.replace("run = ANY", "run + 0 = ANY")
    lists = {"customers": list(customers), "runs": list(among)}
    if bulk.is_sqlite(connection):
        written = statement
        for name in lists:
            written = written.replace(f"= ANY(:{name})", f"IN (SELECT value FROM json_each(:{name}))")
        packed = {name: json.dumps(value) for name, value in lists.items()}
        return list(bulk.run(connection, written, packed))
    return list(bulk.run(connection, bulk.named(statement), lists))


def _stored(known_by: Label) -> dict[str, Any]:
    return {
        "purpose": known_by.purpose,
        "intent": known_by.intent or None,
        "topic": known_by.topic or None,
        "tags": known_by.tags or None,
        "counts": known_by.counts,
    }


def _listed(states: Iterable[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_TOUCHES = f"""
SELECT customer, submitted_at, run FROM deliveries
WHERE customer = ANY(:customers) AND run = ANY(:runs)
AND (state IN ({_listed(TOUCHED)}) OR reason = '{Reason.OWNER_TASK}') AND submitted_at IS NOT NULL
"""
_WAITING = f"""
SELECT customer, due_at, run FROM deliveries
WHERE customer = ANY(:customers) AND run = ANY(:runs) AND state IN ({_listed(WAITING)})
"""
