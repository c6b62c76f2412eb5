"""What drivers say when a database fails, as the store's errors: no SQL, no values, no password."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from engine.errors import StoreCorrupt, StoreError, StoreLocked

LOCK_SECONDS = 10.0
"""How long a writer waits for another: longer than any batch, or chunk of an import, takes."""

LOCKED_HELP = "another touchbase is writing; let it finish, or stop it, and try again"
CORRUPT_HELP = (
    "keep the file as it is, and bring back a copy from before the damage; "
    "starting with an empty database would send old letters again"
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL_LOCKED = {"55P03": "lock not available", "40P01": "deadlock", "40001": "serialization failure"}
POSTGRESQL_GONE = ("08", "57P")
"""Classes of a lost connection and of a server that is stopping or starting."""

POSTGRESQL_SILENT = {"OperationalError", "InterfaceError"}
"""What psycopg raises without a code when the server said nothing, because it is gone."""


def translate(error: Exception, place: str) -> Exception:
    """The store's error for a driver's error, or `error` itself where it is another matter or our mistake.

    Args:
        error: as SQLAlchemy or the driver raised it.
        place: the database as people know it: a path, or a URL without its password.
    """
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return _from_sqlite(original, place) or error
    if original is not None and type(original).__module__.startswith("psycopg"):
        return _from_postgresql(original, place) or error
    return error


def _from_postgresql(error: BaseException, place: str) -> StoreError | None:
    state = getattr(error, "sqlstate", None) or ""
    reason = first_line(error)
    if state in POSTGRESQL_LOCKED:
        return StoreLocked(f"{place} is busy ({POSTGRESQL_LOCKED[state]})", help=LOCKED_HELP)
    if state.startswith("53"):
        return StoreError(f"{place} has run out of room: {reason}", help="free some space or connections")
    if state in {"42501", "25006"}:
        return StoreError(f"{place} may not be written: {reason}", help="check the rights of this user")
    if state.startswith(POSTGRESQL_GONE) or (not state and type(error).__name__ in POSTGRESQL_SILENT):
        return StoreError(
            f"the connection to {place} was lost: {reason}",
            help="check that PostgreSQL is running and try again; what was already written is kept",
        )
    return None


def _from_sqlite(error: sqlite3.Error, place: str) -> StoreError | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLocked(
            f"{place} is in use by another writer for over {LOCK_SECONDS:.0f} s", help=LOCKED_HELP
        )
    if name.startswith("SQLITE_FULL"):
        return StoreError(
            f"the disk is full: {place} could not be written", help="free some space and try again"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreError(
            f"{place} may not be written", help="give yourself write access to the file and its folder"
        )
    if name.startswith("SQLITE_CANTOPEN"):
        return StoreError(f"{place} cannot be opened", help="check that its folder exists and may be written")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreCorrupt(f"{place} is damaged: {error}", help=CORRUPT_HELP)
    if name.startswith("SQLITE_IOERR"):
        return StoreError(
            f"the disk refused to read or write {place}", help="check the disk and its free space"
        )
    return None


def first_line(error: BaseException | None) -> str:
    """The first line of a driver's message; from PostgreSQL its own sentence, which holds no values."""
    diagnosis = getattr(error, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(error)
    return text.strip().splitlines()[0] if text.strip() else "no reason given"
