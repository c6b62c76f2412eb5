"""Tiers: those that a person gave by hand, one person's own, and in which periods all were computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Table, delete, func, insert, select, update

from engine.store import bulk, tables
from engine.store.types import to_microseconds

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Pin:
    """A tier given by hand. `until`: the first moment at which it holds no more; None: it lasts."""

    tier: str
    because: str
    at: datetime
    until: datetime | None


def hold(connection: Connection) -> None:
    """Nobody else gives tiers before this transaction ends; SQLite has one writer anyway."""
    if not bulk.is_sqlite(connection):
        connection.exec_driver_sql("LOCK TABLE tier_pins IN SHARE ROW EXCLUSIVE MODE")


def pin_of(connection: Connection, customer: int) -> Pin | None:
    """The tier that somebody gave this customer by hand, also where its time is over."""
    table = tables.tier_pins
    query = select(table.c.tier, table.c.because, table.c.at, table.c.until).where(
        table.c.customer == customer
    )
    row = connection.execute(query).one_or_none()
    return Pin(*row) if row is not None else None


def pin(connection: Connection, customer: int, given: Pin) -> None:
    """Keeps this tier for the customer, whatever was kept before."""
    release(connection, customer)
    values = {"tier": given.tier, "because": given.because, "at": given.at, "until": given.until}
    connection.execute(insert(tables.tier_pins).values(customer=customer, **values))


def release(connection: Connection, customer: int) -> bool:
    """From now on the score decides again; whether a person's word stood there."""
    table = tables.tier_pins
    return connection.execute(delete(table).where(table.c.customer == customer)).rowcount == 1


def forget_expired(connection: Connection, now: datetime) -> None:
    """Those whose time is over go."""
    connection.execute(delete(tables.tier_pins).where(tables.tier_pins.c.until <= now))


def of_keys(connection: Connection, customers: Table, column: str, keys: Sequence[str]) -> dict[str, str]:
    """The tiers of the customers among these keys, "" for none."""
    key = customers.c.customer_id
    found = bulk.select_among(connection, (key, customers.c[column]), key, sorted(set(keys)))
    return {row[0]: row[1] or "" for row in found}


def change(
    connection: Connection, customers: Table, column: str, customer: int, tier: str, now: datetime
) -> str:
    """Gives one customer a tier; the one they had, "" for none."""
    this = customers.c.id == customer
    before = connection.execute(select(customers.c[column]).where(this).with_for_update()).scalar()
    connection.execute(update(customers).where(this).values({column: tier, "updated_at": now}))
    return before or ""


def begin_round(connection: Connection, period: str, now: datetime) -> bool:
    """Notes that tiers are computed in this period; False where they were, or somebody else does it just now."""
    table = tables.tier_rounds
    row = (period, to_microseconds(now), 0)
    return bulk.insert_rows(connection, (table.c.period, table.c.at, table.c.moved), [row]) == 1


def has_round(connection: Connection, period: str) -> bool:
    """Whether tiers were computed in this period."""
    table = tables.tier_rounds
    return connection.execute(select(table.c.period).where(table.c.period == period)).scalar() is not None


def end_round(connection: Connection, period: str, now: datetime, moved: int) -> None:
    """How many tiers changed in the last computing of the period."""
    table = tables.tier_rounds
    connection.execute(update(table).where(table.c.period == period).values(at=now, moved=moved))


def last_round(connection: Connection) -> datetime | None:
    """When all tiers were computed last."""
    found: datetime | None = connection.execute(select(func.max(tables.tier_rounds.c.at))).scalar()
    return found
