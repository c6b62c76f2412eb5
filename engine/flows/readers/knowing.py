"""From the delivery that a link names to the reader: their page, with nothing on it that a stranger could use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.model.reader import Topic
from engine.store import deliveries, preferences, runs, subscriptions, suppressions
from engine.store.deliveries import Delivery
from engine.store.preferences import Preferences

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose letter it was. `customer`: None when nothing is held about them any more."""

    delivery: Delivery
    campaign: str
    customer: int | None
    address: str


def reader(connection: Connection, delivery: int) -> Reader | None:
    """The reader of a delivery; None where there is no such delivery."""
    row = deliveries.get(connection, delivery)
    if row is None:
        return None
    run = runs.get(connection, row.run)
    known = row.customer if row.customer_id else None
    return Reader(row, run.campaign if run is not None else "", known, row.address)


def topics_of(connection: Connection, customer: int, offered: Mapping[str, str]) -> tuple[Topic, ...]:
    """Every topic the company offers, and whether this customer gets it."""
    said = subscriptions.topics(connection, customer)
    return tuple(Topic(name, title, said.get(name, False)) for name, title in offered.items())


def paused_until(connection: Connection, address_hash: str, now: datetime) -> datetime | None:
    """When a reader's pause ends; None where there is none."""
    for stop in suppressions.of_address(connection, address_hash):
        if stop.reason == suppressions.PAUSED and stop.until is not None and stop.until > now:
            return stop.until
    return None


def chosen(connection: Connection, customer: int) -> Preferences:
    """What the customer chose before."""
    return preferences.of_customer(connection, customer)


def masked(address: str) -> str:
    """`a…@mail.example`: enough for its owner, not for somebody to whom the letter was forwarded."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}" if domain else ""
