"""How many letters of a sender left on a day, for senders who may write so many a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from engine.store import bulk, runs, tables
from engine.store.touches import TOUCHED

if TYPE_CHECKING:
    from sqlalchemy import Connection


def left_on(connection: Connection, sender: str, day: date) -> int:
    """Letters that left on that day, or may have. One that certainly did not, or is tried again, takes no room."""
    table, delivery = tables.sender_days, tables.deliveries
    query = (
        select(func.count())
        .select_from(table)
        .join(delivery, delivery.c.id == table.c.delivery)
        .where(table.c.sender == sender, table.c.day == day.isoformat(), delivery.c.state.in_(TOUCHED))
    )
    return int(connection.execute(query).scalar_one())


def note(connection: Connection, sender: str, day: date, deliveries: Sequence[int]) -> None:
    """Writes down that these letters leave on that day; what is known of days before is not needed any more."""
    table = tables.sender_days
    connection.execute(delete(table).where(table.c.sender == sender, table.c.day < day.isoformat()))
    rows = [(sender, day.isoformat(), delivery) for delivery in deliveries]
    bulk.insert_rows(connection, (table.c.sender, table.c.day, table.c.delivery), rows)


def variants_of_open_runs(connection: Connection) -> list[tuple[int, int, str]]:
    """Run, number and key of every variant of which letters may still leave."""
    table, run = tables.variants, tables.runs
    query = select(table.c.run, table.c.id, table.c.key).join(run, run.c.id == table.c.run)
    over = (runs.DONE, runs.CANCELLED, runs.MISSED)
    return [(row[0], row[1], row[2]) for row in connection.execute(query.where(run.c.state.not_in(over)))]


def due(connection: Connection, run: int, variants: Sequence[int]) -> list[tuple[datetime, int]]:
    """When the letters of these variants of a run are due that wait in the queue, and how many then."""
    table = tables.deliveries
    waiting = (table.c.run == run, table.c.variant.in_(variants), table.c.due_at.is_not(None))
    query = select(table.c.due_at, func.count()).where(*waiting).group_by(table.c.due_at)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(table.c.due_at))]
