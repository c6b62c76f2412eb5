"""Connections to PostgreSQL that carry a lock: outside of transactions, and never handed to anybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database


def begin(database: Database) -> Connection:
    """A connection of its own; what it locks falls with it."""
    return database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def end(session: Connection) -> None:
    """Cuts the connection, so that PostgreSQL drops its locks; back in the pool it would keep them."""
    session.invalidate()
    session.close()
