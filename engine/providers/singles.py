"""A batch sent one message a call, over several lanes at once: for APIs that take one letter at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from engine.errors import AccountFault, BatchRefused, NotSent, ProviderError, Unknown
from engine.model.letter import Batch, Outcome, Verdict
from engine.network.lane import Lane

LANES = 4
"""Calls at once; with a hundred milliseconds an answer that is forty letters a second."""

SINGLE_MESSAGES = 10
"""Letters of one batch, for `limits.messages`: few enough that a lost batch is a small one."""

One = Callable[[Lane, Batch], Awaitable[Outcome]]
"""Sends a batch of one message over a lane: its outcome, or a ProviderError."""


class Singles:
    """Several lanes to one API. `first` is for calls that are not about one letter."""

    def __init__(self, make_lane: Callable[[], Lane], count: int = LANES) -> None:
        self.lanes = [make_lane() for _ in range(count)]

    @property
    def first(self) -> Lane:
        """The lane that is opened first."""
        return self.lanes[0]

    async def open(self) -> None:
        """Prepare the first lane, which proves the address; the others are opened when they are needed."""
        await self.first.open()

    async def close(self) -> None:
        """Let go of every connection."""
        for lane in self.lanes:
            await lane.close()

    async def send(self, batch: Batch, one: One) -> list[Outcome]:
        """One outcome per message, in order.

        BatchRefused refuses its message, Unknown leaves it UNKNOWN, and the lane that saw no clear answer
        sends nothing more of this batch. After NotSent or AccountFault no lane does. What was not tried is
        RETRY. Raises the fault where no message of the batch can have left.
        """
        work = Work(batch, one)
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes[: len(batch)]:
                group.create_task(work.through(lane))
        return work.done()


class Work:
    """The common state of the lanes that share a batch."""

    def __init__(self, batch: Batch, one: One) -> None:
        self.batch = batch
        self.one = one
        self.waiting: Iterator[int] = iter(range(len(batch)))
        self.outcomes: list[Outcome | None] = [None] * len(batch)
        self.fault: AccountFault | NotSent | None = None

    async def through(self, lane: Lane) -> None:
        """Take message after message until there are none, or something forbids to go on."""
        while self.fault is None:
            place = next(self.waiting, None)
            if place is None:
                return
            try:
                self.outcomes[place] = await self.one(lane, self.batch.slice(place, place + 1))
            except BatchRefused as error:
                self.outcomes[place] = Outcome(Verdict.REFUSED, detail=error.message)
            except Unknown as error:
                self.outcomes[place] = Outcome(Verdict.UNKNOWN, detail=error.message)
                return
            except AccountFault as error:
                self.fault = error
            except NotSent as error:
                self.fault = self.fault or error

    def done(self) -> list[Outcome]:
        """Every message's outcome; see Singles.send."""
        fault: ProviderError | None = self.fault
        if fault is not None and not any(self.outcomes):
            raise fault
        detail = fault.message if fault else "not tried: the letters before it got no clear answer"
        return [each or Outcome(Verdict.RETRY, detail=detail) for each in self.outcomes]
