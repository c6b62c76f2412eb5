"""One process sending one run: lanes that each claim, fill, intend, call and settle, until nothing is due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import AccountFault, LeaseLost, ProviderError, StoreCorrupt, StoreError
from engine.flows.deliver.brakes import reason_to_stop, too_late
from engine.flows.deliver.calling import call_provider
from engine.flows.deliver.choosing import Turn, Unready, Wait, next_turn
from engine.flows.deliver.circuit import Told
from engine.flows.deliver.collecting import seldom_collecting
from engine.flows.deliver.letters import Filled, without
from engine.flows.deliver.order import Order
from engine.flows.deliver.pacing import Pacer
from engine.flows.deliver.setting_aside import Senders
from engine.flows.deliver.settling import Settled, receipts_of
from engine.flows.deliver.ways import Connections, Way
from engine.model.address import address_hash
from engine.model.heard import Bounce, Effect, News
from engine.model.words import State
from engine.providers.isolate import send_isolating
from engine.store import counts, heard, pauses, runs, suppressions
from engine.store import pace as pace_store
from engine.store.crash import crash
from engine.store.ledger import call, closing, queue

if TYPE_CHECKING:
    from sqlalchemy import Connection

SETTLE_AGAIN = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to write a receipt down: an answer is evidence, and a database may be restarting."""

LOOK_EVERY = 5.0
"""Seconds between looks at how many letters came back: counting a large run takes longer than a batch."""

PAUSED = "paused by command"
GLANCE = 0.2
SHORTEST = 0.05
"""Seconds of the shortest rest: long enough that any clock that goes has moved on after it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that is over, its receipts, and what it told about its way out. `fault`: why nothing of it was taken."""

    turn: Turn
    settled: Settled
    told: Told
    fault: ProviderError | None = None


