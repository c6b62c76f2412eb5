"""Digests on their way to owners: an intent before each call, a receipt after it, one for each owner and period."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update

from engine.store import bulk, tables, workers
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

SUBMITTING, ACCEPTED, WAITING = "submitting", "accepted", "waiting"
UNCERTAIN, FAILED, SKIPPED = "uncertain", "failed", "skipped"
"""Where a digest is. Only a waiting one is tried again by itself; what is uncertain may have arrived."""

BY_HAND = (WAITING, UNCERTAIN, FAILED, SKIPPED)
"""From these a person may have it sent once more."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A digest whose intent is written down. `attempt`: 1 for the first call."""

    id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands of a digest. `due_at`: when a waiting one is tried again."""

    state: str
    attempt: int
    due_at: datetime | None
    detail: str


def find(connection: Connection, owner: str, period: str) -> Kept | None:
    """The digest of that owner and period."""
    table = tables.digests
    query = select(table.c.state, table.c.attempt, table.c.due_at, table.c.detail)
    row = connection.execute(query.where(table.c.owner == owner, table.c.period == period)).first()
    return None if row is None else Kept(row.state, row.attempt, row.due_at, row.detail or "")


def intend(
    connection: Connection,
    owner: str,
    period: str,
    address: str,
    until: datetime,
    provider: str,
    boot: str,
    now: datetime,
    *,
    by_hand: bool = False,
) -> Sending | None:
    """Writes that the digest is about to leave; None where somebody else has it, or has sent it. Commit, then call.

    `by_hand`: a person wants it once more, although it waits, failed, or may have arrived.
    """
    if _insert(connection, owner, period, SUBMITTING, address, 1, until, now, boot, provider):
        return _of(connection, owner, period, boot)
    table = tables.digests
    may = table.c.state.in_(BY_HAND) if by_hand else _is_due(now)
    this = update(table).where(table.c.owner == owner, table.c.period == period, may)
    values = {
        "state": SUBMITTING,
        "attempt": table.c.attempt + 1,
        "boot": boot,
        "address": address,
        "until_at": until,
        "submitted_at": now,
        "settled_at": None,
        "due_at": None,
        "provider": provider,
        "detail": None,
    }
    if connection.execute(this.values(values)).rowcount != 1:
        return None
    return _of(connection, owner, period, boot)


def skip(
    connection: Connection, owner: str, period: str, address: str, until: datetime, why: str, now: datetime
) -> bool:
    """Writes that there is no digest for the period, and why; False where something stands of it."""
    return _insert(connection, owner, period, SKIPPED, address, 0, until, now, detail=why)


def settle(
    connection: Connection,
    digest: int,
    boot: str,
    state: str,
    now: datetime,
    *,
    detail: str = "",
    provider_id: str = "",
    due_at: datetime | None = None,
) -> bool:
    """Writes what became of the call; False where it is not this process's any more."""
    table = tables.digests
    this = update(table).where(
        table.c.id == digest, table.c.boot == boot, table.c.state.in_((SUBMITTING, UNCERTAIN))
    )
    values: dict[str, Any] = {
        "state": state,
        "settled_at": now,
        "detail": detail or None,
        "provider_id": provider_id or None,
        "due_at": due_at,
    }
    return connection.execute(this.values(values)).rowcount == 1


def recover(connection: Connection, path: Path | None, now: datetime) -> int:
    """What dead processes were about to hand over may have arrived; how many digests."""
    table = tables.digests
    boots = set(connection.execute(select(table.c.boot).where(table.c.state == SUBMITTING)).scalars())
    dead = workers.dead_among(connection, path, sorted(boot for boot in boots if boot))
    if not dead:
        return 0
    this = update(table).where(table.c.state == SUBMITTING, table.c.boot.in_(dead))
    detail = "the process that sent it died before the answer was written down"
    return connection.execute(this.values(state=UNCERTAIN, settled_at=now, detail=detail)).rowcount


def told_until(connection: Connection, owners: Collection[str]) -> dict[str, datetime]:
    """Up to when each of these owners was told by a digest that left, or may have."""
    table = tables.digests
    query = select(table.c.owner, func.max(table.c.until_at, type_=table.c.until_at.type)).where(
        table.c.owner.in_(sorted(owners)), table.c.state.in_((ACCEPTED, UNCERTAIN, SUBMITTING))
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.c.owner))}


def troubled(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Owners whose last digest failed, or may not have arrived: owner, period, state and why."""
    table = tables.digests
    last = select(func.max(table.c.id)).group_by(table.c.owner)
    query = (
        select(table.c.owner, table.c.period, table.c.state, table.c.detail)
        .where(table.c.id.in_(last), table.c.state.in_((UNCERTAIN, FAILED)))
        .order_by(table.c.owner)
    )
    return [(row.owner, row.period, row.state, row.detail or "") for row in connection.execute(query)]


def _is_due(now: datetime) -> Any:
    table = tables.digests
    return (table.c.state == WAITING) & or_(table.c.due_at.is_(None), table.c.due_at <= now)


def _insert(
    connection: Connection,
    owner: str,
    period: str,
    state: str,
    address: str,
    attempt: int,
    until: datetime,
    now: datetime,
    boot: str = "",
    provider: str = "",
    detail: str = "",
) -> bool:
    table, moment = tables.digests, to_microseconds(now)
    row = {
        "owner": owner,
        "period": period,
        "state": state,
        "address": address,
        "attempt": attempt,
        "boot": boot or None,
        "until_at": to_microseconds(until),
        "submitted_at": moment if attempt else None,
        "settled_at": None if attempt else moment,
        "provider": provider or None,
        "detail": detail or None,
    }
    return bulk.insert_rows(connection, tuple(table.c[name] for name in row), [tuple(row.values())]) == 1


def _of(connection: Connection, owner: str, period: str, boot: str) -> Sending:
    table = tables.digests
    query = select(table.c.id, table.c.attempt).where(
        table.c.owner == owner, table.c.period == period, table.c.boot == boot
    )
    row = connection.execute(query).one()
    return Sending(row.id, row.attempt)
