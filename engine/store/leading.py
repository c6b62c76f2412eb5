"""Who leads: one daemon per database, proved by a lock that falls with its process and not by a clock."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.store import bulk, locks, sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

LEADER_LOCK = 7_236_014_003
"""PostgreSQL advisory lock of the leading daemon: an arbitrary number that is ours."""


class Leadership:
    """The wish to lead on one database: taken when nobody has it, kept until it is let go or the process ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._descriptor: int | None = None
        self._session: Connection | None = None

    def take(self) -> bool:
        """Whether this process leads now, or did already. False while another one does; never waits.

        Raises StoreError when the database or its folder cannot be asked.
        """
        if self.held():
            return True
        self.let_go()
        return self._take_file() if self._database.path is not None else self._take_session()

    def held(self) -> bool:
        """Whether this process leads. A broken connection to PostgreSQL has let go of the lock already."""
        if self._descriptor is not None:
            return True
        if self._session is None:
            return False
        try:
            bulk.run(self._session, "SELECT 1")
        except Exception:
            self.let_go()
            return False
        return True

    def let_go(self) -> None:
        """Somebody else may lead from now on."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._session is not None:
            session, self._session = self._session, None
            # Said aloud: PostgreSQL notices a closed connection a moment later, and the next leader need not wait.
            with suppress(Exception):
                bulk.run(session, "SELECT pg_advisory_unlock(%s)", (LEADER_LOCK,))
            sessions.end(session)

    def _take_file(self) -> bool:
        path = lock_path(self._database.path) if self._database.path is not None else None
        assert path is not None
        try:
            self._descriptor = locks.hold(path)
        except BlockingIOError:
            return False
        except OSError as error:
            raise locks.unlockable(path, error) from error
        return True

    def _take_session(self) -> bool:
        with self._database.own_errors():
            session = sessions.begin(self._database)
            try:
                taken = bulk.run(session, "SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,)).fetchone()[0]
            except BaseException:
                sessions.end(session)
                raise
        if not taken:
            session.close()
            return False
        self._session = session
        return True


def lock_path(path: Path) -> Path:
    """Beside the database, as its other locks. The file stays: removing it would race."""
    return path.with_name(f"{path.name}-daemon.lock")
