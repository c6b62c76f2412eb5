"""Tasks for the owners of those whose letters the rules kept back when a run was planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.audience import by_owner
from engine.audience.owning import owning_of
from engine.policy.instead import due_by, instead_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.flows.plan.planning import Plan


def make_tasks(connection: Connection, plan: Plan) -> int:
    """Once for each letter, in the transaction in which the run may be sent; how many are new."""
    title, rules = instead_of(plan.campaign), plan.rules
    if not title:
        return 0
    due_at = due_by(plan.now, rules.zone)
    owning = owning_of(plan.workspace)
    return by_owner.make_instead(connection, rules, owning, plan.run.id, title, due_at, plan.now)
