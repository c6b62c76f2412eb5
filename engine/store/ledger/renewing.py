"""Giving letters that have not left another variant: the same letter, from somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from engine.model.words import State
from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


def waiting(connection: Connection, run: int, variants: Iterable[int], now: datetime) -> list[int]:
    """Those of the run's variants of which letters are due that nobody has tried to send."""
    table = tables.deliveries
    due = (table.c.run == run, table.c.due_at <= now, table.c.state == State.PLANNED)
    return [
        variant
        for variant in variants
        if connection.execute(select(table.c.id).where(*due, table.c.variant == variant).limit(1)).first()
    ]


def give(connection: Connection, run: int, before: int, after: int, now: datetime) -> int:
    """Gives the letters of a variant that are due, and that nobody has tried to send, another variant; how many."""
    table = tables.deliveries
    this = update(table).where(
        table.c.run == run,
        table.c.variant == before,
        table.c.due_at <= now,
        table.c.state == State.PLANNED,
    )
    return connection.execute(this.values(variant=after)).rowcount
