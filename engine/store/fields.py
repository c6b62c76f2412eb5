"""Declared customer fields: one typed column of `customers` for each, whose kind may change without loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Date, Double, MetaData, Table, Text, insert, select, update
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeEngine

from engine.store import tables
from engine.store.conversion import convert
from engine.store.types import Moment, Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

KINDS: dict[str, TypeEngine[Any]] = {
    "text": Text(),
    "one_of": Text(),
    "number": Double(),
    "date": Date(),
    "moment": Moment(),
    "boolean": Boolean(),
    "list": Words(),
}
"""The kinds a workspace may declare, and the column type of each."""


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A declared field: its name in the workspace, its kind, and the column of `customers` that holds it."""

    name: str
    kind: str
    column: str


def ensure(database: Database, kinds: Mapping[str, str], now: datetime) -> tuple[FieldColumn, ...]:
    """Gives every declared field its column and returns them all, in the order they were declared.

    Args:
        database: read first, and written only when something is missing or has changed.
        kinds: a kind, a key of KINDS, for each field's name.
        now: when they were declared.

    A field of another kind than before gets a column of that kind with the values that can be read as it. The
    old column stays as it is, and what could not be read comes back when the kind changes back.
    """
    with database.read() as connection:
        known = declared(connection)
    if any(name not in known or known[name].kind != kind for name, kind in kinds.items()):
        with database.write() as connection:
            known = _declare(connection, kinds, now)
    return tuple(known[name] for name in kinds)


def declared(connection: Connection) -> dict[str, FieldColumn]:
    """Every field that has ever been declared, as it was declared last, by name."""
    found = connection.execute(select(*_FIELD).where(tables.fields.c.current))
    return {row[0]: FieldColumn(*row) for row in found}


_FIELD = (tables.fields.c.name, tables.fields.c.kind, tables.fields.c.column_name)


def customer_table(declared: Iterable[FieldColumn]) -> Table:
    """`customers` with its declared fields; `table.c["field_first_name"]` is typed by the field's kind."""
    return _customer_table(tuple(declared))


@lru_cache(maxsize=16)
def _customer_table(declared: tuple[FieldColumn, ...]) -> Table:
    table = tables.customers.to_metadata(MetaData())
    for field in declared:
        table.append_column(Column(field.column, KINDS[field.kind]))
    return table


def _declare(connection: Connection, kinds: Mapping[str, str], now: datetime) -> dict[str, FieldColumn]:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE fields IN EXCLUSIVE MODE")
    for name, kind in kinds.items():
        before = declared(connection).get(name)
        if before is not None and before.kind == kind:
            continue
        same_name = tables.fields.c.name == name
        connection.execute(update(tables.fields).where(same_name).values(current=False))
        column = connection.execute(
            select(tables.fields.c.column_name).where(same_name, tables.fields.c.kind == kind)
        ).scalar()
        if column is None:
            column = _add_column(connection, name, kind)
            row = {"name": name, "kind": kind, "column_name": column, "current": True, "declared_at": now}
            connection.execute(insert(tables.fields).values(row))
        else:
            this = update(tables.fields).where(same_name, tables.fields.c.kind == kind)
            connection.execute(this.values(current=True, declared_at=now))
        if before is not None:
            convert(
                connection, customer_table((before, FieldColumn(name, kind, column))), before, kind, column
            )
    return declared(connection)


def _add_column(connection: Connection, name: str, kind: str) -> str:
    taken = set(connection.execute(select(tables.fields.c.column_name)).scalars())
    column_name = next(candidate for candidate in _column_names(name, kind) if candidate not in taken)
    rendered = CreateColumn(Column(column_name, KINDS[kind])).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE customers ADD COLUMN {rendered}")
    return column_name


def _column_names(name: str, kind: str) -> Iterable[str]:
    """Names to try: readable ones first, then one that is certainly free and short enough for PostgreSQL."""
    if re.fullmatch("[a-z0-9_]{1,40}", name):
        yield f"field_{name}"
        yield f"field_{name}_as_{kind}"
    yield f"field_{blake2b(f'{name}/{kind}'.encode(), digest_size=12).hexdigest()}"
