"""Erasing a person: everything that says who they were goes; the ledger's rows stay, so that its numbers add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from engine.model.address import address_hash
from engine.store import bulk, letters, suppressions, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

FORGOTTEN = "forgotten"
"""The reason under which an erased person's address stays suppressed; nothing lifts it."""

SOURCE = "forget"


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased, and how many rows of the ledger nobody can be found behind any more."""

    customers: int = 0
    events: int = 0
    letters: int = 0
    codes: int = 0
    addresses: int = 0


def erase(connection: Connection, customers: Sequence[int], emails: Sequence[str], now: datetime) -> Erased:
    """Erases these customers, and keeps the hashes of all their addresses so that nobody writes to them again.

    Args:
        emails: addresses that are to be remembered besides the ones the customers have, or had in the ledger.

    Deliveries keep their run, state and times and lose everything else; letters not sent yet never leave. Codes
    stay given and belong to nobody. An address that another customer has as their own is not closed.
    """
    if bulk.is_sqlite(connection):
        # Without it SQLite would leave the words in the freed places of the file.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    ids = sorted(set(customers))
    addresses = _addresses(connection, ids, emails)
    _forget_calls(connection, ids, addresses)
    nameless_letters = _forget_letters(connection, ids)
    codes = tables.codes
    freed = update(codes).where(codes.c.customer.in_(ids)).values(customer=None, delivery=None)
    given = connection.execute(freed).rowcount
    connection.execute(update(codes).where(codes.c.used_by.in_(ids)).values(used_by=None))
    news = tables.heard
    nameless = {"customer": None, "address_hash": None, "provider_id": None, "detail": None}
    hashes = sorted({address_hash(each) for each in addresses})
    for those in (news.c.customer.in_(ids), news.c.address_hash.in_(hashes)):
        connection.execute(update(news).where(those).values(nameless))
    events = connection.execute(delete(tables.events).where(tables.events.c.customer.in_(ids))).rowcount
    for table in (
        tables.touches,
        tables.tasks,
        tables.tier_pins,
        tables.stages,
        tables.subscriptions,
        tables.consent,
        tables.preferences,
    ):
        connection.execute(delete(table).where(table.c.customer.in_(ids)))
    people = tables.customers
    gone = connection.execute(delete(people).where(people.c.id.in_(ids))).rowcount
    closed = [each for each in hashes if not _still_has(connection, each)]
    for address in closed:
        connection.execute(delete(tables.suppressions).where(tables.suppressions.c.address_hash == address))
        suppressions.add(connection, address, "all", FORGOTTEN, SOURCE, now)
    return Erased(gone, events, nameless_letters, given, len(closed))


def _addresses(connection: Connection, ids: Sequence[int], emails: Sequence[str]) -> list[str]:
    """Every address the customers have, or had when a letter was planned for them."""
    people, deliveries = tables.customers, tables.deliveries
    now = connection.execute(select(people.c.email).where(people.c.id.in_(ids))).scalars()
    then = connection.execute(
        select(deliveries.c.address).where(deliveries.c.customer.in_(ids)).distinct()
    ).scalars()
    return sorted({each for each in (*now, *then, *emails) if each and "@" in each})


def _forget_letters(connection: Connection, ids: Sequence[int]) -> int:
    table = tables.deliveries
    called = select(table.c.call, table.c.id).where(table.c.customer.in_(ids), table.c.call.is_not(None))
    by_call: dict[int, list[int]] = {}
    for call, delivery in connection.execute(called):
        by_call.setdefault(call, []).append(delivery)
    letters.erase(connection, by_call)
    nameless = dict.fromkeys(("address", "detail", "profile", "provider_id"))
    return connection.execute(update(table).where(table.c.customer.in_(ids)).values(nameless)).rowcount


def _forget_calls(connection: Connection, ids: Sequence[int], addresses: Sequence[str]) -> None:
    """What providers answered may name an address."""
    calls, table = tables.calls, tables.deliveries
    theirs = select(table.c.call).where(table.c.customer.in_(ids), table.c.call.is_not(None))
    for address in addresses:
        names = func.lower(calls.c.detail).contains(address.lower(), autoescape=True)
        connection.execute(update(calls).where(calls.c.id.in_(theirs), names).values(detail=None))


def _still_has(connection: Connection, address: str) -> bool:
    table = tables.customers
    return connection.execute(select(table.c.id).where(table.c.address_hash == address)).first() is not None
