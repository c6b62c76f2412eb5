"""How fast letters may leave this process: a bucket that fills by the minute or the second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pace:
    """Hands out permits for letters; `rate` a second, at most one second's worth saved up. None: no limit."""

    def __init__(self, rate: float | None, tick: Callable[[], float]) -> None:
        self.rate = rate
        self._tick = tick
        self._saved = 1.0
        self._last = tick()

    def room(self, wanted: int) -> int:
        """How many letters a batch may have, so that it does not overdraw by more than a second's worth."""
        return wanted if self.rate is None else max(1, min(wanted, int(self.rate)))

    async def take(self, letters: int) -> None:
        """Wait until that many letters may leave."""
        if self.rate is None:
            return
        now = self._tick()
        self._saved = min(max(self.rate, 1.0), self._saved + (now - self._last) * self.rate)
        self._last = now
        self._saved -= letters
        if self._saved < 0:
            await asyncio.sleep(-self._saved / self.rate)


def slowest(*rates: float | None) -> float | None:
    """The strictest of several limits in letters a second."""
    given = [rate for rate in rates if rate is not None]
    return min(given) if given else None
