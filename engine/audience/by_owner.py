"""Customers by their own person: whose a few of them are, how many letters of a plan, and tasks instead of letters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, literal, select

from engine.audience.owning import Owning, owner_of
from engine.audience.rulebook import Rulebook
from engine.model.task import MadeBy
from engine.model.touch import TouchKind
from engine.model.words import PENDING_STATES, Reason
from engine.store import tables, task_making
from engine.store.types import Moment


def owners_of(
    connection: Connection, rules: Rulebook, owning: Owning | None, customers: Sequence[int]
) -> dict[int, str]:
    """The own person of each of these customers, by row number."""
    people = rules.customers
    query = select(people.c.id, owner_of(people, owning, rules)).where(people.c.id.in_(list(customers)))
    return {row[0]: row[1] for row in connection.execute(query)}


def pending_by_owner(
    connection: Connection, rules: Rulebook, owning: Owning | None, run: int
) -> dict[str, int]:
    """How many letters of a run that have not left are each person's, those with most first."""
    people, delivery = rules.customers, tables.deliveries
    owned = (
        select(owner_of(people, owning, rules).label("owner"))
        .join_from(delivery, people, people.c.id == delivery.c.customer)
        .where(delivery.c.run == run, delivery.c.state.in_(sorted(PENDING_STATES)))
        .subquery()
    )
    number = func.count().label("number")
    query = select(owned.c.owner, number).group_by(owned.c.owner).order_by(number.desc(), owned.c.owner)
    return {row[0]: row[1] for row in connection.execute(query)}


def make_instead(
    connection: Connection,
    rules: Rulebook,
    owning: Owning | None,
    run: int,
    title: str,
    due_at: datetime,
    now: datetime,
) -> int:
    """A task for the owner of everybody whose letter in this run the rules kept back; how many are new."""
    people, delivery = rules.customers, tables.deliveries
    chosen = (
        select(
            delivery.c.customer,
            delivery.c.id.label("delivery"),
            literal(TouchKind.CHECK_IN.value).label("kind"),
            literal(title).label("title"),
            func.nullif(owner_of(people, owning, rules), "").label("owner"),
            literal(due_at, Moment).label("due_at"),
            delivery.c.detail.label("reason"),
        )
        .join_from(delivery, people, people.c.id == delivery.c.customer)
        .where(
            delivery.c.run == run,
            delivery.c.reason == Reason.OWNER_TASK.value,
            delivery.c.submitted_at.is_(None),
        )
    )
    return task_making.make(connection, chosen, MadeBy.POLICY, now)
