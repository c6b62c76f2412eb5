"""Facts about this database itself: its own id, and keys it keeps for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from engine.store import bulk, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

INSTALL_ID = "install_id"
SIGNING_KEY = "signing_key"


def value(connection: Connection, key: str) -> str | None:
    """What is kept under a key."""
    found = select(tables.meta.c.value).where(tables.meta.c.key == key)
    return connection.execute(found).scalar()


def put(connection: Connection, key: str, value: str) -> None:
    """Keeps this under a key, whatever was there before."""
    table = tables.meta
    if not bulk.insert_rows(connection, (table.c.key, table.c.value), [(key, value)]):
        connection.execute(update(table).where(table.c.key == key).values(value=value))


def ensure(connection: Connection, key: str, make: Callable[[], str]) -> str:
    """What is kept under a key, made now if nothing is."""
    bulk.insert_rows(connection, (tables.meta.c.key, tables.meta.c.value), [(key, make())])
    kept = value(connection, key)
    assert kept is not None
    return kept
