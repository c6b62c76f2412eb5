"""The real store behind a process that may die at any step, and a database that is away now and then."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from engine.errors import StoreError
from engine.store.database import Database
from engine.store.workers import Worker

if TYPE_CHECKING:
    from sqlalchemy import Connection


class PowerCut(BaseException):
    """The process is gone: nothing of it runs any more, not even what would tidy up."""


class Process:
    """One process. Once dead, whatever it still tries with its database is the same death."""

    def __init__(self, number: int, chance: random.Random, death: float) -> None:
        self.number = number
        self.chance = chance
        self.death = death
        self.dead = False
        self.worker: Worker | None = None

    def step(self, place: str) -> None:
        """A place at which it may die; raises PowerCut."""
        if not self.dead and self.chance.random() < self.death:
            self.dead = True
            raise PowerCut(place)
        if self.dead:
            raise PowerCut(place)

    def bury(self) -> None:
        """What the kernel does: its lock is free. Its row and its leases stay as they were."""
        worker = self.worker
        if worker is not None and worker._descriptor is not None:
            os.close(worker._descriptor)
            worker._descriptor = worker._database = None


current: ContextVar[Process | None] = ContextVar("current", default=None)
"""The process whose code is running: every task it starts knows it."""


def step(place: str) -> None:
    """For engine.store.crash.watch: the places it names are steps of the process that passes them."""
    process = current.get()
    if process is not None:
        process.step(place)


class Storage(Database):
    """The database as one process sees it. `checked` is called after every commit."""

    def __init__(
        self,
        shared: Database,
        process: Process,
        failing: Callable[[], float],
        checked: Callable[[], None],
    ) -> None:
        super().__init__(shared.engine, shared.place, shared.path)
        self.process = process
        self.failing = failing
        self.checked = checked

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """As ever, unless the process is dead."""
        if self.process.dead:
            raise PowerCut("read")
        with super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Sometimes the connection breaks: before anything is kept, or so late that nobody knows whether it was."""
        if self.process.dead:
            raise PowerCut("write")
        fate, share = self.process.chance.random(), self.failing()
        with super().write() as connection:
            yield connection
            if fate < share / 2:
                raise StoreError("the connection was lost before the commit")
        self.checked()
        self.process.step("commit")
        if share / 2 <= fate < share:
            raise StoreError("the connection was lost after the commit")
