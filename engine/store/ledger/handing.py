"""Letters that become tasks: each delivery ends, and its task is made, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine.model.task import MadeBy
from engine.model.words import Reason, State
from engine.store import bulk, tables, task_making
from engine.store.crash import crash
from engine.store.ledger.queue import Claim
from engine.store.task_making import Draft
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hold_people(connection: Connection, customers: Sequence[int]) -> None:
    """Nobody erases these customers before this transaction ends."""
    people = tables.customers
    these = select(people.c.id).where(people.c.id.in_(list(customers))).order_by(people.c.id)
    connection.execute(these.with_for_update()).all()


def hand_to_owners(connection: Connection, claim: Claim, drafts: Mapping[int, Draft], now: datetime) -> int:
    """Ends claimed deliveries with the reason `owner_task` and gives their owners the tasks; how many.

    `drafts`: by delivery. What is not this process's any more stays as it is, and its task is not made. Its moment
    is written down as a letter's would be, because a campaign's own cadence counts from it; a code it shows is kept.
    """
    given: dict[str, Any] = {"lease": claim.lease, "now": to_microseconds(now)}
    if bulk.is_sqlite(connection):
        written = _HAND.replace("id IN :ids", "id IN (SELECT value FROM json_each(:ids))")
        cursor = bulk.run(connection, written, {**given, "ids": str(list(drafts))})
    else:
        written = bulk.named(_HAND.replace("id IN :ids", "id = ANY(:ids)"))
        cursor = bulk.run(connection, written, {**given, "ids": list(drafts)})
    ours = sorted(row[0] for row in cursor.fetchall())
    crash("hand_over")
    task_making.make_drafted(connection, [drafts[number] for number in ours], MadeBy.CAMPAIGN, now)
    return len(ours)


def mark_for_owners(connection: Connection, run: int, reasons: Sequence[Reason]) -> int:
    """Of a run that is being planned: what was left out for these reasons is for the owners instead; how many.

    Its tasks are made when the run is opened (see engine.audience.by_owner.make_instead); the detail keeps the rule.
    """
    table = tables.deliveries
    this = table.update().where(
        table.c.run == run,
        table.c.state == State.SKIPPED,
        table.c.reason.in_([str(each) for each in reasons]),
    )
    return int(connection.execute(this.values(reason=str(Reason.OWNER_TASK))).rowcount)


_HAND = f"""
UPDATE deliveries SET state = '{State.SKIPPED}', reason = '{Reason.OWNER_TASK}', detail = NULL,
    submitted_at = :now, settled_at = :now, lease = NULL, lease_until = NULL
WHERE lease = :lease AND state = '{State.CLAIMED}' AND id IN :ids RETURNING id
"""
