"""What a lane does next: which variant it claims, how much of it, and through which way out; or how long it waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.flows.deliver.circuit import in_words
from engine.flows.deliver.order import Order
from engine.flows.deliver.pace import Permit
from engine.flows.deliver.pacing import Bucket, Pacer
from engine.flows.deliver.ways import Way
from engine.store import runs
from engine.store.ledger import queue
from engine.store.ledger.queue import Claim

if TYPE_CHECKING:
    from sqlalchemy import Connection

HELD_WAIT = 0.2
"""Seconds before another look at letters that are due, but in other hands."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch to send. `began`: when it was claimed, by the machine's own clock."""

    way: Way
    claim: Claim
    permit: Permit
    buckets: tuple[Bucket, ...]
    began: datetime


@dataclass(frozen=True, slots=True)
class Unready:
    """The variant that comes next must be compiled first: outside this transaction, which holds every other sender up."""

    way: Way
    variant: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be claimed for so many seconds. `reason`: the trouble of a way out, in words.

    `for_due`: nothing is due before. Neither: the pace asks for it, or another process holds what is due.
    """

    seconds: float
    reason: str = ""
    for_due: bool = False


def next_turn(
    connection: Connection,
    order: Order,
    pacer: Pacer,
    ways: Sequence[Way],
    variant: int,
    left: int | None,
    now: datetime,
) -> Turn | Unready | Wait | str | None:
    """Claims the next batch in the caller's transaction.

    Args:
        ways: those that may be used, the first one first; the second is for when the first is closed.
        variant: where to begin, so that one variant is finished before the next.
        left: at most so many letters, or None.

    None when the queue is empty. A text says why the run is not being sent any more.
    """
    refused: list[Permit] = []
    for way in ways:
        buckets = order.buckets(way)
        for number in queue.due_variants(connection, order.run, now, variant, way.binding):
            if not way.letters.is_ready(number):
                return Unready(way, number)
            size = way.letters.size(number)
            permit = pacer.permit(connection, buckets, size if left is None else min(size, left))
            if not permit.letters:
                refused.append(permit)
                break
            claim = queue.claim(
                connection, order.run, number, permit.letters, order.worker, now, binding=way.binding
            )
            pacer.give_back(connection, buckets, permit, permit.letters - len(claim))
            if claim.rows:
                return Turn(way, claim, permit, buckets, order.wall())
        if refused and not refused[-1].closed:
            break
    if refused:
        return _soonest(refused, ways[0], pacer, order.wall())
    return _nothing_claimed(connection, order, ways, now)


def _soonest(refused: Sequence[Permit], way: Way, pacer: Pacer, now: datetime) -> Wait:
    """When a way out may be used again; the first one's trouble is the one to tell."""
    first = min(refused, key=lambda permit: permit.wait)
    if not first.reason:
        return Wait(first.wait)
    pace = pacer.seen.get(way.name)
    return Wait(first.wait, (in_words(way.name, pace, now) if pace is not None else "") or first.reason)


def _nothing_claimed(
    connection: Connection, order: Order, ways: Sequence[Way], now: datetime
) -> Wait | str | None:
    waiting = (queue.next_due(connection, order.run, way.binding) for way in ways)
    due = min((moment for moment in waiting if moment is not None), default=None)
    if due is not None and due > now:
        return Wait((due - now).total_seconds(), for_due=True)
    found = runs.get(connection, order.run)
    if found is not None and found.state in (runs.PAUSED, runs.CANCELLED):
        return found.reason or f"the run was {found.state}"
    return None if due is None else Wait(HELD_WAIT)
