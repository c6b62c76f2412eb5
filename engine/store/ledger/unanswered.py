"""Calls of which nobody knows what became: what is kept of them, and settling them by evidence or a person's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, func, select, type_coerce, update

from engine.errors import LeaseLost
from engine.model.words import ACCEPTED_STATES, Reason, State
from engine.store import bulk, codes, runs, tables, workers
from engine.store import letters as kept_letters
from engine.store.ledger import closing
from engine.store.letters import Kept
from engine.store.types import to_microseconds
from engine.store.workers import Worker

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection

RECENT_RUNS = 20
"""Where a run has no letter that is known to have arrived, one is looked for in so many runs before it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One letter of an unanswered call. `slots` and `key`: as they were sent, None once they were erased."""

    delivery: int
    customer: int
    state: State
    slots: bytes | None
    key: str
    lease: str
    submitted_at: datetime
    settled_at: datetime
    detail: str

    @property
    def boot(self) -> str:
        """The process that sent it."""
        return self.lease[: workers.BOOT_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A call with letters in doubt. `run`, `provider`, `variant`: of all its letters.

    `messages`: how many it carried. `ended_at`: when its process wrote down how it ended, if it did. `letters`: all
    that still belong to this call, in the order in which they were sent. `split`: it was refused as a whole and
    then sent in parts.
    """

    call: int
    run: int
    provider: str
    variant: int
    messages: int
    started_at: datetime
    ended_at: datetime | None
    letters: Sequence[Doubt]
    split: bool = False

    @property
    def doubts(self) -> list[Doubt]:
        """The letters nobody knows about."""
        return [letter for letter in self.letters if letter.state is State.UNCERTAIN]

    @property
    def is_whole(self) -> bool:
        """Whether it can be made again as it was.

        Every letter it carried is here, and each in doubt or known to have arrived: none went on. It was one call:
        parts have keys of their own at the provider, and the whole would be new to it.
        """
        known = ACCEPTED_STATES | {State.UNCERTAIN}
        if self.split or len(self.letters) != self.messages:
            return False
        return all(letter.state in known for letter in self.letters)


@dataclass(frozen=True, slots=True)
class Control:
    """A letter known to have arrived: whoever does not find it finds nothing."""

    delivery: int
    slots: bytes
    submitted_at: datetime


def calls_of(connection: Connection, run: int) -> list[Unanswered]:
    """The run's unanswered calls, the oldest first."""
    letters, calls = tables.deliveries, tables.calls
    doubtful = select(letters.c.call).where(letters.c.run == run, letters.c.state == State.UNCERTAIN)
    query = (
        select(letters, calls.c.messages, calls.c.started_at, calls.c.ended_at, calls.c.split)
        .join(calls, calls.c.id == letters.c.call)
        .where(letters.c.run == run, letters.c.call.in_(doubtful))
        .order_by(letters.c.call, letters.c.id)
    )
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.call, []).append(row)
    return [_call(rows, kept_letters.of_call(connection, call)) for call, rows in found.items()]


def ended_by_death(connection: Connection, path: Path | None, call: Unanswered) -> bool:
    """Whether the process that made the call is certainly gone. `path`: `database.path`."""
    boots = {letter.boot for letter in call.doubts}
    return "" not in boots and len(workers.dead_among(connection, path, sorted(boots))) == len(boots)


def controls(
    connection: Connection, run: int, provider: str, around: datetime, before: datetime, most: int
) -> list[Control]:
    """Letters the provider is known to have, the nearest to a moment first.

    Args:
        run: letters of this run, or without any of those before it.
        before: only such as left before that, so that they can be found by now.
    """
    found = _controls(connection, tables.deliveries.c.run == run, provider, around, before, most)
    if found:
        return found
    earlier = tables.deliveries.c.run.between(run - RECENT_RUNS, run + RECENT_RUNS)
    return _controls(connection, earlier, provider, around, before, most)


def take(connection: Connection, call: Unanswered, worker: Worker, now: datetime) -> Unanswered:
    """The call as this process's own, to make it once more. Raises LeaseLost when anything about it changed meanwhile.

    Until it ended again nobody else concludes anything about it, unless this process dies.
    """
    lease = worker.next_lease()
    given = {**_identity(call), "mine": lease, "now": to_microseconds(now)}
    if _run(connection, _TAKE, given) != len(call.doubts):
        raise LeaseLost(f"letters of call {call.call} are in doubt no more", help="look again")
    _run(connection, "UPDATE calls SET ended_at = NULL WHERE id = :call", given)
    letters = [
        replace(letter, lease=lease, settled_at=now) if letter.state is State.UNCERTAIN else letter
        for letter in call.letters
    ]
    return replace(call, letters=letters, ended_at=None)


