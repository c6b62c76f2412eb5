"""The daemon's jobs as last seen: when each ran, what it did, what went wrong. Nothing is decided by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from engine.store import bulk, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = 2000
"""Characters kept of an error or an outcome."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as last seen. `failures`: in a row, the last of them in `error`. `outcome`: what it did, in words."""

    name: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    next_at: datetime | None = None
    failures: int = 0
    error: str = ""
    outcome: str = ""


def states(connection: Connection) -> list[JobState]:
    """Every job that any daemon on this database ever had and still has, by name."""
    rows = connection.execute(select(tables.jobs).order_by(tables.jobs.c.name)).mappings()
    return [JobState(**{**row, "error": row["error"] or "", "outcome": row["outcome"] or ""}) for row in rows]


def declare(connection: Connection, names: list[str]) -> None:
    """Makes a row for each job, and forgets those that are not there any more."""
    table = tables.jobs
    bulk.insert_rows(connection, (table.c.name,), [(name,) for name in names])
    connection.execute(delete(table).where(table.c.name.not_in(names)))


def started(connection: Connection, name: str, now: datetime) -> None:
    """Notes that the job has begun."""
    _note(connection, name, started_at=now)


def ended(
    connection: Connection, name: str, now: datetime, *, outcome: str = "", next_at: datetime | None = None
) -> None:
    """Notes what the job did, and when it comes again."""
    _note(connection, name, ended_at=now, next_at=next_at, failures=0, error=None, outcome=outcome[:LONGEST])


def failed(
    connection: Connection, name: str, now: datetime, *, error: str, next_at: datetime | None = None
) -> None:
    """Notes what went wrong; what it did before that stays to be seen."""
    again = tables.jobs.c.failures + 1
    _note(connection, name, ended_at=now, next_at=next_at, failures=again, error=error[:LONGEST])


def _note(connection: Connection, name: str, **values: object) -> None:
    table = tables.jobs
    if not connection.execute(update(table).where(table.c.name == name).values(values)).rowcount:
        connection.execute(insert(table).values(name=name))
        connection.execute(update(table).where(table.c.name == name).values(values))
