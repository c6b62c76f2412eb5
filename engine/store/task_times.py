"""Tasks by the clock: those whose time has passed are closed, and how many wait for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import case, func, or_, select, update

from engine.model.task import TaskState
from engine.store import codes, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 2_000
"""Tasks closed in one transaction."""

NOBODY = "nobody did it in time"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many open tasks that are not snoozed wait for an owner ("": for nobody in particular).

    `overdue`: past their date. `long`: past it since before the moment that was asked about.
    """

    owner: str
    open: int
    overdue: int
    long: int


def expire(connection: Connection, now: datetime, most: int = AT_ONCE) -> int:
    """Closes open tasks whose `expires_at` has passed, so many at a time; how many.

    Codes in their drafts are free again.
    """
    table = tables.tasks
    still_open = table.c.state == str(TaskState.OPEN)
    over = select(table.c.id).where(still_open, table.c.expires_at < now).order_by(table.c.id).limit(most)
    this = update(table).where(table.c.id.in_(over.with_for_update(skip_locked=True)), still_open)
    values = {"state": str(TaskState.EXPIRED), "closed_at": now, "reason": NOBODY}
    closed = connection.execute(this.values(values).returning(table.c.delivery)).scalars().all()
    free_codes(connection, [number for number in closed if number is not None])
    return len(closed)


def free_codes(connection: Connection, deliveries: list[int]) -> None:
    """The codes in drafts that nobody will send are free again."""
    if deliveries:
        codes.release_deliveries(connection, deliveries)


def waiting(connection: Connection, now: datetime, long_before: datetime) -> list[Waiting]:
    """Every owner with open tasks, those with most overdue first. `long_before`: overdue since then is long."""
    table = tables.tasks
    owner = func.coalesce(table.c.owner, "").label("owner")
    overdue = func.sum(case((table.c.due_at < now, 1), else_=0)).label("overdue")
    long = func.sum(case((table.c.due_at < long_before, 1), else_=0)).label("long")
    query = (
        select(owner, func.count().label("open"), overdue, long)
        .where(
            table.c.state == str(TaskState.OPEN),
            or_(table.c.snoozed_until.is_(None), table.c.snoozed_until <= now),
        )
        .group_by(owner)
        .order_by(overdue.desc(), owner)
    )
    return [
        Waiting(row.owner, row.open, int(row.overdue), int(row.long)) for row in connection.execute(query)
    ]