def settle(
    connection: Connection,
    call: Unanswered,
    accepted: Sequence[tuple[int, str]],
    refused: Sequence[tuple[int, str]],
    unsent: Sequence[int],
    evidence: str,
    now: datetime,
) -> int:
    """Settles letters of the call by what was found out; how many. What changed since it was read is left alone.

    Args:
        accepted: each delivery the provider has, with the provider's own id.
        refused: each delivery the provider turned down for good, with its words.
        unsent: deliveries that certainly never arrived: they are sent again, through the same provider.
        evidence: kept with each of them.
    """
    given = {**_identity(call), "detail": evidence, "now": to_microseconds(now)}
    changed = 0
    for delivery, provider_id in accepted:
        changed += _run(connection, _ACCEPT, {**given, "id": delivery, "provider_id": provider_id or None})
    failed = [
        delivery
        for delivery, words in refused
        if _run(connection, _FAIL, {**given, "id": delivery, "detail": f"{evidence}: {words}"})
    ]
    codes.release_deliveries(connection, failed)
    waiting = sum(_run(connection, _SEND_AGAIN, {**given, "id": delivery}) for delivery in unsent)
    if waiting:
        reopen(connection, call.run, now)
    return changed + len(failed) + waiting


def end(connection: Connection, call: Unanswered, outcome: str, now: datetime) -> None:
    """Notes that the call ended once more, and how."""
    table = tables.calls
    this = update(table).where(table.c.id == call.call)
    connection.execute(this.values(ended_at=now, outcome=outcome))


def reopen(connection: Connection, run: int, now: datetime) -> None:
    """A run with letters to send again is not done; in a cancelled one nothing is sent again."""
    runs.change(connection, run, runs.DONE, runs.SENDING, now)
    closing.end_cancelled(connection, run, now)


def _call(rows: Sequence[Any], kept: Mapping[int, Kept]) -> Unanswered:
    first, erased = rows[0], Kept(b"", "")
    letters = [
        Doubt(
            delivery=row.id,
            customer=row.customer,
            state=State(row.state),
            slots=kept.get(row.id, erased).slots or None,
            key=kept.get(row.id, erased).key,
            lease=row.lease or "",
            submitted_at=row.submitted_at,
            settled_at=row.settled_at or row.submitted_at,
            detail=row.detail or "",
        )
        for row in rows
    ]
    return Unanswered(
        first.call,
        first.run,
        first.provider,
        first.variant,
        first.messages,
        first.started_at,
        first.ended_at,
        letters,
        bool(first.split),
    )


def _controls(
    connection: Connection,
    among: ColumnElement[bool],
    provider: str,
    around: datetime,
    before: datetime,
    most: int,
) -> list[Control]:
    table = tables.deliveries
    distance = func.abs(type_coerce(table.c.submitted_at, BigInteger) - to_microseconds(around))
    query = (
        select(table.c.id, table.c.call, table.c.submitted_at)
        .where(
            among,
            table.c.provider == provider,
            table.c.state.in_(sorted(ACCEPTED_STATES)),
            table.c.provider_id.is_not(None),
            table.c.submitted_at < before,
        )
        .order_by(distance, table.c.id)
        .limit(most)
    )
    rows = connection.execute(query).all()
    held = kept_letters.of_calls(connection, (row.call for row in rows))
    found = ((row, held.get(row.call, {}).get(row.id)) for row in rows)
    return [Control(row.id, kept.slots, row.submitted_at) for row, kept in found if kept is not None]


def _run(connection: Connection, statement: str, given: Mapping[str, object]) -> int:
    written = statement if bulk.is_sqlite(connection) else bulk.named(statement)
    return int(bulk.run(connection, written, given).rowcount)


def _identity(call: Unanswered) -> dict[str, object]:
    """What must still hold of a letter in doubt: the call it belongs to, and whose it is."""
    return {"run": call.run, "call": call.call, "lease": call.doubts[0].lease if call.doubts else ""}


_IN_DOUBT = f"""
run = :run AND call = :call AND state = '{State.UNCERTAIN}' AND coalesce(lease, '') = :lease
"""
_TAKE = f"UPDATE deliveries SET lease = :mine, settled_at = :now WHERE {_IN_DOUBT}"
_SETTLED = "settled_at = :now, lease = NULL, lease_until = NULL"
_ACCEPT = f"""
UPDATE deliveries SET state = '{State.ACCEPTED}', provider_id = coalesce(:provider_id, provider_id),
    detail = :detail, {_SETTLED}
WHERE id = :id AND {_IN_DOUBT}
"""
_FAIL = f"""
UPDATE deliveries SET state = '{State.FAILED}', reason = '{Reason.REFUSED_BY_PROVIDER}', detail = :detail,
    {_SETTLED}
WHERE id = :id AND {_IN_DOUBT}
"""
_SEND_AGAIN = f"""
UPDATE deliveries SET state = '{State.RETRY_WAIT}', detail = :detail, due_at = :now, {_SETTLED}
WHERE id = :id AND {_IN_DOUBT}
"""
