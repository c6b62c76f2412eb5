"""Deliveries to look at: a run's people with their decisions, and one person's row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.model.words import State
from engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the ledger with its customer's key; `address` is the one it was planned for."""

    id: int
    run: int
    customer: int
    customer_id: str
    address: str
    state: State
    reason: str
    detail: str
    variant: int | None
    profile: str
    attempt: int
    provider: str
    provider_id: str
    submitted_at: datetime | None
    settled_at: datetime | None
    due_at: datetime | None


def of_run(connection: Connection, run: int) -> Iterator[Delivery]:
    """Everybody in a run, in the order of planning, streamed."""
    query = _QUERY.where(tables.deliveries.c.run == run).order_by(tables.deliveries.c.id)
    for row in connection.execution_options(yield_per=2000).execute(query):
        yield _delivery(tuple(row))


def customers_of(run: int) -> Select[tuple[int]]:
    """Everybody in a run."""
    return select(tables.deliveries.c.customer).where(tables.deliveries.c.run == run)


def of_customer(connection: Connection, run: int, customer: int) -> Delivery | None:
    """One customer's delivery in a run."""
    table = tables.deliveries
    row = connection.execute(_QUERY.where(table.c.customer == customer, table.c.run == run)).first()
    return None if row is None else _delivery(tuple(row))


def get(connection: Connection, delivery: int) -> Delivery | None:
    """The delivery of that number."""
    row = connection.execute(_QUERY.where(tables.deliveries.c.id == delivery)).first()
    return None if row is None else _delivery(tuple(row))


def first_planned(connection: Connection, run: int) -> Delivery | None:
    """Somebody who is about to get the run's letter."""
    table = tables.deliveries
    query = _QUERY.where(table.c.run == run, table.c.state == State.PLANNED, table.c.variant.is_not(None))
    row = connection.execute(query.order_by(table.c.id).limit(1)).first()
    return None if row is None else _delivery(tuple(row))


def _delivery(row: tuple[object, ...]) -> Delivery:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = State(str(values["state"]))
    for name in ("reason", "detail", "profile", "provider", "provider_id", "address", "customer_id"):
        values[name] = values[name] or ""
    return Delivery(**values)  # type: ignore[arg-type]


_NAMES = tuple(Delivery.__dataclass_fields__)
_QUERY = select(
    *((tables.customers if name == "customer_id" else tables.deliveries).c[name] for name in _NAMES)
).outerjoin_from(tables.deliveries, tables.customers, tables.customers.c.id == tables.deliveries.c.customer)
