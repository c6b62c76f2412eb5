"""Where the numbered links of a variant lead: a letter carries the number, only this table knows the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.store import bulk, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


def keep(connection: Connection, variant: int, targets: Sequence[str]) -> None:
    """Keeps a variant's targets, numbered from 1; doing it twice changes nothing."""
    columns = tuple(tables.links.c[name] for name in ("variant", "number", "target"))
    rows = [(variant, number, target) for number, target in enumerate(targets, 1)]
    bulk.insert_rows(connection, columns, rows)


def target(connection: Connection, variant: int, number: int) -> str | None:
    """Where that link leads; None where there is no such link."""
    table = tables.links
    this = select(table.c.target).where(table.c.variant == variant, table.c.number == number)
    return connection.execute(this).scalar()
