"""Customers: brought in by the batch, found by e-mail address or key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Table, Text, false, func, or_, select

from engine.model.address import address_hash
from engine.store import bulk, tables
from engine.store.fields import FieldColumn, customer_table
from engine.store.types import Words, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALIKE, MANY = 2, 5000
"""How many letters at either end of a misspelt address are right, as a rule; how many such addresses are compared."""

BUILT_IN = ("email", "time_zone", "language", "tags")
"""What every customer has beside the key; `topics` are subscriptions."""


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of a batch: added + updated + unchanged rows, and the customer of each row in order."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    customers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer as stored; `fields` by their declared names, unknown ones as None."""

    id: int
    customer_id: str
    email: str | None
    address_hash: str | None
    time_zone: str | None
    language: str | None
    tags: tuple[str, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


def upsert(
    connection: Connection,
    declared: Sequence[FieldColumn],
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    now: datetime,
) -> Upserted:
    """Adds customers or brings them up to date, and counts exactly what changed.

    Args:
        declared: the workspace's fields, from `fields.ensure`.
        names: what stands in each place of a row: "customer_id" first, then built-in or declared names.
        rows: values of the declared kinds; None means not known. A name that is not given is left as it is.
        now: the moment of the import.

    A key that comes twice is treated as if the rows came one after the other.
    """
    if not names or names[0] != "customer_id":
        raise ValueError("the first name of an upsert is customer_id")
    shape = _Shape.of(connection, customer_table(declared), declared, names)
    prepared = [shape.prepare(row) for row in rows]
    total = Upserted()
    for batch in _without_repeats(prepared):
        total = _add(total, _upsert_distinct(connection, shape, batch, to_microseconds(now)))
    keys = [row[0] for row in prepared]
    known: dict[str, int] = dict(_ids(connection, keys))
    return Upserted(total.added, total.updated, total.unchanged, tuple(known[key] for key in keys))


def find(connection: Connection, declared: Sequence[FieldColumn], who: str) -> list[Customer]:
    """Every customer with that key or that address, in any of its spellings; the key's owner first."""
    table = customer_table(declared)
    same = or_(table.c.customer_id == who, table.c.address_hash == address_hash(who))
    found = connection.execute(select(table).where(same).order_by(table.c.id)).mappings()
    customers = [_customer(row, declared) for row in found]
    return sorted(customers, key=lambda customer: customer.customer_id != who)


def spelt_alike(connection: Connection, who: str) -> list[str]:
    """Addresses in lower case that begin or end like this one: for "did you mean". Reads the table once."""
    local, _, domain = who.lower().partition("@")
    address = func.lower(tables.customers.c.email)
    same = [address.startswith(local[:ALIKE], autoescape=True)] if local else []
    if len(local) > ALIKE:
        same.append(address.contains(f"{local[-ALIKE:]}@{domain[:ALIKE]}", autoescape=True))
    found = connection.execute(select(address).where(or_(false(), *same)).limit(MANY))
    return [row[0] for row in found]


def by_ids(
    connection: Connection, declared: Sequence[FieldColumn], ids: Sequence[int]
) -> dict[int, Customer]:
    """Customers by their row numbers; those that are gone are missing."""
    table = customer_table(declared)
    found = connection.execute(select(table).where(table.c.id.in_(ids))).mappings()
    return {row["id"]: _customer(row, declared) for row in found}


def _customer(row: Mapping[Any, Any], declared: Sequence[FieldColumn]) -> Customer:
    fields = {item.name: row[item.column] for item in declared}
    return Customer(
        row["id"],
        row["customer_id"],
        row["email"],
        row["address_hash"],
        row["time_zone"],
        row["language"],
        row["tags"] or (),
        fields,
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a given row becomes a stored one: its columns, and what turns each value into its stored form."""

    columns: tuple[Column[Any], ...]
    forms: tuple[Callable[[Any], Any] | None, ...]
    email: int | None

    @classmethod
    def of(
        cls, connection: Connection, table: Table, declared: Sequence[FieldColumn], names: Sequence[str]
    ) -> _Shape:
        column_of = {item.name: item.column for item in declared}
        columns = []
        for name in names:
            built_in = name == "customer_id" or name in BUILT_IN
            columns.append(table.c[name if built_in else column_of[name]])
        forms = [_form(column, connection) for column in columns]
        email = names.index("email") if "email" in names else None
        if email is not None:
            columns.append(table.c.address_hash)
        return cls(tuple(columns), tuple(forms), email)

    def prepare(self, row: Sequence[object]) -> bulk.Row:
        values = [
            value if form is None or value is None else form(value)
            for form, value in zip(self.forms, row, strict=True)
        ]
        if self.email is not None:
            address = str(values[self.email] or "") or None
            values[self.email] = address
            values.append(address_hash(address) if address else None)
        return tuple(values)


def _form(column: Column[Any], connection: Connection) -> Callable[[Any], Any] | None:
    form = bulk.stored_form(column, connection.dialect)
    if isinstance(column.type, Words):
        return lambda words: form([_text(word) for word in words]) if form else words
    return _text if isinstance(column.type, Text) else form


def _text(value: Any) -> str:
    """PostgreSQL cannot store the character NUL; both databases then keep the same text without it."""
    text = str(value)
    return text.replace("\x00", "") if "\x00" in text else text


def _without_repeats(rows: Sequence[bulk.Row]) -> Iterator[list[bulk.Row]]:
    batch: dict[str, bulk.Row] = {}
    for row in rows:
        if row[0] in batch:
            yield list(batch.values())
            batch = {}
        batch[row[0]] = row
    if batch:
        yield list(batch.values())


def _upsert_distinct(connection: Connection, shape: _Shape, rows: list[bulk.Row], moment: int) -> Upserted:
    key = tables.customers.c.customer_id
    stored = {
        row[0]: row
        for row in bulk.select_among(connection, shape.columns, shape.columns[0], [row[0] for row in rows])
    }
    added = [row for row in rows if row[0] not in stored]
    changed = [row for row in rows if row[0] in stored and tuple(stored[row[0]]) != row]
    if added:
        times = (tables.customers.c.created_at, tables.customers.c.updated_at)
        inserted = [(*row, moment, moment) for row in added]
        if bulk.insert_rows(connection, (*shape.columns, *times), inserted) != len(added):
            # Somebody else added the same keys between our look and our insert: look again.
            return _upsert_distinct(connection, shape, rows, moment)
    if changed:
        columns = (*shape.columns[1:], tables.customers.c.updated_at)
        bulk.update_rows(connection, key, columns, [(*row[1:], moment, row[0]) for row in changed])
    return Upserted(len(added), len(changed), len(rows) - len(added) - len(changed))


def _ids(connection: Connection, keys: Sequence[str]) -> list[Any]:
    columns = (tables.customers.c.customer_id, tables.customers.c.id)
    return bulk.select_among(connection, columns, columns[0], keys)


def _add(one: Upserted, other: Upserted) -> Upserted:
    return Upserted(one.added + other.added, one.updated + other.updated, one.unchanged + other.unchanged)
