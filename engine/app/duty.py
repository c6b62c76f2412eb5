"""A daemon's place among others on the same database: signed on, leading or standing by, its jobs there to be seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from engine import clock
from engine.errors import UsageError
from engine.model.job import JobState, Outcome
from engine.store import jobs, workers
from engine.store.database import Database
from engine.store.leading import Leadership

FLUSH_SECONDS = 60.0
"""How old what people see of jobs may be while nothing goes wrong; trouble is written down at once."""


class Duty:
    """This process as a daemon. Threads may share it."""

    def __init__(self, database: Database, tick: Callable[[], float]) -> None:
        self.database = database
        self.tick = tick
        self._leadership = Leadership(database)
        self._worker: workers.Worker | None = None
        self._role = workers.STANDBY
        self._states: dict[str, JobState] = {}
        self._flushed_at = tick() - FLUSH_SECONDS
        self._turn = threading.Lock()

    def sign_on(self) -> None:
        """Say that this process stands by."""
        self._worker = workers.sign_on(self.database, clock.now(), self._role)

    def lend_a_hand(self) -> None:
        """Say that this process sends along with whoever leads; it never leads, and its jobs are not to be seen.

        Raises UsageError on SQLite, which a single process writes to faster than two.
        """
        if self.database.is_sqlite:
            raise UsageError(
                "another sender on SQLite sends nothing faster: one process writes at a time",
                help="`touchbase run` sends alone; for more, keep the database in PostgreSQL",
            )
        self._role = workers.HAND
        self.sign_on()

    def lead(self, names: Sequence[str]) -> bool:
        """Whether this process leads from now on, with jobs of these names. Raises StoreError."""
        if not self._leadership.take():
            return False
        with self.database.write() as connection:
            if self._worker is not None:
                workers.change_role(connection, self._worker, workers.DAEMON)
            jobs.declare(connection, names)
        with self._turn:
            self._states = {name: JobState(name) for name in names}
            self._flushed_at = self.tick() - FLUSH_SECONDS
        return True

    def leads(self) -> bool:
        """Whether this process leads; its connection may have broken, and somebody else lead by now."""
        return self._leadership.held()

    def step_down(self) -> None:
        """Somebody else may lead."""
        self._leadership.let_go()

    def leader(self) -> workers.SignedOn | None:
        """Who leads, as far as the database knows."""
        with self.database.read() as connection:
            found = workers.present(connection, self.database.path)
        return next((one for one in found if one.role == workers.DAEMON), None)

    def beat(self) -> None:
        """Say that this process is alive; sign on anew where a database that restarted took it for dead."""
        worker, now = self._worker, clock.now()
        if worker is not None:
            with self.database.write() as connection:
                if workers.heartbeat(connection, worker, now):
                    return
            worker.let_go()
        role = workers.DAEMON if self.leads() else self._role
        self._worker = workers.sign_on(self.database, now, role)

    def begun(self, name: str) -> None:
        """A job runs."""
        with self._turn:
            self._states[name] = self._states.get(name, JobState(name)).begun(clock.now())

    def ended(self, name: str, outcome: Outcome, next_at: datetime | None) -> None:
        """A job is over. What changed for people is written down at once, the rest with it or some time later."""
        with self._turn:
            before = self._states.get(name, JobState(name))
            after = before.ended(outcome, clock.now(), next_at)
            self._states[name] = after
            news = (before.error, before.outcome) != (after.error, after.outcome)
            if not news and self.tick() < self._flushed_at + FLUSH_SECONDS:
                return
            self._flushed_at = self.tick()
            seen = list(self._states.values()) if self._role != workers.HAND else []
        if not seen:
            return
        with self.database.write() as connection:
            jobs.keep(connection, seen)

    def resign(self) -> None:
        """Let somebody else lead, and sign off."""
        self.step_down()
        if self._worker is not None:
            self._worker.close()
            self._worker = None
