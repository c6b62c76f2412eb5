"""A run's numbers, counted from its deliveries every time: a counter would drift with the first crash."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from engine.model.counts import Counts, Fate, Wave
from engine.model.words import ACCEPTED_STATES, PENDING_STATES, SKIPPED_STATES, State
from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


def counts(connection: Connection, run: int) -> Counts:
    """The numbers of a run: selected = accepted + skipped + failed + uncertain + pending + held_out."""
    table = tables.deliveries
    reason = case((table.c.state.in_(sorted(SKIPPED_STATES)), func.coalesce(table.c.reason, table.c.state)))
    query = (
        select(table.c.state, reason, func.count()).where(table.c.run == run).group_by(table.c.state, reason)
    )
    sums = dict.fromkeys(("accepted", "failed", "uncertain", "pending", "held_out"), 0)
    skipped: dict[str, int] = {}
    for state, why, number in connection.execute(query):
        if state in SKIPPED_STATES:
            skipped[why] = skipped.get(why, 0) + number
        else:
            sums[_place(State(state))] += number
    return Counts(**sums, skipped=skipped)


def waves(connection: Connection, run: int) -> list[Wave]:
    """When the letters of a run that nobody has taken up yet are due, and how many then."""
    table = tables.deliveries
    query = select(table.c.due_at, func.count()).where(table.c.run == run, table.c.state == State.PLANNED)
    rows = connection.execute(query.group_by(table.c.due_at).order_by(table.c.due_at))
    return [Wave(*row) for row in rows]


def fate(connection: Connection, run: int, since: datetime | None) -> Fate:
    """What is known of the run's letters that are out; `since`: only of those that left after that moment."""
    table = tables.deliveries
    query = select(table.c.state, func.count()).where(
        table.c.run == run, table.c.state.in_(sorted(ACCEPTED_STATES))
    )
    if since is not None:
        query = query.where(table.c.submitted_at > since)
    found = {State(state): number for state, number in connection.execute(query.group_by(table.c.state))}
    bounced, complained = found.get(State.BOUNCED, 0), found.get(State.COMPLAINED, 0)
    return Fate(sum(found.values()), bounced, complained)


def _place(state: State) -> str:
    if state in ACCEPTED_STATES:
        return "accepted"
    return "pending" if state in PENDING_STATES else str(state)
