"""When each person's own moment is: worked out once for every time zone, found by each person's row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table, Text, func, select, text

from engine.audience.conditions import People
from engine.store import bulk, tables
from engine.store.types import Moment, to_microseconds


@dataclass(frozen=True, slots=True)
class OwnMoment:
    """When a time zone's people are due. `late`: why that is too late for them, in words; "" while it is not.

    `waits`: the rule that moved it out of quiet hours, in words; "" where none did.
    """

    zone: str
    due_at: datetime
    late: str = ""
    waits: str = ""


own_moments = Table(
    "own_moments",
    MetaData(),
    Column("zone", Text, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("late", Text),
    Column("waits", Text),
)
"""A temporary table, laid out for one planning and gone with its connection."""


def zones(connection: Connection, only: int | None = None) -> list[str]:
    """Everything that stands as somebody's time zone, "" for those without; of one customer, or of all."""
    zone = func.coalesce(tables.customers.c.time_zone, "")
    query = select(zone).distinct()
    if only is not None:
        query = query.where(tables.customers.c.id == only)
    return sorted(connection.execute(query).scalars())


def lay_out(connection: Connection, moments: Iterable[OwnMoment]) -> None:
    """Writes the moments down for the next selection in this transaction."""
    connection.execute(text(_CREATE))
    connection.execute(text("DELETE FROM own_moments"))
    rows = [
        (moment.zone, to_microseconds(moment.due_at), moment.late or None, moment.waits or None)
        for moment in moments
    ]
    bulk.insert_rows(connection, tuple(own_moments.c), rows)


def of_person(people: People) -> ColumnElement[bool]:
    """What joins a person with their moment."""
    return own_moments.c.zone == func.coalesce(people.c.time_zone, "")


_CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS own_moments
(zone TEXT PRIMARY KEY, due_at BIGINT NOT NULL, late TEXT, waits TEXT)
"""
