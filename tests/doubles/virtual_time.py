"""An event loop in which time is only counted: a minute's sleep takes no time, and always the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Jumping(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Looks once, and where nobody would wake the loop, lets its clock jump to the next timer instead."""

    def __init__(self, clock: VirtualTime) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0 if timeout is not None else None)
        if not found and timeout:
            self.clock.seconds += timeout
        return found  # type: ignore[no-any-return]


class VirtualTime:
    """A clock that starts at `start`. Everything that asks for the time is to be handed its methods."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.seconds = 0.0
        self.shift = timedelta()

    def now(self) -> datetime:
        """The moment; `shift` is what somebody set the clock forward or back."""
        return self.start + timedelta(seconds=self.seconds) + self.shift

    def tick(self) -> float:
        """Seconds that only ever pass."""
        return self.seconds

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs it to its end in a loop of this time."""
        loop = asyncio.SelectorEventLoop(_Jumping(self))
        loop.time = self.tick  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work)
