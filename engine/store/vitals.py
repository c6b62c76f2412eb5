"""What the database says of itself: its version, its clock, its size, and when letters last left."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.store import bulk, tables

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Vitals:
    """`sqlite`, `postgresql`: the version of the one it is. `clock`: the server's own; None where there is no server.

    `size`: bytes. `last_letter`: when letters last left, by whichever clock.
    """

    size: int
    sqlite: tuple[int, int, int] | None = None
    postgresql: int | None = None
    clock: datetime | None = None
    last_letter: datetime | None = None


def vitals(connection: Connection, path: Path | None) -> Vitals:
    """`path`: `database.path`."""
    table = tables.calls
    newest = select(table.c.started_at).order_by(table.c.id.desc()).limit(1)
    last_letter = connection.execute(newest).scalar()
    if path is not None:
        return Vitals(path.stat().st_size, sqlite=sqlite3.sqlite_version_info, last_letter=last_letter)
    version, clock, size = bulk.run(
        connection,
        "SELECT current_setting('server_version_num')::int, clock_timestamp(), pg_database_size(current_database())",
    ).fetchone()
    return Vitals(size, postgresql=version, clock=clock, last_letter=last_letter)