class Sending:
    """The lanes' common state: how much is left to do, which variant is being sent, what went wrong.

    `fault`: why nothing can be sent any more by this process. `stopped`: why the run is not to be sent, in words.
    `faults`: ways out that cannot be used, and why. `through`: letters taken by each way. `doubtful`: letters
    without a clear answer.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.pacer = Pacer(order.worker.boot, order.wall, order.tick, impatient=order.impatient)
        self.left = order.limit
        self.variant = 0
        self.accepted = 0
        self.through: dict[str, int] = {}
        self.doubtful = 0
        self.faults: dict[str, ProviderError] = {}
        self.senders = {way.name: Senders(order.senders) for way in order.ways}
        self.fault: ProviderError | None = None
        self.stopped = ""
        self.broken: BaseException | None = None
        self._look_at = order.tick()
        self._troubled_at: float | None = None

    @property
    def halted(self) -> bool:
        """Whether nothing new may be claimed."""
        return bool(self.fault or self.stopped or self.broken or self.left == 0 or self.order.stopping())

    @property
    def ways(self) -> list[Way]:
        """The ways out that this process may still use, the first one first."""
        return [way for way in self.order.ways if way.name not in self.faults]

    async def lane(self) -> None:
        """Send batch after batch, one call at a time."""
        connections = Connections()
        answered: Answered | None = None
        try:
            while True:
                turn = await self._next(answered)
                answered = None
                while isinstance(turn, Unready):
                    turn.way.letters.size(turn.variant)
                    turn = await self._next(None)
                if isinstance(turn, Turn):
                    answered = await self._send(connections, turn)
                elif turn is None or not await self._rest(turn):
                    return
        except BaseException as error:
            self.broken = self.broken or error
            raise
        finally:
            await connections.close()

    async def _next(self, answered: Answered | None) -> Turn | Unready | Wait | None:
        """The receipt of the last call and the claim of the next batch. A receipt is tried more than once."""
        for pause in SETTLE_AGAIN if answered is not None else ():
            try:
                return self._turn(answered)
            except StoreCorrupt:
                raise
            except StoreError:
                await asyncio.sleep(pause)
        return self._turn(answered)

    def _turn(self, answered: Answered | None) -> Turn | Unready | Wait | None:
        """One transaction; None when this lane has nothing more to do."""
        order, now = self.order, self.order.now()
        with order.database.write() as connection:
            if answered is not None:
                self._settle(connection, answered, now)
            ended = self.halted or (order.until is not None and now >= order.until)
            turn = None if ended or self._braked(connection, now) else self._claim(connection, now)
        if answered is not None:
            crash("after_receipt")
        if isinstance(turn, Turn):
            self.variant = turn.claim.variant
            self._take(len(turn.claim))
            crash("after_claim")
        return turn

    def _claim(self, connection: Connection, now: datetime) -> Turn | Unready | Wait | None:
        found = next_turn(connection, self.order, self.pacer, self.ways, self.variant, self.left, now)
        if isinstance(found, str):
            self.stopped = found
            return None
        return found

    def _braked(self, connection: Connection, now: datetime) -> bool:
        """Ends what comes too late, and pauses the run when too many letters came back."""
        order, brakes = self.order, self.order.brakes
        if too_late(brakes, now):
            closing.expire(connection, order.run, now)
        if not brakes.watching or order.tick() < self._look_at:
            return False
        self._look_at = order.tick() + LOOK_EVERY
        found = runs.get(connection, order.run)
        since = found.resumed_at if found is not None else None
        self.stopped = reason_to_stop(brakes, counts.fate(connection, order.run, since))
        if self.stopped:
            runs.pause(connection, order.run, self.stopped)
        return bool(self.stopped)

    async def _send(self, connections: Connections, turn: Turn) -> Answered | None:
        try:
            provider = await connections.to(turn.way)
        except ProviderError as error:
            self._not_connected(turn, error)
            return None
        filled = turn.way.letters.fill(turn.claim)
        intent, filled = self._intend(turn, filled)
        self._take(len(filled.letters) - len(turn.claim))
        if not intent.call:
            return None
        crash("after_intent")
        send = partial(send_isolating, split=partial(self._note_split, intent.call))
        sent, answered_by_itself = await call_provider(provider, filled.batch, self.order, send)
        crash("after_call")
        settled = receipts_of(turn.claim, intent.call, filled, sent, self.order.now(), self.order.chance)
        trouble = sent.trouble if answered_by_itself else ""
        answered = bool(settled.accepted or settled.refused)
        if not answered and not trouble and sent.fault is None and answered_by_itself:
            trouble = settled.ending.detail or "it answered for none of the letters"
        if settled.accepted:
            self.senders[turn.way.name].took(turn.claim.variant)
        self._count(turn.way, len(settled.accepted))
        self._take(-sum(receipt.state is State.RETRY_WAIT for receipt in settled.others))
        self.doubtful += sum(receipt.state is State.UNCERTAIN for receipt in settled.others)
        told = Told(
            turn.began,
            answered or sent.fault is not None,
            trouble,
            bool(sent.turned_away),
            sent.retry_after,
        )
        return Answered(turn, settled, told, sent.fault)

    def _intend(self, turn: Turn, filled: Filled) -> tuple[call.Intent, Filled]:
        """The intent, kept, and the letters it holds for; none are left when there is nothing to call for."""
        order, claim = self.order, turn.claim
        intent = call.Intent(0)
        try:
            with order.database.write() as connection:
                if filled.stopped:
                    queue.skip(connection, claim, filled.stopped)
                if filled.letters:
                    intent = call.intend(
                        connection,
                        claim,
                        turn.way.name,
                        order.consent,
                        filled.letters,
                        order.now(),
                        order.gate,
                        order.room,
                    )
                if not intent.call:
                    queue.release(connection, claim, order.now())
                    self.pacer.give_back(connection, turn.buckets, turn.permit, len(claim))
        except LeaseLost:
            if not self._is_cancelled():
                raise
            intent = call.Intent(0)
        if not intent.call:
            return intent, replace(filled, letters=[])
        return intent, without(filled, intent.stopped) if intent.stopped else filled

    def _note_split(self, number: int) -> None:
        """Its parts are calls of their own at the provider: this one must never be made again as it was."""
        with self.order.database.write() as connection:
            call.split(connection, number)

    def _is_cancelled(self) -> bool:
        with self.order.database.read() as connection:
            found = runs.get(connection, self.order.run)
        return found is not None and found.state == runs.CANCELLED

    def _settle(self, connection: Connection, answered: Answered, now: datetime) -> None:
        settled, way = answered.settled, answered.turn.way
        if settled.closed:
            # Before any row of the ledger, as whoever hears of letters does it: two orders would be a deadlock.
            heard.take_turn(connection)
        call.settle(
            connection, settled.claim, settled.call, settled.accepted, settled.others, settled.ending, now
        )
        for address, detail in settled.dead:
            suppressions.add(connection, address_hash(address), "all", "bounced", way.name, now, detail)
        if settled.closed:
            self._remember_closed(connection, settled, way, now)
        self.pacer.tell(connection, answered.turn.buckets[0], answered.told)
        if answered.fault is not None and not self.senders[way.name].blame(
            connection, settled.claim.run, settled.claim.variant, way.name, answered.fault, now
        ):
            self._account_at_fault(way, answered.fault)

    def _remember_closed(self, connection: Connection, settled: Settled, way: Way, now: datetime) -> None:
        """A refusal that is news of an address: the second one a week later gives it up."""
        rows = [
            heard.Row(
                identity=f"call {settled.call}, delivery {claimed.delivery}",
                news=News.REFUSED,
                at=now,
                effect=Effect.NOTED,
                delivery=claimed.delivery,
                run=settled.claim.run,
                customer=claimed.customer,
                address_hash=address_hash(address),
                bounce=Bounce.DISABLED,
                detail=detail,
            )
            for claimed, address, detail in settled.closed
        ]
        heard.insert(connection, way.name, rows, now)
        self.order.follow(connection, {row.address_hash for row in rows}, now)

    def _not_connected(self, turn: Turn, error: ProviderError) -> None:
        """Nobody was there: nothing left, and the batch waits again."""
        order, letters = self.order, len(turn.claim)
        fault = isinstance(error, AccountFault)
        with order.database.write() as connection:
            queue.release(connection, turn.claim, order.now())
            self.pacer.give_back(connection, turn.buckets, turn.permit, letters)
            if not fault:
                wish = getattr(error, "retry_after", None)
                self.pacer.tell(
                    connection, turn.buckets[0], Told(turn.began, False, error.message, wish=wish)
                )
        self._take(-letters)
        if fault:
            self._account_at_fault(turn.way, error)

    def _account_at_fault(self, way: Way, error: ProviderError) -> None:
        """The account cannot be used any more by this process; without another way that is the end."""
        self.faults.setdefault(way.name, error)
        if not self.ways:
            self.fault = self.fault or error

    def _count(self, way: Way, accepted: int) -> None:
        if accepted:
            self._troubled_at = None
            self.pacer.handed_over(way.name, accepted)
            self.through[way.name] = self.through.get(way.name, 0) + accepted
        self.accepted += accepted
        self.order.tell(self.accepted)

    def _take(self, letters: int) -> None:
        if self.left is not None:
            self.left -= letters

    async def _rest(self, wait: Wait) -> bool:
        """Sleep as long as that; False when it is not worth waiting for here."""
        order, before = self.order, self.order.now()
        started = order.tick()
        if wait.reason:
            self._troubled_at = started if self._troubled_at is None else self._troubled_at
            if started + wait.seconds > self._troubled_at + order.patience:
                self.fault = self.fault or ProviderError(
                    wait.reason, help="every letter stays pending; run the same command again later"
                )
                return False
        elif wait.for_due and wait.seconds > order.patience:
            return False
        until = started + max(wait.seconds, SHORTEST)
        while (left := until - order.tick()) > 0:
            if self.halted:
                return True
            await asyncio.sleep(min(GLANCE, left))
        # A clock that was fixed by hand never comes to the moment waited for.
        return not wait.for_due or order.now() > before


def begin(connection: Connection, order: Order) -> str:
    """Opens the run for sending, or says why it must not be: somebody may have paused its campaign just now."""
    found = runs.get(connection, order.run)
    paused = pauses.of_campaign(connection, found.campaign) if found is not None else None
    if paused is not None:
        runs.pause(connection, order.run, paused.reason or PAUSED)
        return paused.reason or PAUSED
    runs.change(connection, order.run, runs.READY, runs.SENDING, order.now())
    return ""


async def deliver(order: Order) -> Sending:
    """Send what is due; the run is closed when nothing is left.

    Afterwards `fault` or `stopped` says why sending ended early, if it did. When one lane breaks, the others
    still write down what their calls answered. Raises what broke it.
    """
    sending = Sending(order)
    with order.database.write() as connection:
        sending.stopped = begin(connection, order)
    with seldom_collecting():
        ended = await asyncio.gather(*(sending.lane() for _ in range(order.lanes)), return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise error
    with order.database.write() as connection:
        if closing.finish(connection, order.run, order.now()):
            if order.limit_of_run is not None:
                pace_store.forget(connection, order.bucket_of_run)
        elif sending.faults and not sending.halted:
            # What is left may only go through a way out that cannot be used.
            sending.fault = next(iter(sending.faults.values()))
    return sending
