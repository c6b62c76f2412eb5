"""Customers by their own person: whose a few of them are, and how many letters of a plan are each person's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from engine.audience.owning import Owning, owner_of
from engine.audience.rulebook import Rulebook
from engine.model.words import PENDING_STATES
from engine.store import tables


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
