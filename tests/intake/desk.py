"""Imports as the tests start them: from text, with the project of a small company."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine.definitions.schema.customers import Customers
from engine.flows.intake.customers import import_customers
from engine.flows.intake.events import import_events
from engine.flows.intake.kinds import stored_kinds
from engine.model.report import ImportReport
from engine.store import customers as store
from engine.store import tables
from engine.store.database import Database
from engine.store.fields import ensure

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
ACME = Customers.model_validate(
    {
        "key": "customer_id",
        "fields": {
            "first_name": "text",
            "interests": "list",
            "tier": {"one_of": ["gold", "silver"]},
            "lifetime_value": "number",
            "signed_up_at": "date",
            "vip": "yes_or_no",
        },
        "csv": {"Given name": "first_name"},
    }
)


Source = str | bytes | Path | io.RawIOBase


def source_of(text: Source) -> Any:
    """What an import reads: a file or a stream as it is, a text as a stream."""
    if isinstance(text, Path | io.RawIOBase):
        return text
    return io.BytesIO(text if isinstance(text, bytes) else text.encode())


def bring(database: Database, text: Source, customers: Customers = ACME, **options: Any) -> ImportReport:
    """Imports customers from a text."""
    return import_customers(database, customers, source_of(text), **{"now": NOW, "zone": LONDON, **options})


def bring_events(
    database: Database, name: str, text: Source, customers: Customers = ACME, **options: Any
) -> ImportReport:
    """Imports events from a text."""
    return import_events(
        database, customers, name, source_of(text), **{"now": NOW, "zone": LONDON, **options}
    )


def numbers(report: ImportReport) -> tuple[int, int, int, int, int]:
    """read, added, updated, unchanged, rejected; they always add up."""
    assert report.read == report.added + report.updated + report.unchanged + report.rejected
    return (report.read, report.added, report.updated, report.unchanged, report.rejected)


def everybody(database: Database, customers: Customers = ACME) -> Mapping[str, store.Customer]:
    """All stored customers by their key."""
    declared = ensure(database, stored_kinds(customers.fields), NOW)
    with database.read() as connection:
        ids = list(connection.execute(select(tables.customers.c.id)).scalars())
        return {found.customer_id: found for found in store.by_ids(connection, declared, ids).values()}


def events_of(database: Database) -> list[Any]:
    """All stored events as (customer's row, name, at, JSON text), oldest first."""
    event = tables.events.c
    with database.read() as connection:
        rows = connection.execute(select(event.customer, event.name, event.at, event.fields))
        return sorted((tuple(row) for row in rows), key=lambda row: (row[2], row[3]))
