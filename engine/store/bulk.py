"""Many rows at once: executemany on SQLite; unnest on PostgreSQL, where executemany costs ten times more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column

if TYPE_CHECKING:
    from sqlalchemy import Connection, Dialect, Table

Row = tuple[Any, ...]


def is_sqlite(connection: Connection) -> bool:
    """Which of the two dialects a statement must be written in."""
    return connection.dialect.name == "sqlite"


def inserting(connection: Connection, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_nothing`, which both databases have and the SQL standard has not."""
    if is_sqlite(connection):
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def cursor_of(connection: Connection) -> Any:
    """The driver's own cursor in the connection's transaction: no compiling, no result objects."""
    return connection.connection.cursor()


def run(connection: Connection, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """One statement in the driver's own words; the cursor, to read rows or `rowcount` from."""
    cursor = cursor_of(connection)
    cursor.execute(statement, parameters)
    return cursor


def run_among(connection: Connection, statement: str, ids: Sequence[int], given: Mapping[str, Any]) -> int:
    """One statement with named parameters and `id IN :ids`; how many rows it changed."""
    if not ids:
        return 0
    if is_sqlite(connection):
        written = statement.replace("id IN :ids", "id IN (SELECT value FROM json_each(:ids))")
        # Python writes whole numbers in a list as JSON does, ten times as fast as its JSON module.
        return int(run(connection, written, {**given, "ids": str(list(ids))}).rowcount)
    written = statement.replace("id IN :ids", "id = ANY(:ids)")
    return int(run(connection, named(written), {**given, "ids": list(ids)}).rowcount)


def named(statement: str) -> str:
    """`:name` as psycopg writes it."""
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", statement)


def insert_rows(connection: Connection, columns: Sequence[Column[Any]], rows: Iterable[Row]) -> int:
    """Inserts rows of one table and skips those whose unique key is taken; how many were new.

    Values are in stored form: see `stored_form`.
    """
    table, names = columns[0].table.name, ", ".join(column.name for column in columns)
    if is_sqlite(connection):
        marks = ", ".join("?" * len(columns))
        cursor = cursor_of(connection)
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows)
        return max(int(cursor.rowcount), 0)
    source = _unnest(columns, connection.dialect)
    statement = f"INSERT INTO {table} ({names}) SELECT * FROM {source} ON CONFLICT DO NOTHING"
    return _with_arrays(connection, statement, rows)


def update_rows(
    connection: Connection, key: Column[Any], columns: Sequence[Column[Any]], rows: Iterable[Row]
) -> int:
    """Sets columns of the rows named by their key, which stands last in each row; how many were there.

    Values are in stored form: see `stored_form`.
    """
    table = key.table.name
    if is_sqlite(connection):
        assignments = ", ".join(f"{column.name} = ?" for column in columns)
        cursor = cursor_of(connection)
        cursor.executemany(f"UPDATE {table} SET {assignments} WHERE {key.name} = ?", rows)
        return max(int(cursor.rowcount), 0)
    assignments = ", ".join(f"{column.name} = given.{column.name}" for column in columns)
    every = [*columns, key]
    source = _unnest(every, connection.dialect)
    names = ", ".join(column.name for column in every)
    where = f"{table}.{key.name} = given.{key.name}"
    statement = f"UPDATE {table} SET {assignments} FROM {source} AS given ({names}) WHERE {where}"
    return _with_arrays(connection, statement, rows)


def select_among(
    connection: Connection, columns: Sequence[Column[Any]], key: Column[Any], values: Sequence[Any]
) -> list[Any]:
    """The rows whose key is one of the values, in stored form and no particular order."""
    names = ", ".join(column.name for column in columns)
    start = f"SELECT {names} FROM {key.table.name} WHERE {key.name}"
    if is_sqlite(connection):
        given = json.dumps(list(values))
        return list(run(connection, f"{start} IN (SELECT value FROM json_each(?))", (given,)))
    kind = array_type(key, connection.dialect)
    return list(run(connection, f"{start} = ANY(%s::{kind})", (list(values),)))


def stored_form(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What turns a value into what the driver stores in the column; None where it already is."""
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def array_type(column: Column[Any], dialect: Dialect) -> str:
    """PostgreSQL's name for an array of the column's type."""
    return f"{column.type.compile(dialect=dialect)}[]"


@lru_cache(maxsize=64)
def _arrays(columns: tuple[Column[Any], ...], dialect: Dialect) -> str:
    return ", ".join(f"%s::{array_type(column, dialect)}" for column in columns)


def _unnest(columns: Sequence[Column[Any]], dialect: Dialect) -> str:
    return f"unnest({_arrays(tuple(columns), dialect)})"


def _with_arrays(connection: Connection, statement: str, rows: Iterable[Row]) -> int:
    arrays = [list(values) for values in zip(*rows, strict=True)]
    return int(run(connection, statement, arrays).rowcount) if arrays else 0
