"""Where a database stands, and how far it has come: what tells an original from a copy or an older state of it."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from engine.store import bulk, meta
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

PLACE, MARK = "place", "mark"
"""Keys of `meta`: where the database stood when it was last used, and when letters last left from it."""

MOUNTS = Path("/proc/self/mountinfo")
STEADY = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "apfs", "tmpfs", "overlay"})
"""File systems that give a file the same number after every restart; shared folders of virtual machines do not."""


def place_of(connection: Connection, path: Path | None) -> str:
    """Where the database stands now: `file NUMBER PATH`, or PostgreSQL's own number and that of the database.

    `path`: the SQLite file, or None on PostgreSQL. NUMBER is 0 where files have no lasting number.
    """
    if path is not None:
        number = path.stat().st_ino if is_steady(path) else 0
        return f"file {number} {path.resolve()}"
    own = bulk.run(connection, "SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()[0]
    try:
        with connection.begin_nested():
            cluster = bulk.run(connection, "SELECT system_identifier FROM pg_control_system()").fetchone()[0]
    except DBAPIError:
        cluster = 0
    return f"postgresql {cluster} {own}"


def is_same(kept: str, found: str) -> bool:
    """Whether both are one place: a file that was moved, or whose number nobody knows, is the same one. Pure."""
    before, now = kept.split(" ", 2), found.split(" ", 2)
    if before[0] != "file" or now[0] != "file":
        return kept == found
    (_, number, path), (_, own_number, own_path) = before, now
    if "0" in (number, own_number):
        return path == own_path
    return number == own_number


def is_steady(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether the file's number outlives a restart; where the system does not say, it does."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return True
    wanted, kind = path.resolve(), ""
    deepest = -1
    for line in lines:
        # ID PARENT MAJOR:MINOR ROOT MOUNTED-AT OPTIONS … - KIND SOURCE …: proc(5)
        left, _, right = line.partition(" - ")
        at = Path(left.split(" ")[4].replace("\\040", " "))
        if wanted.is_relative_to(at) and len(at.parts) >= deepest:
            deepest, kind = len(at.parts), right.split(" ")[0]
    return kind in STEADY


def mark(connection: Connection) -> datetime | None:
    """When letters last left from this database, as far as it knows."""
    found = meta.value(connection, MARK)
    return from_microseconds(int(found)) if found else None


def raise_mark(connection: Connection, now: datetime) -> datetime:
    """Moves the mark forward to now; a clock that was set back moves it a little."""
    before = meta.value(connection, MARK)
    after = max(to_microseconds(now), int(before) + 1 if before else 0)
    meta.put(connection, MARK, str(after))
    return from_microseconds(after)


def read_mark(file: Path) -> datetime | None:
    """The mark kept outside the database; None where there is none, or it cannot be read."""
    try:
        return from_microseconds(int(file.read_text(encoding="ascii")))
    except (OSError, ValueError, OverflowError):
        return None


def write_mark(file: Path, moment: datetime) -> None:
    """Keeps the mark outside the database. Where nothing can be written, only its place tells a copy."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(exist_ok=True)
        new.write_text(str(to_microseconds(moment)), encoding="ascii")
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
