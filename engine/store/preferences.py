"""What a reader chose for themselves: time zone, language, and whether opens and clicks may be noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.store import bulk, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


STANDING = ("time_zone", "language")
"""What stands in the customer's own record too, above what anybody else says of them."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """A reader's own words; "" where they said nothing."""

    tracked: bool = True
    time_zone: str = ""
    language: str = ""


def of_customer(connection: Connection, customer: int) -> Preferences:
    """What this customer chose."""
    table = tables.preferences
    columns = (table.c.tracked, table.c.time_zone, table.c.language)
    row = connection.execute(select(*columns).where(table.c.customer == customer)).first()
    return Preferences() if row is None else Preferences(bool(row[0]), row[1] or "", row[2] or "")


def of_keys(connection: Connection, keys: Sequence[str]) -> dict[str, Preferences]:
    """What the customers of these keys chose, where they chose anything."""
    people, table = tables.customers, tables.preferences
    found = bulk.select_among(connection, (people.c.id, people.c.customer_id), people.c.customer_id, keys)
    named = dict(found)
    columns = (table.c.customer, table.c.tracked, table.c.time_zone, table.c.language)
    rows = bulk.select_among(connection, columns, table.c.customer, list(named))
    return {named[row[0]]: Preferences(bool(row[1]), row[2] or "", row[3] or "") for row in rows}


def choose(connection: Connection, customer: int, chosen: Preferences, now: datetime) -> None:
    """Writes down what a customer chose, and lets it stand in their record at once."""
    table = tables.preferences
    values = {
        "tracked": chosen.tracked,
        "time_zone": chosen.time_zone or None,
        "language": chosen.language or None,
        "changed_at": now,
    }
    if not connection.execute(table.update().where(table.c.customer == customer).values(values)).rowcount:
        connection.execute(table.insert().values(customer=customer, **values))
    people = tables.customers
    own = {name: values[name] for name in STANDING if values[name]}
    if own:
        connection.execute(people.update().where(people.c.id == customer).values(own))
