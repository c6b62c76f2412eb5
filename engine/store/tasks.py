"""Tasks: open until somebody, once, says what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, insert, or_, select, update

from engine.model.task import MadeBy, TaskState
from engine.store import tables
from engine.store.task_times import free_codes
from engine.store.touches_by_people import hold

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping


@dataclass(frozen=True, slots=True)
class Task:
    """One task with its customer's key and address. Words are "" where there are none.

    `delivery`: the letter it stands for. `expires_at`: when it is closed, if nobody did it.
    """

    id: int
    customer: int
    customer_id: str
    email: str
    kind: str
    title: str
    text: str
    owner: str
    due_at: datetime | None
    snoozed_until: datetime | None
    state: TaskState
    made_by: MadeBy
    reason: str
    created_at: datetime
    closed_at: datetime | None
    touch: int | None
    delivery: int | None
    expires_at: datetime | None


def add(
    connection: Connection,
    customer: int,
    kind: str,
    title: str,
    now: datetime,
    *,
    text: str = "",
    owner: str = "",
    due_at: datetime | None = None,
    made_by: MadeBy = MadeBy.PERSON,
    reason: str = "",
) -> int:
    """A new open task; its number. LookupError where the customer is gone."""
    hold(connection, customer)
    values = {
        "customer": customer,
        "kind": kind,
        "title": title,
        "text": text or None,
        "owner": owner or None,
        "due_at": due_at,
        "state": str(TaskState.OPEN),
        "made_by": str(made_by),
        "reason": reason or None,
        "created_at": now,
    }
    this = insert(tables.tasks).values(values).returning(tables.tasks.c.id)
    return int(connection.execute(this).scalar_one())


def get(connection: Connection, task: int) -> Task | None:
    """The task of that number."""
    row = connection.execute(_tasks().where(tables.tasks.c.id == task)).mappings().first()
    return None if row is None else _task(row)


def listed(
    connection: Connection,
    now: datetime,
    *,
    owner: str = "",
    covered: Sequence[str] = (),
    until: datetime | None = None,
    closed: bool = False,
    limit: int,
    skip: int = 0,
) -> list[Task]:
    """Open tasks that are not snoozed, those due longest first and those without a date last.

    `owner`: theirs alone, and those of whoever they stand in for (`covered`). `until`: due by then alone.
    `closed`: also snoozed and closed ones, these last and the latest first.
    """
    table = tables.tasks
    query = _tasks()
    if not closed:
        awake = or_(table.c.snoozed_until.is_(None), table.c.snoozed_until <= now)
        query = query.where(table.c.state == str(TaskState.OPEN), awake)
    if owner:
        query = query.where(table.c.owner.in_((owner, *covered)))
    if until is not None:
        query = query.where(table.c.due_at <= until)
    is_closed = table.c.state != str(TaskState.OPEN)
    query = query.order_by(
        is_closed, table.c.closed_at.desc(), table.c.due_at.is_(None), table.c.due_at, table.c.id
    )
    return [_task(row) for row in connection.execute(query.limit(limit).offset(skip)).mappings()]


def by_owner(connection: Connection, run: int) -> dict[str, int]:
    """How many tasks stand for letters of the run, by their owner, those with most first."""
    table, delivery = tables.tasks, tables.deliveries
    owner, number = func.coalesce(table.c.owner, "").label("owner"), func.count().label("number")
    query = (
        select(owner, number)
        .join_from(delivery, table, table.c.delivery == delivery.c.id)
        .where(delivery.c.run == run)
        .group_by(owner)
        .order_by(number.desc(), owner)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def close(
    connection: Connection,
    task: int,
    state: TaskState,
    now: datetime,
    *,
    reason: str = "",
    touch: int | None = None,
) -> bool:
    """Closes an open task; False if somebody closed it before, and then nothing is changed.

    A code in the draft of a task that is not done is free again.
    """
    if state is TaskState.OPEN:
        raise ValueError("a task is closed once and never opened again")
    values: dict[str, Any] = {"state": str(state), "closed_at": now, "touch": touch}
    if reason:
        values["reason"] = reason
    closed = _change_open(connection, task, values)
    if closed and state is not TaskState.DONE:
        found = select(tables.tasks.c.delivery).where(tables.tasks.c.id == task)
        free_codes(
            connection, [number for number in connection.execute(found).scalars() if number is not None]
        )
    return closed


def snooze(connection: Connection, task: int, until: datetime) -> bool:
    """Puts an open task out of sight until then; False if it is closed."""
    return _change_open(connection, task, {"snoozed_until": until})


def _change_open(connection: Connection, task: int, values: dict[str, Any]) -> bool:
    table = tables.tasks
    this = update(table).where(table.c.id == task, table.c.state == str(TaskState.OPEN)).values(values)
    return connection.execute(this).rowcount == 1


def _tasks() -> Select[Any]:
    table, people = tables.tasks, tables.customers
    return select(table, people.c.customer_id, people.c.email).join_from(
        table, people, people.c.id == table.c.customer
    )


def _task(row: RowMapping) -> Task:
    return Task(
        row["id"],
        row["customer"],
        row["customer_id"],
        row["email"] or "",
        row["kind"],
        row["title"],
        row["text"] or "",
        row["owner"] or "",
        row["due_at"],
        row["snoozed_until"],
        TaskState(row["state"]),
        MadeBy(row["made_by"]),
        row["reason"] or "",
        row["created_at"],
        row["closed_at"],
        row["touch"],
        row["delivery"],
        row["expires_at"],
    )
