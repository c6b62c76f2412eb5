"""Customers who get another person: what is noted of it, and what goes along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from engine.model.built_in_events import OwnEvent
from engine.model.task import TaskState
from engine.store import bulk, tables
from engine.store.tier_scores import change_as_json
from engine.store.types import Identity, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

SOURCE = "owners"
"""Where events of changed owners come from."""

moves = Table(
    "owner_moves",
    MetaData(),
    Column("customer", Identity, primary_key=True, autoincrement=False),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    prefixes=["TEMPORARY"],
)
"""Who gets whom: `before` is NULL where nobody was theirs. For one assigning, gone with its connection."""


class Move(NamedTuple):
    """One customer who gets another person. `before`: "" where nobody was theirs."""

    customer: int
    before: str
    after: str
    reason: str


class Moved(NamedTuple):
    """The same with who the customer is."""

    customer_id: str
    email: str
    before: str
    after: str
    reason: str


def lay_out(connection: Connection) -> None:
    """Makes the table of moves, empty."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS owner_moves")
    moves.create(connection, checkfirst=False)


def add(connection: Connection, chosen: Select[Any]) -> None:
    """Adds moves: a selection with the table's columns, in their order."""
    connection.execute(insert(moves).from_select([column.name for column in moves.c], chosen))


def add_rows(connection: Connection, rows: Iterable[Move]) -> None:
    """Adds moves one by one."""
    given = [(row.customer, row.before or None, row.after, row.reason) for row in rows]
    bulk.insert_rows(connection, tuple(moves.c), given)


def change(connection: Connection, chosen: Select[Any]) -> None:
    """Gives customers of the moves somebody else. `chosen`: columns `customer`, `after` and `reason`."""
    other = chosen.subquery("other")
    this = update(moves).where(moves.c.customer == other.c.customer, moves.c.after != other.c.after)
    connection.execute(this.values(after=other.c.after, reason=other.c.reason))


def gains(connection: Connection) -> dict[str, int]:
    """How many customers each person gets."""
    query = select(moves.c.after, func.count()).group_by(moves.c.after)
    return {row[0]: row[1] for row in connection.execute(query)}


def listed(connection: Connection, limit: int | None) -> list[Moved]:
    """Who gets whom, in the order in which they came."""
    people = tables.customers
    query = (
        select(people.c.customer_id, people.c.email, moves.c.before, moves.c.after, moves.c.reason)
        .join_from(moves, people, people.c.id == moves.c.customer)
        .order_by(moves.c.customer)
        .limit(limit)
    )
    return [Moved(row[0], row[1] or "", row[2] or "", row[3], row[4]) for row in connection.execute(query)]


def apply(
    connection: Connection, now: datetime, otherwise: str, *, customers: Table | None = None, column: str = ""
) -> int:
    """Notes every move as an event, and gives open tasks along; how many.

    Args:
        otherwise: who had the tasks of customers whose person is nobody.
        customers, column: where the new person is written; None where it stands there already.
    """
    fields = change_as_json(connection, moves.c.before, moves.c.after, moves.c.reason)
    at = to_microseconds(now)
    words = literal(f"{SOURCE}/{at}/").concat(cast(moves.c.customer, Text)).concat("/").concat(moves.c.after)
    identity = cast(words, LargeBinary) if bulk.is_sqlite(connection) else func.convert_to(words, "UTF8")
    told = select(
        moves.c.customer,
        literal(str(OwnEvent.OWNER_CHANGED)),
        literal(at, BigInteger),
        fields,
        identity,
        literal(SOURCE),
    )
    names = ["customer", "name", "at", "fields", "identity", "source"]
    connection.execute(
        bulk.inserting(connection, tables.events)
        .from_select(names, told.where(true()))
        .on_conflict_do_nothing()
    )
    task = tables.tasks
    theirs = update(task).where(
        task.c.customer == moves.c.customer,
        task.c.state == str(TaskState.OPEN),
        task.c.owner == func.coalesce(moves.c.before, otherwise),
    )
    connection.execute(theirs.values(owner=moves.c.after))
    if customers is None:
        return int(connection.execute(select(func.count()).select_from(moves)).scalar_one())
    given = update(customers).where(customers.c.id == moves.c.customer)
    return connection.execute(given.values({column: moves.c.after, "updated_at": now})).rowcount


def written(connection: Connection, customers: Table, column: str, keys: Sequence[str]) -> dict[str, str]:
    """What stands in the owner's field of customers with these keys, "" for nothing."""
    found = bulk.select_among(
        connection, (customers.c.customer_id, customers.c[column]), customers.c.customer_id, list(keys)
    )
    return {row[0]: row[1] or "" for row in found}


def clear(connection: Connection) -> None:
    """Forgets the moves."""
    connection.execute(delete(moves))


def handed_over(
    connection: Connection, after: str, since: datetime, limit: int
) -> list[tuple[str, str, datetime, str]]:
    """Key, address, moment and fields of the customers somebody has got since then, the newest first."""
    event, people = tables.events, tables.customers
    named = event.c.fields.like(f'%"to"%:%"{after}"%')
    query = (
        select(people.c.customer_id, people.c.email, event.c.at, event.c.fields)
        .join_from(event, people, people.c.id == event.c.customer)
        .where(event.c.name == str(OwnEvent.OWNER_CHANGED), event.c.at >= since, named)
        .order_by(event.c.at.desc(), event.c.id)
        .limit(limit)
    )
    return [(row[0], row[1] or "", row[2], row[3] or "{}") for row in connection.execute(query)]
