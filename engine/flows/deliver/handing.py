"""A run whose letters are tasks: claimed, looked at once more and handed to the customers' own people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from engine.flows.deliver.brakes import too_late
from engine.flows.deliver.order import Order
from engine.flows.deliver.sending import begin
from engine.store import runs
from engine.store.crash import crash
from engine.store.ledger import call, closing, queue
from engine.store.ledger.gate import hold_back
from engine.store.ledger.handing import hand_to_owners, hold_people
from engine.store.ledger.queue import Claim, Claimed
from engine.store.task_making import Draft

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 200
"""Tasks made in one transaction."""


@dataclass(slots=True)
class Drafted:
    """A claimed batch as drafts. `stopped`: deliveries whose draft cannot be made, with reason and detail."""

    drafts: list[tuple[Claimed, Draft]] = field(default_factory=list)
    stopped: list[tuple[int, str, str]] = field(default_factory=list)


class Drafts(Protocol):
    """Makes the drafts of a run."""

    def fill(self, claim: Claim, now: datetime) -> Drafted:
        """The claimed deliveries as drafts that belong to nobody yet."""

    def whose(
        self, connection: Connection, drafts: Sequence[tuple[Claimed, Draft]], now: datetime
    ) -> Mapping[int, Draft]:
        """Each delivery's draft with its owner, in the caller's transaction."""


def hand_over(order: Order, drafts: Drafts) -> int:
    """Hands over what is due; how many tasks. The run is closed when nothing is left."""
    with order.database.write() as connection:
        stopped = begin(connection, order)
    handed = 0
    while not stopped and not order.stopping() and (order.limit is None or handed < order.limit):
        size = AT_ONCE if order.limit is None else min(AT_ONCE, order.limit - handed)
        claim = _claim(order, size)
        if claim is None:
            break
        crash("after_claim")
        handed += _hand(order, drafts, claim)
        order.tell(handed)
    with order.database.write() as connection:
        closing.finish(connection, order.run, order.now())
    return handed


def _claim(order: Order, size: int) -> Claim | None:
    now = order.now()
    with order.database.write() as connection:
        if too_late(order.brakes, now):
            closing.expire(connection, order.run, now)
        for variant in queue.due_variants(connection, order.run, now):
            claim = queue.claim(connection, order.run, variant, size, order.worker, now)
            if claim.rows:
                return claim
    return None


def _hand(order: Order, drafts: Drafts, claim: Claim) -> int:
    """One batch: consent and the rules of contact are looked at in the transaction that makes the tasks."""
    drafted = drafts.fill(claim, order.now())
    now = order.now()
    with order.database.write() as connection:
        found = runs.get(connection, claim.run)
        if found is None or found.state != runs.SENDING:
            queue.release(connection, claim, now)
            return 0
        queue.skip(connection, claim, drafted.stopped)
        left = _still_wanted(connection, order, claim, drafted.drafts, now)
        handed = hand_to_owners(connection, claim, drafts.whose(connection, left, now), now)
    crash("after_hand_over")
    return handed


def _still_wanted(
    connection: Connection,
    order: Order,
    claim: Claim,
    drafts: Sequence[tuple[Claimed, Draft]],
    now: datetime,
) -> list[tuple[Claimed, Draft]]:
    people = [item.customer for item, _ in drafts]
    hold_people(connection, people)
    closed = call.look(connection, people, order.consent, now) if people else {}
    ended = [(item.delivery, closed[item.customer], "") for item, _ in drafts if item.customer in closed]
    queue.skip(connection, claim, ended)
    left = [draft for draft in drafts if draft[0].customer not in closed]
    if order.gate is None or not left:
        return left
    held: Callable[[int], bool] = hold_back(
        connection, claim, order.gate, [item for item, _ in left], now
    ).__contains__
    return [draft for draft in left if not held(draft[0].delivery)]
