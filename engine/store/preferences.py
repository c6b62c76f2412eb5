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
    stand(connection, [customer])


def stand(connection: Connection, customers: Sequence[int]) -> int:
    """Lets these customers' own choices stand above what an import has just written; how many rows changed."""
    changed = 0
    for name in ("time_zone", "language"):
        statement = f"""
            UPDATE customers SET {name} =
                (SELECT p.{name} FROM preferences p WHERE p.customer = customers.id)
            WHERE id IN :ids AND id IN (SELECT customer FROM preferences WHERE {name} IS NOT NULL)
        """
        changed += bulk.run_among(connection, statement, list(customers), {})
    return changed
