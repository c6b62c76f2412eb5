"""What happened with the customers of an owner, and what is planned for them: sums and the newest of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, select

from engine.audience.owning import Owning, owner_of
from engine.audience.rulebook import Rulebook
from engine.store import tables, touches
from engine.store.runs import CLOSED
from engine.store.types import Moment


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened with one customer. `detail`: words, or an event's fields as they are stored."""

    at: datetime
    what: str
    who: str
    detail: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Letters:
    """A campaign's letters. `at`: when the last one left, or the next one is due."""

    campaign: str
    number: int
    at: datetime


def owned(rules: Rulebook, owning: Owning | None, names: Sequence[str]) -> Select[tuple[int]]:
    """The row numbers of the customers of these senders."""
    people = rules.customers
    return select(people.c.id).where(owner_of(people, owning, rules).in_(list(names)))


def customers(connection: Connection, whose: Select[tuple[int]]) -> int:
    """How many there are."""
    return int(connection.execute(select(func.count()).select_from(whose.subquery())).scalar_one())


def letters_sent(
    connection: Connection, whose: Select[tuple[int]], since: datetime, until: datetime
) -> list[Letters]:
    """Letters that reached them, or may have, by campaign; most first."""
    table, run = tables.deliveries, tables.runs
    among = sorted(touches.recent_runs(connection, since))
    if not among:
        return []
    number = func.count().label("number")
    query = (
        select(run.c.campaign, number, func.max(table.c.submitted_at, type_=Moment))
        .join_from(table, run, run.c.id == table.c.run)
        .where(
            table.c.run.in_(among),
            table.c.state.in_(touches.TOUCHED),
            table.c.submitted_at >= since,
            table.c.submitted_at < until,
            table.c.customer.in_(whose),
        )
        .group_by(run.c.campaign)
        .order_by(number.desc(), run.c.campaign)
    )
    return [Letters(*row) for row in connection.execute(query)]


def letters_waiting(connection: Connection, whose: Select[tuple[int]]) -> list[Letters]:
    """Letters that are planned for them and have not left, by campaign; the next one first."""
    table, run = tables.deliveries, tables.runs
    due = func.min(table.c.due_at, type_=Moment).label("due")
    query = (
        select(run.c.campaign, func.count(), due)
        .join_from(table, run, run.c.id == table.c.run)
        .where(
            run.c.state.not_in(CLOSED),
            table.c.due_at.is_not(None),
            table.c.state.in_(touches.WAITING),
            table.c.customer.in_(whose),
        )
        .group_by(run.c.campaign)
        .order_by(due, run.c.campaign)
    )
    return [Letters(*row) for row in connection.execute(query)]


def touches_made(
    connection: Connection, whose: Select[tuple[int]], since: datetime, until: datetime, most: int
) -> tuple[int, list[Happened]]:
    """How many touches people made with them, and the newest."""
    table, people = tables.touches, tables.customers
    these = (table.c.at >= since, table.c.at < until, table.c.customer.in_(whose))
    number = connection.execute(select(func.count()).where(*these)).scalar_one()
    query = (
        select(table.c.at, table.c.kind, people.c.email, people.c.customer_id, table.c.text, table.c.by)
        .join_from(table, people, people.c.id == table.c.customer)
        .where(*these)
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(most)
    )
    found = [
        Happened(row.at, row.kind, row.email or row.customer_id, row.text, row.by or "")
        for row in connection.execute(query)
    ]
    return int(number), found


def events(
    connection: Connection,
    whose: Select[tuple[int]],
    names: Sequence[str],
    since: datetime,
    until: datetime,
    most: int,
) -> tuple[int, list[Happened]]:
    """How many of these events they had, and the newest."""
    table, people = tables.events, tables.customers
    these = (
        table.c.name.in_(list(names)),
        table.c.at >= since,
        table.c.at < until,
        table.c.customer.in_(whose),
    )
    number = connection.execute(select(func.count()).where(*these)).scalar_one()
    query = (
        select(table.c.at, table.c.name, people.c.email, people.c.customer_id, table.c.fields)
        .join_from(table, people, people.c.id == table.c.customer)
        .where(*these)
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(most)
    )
    found = [
        Happened(row.at, row.name, row.email or row.customer_id, row.fields or "")
        for row in connection.execute(query)
    ]
    return int(number), found
