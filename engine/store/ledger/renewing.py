"""Letters that have not left, by their variants: given another one, held back a while, let go again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from engine.model.words import Reason, State
from engine.store import runs, tables

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


def hold_back(
    connection: Connection, run: int, variants: Iterable[int], until: datetime, detail: str, now: datetime
) -> int:
    """Puts the letters of these variants that are due off, because of their sender; how many."""
    table = tables.deliveries
    this = update(table).where(
        table.c.run == run,
        table.c.variant.in_(list(variants)),
        table.c.due_at <= now,
        table.c.state.in_((State.PLANNED, State.RETRY_WAIT)),
    )
    values = {"due_at": until, "reason": str(Reason.SENDER_REFUSED), "detail": detail}
    return connection.execute(this.values(values)).rowcount


def let_go(connection: Connection, run: int, variants: Iterable[int], now: datetime) -> int:
    """Makes the letters of these variants that were held back because of their sender due again; how many."""
    table = tables.deliveries
    this = update(table).where(
        table.c.run == run,
        table.c.variant.in_(list(variants)),
        table.c.due_at > now,
        table.c.reason == str(Reason.SENDER_REFUSED),
    )
    return connection.execute(this.values(due_at=now, reason=None, detail=None)).rowcount


def refused(connection: Connection) -> list[tuple[str, str, int]]:
    """Campaign, why, and how many letters of open runs wait because of their sender."""
    table, run = tables.deliveries, tables.runs
    over = (runs.DONE, runs.CANCELLED, runs.MISSED)
    query = (
        select(run.c.campaign, table.c.detail, func.count())
        .join_from(run, table, table.c.run == run.c.id)
        .where(run.c.state.not_in(over), table.c.due_at.is_not(None))
        .where(table.c.reason == str(Reason.SENDER_REFUSED))
        .group_by(run.c.campaign, table.c.detail)
        .order_by(run.c.campaign, table.c.detail)
    )
    return [(row[0], row[1] or "", row[2]) for row in connection.execute(query)]
