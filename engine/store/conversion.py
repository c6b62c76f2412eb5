"""Carrying a customer field's values over when the workspace declares it to be of another kind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, select

from engine.store import bulk

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.fields import FieldColumn

CHUNK = 5_000
"""Customers converted at a time, so that memory does not grow with their number."""

YES = frozenset({"yes", "true", "1", "y"})
NO = frozenset({"no", "false", "0", "n"})


def convert(connection: Connection, table: Table, before: FieldColumn, kind: str, column: str) -> None:
    """Writes every known value of `before` that can be read as `kind` into `column`; leaves the rest alone.

    `table`: customers with both columns.
    """
    source, target = table.c[before.column], table.c[column]
    form = bulk.stored_form(target, connection.dialect)
    last = 0
    while True:
        page = select(table.c.id, source).where(table.c.id > last, source.is_not(None))
        rows = connection.execute(page.order_by(table.c.id).limit(CHUNK)).all()
        if not rows:
            return
        read = [(read_as(kind, as_text(value)), number) for number, value in rows]
        kept = [(form(value) if form else value, number) for value, number in read if value is not None]
        bulk.update_rows(connection, table.c.id, (target,), kept)
        last = rows[-1][0]


def as_text(value: Any) -> str:
    """A stored value of any kind as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def read_as(kind: str, text: str) -> Any:
    """The text as a value of the kind; None where it is none."""
    reader: Callable[[str], Any] = _READERS.get(kind, str)
    try:
        return reader(text.strip())
    except ValueError:
        return None


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _boolean(text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise ValueError(text)
    return word in YES


def _list(text: str) -> tuple[str, ...] | None:
    return tuple(word.strip() for word in re.split("[;|]", text) if word.strip()) or None


def _date(text: str) -> date:
    """A day, or the day of a moment."""
    return datetime.fromisoformat(text).date()


def _moment(text: str) -> datetime:
    """A moment; a day is its midnight, and without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READERS: dict[str, Callable[[str], Any]] = {
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "moment": _moment,
    "list": _list,
}
