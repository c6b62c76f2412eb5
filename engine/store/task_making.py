"""Many tasks at once: made for a set of customers in one statement, and never a second one for the same letter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, literal, select, true

from engine.model.task import MadeBy, TaskState
from engine.store import bulk, tables
from engine.store.types import Moment, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

REQUIRED = ("customer", "kind", "title")
OPTIONAL = ("delivery", "occasion", "text", "owner", "due_at", "expires_at", "reason")


@dataclass(frozen=True, slots=True)
class Draft:
    """One task with the text of the letter it stands for. Words are "" where there are none. `occasion`: see tasks."""

    customer: int
    delivery: int
    kind: str
    title: str
    text: str = ""
    owner: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""
    occasion: str = ""


def make(connection: Connection, chosen: Select[Any], made_by: MadeBy, now: datetime) -> int:
    """A new open task for every row of a SELECT; how many were made.

    Args:
        chosen: one row a task, with columns labelled `customer` (customers.id), `kind` and `title`, and any of
            `delivery` (the letter it stands for), `occasion` (what a customer gets one task for), `text`, `owner`
            (a sender's name), `due_at`, `expires_at` and `reason`. A delivery that has a task gets no second one, and
            a customer none for the same occasion, whoever asks again.

    Whoever makes tasks instead of letters does so in the transaction in which their deliveries end with the reason
    `owner_task`.
    """
    rows = chosen.subquery()
    missing = [name for name in REQUIRED if name not in rows.c]
    if missing:
        raise ValueError(f"the SELECT of tasks has no column {' and '.join(missing)}")
    given = {name: rows.c[name] for name in (*REQUIRED, *OPTIONAL) if name in rows.c}
    columns = [*given, "state", "made_by", "created_at"]
    # SQLite reads ON CONFLICT after a SELECT without WHERE as a join condition.
    source = select(
        *given.values(), literal(str(TaskState.OPEN)), literal(str(made_by)), literal(now, Moment)
    ).where(true())
    statement = bulk.inserting(connection, tables.tasks).from_select(columns, source, include_defaults=False)
    done = connection.execute(statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True))
    if done.rowcount >= 0:
        return int(done.rowcount)
    # Python's sqlite3 does not count for a statement that begins with WITH; SQLite does.
    return int(connection.exec_driver_sql("SELECT changes()").scalar_one())


def make_drafted(connection: Connection, drafts: Iterable[Draft], made_by: MadeBy, now: datetime) -> int:
    """The same for a batch of letters whose texts were made one by one."""
    table = tables.tasks
    names = (*REQUIRED, *OPTIONAL, "state", "made_by", "created_at")
    rows = [
        (
            *(_stored(getattr(draft, name)) for name in (*REQUIRED, *OPTIONAL)),
            str(TaskState.OPEN),
            str(made_by),
            to_microseconds(now),
        )
        for draft in drafts
    ]
    return bulk.insert_rows(connection, tuple(table.c[name] for name in names), rows)


def _stored(value: object) -> object:
    return to_microseconds(value) if isinstance(value, datetime) else value or None
