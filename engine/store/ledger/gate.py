"""What else may stop a letter in the transaction of its intent: rules that look at what has left up to now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from engine.model.task import MadeBy
from engine.model.touch import TouchKind
from engine.model.words import Reason, State
from engine.store import bulk, task_making
from engine.store.ledger import queue
from engine.store.ledger.queue import Claim, Claimed
from engine.store.task_making import Draft
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a letter does not leave now. `until`: it waits for that moment; None ends it.

    `task`: it becomes a task with that title for `owner`, due at `due_at`.
    """

    reason: Reason
    detail: str = ""
    until: datetime | None = None
    task: str = ""
    owner: str = ""
    due_at: datetime | None = None


class Gate(Protocol):
    """Asked once for each batch. What it sees must stay true until the transaction ends."""

    def __call__(self, connection: Connection, customers: Sequence[int], now: datetime) -> Mapping[int, Stop]:
        """Those of the customers whose letter must not leave now."""


class Room(Protocol):
    """Asked last, once for each batch of letters that nothing else stops: what it lets through leaves."""

    def __call__(
        self, connection: Connection, variant: int, deliveries: Sequence[int], now: datetime
    ) -> Mapping[int, Stop]:
        """Those of the deliveries, all of one variant, that must not leave now."""


def hold_back(
    connection: Connection, claim: Claim, gate: Gate, items: Sequence[Claimed], now: datetime
) -> dict[int, Reason]:
    """Ends the claimed deliveries that the gate stops, or puts them back into the queue; which, and why."""
    stops = gate(connection, [item.customer for item in items], now)
    if not stops:
        return {}
    stopped = [(item, stops[item.customer]) for item in items if item.customer in stops]
    found = _stopped(connection, claim, {item.delivery: stop for item, stop in stopped})
    drafts = [_task(item, stop) for item, stop in stopped if stop.task]
    task_making.make_drafted(connection, drafts, MadeBy.POLICY, now)
    return found


def _task(item: Claimed, stop: Stop) -> Draft:
    return Draft(
        item.customer,
        item.delivery,
        TouchKind.CHECK_IN,
        stop.task,
        owner=stop.owner,
        due_at=stop.due_at,
        reason=stop.detail,
    )


def ration(
    connection: Connection, claim: Claim, room: Room, items: Sequence[Claimed], now: datetime
) -> dict[int, Reason]:
    """Puts those of the claimed deliveries back into the queue for which there is no room; which, and why."""
    found = room(connection, claim.variant, [item.delivery for item in items], now)
    return _stopped(connection, claim, found) if found else {}


def _stopped(connection: Connection, claim: Claim, found: Mapping[int, Stop]) -> dict[int, Reason]:
    ended = [(number, stop.reason, stop.detail) for number, stop in found.items() if stop.until is None]
    queue.skip(connection, claim, ended)
    _put_back(connection, claim, {number: stop for number, stop in found.items() if stop.until is not None})
    return {number: stop.reason for number, stop in found.items()}


def _put_back(connection: Connection, claim: Claim, waiting: Mapping[int, Stop]) -> None:
    alike: dict[Stop, list[int]] = {}
    for delivery, stop in waiting.items():
        alike.setdefault(stop, []).append(delivery)
    for stop, deliveries in alike.items():
        assert stop.until is not None
        given = {
            "lease": claim.lease,
            "reason": str(stop.reason),
            "detail": stop.detail or None,
            "until": to_microseconds(stop.until),
        }
        bulk.run_among(connection, _PUT_BACK, deliveries, given)


_PUT_BACK = f"""
UPDATE deliveries SET state = '{State.PLANNED}', due_at = :until, reason = :reason, detail = :detail,
    lease = NULL, lease_until = NULL
WHERE lease = :lease AND state = '{State.CLAIMED}' AND id IN :ids
"""
