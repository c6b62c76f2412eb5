"""One order in which rows of the ledger are taken, so that nobody who writes several waits in a circle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.store import bulk

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hold(connection: Connection, deliveries: Iterable[int]) -> None:
    """Takes these rows until the transaction ends, in the order of their numbers; SQLite has one writer anyway."""
    these = sorted(set(deliveries))
    if len(these) > 1 and not bulk.is_sqlite(connection):
        bulk.run(connection, _HOLD, (these,))


# What an UPDATE takes itself, so that references to the rows are not held up.
_HOLD = "SELECT id FROM deliveries WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
