"""Addresses that must not be written to, remembered by their hash so that it outlives the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from engine.store import bulk, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNSUBSCRIBED = "unsubscribed"
"""The reason a person's own leaving is stored under; only their own joining takes it back."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address must not be written to. `scope` is all, marketing or topic:<name>."""

    scope: str
    reason: str
    source: str
    at: datetime
    detail: str = ""


def add(
    connection: Connection,
    address: str,
    scope: str,
    reason: str,
    source: str,
    now: datetime,
    detail: str = "",
) -> bool:
    """Suppresses an address (its hash); the first reason stays. Whether it was new.

    `scope`: all, marketing or topic:<name>.
    """
    if scope not in {"all", "marketing"} and not scope.startswith("topic:"):
        raise ValueError(f"{scope!r} is no scope; use all, marketing or topic:<name>")
    names = ("address_hash", "scope", "reason", "source", "at", "detail")
    row = (address, scope, reason, source, to_microseconds(now), detail or None)
    return bulk.insert_rows(connection, tuple(tables.suppressions.c[name] for name in names), [row]) == 1


def lift(connection: Connection, address: str, scope: str, *, reason: str | None = None) -> bool:
    """Takes a suppression back: for a person's own word, never for an import. Whether there was one.

    `reason`: lift it only if it was made for this reason.
    """
    table = tables.suppressions
    this = delete(table).where(table.c.address_hash == address, table.c.scope == scope)
    if reason is not None:
        this = this.where(table.c.reason == reason)
    return connection.execute(this).rowcount > 0


def of_address(connection: Connection, address: str) -> list[Suppression]:
    """Every suppression of an address (its hash), oldest first."""
    table = tables.suppressions
    columns = (table.c.scope, table.c.reason, table.c.source, table.c.at, table.c.detail)
    found = select(*columns).where(table.c.address_hash == address).order_by(table.c.at, table.c.scope)
    return [Suppression(*row[:4], row[4] or "") for row in connection.execute(found)]


def of_customers(connection: Connection, customers: Sequence[int]) -> dict[int, frozenset[str]]:
    """The scopes that are closed for each of these customers; customers without any are missing."""
    people = bulk.select_among(
        connection, (tables.customers.c.id, tables.customers.c.address_hash), tables.customers.c.id, customers
    )
    table = tables.suppressions
    hashes = [address for _, address in people if address]
    closed: dict[str, set[str]] = {}
    for address, scope in bulk.select_among(
        connection, (table.c.address_hash, table.c.scope), table.c.address_hash, hashes
    ):
        closed.setdefault(address, set()).add(scope)
    return {customer: frozenset(closed[address]) for customer, address in people if address in closed}
