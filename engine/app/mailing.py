"""Wiring for the moment of sending: a run's letters made batch by batch, and this process as a sender."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine import clock
from engine.app.desk import Desk
from engine.definitions.schema.campaign import Campaign
from engine.errors import LetterError
from engine.flows.compose.composer import Composer
from engine.flows.compose.persons import Persons
from engine.flows.deliver.letters import Filled
from engine.flows.deliver.pace import Pace, slowest
from engine.flows.deliver.sending import Order, Sending, deliver
from engine.model.words import Purpose, Reason
from engine.store import persons, variants, workers
from engine.store.ledger import recovery
from engine.store.ledger.call import Consent
from engine.store.ledger.queue import Claim
from engine.templating.filler.filler import Filler
from engine.templating.filler.packing import pack
from engine.templating.storing import load

if TYPE_CHECKING:
    from engine.providers.base import Provider, Wire

LANES = {"outbox": 1, "smtp": 2}
MOST_LANES = 2
"""Two calls in flight hide a local answer's time; more would only hold more bodies (docs/performance.md)."""

KEPT_FILLERS = 64
ROOM_FOR_HEADERS = 4000


class RunLetters:
    """Makes the letters of one run for one way out; fillers are kept while their variants are being sent."""

    def __init__(self, desk: Desk, maker: Composer, wire: Wire, offer: str) -> None:
        self.desk = desk
        self.maker = maker
        self.wire = wire
        self.offer = offer
        self.fillers: dict[int, tuple[Filler, Persons]] = {}

    def filler(self, variant: int) -> tuple[Filler, Persons]:
        """The variant's filler, compiled at the first need from its stored program."""
        found = self.fillers.get(variant)
        if found is None:
            with self.desk.database.read() as connection:
                stored = variants.get(connection, variant)
            assert stored is not None
            found = self.maker.filler(load(stored.program), self.wire)
            if len(self.fillers) >= KEPT_FILLERS:
                self.fillers.pop(next(iter(self.fillers)))
            self.fillers[variant] = found
        return found

    def fill(self, claim: Claim) -> Filled:
        """The claimed deliveries as one batch in the provider's format."""
        filler, person_of = self.filler(claim.variant)
        deliveries = [row.delivery for row in claim.rows]
        with self.desk.database.read() as connection:
            rows = persons.read(connection, person_of.wanted, self.offer, deliveries)
        claimed = {row[0]: row for row in claim.rows}
        filled = Filled()
        batch, letters, reference = filled.batch, filled.letters, self.maker.reference
        slots_of, append = filler.slots, filler.append
        for row in rows:
            item = claimed.pop(row[0])
            key = f"{reference(row[0])}.{item.attempt}"
            try:
                slots = slots_of(person_of(row))
                append(batch, slots, key)
            except LetterError as error:
                filled.stopped.append((item.delivery, error.reason, error.message))
                continue
            letters.append((item, pack(slots), key))
        filled.stopped += [(gone, Reason.LEFT_AUDIENCE, "") for gone in claimed]
        return filled


def send_run(
    desk: Desk,
    maker: Composer,
    campaign: Campaign,
    run: int,
    *,
    limit: int | None,
    tell: Callable[[int], None],
) -> tuple[Sending, bool]:
    """Send what is due of a run from this process; what was sent, and whether somebody interrupted it."""
    kind = desk.provider_type
    providers = [desk.provider() for _ in range(LANES.get(kind, MOST_LANES))]
    first = providers[0]
    with stopping() as stop, workers.sign_on(desk.database, clock.now()) as worker:
        with desk.database.write() as connection:
            recovery.recover(connection, desk.database.path, clock.now())
        order = Order(
            database=desk.database,
            run=run,
            worker=worker,
            letters=RunLetters(desk, maker, first.wire, campaign.content.offer or ""),
            consent=Consent(
                campaign.topic or "", campaign.purpose is Purpose.MARKETING and bool(campaign.topic)
            ),
            provider=desk.workspace.project.provider,
            batch=_batch(desk, run, first),
            pace=Pace(_rate(campaign, first), time.monotonic),
            limit=limit,
            now=clock.now,
            tick=time.monotonic,
            chance=random.SystemRandom().random,
            stopping=stop,
            tell=tell,
        )
        return asyncio.run(deliver(order, providers)), stop()


def _rate(campaign: Campaign, provider: Provider) -> float | None:
    per_minute = campaign.safety.per_minute
    return slowest(per_minute / 60 if per_minute else None, provider.limits.per_second)


def _batch(desk: Desk, run: int, provider: Provider) -> int:
    """How many letters fit into one call, by the largest variant."""
    largest = 0
    with desk.database.read() as connection:
        for number, _, _, _ in variants.of_run(connection, run)[:KEPT_FILLERS]:
            stored = variants.get(connection, number)
            largest = max(largest, len(stored.program) if stored else 0)
    return max(
        1, min(provider.limits.messages, int(provider.limits.bytes // (largest * 1.5 + ROOM_FOR_HEADERS)))
    )


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Turns Ctrl-C and SIGTERM into a wish to stop after the batch in hand; a second one stops at once."""
    asked = False

    def ask(number: int, _: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, ask)
    except ValueError:
        # Not in the main thread: whoever runs us there decides when to stop.
        before = {}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
