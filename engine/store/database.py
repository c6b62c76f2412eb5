"""The database: opened once, read and written in transactions that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StoreError, StoreLocked
from engine.store.failures import LOCK_SECONDS, LOCKED_HELP, first_line, translate

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine


class Database:
    """An open database. Threads may share it; each `read()` or `write()` has a connection of its own.

    Attributes:
        engine: SQLAlchemy's, for the store's and the audience's own rooms.
        place: what to call it in messages: a path, or a URL without its password.
        path: the SQLite file, or None on PostgreSQL.
    """

    def __init__(self, engine: Engine, place: str, path: Path | None) -> None:
        self.engine = engine
        self.place = place
        self.path = path
        self._writer = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database: one file, one writer at a time."""
        return self.path is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that sees one moment of the database and changes nothing.

        Raises:
            StoreError: the database could not be read.
        """
        with self.own_errors(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that is kept as a whole when the block ends, and not at all when it raises.

        Raises:
            StoreLocked: another writer held the database longer than we wait.
            StoreError: the database could not be written. If the connection broke while the transaction was
                being kept, it may or may not have been: read again before deciding.
        """
        with self.own_errors(), self._turn(), self.engine.connect() as connection:
            connection.execution_options(touchbase_writing=True)
            with connection.begin():
                yield connection

    @contextmanager
    def aside(self) -> Iterator[Aside]:
        """A connection for long work in temporary tables, which keeps no other writer waiting.

        Raises StoreError and StoreLocked as `read` and `write` do.
        """
        with self.own_errors(), self.engine.connect() as connection:
            yield Aside(connection, self._turn)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite's busy handler polls; threads of one process queue here instead and lose no time."""
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=LOCK_SECONDS):
            raise StoreLocked(f"{self.place} is in use by another writer in this program", help=LOCKED_HELP)
        try:
            yield
        finally:
            self._writer.release()

    def examine(self) -> None:
        """Reads the whole SQLite file; raises StoreCorrupt where it is damaged. PostgreSQL checks itself."""
        from engine.store import sqlite

        if self.is_sqlite:
            with self.own_errors():
                sqlite.examine(self.engine, self.place)

    def back_up(self, file: Path) -> None:
        """Writes the SQLite database as it is at this moment into a new file, while others go on writing.

        Raises StoreError where that is impossible; then there is no file. PostgreSQL has a tool of its own.
        """
        from engine.store import sqlite

        assert self.path is not None
        with self.own_errors():
            sqlite.back_up(self.path, file)

    def sweep(self) -> bool:
        """Writes over what was erased but still stands in freed places of the file; False where that must wait.

        It waits where the file is large or in use. PostgreSQL does it by itself (autovacuum), some time later.
        """
        from engine.store import sqlite

        return self.path is not None and sqlite.sweep(self.engine, self.path)

    @contextmanager
    def own_errors(self) -> Iterator[None]:
        """Turns the driver's errors into our own."""
        try:
            yield
        except Exception as error:
            failure = translate(error, self.place)
            if failure is error:
                raise
            raise failure from error

    def close(self) -> None:
        """Lets go of every connection."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Aside:
    """One connection: first a transaction that works aside, then one that writes what came of it."""

    def __init__(self, connection: Connection, turn: Callable[[], AbstractContextManager[None]]) -> None:
        self._connection = connection
        self._turn = turn

    @contextmanager
    def working(self) -> Iterator[Connection]:
        """A transaction that sees the database and writes in temporary tables alone, which outlast it."""
        self._connection.execution_options(touchbase_writing=False, touchbase_aside=True)
        with self._connection.begin():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction as `Database.write` gives one, with the temporary tables at hand."""
        self._connection.execution_options(touchbase_writing=True)
        with self._turn(), self._connection.begin():
            yield self._connection


def open_database(url: str, *, root: Path | None = None, create: bool = True) -> Database:
    """Opens the database and brings its tables up to this program's version.

    Args:
        url: `sqlite:///file.db` (relative to `root`), `sqlite:////absolute/file.db` or `postgresql://…`.
        root: the workspace; the current folder without one.
        create: make a database where there is none. A damaged one is never replaced.

    Raises:
        StoreCorrupt: damaged, not ours, or from a newer program.
        StoreLocked: somebody else is changing its tables and takes too long.
        StoreError: cannot be reached, read or written; `help` says what to do.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError

    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"`{url.partition(':')[0]}:…` is not a database address", help=ADDRESS_HELP
        ) from error
    place = parsed.render_as_string(hide_password=True)
    try:
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(parsed, root or Path.cwd(), create)
        if parsed.get_backend_name() in {"postgresql", "postgres"}:
            return _open_postgresql(parsed, place, create)
    except DBAPIError as error:
        raise _unopened(error, parsed, place) from error
    raise StoreError(f"`{parsed.drivername}` is not a database Touchbase knows", help=ADDRESS_HELP)


ADDRESS_HELP = (
    "write `database: sqlite:///touchbase.db` or `postgresql://user@host/name` in config/project.yaml"
)


def _open_sqlite(url: URL, root: Path, create: bool) -> Database:
    from engine.store import sqlite
    from engine.store.schema import migrate

    if not url.database or url.database == ":memory:":
        raise StoreError("a database in memory would forget whom it has written to", help=ADDRESS_HELP)
    path = root / url.database
    sqlite.check_file(path)
    if not path.exists():
        if not create:
            raise StoreError(f"there is no database at {path}", help="`touchbase init` makes one")

        def build(engine: Engine) -> None:
            with Database(engine, str(path), path).write() as connection:
                migrate(connection, str(path), _new_id)

        sqlite.create_file(path, build)
    database = Database(sqlite.make_engine(path), str(path), path)
    return _ready(database, create=create, examine=sqlite.wants_examination(path))


def _open_postgresql(url: URL, place: str, create: bool) -> Database:
    from engine.store import postgresql

    return _ready(Database(postgresql.make_engine(url), place, None), create=create, examine=False)


def _ready(database: Database, *, create: bool, examine: bool) -> Database:
    """The same database with this program's tables, or closed again and the reason raised."""
    from engine.store import schema

    try:
        if examine:
            database.examine()
        with database.read() as connection:
            found = schema.version(connection)
        if database.is_sqlite and found is None:
            raise StoreError(
                f"{database.place} is a database, but not Touchbase's",
                help="check `database` in config/project.yaml; nothing was changed",
            )
        if found is None and not create:
            raise StoreError(
                f"{database.place} holds no Touchbase tables", help="`touchbase init` makes them"
            )
        if not schema.check_version(found, database.place):
            with database.write() as connection:
                schema.migrate(connection, database.place, _new_id)
    except BaseException:
        database.close()
        raise
    return database


def _unopened(error: Exception, url: URL, place: str) -> StoreError:
    reason = first_line(getattr(error, "orig", None) or error)
    if url.password:
        reason = reason.replace(str(url.password), "***")
    return StoreError(
        f"{place} cannot be opened: {reason}", help="check that it is running and its address is right"
    )


def _new_id() -> str:
    return secrets.token_hex(16)
