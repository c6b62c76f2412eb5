"""Addresses that must not be written to, remembered by their hash so that it outlives the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, delete, or_, select

from engine.store import bulk, tables
from engine.store.types import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNSUBSCRIBED = "unsubscribed"
"""The reason a person's own leaving is stored under; only their own joining takes it back."""

SUNSET = "sunset"
"""The reason under which marketing ends for whoever was silent too long; any sign of life of theirs takes it back."""

PAUSED = "paused"
"""The reason a pause is stored under that a reader asked for; it has an end."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address must not be written to. `scope` is all, marketing or topic:<name>.

    `until`: when a pause ends; None lasts.
    """

    scope: str
    reason: str
    source: str
    at: datetime
    detail: str = ""
    until: datetime | None = None


def add(
    connection: Connection,
    address: str,
    scope: str,
    reason: str,
    source: str,
    now: datetime,
    detail: str = "",
    *,
    until: datetime | None = None,
) -> bool:
    """Suppresses an address (its hash). Whether it was new.

    `scope`: all, marketing or topic:<name>. `until`: the end of a pause. The first reason stays, but a pause
    gives way to what lasts longer.
    """
    if scope not in {"all", "marketing"} and not scope.startswith("topic:"):
        raise ValueError(f"{scope!r} is no scope; use all, marketing or topic:<name>")
    given = {
        "address": address,
        "scope": scope,
        "reason": reason,
        "source": source,
        "at": to_microseconds(now),
        "detail": detail or None,
        "until": None if until is None else to_microseconds(until),
    }
    statement = _ADD_SQLITE if bulk.is_sqlite(connection) else _ADD
    return int(bulk.run(connection, statement, given).rowcount) == 1


def pause(
    connection: Connection, address: str, scope: str, source: str, now: datetime, until: datetime
) -> bool:
    """Suppresses an address until then, instead of an earlier pause; whether something that lasts was not there."""
    lift(connection, address, scope, reason=PAUSED)
    return add(connection, address, scope, PAUSED, source, now, until=until)


def lift(connection: Connection, address: str, scope: str, *, reason: str | None = None) -> bool:
    """Takes a suppression back: for a person's own word, never for an import. Whether there was one.

    `reason`: lift it only if it was made for this reason.
    """
    table = tables.suppressions
    this = delete(table).where(table.c.address_hash == address, table.c.scope == scope)
    if reason is not None:
        this = this.where(table.c.reason == reason)
    return connection.execute(this).rowcount > 0


def in_force(moment: datetime) -> ColumnElement[bool]:
    """Whether a suppression holds at a moment: it lasts, or its pause has not ended."""
    until = tables.suppressions.c.until
    return or_(until.is_(None), until > moment)


def of_address(connection: Connection, address: str, *, moment: datetime | None = None) -> list[Suppression]:
    """Every suppression of an address (its hash), oldest first; with a `moment` only those in force then."""
    table = tables.suppressions
    columns = (table.c.scope, table.c.reason, table.c.source, table.c.at, table.c.detail, table.c.until)
    found = select(*columns).where(table.c.address_hash == address).order_by(table.c.at, table.c.scope)
    if moment is not None:
        found = found.where(in_force(moment))
    return [Suppression(*row[:4], row[4] or "", row[5]) for row in connection.execute(found)]


def of_addresses(connection: Connection, addresses: Sequence[str]) -> dict[str, list[Suppression]]:
    """Every suppression of each of these addresses (their hashes); addresses without any are missing."""
    table = tables.suppressions
    names = ("address_hash", "scope", "reason", "source", "at", "detail", "until")
    found: dict[str, list[Suppression]] = {}
    columns = tuple(table.c[name] for name in names)
    for row in bulk.select_among(connection, columns, table.c.address_hash, addresses):
        address, scope, reason, source, at, detail, until = row
        end = None if until is None else from_microseconds(until)
        kept = Suppression(scope, reason, source, from_microseconds(at), detail or "", end)
        found.setdefault(address, []).append(kept)
    return found


def of_customers(
    connection: Connection, customers: Sequence[int], moment: datetime
) -> dict[int, frozenset[str]]:
    """The scopes that are closed for each of these customers at a moment; customers without any are missing."""
    people = bulk.select_among(
        connection, (tables.customers.c.id, tables.customers.c.address_hash), tables.customers.c.id, customers
    )
    table = tables.suppressions
    hashes = [address for _, address in people if address]
    closed: dict[str, set[str]] = {}
    columns, when = (table.c.address_hash, table.c.scope, table.c.until), to_microseconds(moment)
    for address, scope, until in bulk.select_among(connection, columns, table.c.address_hash, hashes):
        if until is None or until > when:
            closed.setdefault(address, set()).add(scope)
    return {customer: frozenset(closed[address]) for customer, address in people if address in closed}


_ADD_SQLITE = """
INSERT INTO suppressions (address_hash, scope, reason, source, at, detail, until)
VALUES (:address, :scope, :reason, :source, :at, :detail, :until)
ON CONFLICT (address_hash, scope) DO UPDATE SET reason = excluded.reason, source = excluded.source,
    at = excluded.at, detail = excluded.detail, until = excluded.until
WHERE suppressions.until IS NOT NULL AND (excluded.until IS NULL OR excluded.until > suppressions.until)
"""
_ADD = bulk.named(_ADD_SQLITE)
