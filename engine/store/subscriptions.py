"""Who wants which topic: people join and leave, an import only ever fills in what nobody has decided yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.store import bulk, suppressions, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

JOINED, LEFT, IMPORTED = "joined", "left", "imported"
PAUSED, RESUMED = "paused", "resumed"


def subscribe_imported(
    connection: Connection, pairs: Iterable[tuple[int, str]], source: str, now: datetime
) -> int:
    """Subscribes customers to topics on whose word an import relies; how many subscriptions are new.

    Never raises consent: whoever has a word of their own about the topic keeps it, and an address that left
    the topic, or everything, under another customer's key is not signed up again.
    """
    wanted = sorted(set(pairs))
    decided = _decided(connection, [customer for customer, _ in wanted])
    new = [pair for pair in wanted if pair not in decided]
    if not new:
        return 0
    left = suppressions.of_customers(connection, [customer for customer, _ in new], now)
    new = [
        (customer, topic)
        for customer, topic in new
        if not left.get(customer, frozenset()) & {"all", "marketing", f"topic:{topic}"}
    ]
    _log(connection, new, IMPORTED, source, now)
    columns = tuple(
        tables.subscriptions.c[name] for name in ("customer", "topic", "subscribed", "changed_at", "source")
    )
    moment = to_microseconds(now)
    rows = [(customer, topic, True, moment, source) for customer, topic in new]
    return bulk.insert_rows(connection, columns, rows)


def join(connection: Connection, customer: int, topic: str, source: str, now: datetime) -> None:
    """The customer's own wish to get the topic; takes back their own leaving and sunset, nobody's suppression."""
    _set(connection, customer, topic, True, source, now)
    address = _address(connection, customer)
    if address is not None:
        for scope in (f"topic:{topic}", "marketing"):
            suppressions.lift(connection, address, scope, reason=suppressions.UNSUBSCRIBED)
        suppressions.lift(connection, address, "marketing", reason=suppressions.SUNSET)


def leave(connection: Connection, customer: int, topic: str, source: str, now: datetime) -> None:
    """The customer's wish not to get the topic any more; remembered by address, too, and for ever."""
    _set(connection, customer, topic, False, source, now)
    address = _address(connection, customer)
    if address is not None:
        suppressions.add(connection, address, f"topic:{topic}", suppressions.UNSUBSCRIBED, source, now)


def leave_all(connection: Connection, customer: int, source: str, now: datetime) -> None:
    """The customer's wish to get no marketing at all any more."""
    for topic, subscribed in topics(connection, customer).items():
        if subscribed:
            leave(connection, customer, topic, source, now)
    address = _address(connection, customer)
    if address is not None:
        suppressions.add(connection, address, "marketing", suppressions.UNSUBSCRIBED, source, now)


def pause(connection: Connection, customer: int, until: datetime, source: str, now: datetime) -> None:
    """The customer's wish to get no marketing until then."""
    address = _address(connection, customer)
    if address is not None and suppressions.pause(connection, address, "marketing", source, now, until):
        _log(connection, [(customer, f"until {until:%Y-%m-%d}")], PAUSED, source, now)


def resume(connection: Connection, customer: int, source: str, now: datetime) -> None:
    """The customer's wish to hear from us again before their pause ends."""
    address = _address(connection, customer)
    if address is not None and suppressions.lift(
        connection, address, "marketing", reason=suppressions.PAUSED
    ):
        _log(connection, [(customer, "")], RESUMED, source, now)


def topics(connection: Connection, customer: int) -> dict[str, bool]:
    """Every topic the customer has a word about, and whether it is yes."""
    table = tables.subscriptions
    found = (
        select(table.c.topic, table.c.subscribed).where(table.c.customer == customer).order_by(table.c.topic)
    )
    return {topic: bool(subscribed) for topic, subscribed in connection.execute(found)}


def _set(
    connection: Connection, customer: int, topic: str, subscribed: bool, source: str, now: datetime
) -> None:
    table = tables.subscriptions
    values = {"subscribed": subscribed, "changed_at": now, "source": source}
    same = (table.c.customer == customer) & (table.c.topic == topic)
    if not connection.execute(table.update().where(same).values(values)).rowcount:
        connection.execute(table.insert().values(customer=customer, topic=topic, **values))
    _log(connection, [(customer, topic)], JOINED if subscribed else LEFT, source, now)


def _decided(connection: Connection, customers: list[int]) -> set[tuple[int, str]]:
    table = tables.subscriptions
    return set(bulk.select_among(connection, (table.c.customer, table.c.topic), table.c.customer, customers))


def _address(connection: Connection, customer: int) -> str | None:
    table = tables.customers
    return connection.execute(select(table.c.address_hash).where(table.c.id == customer)).scalar()


def _log(
    connection: Connection, pairs: Iterable[tuple[int, str]], action: str, source: str, now: datetime
) -> None:
    columns = tuple(tables.consent.c[name] for name in ("customer", "topic", "action", "source", "at"))
    moment = to_microseconds(now)
    rows = [(customer, topic, action, source, moment) for customer, topic in pairs]
    bulk.insert_rows(connection, columns, rows)
