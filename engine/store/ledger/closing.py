"""Ends that no call brings: a run done, cancelled or too late; a provider tells more; a person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from engine.model.words import PENDING_STATES, Reason, State
from engine.store import bulk, codes, runs
from engine.store.ledger.holding import hold
from engine.store.ledger.transitions import HEARD, may_become, sources, spelled
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


def finish(connection: Connection, run: int, now: datetime) -> bool:
    """Closes a run in which nothing is pending any more; False if something is, or it is not being sent."""
    pending = f"SELECT 1 FROM deliveries WHERE run = :run AND state IN ({spelled(PENDING_STATES)}) LIMIT 1"
    if connection.execute(text(pending), {"run": run}).first() is not None:
        return False
    codes.release(connection, run)
    return runs.change(connection, run, runs.SENDING, runs.DONE, now)


def cancel(connection: Connection, run: int, now: datetime) -> int:
    """Ends a run and every delivery that has certainly not left; how many deliveries.

    What is claimed at this moment ends too: its process finds that out before it calls.
    """
    found = runs.get(connection, run, hold=True)
    if found is None or runs.CANCELLED not in runs.CHANGES[found.state]:
        return 0
    runs.change(connection, run, found.state, runs.CANCELLED, now)
    return _end(connection, run, State.CANCELLED, Reason.CANCELLED, now)


def end_cancelled(connection: Connection, run: int, now: datetime) -> int:
    """Ends what came back into the queue of a run that was cancelled meanwhile; how many deliveries."""
    found = runs.get(connection, run, hold=True)
    if found is None or found.state != runs.CANCELLED:
        return 0
    return _end(connection, run, State.CANCELLED, Reason.CANCELLED, now)


def expire(connection: Connection, run: int, now: datetime) -> int:
    """Ends the deliveries of a run that are still queued when they would come too late; how many."""
    return _end(connection, run, State.EXPIRED, Reason.EXPIRED, now)


def too_late(
    connection: Connection, run: int, after: datetime, before: datetime, detail: str, now: datetime
) -> int:
    """Skips letters whose own moment lay between these two and that nobody has taken up; how many."""
    statement = f"""
        UPDATE deliveries SET state = '{State.SKIPPED}', reason = '{Reason.TOO_LATE}', detail = :detail,
            due_at = NULL, settled_at = :now
        WHERE run = :run AND state = '{State.PLANNED}' AND due_at > :after AND due_at < :before
    """
    moments = {"after": after, "before": before, "now": now}
    given = {"run": run, "detail": detail, **{name: to_microseconds(at) for name, at in moments.items()}}
    ended = connection.execute(text(statement), given).rowcount
    if ended:
        codes.release(connection, run)
    return ended


def miss(connection: Connection, run: int, reason: str, now: datetime) -> bool:
    """Ends a run that was planned and never begun, because its moment passed; False if somebody began it."""
    before = (runs.READY, runs.AWAITING)
    if not any(runs.change(connection, run, state, runs.MISSED, now, reason=reason) for state in before):
        return False
    statement = f"""
        UPDATE deliveries SET state = '{State.SKIPPED}', reason = '{Reason.TOO_LATE}', due_at = NULL, settled_at = :now
        WHERE run = :run AND state = '{State.PLANNED}'
    """
    connection.execute(text(statement), {"run": run, "now": to_microseconds(now)})
    codes.release(connection, run)
    return True


def hear(connection: Connection, delivery: int, state: State, now: datetime) -> bool:
    """Moves one delivery on by what the provider tells; whether that was news. See `hear_all`."""
    return hear_all(connection, [delivery], state, now) == 1


def hear_all(connection: Connection, deliveries: Sequence[int], state: State, now: datetime) -> int:
    """Moves deliveries on by what the provider tells; for how many that was news.

    `state`: delivered, bounced or complained; or accepted, for news that proves no more than that the letter
    was taken. News only moves forward, whatever order it comes in, and it takes a delivery out of the queue: a
    letter that was heard of was sent.
    """
    if state not in HEARD | {State.ACCEPTED}:
        raise ValueError(f"a provider cannot tell that a delivery is {state}")
    statement = f"""
        UPDATE deliveries SET state = '{state}', due_at = NULL, settled_at = coalesce(settled_at, :now)
        WHERE state IN ({spelled(sources(state))}) AND id IN :ids
    """
    hold(connection, deliveries)
    return bulk.run_among(connection, statement, sorted(deliveries), {"now": to_microseconds(now)})


def name(connection: Connection, provider_ids: Mapping[int, str]) -> None:
    """Writes the provider's own ids of letters whose call brought no answer, once news brings them."""
    statement = "UPDATE deliveries SET provider_id = :name WHERE id = :id AND provider_id IS NULL"
    for delivery, known in sorted(provider_ids.items()):
        connection.execute(text(statement), {"id": delivery, "name": known})


def resolve(
    connection: Connection, deliveries: Sequence[int], state: State, detail: str, now: datetime
) -> int:
    """Settles uncertain deliveries by evidence or a person's word; how many.

    `state`: accepted, failed or retry_wait (to be sent again at once). `detail`: the evidence.
    """
    if not may_become(State.UNCERTAIN, state):
        raise ValueError(f"an uncertain delivery cannot become {state}")
    given = {
        "detail": detail or None,
        "now": to_microseconds(now),
        "due_at": to_microseconds(now) if state == State.RETRY_WAIT else None,
    }
    statement = f"""
        UPDATE deliveries SET state = '{state}', detail = :detail, settled_at = :now, due_at = :due_at,
            lease = NULL, lease_until = NULL
        WHERE state = '{State.UNCERTAIN}' AND id IN :ids
    """
    changed = bulk.run_among(connection, statement, deliveries, given)
    if state == State.FAILED:
        codes.release_deliveries(connection, deliveries)
    return changed


def _end(connection: Connection, run: int, state: State, reason: Reason, now: datetime) -> int:
    statement = f"""
        UPDATE deliveries SET state = '{state}', reason = '{reason}', due_at = NULL, lease = NULL,
            lease_until = NULL, settled_at = :now
        WHERE run = :run AND state IN ({spelled(sources(state))})
    """
    ended = connection.execute(text(statement), {"run": run, "now": to_microseconds(now)}).rowcount
    codes.release(connection, run)
    return ended
