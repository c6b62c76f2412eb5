"""Living processes, proved by a lock that the kernel or PostgreSQL drops at their death, not by a clock."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from engine.store import bulk, locks, sessions, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

BOOT_CHARACTERS = 16

SENDER, DAEMON, STANDBY, HAND = "sender", "daemon", "standby", "worker"
"""What a process is there for: sending one run, leading as the daemon, waiting to take over from it, or sending all runs
along with it."""


@dataclass(frozen=True, slots=True)
class SignedOn:
    """A process that is signed on and alive. `role`: one of the words above."""

    boot: str
    role: str
    pid: int
    host: str
    started_at: datetime
    heartbeat_at: datetime


class Worker:
    """This process as a sender: its boot id stands in every lease, its lock says that it lives.

    Attributes:
        boot: random for every start. A host name or process number may come back, this never does.
    """

    def __init__(self, boot: str) -> None:
        self.boot = boot
        self._leases = 0
        self._descriptor: int | None = None
        self._session: Connection | None = None
        self._path: Path | None = None
        self._database: Database | None = None

    def next_lease(self) -> str:
        """A token no other claim, of this or another process, ever has."""
        self._leases += 1
        return f"{self.boot}.{self._leases}"

    def close(self) -> None:
        """Signs off. What is still leased counts as left by the dead from now on."""
        if self._database is None:
            return
        database, self._database = self._database, None
        try:
            with database.write() as connection:
                connection.execute(delete(tables.workers).where(tables.workers.c.boot == self.boot))
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Drops the lock: from now on this worker counts as dead."""
        self._database = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        if self._session is not None:
            sessions.end(self._session)
            self._session = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sign_on(database: Database, now: datetime, role: str = SENDER) -> Worker:
    """Takes a new boot id and its lock, then says so in the database: so no row ever lacks its lock."""
    worker = Worker(secrets.token_hex(BOOT_CHARACTERS // 2))
    worker._database = database
    if database.path is not None:
        worker._path = _lock_path(database.path, worker.boot)
        try:
            worker._descriptor = locks.hold(worker._path)
        except OSError as error:
            raise locks.unlockable(worker._path, error) from error
    else:
        session = sessions.begin(database)
        bulk.run(session, "SELECT pg_advisory_lock(%s)", (_lock_key(worker.boot),))
        worker._session = session
    row = {"boot": worker.boot, "pid": os.getpid(), "host": socket.gethostname(), "role": role}
    try:
        with database.write() as connection:
            connection.execute(insert(tables.workers).values(**row, started_at=now, heartbeat_at=now))
    except BaseException:
        worker.let_go()
        raise
    return worker


def heartbeat(connection: Connection, worker: Worker, now: datetime) -> bool:
    """Notes that the worker is at work, for people to see; False if it counted as dead and was signed off."""
    table = tables.workers
    this = update(table).where(table.c.boot == worker.boot).values(heartbeat_at=now)
    return connection.execute(this).rowcount == 1


def change_role(connection: Connection, worker: Worker, role: str) -> None:
    """Notes that the process is there for something else from now on."""
    table = tables.workers
    connection.execute(update(table).where(table.c.boot == worker.boot).values(role=role))


def present(connection: Connection, path: Path | None) -> list[SignedOn]:
    """Every process that is signed on and alive, the longest there first."""
    table = tables.workers
    columns = (
        table.c.boot,
        table.c.role,
        table.c.pid,
        table.c.host,
        table.c.started_at,
        table.c.heartbeat_at,
    )
    rows = connection.execute(select(*columns).order_by(table.c.started_at, table.c.boot)).all()
    dead = set(dead_among(connection, path, [row.boot for row in rows]))
    return [SignedOn(*row) for row in rows if row.boot not in dead]


def living(connection: Connection, path: Path | None) -> list[str]:
    """The boot ids of every worker that is signed on and alive."""
    boots = list(connection.execute(select(tables.workers.c.boot)).scalars())
    dead = set(dead_among(connection, path, boots))
    return [boot for boot in boots if boot not in dead]


def any_dead(connection: Connection, path: Path | None) -> bool:
    """Whether a process that signed on is gone without signing off."""
    boots = list(connection.execute(select(tables.workers.c.boot)).scalars())
    return bool(dead_among(connection, path, boots))


def dead_among(connection: Connection, path: Path | None, boots: Iterable[str]) -> list[str]:
    """Those of the boot ids whose process is certainly gone. A boot id dies once and for ever.

    `path`: the SQLite file, or None on PostgreSQL.
    """
    if path is not None:
        return [boot for boot in boots if not locks.is_held(_lock_path(path, boot))]
    return [boot for boot in boots if _is_free(connection, boot)]


def forget(connection: Connection, path: Path | None, boots: Iterable[str]) -> None:
    """Removes dead workers' rows and lock files."""
    dead = list(boots)
    connection.execute(delete(tables.workers).where(tables.workers.c.boot.in_(dead)))
    if path is not None:
        for boot in dead:
            _lock_path(path, boot).unlink(missing_ok=True)


def _is_free(connection: Connection, boot: str) -> bool:
    """Whether nobody holds the boot id's lock; shared, so that two who ask at once do not see each other."""
    found = bulk.run(connection, "SELECT pg_try_advisory_xact_lock_shared(%s)", (_lock_key(boot),)).fetchone()
    return bool(found[0])


def _lock_key(boot: str) -> int:
    return int.from_bytes(
        blake2b(boot.encode(), digest_size=8, person=b"worker").digest(), "big", signed=True
    )


def _lock_path(path: Path, boot: str) -> Path:
    return path.with_name(f"{path.name}-worker-{boot}.lock")
