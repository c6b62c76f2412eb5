"""Touches that people made and wrote down: calls, visits, gifts, notes, meetings, check-ins, messages of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

BY_MISTAKE = timedelta(minutes=1)
"""The same words about the same customer within so long are one touch: a command that was typed, or sent, twice."""

ANSWERS = ("answered", "replied")
"""Events by which customers answer: to a question, or to a letter."""


@dataclass(frozen=True, slots=True)
class PersonalTouch:
    """One touch. `by`: the sender who made it, "" where nobody is named; `task`: the task it fulfilled."""

    id: int
    customer: int
    kind: str
    at: datetime
    by: str
    text: str
    task: int | None


def record(
    connection: Connection,
    customer: int,
    kind: str,
    at: datetime,
    text: str,
    now: datetime,
    *,
    by: str = "",
    task: int | None = None,
) -> tuple[int, bool]:
    """Writes a touch down; its number, and whether it is new. LookupError where the customer is gone.

    It is not new where the same words were written down within a minute about the same minute.
    """
    hold(connection, customer)
    table = tables.touches
    same = select(table.c.id).where(
        table.c.customer == customer,
        table.c.at.between(at - BY_MISTAKE, at + BY_MISTAKE),
        table.c.recorded_at.between(now - BY_MISTAKE, now + BY_MISTAKE),
        table.c.kind == kind,
        table.c.text == text,
        func.coalesce(table.c.by, "") == by,
        func.coalesce(table.c.task, 0) == (task or 0),
    )
    known = connection.execute(same.order_by(table.c.id).limit(1)).scalar()
    if known is not None:
        return known, False
    values = {
        "customer": customer,
        "kind": kind,
        "at": at,
        "by": by or None,
        "text": text,
        "task": task,
        "recorded_at": now,
    }
    made = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return made, True


def hold(connection: Connection, customer: int) -> None:
    """Nobody else writes about the customer, or erases them, before this transaction ends. LookupError: they are gone."""
    people = tables.customers
    this = select(people.c.id).where(people.c.id == customer).with_for_update()
    if connection.execute(this).scalar() is None:
        raise LookupError(f"customer {customer} is gone")


def of_customers(
    connection: Connection, customers: Sequence[int], since: datetime | None = None
) -> list[PersonalTouch]:
    """Every touch of these customers since that moment (None: ever), oldest first: what the policy may count."""
    table = tables.touches
    query = select(table).where(table.c.customer.in_(list(customers)))
    if since is not None:
        query = query.where(table.c.at >= since)
    return [_touch(row) for row in connection.execute(query.order_by(table.c.at, table.c.id)).mappings()]


def any_of(connection: Connection, kinds: Collection[str]) -> bool:
    """Whether anybody ever wrote down a touch of these kinds: what nobody uses costs planning nothing."""
    if not kinds:
        return False
    this = select(tables.touches.c.id).where(tables.touches.c.kind.in_(sorted(kinds))).limit(1)
    return connection.execute(this).first() is not None


def last_of(connection: Connection, customers: Sequence[int], number: int) -> list[PersonalTouch]:
    """The last so many touches of each of these customers, newest first."""
    table = tables.touches
    place = func.row_number().over(
        partition_by=table.c.customer, order_by=(table.c.at.desc(), table.c.id.desc())
    )
    placed = select(table, place.label("place")).where(table.c.customer.in_(list(customers))).subquery()
    query = select(placed).where(placed.c.place <= number).order_by(placed.c.at.desc(), placed.c.id.desc())
    return [_touch(row) for row in connection.execute(query).mappings()]


def answers_of(
    connection: Connection, customers: Sequence[int], number: int
) -> list[tuple[int, datetime, str, str]]:
    """The last so many answers of each of these customers, newest first: customer, moment, event and its fields."""
    table = tables.events
    place = func.row_number().over(
        partition_by=table.c.customer, order_by=(table.c.at.desc(), table.c.id.desc())
    )
    placed = (
        select(table.c.customer, table.c.at, table.c.name, table.c.fields, table.c.id, place.label("place"))
        .where(table.c.name.in_(ANSWERS), table.c.customer.in_(list(customers)))
        .subquery()
    )
    query = select(placed).where(placed.c.place <= number).order_by(placed.c.at.desc(), placed.c.id.desc())
    return [(row.customer, row.at, row.name, row.fields or "") for row in connection.execute(query)]


def _touch(row: RowMapping) -> PersonalTouch:
    return PersonalTouch(
        row["id"], row["customer"], row["kind"], row["at"], row["by"] or "", row["text"], row["task"]
    )
