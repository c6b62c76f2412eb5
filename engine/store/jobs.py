"""The daemon's jobs as last seen, for people to see in `status`; nothing is decided by it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from engine.model.job import JobState
from engine.store import bulk, tables
from engine.store.types import to_microseconds

__all__ = ["JobState", "declare", "keep", "states"]

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


def states(connection: Connection) -> list[JobState]:
    """Every job of the daemon that last led on this database, by name."""
    rows = connection.execute(select(tables.jobs).order_by(tables.jobs.c.name)).mappings()
    return [JobState(**{**row, "error": row["error"] or "", "outcome": row["outcome"] or ""}) for row in rows]


def declare(connection: Connection, names: Collection[str]) -> None:
    """Makes a row for each job, and forgets those that are not there any more."""
    table = tables.jobs
    bulk.insert_rows(connection, (table.c.name,), [(name,) for name in names])
    connection.execute(delete(table).where(table.c.name.not_in(sorted(names))))


def keep(connection: Connection, seen: Collection[JobState]) -> None:
    """Writes down how declared jobs are."""
    table = tables.jobs
    columns = tuple(
        table.c[name] for name in ("started_at", "ended_at", "next_at", "failures", "error", "outcome")
    )
    rows = [
        (
            _stored(state.started_at),
            _stored(state.ended_at),
            _stored(state.next_at),
            state.failures,
            state.error or None,
            state.outcome or None,
            state.name,
        )
        for state in seen
    ]
    bulk.update_rows(connection, table.c.name, columns, rows)


def _stored(moment: datetime | None) -> int | None:
    return to_microseconds(moment) if moment is not None else None
