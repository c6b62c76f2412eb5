"""One process sending one run: lanes that each claim, fill, intend, call and settle, until nothing is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.errors import ProviderError
from engine.flows.deliver.collecting import seldom_collecting
from engine.flows.deliver.letters import Filled, Letters, without
from engine.flows.deliver.pace import Pace
from engine.flows.deliver.settling import Settled, receipts_of
from engine.model.address import address_hash
from engine.providers.base import Provider
from engine.providers.isolate import send_isolating
from engine.store import runs, suppressions
from engine.store.ledger import call, closing, queue
from engine.store.ledger.queue import Claim
from engine.store.workers import Worker

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

PATIENCE = 30.0
"""Seconds a one-off send waits for refused letters to come due again; later ones stay pending."""

GIVE_UP_AFTER = 3
"""So many calls in a row of which nothing was taken, and the provider counts as unreachable."""

Tell = Callable[[int], None]


@dataclass(frozen=True)
class Order:
    """What to send and how.

    `limit`: at most so many letters now, or None. `now`: the moment, asked anew for every step. `tick`: seconds
    of a clock that never jumps. `chance`: a number in [0, 1). `stopping`: true once somebody wants to stop.
    """

    database: Database
    run: int
    worker: Worker
    letters: Letters
    consent: call.Consent
    provider: str
    batch: int
    pace: Pace
    limit: int | None
    now: Callable[[], datetime]
    tick: Callable[[], float]
    chance: Callable[[], float]
    stopping: Callable[[], bool]
    tell: Tell


class Sending:
    """The lanes' common state: how much is left to do, which variant is being sent, what went wrong."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.left = order.limit
        self.variant = 0
        self.accepted = 0
        self.fruitless = 0
        self.fault: ProviderError | None = None

    @property
    def halted(self) -> bool:
        """Whether nothing new may be claimed."""
        return self.fault is not None or self.order.stopping() or self.left == 0

    async def lane(self, provider: Provider) -> None:
        """Send batch after batch over one connection."""
        settled: Settled | None = None
        while True:
            claim = self._turn(settled)
            settled = None
            if claim is None:
                if self.halted or not await self._wait():
                    return
                continue
            settled = await self._send(provider, claim)

    def _turn(self, settled: Settled | None) -> Claim | None:
        """One transaction: the receipt of the last call, and the claim of the next batch."""
        order = self.order
        now = order.now()
        with order.database.write() as connection:
            if settled is not None:
                self._settle(connection, settled, now)
            if self.halted:
                return None
            size = order.pace.room(order.batch if self.left is None else min(order.batch, self.left))
            for variant in queue.due_variants(connection, order.run, now, self.variant):
                claim = queue.claim(connection, order.run, variant, size, order.worker, now)
                if claim.rows:
                    self.variant = variant
                    if self.left is not None:
                        self.left -= len(claim)
                    return claim
        return None

    async def _send(self, provider: Provider, claim: Claim) -> Settled | None:
        filled = self.order.letters.fill(claim)
        intent, filled = self._intend(claim, filled)
        self._give_back(len(claim) - len(filled.letters))
        if not intent.call:
            return None
        await self.order.pace.take(len(filled.letters))
        sent = await send_isolating(provider, filled.batch)
        settled = receipts_of(claim, intent.call, filled, sent, self.order.now(), self.order.chance)
        self._judge(settled, sent.fault)
        return settled

    def _intend(self, claim: Claim, filled: Filled) -> tuple[call.Intent, Filled]:
        order = self.order
        with order.database.write() as connection:
            if filled.stopped:
                queue.skip(connection, claim, filled.stopped)
            if not filled.letters:
                return call.Intent(0), filled
            intent = call.intend(
                connection, claim, order.provider, order.consent, filled.letters, order.now()
            )
            if not intent.call:
                queue.release(connection, claim, order.now())
        return intent, without(filled, intent.stopped) if intent.stopped else filled

    def _settle(self, connection: Connection, settled: Settled, now: datetime) -> None:
        call.settle(
            connection, settled.claim, settled.call, settled.accepted, settled.others, settled.ending, now
        )
        for address, detail in settled.dead:
            suppressions.add(
                connection, address_hash(address), "all", "bounced", self.order.provider, now, detail
            )

    def _judge(self, settled: Settled, fault: ProviderError | None) -> None:
        self.accepted += len(settled.accepted)
        self.order.tell(self.accepted)
        self.fault = self.fault or fault
        self.fruitless = 0 if settled.accepted or settled.uncertain else self.fruitless + 1
        if self.fruitless >= GIVE_UP_AFTER and settled.retried and self.fault is None:
            self.fault = ProviderError(
                f"{self.order.provider} takes nothing: {settled.ending.detail}",
                help="every letter stays pending; run the same command again later",
            )

    def _give_back(self, letters: int) -> None:
        if self.left is not None:
            self.left += letters

    async def _wait(self) -> bool:
        """Sleep until a letter is due again; False when none is, or it takes too long to wait here."""
        order = self.order
        with order.database.read() as connection:
            due = queue.next_due(connection, order.run)
        if due is None:
            return False
        seconds = (due - order.now()).total_seconds()
        if seconds > PATIENCE:
            return False
        until = order.tick() + max(seconds, 0.05)
        while order.tick() < until:
            if self.halted:
                return False
            await asyncio.sleep(min(0.2, max(until - order.tick(), 0.0)))
        return order.now() >= due


async def deliver(order: Order, providers: Sequence[Provider]) -> Sending:
    """Send what is due through these connections at once; the run is closed when nothing is left.

    Raises what a provider raises on opening. Afterwards `fault` says why sending ended early, if it did.
    """
    sending = Sending(order)
    with order.database.write() as connection:
        runs.change(connection, order.run, runs.READY, runs.SENDING, order.now())
    opened: list[Provider] = []
    try:
        for provider in providers:
            await provider.open()
            opened.append(provider)
        with seldom_collecting():
            await asyncio.gather(*(sending.lane(provider) for provider in opened))
    finally:
        for provider in opened:
            await provider.close()
    with order.database.write() as connection:
        closing.finish(connection, order.run, order.now())
    return sending
