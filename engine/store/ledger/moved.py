"""How far a plan's people have moved since: who would be in it now and is not, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, case, func, or_, select

from engine.model.words import Reason, State
from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

OF_THE_PERSON = tuple(
    str(reason)
    for reason in (
        Reason.EXCLUDED,
        Reason.NO_ADDRESS,
        Reason.SUPPRESSED,
        Reason.UNSUBSCRIBED,
        Reason.NOT_SUBSCRIBED,
        Reason.SHARED_ADDRESS,
        Reason.HOLDOUT,
    )
)
"""Reasons the audience itself gives. Whoever the plan left out for another one (no post, no code) has not moved."""


@dataclass(frozen=True, slots=True)
class Moved:
    """So many people `planned` for a letter then; `joined` would get one now, `left` would not any more."""

    planned: int
    joined: int
    left: int

    @property
    def share(self) -> float:
        """How large a part of the planned people that is; 1 where nobody was planned and somebody would be now."""
        return (self.joined + self.left) / self.planned if self.planned else float(bool(self.joined))


def moved(connection: Connection, run: int, audience: Select[Any], *, step: str = "") -> Moved:
    """Compares a planned run with the same audience selected now. `audience`: as `freeze` takes it."""
    table, chosen = tables.deliveries, audience.subquery()
    planned = select(func.count()).where(table.c.run == run, table.c.state == State.PLANNED)
    of_run = and_(table.c.run == run, table.c.step == step, table.c.customer == chosen.c.customer)
    joined = or_(table.c.id.is_(None), table.c.reason.in_(OF_THE_PERSON))
    stayed = table.c.state == State.PLANNED
    counted = (
        select(
            func.coalesce(func.sum(case((joined, 1), else_=0)), 0),
            func.coalesce(func.sum(case((stayed, 1), else_=0)), 0),
        )
        .select_from(chosen.outerjoin(table, of_run))
        .where(chosen.c.state == State.PLANNED)
    )
    before = int(connection.execute(planned).scalar_one())
    new, kept = connection.execute(counted).one()
    return Moved(before, int(new), before - int(kept))
