"""A run's numbers, counted from its deliveries every time: a counter would drift with the first crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from engine.model.counts import Counts
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


def _place(state: State) -> str:
    if state in ACCEPTED_STATES:
        return "accepted"
    return "pending" if state in PENDING_STATES else str(state)
