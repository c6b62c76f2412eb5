"""The personal values letters need, read for a batch of deliveries in one query and in one fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Double
from sqlalchemy.types import Boolean

from engine.store import bulk
from engine.store.fields import FieldColumn, customer_table
from engine.store.types import SEPARATOR, Moment, Words, from_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

BUILT_IN = ("email", "customer_id", "time_zone", "language", "tags")
TOPICS = (
    "(SELECT group_concat(u.topic, '{mark}') FROM subscriptions u WHERE u.customer = c.id AND u.subscribed)",
    "(SELECT string_agg(u.topic, '{mark}') FROM subscriptions u WHERE u.customer = c.id AND u.subscribed)",
)
CODE = "k.code"
PREVIOUS_OWNER = "customer.previous_owner"
_CHANGE = (
    "FROM events e WHERE e.customer = c.id AND e.name = 'owner_changed' ORDER BY e.at DESC, e.id DESC LIMIT 1"
)
BEFORE = (
    f"(SELECT json_extract(e.fields, '$.from') {_CHANGE})",
    f"(SELECT e.fields::jsonb->>'from' {_CHANGE})",
)
"""Whose customer somebody was before the last change; nothing where they were nobody's."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value to read: its SQL, and what turns the stored form into plain data (None: it is plain)."""

    sql: str
    plain: Callable[[Any], Any] | None = None


def columns(
    declared: Sequence[FieldColumn], sqlite: bool, zone: ZoneInfo, senders: Mapping[str, str] | None = None
) -> dict[str, Column]:
    """Every value a letter may ask for, by its dotted name: `customer.first_name`, `offer.code` …

    `zone`: the project's; a letter shows moments on its clock. `senders`: what people call each of them.
    """
    found = {PREVIOUS_OWNER: Column(BEFORE[0 if sqlite else 1], (senders or {}).get)}
    return {**found, **_columns(tuple(declared), sqlite, zone)}


@lru_cache(maxsize=16)
def _columns(declared: tuple[FieldColumn, ...], sqlite: bool, zone: ZoneInfo) -> dict[str, Column]:
    table = customer_table(declared)
    kinds = {name: table.c[name].type for name in BUILT_IN}
    found = {
        f"customer.{name}": Column(f"c.{name}", _plain(kind, sqlite, zone)) for name, kind in kinds.items()
    }
    topics = TOPICS[0 if sqlite else 1].format(mark=SEPARATOR)
    found["customer.topics"] = Column(topics, _words)
    for field in declared:
        kind = table.c[field.column].type
        found[f"customer.{field.name}"] = Column(f"c.{field.column}", _plain(kind, sqlite, zone))
    found["offer.code"] = Column(CODE)
    return found


def _plain(kind: Any, sqlite: bool, zone: ZoneInfo) -> Callable[[Any], Any] | None:
    if isinstance(kind, Words):
        return _words
    if isinstance(kind, Double):
        return _number
    if isinstance(kind, Moment):
        return partial(_moment, zone=zone)
    if isinstance(kind, Date) and sqlite:
        return _date
    if isinstance(kind, Boolean) and sqlite:
        return _truth
    return None


def _words(stored: str | None) -> list[str] | None:
    return None if stored is None else [word for word in stored.split(SEPARATOR) if word]


def _number(stored: float | None) -> float | int | None:
    """900 and not 900.0: a letter shows what the marketer imported."""
    return int(stored) if stored is not None and stored.is_integer() else stored


def _date(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)


def _moment(stored: int | None, zone: ZoneInfo) -> datetime | None:
    return None if stored is None else from_microseconds(stored).astimezone(zone)


def _truth(stored: int | None) -> bool | None:
    return None if stored is None else bool(stored)


def read(
    connection: Connection, wanted: Sequence[Column], offer: str, deliveries: Sequence[int]
) -> list[tuple[Any, ...]]:
    """For each delivery: its number, its customer, the address now, then the wanted values.

    `offer`: the offer whose code is meant by `k.code`. Deliveries whose customer is gone are missing.
    """
    sqlite = bulk.is_sqlite(connection)
    joined = any(column.sql == CODE for column in wanted)
    names = ", ".join(("d.id", "d.customer", "c.email", *(column.sql for column in wanted)))
    among = "IN (SELECT value FROM json_each(:ids))" if sqlite else "= ANY(:ids)"
    codes = "LEFT JOIN codes k ON k.delivery = d.id AND k.offer = :offer" if joined else ""
    statement = (
        f"SELECT {names} FROM deliveries d JOIN customers c ON c.id = d.customer {codes} WHERE d.id {among}"
    )
    given: dict[str, Any] = {"ids": _ids(deliveries, sqlite)}
    if joined:
        given["offer"] = offer
    rows: list[tuple[Any, ...]] = bulk.run(
        connection, statement if sqlite else bulk.named(statement), given
    ).fetchall()
    changed = [(place + 3, column.plain) for place, column in enumerate(wanted) if column.plain is not None]
    if not changed:
        return rows
    return [_converted(row, changed) for row in rows]


def planned(connection: Connection, run: int, size: int) -> Iterator[dict[int, list[int]]]:
    """The planned deliveries of a run by their variant, so many at a time."""
    last = 0
    statement = (
        "SELECT id, variant FROM deliveries WHERE run = :run AND variant IS NOT NULL AND due_at IS NOT NULL "
        "AND id > :last ORDER BY id LIMIT :size"
    )
    if not bulk.is_sqlite(connection):
        statement = bulk.named(statement)
    while True:
        found = bulk.run(connection, statement, {"run": run, "last": last, "size": size}).fetchall()
        if not found:
            return
        last = found[-1][0]
        chunk: dict[int, list[int]] = {}
        for delivery, variant in found:
            chunk.setdefault(variant, []).append(delivery)
        yield chunk


def _ids(deliveries: Sequence[int], sqlite: bool) -> Any:
    import orjson

    return orjson.dumps(list(deliveries)).decode() if sqlite else list(deliveries)


def _converted(
    row: tuple[Any, ...], changed: Sequence[tuple[int, Callable[[Any], Any] | None]]
) -> tuple[Any, ...]:
    values = list(row)
    for place, plain in changed:
        assert plain is not None
        values[place] = plain(values[place])
    return tuple(values)
