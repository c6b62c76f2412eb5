"""Wiring for measuring: the status of the house and the totals of its tables, remembered for some seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine import clock
from engine.app import overseeing
from engine.app.desk import Desk
from engine.model.status import Status
from engine.store.totals import Totals, totals

KEPT_SECONDS = 10.0
MOST_OF_THE_TIME = 0.05
"""Measuring takes at most this share of a core, however large the tables have become."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured at one moment."""

    status: Status
    totals: Totals


class Measuring:
    """Measures when asked, and not again while the last answer is young; threads may share it."""

    def __init__(self, desk: Callable[[], Desk]) -> None:
        self.desk = desk
        self._turn = threading.Lock()
        self._kept: Measures | None = None
        self._until = 0.0

    def measures(self) -> Measures:
        """The measures of now, or of some seconds ago. Raises StoreError."""
        with self._turn:
            begun = time.monotonic()
            if self._kept is None or begun >= self._until:
                self._kept = measure(self.desk())
                ended = time.monotonic()
                self._until = ended + max(KEPT_SECONDS, (ended - begun) / MOST_OF_THE_TIME)
            return self._kept


def measure(desk: Desk) -> Measures:
    """Everything that is measured, now."""
    status = overseeing.look(desk.at(clock.now()))
    with desk.database.read() as connection:
        return Measures(status, totals(connection))
