"""SQLite: what is checked before a file is trusted, how it is made whole, how a connection is set up."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StoreCorrupt, StoreError
from engine.store.failures import CORRUPT_HELP, LOCK_SECONDS

if TYPE_CHECKING:
    from sqlalchemy import Engine

MAGIC = b"SQLite format 3\x00"
"""The first sixteen bytes of every database file: https://www.sqlite.org/fileformat2.html#the_database_header"""

ALWAYS_EXAMINED_BYTES = 8 * 1024 * 1024
"""Up to this size the whole file is examined at every opening: it costs a few milliseconds."""

SWEPT_BYTES = 256 * 1024 * 1024
"""Up to this size the file is rewritten after somebody was erased: it takes a few seconds at most."""

PRAGMAS = (
    f"PRAGMA busy_timeout = {int(LOCK_SECONDS * 1000)}",
    "PRAGMA foreign_keys = ON",
    # FULL, because with NORMAL a power cut may forget that a letter has left, and it would leave again.
    "PRAGMA synchronous = FULL",
    # What a plan over a million people keeps aside must not stand in memory; small things never reach the disk.
    "PRAGMA temp_store = FILE",
    "PRAGMA cache_size = -32768",
)


PAGE_BYTES = 8192
"""Of a new database. Half as many calls to the disk as with SQLite's 4096 where many rows in a row are written."""


def check_file(path: Path) -> None:
    """Refuses a file that cannot be trusted, before SQLite touches it; silent where there is none to open.

    Raises:
        StoreCorrupt: not a database, emptied, cut short, or gone while its journal is still there.
        StoreError: not a file, or without the right to read and write.
    """
    journal = next((p for p in (_beside(path, "-wal"), _beside(path, "-journal")) if _size(p)), None)
    if not path.exists():
        if journal is not None:
            raise StoreCorrupt(
                f"{path.name} is missing, but its journal {journal.name} is there", help=CORRUPT_HELP
            )
        return
    if not path.is_file():
        raise StoreError(f"{path} is not a file", help="point `database` in config/project.yaml at a file")
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreError(
            f"{path} may not be written", help="give yourself write access to the file and its folder"
        )
    _check_header(path, journal)


def _check_header(path: Path, journal: Path | None) -> None:
    size = _size(path)
    if size == 0:
        raise StoreCorrupt(
            f"{path} is empty",
            help=CORRUPT_HELP if journal else "delete it if it was never used; otherwise bring back a copy",
        )
    with path.open("rb") as file:
        header = file.read(100)
    if len(header) < 100 or not header.startswith(MAGIC):
        raise StoreCorrupt(
            f"{path} is not a Touchbase database",
            help="check `database` in config/project.yaml; nothing was changed",
        )
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    if size < pages * (65536 if page == 1 else page) and journal is None:
        raise StoreCorrupt(f"{path} was cut short: its end is missing", help=CORRUPT_HELP)


def examine(engine: Engine, place: str) -> None:
    """Reads every page and checks that it hangs together; raises StoreCorrupt."""
    with engine.connect() as connection:
        first = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if first != "ok":
        raise StoreCorrupt(f"{place} is damaged: {str(first).splitlines()[-1]}", help=CORRUPT_HELP)


def sweep(engine: Engine, path: Path) -> bool:
    """Rewrites the file without its freed places, and empties its journal; False if it is large or in use."""
    if _size(path) > SWEPT_BYTES:
        return False
    raw = engine.raw_connection()
    try:
        connection = raw.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    except sqlite3.OperationalError:
        return False
    finally:
        raw.close()


def back_up(path: Path, file: Path) -> None:
    """The whole database as of one moment in a new file, without freed places, so without what was erased.

    It is written beside its place, read again from end to end, and only then put there.
    """
    unfinished = _beside(file, ".part")
    try:
        unfinished.unlink(missing_ok=True)
        # Made by us and not by SQLite, so that nobody else may ever read it.
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as connection:
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        with closing(sqlite3.connect(unfinished)) as copy:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{file} could not be read again: {found}", help="check the disk, and try again")
        _keep(unfinished)
        os.link(unfinished, file)
    except FileExistsError as error:
        raise StoreError(f"{file} is there already", help="name a new file; nothing was changed") from error
    except OSError as error:
        raise StoreError(
            f"{file} cannot be written: {error.strerror or error}",
            help="check that its folder may be written",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _keep(path: Path) -> None:
    """Asks the disk to keep the file through a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def wants_examination(path: Path) -> bool:
    """Whether the file is small, or was left by a process that could not finish writing."""
    return _size(path) <= ALWAYS_EXAMINED_BYTES or _size(_beside(path, "-journal")) > 0


def make_engine(path: Path) -> Engine:
    """An engine whose every transaction begins as it is meant: reading, or writing at once."""
    from sqlalchemy import URL, create_engine, event

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": LOCK_SECONDS},
        hide_parameters=True,
        pool_size=8,
        max_overflow=24,
        # The last one used again: a connection forgets the pages it has read when another one writes.
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # After a plain BEGIN a write fails at once, whatever the time-out, when another writer came between.
        options = connection.get_execution_options()
        writing, aside = options.get("touchbase_writing", False), options.get("touchbase_aside", False)
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA query_only = OFF" if writing or aside else "PRAGMA query_only = ON")
        cursor.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        cursor.close()

    return engine


def create_file(path: Path, build: Any) -> None:
    """A new database, made whole beside its place and then put there: nobody ever sees half of one.

    Args:
        path: where it shall stand; a file that is already there is left alone.
        build: called with an Engine on the unfinished file.
    """
    from engine.store.locks import file_lock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(_beside(path, ".lock")):
            if path.exists():
                return
            unfinished = _beside(path, ".new")
            for leftover in (unfinished, _beside(unfinished, "-wal"), _beside(unfinished, "-shm")):
                leftover.unlink(missing_ok=True)
            engine = make_engine(unfinished)
            try:
                with engine.connect() as connection:
                    driver = connection.connection.driver_connection
                    assert isinstance(driver, sqlite3.Connection)
                    driver.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                    driver.execute("PRAGMA journal_mode = WAL")
                build(engine)
            finally:
                engine.dispose()
            os.link(unfinished, path)
            unfinished.unlink()
    except OSError as error:
        raise StoreError(
            f"{path} cannot be created: {error.strerror or error}",
            help="check that its folder may be written",
        ) from error


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
