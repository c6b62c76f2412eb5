"""Runs that are not over: what of each waits, what is on its way, what is in doubt, and when it last moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, func, select

from engine.model.words import PENDING_STATES, State
from engine.store import tables
from engine.store.runs import CLOSED

if TYPE_CHECKING:
    from sqlalchemy import Connection

IN_FLIGHT = (State.CLAIMED, State.SUBMITTING)


@dataclass(frozen=True, slots=True)
class Standing:
    """One run that is not over, or has letters in doubt, counted from its deliveries.

    `selected`: everybody it concerns. `pending`: letters that have neither left nor been given up. `due`: those
    of them that may leave now, the first since `due_since`. `later`: when the next one is due that is not yet.
    `in_flight`: in the hands of some process. `last_call`: when something of it last left, or tried to.
    """

    run: int
    campaign: str
    occurrence: str
    state: str
    reason: str
    created_at: datetime
    selected: int = 0
    pending: int = 0
    due: int = 0
    in_flight: int = 0
    uncertain: int = 0
    due_since: datetime | None = None
    later: datetime | None = None
    last_call: datetime | None = None


def standings(connection: Connection, now: datetime) -> list[Standing]:
    """Every run that is not over, and every one with letters in doubt; the oldest first."""
    in_doubt = doubts(connection)
    table = tables.runs
    wanted = table.c.state.not_in(CLOSED) | table.c.id.in_(sorted(in_doubt))
    columns = (table.c.id, table.c.campaign, table.c.occurrence, table.c.state, table.c.reason)
    rows = connection.execute(select(*columns, table.c.created_at).where(wanted).order_by(table.c.id)).all()
    unfinished = [row.id for row in rows if row.state not in CLOSED]
    letters, calls = _letters(connection, unfinished, now), _last_calls(connection, unfinished)
    nothing = (0, 0, 0, 0, None, None)
    found = []
    for row in rows:
        selected, pending, due, in_flight, due_since, later = letters.get(row.id, nothing)
        found.append(
            Standing(
                run=row.id,
                campaign=row.campaign,
                occurrence=row.occurrence,
                state=row.state,
                reason=row.reason or "",
                created_at=row.created_at,
                selected=selected,
                pending=pending,
                due=due,
                in_flight=in_flight,
                uncertain=in_doubt.get(row.id, 0),
                due_since=due_since,
                later=later,
                last_call=calls.get(row.id),
            )
        )
    return found


def doubts(connection: Connection) -> dict[int, int]:
    """How many letters of each run are in doubt, from the index on `bound_to`."""
    table = tables.deliveries
    query = (
        select(table.c.run, func.count())
        .where(table.c.bound_to.is_not(None), table.c.state == State.UNCERTAIN)
        .group_by(table.c.run)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


Numbers = tuple[int, int, int, int, datetime | None, datetime | None]


def _letters(connection: Connection, runs: list[int], now: datetime) -> dict[int, Numbers]:
    table = tables.deliveries
    is_due = and_(table.c.due_at.is_not(None), table.c.due_at <= now)
    query = (
        select(
            table.c.run,
            func.count(),
            _count(table.c.state.in_(sorted(PENDING_STATES))),
            _count(is_due),
            _count(table.c.state.in_(IN_FLIGHT)),
            func.min(case((is_due, table.c.due_at))),
            func.min(case((table.c.due_at > now, table.c.due_at))),
        )
        .where(table.c.run.in_(runs))
        .group_by(table.c.run)
    )
    return {row[0]: (row[1], row[2], row[3], row[4], row[5], row[6]) for row in connection.execute(query)}


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _last_calls(connection: Connection, runs: list[int]) -> dict[int, datetime]:
    table = tables.calls
    query = (
        select(table.c.run, func.max(table.c.started_at)).where(table.c.run.in_(runs)).group_by(table.c.run)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
