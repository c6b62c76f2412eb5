"""Facts about this database itself: its own id, and keys it keeps for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.store import bulk, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

INSTALL_ID = "install_id"
SIGNING_KEY = "signing_key"


def value(connection: Connection, key: str) -> str | None:
    """What is kept under a key."""
    found = select(tables.meta.c.value).where(tables.meta.c.key == key)
    return connection.execute(found).scalar()


def ensure(connection: Connection, key: str, make: Callable[[], str]) -> str:
    """What is kept under a key, made now if nothing is."""
    bulk.insert_rows(connection, (tables.meta.c.key, tables.meta.c.value), [(key, make())])
    kept = value(connection, key)
    assert kept is not None
    return kept
