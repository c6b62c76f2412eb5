"""One process at a time does a thing of that name: the others wait, and the dead hold nobody up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.store import bulk, locks, sessions

if TYPE_CHECKING:
    from engine.store.database import Database


@contextmanager
def alone(database: Database, *name: str) -> Iterator[None]:
    """Waits until nobody else does the thing of that name, and keeps others waiting until the block ends.

    A lock of the operating system (SQLite) or of the session (PostgreSQL): it falls when its process dies. Where
    the connection breaks meanwhile, PostgreSQL lets the next one in: what is done under it must bear that.
    """
    with ExitStack() as held:
        if database.path is not None:
            path = database.path.with_name(f"{database.path.name}-turn-{_digest(name).hex()}.lock")
            try:
                held.enter_context(locks.passing_lock(path))
            except OSError as error:
                raise locks.unlockable(error.filename, error) from error
        else:
            with database.own_errors():
                held.enter_context(_session_lock(database, int.from_bytes(_digest(name), "big", signed=True)))
        yield


@contextmanager
def _session_lock(database: Database, key: int) -> Iterator[None]:
    session = sessions.begin(database)
    try:
        # Whoever plans a million letters takes longer than a row may stay locked.
        bulk.run(session, "SET lock_timeout = 0")
        bulk.run(session, "SELECT pg_advisory_lock(%s)", (key,))
        yield
    finally:
        sessions.end(session)


def _digest(name: tuple[str, ...]) -> bytes:
    return blake2b("\x00".join(name).encode(), digest_size=8, person=b"turn").digest()
