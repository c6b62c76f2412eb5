"""One call, to its end: also when somebody wants to stop, but then not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from engine.model.letter import Batch
from engine.providers.base import Provider
from engine.providers.isolate import Sent, send_isolating

Send = Callable[[Provider, Batch, Sent], Coroutine[Any, Any, Sent]]
"""Sends a batch and fills what it is given with the outcomes."""

GLANCE = 0.5
"""Seconds between looks at whether somebody wants to stop while a call is in flight."""


class Ending(Protocol):
    """When somebody wants to stop, and how long calls in flight may still take then, in seconds of `tick`."""

    @property
    def stopping(self) -> Callable[[], bool]:
        """True once somebody wants to stop."""

    @property
    def tick(self) -> Callable[[], float]:
        """Seconds of a clock that never jumps."""

    @property
    def grace(self) -> float:
        """Seconds."""


async def call_provider(
    provider: Provider, batch: Batch, order: Ending, send: Send = send_isolating
) -> tuple[Sent, bool]:
    """What the provider answered, and whether it did so by itself; otherwise what it answered until we gave up."""
    sent = Sent()
    call = asyncio.ensure_future(send(provider, batch, sent))
    give_up: float | None = None
    try:
        while True:
            await asyncio.wait({call}, timeout=GLANCE)
            if call.done():
                return call.result(), True
            if order.stopping() and give_up is None:
                give_up = order.tick() + order.grace
            if give_up is not None and order.tick() >= give_up:
                sent.trouble = (
                    "somebody wanted to stop, and no answer came in time; it may have been accepted"
                )
                return sent, False
    finally:
        if not call.done():
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
