"""The program inside a simulated life: its clock, its way out, the places at which it may die, and a quiet log."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import engine.providers.registry
from engine import clock
from engine.app import checking, running
from engine.errors import TouchbaseError
from engine.providers.base import Provider
from engine.store import crash
from tests.simulator.storage import current, step

TOLD = 40
"""Lines of the trace that go with an error."""


class Trace(Protocol):
    """What a life tells of itself."""

    @property
    def trace(self) -> Sequence[str]:
        """A line for everything that happened."""


class Inhabitant(Protocol):
    """A life that has its own time and its own postbox."""

    @property
    def now(self) -> datetime:
        """Its moment."""

    @property
    def postbox(self) -> Provider:
        """Where its letters go."""

    @property
    def log(self) -> Trace:
        """What happened to it."""


@contextmanager
def around(life: Inhabitant) -> Iterator[None]:
    """Everything the program asks of its surroundings is answered by this life."""
    before = clock.now, clock.wall, crash.watch, engine.providers.registry.make_provider
    proofread = running.letter_problems, checking.letter_problems
    token = current.set(None)
    clock.now = clock.wall = lambda: life.now
    crash.watch = step
    # That letters are proof-read every day takes longer than the rest of the year.
    running.letter_problems = checking.letter_problems = lambda *_, **__: []
    engine.providers.registry.make_provider = lambda *_, **__: life.postbox
    try:
        yield
    except TouchbaseError as error:
        error.add_note("\n".join(life.log.trace[-TOLD:]))
        raise
    finally:
        clock.now, clock.wall, crash.watch, engine.providers.registry.make_provider = before
        running.letter_problems, checking.letter_problems = proofread
        current.reset(token)


@contextmanager
def quietly() -> Iterator[None]:
    """What goes wrong is meant to, and nobody need read of it."""
    log = logging.getLogger("engine")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
