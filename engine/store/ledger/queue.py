"""Claiming a batch of one variant under a lease, and giving it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from engine.model.words import State
from engine.store import bulk, codes
from engine.store.crash import crash
from engine.store.ledger.transitions import sources, spelled
from engine.store.types import from_microseconds, to_microseconds
from engine.store.workers import Worker

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE = timedelta(minutes=5)
"""How long a claim of a living process stands without an intent: far longer than filling a batch takes."""


class Claimed(NamedTuple):
    """One claimed delivery. `call`: of an earlier attempt, where its letter of that time still stands."""

    delivery: int
    customer: int
    attempt: int
    call: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch that is this process's alone, until it is settled, released or the lease runs out."""

    run: int
    variant: int
    lease: str
    rows: list[Claimed]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Binding:
    """Which of the queued deliveries a way out may take, where there is another one.

    A delivery whose fate with a provider was once unknown is bound to it for ever. `provider`: the way that
    steps in. `stepping_in`: for this way itself; otherwise for the first one, which takes all the others'.
    """

    provider: str
    stepping_in: bool

    @property
    def condition(self) -> str:
        """In SQL, with the parameter `bound`."""
        if self.stepping_in:
            return "AND coalesce(bound_to, :bound) = :bound"
        return "AND coalesce(bound_to, '') <> :bound"


def due_variants(
    connection: Connection, run: int, now: datetime, first: int = 0, binding: Binding | None = None
) -> Iterator[int]:
    """Variants with deliveries that are due, `first` and those after it, then those before it.

    Each is one look into the queue's index, however long the queue is.
    """
    written = _FROM.replace(_BOUND, binding.condition if binding is not None else "")
    statement = written if bulk.is_sqlite(connection) else bulk.named(written)
    bound = binding.provider if binding is not None else None
    start, end = first, _NO_VARIANT
    while True:
        given = {"run": run, "now": to_microseconds(now), "start": start, "end": end, "bound": bound}
        found = bulk.run(connection, statement, given).fetchone()
        if found is not None:
            yield found[0]
            start = found[0] + 1
        elif end == _NO_VARIANT and first:
            start, end = 0, first
        else:
            return


def next_due(connection: Connection, run: int, binding: Binding | None = None) -> datetime | None:
    """When the earliest queued delivery of the run is due; None when its queue is empty."""
    condition = binding.condition if binding is not None else ""
    statement = (
        "SELECT min(due_at) FROM deliveries "
        f"WHERE run = :run AND variant IS NOT NULL AND due_at IS NOT NULL {condition}"
    )
    given = {"run": run, **({"bound": binding.provider} if binding is not None else {})}
    earliest = connection.execute(text(statement), given).scalar()
    return None if earliest is None else from_microseconds(earliest)


def claim(
    connection: Connection,
    run: int,
    variant: int,
    size: int,
    worker: Worker,
    now: datetime,
    *,
    lasting: timedelta = LEASE,
    binding: Binding | None = None,
) -> Claim:
    """Takes up to `size` due deliveries of one variant for this process.

    None are taken unless the run is being sent. Processes that claim at once get different ones.
    """
    lease = worker.next_lease()
    given = {
        "run": run,
        "variant": variant,
        "size": size,
        "now": to_microseconds(now),
        "lease": lease,
        "until": to_microseconds(now + lasting),
        "bound": binding.provider if binding is not None else None,
    }
    statement = _claiming(bulk.is_sqlite(connection), binding)
    rows = bulk.run(connection, statement, given).fetchall()
    if bulk.is_sqlite(connection):
        # Nobody else writes meanwhile. Reading first and then writing takes two thirds of what RETURNING does.
        taken = bulk.run_among(connection, _TAKE, [row[0] for row in rows], given)
        assert taken == len(rows)
    crash("claim")
    return Claim(run, variant, lease, list(map(Claimed._make, rows)))


def release(connection: Connection, claim: Claim, now: datetime) -> int:
    """Puts what is still claimed back into the queue; how many. For a batch that will not be sent now."""
    given = {"lease": claim.lease, "now": to_microseconds(now)}
    return bulk.run_among(connection, _RELEASE, [row.delivery for row in claim.rows], given)


def bring_forward(connection: Connection, run: int, now: datetime) -> int:
    """Makes letters due that nobody has taken up and whose moment is still to come; how many."""
    statement = f"""
        UPDATE deliveries SET due_at = :now WHERE run = :run AND state = '{State.PLANNED}' AND due_at > :now
    """
    return connection.execute(text(statement), {"run": run, "now": to_microseconds(now)}).rowcount


def skip(connection: Connection, claim: Claim, stopped: Iterable[tuple[int, str, str]]) -> int:
    """Ends claimed deliveries without a letter and frees their codes; how many.

    `stopped`: delivery, reason and detail of each.
    """
    ended = 0
    by_reason: dict[tuple[str, str], list[int]] = {}
    for delivery, reason, detail in stopped:
        by_reason.setdefault((reason, detail), []).append(delivery)
    for (reason, detail), deliveries in by_reason.items():
        given = {"lease": claim.lease, "reason": reason, "detail": detail or None}
        ended += bulk.run_among(connection, _SKIP, deliveries, given)
        codes.release_deliveries(connection, deliveries)
    return ended


_NO_VARIANT = 2**63 - 1
_BOUND = "-- bound"
"""Where the condition of a Binding is put in."""

_FROM = f"""
SELECT variant FROM deliveries WHERE run = :run AND variant >= :start AND variant < :end AND due_at <= :now
{_BOUND}
ORDER BY variant LIMIT 1
"""
_HELD = f"lease = :lease AND state = '{State.CLAIMED}' AND id IN :ids"
_RELEASE = f"""
UPDATE deliveries SET state = '{State.PLANNED}', due_at = :now, lease = NULL, lease_until = NULL WHERE {_HELD}
"""
_SKIP = f"""
UPDATE deliveries SET state = '{State.SKIPPED}', reason = :reason, detail = :detail, lease = NULL,
    lease_until = NULL
WHERE {_HELD}
"""

_ALLOWED = f"state IN ({spelled(sources(State.CLAIMED))})"
_DUE = f"""
    SELECT {{columns}} FROM deliveries
    WHERE run = :run AND variant = :variant AND due_at <= :now AND {_ALLOWED} {_BOUND}
    AND EXISTS (SELECT 1 FROM runs WHERE id = :run AND state = 'sending')
    ORDER BY due_at LIMIT :size
"""
_SET = f"state = '{State.CLAIMED}', due_at = NULL, lease = :lease, lease_until = :until"
_DUE_SQLITE = _DUE.format(columns="id, customer, attempt, call")
_TAKE = f"UPDATE deliveries SET {_SET} WHERE id IN :ids"
_CLAIM_POSTGRESQL = f"""
WITH due AS ({_DUE.format(columns="id")} FOR UPDATE SKIP LOCKED)
UPDATE deliveries AS d SET {_SET} FROM due WHERE d.id = due.id AND d.{_ALLOWED}
RETURNING d.id, d.customer, d.attempt, d.call
"""


@lru_cache(maxsize=8)
def _claiming(sqlite: bool, binding: Binding | None) -> str:
    condition = binding.condition if binding is not None else ""
    if sqlite:
        return _DUE_SQLITE.replace(_BOUND, condition)
    return bulk.named(_CLAIM_POSTGRESQL.replace(_BOUND, condition))
