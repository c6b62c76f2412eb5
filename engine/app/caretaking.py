"""Wiring for tasks by the clock: closed when their time has passed, and counted by owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.app.desk import Desk
from engine.model.status import TasksLine
from engine.store import task_times

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONG = timedelta(days=7)
"""A task overdue for longer is named among what needs a person."""


def close_expired(desk: Desk, stopping: Callable[[], bool]) -> str:
    """Close tasks whose time has passed, until `stopping`; what was, in words. Twice is as good as once."""
    closed = 0
    while not stopping():
        with desk.database.write() as connection:
            some = task_times.expire(connection, desk.now)
        closed += some
        if some < task_times.AT_ONCE:
            break
    return f"{closed:,} task{'' if closed == 1 else 's'} closed that nobody did in time" if closed else ""


def waiting(desk: Desk, connection: Connection) -> list[TasksLine]:
    """The open tasks of every owner, those with most overdue first."""
    found = task_times.waiting(connection, desk.now, desk.now - LONG)
    return [TasksLine(each.owner, each.open, each.overdue, each.long) for each in found]
