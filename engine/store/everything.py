"""Everything held on one person, table by table, as plain data for a person to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, select

from engine.store import suppressions, tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

LISTS = {
    "subscriptions": (tables.subscriptions, ("topic", "subscribed", "changed_at", "source")),
    "consent": (tables.consent, ("at", "topic", "action", "source")),
    "events": (tables.events, ("at", "name", "fields", "source")),
    "news": (
        tables.heard,
        ("at", "news", "bounce", "machine", "effect", "provider", "provider_id", "detail"),
    ),
    "codes": (
        tables.codes,
        ("offer", "code", "state", "reserved_at", "expires_at", "used_at", "tier", "worth"),
    ),
    "stage of sunset": (tables.stages, ("stage", "since", "silent_since", "letters")),
    "touches": (tables.touches, ("at", "kind", "by", "text", "task", "recorded_at")),
    "tasks": (
        tables.tasks,
        (
            "id",
            "kind",
            "title",
            "text",
            "owner",
            "due_at",
            "snoozed_until",
            "state",
            "made_by",
            "reason",
            "created_at",
            "closed_at",
            "expires_at",
        ),
    ),
    "tiers by hand": (tables.tier_pins, ("at", "tier", "because", "until")),
    "preferences": (tables.preferences, ("tracked", "time_zone", "language", "changed_at")),
}
"""What is kept by customer: the tables, and of each what is about the person."""

LETTERS = (
    "id",
    "step",
    "state",
    "reason",
    "detail",
    "address",
    "provider",
    "provider_id",
    "attempt",
    "submitted_at",
    "settled_at",
)


def of_customer(connection: Connection, customer: int) -> dict[str, list[dict[str, Any]]]:
    """Each list's rows, oldest first, empty values left out."""
    found = {}
    for name, (table, columns) in LISTS.items():
        rows = connection.execute(
            select(*(table.c[column] for column in columns))
            .where(table.c.customer == customer)
            .order_by(*_order(table, columns))
        )
        found[name] = [_plain(row) for row in rows.mappings()]
    found["letters"] = letters(connection, customer)
    return found


def letters(connection: Connection, customer: int) -> list[dict[str, Any]]:
    """The person's rows of the ledger with their campaign and subject."""
    table, runs, variants = tables.deliveries, tables.runs, tables.variants
    columns = [
        runs.c.campaign,
        runs.c.occurrence,
        variants.c.subject,
        runs.c.created_at.label("planned_at"),
        *(table.c[name] for name in LETTERS),
    ]
    query = (
        select(*columns)
        .join_from(table, runs, runs.c.id == table.c.run)
        .outerjoin(variants, variants.c.id == table.c.variant)
        .where(table.c.customer == customer)
        .order_by(table.c.id)
    )
    return [_plain(row) for row in connection.execute(query).mappings()]


def of_address(connection: Connection, address: str) -> list[dict[str, Any]]:
    """The suppressions of an address (its hash): all that is kept of a person who was erased."""
    found = suppressions.of_address(connection, address)
    names = ("scope", "reason", "source", "at", "detail", "until")
    return [_plain({name: getattr(each, name) for name in names}) for each in found]


def _order(table: Table, columns: tuple[str, ...]) -> list[Any]:
    return [table.c[name] for name in ("at", "reserved_at", "changed_at", "id", "topic") if name in columns]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): _value(str(name), value) for name, value in row.items() if value not in (None, "", "{}")
    }


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "fields" and isinstance(value, str):
        return json.loads(value)
    return bool(value) if name in ("subscribed", "machine", "tracked") else value
